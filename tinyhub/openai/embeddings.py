"""文の埋め込みのシミュレータ: 文字の n-gram を散らした、長さ 1 のベクトル。

同じ文字の並びが多い文ほど近くなる。意味は読んでいない。
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyhub.openai import tokens
from tinyhub.openai.draws import digest
from tinyhub.openai.errors import invalid

DIMENSIONS = 256
_MAX_INPUTS = 2048
_MAX_TOKENS = 8192


def embed(text: str, size: int = DIMENSIONS) -> NDArray[np.float32]:
    """text の埋め込み (size,)。"""
    vector = np.zeros(size)
    framed = f"^{text}$"
    for width in (1, 2, 3):
        for start in range(len(framed) - width + 1):
            code = _code(framed[start : start + width])
            vector[code % size] += 1.0 if code >> 62 & 1 else -1.0
    length = float(np.linalg.norm(vector)) or 1.0
    return (vector / length).astype(np.float32)


@lru_cache(maxsize=1 << 16)
def _code(gram: str) -> int:
    return int(digest("gram", gram)[:16], 16)


def texts_of(given: Any) -> list[str]:
    """input を文の並びにする。トークンの番号の並びも受け取る。"""
    if isinstance(given, str):
        given = [given]
    if isinstance(given, list) and given and all(type(x) is int for x in given):
        given = [given]
    if not isinstance(given, list) or not 0 < len(given) <= _MAX_INPUTS:
        raise invalid("input", f"input は 1〜{_MAX_INPUTS} 個の文にしてください。")
    texts = []
    for item in given:
        if isinstance(item, list) and item and all(type(x) is int for x in item):
            texts.append(" ".join(map(str, item)))
        elif isinstance(item, str) and item:
            texts.append(item)
        else:
            raise invalid("input", "input に、空の文か、文でないものがあります。")
    return texts


def reply(body: Mapping[str, Any], model: str) -> dict[str, Any]:
    """embeddings の応答。"""
    texts = texts_of(body.get("input"))
    size = body.get("dimensions") or DIMENSIONS
    if type(size) is not int or not 1 <= size <= 4096:
        raise invalid("dimensions", "dimensions は 1〜4096 の整数にしてください。")
    form = body.get("encoding_format") or "float"
    if form not in ("float", "base64"):
        raise invalid("encoding_format", "float か base64 にしてください。")
    used = [tokens.count(text) for text in texts]
    if max(used) > _MAX_TOKENS:
        raise invalid("input", f"1 つの文は {_MAX_TOKENS} トークンまでです。")
    data = []
    for index, text in enumerate(texts):
        values = embed(text, size).tolist()
        packed: Any = values
        if form == "base64":
            packed = base64.b64encode(struct.pack(f"<{size}f", *values)).decode()
        data.append({"object": "embedding", "index": index, "embedding": packed})
    usage = {"prompt_tokens": sum(used), "total_tokens": sum(used)}
    return {"object": "list", "data": data, "model": model, "usage": usage}
