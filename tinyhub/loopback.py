"""サーバーを 127.0.0.1 だけで動かす。

起動した側 (tinyhub.child) とは、標準出力の URL と標準入力のパイプだけでつながる。
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Sequence

import uvicorn
from starlette.types import ASGIApp

_HOST = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """優先するポートで、使用中なら空いているポートで待ち受ける。"""
    # 同時に始めた 2 つは、どちらも bind まで成功し、あとの listen が断られる。
    try:
        return _listener(port)
    except OSError:
        return _listener(0)


def _listener(port: int) -> socket.socket:
    # asyncio は TCP と明示した socket にだけ TCP_NODELAY を付ける。付かないと、
    # 応答のたびに相手の遅延 ACK を 40 ミリ秒待つことになる。
    listener = socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def run(app: ASGIApp, listeners: Sequence[socket.socket]) -> None:
    """待ち受けの URL を標準出力に 1 行で書き、標準入力が閉じるまで動く。"""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            lifespan="off",
            log_level="warning",
            access_log=False,
            # 学習の合間に接続が切られて、次の要求が失敗することのないように。
            timeout_keep_alive=3600,
            timeout_graceful_shutdown=2,
        )
    )
    watcher = threading.Thread(
        target=_stop_when_input_closes, args=(server,), daemon=True
    )
    watcher.start()
    urls = [f"http://{_HOST}:{listener.getsockname()[1]}" for listener in listeners]
    print(*urls, flush=True)
    server.run(sockets=list(listeners))


def _stop_when_input_closes(server: uvicorn.Server) -> None:
    """起動した側が (異常終了でも) いなくなったら、サーバーも終わる。"""
    sys.stdin.buffer.read()
    server.should_exit = True
