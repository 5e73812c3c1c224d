"""ラベルなしの文書から作る正例の組と、その対照損失。

組の作り方は 2 つで、どちらも問題と答えの対応は使わない。

- 抜き取り (inverse cloze; Lee et al., 2019): 一文と、残りの文。
- 切り出し (Izacard et al., 2022): 同じ文書から別々に切り出した、短い列と長い列。
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from tinyhub.models.masked_language import EncodedDocument, Vocabulary


@dataclass(frozen=True)
class PairShape:
    """組の作り方を決める数。長さはトークンの数。"""

    cloze_rate: float = 0.5
    keep_sentence_rate: float = 0.25
    shortest: int = 3
    query_tokens: int = 24
    passage_tokens: int = 64


def positive_pair(
    document: EncodedDocument,
    vocabulary: Vocabulary,
    shape: PairShape,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """(問い合わせ側の id 列, 文書側の id 列)。どちらも特殊トークンを含まない。"""
    if document.sentences > 1 and rng.random() < shape.cloze_rate:
        number = int(rng.integers(document.sentences))
        begin, end = document.starts[number : number + 2]
        query = vocabulary.cut(document, int(begin), int(end))
        if rng.random() < shape.keep_sentence_rate:
            passage = document.ids
        else:
            before = document.ids[:begin]
            after = document.ids[end:]
            start = [] if len(before) else [vocabulary.lead]
            passage = np.concatenate([start, before, after]).astype(np.int64)
    else:
        query = _crop(document, vocabulary, shape.shortest, shape.query_tokens, rng)
        passage = _crop(
            document, vocabulary, shape.query_tokens, shape.passage_tokens, rng
        )
    return query[: shape.query_tokens], passage[: shape.passage_tokens]


def _crop(
    document: EncodedDocument,
    vocabulary: Vocabulary,
    shortest: int,
    longest: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """長さも位置も無作為な、続いた一部分。"""
    total = len(document.ids)
    length = min(total, int(rng.integers(shortest, longest + 1)))
    first = int(rng.integers(total - length + 1))
    return vocabulary.cut(document, first, first + length)


def mean_pooled(hidden: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
    """詰め物を除いた平均を、長さ 1 にそろえる。(行, 長さ, 幅) → (行, 幅)。"""
    weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
    mean = (hidden * weights).sum(dim=1) / weights.sum(dim=1)
    return torch.nn.functional.normalize(mean, dim=-1)


def contrastive_loss(
    queries: torch.Tensor, passages: torch.Tensor, temperature: float
) -> torch.Tensor:
    """InfoNCE。i 番目どうしが正例で、同じバッチのほかの行がすべて負例になる。

    queries, passages は形 (行, 幅)、長さ 1。問い合わせからと文書からの平均をとる。
    """
    scores = queries @ passages.T / temperature
    targets = torch.arange(len(scores))
    there = torch.nn.functional.cross_entropy(scores, targets)
    back = torch.nn.functional.cross_entropy(scores.T, targets)
    return (there + back) / 2
