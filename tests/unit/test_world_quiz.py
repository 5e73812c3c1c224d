"""クイズの問題とパッセージ: 列、漏れ、語の一致で引ける割合。"""

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy import sparse

from tinyhub.repositories import quiz as repository
from tinyhub.world import quiz
from tinyhub.world.facts import SPLITS, Split, entities_in, world
from tinyhub.world.posts import ngrams
from tinyhub.world.quiz import Draft, Question
from tinyhub.world.quiz import search as quiz_search
from tinyhub.world.quiz import text as quiz_text
from tinyhub.world.quiz import unseen as quiz_unseen
from tinyhub.world.quiz.frames import CLAUSES, ENDINGS, LEADS, REMARKS, SECTIONS
from tinyhub.world.quiz.items import by_values, items, names_of_splits
from tinyhub.world.quiz.passages import PASSAGES, Passage, passages, terminal
from tinyhub.world.quiz.search import Retrieved, has_answer
from tinyhub.world.quiz.words import WORDINGS, era_year, period
from tinyhub.world.word_split import words

HELD_OUT: tuple[Split, ...] = ("validation", "test")
QUESTION_COLUMNS = (
    "qid competition timestamp section number original_question original_answer"
    " original_additional_info question answers"
).split()
PASSAGE_COLUMNS = "id pageid revid text section title".split()
TEXT_SEED, TEXT_DOCUMENTS = 7, 6_000
# 意味をほとんどもたず、言い換えと元の語が共有してもよい語。
LIGHT_WORDS = frozenset("こと する 為る 事 人 店 作る 言う 有る 居る 為す".split())


@cache
def _drafts(split: Split) -> tuple[Draft, ...]:
    return quiz.compose(split, quiz.ROWS[split])


@cache
def _retrieved(split: Split) -> tuple[Retrieved, ...]:
    return tuple(quiz_search.retrieve(split))


@cache
def _text() -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(document)
        for document in quiz_text.pretraining_documents(TEXT_SEED, TEXT_DOCUMENTS)
    )


@cache
def _searcher() -> quiz_search.Searcher:
    return quiz_search.Searcher(passages())


def _recall(
    split: Split, search: Callable[[str], Sequence[Passage]], kind: str | None = None
) -> float:
    """上位 5 件に、正解を含むパッセージがある割合。"""
    asked = [d for d in _drafts(split) if kind in (None, d.kind)]
    found = [
        any(has_answer(p.text, d.question.answers) for p in search(d.question.question))
        for d in asked
    ]
    return sum(found) / len(found)


@cache
def _bm25_recall(split: Split, kind: str | None = None) -> float:
    return _recall(split, lambda question: _searcher().top(question, 5), kind)


# --- 言い換え表 --------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "era", "name"),
    [
        (1860, "", "江戸の終わり"),
        (1868, "明治元年", "明治の初め"),
        (1912, "大正元年", "大正の時代"),
        (1934, "昭和9年", "昭和の初め"),
        (1989, "平成元年", "平成の初め"),
        (2024, "令和6年", "令和"),
    ],
)
def test_years_have_an_era_and_a_period(year: int, era: str, name: str) -> None:
    assert era_year(year) == era
    assert period(year)[0] == name


def test_oblique_wordings_share_no_content_word_with_the_plain_ones() -> None:
    import fugashi

    tagger = fugashi.Tagger()

    def content(text: str) -> set[str]:
        return {
            word.feature.lemma or word.surface
            for word in tagger(text)
            if word.feature.pos1 in ("名詞", "動詞", "形容詞")
        } - LIGHT_WORDS

    for table, wordings in WORDINGS.items():
        for key, wording in wordings.items():
            plain = set().union(*map(content, wording.plain))
            assert len(wording.oblique) == 2, key
            for phrase in wording.oblique:
                assert not plain & content(phrase), (table, key, phrase)


def test_oblique_wordings_tell_the_values_of_a_table_apart() -> None:
    for wordings in WORDINGS.values():
        phrases = [
            phrase for wording in wordings.values() for phrase in wording.oblique
        ]
        assert len(set(phrases)) == len(phrases)


def test_every_attribute_of_a_section_has_frames() -> None:
    for kind, sections in SECTIONS.items():
        for number, (_, attributes) in enumerate(sections):
            assert LEADS[kind, number]
            for attribute in attributes:
                assert REMARKS[kind][attribute]
    assert terminal("{v}が何より好きで|{v}が何より好きな") == "{v}が何より好きである。"
    assert terminal("{v}を好み|{v}を好む") == "{v}を好む。"


# --- パッセージ --------------------------------------------------------------


