"""ローカル Hub を起動し、使い終わったら止める。"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tinyhub import child

# ノートブックの保存出力に URL が載るため、空いていれば毎回同じポートを使う。
PREFERRED_PORT = 18080
USER = "learner"
TOKEN = "hf_learner_local"

HubStartError = child.StartError


@dataclass(frozen=True)
class HubAddress:
    """動いているローカル Hub の場所。

    raw_url は `/raw/<host>/<path>` を読むための URL。datasets は HF_ENDPOINT で
    始まる URL をリポジトリと見なすので、url とは別のポートにしてある。
    """

    url: str
    raw_url: str


@contextmanager
def serve(
    root: Path,
    state: Path,
    overlay: Path | None = None,
    port: int = 0,
) -> Iterator[HubAddress]:
    """ローカル Hub を別プロセスで動かし、with を抜けるときに止める。

    port が 0 なら空きポートを使う。番号を渡すとそのポート (raw は次の番号) を
    優先し、使用中なら空きポートに変える (実際の番号は HubAddress で分かる)。
    """
    state.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tinyhub.server"]
    command += ["--root", str(root.resolve()), "--state", str(state.resolve())]
    if overlay is not None:
        command += ["--overlay", str(overlay.resolve())]
    command += ["--port", str(port)]
    name = "ローカル Hub "
    with child.started(command, state / "hub.log", name, urls=2) as urls:
        yield HubAddress(*urls)


def home_name(root: Path, overlay: Path | None = None) -> str:
    """配る中身が変われば変わる、HF_HOME のフォルダの名前。

    コミット id を固定した読み込みは手元の写しを確かめ直さないので、
    中身が変わったのに HF_HOME を使い回すと、古いデータを読んでしまう。
    """
    digest = hashlib.sha256(root.resolve().name.encode())
    for path in sorted(overlay.rglob("*")) if overlay is not None else ():
        stat = path.stat()
        digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return f"home-{digest.hexdigest()[:16]}"


def environment(address: HubAddress, home: Path) -> dict[str, str]:
    """ローカル Hub を使わせるために、子プロセスへ足す環境変数。

    home は練習用の置き場。利用者自身の ~/.cache/huggingface とは混ぜない。
    """
    home = home.resolve()
    loopback = "127.0.0.1,localhost"
    inherited = os.environ.get("NO_PROXY") or os.environ.get("no_proxy")
    no_proxy = f"{inherited},{loopback}" if inherited else loopback
    return {
        "HF_ENDPOINT": address.url,
        "HF_HOME": str(home),
        # 利用者が個別に設定していても、HF_HOME の外へ出さない。
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_DATASETS_CACHE": str(home / "datasets"),
        "HF_TOKEN": TOKEN,
        "HF_TOKEN_PATH": str(home / "token"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_OFFLINE": "0",
        "TRANSFORMERS_OFFLINE": "0",
        "HF_DATASETS_OFFLINE": "0",
        # 混んだ機械で、ローカルの応答待ちが時間切れにならないようにする。
        "HF_HUB_ETAG_TIMEOUT": "60",
        "HF_HUB_DOWNLOAD_TIMEOUT": "60",
        # .bin だけのモデルを外部サービスで変換しに行く処理を止める。
        "DISABLE_SAFETENSORS_CONVERSION": "1",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }
