"""サーバーを、クライアントの正規化を通さずに直接呼ぶ。"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from tinyhub.hub import Hub
from tinyhub.up import TOKEN


@dataclass(frozen=True)
class Answer:
    """応答。ヘッダーの名前は小文字。"""

    status: int
    headers: dict[str, str]
    body: bytes


def call(
    hub: Hub,
    method: str,
    target: bytes | str,
    body: bytes = b"",
    token: str | None = TOKEN,
    **headers: str,
) -> Answer:
    """生のパス (問い合わせ文字列を含む) をそのまま渡して 1 回呼ぶ。"""
    raw = target.encode("utf-8") if isinstance(target, str) else target
    path, _, query = raw.partition(b"?")
    sent = {"host": "127.0.0.1:18080", **headers}
    if token is not None:
        sent["authorization"] = f"Bearer {token}"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "headers": [
            (key.replace("_", "-").encode(), value.encode("latin-1"))
            for key, value in sent.items()
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 18080),
    }
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    asyncio.run(hub(scope, receive, send))
    start = messages[0]
    names = {key.decode(): value.decode() for key, value in start["headers"]}
    content = b"".join(message.get("body", b"") for message in messages[1:])
    return Answer(start["status"], names, content)
