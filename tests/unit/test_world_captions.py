"""写真説明文の対: 形・採点・分割・事前学習テキストへの漏れを確かめる。"""

from __future__ import annotations

import re
import statistics
from dataclasses import asdict, replace
from functools import cache
from random import Random

import fugashi
import pytest
from scipy.stats import spearmanr

from tinyhub.world import captions
from tinyhub.world.photos import (
    SPLITS,
    Scene,
    change,
    describe,
    sample_photo,
    split_of,
)
from tinyhub.world.photos.text import render
from tinyhub.world.photos.words import ACTIONS, PLACES, SUBJECTS

DOCUMENTS = 32_000
EVALUATION_SPLITS = ("valid", "test")


@cache
def rows(split: str) -> list[captions.StsRow]:
    return captions.generate(split, captions.ROWS[split], captions.SEED)


@cache
def sentences(split: str) -> list[str]:
    return [text for row in rows(split) for text in (row.sentence1, row.sentence2)]


@cache
def pretraining_sentences() -> list[str]:
    documents = captions.pretraining_documents(7, DOCUMENTS)
    return [sentence for document in documents for sentence in document]


@cache
def tagger() -> fugashi.Tagger:
    return fugashi.Tagger("-Owakati")


def words(sentence: str) -> list[str]:
    return tagger().parse(sentence).split()


def scenes(count: int, seed: int) -> list[Scene]:
    rng = Random(seed)
    return [describe(sample_photo(rng, "train"), rng, "train") for _ in range(count)]


def test_same_seed_gives_the_same_rows_and_another_seed_does_not() -> None:
    assert captions.generate("valid", 60, 3) == captions.generate("valid", 60, 3)
    assert captions.generate("valid", 60, 3) != captions.generate("valid", 60, 4)
    first = captions.pretraining_documents(3, 40)
    assert first == captions.pretraining_documents(3, 40)
    assert first != captions.pretraining_documents(4, 40)


def test_fewer_rows_are_the_beginning_of_more_rows() -> None:
    assert captions.generate("train", 50, 5) == captions.generate("train", 90, 5)[:50]


def test_rows_have_the_columns_and_types_of_jsts() -> None:
    columns = {
        "sentence_pair_id": str,
        "yjcaptions_id": str,
        "sentence1": str,
        "sentence2": str,
        "label": float,
    }
    for split in SPLITS:
        for number, row in enumerate(rows(split)[:300]):
            values = asdict(row)
            assert {name: type(value) for name, value in values.items()} == columns
            assert row.sentence_pair_id == str(number)
            assert row.yjcaptions_id.count("-") == 2


def test_labels_are_means_of_five_integer_ratings() -> None:
    for split in SPLITS:
        labels = [row.label for row in rows(split)]
        assert min(labels) >= 0 and max(labels) <= 5
        assert all(abs(label * 5 - round(label * 5)) < 1e-9 for label in labels)
        assert len(set(labels)) >= 24


def test_label_distribution_resembles_jsts() -> None:
    for split in SPLITS:
        labels = [row.label for row in rows(split)]
        assert statistics.mean(labels) == pytest.approx(2.3, abs=0.2)
        assert statistics.stdev(labels) == pytest.approx(1.45, abs=0.15)


def test_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match="split"):
        captions.generate("validation", 1, 0)


def test_no_sentence_is_shared_between_splits() -> None:
    for split in EVALUATION_SPLITS:
        assert not set(sentences("train")) & set(sentences(split))
    assert not set(sentences("valid")) & set(sentences("test"))


def test_subject_and_action_pairs_are_held_out() -> None:
    for split in SPLITS:
        for pair in captions.pairs(split, 200, captions.SEED):
            for caption in (pair.first, pair.second):
                scene = caption.scene
                assert split_of(scene.subject, scene.action) == split


def test_every_word_of_the_evaluation_splits_occurs_in_the_prose() -> None:
    known = {word for text in pretraining_sentences() for word in words(text)}
    for split in EVALUATION_SPLITS:
        used = {word for text in sentences(split) for word in words(text)}
        assert not used - known


def test_evaluation_words_are_almost_all_seen_in_train() -> None:
    known = {word for text in sentences("train") for word in words(text)}
    for split in EVALUATION_SPLITS:
        used = {word for text in sentences(split) for word in words(text)}
        assert len(used - known) <= 0.01 * len(used)


def test_prose_shares_no_13_words_in_a_row_with_the_evaluation_splits() -> None:
    def grams(texts: list[str]) -> set[tuple[str, ...]]:
        found: set[tuple[str, ...]] = set()
        for text in texts:
            split_words = words(text)
            found.update(
                tuple(split_words[start : start + 13])
                for start in range(len(split_words) - 12)
            )
        return found

    prose = pretraining_sentences()
    for split in EVALUATION_SPLITS:
        assert grams(sentences(split)), "13 語以上の文が一つもありません"
        assert not grams(prose) & grams(sentences(split))
        assert not set(prose) & set(sentences(split))


