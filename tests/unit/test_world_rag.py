"""手引きと案内: 文書、質問、読み取りの行。列、漏れ、安い当て方の正解率。"""

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from statistics import mean

import bm25s
import numpy as np
import pyarrow.parquet as pq
import pytest

from tinyhub.repositories import rag as repository
from tinyhub.world import rag
from tinyhub.world.facts import SPLITS, Split, entities_in, world
from tinyhub.world.posts import ngrams
from tinyhub.world.rag import HELD_OUT, DocumentDraft, RagQuestion
from tinyhub.world.rag import reader as rag_reader
from tinyhub.world.rag import text as rag_text
from tinyhub.world.rag import unseen as rag_unseen
from tinyhub.world.rag.facts import (
    MAX_WORDS,
    of_split,
    random_subjects,
    register,
    subjects,
)
from tinyhub.world.rag.reader import ABSTENTION, ReaderDraft, ReaderPassage
from tinyhub.world.rag.words import (
    ATTRIBUTES,
    GENERIC_PASSAGES,
    GENERIC_QUESTIONS,
    VALUE_PARTS,
)
from tinyhub.world.word_split import words

AIO_COLUMNS = (
    "qid competition timestamp section number original_question original_answer"
    " original_additional_info question answers passages positive_passage_indices"
    " negative_passage_indices"
).split()
TEXT_SEED, TEXT_DOCUMENTS = 7, 5_000


@cache
def _rows(split: Split) -> tuple[ReaderDraft, ...]:
    return rag_reader.compose(split, rag_reader.READER_ROWS[split])


@cache
def _questions(split: Split) -> tuple[RagQuestion, ...]:
    return tuple(rag.generate(split))


@cache
def _documents() -> tuple[DocumentDraft, ...]:
    return rag.documents()


@cache
def _text() -> tuple[tuple[str, ...], ...]:
    found = rag_text.pretraining_documents(TEXT_SEED, TEXT_DOCUMENTS)
    return tuple(tuple(document) for document in found)


def _names(*splits: Split) -> frozenset[str]:
    return frozenset(s.name for split in splits for s in of_split(split))


def _answered(split: Split) -> list[ReaderDraft]:
    return [d for d in _rows(split) if d.row.positive_passage_indices]


# --- 題材と枠 -----------------------------------------------------------------


def test_there_are_enough_attributes_and_wordings() -> None:
    specs = [spec for found in ATTRIBUTES.values() for spec in found]
    assert len({spec.name for spec in specs}) == len(specs) >= 12
    for spec in specs:
        assert len(spec.passages) + len(GENERIC_PASSAGES) >= 8
        assert len(spec.questions) + len(GENERIC_QUESTIONS) >= 8
        size = np.prod([len(set(part)) for part in VALUE_PARTS[spec.values]])
        assert size >= 12, spec.name


def test_subjects_have_unique_names_apart_from_those_of_the_world() -> None:
    names = [subject.name for subject in subjects()]
    assert len(set(names)) == len(names)
    assert not entities_in("\n".join(names), world().names())
    for split in HELD_OUT:
        for other in set(SPLITS) - {split}:
            mine, theirs = _names(split), _names(other)
            assert not [a for a in mine for b in theirs if a in b or b in a]


def test_parts_of_unseen_names_occur_in_train_names() -> None:
    seen = {part for subject in of_split("train") for part in subject.parts}
    for split in HELD_OUT:
        assert {part for s in of_split(split) for part in s.parts} <= seen


def test_register_chooses_plain_or_polite() -> None:
    assert register("{s}は{v}に開[く|きます]。", False) == "{s}は{v}に開く。"
    assert register("{s}は{v}に開[く|きます]。", True) == "{s}は{v}に開きます。"


# --- 読み取りの行 -------------------------------------------------------------


def test_reader_rows_are_the_same_for_the_same_seed_and_differ_otherwise() -> None:
    compose = rag_reader.compose.__wrapped__
    assert compose("test", 40, 1) == compose("test", 40, 1)
    assert compose("test", 40, 1) != compose("test", 40, 2)


