"""外部へ接続できない場所でコマンドを動かす。

`python -m runner.guard -- COMMAND…`

Linux ではネットワーク名前空間に入る。そこには loopback しかないので、Python かどうかに
関わらず、子プロセスはすべて外へ出られず、名前も引けない。加えて Python のプロセスでは
guard_site/sitecustomize.py が、止めた接続先を日本語で知らせる。
カーネルが名前空間を許さない環境では、このフックと「閉じたポートを指すプロキシ変数」
だけになる。どちらで守られたかは LLM_BOOK_GUARD に残り、結果にも書かれる。
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

Level = Literal["namespace", "hook", "none"]

LEVEL_VARIABLE = "LLM_BOOK_GUARD"
LOG_VARIABLE = "LLM_BOOK_GUARD_LOG"
SITE = Path(__file__).resolve().parent / "guard_site"

DESCRIPTIONS: dict[str, str] = {
    "namespace": "ネットワーク名前空間 (全プロセス) と Python の監査フック",
    "hook": "Python の監査フックと無効なプロキシ (名前空間が使えない環境)",
    "none": "なし",
}

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1
_PROXY_NAMES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy")
_LOCAL_HOSTS = "127.0.0.1,localhost,::1"


def _unshare(flags: int) -> None:
    """unshare(2) を呼ぶ。os.unshare は Python 3.12 からなので使えない。"""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _bring_loopback_up() -> None:
    """新しい名前空間の lo は止まっているので、動かす。"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        answer = fcntl.ioctl(control, _SIOCGIFFLAGS, request)
        (flags,) = struct.unpack_from("h", answer, 16)
        request = struct.pack("16sh14x", b"lo", flags | _IFF_UP)
        fcntl.ioctl(control, _SIOCSIFFLAGS, request)


def _enter_namespace() -> None:
    """このプロセスを、loopback だけのネットワーク名前空間へ移す。"""
    user, group = os.geteuid(), os.getegid()
    try:
        # 管理者なら利用者の名前空間は要らない (ファイルの持ち主の見え方が変わらない)。
        _unshare(_CLONE_NEWNET)
    except PermissionError:
        _unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _bring_loopback_up()


def namespace_available() -> bool:
    """名前空間に入れるか、使い捨ての子プロセスで確かめる。

    入りかけて失敗すると元に戻れない (Ubuntu 24.04 の AppArmor など) ので、先に試す。
    """
    if not sys.platform.startswith("linux"):
        return False
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _enter_namespace()
            code = 0
        except OSError:
            code = 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def environment(level: Level, base: Mapping[str, str]) -> dict[str, str]:
    """守られた子プロセスに渡す環境変数を作る。"""
    variables = {
        name: value for name, value in base.items() if name.lower() not in _PROXY_NAMES
    }
    paths = [str(SITE), *filter(None, base.get("PYTHONPATH", "").split(os.pathsep))]
    variables["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    variables["no_proxy"] = variables["NO_PROXY"] = _LOCAL_HOSTS
    variables[LEVEL_VARIABLE] = level
    if level == "hook":
        for name in _PROXY_NAMES:
            # 9 番 (discard) では何も待っていないので、外への接続はすぐ断られる。
            variables[name] = variables[name.upper()] = "http://127.0.0.1:9"
    return variables


def current_level() -> Level:
    """いま動いているプロセスの守られ方。"""
    level = os.environ.get(LEVEL_VARIABLE, "none")
    if level not in ("namespace", "hook"):
        return "none"
    return "namespace" if level == "namespace" else "hook"


def run_guarded(command: list[str], force_hook: bool = False) -> None:
    """守りに入り、このプロセスを command で置き換える (戻らない)。"""
    level = current_level()
    if level == "none":
        level = "hook" if force_hook or not namespace_available() else "namespace"
        if level == "namespace":
            _enter_namespace()
    if level == "hook":
        print(
            "注意: ネットワーク名前空間が使えないため、外部接続は Python の監査フックと"
            "プロキシ変数だけで止めています。",
            file=sys.stderr,
        )
    os.execvpe(command[0], command, environment(level, os.environ))


def main(arguments: list[str]) -> None:
    """`[--hook-only] -- COMMAND…` を読んで実行する。"""
    if "--" not in arguments or arguments[-1] == "--":
        sys.exit("使い方: python -m runner.guard [--hook-only] -- COMMAND…")
    split = arguments.index("--")
    options, command = arguments[:split], arguments[split + 1 :]
    unknown = set(options) - {"--hook-only"}
    if unknown:
        sys.exit(f"知らない指定です: {' '.join(sorted(unknown))}")
    try:
        run_guarded(command, force_hook="--hook-only" in options)
    except FileNotFoundError:
        sys.exit(f"コマンドがありません: {command[0]}")


if __name__ == "__main__":
    main(sys.argv[1:])