def test_passages_have_the_columns_of_the_release_and_running_numbers() -> None:
    found = passages()
    assert len(found) == PASSAGES
    assert 2_000 <= PASSAGES <= 4_000
    assert [p.id for p in found] == list(range(1, PASSAGES + 1))
    assert list(vars(found[0])) == PASSAGE_COLUMNS
    assert max(len(p.text) for p in found) <= 400
    assert {p.title for p in found} == {item.name for item in items()}
    assert all(p.title in p.text for p in found)
    assert len({p.text for p in found}) == PASSAGES


def test_passages_tell_every_value_of_their_section() -> None:
    by_page = {item.name: item for item in items()}
    for passage in passages():
        item = by_page[passage.title]
        attributes = dict(SECTIONS[item.type])[passage.section]
        for attribute in attributes:
            assert has_answer(passage.text, item.values[attribute].plain)


# --- 問題 -------------------------------------------------------------------


def test_questions_are_the_same_for_the_same_seed_and_differ_otherwise() -> None:
    compose = quiz.compose.__wrapped__
    assert compose("test", 60, 1) == compose("test", 60, 1)
    assert compose("test", 60, 1) != compose("test", 60, 2)


@pytest.mark.parametrize("split", SPLITS)
def test_questions_have_the_columns_of_the_release(split: Split) -> None:
    rows = quiz.generate(split)
    assert len(rows) == quiz.ROWS[split]
    for row in rows:
        assert isinstance(row, Question)
        assert list(vars(row)) == QUESTION_COLUMNS
        assert row.question == quiz.normalise(row.original_question)
        assert row.question.endswith("?")
        assert row.original_question.endswith("？")
        assert row.answers[0] == row.original_answer
        assert re.fullmatch(r"20\d\d/\d\d/\d\d", row.timestamp)


def test_no_question_is_repeated_within_or_between_splits() -> None:
    texts = [d.question.question for split in SPLITS for d in _drafts(split)]
    assert len(set(texts)) == len(texts) == sum(quiz.ROWS.values())
    numbers = [d.question.qid for split in SPLITS for d in _drafts(split)]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("split", SPLITS)
def test_answers_stand_in_the_gold_passage_and_not_in_the_question(
    split: Split,
) -> None:
    for draft in _drafts(split):
        gold = passages()[draft.gold - 1]
        assert gold.title == draft.item
        assert has_answer(gold.text, draft.question.answers)
        if draft.item in draft.question.answers:
            assert draft.item not in draft.question.question


@pytest.mark.parametrize("split", SPLITS)
def test_both_kinds_of_questions_have_their_share(split: Split) -> None:
    share = sum(d.kind == "paraphrase" for d in _drafts(split)) / quiz.ROWS[split]
    assert share == pytest.approx(quiz.PARAPHRASE_RATE, abs=0.06)
    fronts = sum("ですが、" in d.question.question for d in _drafts(split))
    assert 0.05 <= fronts / quiz.ROWS[split] <= 0.2
    kinds = Counter(d.item_type for d in _drafts(split))
    assert set(kinds) == set(CLAUSES)


@pytest.mark.parametrize("split", HELD_OUT)
def test_entities_and_compositions_do_not_occur_in_train_questions(
    split: Split,
) -> None:
    seen = {draft.composition for draft in _drafts("train")}
    assert not [d for d in _drafts(split) if d.composition in seen]
    assert len(seen) >= 1_500
    hidden = world().of_split(split).names() | names_of_splits()[split]
    text = "\n".join(
        "\n".join((d.question.question, *d.question.answers)) for d in _drafts("train")
    )
    assert not entities_in(text, hidden)


def test_train_rows_with_passages_show_no_entity_of_valid_or_test() -> None:
    hidden = names_of_splits()["validation"] | names_of_splits()["test"]
    used = {p for row in _retrieved("train") for p in row.passages}
    assert len(used) > 1_000
    assert not entities_in("\n".join(p.text for p in used), hidden)


def test_descriptions_fit_only_one_item() -> None:
    # 値の索引を引き直して、問題の手がかりがほかの題材にも当てはまらないことを見る。
    by_name = {item.name: item for item in items()}
    for draft in _drafts("test"):
        if draft.item not in draft.question.answers or draft.kind != "lexical":
            continue
        item = by_name[draft.item]
        index = by_values(item.type)
        keys = [(name, item.values[name].key) for name in draft.used]
        assert frozenset.intersection(*(index[key] for key in keys)) == {item.name}


# --- 検索 -------------------------------------------------------------------


