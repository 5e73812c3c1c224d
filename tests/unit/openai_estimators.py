"""ノートブックが使う推定量の手本。応答だけから値と 95 % 区間を求める。"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

Z = 1.959963984540054
_STRICT = re.compile(r"\[\[([A-C]|\d{1,2})\]\]")
_LOOSE = re.compile(
    r"\[\[rating\]\][:：]\s*([A-C]|\d{1,2})|【([A-C]|\d{1,2})】"
    r"|\[\[判定[:：]([A-C]|\d{1,2})\]\]|(?<!\[)\[([A-C]|\d{1,2})\](?!\])"
    r"|最終判定[:：]\s*([A-C]|\d{1,2})"
)


@dataclass(frozen=True)
class Interval:
    """95 % 区間。"""

    low: float
    high: float

    def covers(self, value: float) -> bool:
        """区間の中か。"""
        return self.low <= value <= self.high


def proportion(hits: int, total: int) -> Interval:
    """割合の Wilson 区間。"""
    share = hits / total
    centre = (share + Z * Z / (2 * total)) / (1 + Z * Z / total)
    spread = math.sqrt(share * (1 - share) / total + Z * Z / (4 * total * total))
    half = Z * spread / (1 + Z * Z / total)
    return Interval(centre - half, centre + half)


def mean(values: Sequence[float]) -> Interval:
    """平均の区間 (正規近似)。対応のある差にも使う。"""
    total = len(values)
    centre = sum(values) / total
    variance = sum((value - centre) ** 2 for value in values) / (total - 1)
    half = Z * math.sqrt(variance / total)
    return Interval(centre - half, centre + half)


def strict_verdict(text: str) -> str | None:
    """頼んだ形の判定。なければ、または食い違えば None。"""
    found = set(_STRICT.findall(text))
    return found.pop() if len(found) == 1 else None


def robust_verdict(text: str) -> str | None:
    """少し違う形も読む。食い違う判定は読まない。"""
    found = set(_STRICT.findall(text))
    for groups in _LOOSE.findall(text):
        found.update(filter(None, groups))
    return found.pop() if len(found) == 1 else None