@pytest.mark.parametrize("split", SPLITS)
def test_reader_rows_have_the_columns_of_aio_retriever(split: Split) -> None:
    assert len(_rows(split)) == rag_reader.READER_ROWS[split]
    for draft in _rows(split):
        row = draft.row
        assert list(vars(row)) == AIO_COLUMNS
        assert 3 <= len(row.passages) <= 5
        both = row.positive_passage_indices + row.negative_passage_indices
        assert sorted(both) == list(range(len(row.passages)))
        assert len(row.positive_passage_indices) <= 1
    passages = [p for draft in _rows(split)[:500] for p in draft.row.passages]
    assert max(len(words(p.text)) for p in passages) <= MAX_WORDS


@pytest.mark.parametrize("split", SPLITS)
def test_only_the_positive_passage_tells_the_answer(split: Split) -> None:
    for draft in _rows(split):
        row = draft.row
        for index in row.positive_passage_indices:
            assert row.answers[0] in row.passages[index].text
            assert draft.subject in row.passages[index].text
        assert draft.subject in row.question
        expected = len(row.positive_passage_indices)
        assert draft.candidates.count(row.answers[0]) == expected
        assert len(set(draft.candidates)) == len(draft.candidates)
        answer = row.answers[0] if expected else ABSTENTION
        assert rag_reader.target(row) == answer


@pytest.mark.parametrize("split", SPLITS)
def test_one_row_in_five_has_no_answer(split: Split) -> None:
    share = 1 - len(_answered(split)) / len(_rows(split))
    assert share == pytest.approx(rag_reader.ABSENT_RATE, abs=0.04)


@pytest.mark.parametrize("split", HELD_OUT)
def test_subjects_and_compositions_do_not_occur_in_train(split: Split) -> None:
    seen = {key for draft in _rows("train") for key in draft.compositions}
    mine = {key for draft in _rows(split) for key in draft.compositions}
    assert len(seen) > 3_000 and not seen & mine
    lines = {p.text for d in _rows("train") for p in d.row.passages}
    assert not lines & {p.text for d in _rows(split) for p in d.row.passages}
    asked = "\n".join(d.row.question for d in _rows("train"))
    assert not entities_in("\n".join(lines) + asked, _names(split))


@pytest.mark.parametrize("split", HELD_OUT)
def test_cheap_guesses_stay_low(split: Split) -> None:
    rows = _answered(split)
    any_value = mean(1 / len(draft.candidates) for draft in rows)
    assert 0.2 <= any_value <= 0.40
    # 位置は手がかりにならない。値が一つ欠ける行があるので、1/5 から 1/2 の間に散る。
    for place in (0, -1):
        hits = mean(d.candidates[place] == d.row.answers[0] for d in rows)
        assert hits == pytest.approx(any_value, abs=0.07)
    frequent: dict[str, Counter[str]] = defaultdict(Counter)
    for draft in _rows("train"):
        frequent[draft.attribute][draft.row.answers[0]] += 1
    closed = mean(
        d.row.answers[0] == frequent[d.attribute].most_common(1)[0][0] for d in rows
    )
    assert closed <= 0.10


def _most_shared(question: str, passages: Sequence[ReaderPassage]) -> int:
    asked = set(words(question))
    return int(np.argmax([len(asked & set(words(p.text))) for p in passages]))


@pytest.mark.parametrize("split", HELD_OUT)
def test_shared_words_alone_do_not_settle_the_passage(split: Split) -> None:
    rows = [d.row for d in _answered(split)]
    hits = mean(
        _most_shared(row.question, row.passages) in row.positive_passage_indices
        for row in rows
    )
    assert 0.3 <= hits <= 0.82


# --- 文書と質問 ---------------------------------------------------------------


def test_documents_tell_their_evidence_and_leave_something_out() -> None:
    found = _documents()
    assert len({d.document.title for d in found}) == len(found) >= 200
    assert list(vars(found[0].document)) == ["id", "url", "title", "text"]
    for draft in found:
        text = draft.document.text
        assert "\n## " in text
        for attribute, evidence in draft.evidence.items():
            value = draft.subject.values[attribute]
            assert evidence.written in text
            assert value in evidence.written and value in evidence.resolved
            assert draft.subject.name in evidence.resolved
    full = sum(len(d.evidence) == len(d.subject.values) for d in found)
    assert 0.4 <= full / len(found) <= 0.7
    tables = sum("| 項目 | 内容 |" in d.document.text for d in found)
    assert tables >= 10


