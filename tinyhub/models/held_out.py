"""事前学習で読んではいけない文: 全データの検証・テスト分割。

家族ごとの文章は、自分の家族の検証・テスト文を避けて書いてある。ここでは家族をまたいで
避けるために、語の 13-gram を集める。
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

import fugashi

from tinyhub.world import (
    captions,
    commonsense,
    evaluation,
    instructions,
    jsnli,
    ner,
    news,
    nli,
    posts,
    quiz,
    rag,
    reviews,
    safety,
)
from tinyhub.world.evaluation import open_questions
from tinyhub.world.evaluation import rows as evaluation_rows
from tinyhub.world.rag import reader
from tinyhub.world.safety import cautious_questions

GRAM = 13
Rows = Iterable[Any]


def _of(
    generate: Callable[[Any, int], Rows], rows: Mapping[Any, int]
) -> Callable[[], Rows]:
    return lambda: [
        row
        for split, count in rows.items()
        if split != "train"
        for row in generate(split, count)
    ]


def _ner() -> Rows:
    """ノートブックと同じように混ぜた後ろの 2 割 (検証とテスト) と、ニュースの文。"""
    rows = ner.generate("wikipedia", ner.ROWS["wikipedia"])
    random.Random(ner.BOOK_SEED).shuffle(rows)
    held_out = rows[int(len(rows) * 0.8) :]
    return [*held_out, *ner.generate("wikinews", ner.ROWS["wikinews"])]


def _llm_jp_eval() -> Rows:
    return [
        row
        for config in evaluation.CONFIGS
        for split, count in evaluation_rows.ROWS.items()
        if split != "train"
        for row in evaluation.generate(config, split, count)
    ]


EVALUATED: dict[str, Callable[[], Rows]] = {
    "posts": _of(posts.generate, posts.ROWS),
    "reviews": _of(reviews.generate, reviews.ROWS),
    "captions": _of(
        lambda split, count: captions.generate(split, count, captions.SEED),
        captions.ROWS,
    ),
    "nli": _of(nli.generate, nli.ROWS),
    "jsnli": _of(jsnli.generate, jsnli.ROWS),
    "commonsense": _of(commonsense.generate, commonsense.ROWS),
    "ner": _ner,
    "news": _of(news.generate, news.ROWS),
    "quiz": _of(quiz.generate, quiz.ROWS),
    "rag": _of(rag.generate, rag.QUESTION_ROWS),
    "reader": _of(reader.generate, reader.READER_ROWS),
    "llm-jp-eval": _llm_jp_eval,
    "checks": _of(instructions.generate_checks, instructions.CHECK_ROWS),
    "probes": safety.probes,
    "vicuna": open_questions.generate,
    "do-not-answer": cautious_questions.generate,
}


def texts() -> dict[str, set[str]]:
    """家族ごとの、検証・テスト行のすべての文字列。"""
    return {
        name: {text.strip() for row in rows() for text in _strings(asdict(row))}
        for name, rows in EVALUATED.items()
    }


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)


@cache
def _tagger() -> fugashi.Tagger:
    return fugashi.Tagger("-O wakati")


def grams(text: str) -> Iterator[tuple[str, ...]]:
    """MeCab (unidic-lite) の語の 13-gram。"""
    words = _tagger().parse(text).split()
    return zip(*(words[start:] for start in range(GRAM)), strict=False)


class HeldOut:
    """検証・テストの文と重なるかどうかを答える。"""

    def __init__(self) -> None:
        evaluated = texts()
        self._whole = {
            text for found in evaluated.values() for text in found if len(text) > GRAM
        }
        self._grams = {gram for text in self._whole for gram in grams(text)}
        self._known: dict[str, bool] = {}

    def overlaps(self, sentence: str) -> bool:
        """sentence が、検証・テストの文そのものか、その 13 語の続きを含むか。"""
        # 13 語より短い文は、13-gram を持たない。
        if len(sentence) < GRAM:
            return False
        if sentence not in self._known:
            self._known[sentence] = sentence in self._whole or any(
                gram in self._grams for gram in grams(sentence)
            )
        return self._known[sentence]


@cache
def held_out() -> HeldOut:
    """一つのプロセスで一度だけ集める (10 秒あまりかかる)。"""
    return HeldOut()
