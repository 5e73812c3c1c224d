"""基盤の事前学習テキスト全体を、全データの検証・テスト分割と突き合わせる。

家族ごとの検査 (test_world_*.py) は自分の文章だけを見る。ここでは、基盤が読む件数の
文章をすべて作り、どの家族の検証・テスト文も、ラベルの言葉も混ざらないことを確かめる。
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, is_dataclass
from functools import cache
from typing import Any

import fugashi
import pytest

from tinyhub.models import bert_ja, llm_ja, raw_text
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


def _of(generate: Callable[..., Rows], rows: dict[str, int]) -> Callable[[], Rows]:
    return lambda: [
        row
        for split, n in rows.items()
        if split != "train"
        for row in generate(split, n)
    ]


def _ner() -> Rows:
    """ノートブックと同じように混ぜて、後ろの 2 割 (検証とテスト) を返す。"""
    rows = ner.generate("wikipedia", ner.ROWS["wikipedia"])
    random.Random(42).shuffle(rows)
    held_out = rows[int(len(rows) * 0.8) :]
    return [*held_out, *ner.generate("wikinews", ner.ROWS["wikinews"])]


def _llm_jp_eval() -> Rows:
    return [
        row
        for config in evaluation.CONFIGS
        for split, n in evaluation_rows.ROWS.items()
        if split != "train"
        for row in evaluation.generate(config, split, n)
    ]


EVALUATED: dict[str, Callable[[], Rows]] = {
    "posts": _of(posts.generate, posts.ROWS),
    "reviews": _of(reviews.generate, reviews.ROWS),
    "captions": _of(
        lambda split, n: captions.generate(split, n, captions.SEED), captions.ROWS
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


def _texts(value: Any) -> Iterator[str]:
    """行の中のすべての文字列。"""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _texts(asdict(value))


@cache
def _tagger() -> fugashi.Tagger:
    return fugashi.Tagger("-O wakati")


def _grams(text: str) -> Iterator[tuple[str, ...]]:
    words = _tagger().parse(text).split()
    return zip(*(words[start:] for start in range(GRAM)), strict=False)


@pytest.fixture(scope="module")
def corpus() -> dict[str, set[str]]:
    """出どころごとの、事前学習の文 (重複なし)。件数はレシピの大きい方。"""
    counts: dict[str, int] = {}
    for recipe in (bert_ja.BertJaRecipe(), llm_ja.LlmJaRecipe()):
        for name, count in recipe.documents.items():
            counts[name] = max(count, counts.get(name, 0))
    documents = raw_text.write(bert_ja.BertJaRecipe().text_seed, counts)
    return {
        name: {sentence for document in docs for sentence in document}
        for name, docs in documents.items()
    }


@pytest.fixture(scope="module")
def evaluated() -> dict[str, set[str]]:
    """家族ごとの、検証・テスト行のすべての文字列。"""
    return {
        name: {text.strip() for row in rows() for text in _texts(row)}
        for name, rows in EVALUATED.items()
    }


def test_no_evaluated_text_is_a_sentence_of_the_pretraining_text(
    corpus: dict[str, set[str]], evaluated: dict[str, set[str]]
) -> None:
    shared = {
        (source, family): sorted(found)[:3]
        for source, sentences in corpus.items()
        for family, texts in evaluated.items()
        if (found := {t for t in sentences & texts if len(t) >= 15})
    }
    assert not shared


def test_no_13_words_in_a_row_are_shared_across_families(
    corpus: dict[str, set[str]], evaluated: dict[str, set[str]]
) -> None:
    reserved: dict[tuple[str, ...], str] = {}
    for family, texts in evaluated.items():
        for text in texts:
            if len(text) >= GRAM:
                reserved.update(dict.fromkeys(_grams(text), family))
    assert len(reserved) > 10_000
    shared: dict[tuple[str, str], str] = {}
    for source, sentences in corpus.items():
        for sentence in sentences:
            if len(sentence) < GRAM:
                continue
            for gram in _grams(sentence):
                if gram in reserved:
                    shared.setdefault((source, reserved[gram]), sentence)
    assert not shared


def test_words_that_name_a_label_or_a_task_do_not_occur_in_pretraining(
    corpus: dict[str, set[str]],
) -> None:
    marks = ("entailment", "contradiction", "neutral", "positive", "negative")
    marks += ("### 指示", "### 応答", "質問：", "質問:", "答え：", "答え:", "選択肢")
    found = {
        (source, mark): sentence
        for source, sentences in corpus.items()
        for sentence in sentences
        for mark in marks
        if mark in sentence
    }
    assert not found
