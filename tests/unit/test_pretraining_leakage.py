"""基盤の事前学習テキスト全体を、全データの検証・テスト分割と突き合わせる。

家族ごとの検査 (test_world_*.py) は自分の文章だけを見る。ここでは、基盤が読む件数の
文章をすべて作り、どの家族の検証・テスト文も、ラベルの言葉も混ざらないことを確かめる。
"""

from __future__ import annotations

import pytest

from tinyhub.models import (
    bert_ja,
    e5_small,
    gpt2_ja,
    held_out,
    llm_ja,
    raw_text,
    t5_ja,
    xlm_roberta,
)

RECIPES = (
    bert_ja.BertJaRecipe(),
    llm_ja.LlmJaRecipe(),
    gpt2_ja.Gpt2JaRecipe(),
    e5_small.E5SmallRecipe(),
    t5_ja.T5JaRecipe(),
    xlm_roberta.XlmRobertaRecipe(),
)
# 13-gram を調べるときの、語の数の下限。文字数がこれより少ない文は 13 語に届かない。
WORDS = 13


@pytest.fixture(scope="module")
def corpus() -> dict[str, set[str]]:
    """出どころごとの、事前学習の文 (重複なし)。件数はレシピの大きい方。"""
    counts: dict[str, int] = {}
    for recipe in RECIPES:
        for name, count in recipe.documents.items():
            counts[name] = max(count, counts.get(name, 0))
    documents = raw_text.write(RECIPES[0].text_seed, counts)
    return {
        name: {sentence for document in docs for sentence in document}
        for name, docs in documents.items()
    }


@pytest.fixture(scope="module")
def evaluated() -> dict[str, set[str]]:
    """家族ごとの、検証・テスト行のすべての文字列。"""
    return held_out.texts()


def test_every_family_of_the_catalog_is_evaluated(
    evaluated: dict[str, set[str]],
) -> None:
    assert set(raw_text.SOURCES) - {"prose", "instructions", "safety"} <= set(evaluated)
    assert all(len(texts) >= 40 for texts in evaluated.values())


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
            if len(text) >= WORDS:
                reserved.update(dict.fromkeys(held_out.grams(text), family))
    assert len(reserved) > 10_000
    shared: dict[tuple[str, str], str] = {}
    for source, sentences in corpus.items():
        for sentence in sentences:
            if len(sentence) < WORDS:
                continue
            for gram in held_out.grams(sentence):
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
