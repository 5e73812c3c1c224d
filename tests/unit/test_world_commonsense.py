"""常識の問い: 形・釣り合い・手がかりの正しさ・分割・事前学習の文章への漏れ。"""

import json
import re
from collections import Counter
from dataclasses import asdict
from functools import cache
from pathlib import Path

import fugashi
import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import LogisticRegression

from tinyhub.repositories import jcommonsenseqa
from tinyhub.world import commonsense
from tinyhub.world.commonsense import CHOICES, LABELS, ROWS, SPLITS, Draft, Split
from tinyhub.world.commonsense.facts import WORDINGS, domains

DOCUMENTS = 2_500
TEXT_SEED = 7


@cache
def drafts(split: Split) -> list[Draft]:
    return commonsense.compose(split, ROWS[split])


@cache
def documents() -> list[list[str]]:
    return commonsense.pretraining_documents(TEXT_SEED, DOCUMENTS)


@cache
def tagger() -> fugashi.Tagger:
    return fugashi.Tagger()


def words(text: str) -> list[str]:
    return [word.surface for word in tagger()(text)]


def is_answer(split: Split) -> np.ndarray:
    return np.array([n == d.label for d in drafts(split) for n in range(CHOICES)])


def accuracy(scores: np.ndarray, split: Split) -> float:
    best = scores.reshape(-1, CHOICES).argmax(axis=1)
    return float(np.mean(best == [draft.label for draft in drafts(split)]))


def linear_accuracy(features) -> float:
    """訓練データで学んだ線形分類器の、検証データでの正解率。"""
    hasher = FeatureHasher(2**18, input_type="string", alternate_sign=False)
    tables = {
        split: hasher.transform(
            features(draft, choice)
            for draft in drafts(split)
            for choice in draft.choices
        )
        for split in SPLITS
    }
    model = LogisticRegression(solver="liblinear", max_iter=100)
    model.fit(tables["train"], is_answer("train"))
    return accuracy(model.decision_function(tables["valid"]), "valid")


# --- 表 ---------------------------------------------------------------------


def test_every_property_has_three_wordings_that_can_stand_before_a_noun() -> None:
    for domain in domains():
        for owner in domain.properties:
            assert len(set(owner.wordings)) == WORDINGS
            assert owner.holders and not owner.holders & owner.unsure
            for wording in owner.wordings:
                assert wording[-1] not in "のただ。、", wording
                assert not [name for name in owner.holders if name in wording]


def test_concepts_belong_to_one_domain_and_have_two_properties() -> None:
    names = [concept for domain in domains() for concept in domain.concepts]
    assert len(names) == len(set(names)) >= 400
    for domain in domains():
        assert len(domain.concepts) >= 4 * CHOICES
        assert min(len(domain.of(concept)) for concept in domain.concepts) >= 2


# --- 問い -------------------------------------------------------------------


def test_same_seed_gives_the_same_questions_and_another_seed_does_not() -> None:
    assert commonsense.generate("train", 40, 3) == commonsense.generate("train", 40, 3)
    assert commonsense.generate("train", 40, 3) != commonsense.generate("train", 40, 4)
    assert commonsense.compose("valid", 50) == drafts("valid")[:50]


def test_rows_have_the_columns_of_jcommonsenseqa() -> None:
    rows = commonsense.generate("valid", 60)
    columns = ["q_id", "question", *LABELS, "label"]
    for number, row in enumerate(rows, start=ROWS["train"]):
        assert list(asdict(row)) == columns
        assert row.q_id == number
        assert len(set(row.choices())) == CHOICES
        assert row.label in range(CHOICES)


def test_questions_are_short_and_never_repeated() -> None:
    questions = [draft.question for split in SPLITS for draft in drafts(split)]
    assert len(questions) == len(set(questions))
    assert max(len(words(question)) for question in questions) <= 25
    assert all(question.endswith("？") for question in questions)


