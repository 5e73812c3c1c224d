"""シミュレータの乱数。鍵だけで決まり、要求の順序や並列の数によらない。"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")
_WIDTH = 1 << 64


def digest(*key: object) -> str:
    """鍵の 32 桁の指紋。"""
    # 区切りを置き、("ab", "c") と ("a", "bc") を別の鍵にする。
    joined = "\x1f".join(str(part) for part in key)
    return hashlib.blake2b(
        joined.encode("utf-8", "replace"), digest_size=16
    ).hexdigest()


def uniform(*key: object) -> float:
    """[0, 1) の一様乱数。"""
    return int(digest(*key)[:16], 16) / _WIDTH


def between(low: float, high: float, *key: object) -> float:
    """[low, high) の一様乱数。"""
    return low + (high - low) * uniform(*key)


def pick(options: Sequence[_T], *key: object) -> _T:
    """一つを等しい確率で選ぶ。"""
    return options[int(uniform(*key) * len(options))]
