"""マスク言語モデルの部品: 文書の id 列、動的なマスク、隠した位置だけの損失。

RoBERTa (Liu et al., 2019) にならい、次文予測はせず、隠す位置はバッチごとに引き直す。
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from tinyhub.models.mixed_precision import linear_cross_entropy

_POOL = 256
_FEWEST_ROWS = 8


@dataclass(frozen=True)
class EncodedDocument:
    """文書の id 列。starts は各文の最初のトークンの位置で、最後に全体の長さを置く。"""

    ids: np.ndarray
    starts: np.ndarray

    @property
    def sentences(self) -> int:
        return len(self.starts) - 1


def encode_documents(
    tokenizer: PreTrainedTokenizerBase, documents: Sequence[Sequence[str]]
) -> list[EncodedDocument]:
    """文書をまるごと id 列にし、文の境目を覚えておく。特殊トークンは付けない。"""
    texts = ["".join(document) for document in documents]
    encoded = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
    made = []
    for document, ids, offsets in zip(
        documents, encoded["input_ids"], encoded["offset_mapping"], strict=True
    ):
        ends = np.cumsum([len(sentence) for sentence in document])
        begins = [begin for begin, _ in offsets]
        starts = np.searchsorted(begins, [0, *ends])
        made.append(EncodedDocument(np.array(ids, dtype=np.int32), starts))
    return made


@dataclass(frozen=True)
class Vocabulary:
    """トークナイザのうち、id 列を組み立てるのに要る id だけを取り出したもの。

    lead は文頭の「▁」。文書の途中から切り出した列の先頭に置き、その文だけを
    トークナイザにかけた列と同じ形にする。
    """

    size: int
    begin: int
    end: int
    pad: int
    mask: int
    lead: int
    special: tuple[int, ...]

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> Vocabulary:
        return cls(
            size=len(tokenizer),
            begin=tokenizer.bos_token_id,
            end=tokenizer.eos_token_id,
            pad=tokenizer.pad_token_id,
            mask=tokenizer.mask_token_id,
            lead=tokenizer.convert_tokens_to_ids("▁"),
            special=tuple(sorted(tokenizer.all_special_ids)),
        )

    def cut(self, document: EncodedDocument, first: int, last: int) -> np.ndarray:
        """トークンの位置 first から last の手前まで。"""
        body = document.ids[first:last]
        return body if first == 0 else np.concatenate([[self.lead], body])


def pad_rows(
    rows: Sequence[np.ndarray], vocabulary: Vocabulary
) -> tuple[torch.Tensor, torch.Tensor]:
    """「<s> 列 </s>」を並べて長さをそろえる。(id, 注意のマスク)、形 (行, 長さ)。"""
    width = max(map(len, rows)) + 2
    ids = np.full((len(rows), width), vocabulary.pad, dtype=np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row) + 2] = [vocabulary.begin, *row, vocabulary.end]
    mask = (ids != vocabulary.pad).astype(np.int64)
    return torch.from_numpy(ids), torch.from_numpy(mask)


@dataclass(frozen=True)
class MaskedBatch:
    """形はどれも (行, 長さ)。chosen の位置で targets を当てる。"""

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    targets: torch.Tensor
    chosen: torch.Tensor


def mask_tokens(
    ids: np.ndarray, vocabulary: Vocabulary, mask_rate: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """80/10/10 の規則で隠す。(隠した id, 当てる位置)。特殊トークンは隠さない。"""
    free = ~np.isin(ids, vocabulary.special)
    chosen = (rng.random(ids.shape) < mask_rate) & free
    fate = rng.random(ids.shape)
    ordinary = np.setdiff1d(np.arange(vocabulary.size), vocabulary.special)
    masked = np.where(chosen & (fate < 0.8), vocabulary.mask, ids)
    masked = np.where(chosen & (fate >= 0.9), rng.choice(ordinary, ids.shape), masked)
    return masked, chosen


def masked_batch_at(
    step: int,
    documents: Sequence[EncodedDocument],
    vocabulary: Vocabulary,
    *,
    tokens: int,
    max_length: int,
    mask_rate: float,
    part_rate: float,
    seed: int,
) -> MaskedBatch:
    """step 番目のバッチ。長さの近い行を集め、トークン数をおよそ tokens にする。

    行は一つの文書で、part_rate の割合では、その中の続いた何文かだけにする。短い入力にも
    慣れさせるためである。
    """
    rng = np.random.default_rng((seed, step))
    pool = [
        _row(documents[int(index)], vocabulary, max_length - 2, part_rate, rng)
        for index in rng.integers(len(documents), size=_POOL)
    ]
    pool.sort(key=len)
    pivot = int(rng.integers(len(pool)))
    rows = max(_FEWEST_ROWS, min(len(pool), tokens // (len(pool[pivot]) + 2)))
    start = min(max(0, pivot - rows // 2), len(pool) - rows)
    ids, attention_mask = pad_rows(pool[start : start + rows], vocabulary)
    masked, chosen = mask_tokens(ids.numpy(), vocabulary, mask_rate, rng)
    return MaskedBatch(
        torch.from_numpy(masked), attention_mask, ids, torch.from_numpy(chosen)
    )


def _row(
    document: EncodedDocument,
    vocabulary: Vocabulary,
    room: int,
    part_rate: float,
    rng: np.random.Generator,
) -> np.ndarray:
    first, last = 0, document.sentences
    if rng.random() < part_rate:
        first = int(rng.integers(document.sentences))
        last = int(rng.integers(first, document.sentences)) + 1
    begin, end = int(document.starts[first]), int(document.starts[last])
    return vocabulary.cut(document, begin, end)[:room]


def masked_loss(
    transformed: torch.Tensor,
    batch: MaskedBatch,
    projection: torch.Tensor,
    bias: torch.Tensor,
) -> torch.Tensor:
    """隠した位置の交差エントロピーの平均 (ナット)。

    transformed (隠した数, 幅) は出力ヘッドの変換まで済んだ状態、projection (語彙, 幅)。
    """
    targets = batch.targets[batch.chosen]
    weights = torch.ones(len(targets))
    total = linear_cross_entropy(
        transformed.float(), projection, targets, weights, bias
    )
    return total / max(1, len(targets))


def masked_figures(logits: torch.Tensor, batch: MaskedBatch) -> dict[str, float]:
    """隠した位置の損失 (ナット) と正解率。logits は形 (行, 長さ, 語彙)。"""
    logits, targets = logits[batch.chosen].float(), batch.targets[batch.chosen]
    return {
        "mlm_loss": torch.nn.functional.cross_entropy(logits, targets).item(),
        "mlm_accuracy": (logits.argmax(dim=-1) == targets).float().mean().item(),
    }
