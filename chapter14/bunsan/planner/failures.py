"""故障と保存の間隔: 何分ごとに保存し、どれだけ失うか。

故障の間隔 M、保存にかかる時間 C のとき、間隔 √(2CM) で保存すると失う時間が最小になる
(Young, 1974)。失うのは、保存の時間と、やり直しの半分。
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# Llama 3 の事前学習: 54 日で予期しない中断が 419 回 (arXiv:2407.21783 の 3.3.4 節)。
# 枚数は、同じ節に「16K」とあるので 16,384 とした。
INTERRUPTIONS, DAYS, GPUS = 419, 54, 16_384


@dataclass(frozen=True)
class Loss:
    """故障の間隔・保存の間隔 (秒) と、失う時間の割合。"""

    between_failures: float
    between_saves: float
    lost: float


def plan(gpus: int, save_seconds: float, restart_seconds: float = 0.0) -> Loss:
    """枚数に反比例する故障の間隔から、保存の間隔と失う割合を求める。"""
    mean = DAYS * 86_400 / INTERRUPTIONS * GPUS / gpus
    interval = math.sqrt(2 * save_seconds * mean)
    lost = save_seconds / interval + (interval / 2 + restart_seconds) / mean
    return Loss(mean, interval, lost)
