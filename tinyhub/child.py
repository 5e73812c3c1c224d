"""サーバーを別プロセスで動かし、使い終わったら止める。"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parent.parent
_STOP_SECONDS = 10


class StartError(RuntimeError):
    """サーバーが起動しなかった。"""


@contextmanager
def started(
    command: Sequence[str], log_path: Path, name: str, urls: int = 1
) -> Iterator[list[str]]:
    """サーバーを動かし、標準出力の 1 行目に書かれた urls 個の URL を渡す。"""
    with log_path.open("wb") as log:
        # 標準入力のパイプは命綱: こちらが異常終了して閉じると、サーバーも終わる。
        # 端末の Ctrl-C で先に止まらないよう、別のセッションに置く。
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_server_environment(os.environ),
            start_new_session=True,
        )
    assert process.stdin is not None and process.stdout is not None
    try:
        found = process.stdout.readline().decode().split()
        if len(found) != urls:
            process.wait(timeout=_STOP_SECONDS)
            tail = log_path.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise StartError(
                f"{name}を起動できませんでした (終了コード "
                f"{process.returncode})。\n{tail}"
            )
        yield found
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _server_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """どのフォルダから呼ばれても tinyhub を import できる環境。"""
    paths = [str(_REPOSITORY), inherited.get("PYTHONPATH", "")]
    return {**inherited, "PYTHONPATH": os.pathsep.join(p for p in paths if p)}
