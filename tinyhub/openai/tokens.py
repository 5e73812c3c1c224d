"""シミュレータのトークン: 英数字は 4 文字まで、ほかは 1 文字で 1 トークン。

本物の語彙とは違うが、切り方は決まっていて、usage・max_tokens・logprobs・stream の
どれで数えても同じ数になる。
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tinyhub.openai.draws import digest, uniform

# 本物の chat と同じく、メッセージごとの区切りと、返事の書き出しも数える。
TOKENS_PER_MESSAGE = 3
TOKENS_FOR_REPLY = 3

_TOKEN = re.compile(r"[A-Za-z0-9]{1,4}|.", re.DOTALL)
_SPARE = "のはをがにでとも。、"


def split(text: str) -> list[str]:
    """連結すると text に戻るトークンの並び。"""
    return _TOKEN.findall(text)


def count(text: str) -> int:
    """text のトークンの数。"""
    return len(split(text))


def prompt_tokens(texts: Iterable[str]) -> int:
    """メッセージの並びを読ませるときのトークンの数。"""
    return TOKENS_FOR_REPLY + sum(TOKENS_PER_MESSAGE + count(text) for text in texts)


def logprobs(
    tokens: Sequence[str], alternatives: int, *key: object
) -> list[dict[str, Any]]:
    """トークンごとの対数確率と、上位 alternatives 個の候補 (確率の和は 1 以下)。"""
    return [
        _logprob(token, alternatives, *key, place) for place, token in enumerate(tokens)
    ]


def _logprob(token: str, alternatives: int, *key: object) -> dict[str, Any]:
    # いちばん上の候補が選ばれたことにする。残りの確率を半分ずつ分ける。
    chosen = 0.55 + 0.449 * uniform("logprob", *key)
    left = 1.0 - chosen
    top = [_entry(token, chosen)]
    start = int(digest("spare", *key)[:2], 16)
    for step in range(len(_SPARE) * 2):
        if len(top) >= alternatives:
            break
        place = start + step
        other = _SPARE[place % len(_SPARE)] * (1 + step // len(_SPARE))
        if other != token:
            left /= 2
            top.append(_entry(other, left))
    return {**_entry(token, chosen), "top_logprobs": top[:alternatives]}


def _entry(token: str, probability: float) -> dict[str, Any]:
    encoded = list(token.encode("utf-8", "replace"))
    return {"token": token, "bytes": encoded, "logprob": math.log(probability)}


def without_alternatives(entry: Mapping[str, Any]) -> dict[str, Any]:
    """responses の stream が送る形 (候補の bytes がない)。"""
    top = [
        {"token": other["token"], "logprob": other["logprob"]}
        for other in entry["top_logprobs"]
    ]
    return {"token": entry["token"], "logprob": entry["logprob"], "top_logprobs": top}
