"""世界の地の文と合成の列から、穴埋めのバッチを作る。"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import T5Tokenizer

from tinyhub.models.infilling import (
    Infilling,
    SpanMasker,
    long_span,
    random_spans,
    recurring_spans,
    repeated_pieces,
    restatement,
)
from tinyhub.models.statements import StatementWriter
from tinyhub.models.world_text import Documents

PAD, EOS = 0, 1
EXTRA_IDS = 100


@dataclass(frozen=True)
class Mixture:
    """何をどれだけ隠すか。割合は行の割合、長さはトークンの数。"""

    window: int = 96
    text_rows: int = 20
    synthetic_rows: int = 12
    # 地の文の行のうち、繰り返しを隠す行と、無作為に隠す行。残りはひと続きに隠す。
    recurring_share: float = 0.4
    random_share: float = 0.45
    # 合成の行のうち、意味のない並びを繰り返す行。残りは名前と値の言い直し。
    repeat_share: float = 0.4
    density: float = 0.15
    mean_span: float = 3.0
    long_density: tuple[float, float] = (0.1, 0.3)
    recurring_limit: int = 4
    recurring_longest: int = 8
    # 文書のこの割合より多くに現れる部分語は、繰り返されても目印にしない。
    plain_share: float = 0.03


class InfillingWriter:
    """文書の id 列と合成の列から、穴埋めの問題を書く。"""

    def __init__(
        self, mixture: Mixture, tokenizer: T5Tokenizer, documents: Documents
    ) -> None:
        self.mixture = mixture
        texts = ["".join(document) for docs in documents.values() for document in docs]
        encoded = tokenizer(texts, add_special_tokens=False)["input_ids"]
        self.documents = [np.array(ids, dtype=np.int32) for ids in encoded]
        names = [f"<extra_id_{index}>" for index in range(EXTRA_IDS)]
        self.masker = SpanMasker(tokenizer.convert_tokens_to_ids(names), EOS)
        found = np.zeros(len(tokenizer))
        for ids in self.documents:
            found[np.unique(ids)] += 1
        common = found > mixture.plain_share * len(self.documents)
        self.plain = frozenset(np.flatnonzero(common).tolist())
        vocabulary = sorted(tokenizer.get_vocab().items())
        self.pieces = np.array(
            [i for piece, i in vocabulary if len(piece) >= 2 and piece.isalnum()]
        )

        def inside(text: str) -> list[int]:
            """文の途中に置くときの id。行頭の ▁ が付かないよう、句点に続けて切る。"""
            ids = tokenizer.encode(f"。{text}", add_special_tokens=False)
            return ids[ids.index(stop) + 1 :]

        stop = tokenizer.convert_tokens_to_ids("。")
        self.statements = StatementWriter(inside, self.pieces, PAD, EOS)

    def text(self, rng: np.random.Generator) -> Infilling:
        """地の文の一部を隠す。短い文書は、続けて引いた文書とつなぐ。"""
        mixture = self.mixture
        ids: list[int] = []
        while len(ids) < mixture.window // 2:
            ids += self.documents[int(rng.integers(len(self.documents)))].tolist()
        ids = ids[: mixture.window]
        kind = rng.random()
        if kind < mixture.recurring_share:
            spans = recurring_spans(
                ids, mixture.recurring_limit, mixture.recurring_longest, self.plain, rng
            )
            if spans:
                return self.masker.mask(ids, spans, copied=True)
        if kind < mixture.recurring_share + mixture.random_share:
            spans = random_spans(len(ids), mixture.density, mixture.mean_span, rng)
        else:
            spans = long_span(len(ids), rng.uniform(*mixture.long_density), rng)
        return self.masker.mask(ids, spans)

    def synthetic(self, rng: np.random.Generator) -> Infilling:
        """意味のない列の、写せば埋まる穴。"""
        if rng.random() < self.mixture.repeat_share:
            return repeated_pieces(self.pieces, self.masker, rng)
        return restatement(self.statements, self.masker, rng)


@dataclass(frozen=True)
class Batch:
    """source (行, 入力の長さ)、target・copied (行, 出力の長さ)。0 は詰め物。"""

    source: torch.Tensor
    target: torch.Tensor
    copied: torch.Tensor


def batch_at(step: int, writer: InfillingWriter, seed: int) -> Batch:
    """step 番目のバッチ。step だけで決まるので、中断しても同じ列が続く。"""
    rng = np.random.default_rng((seed, step))
    rows = [writer.text(rng) for _ in range(writer.mixture.text_rows)]
    rows += [writer.synthetic(rng) for _ in range(writer.mixture.synthetic_rows)]
    return Batch(
        _padded([row.source for row in rows]),
        _padded([row.target for row in rows]),
        _padded([row.copied for row in rows]).bool(),
    )


def _padded(rows: Sequence[Sequence[int]]) -> torch.Tensor:
    width = max(map(len, rows))
    return torch.tensor([[*row, *[PAD] * (width - len(row))] for row in rows])