def test_prose_comes_in_documents_of_neighbouring_sentences() -> None:
    documents = captions.pretraining_documents(1, 400)
    assert len(documents) == 400
    assert all(2 <= len(document) <= 7 for document in documents)
    assert any("ではなく" in text for document in documents for text in document)
    assert any("の一種だ" in text for document in documents for text in document)


def test_prose_holds_no_scores() -> None:
    pattern = re.compile(r"\d\.\d|類似|似て|スコア|点数|評価")
    assert not [text for text in pretraining_sentences() if pattern.search(text)]


def test_duplicate_sentences_are_rare() -> None:
    for split in SPLITS:
        assert len(set(sentences(split))) / len(sentences(split)) >= 0.98


def test_similarity_is_symmetric() -> None:
    for first, second in zip(scenes(300, 1), scenes(300, 2), strict=True):
        assert captions.similarity(first, second) == captions.similarity(second, first)


def test_identical_scenes_score_at_least_four() -> None:
    rng = Random(0)
    for scene in scenes(300, 3):
        score = captions.similarity(scene, scene)
        assert score >= 4
        assert captions.annotate(score, rng) >= 4


def test_scenes_of_another_kind_doing_something_else_score_at_most_one() -> None:
    pool = scenes(600, 4)
    compared = 0
    for first, second in zip(pool[:300], pool[300:], strict=True):
        if first.kind != second.kind and first.action != second.action:
            compared += 1
            assert captions.similarity(first, second) <= 1
    assert compared > 100


def test_an_incompatible_value_lowers_the_score_more_than_silence() -> None:
    rng = Random(5)
    checked = set()
    for scene in scenes(600, 5):
        for facet in scene.stated():
            if facet in ("subject", "action"):
                continue
            other = change(scene, facet, rng, "train")
            if other is None:
                continue
            silent = captions.similarity(scene, replace(scene, **{facet: None}))
            clash = captions.similarity(scene, other)
            assert clash < silent < captions.similarity(scene, scene)
            checked.add(facet)
    assert checked == {
        "object",
        "place",
        "number",
        "colour",
        "size",
        "wear",
        "background",
        "side",
    }


def test_each_further_change_lowers_the_score() -> None:
    rng = Random(6)
    compared = 0
    for scene in scenes(400, 6):
        facets = [name for name in scene.stated() if name not in ("action", "object")]
        current, score = scene, captions.similarity(scene, scene)
        for facet in facets:
            changed = change(current, facet, rng, "train")
            if changed is None:
                continue
            lowered = captions.similarity(scene, changed)
            assert lowered < score
            current, score = changed, lowered
            compared += 1
    assert compared > 400


def test_opposites_written_almost_alike_are_told_apart() -> None:
    low = Scene("plane", "fly_low", place="hill", number="2")
    high = replace(low, action="fly_high")
    assert captions.similarity(low, high) < 3 < captions.similarity(low, low)


def test_same_wording_repeats_and_other_wording_differs() -> None:
    rng = Random(7)
    for scene in scenes(80, 7):
        caption = render(scene, rng)
        again = render(scene, rng, caption.wording, "same")
        assert again.text == caption.text
    texts = {render(scene, rng).text for _ in range(30)}
    assert len(texts) > 10


def test_character_overlap_is_a_weak_guide_to_the_label() -> None:
    def jaccard(first: str, second: str) -> float:
        return len({*first} & {*second}) / len({*first} | {*second})

    for split in EVALUATION_SPLITS:
        overlap = [jaccard(row.sentence1, row.sentence2) for row in rows(split)]
        rho = spearmanr(overlap, [row.label for row in rows(split)]).statistic
        assert 0.3 <= rho <= 0.75


def test_novel_frames_never_occur_in_train() -> None:
    endings = ("主役です。", "とらえました。", "入ってきます。", "一枚です。", "一枚。")
    novel = captions.generate_novel_frames(100, 0)
    texts = [text for row in novel for text in (row.sentence1, row.sentence2)]
    assert all(text.endswith(endings) for text in texts)
    assert not any(text.endswith(endings) for text in sentences("train"))
    assert not any(text.endswith(endings) for text in pretraining_sentences())


def test_word_tables_refer_to_each_other_consistently() -> None:
    for action in ACTIONS.values():
        assert set(action.places) <= set(PLACES)
        if action.opposite:
            assert action.opposite in ACTIONS
        assert action.bare or action.verbs
        assert bool(action.verbs) == bool(action.objects)
    for concept in SUBJECTS.values():
        assert concept.parent is None or concept.parent in SUBJECTS
