"""固有表現の文: 形・位置・分け方・難しさ・事前学習の文章への漏れ。"""

import json
import random
import re
from collections import Counter
from functools import cache
from pathlib import Path

import fugashi
import pytest

from tinyhub.repositories import ner as repository
from tinyhub.world import ner
from tinyhub.world.facts import SPLITS, Split
from tinyhub.world.ner import NOISE, ROWS, Draft, Entity, Row
from tinyhub.world.ner.frames import GENERIC, MODIFIERS, NEWS, PREDICATES, PRONOUNS
from tinyhub.world.ner.names import TYPE_OF, TYPES, names

DOCUMENTS = 2_000
TEXT_SEED = 7


@cache
def rows() -> list[Row]:
    return ner.generate("wikipedia", ROWS["wikipedia"])


@cache
def news() -> list[Row]:
    return ner.generate("wikinews", ROWS["wikinews"])


@cache
def book() -> dict[Split, list[Row]]:
    return ner.book_split(rows())


@cache
def drafts(split: Split) -> list[Draft]:
    return ner.compose(split, ner.book_sizes(ROWS["wikipedia"])[split])


@cache
def documents() -> list[list[str]]:
    return ner.pretraining_documents(TEXT_SEED, DOCUMENTS)


@cache
def tagger() -> fugashi.Tagger:
    return fugashi.Tagger()


def words(text: str) -> list[str]:
    return [word.surface for word in tagger()(text)]


def mentions(found: list[Row]) -> list[tuple[str, str]]:
    return [(entity.name, entity.type) for row in found for entity in row.entities]


@cache
def dictionary() -> dict[str, str]:
    counts: dict[str, Counter[str]] = {}
    for name, kind in mentions(book()["train"]):
        counts.setdefault(name, Counter())[kind] += 1
    return {name: kinds.most_common(1)[0][0] for name, kinds in counts.items()}


def by_dictionary(text: str) -> set[tuple[int, int, str]]:
    """訓練の注釈で見た名前を、長いものから順に当てる。"""
    known, found, start = dictionary(), set(), 0
    longest = max(map(len, known))
    while start < len(text):
        for end in range(min(len(text), start + longest), start, -1):
            if text[start:end] in known:
                found.add((start, end, known[text[start:end]]))
                start = end
                break
        else:
            start += 1
    return found


@cache
def suffixes() -> dict[str, str]:
    """訓練の名前の語尾のうち、八割以上が一つの型に偏るもの。"""
    counts: dict[str, Counter[str]] = {}
    for name, kind in mentions(book()["train"]):
        for size in range(1, 5):
            if len(name) > size:
                counts.setdefault(name[-size:], Counter())[kind] += 1
    return {
        tail: kinds.most_common(1)[0][0]
        for tail, kinds in counts.items()
        if kinds.total() >= 10 and kinds.most_common(1)[0][1] / kinds.total() >= 0.8
    }


def by_suffix(text: str) -> set[tuple[int, int, str]]:
    """漢字と片仮名の連なりのうち、語尾で型の分かるものを名前とみなす。"""
    known, found = suffixes(), by_dictionary(text)
    taken = {place for start, end, _ in found for place in range(start, end)}
    for run in re.finditer("[一-龥々0-9ァ-ヴー・]{3,}", text):
        if taken & {*range(*run.span())}:
            continue
        tails = [run.group()[-size:] for size in (4, 3, 2, 1)]
        kind = next((known[tail] for tail in tails if tail in known), None)
        if kind:
            found.add((*run.span(), kind))
    return found


def f1(predict, found: list[Row]) -> float:
    right = total = 0
    for row in found:
        gold = {(*entity.span, entity.type) for entity in row.entities}
        predicted = predict(row.text)
        right += len(gold & predicted)
        total += len(gold) + len(predicted)
    return 2 * right / total


# --- 部品 -------------------------------------------------------------------