@pytest.mark.parametrize("split", SPLITS)
def test_only_the_answer_meets_every_clue_unless_marked_ambiguous(split: Split) -> None:
    for draft in drafts(split):
        meets = [
            choice
            for choice in draft.choices
            if all(choice in clue.owner.holders for clue in draft.clues)
        ]
        assert draft.answer in meets
        assert len(meets) == (2 if draft.ambiguous else 1)
        if not draft.ambiguous:
            for choice in {*draft.choices} - {draft.answer}:
                assert not all(clue.owner.may_hold(choice) for clue in draft.clues)


@pytest.mark.parametrize("split", SPLITS)
def test_some_questions_are_ambiguous_and_many_have_a_tempting_choice(
    split: Split,
) -> None:
    unclear = sum(draft.ambiguous for draft in drafts(split)) / ROWS[split]
    assert unclear == pytest.approx(0.045, abs=0.02)
    pairs = [draft for draft in drafts(split) if len(draft.clues) == 2]
    assert len(pairs) / ROWS[split] == pytest.approx(0.76, abs=0.06)
    tempting = [
        draft
        for draft in pairs
        if any(
            choice in clue.owner.holders
            for clue in draft.clues
            for choice in draft.choices
            if choice != draft.answer
        )
    ]
    assert len(tempting) / len(pairs) >= 0.6


@pytest.mark.parametrize("split", SPLITS)
def test_answers_are_spread_evenly_over_positions_and_concepts(split: Split) -> None:
    labels = Counter(draft.label for draft in drafts(split))
    for label in range(CHOICES):
        assert labels[label] / ROWS[split] == pytest.approx(0.2, abs=0.04)
    answers = Counter(draft.answer for draft in drafts(split))
    shown = Counter(choice for draft in drafts(split) for choice in draft.choices)
    often = [concept for concept, count in shown.items() if count >= 10]
    rates = [answers[concept] / shown[concept] for concept in often]
    assert len(often) >= 180
    assert np.mean(rates) == pytest.approx(0.2, abs=0.02)


def test_valid_asks_wordings_that_train_never_asks_of_the_same_concept() -> None:
    asked = {
        (draft.answer, clue.text)
        for draft in drafts("train")
        if not draft.ambiguous
        for clue in draft.clues
    }
    for draft in drafts("valid"):
        if not draft.ambiguous:
            assert not [c for c in draft.clues if (draft.answer, c.text) in asked]
    assert not {d.composition for d in drafts("train")} & {
        d.composition for d in drafts("valid")
    }


# --- 難しさ -----------------------------------------------------------------


def test_choices_alone_do_not_tell_the_answer() -> None:
    def features(draft: Draft, choice: str) -> list[str]:
        return [choice, *(f"{choice}|{other}" for other in draft.choices)]

    assert 0.17 <= linear_accuracy(features) <= 0.30


def test_ngrams_of_question_and_choice_do_not_tell_the_answer() -> None:
    def features(draft: Draft, choice: str) -> list[str]:
        text = f"{draft.question}#{choice}"
        return [text[i : i + n] for n in (1, 2) for i in range(len(text) - n + 1)]

    assert 0.17 <= linear_accuracy(features) <= 0.30


def test_words_that_went_with_a_choice_in_train_are_not_enough() -> None:
    def features(draft: Draft, choice: str) -> list[str]:
        return [f"{word}|{choice}" for word in words(draft.question)]

    assert 0.17 <= linear_accuracy(features) <= 0.33


def test_shared_characters_and_length_do_not_tell_the_answer() -> None:
    for split in SPLITS:
        shared = [
            len({*draft.question} & {*choice}) / len({*choice})
            for draft in drafts(split)
            for choice in draft.choices
        ]
        lengths = [len(choice) for draft in drafts(split) for choice in draft.choices]
        order = np.random.default_rng(0).random(len(shared)) * 1e-3
        for scores in (shared, lengths, np.negative(lengths)):
            assert 0.17 <= accuracy(np.add(scores, order), split) <= 0.30