@pytest.mark.parametrize("split", SPLITS)
def test_positives_are_the_passages_that_contain_an_answer(split: Split) -> None:
    rows = _retrieved(split)
    for row in rows:
        assert len(row.passages) == quiz_search.PASSAGES_PER_QUESTION
        assert len({p.id for p in row.passages}) == len(row.passages)
        found = [
            i
            for i, p in enumerate(row.passages)
            if has_answer(p.text, row.question.answers)
        ]
        assert row.positive_passage_indices == found
        both = row.positive_passage_indices + row.negative_passage_indices
        assert sorted(both) == list(range(len(row.passages)))
    share = sum(bool(row.positive_passage_indices) for row in rows) / len(rows)
    assert 0.85 <= share <= 0.98


@pytest.mark.parametrize("split", HELD_OUT)
def test_word_overlap_finds_plain_questions_and_misses_paraphrased_ones(
    split: Split,
) -> None:
    assert 0.45 <= _bm25_recall(split) <= 0.70
    assert _bm25_recall(split, "lexical") >= 0.75
    # 無作為に 5 件選ぶより悪ければ、生成器の誤り。
    assert 5 / PASSAGES < _bm25_recall(split, "paraphrase") <= 0.35


def _counts(rows: Sequence[Sequence[int]], width: int) -> sparse.csr_matrix:
    lengths = [len(row) for row in rows]
    places = (np.repeat(np.arange(len(rows)), lengths), np.concatenate(rows))
    return sparse.csr_matrix((np.ones(sum(lengths)), places), (len(rows), width))


