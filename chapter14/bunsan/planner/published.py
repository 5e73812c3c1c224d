"""論文が公表した速さ。計画の式を、これで採点する。

どの行も、論文の本文の表と 1 つずつ照らし合わせてある。unverified が True の行は、
本文の数字どうしが矛盾していて、こちらで読み替えたもの (note に理由)。
マイクロバッチの行数とインターリーブの部分の数は、SC21 の表にはなく、Megatron-LM の
examples/sc21/run_table_1.sh にある。
"""

from __future__ import annotations

from dataclasses import dataclass

SC21_SOURCE = "Narayanan et al., 2021, arXiv:2104.04473, Table 1"
SC21_STRONG_SOURCE = "Narayanan et al., 2021, arXiv:2104.04473, Table 2"
LLAMA_3_SOURCE = "Llama Team, 2024, arXiv:2407.21783, Table 4"


@dataclass(frozen=True)
class GPTRow:
    """SC21 の 1 行。s = 2048、語彙 51,200、A100 80GB、再計算あり。

    rows は 1 マイクロバッチの行数、chunks は 1 段が受け持つ部分の数。
    """

    billions: float
    heads: int
    hidden: int
    layers: int
    tp: int
    pp: int
    gpus: int
    batch: int
    tflops: float
    rows: int
    chunks: int
    percent: int | None = None
    petaflops: float | None = None
    source: str = SC21_SOURCE
    unverified: bool = False

    @property
    def dp(self) -> int:
        """データ並列の数。"""
        return self.gpus // (self.tp * self.pp)


SC21 = (
    GPTRow(1.7, 24, 2304, 24, 1, 1, 32, 512, 137, 16, 1, 44, 4.4),
    GPTRow(3.6, 32, 3072, 30, 2, 1, 64, 512, 138, 16, 1, 44, 8.8),
    GPTRow(7.5, 32, 4096, 36, 4, 1, 128, 512, 142, 16, 1, 46, 18.2),
    GPTRow(18.4, 48, 6144, 40, 8, 1, 256, 1024, 135, 8, 1, 43, 34.6),
    GPTRow(39.1, 64, 8192, 48, 8, 2, 512, 1536, 138, 4, 1, 44, 70.8),
    GPTRow(76.1, 80, 10_240, 60, 8, 4, 1024, 1792, 140, 2, 3, 45, 143.8),
    GPTRow(145.6, 96, 12_288, 80, 8, 8, 1536, 2304, 148, 2, 2, 47, 227.1),
    GPTRow(310.1, 128, 16_384, 96, 8, 16, 1920, 2160, 155, 1, 2, 50, 297.4),
    GPTRow(529.6, 128, 20_480, 105, 8, 35, 2520, 2520, 163, 1, 3, 52, 410.2),
    GPTRow(1008.0, 160, 25_600, 128, 8, 64, 3072, 3072, 163, 1, 1, 52, 502.0),
)

# 全体のバッチを変えずに枚数を増やした行 (強スケーリング)。表にあるのは tp×pp の積だけ
# なので tp を 8 とし、書かれていない部分の数は 1 とする。
SC21_STRONG = tuple(
    GPTRow(
        billions,
        heads,
        hidden,
        layers,
        8,
        pp,
        gpus,
        batch,
        tflops,
        1,
        1,
        source=SC21_STRONG_SOURCE,
    )
    for billions, heads, hidden, layers, pp, batch, speeds in (
        (174.6, 96, 12_288, 96, 12, 1536, {384: 153, 768: 149, 1536: 141}),
        (529.6, 128, 20_480, 105, 35, 2240, {560: 171, 1120: 167, 2240: 159}),
    )
    for gpus, tflops in speeds.items()
)


@dataclass(frozen=True)
class LlamaRow:
    """Llama 3 405B の 1 行。H100、bf16、1 回の更新は約 16 M トークン。"""

    gpus: int
    tp: int
    cp: int
    pp: int
    dp: int
    s: int
    batch: int
    tflops: float
    percent: int
    source: str = LLAMA_3_SOURCE
    unverified: bool = False
    note: str = ""


LLAMA_3 = (
    LlamaRow(8_192, 8, 1, 16, 64, 8_192, 2_048, 430, 43),
    LlamaRow(16_384, 8, 1, 16, 128, 8_192, 2_048, 400, 41),
    LlamaRow(
        16_384,
        8,
        16,
        16,
        8,
        131_072,
        128,
        380,
        38,
        unverified=True,
        note="本文の表の DP は 4 だが、8×16×16×4 は 16,384 にならないので 8 とした。",
    ),
)
