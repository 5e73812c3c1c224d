"""1 回の更新の時間。行列の積の効率だけを公表された値に合わせ、残りの行で採点する。

時間 = (計算量 / (ピーク × 効率) + tp と cp の通信) × (1 + バブル) + dp の通信。
効率は、行列が大きいほど高くなるので、e·h/(h + h0) とおく (h は隠れ状態の次元)。
通信は、計算と重ならないとする (悲観的な見積もり)。
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from . import flops
from .parameters import LLAMA_3_405B, per_layer
from .published import GPTRow, LlamaRow


@dataclass(frozen=True)
class GPU:
    """装置: ピーク (FLOP/s)、メモリ (バイト)、通信の帯域 (バイト/s、片方向)。"""

    name: str
    peak: float
    memory: float
    inside: float
    between: float
    per_node: int = 8


# 帯域は製品の公称値 (NVLink の片方向、ネットワークの 1 枚分)。
A100 = GPU("A100 80GB", 312e12, 80e9, 300e9, 25e9)
H100 = GPU("H100 80GB", 989e12, 80e9, 450e9, 50e9)
T4 = GPU("T4 16GB", 65e12, 16e9, 12e9, 1.2e9, per_node=1)


@dataclass(frozen=True)
class Efficiency:
    """行列の積の効率: ceiling·h/(h + half)。half は、効率が半分になる h。"""

    ceiling: float
    half: float

    def at(self, h: int) -> float:
        """隠れ状態の次元 h での効率。"""
        return self.ceiling * h / (h + self.half)


@dataclass(frozen=True)
class Work:
    """1 回の更新を、時間に直すのに要る量。"""

    flop: float  # 論文の数え方での、全体の FLOP
    h: int
    gpus: int
    bubble: float
    tp_bytes: float  # 1 つの GPU が tp で送るバイト数
    dp_bytes: float  # 1 つの GPU が dp で送るバイト数
    cp_bytes: float = 0.0  # 1 つの GPU が文脈並列で送るバイト数


def seconds(work: Work, gpu: GPU, efficiency: Efficiency) -> float:
    """1 回の更新の秒数。"""
    compute = work.flop / work.gpus / (gpu.peak * efficiency.at(work.h))
    inside = work.tp_bytes / gpu.inside + work.cp_bytes / gpu.between
    return (compute + inside) * (1 + work.bubble) + work.dp_bytes / gpu.between


def tflops(work: Work, gpu: GPU, efficiency: Efficiency) -> float:
    """1 つの GPU の TFLOP/s。"""
    return work.flop / work.gpus / seconds(work, gpu, efficiency) / 1e12


def ring(n: int, size: float) -> float:
    """輪の all-reduce で 1 ランクが送るバイト数。"""
    return 2 * (n - 1) / n * size


def of_gpt(row: GPTRow, s: int = 2048) -> Work:
    """SC21 の 1 行。勾配は 32 ビットで足すとする。"""
    micro_batches = row.batch / row.dp / row.rows
    hidden = 2 * row.rows * s * row.hidden  # bf16 の [rows, s, h]
    # 順方向 2 回、逆方向 2 回、再計算の順方向 2 回。
    tensor = 6 * row.layers / row.pp * micro_batches * ring(row.tp, hidden)
    count = flops.sc21_parameters(row.layers, row.hidden) / (row.tp * row.pp)
    return Work(
        flop=flops.sc21_iteration(row.batch, row.layers, row.hidden, s),
        h=row.hidden,
        gpus=row.gpus,
        bubble=(row.pp - 1) / (row.chunks * micro_batches),
        tp_bytes=tensor,
        dp_bytes=ring(row.dp, 4 * count),
    )


def of_llama_3(row: LlamaRow, chunks: int = 8) -> Work:
    """Llama 3 405B の 1 行。再計算なし、注意は因果の半分を数え、chunks は仮定。"""
    config = LLAMA_3_405B
    micro_batches = row.batch / row.dp
    hidden = 2 * row.s / row.cp * config.hidden_size
    layers = config.num_hidden_layers / row.pp
    tensor = 4 * layers * micro_batches * ring(row.tp, hidden)
    count = per_layer(config, row.tp) * layers
    # 文脈並列は、キーと値を順方向と逆方向で集め、その勾配を足して分ける。
    keys = 2 * config.num_key_value_heads * config.head_dim / row.tp
    context = 3 * layers * micro_batches * (row.cp - 1) / row.cp * 2 * keys * row.s
    return Work(
        flop=flops.per_token(config, row.s, "causal") * row.s * row.batch,
        h=config.hidden_size,
        gpus=row.gpus,
        bubble=(row.pp - 1) / (chunks * micro_batches),
        tp_bytes=tensor,
        # FSDP: 重みを 16 ビットで集め、勾配を 32 ビットで足して分ける。
        dp_bytes=(row.dp * row.cp - 1) / (row.dp * row.cp) * count * (2 + 4),
        cp_bytes=context,
    )


def fit(works: Sequence[tuple[Work, float]], gpu: GPU) -> Efficiency:
    """公表された TFLOP/s に、相対誤差の二乗和が最小になる効率を合わせる。

    行が 1 つなら、half は決められないので 0 とする。
    """
    halves = range(0, 2_001, 50) if len(works) > 1 else (0,)
    ceilings = [i / 1000 for i in range(200, 1000, 2)]

    def error(found: Efficiency) -> float:
        return sum((tflops(w, gpu, found) / goal - 1) ** 2 for w, goal in works)

    grid = itertools.starmap(Efficiency, itertools.product(ceilings, halves))
    return min(grid, key=error)


@dataclass(frozen=True)
class Score:
    """1 行の採点。fitted なら、合わせるのに使った行。"""

    name: str
    published: float
    predicted: float
    fitted: bool
    unverified: bool

    @property
    def error(self) -> float:
        """相対誤差。"""
        return self.predicted / self.published - 1


def scoreboard(
    gpt: Sequence[GPTRow], llama: Sequence[LlamaRow], strong: Sequence[GPTRow] = ()
) -> list[Score]:
    """SC21 は 1 行おきに、Llama 3 は最初の 1 行に合わせ、残りを採点する。

    strong は、同じ効率で採点するだけの行。
    """
    scores = []
    works = [(of_gpt(row), row.tflops) for row in gpt]
    efficiency = fit(works[::2], A100)
    for i, (row, (work, goal)) in enumerate(zip(gpt, works, strict=True)):
        found = tflops(work, A100, efficiency)
        name = f"GPT {row.billions}B, A100 × {row.gpus}"
        scores.append(Score(name, goal, found, i % 2 == 0, row.unverified))
    for row in strong:
        found = tflops(of_gpt(row), A100, efficiency)
        name = f"GPT {row.billions}B, A100 × {row.gpus}, 強スケーリング"
        scores.append(Score(name, row.tflops, found, False, row.unverified))
    works = [(of_llama_3(row), row.tflops) for row in llama]
    efficiency = fit(works[:1], H100)
    for i, (row, (work, goal)) in enumerate(zip(llama, works, strict=True)):
        found = tflops(work, H100, efficiency)
        name = f"Llama 3 405B, H100 × {row.gpus}, s={row.s}"
        scores.append(Score(name, goal, found, i == 0, row.unverified))
    return scores
