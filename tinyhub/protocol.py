"""要求の読み方: パス、版の名前、JSON の本文。"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from pydantic import BaseModel, Field, TypeAdapter
from starlette.requests import Request

from tinyhub.tree import MAIN, Kind, PathRefused
from tinyhub.up import USER
from tinyhub.wire import HubError

_MAX_BODY = 1 << 30
_HOST_HEADER = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_VERBS = frozenset(
    "revision tree paths-info refs commits auth-check discussions preupload commit"
    " branch tag settings resolve raw".split()
)
_KIND_BY_TYPE: dict[str | None, Kind] = {
    None: "models",
    "model": "models",
    "dataset": "datasets",
}


class RepoRequest(BaseModel):
    """repos/create と repos/delete の本文。"""

    name: str
    organization: str | None = None
    type: str | None = None
    private: bool | None = None
    visibility: str | None = None


class PreuploadFile(BaseModel):
    """これから送るファイル 1 つ。"""

    path: str
    size: int = 0


class PreuploadRequest(BaseModel):
    """preupload の本文。"""

    files: list[PreuploadFile]


class LfsObject(BaseModel):
    """LFS で送りたいもの。"""

    oid: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)


class LfsBatch(BaseModel):
    """LFS batch の本文。"""

    operation: str
    objects: list[LfsObject]


class BranchRequest(BaseModel):
    """branch の本文。"""

    starting_point: str = Field(MAIN, alias="startingPoint")


class TagRequest(BaseModel):
    """tag の本文。"""

    tag: str
    message: str | None = None


class Settings(BaseModel):
    """settings の本文。"""

    private: bool | None = None
    visibility: str | None = None
    gated: str | bool | None = None


class CardToCheck(BaseModel):
    """validate-yaml の本文。"""

    content: str


JSON_OBJECT = TypeAdapter(dict[str, Any])


def path_segments(request: Request) -> list[str]:
    """復号した、パスの部分の並び。"""
    raw: bytes = request.scope["raw_path"].split(b"?", 1)[0]
    if not raw.startswith(b"/"):
        raise PathRefused("パスは / で始めてください。")
    if raw == b"/":
        return []
    try:
        return [unquote_to_bytes(part).decode() for part in raw[1:].split(b"/")]
    except UnicodeDecodeError as error:
        raise PathRefused("パスが UTF-8 ではありません。") from error


def split_id(rest: Sequence[str]) -> tuple[str, list[str]]:
    """リポジトリの id と、それに続く操作。組織名のない古い id も読む。"""
    two_parts = len(rest) >= 2 and (
        rest[1] not in _VERBS or (len(rest) >= 3 and rest[2] in _VERBS)
    )
    length = 2 if two_parts else 1
    return "/".join(rest[:length]), list(rest[length:])


def split_revision(rest: Sequence[str]) -> tuple[str, str]:
    """版の名前と、その中のパス。`refs/convert/parquet` は符号化なしでも読む。"""
    if not rest:
        return MAIN, ""
    length = 3 if rest[0] == "refs" and len(rest) >= 3 else 1
    return "/".join(rest[:length]), "/".join(rest[length:])


def wanted_repo(wanted: RepoRequest) -> tuple[Kind, str]:
    """本文が指すリポジトリの種類と id。"""
    if wanted.type not in _KIND_BY_TYPE:
        raise HubError(400, f"{wanted.type} は練習用 Hub では扱いません。")
    return _KIND_BY_TYPE[wanted.type], f"{wanted.organization or USER}/{wanted.name}"


def base_url(request: Request) -> str:
    """応答に書く、このサーバーの URL。"""
    host = request.headers.get("host", "")
    if not _HOST_HEADER.fullmatch(host):
        raise HubError(400, "Host ヘッダーが正しくありません。")
    return f"http://{host}"


async def read_body(request: Request) -> bytes:
    """本文すべて。大きすぎれば 413。"""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _MAX_BODY:
            raise HubError(413, "送られた本文が大きすぎます。")
        chunks.append(chunk)
    return b"".join(chunks)


async def read_json(request: Request) -> dict[str, Any]:
    """JSON のオブジェクトとしての本文。空なら空。"""
    return JSON_OBJECT.validate_json(await read_body(request) or b"{}")