def test_frames_fill_known_slots_only() -> None:
    slots = {*TYPE_OF, "年", "年代", "月", "日"}
    frames = [*NEWS, *(f for group in PREDICATES.values() for f in group)]
    frames += [form for group in MODIFIERS.values() for form in group]
    for frame in frames:
        assert {*re.findall(r"\{(.+?)\}", frame)} <= slots, frame
    assert {*TYPE_OF.values()} == {*TYPES}
    assert {*TYPE_OF} == {*GENERIC, "県", "国"}
    assert {*PREDICATES} == {*PRONOUNS}


def test_names_of_valid_and_test_are_not_names_of_train() -> None:
    texts = {
        split: {name.text for group in names(split).values() for name in group}
        for split in SPLITS
    }
    assert len(texts["train"]) > 5_000
    for split in ("validation", "test"):
        assert not texts[split] & texts["train"]
        assert all(names(split)[slot] for slot in TYPE_OF if slot != "県")


# --- 行 ---------------------------------------------------------------------


def test_same_seed_gives_the_same_rows_and_another_seed_does_not() -> None:
    for source in ("wikipedia", "wikinews"):
        assert ner.generate(source, 50, 1) == ner.generate(source, 50, 1)
        assert ner.generate(source, 50, 1) != ner.generate(source, 50, 2)


def test_spans_are_the_exact_places_of_the_names() -> None:
    for row in (*rows(), *news()):
        assert row.curid.isdigit()
        for entity in row.entities:
            start, end = entity.span
            assert row.text[start:end] == entity.name != ""
            assert entity.type in TYPES


def test_spans_do_not_overlap_and_come_in_order() -> None:
    for row in (*rows(), *news()):
        for one, other in zip(row.entities, row.entities[1:], strict=False):
            assert one.span[1] <= other.span[0]


def test_counts_resemble_the_real_dataset() -> None:
    counts = Counter(kind for _, kind in mentions(rows()))
    assert set(counts) == set(TYPES)
    assert min(counts.values()) >= 0.05 * counts.total()
    assert counts.most_common(1)[0][0] == "人名"
    assert 1.8 <= counts.total() / len(rows()) <= 2.6
    empty = sum(not row.entities for row in rows()) / len(rows())
    assert empty == pytest.approx(0.11, abs=0.03)
    assert Counter(len(row.entities) for row in rows())[4] >= 200


def test_no_sentence_is_repeated() -> None:
    texts = [row.text for row in (*rows(), *news())]
    assert len(texts) == len(set(texts))


def test_book_split_is_a_shuffle_with_seed_42_and_eight_one_one() -> None:
    shuffled = list(rows())
    random.seed(42)
    random.shuffle(shuffled)
    found = book()
    assert [len(found[split]) for split in SPLITS] == [4_000, 500, 500]
    assert [row for split in SPLITS for row in found[split]] == shuffled
    for split in SPLITS:
        texts = [draft.text for draft in drafts(split)]
        assert texts == [row.text for row in found[split]]


@pytest.mark.parametrize("split", ["validation", "test"])
def test_compositions_do_not_occur_in_train(split: Split) -> None:
    seen = {draft.composition for draft in drafts("train")}
    assert not [draft for draft in drafts(split) if draft.composition in seen]
    assert len(seen) >= 2_000


@pytest.mark.parametrize("split", ["validation", "test"])
def test_three_mentions_in_ten_were_seen_in_train(split: Split) -> None:
    seen = {*mentions(book()["train"])}
    found = mentions(book()[split])
    assert sum(m in seen for m in found) / len(found) == pytest.approx(0.29, abs=0.05)


def test_share_of_wrong_annotations_is_the_stated_noise() -> None:
    clean = [draft for split in SPLITS for draft in drafts(split)]
    noisy = [row for split in SPLITS for row in book()[split]]
    wrong = total = 0
    for draft, row in zip(clean, noisy, strict=True):
        wrong += len({*draft.entities} - {*row.entities})
        total += len(draft.entities)
    assert wrong / total == pytest.approx(NOISE, abs=0.006)


def test_same_string_is_annotated_with_different_types() -> None:
    types: dict[str, set[str]] = {}
    for name, kind in mentions(rows()):
        types.setdefault(name, set()).add(kind)
    double = [name for name, kinds in types.items() if len(kinds) > 1]
    assert len(double) >= 200