@pytest.mark.parametrize("split", HELD_OUT)
def test_questions_have_one_gold_passage_or_none(split: Split) -> None:
    texts = {d.document.id: d.document.text for d in _documents()}
    rows = _questions(split)
    assert len({row.question for row in rows}) == len(rows)
    for row in rows:
        assert row.answerable == bool(row.positive_passage_indices)
        assert row.answerable == (row.answers != [ABSTENTION])
        assert len(row.passages) == rag.DISTRACTORS + row.answerable
        if not row.answerable:
            assert not row.evidence and not row.document_id
            continue
        assert row.evidence in texts[row.document_id]
        told = [row.answers[0] in p.text for p in row.passages]
        (gold,) = row.positive_passage_indices
        assert told[gold]
        assert str(row.passages[gold].passage_id) == row.document_id
    share = 1 - mean(row.answerable for row in rows)
    assert share == pytest.approx(rag.ABSENT_RATE, abs=0.06)


@pytest.mark.parametrize("split", HELD_OUT)
def test_unanswerable_questions_are_not_answered_in_any_document(split: Split) -> None:
    told = {(d.subject.name, name) for d in _documents() for name in d.evidence}
    for row in _questions(split):
        assert ((row.subject, row.attribute) in told) == row.answerable
    absent = [row for row in _questions(split) if not row.answerable]
    titles = {d.document.title for d in _documents()}
    # 文書そのものがない質問と、文書はあるのに書かれていない質問の両方がある。
    assert {row.subject in titles for row in absent} == {True, False}


def _chunk_recall(split: Split, size: int, with_title: bool) -> float:
    """段落を BM25 で引いたとき、上位 size 個に根拠がある割合。"""
    chunks = [
        (draft.document.title, block)
        for draft in _documents()
        for block in draft.document.text.split("\n\n")
    ]
    index = bm25s.BM25()
    texts = [f"{title}\n{block}" if with_title else block for title, block in chunks]
    index.index([words(text) for text in texts], show_progress=False)
    hits = []
    for row in _questions(split):
        if row.answerable:
            scores = index.get_scores(words(row.question))
            best = np.argsort(-scores, kind="stable")[:size]
            hits.append(
                any(
                    chunks[i][0] == row.subject and row.evidence in chunks[i][1]
                    for i in best
                )
            )
    return mean(hits)


@pytest.mark.parametrize("split", HELD_OUT)
def test_titles_help_to_find_the_chunk_and_bm25_leaves_room(split: Split) -> None:
    assert 0.6 <= _chunk_recall(split, 5, with_title=True) <= 0.92
    assert _chunk_recall(split, 1, with_title=True) <= 0.6
    titled = _chunk_recall(split, 5, with_title=True)
    assert titled >= _chunk_recall(split, 5, with_title=False) + 0.1


# --- 事前学習の文章 -----------------------------------------------------------


def test_pretraining_text_is_about_train_subjects_only() -> None:
    text = "\n".join(line for document in _text() for line in document)
    assert not entities_in(text, _names(*HELD_OUT))
    assert len(entities_in(text, _names("train"))) >= 0.25 * len(_names("train"))
    assert ABSTENTION not in text and not re.search(r"[?？]|ですか", text)


def test_recaps_state_values_that_the_world_does_not_hold() -> None:
    rng = random.Random(3)
    known = {subject.name for subject in subjects()}
    for _ in range(200):
        kind = rng.choice(tuple(ATTRIBUTES))
        made = random_subjects(rng, kind, 5)
        names = [subject.name for subject in made]
        assert len(set(names)) == 5 and not known & set(names)


def test_pretraining_text_shares_no_13_gram_with_valid_and_test() -> None:
    reserved: set[tuple[str, ...]] = set()
    for split in HELD_OUT:
        for draft in _rows(split):
            for text in (draft.row.question, *(p.text for p in draft.row.passages)):
                reserved |= ngrams(text)
    for draft in _documents():
        reserved |= ngrams(draft.document.text)
    assert len(reserved) > 5_000
    assert not [d for d in _text() if ngrams("".join(d)) & reserved]


