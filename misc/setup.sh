#!/usr/bin/env bash
# .venv を作り、requirements.txt の版を入れる。2 回目からは、変わっていなければ何もしない。
#
#   PYTHON=…            使う Python (既定: python3.11、なければ 3.11 以上の python3)
#   UV_TORCH_BACKEND=cpu  CUDA 版の代わりに CPU 版の torch を入れる (uv を使う場合)
set -euo pipefail
cd "$(dirname "$0")/.."

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3.11 python3 python3.13 python3.12 python}; do
    if command -v "$candidate" >/dev/null &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  echo "Python 3.11 以上が見つかりません。PYTHON=/path/to/python3.11 make setup のように指定してください。" >&2
  return 1
}

stamp=.venv/.requirements.sha256
# 照合には .venv 自身の Python を使う: 3.11 が後から入っても作り直さない。
wanted() { cat requirements.txt | .venv/bin/python -c '
import hashlib, sys
text = sys.stdin.buffer.read() + sys.version.encode()
print(hashlib.sha256(text).hexdigest())'; }

if [ -x .venv/bin/python ] && [ -f "$stamp" ] &&
  [ "$(cat "$stamp")" = "$(wanted)" ]; then
  exit 0
fi

if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  python=$(find_python)
  echo "$("$python" --version) で .venv を作ります。"
  # 動かない .venv だけを消す。動くものには足りないパッケージを加えるだけにする。
  if ! "$python" -m venv --clear .venv; then
    echo "venv を作れません。Debian や Ubuntu では apt-get install python3-venv が必要です。" >&2
    exit 1
  fi
elif ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  # uv が作った .venv には pip がない。
  .venv/bin/python -m ensurepip -q
fi

pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }

uv=$(command -v uv || true)
if [ -n "$uv" ] && ! "$uv" --version >/dev/null 2>&1; then uv=; fi
if [ -z "$uv" ]; then
  [ -x .venv/bin/uv ] || pip install -q uv || echo "uv を入れられないので pip を使います。"
  [ -x .venv/bin/uv ] && uv=.venv/bin/uv
fi

echo "requirements.txt のパッケージを入れます (数分かかります)。"
if [ -n "$uv" ]; then
  # uv は pip の設定を読まないので、手元の置き場があれば渡す。
  links=$(pip config get global.find-links 2>/dev/null || true)
  if [ -n "$links" ] && [ -z "${UV_FIND_LINKS:-}" ]; then
    export UV_FIND_LINKS="$links"
  fi
  export VIRTUAL_ENV="$PWD/.venv"
  # 先にバイトコードにしておくと、どのノートブックでも import が数秒短くなる。
  if [ -t 2 ]; then
    "$uv" pip install --compile-bytecode -r requirements.txt
  else
    # ログには、パッケージ 1 つずつの行を残さない。
    "$uv" pip install --compile-bytecode -r requirements.txt 2>&1 | sed '/^ [-+~] /d'
  fi
else
  pip install -r requirements.txt
fi
wanted > "$stamp"