# --- 難しさ -----------------------------------------------------------------


@pytest.mark.parametrize("split", ["validation", "test"])
def test_train_dictionary_helps_but_does_not_suffice(split: Split) -> None:
    assert 0.2 <= f1(by_dictionary, book()[split]) <= 0.60
    assert 0.2 <= f1(by_suffix, book()[split]) <= 0.70


def test_news_frames_do_not_occur_in_the_encyclopaedia() -> None:
    assert 0.2 <= f1(by_dictionary, news()) <= 0.60
    seen = {draft.composition for split in SPLITS for draft in drafts(split)}
    assert not seen & {draft.composition for draft in ner.compose_news(178)}
    assert 2.0 <= len(mentions(news())) / len(news()) <= 3.2


def test_sentences_vary() -> None:
    tokens = [words(row.text) for row in rows()]
    pairs = [pair for line in tokens for pair in zip(line, line[1:], strict=False)]
    assert len(set(pairs)) / len(pairs) >= 0.08
    assert sum(map(len, tokens)) / len(tokens) <= 30
    assert max(map(len, tokens)) <= 60


# --- 事前学習の文章 ---------------------------------------------------------


def test_pretraining_text_has_no_annotations_and_no_run_of_held_out_words() -> None:
    held_out = [row.text for split in ("validation", "test") for row in book()[split]]
    held_out += [row.text for row in news()]
    reserved = {gram for text in held_out for gram in ner.ngrams(text)}
    assert len(reserved) > 3_000
    for document in documents():
        assert 2 <= len(document) <= 4
        for line in document:
            assert not re.search("法人名|組織名|施設名|製品名|[{}/]", line)
            assert reserved.isdisjoint(ner.ngrams(line)), line


def test_more_pretraining_documents_extend_fewer() -> None:
    assert documents()[:40] == ner.pretraining_documents(TEXT_SEED, 40)


def test_words_of_held_out_sentences_occur_in_the_pretraining_text() -> None:
    lines = [line for document in documents() for line in document]
    known = {word for line in lines for word in words(line)}
    for split in ("validation", "test"):
        used = [word for row in book()[split] for word in words(row.text)]
        unknown = [word for word in used if word not in known and not word.isdigit()]
        assert len(unknown) / len(used) <= 0.03


@pytest.mark.parametrize(
    "odd",
    [
        r"をを|はは(?!く)|のの|。。|、、|にに|がが",
        r"[{}\[\]/]",
        "のち(の|に).{0,6}のちの",
        "ていること.*ことでも",
    ],
)
def test_no_ungrammatical_joins(odd: str) -> None:
    assert not [row.text for row in (*rows(), *news()) if re.search(odd, row.text)]


# --- 配る形 -----------------------------------------------------------------


def test_files_have_the_form_of_the_real_ones(tmp_path: Path) -> None:
    for source in repository.SOURCES:
        source.build(tmp_path)
    stock = tmp_path / "datasets/stockmark/ner-wikipedia-dataset"
    loaded = json.loads((stock / "ner.json").read_text(encoding="utf-8"))
    assert [list(row) for row in loaded[:5]] == [["curid", "text", "entities"]] * 5
    again = [
        Row(
            row["curid"],
            row["text"],
            tuple(
                Entity(e["name"], tuple(e["span"]), e["type"]) for e in row["entities"]
            ),
        )
        for row in loaded
    ]
    assert again == rows()
    folder = tmp_path / "datasets/llm-book/ner-wikinews-dataset"
    tasks = json.loads((folder / "annotated_wikinews.json").read_text(encoding="utf-8"))
    annotated = [task for task in tasks if task["annotations"]]
    assert len(annotated) == ROWS["wikinews"] == len(tasks) - repository.UNANNOTATED
    for task in annotated:
        for result in task["annotations"][0]["result"]:
            value = result["value"]
            assert task["data"]["text"][value["start"] : value["end"]] == value["text"]
            assert {*value["labels"]} < {*TYPES}