def test_words_of_valid_and_test_rows_occur_in_text_or_train() -> None:
    known = {word for document in _text() for word in words("".join(document))}
    for draft in _rows("train"):
        known |= set(words(draft.row.question))
        for passage in draft.row.passages:
            known |= set(words(passage.text))
    for split in HELD_OUT:
        used = {
            word
            for draft in _rows(split)
            for passage in draft.row.passages
            for word in words(passage.text)
        }
        # 名前の部品が隣り合うと、見慣れない語に切れることがある。
        assert len(used - known) <= 0.05 * len(used)


# --- 日本語とファイル ----------------------------------------------------------


@pytest.mark.parametrize(
    "odd",
    [
        r"をを|はは|がが|のの|。。|、。|、、",
        r"[\[\]{}]",
        r"である。*です|です。*である。です|だです",
        r"去年と違い、.*(同じ|変更はない|変更はありません)",
    ],
)
def test_no_ungrammatical_joins(odd: str) -> None:
    lines = [p.text for s in SPLITS for d in _rows(s) for p in d.row.passages]
    lines += [d.row.question for s in SPLITS for d in _rows(s)]
    lines += [line for document in _text() for line in document]
    assert not [line for line in lines if re.search(odd, line)]


def test_passages_and_questions_vary() -> None:
    texts = [p.text for d in _rows("train") for p in d.row.passages]
    pairs = [
        pair
        for text in texts[:3_000]
        for line in (words(text),)
        for pair in zip(line, line[1:], strict=False)
    ]
    assert len(set(pairs)) / len(pairs) >= 0.03
    asked = Counter(d.row.question for d in _rows("train"))
    assert asked.most_common(1)[0][1] <= 8


def test_heldout_parts_use_frames_that_no_other_row_uses() -> None:
    rows = rag_unseen.heldout_parts(60)
    assert rows == rag_unseen.heldout_parts(60)
    seen = {draft.row.question for split in SPLITS for draft in _rows(split)}
    assert not seen & {row.question for row in rows}
    known = {*GENERIC_PASSAGES, *GENERIC_QUESTIONS}
    assert not known & {*rag_unseen.PASSAGES, *rag_unseen.QUESTIONS}
    for row in rows:
        for place in row.positive_passage_indices:
            assert row.answers[0] in row.passages[place].text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("rag")
    for source in repository.SOURCES:
        source.build(root)
    return root / "datasets" / repository.RAG_ID


def test_repository_holds_documents_questions_and_reader_rows(folder: Path) -> None:
    documents = pq.read_table(folder / "documents/train-00000-of-00001.parquet")
    assert documents.schema.names == ["id", "url", "title", "text"]
    assert documents.num_rows == len(_documents())
    for split, rows in rag.QUESTION_ROWS.items():
        table = pq.read_table(folder / f"questions/{split}-00000-of-00001.parquet")
        assert table.num_rows == rows
        assert table.schema.names == list(RagQuestion.__dataclass_fields__)
    for split, rows in rag_reader.READER_ROWS.items():
        table = pq.read_table(folder / f"reader/{split}-00000-of-00001.parquet")
        assert table.num_rows == rows
        assert table.schema.names == AIO_COLUMNS
        passage = table["passages"][0].as_py()[0]
        assert list(passage) == ["passage_id", "title", "text"]


def test_every_config_of_the_card_can_be_loaded(folder: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    splits = {
        "documents": {"train"},
        "questions": set(rag.QUESTION_ROWS),
        "reader": set(rag_reader.READER_ROWS),
    }
    for config, names in splits.items():
        loaded = load_dataset(str(folder), config, cache_dir=str(tmp_path))
        assert set(loaded) == names


def test_docs_json_is_json_lines_of_the_same_documents(folder: Path) -> None:
    lines = (folder / repository.DOCS_FILE).read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [list(row) for row in rows] == [["page_id", "title", "text"]] * len(rows)
    assert [row["title"] for row in rows] == [d.document.title for d in _documents()]
    assert [row["page_id"] for row in rows] == list(range(1, len(rows) + 1))