# --- 事前学習の文章 ---------------------------------------------------------


def test_pretraining_text_states_the_facts_that_questions_ask_about() -> None:
    lines = [line for document in documents() for line in document]
    seen: Counter[tuple[str, str]] = Counter()
    for domain in domains():
        for owner in domain.properties:
            for wording in owner.wordings:
                matching = [line for line in lines if wording in line]
                for concept in owner.holders:
                    seen[concept, wording] = sum(concept in m for m in matching)
    needed = [
        (draft.answer, clue.text) for draft in drafts("valid") for clue in draft.clues
    ]
    assert np.mean([seen[fact] > 0 for fact in needed]) >= 0.9


def test_pretraining_text_holds_no_questions_and_no_run_of_valid_words() -> None:
    questions = [draft.question for draft in drafts("valid")]
    reserved = {gram for text in questions for gram in commonsense.ngrams(text)}
    assert len(reserved) > 2_000
    for document in documents():
        assert 2 <= len(document) <= 6
        for line in document:
            assert "？" not in line and "選択肢" not in line
            assert reserved.isdisjoint(commonsense.ngrams(line)), line


def test_words_of_questions_and_choices_occur_in_the_pretraining_text() -> None:
    known = {
        word for document in documents() for line in document for word in words(line)
    }
    text = "".join(line for document in documents() for line in document)
    frame_words = {
        "次",
        "うち",
        "この",
        "中",
        "うえ",
        "なか",
        "しかも",
        "一般",
        "ふつう",
    }
    unknown = Counter(
        word
        for draft in drafts("valid")
        for word in words(draft.question)
        if word not in known | frame_words
    )
    assert unknown.total() <= 0.2 * sum(len(words(d.question)) for d in drafts("valid"))
    assert all(choice in text for draft in drafts("valid") for choice in draft.choices)


def test_heldout_parts_use_frames_that_never_occur_in_train() -> None:
    rows = commonsense.heldout_parts(80)
    assert rows == commonsense.heldout_parts(80)
    marks = re.compile("挙げてください|私は何でしょう|何と答える|答えてください")
    assert all(marks.search(row.question) for row in rows)
    assert not [
        d for split in SPLITS for d in drafts(split) if marks.search(d.question)
    ]


@pytest.mark.parametrize(
    "odd",
    [
        r"をを|はは|のの(?![こうな中])|。。|、、|がが",
        r"^次のうち.*もののうち|^この中で.*ものの中で",
        r"^(一般に、|ふつう、|次のうち、|この中で、)?もののうち",
        r"[うくすつむるいな]人は何(ですか|でしょう)",
    ],
)
def test_no_ungrammatical_joins(odd: str) -> None:
    found = [
        draft.question
        for split in SPLITS
        for draft in drafts(split)
        if re.search(odd, draft.question)
    ]
    assert not found


# --- 配る形 -----------------------------------------------------------------


def test_files_have_the_form_of_the_hub_and_of_jglue(tmp_path: Path) -> None:
    (source,) = jcommonsenseqa.SOURCES
    source.build(tmp_path)
    folder = tmp_path / "datasets" / "sbintuitions" / "JCommonsenseQA"
    meta = json.loads((folder / ".tinyhub.json").read_text())
    assert set(meta["revisions"].values()) == {"main"}
    for name, split in (("train", "train"), ("validation", "valid")):
        table = pq.read_table(folder / "data" / f"{name}-00000-of-00001.parquet")
        assert table.num_rows == ROWS[split] == source.splits[name]
        assert table.schema.names == ["q_id", "question", *LABELS, "label"]
        assert str(table.schema.field("q_id").type) == "int64"
        info = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
        assert info["label"] == {"names": list(LABELS), "_type": "ClassLabel"}
        raw = tmp_path / "raw" / jcommonsenseqa.JCQA_RAW_FOLDER
        lines = (raw / f"{split}-v1.3.json").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line) for line in lines] == table.to_pylist()
