"""応答の形: Hub のエラー、JSON、Range に応えるファイル。"""

from __future__ import annotations

import io
import json
import mimetypes
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from starlette.types import Receive, Scope, Send

_CHUNK = 1 << 20
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# 実行環境の mime.types に左右されないよう、よく使う型は自分で決める。
_TYPES = {
    ".json": "application/json",
    ".jsonl": "application/jsonl; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".tsv": "text/tab-separated-values; charset=utf-8",
}


@dataclass(eq=False)
class HubError(Exception):
    """Hub のクライアントが例外に読み替えるエラー応答。"""

    status: int
    message: str
    code: str | None = None
    commit: str | None = None
    header_message: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def reply(self) -> Reply:
        """X-Error-Code と日本語の説明を付けた応答。"""
        text = "".join(c if c.isprintable() else "?" for c in self.message)
        headers = {"X-Error-Message": self.header_message or text, **self.headers}
        if self.code is not None:
            headers["X-Error-Code"] = self.code
        if self.commit is not None:
            headers["X-Repo-Commit"] = self.commit
        return Reply.of_json({"error": text, **self.extra}, self.status, headers)


@dataclass
class Reply:
    """本文をすべて持っている応答 (ASGI)。"""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(
        cls, data: Any, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """JSON の応答。"""
        body = json.dumps(data, ensure_ascii=False, default=str).encode(
            "utf-8", "replace"
        )
        kind = {"Content-Type": "application/json; charset=utf-8"}
        return cls(body, status, {**kind, **(headers or {})})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI の応答を送る。HEAD では本文だけを省く。"""
        length = {"Content-Length": str(len(self.body))}
        body = b"" if scope["method"] == "HEAD" else self.body
        await _send_whole(send, self.status, {**self.headers, **length}, body)


@dataclass
class FileReply:
    """ファイルか生成した中身を、Range に応えて送る (ASGI)。"""

    source: Path | bytes
    name: str
    etag: str
    headers: Mapping[str, str] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI の応答を送る。"""
        request = {key.lower(): value for key, value in scope["headers"]}
        headers = {
            "Content-Type": _content_type(self.name),
            "ETag": f'"{self.etag}"',
            "Accept-Ranges": "bytes",
            **self.headers,
        }
        wanted = request.get(b"if-none-match", b"").decode("latin-1")
        if f'"{self.etag}"' in wanted:
            await _send_whole(send, 304, headers, b"")
            return
        # 送る途中で push による入れ替えがあっても、開いたファイルは読み続けられる。
        with self._opened() as file:
            size = file.seek(0, os.SEEK_END)
            asked = request.get(b"range", b"").decode("latin-1")
            span = _span(asked, size)
            if span is None:
                headers |= {"Content-Range": f"bytes */{size}", "Content-Length": "0"}
                await _send_whole(send, 416, headers, b"")
                return
            first, last = span
            headers["Content-Length"] = str(last - first)
            partial = _RANGE.fullmatch(asked) is not None
            if partial:
                headers["Content-Range"] = f"bytes {first}-{last - 1}/{size}"
            status = 206 if partial else 200
            if scope["method"] == "HEAD":
                await _send_whole(send, status, headers, b"")
                return
            await _start(send, status, headers)
            file.seek(first)
            left = last - first
            while left > 0 and (chunk := file.read(min(_CHUNK, left))):
                left -= len(chunk)
                body = {"type": "http.response.body", "body": chunk}
                await send({**body, "more_body": left > 0})
            if last == first:
                await send({"type": "http.response.body", "body": b""})

    def _opened(self) -> BinaryIO:
        if isinstance(self.source, bytes):
            return io.BytesIO(self.source)
        return self.source.open("rb")


def _content_type(name: str) -> str:
    suffix = os.path.splitext(name)[1].lower()
    guessed = _TYPES.get(suffix) or mimetypes.guess_type(name)[0]
    return guessed or "application/octet-stream"


async def _send_whole(
    send: Send, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    await _start(send, status, headers)
    await send({"type": "http.response.body", "body": body})


def _span(asked: str, size: int) -> tuple[int, int] | None:
    """Range ヘッダーが指す [first, last)。満たせないときは None。"""
    found = _RANGE.fullmatch(asked)
    # 複数範囲などは、仕様どおり無視して全体を返す。
    if found is None:
        return 0, size
    first, last = found.groups()
    if not first and not last:
        return None
    if len(first) > 18 or len(last) > 18:
        return None
    if not first:
        return (max(0, size - int(last)), size) if int(last) and size else None
    stop = min(int(last) + 1, size) if last else size
    return (int(first), stop) if int(first) < stop else None


async def _start(send: Send, status: int, headers: Mapping[str, str]) -> None:
    # 日本語の X-Error-Message を UTF-8 のまま送る (httpx は UTF-8 と見なす)。
    encoded = [
        (key.lower().encode("latin-1"), value.encode("utf-8", "replace"))
        for key, value in headers.items()
    ]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