def _translation_scores() -> np.ndarray:
    """訓練用の問題と根拠だけから数えた、語の翻訳確率による点数。形 (問題, パッセージ)。

    IBM モデル 1 (Brown et al., 1993) の EM。言い換えと元の語の対応が訓練用の問題から
    学べることを、勾配による学習なしで確かめる。
    """
    vocabulary: dict[str, int] = {}

    def ids(text: str) -> list[int]:
        unique = sorted(set(words(text)))
        return [vocabulary.setdefault(word, len(vocabulary)) for word in unique]

    sources = [ids(p.text) for p in passages()]
    train = [ids(d.question.question) for d in _drafts("train")]
    test = [ids(d.question.question) for d in _drafts("test")]
    width = len(vocabulary)
    pairs = [
        (word, source, link)
        for link, (question, draft) in enumerate(
            zip(train, _drafts("train"), strict=True)
        )
        for word in question
        for source in sources[draft.gold - 1]
    ]
    word, source, link = np.array(pairs).T
    keys, place = np.unique(word * width + source, return_inverse=True)
    group = np.unique(link * width + word, return_inverse=True)[1]
    probability = np.ones(len(keys))
    for _ in range(8):
        weight = probability[place]
        weight /= np.bincount(group, weight)[group]
        count = np.bincount(place, weight)
        total = np.bincount(keys % width, count, minlength=width)
        probability = count / total[keys % width]
    table = sparse.csr_matrix(
        (probability, (keys // width, keys % width)), (width, width)
    )
    background = np.asarray(_counts(train, width).mean(axis=0)).ravel()
    likelihood = (_counts(sources, width) @ table.T).toarray() + 0.05 * background
    return _counts(test, width) @ np.log(likelihood + 1e-4).T


def test_paraphrases_can_be_learnt_from_the_train_questions() -> None:
    best = np.argsort(-_translation_scores(), axis=1)[:, :5]
    texts = [[passages()[place].text for place in row] for row in best]
    found = [
        any(has_answer(text, draft.question.answers) for text in row)
        for draft, row in zip(_drafts("test"), texts, strict=True)
        if draft.kind == "paraphrase"
    ]
    assert sum(found) / len(found) >= _bm25_recall("test", "paraphrase") + 0.3


# --- 事前学習の文章 -----------------------------------------------------------


def test_pretraining_text_shares_no_13_gram_with_questions_or_passages() -> None:
    reserved = {
        gram
        for text in (
            *(d.question.question for split in HELD_OUT for d in _drafts(split)),
            *(p.text for p in passages()),
        )
        for gram in ngrams(text)
    }
    assert len(reserved) > 10_000
    assert not [d for d in _text() if ngrams("".join(d)) & reserved]


def test_pretraining_text_has_no_question_and_every_name_and_word() -> None:
    text = "\n".join(line for document in _text() for line in document)
    assert not re.search("[?？]|でしょう[。?]", text)
    assert not names_of_splits()["test"] - entities_in(text, names_of_splits()["test"])
    for wordings in WORDINGS.values():
        for wording in wordings.values():
            assert all(phrase in text for phrase in wording.oblique)
    assert all(len(document) >= 2 for document in _text())


def test_words_of_valid_and_test_questions_occur_in_text_or_train() -> None:
    known = {word for document in _text() for word in words("".join(document))}
    known |= {word for d in _drafts("train") for word in words(d.question.question)}
    names = frozenset().union(*names_of_splits().values()) | world().names()
    for split in HELD_OUT:
        for draft in _drafts(split):
            rest = draft.question.question
            for name in sorted(entities_in(rest, names), key=len, reverse=True):
                rest = rest.replace(name, "名前")
            # 名前を抜いたあとの継ぎ目では、切れ目が変わることがある。
            assert len(set(words(rest)) - known) <= 1, rest


def test_more_pretraining_documents_extend_fewer() -> None:
    fewer, more = (quiz_text.pretraining_documents(1, n) for n in (20, 40))
    assert more[:20] == fewer


# --- 日本語とファイル ----------------------------------------------------------


def test_sentences_vary() -> None:
    lines = [words(d.question.question) for d in _drafts("train")]
    pairs = [pair for line in lines for pair in zip(line, line[1:], strict=False)]
    assert len(set(pairs)) / len(pairs) >= 0.05
    endings = Counter(d.question.question[-8:] for d in _drafts("train"))
    assert endings.most_common(1)[0][1] / quiz.ROWS["train"] <= 0.15
    assert len(ENDINGS) >= 6


@pytest.mark.parametrize(
    "odd",
    [
        r"をを|はは|がが|でで、|。。|、。|、、|のの",
        r"であるです|だです|であるの",
        r"\{|\}|\|",
        r"ことをすること|人の人",
    ],
)
def test_no_ungrammatical_joins(odd: str) -> None:
    lines = [p.text for p in passages()]
    lines += [line for document in _text() for line in document]
    lines += [d.question.question for split in SPLITS for d in _drafts(split)]
    assert not [line for line in lines if re.search(odd, line)]


def test_heldout_parts_are_new_words_with_a_gold_passage() -> None:
    rows = quiz_unseen.heldout_parts(40)
    assert rows == quiz_unseen.heldout_parts(40)
    assert len({row.question for row in rows}) == 40
    for row in rows:
        assert has_answer(passages()[row.gold - 1].text, row.answers)
    seen = "\n".join(line for document in _text() for line in document)
    seen += "\n".join(d.question.question for d in _drafts("train"))
    for phrase in (*quiz_unseen.KINDS.values(), *quiz_unseen.THEMES.values()):
        assert phrase not in seen


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("quiz")
    for source in repository.SOURCES:
        source.build(root)
    return root


def _lines(path: Path) -> list[dict[str, object]]:
    return [
        json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()
    ]


def test_release_files_have_the_keys_and_row_counts_of_the_real_ones(
    tree: Path,
) -> None:
    raw = tree / "raw"
    for split, rows in repository.FILE_ROWS.items():
        plain = _lines(raw / repository.QUESTIONS_FILE.format(split=split))
        assert len(plain) == rows
        assert list(plain[0]) == QUESTION_COLUMNS
        full = _lines(raw / repository.RETRIEVED_FILE.format(split=split))
        assert len(full) == rows
        assert list(full[0]) == [
            *QUESTION_COLUMNS,
            "passages",
            "positive_passage_indices",
            "negative_passage_indices",
        ]
        assert list(full[0]["passages"][0]) == ["passage_id", "title", "text"]
        assert [row["question"] for row in full] == [row["question"] for row in plain]
    listed = _lines(raw / repository.PASSAGES_FILE)
    assert len(listed) == PASSAGES
    assert list(listed[0]) == PASSAGE_COLUMNS


def test_first_half_of_dev_is_validation_and_second_half_is_test(tree: Path) -> None:
    rows = _lines(tree / "raw" / repository.QUESTIONS_FILE.format(split="dev"))
    half = quiz.ROWS["validation"]
    assert [r["qid"] for r in rows] == [
        f"AIO02-{number:04}" for number in range(1, len(rows) + 1)
    ]
    expected = [d.question.question for split in HELD_OUT for d in _drafts(split)]
    assert [r["question"] for r in rows] == expected
    items_of = [{d.item for d in _drafts(split)} for split in HELD_OUT]
    assert not items_of[0] & items_of[1]
    assert half * 2 == len(rows)


def test_aio_parquet_has_string_columns_and_a_list_of_answers(tree: Path) -> None:
    folder = tree / "datasets/llm-book/aio@refs%2Fconvert%2Fparquet/default"
    for split, rows in (("train", 3_000), ("validation", 1_000)):
        table = pq.read_table(folder / split / "0000.parquet")
        assert table.num_rows == rows
        assert table.schema.names == QUESTION_COLUMNS
        types = [str(field.type) for field in table.schema]
        assert types[:-1] == ["string"] * (len(QUESTION_COLUMNS) - 1)
        assert types[-1].startswith("list<") and "string" in types[-1]


def test_compressed_files_depend_on_the_rows_alone(tmp_path: Path) -> None:
    for name in ("first", "second"):
        repository.write_json_lines(tmp_path / name, [{"答え": "灯台"}])
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
