"""問題ごとに、語の一致 (BM25) で引いたパッセージを付ける (aio-retriever と同じ列)。

正例は「本文に正解の文字列を含むもの」、負例は残りである。根拠の書かれていない正例も
混じる。本物の作り方と同じで、検索の結果だけから機械的に決まる。
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import bm25s
import numpy as np

from tinyhub.world.facts import Split
from tinyhub.world.quiz import ROWS, SEED, Draft, Question, compose
from tinyhub.world.quiz.items import hidden_names
from tinyhub.world.quiz.passages import Passage, passages
from tinyhub.world.word_split import words

PASSAGES_PER_QUESTION = 20
# 本物では、100 件の検索結果に正解が含まれる問題が 88 % ある。件数の少ないここでは、
# 見つからなかった問題の一部について、根拠のパッセージを最後の候補と入れ替える。
RESCUE_RATE = 0.85


@dataclass(frozen=True)
class Retrieved:
    """datasets.jawiki-…-c400-small.aio_02 の一行。前半は Question と同じ列。"""

    question: Question
    passages: list[Passage]
    positive_passage_indices: list[int]
    negative_passage_indices: list[int]

    def to_json(self) -> dict[str, object]:
        """ファイルに書く形。"""
        return {
            **vars(self.question),
            "passages": [
                {"passage_id": p.id, "title": p.title, "text": p.text}
                for p in self.passages
            ],
            "positive_passage_indices": self.positive_passage_indices,
            "negative_passage_indices": self.negative_passage_indices,
        }


class Searcher:
    """語の一致で引く検索。点数が同じなら番号の小さいものを先にする。"""

    def __init__(self, pool: Sequence[Passage]) -> None:
        self.pool = pool
        self._index = bm25s.BM25()
        self._index.index([words(p.text) for p in pool], show_progress=False)

    def top(self, question: str, size: int) -> list[Passage]:
        scores = self._index.get_scores(words(question))
        order = np.argsort(-scores, kind="stable")[:size]
        return [self.pool[int(place)] for place in order]


def has_answer(text: str, answers: Sequence[str]) -> bool:
    """正例の決め方: 本文が正解のどれかを含む。"""
    return any(answer in text for answer in answers)


@cache
def _visible(split: Split) -> tuple[Passage, ...]:
    """split の問題に付けてよいパッセージ。訓練用には、訓練用の題材だけが現れる。"""
    hidden = hidden_names(split)
    return tuple(p for p in passages() if not any(name in p.text for name in hidden))


def _attach(rng: random.Random, searcher: Searcher, draft: Draft) -> Retrieved:
    answers = draft.question.answers
    found = searcher.top(draft.question.question, PASSAGES_PER_QUESTION)
    if not any(has_answer(p.text, answers) for p in found):
        gold = passages()[draft.gold - 1]
        if rng.random() < RESCUE_RATE and has_answer(gold.text, answers):
            found[-1] = gold
    positive = [i for i, p in enumerate(found) if has_answer(p.text, answers)]
    negative = [i for i in range(len(found)) if i not in set(positive)]
    return Retrieved(draft.question, found, positive, negative)


def retrieve(
    split: Split, rows: int | None = None, seed: int = SEED
) -> list[Retrieved]:
    """パッセージの付いた問題。"""
    count = ROWS[split] if rows is None else rows
    rng = random.Random(f"quiz-search/{split}/{seed}")
    searcher = Searcher(_visible(split))
    return [_attach(rng, searcher, draft) for draft in compose(split, count, seed)]
