"""含意関係の対: 形・関係の決め方・分割・漏れ・手がかりのなさを確かめる。"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import fugashi
import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from tinyhub.repositories import jglue
from tinyhub.world import captions, nli
from tinyhub.world.nli import probes as nli_probes
from tinyhub.world.photos import SPLITS, Scene, split_of
from tinyhub.world.photos.entailment import LABELS, relation_of

EVALUATION_SPLITS = ("valid", "test")
DOCUMENTS = 5_000
MAN = Scene("man", "read", object="book", place="park")


@cache
def rows(split: str) -> list[nli.NliRow]:
    return nli.label_rows(pairs(split), split)


@cache
def pairs(split: str) -> list[nli.NliPair]:
    """訓練は、時間をかけないように初めの半分だけを見る。"""
    count = nli.ROWS[split] // (2 if split == "train" else 1)
    return list(nli.pairs(split, count, nli.SEED))


@cache
def sentences(split: str) -> frozenset[str]:
    return frozenset(
        text for row in rows(split) for text in (row.sentence1, row.sentence2)
    )


@cache
def tagger() -> fugashi.Tagger:
    return fugashi.Tagger("-Owakati")


def grams(texts: frozenset[str]) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for text in texts:
        words = tagger().parse(text).split()
        found.update(zip(*(words[start:] for start in range(13)), strict=False))
    return found


# --- 形 ---------------------------------------------------------------------


def test_rows_have_the_columns_and_labels_of_jnli() -> None:
    columns = "sentence_pair_id yjcaptions_id sentence1 sentence2 label".split()
    for split in SPLITS:
        for number, row in enumerate(rows(split)):
            values = asdict(row)
            assert list(values) == columns
            assert all(type(value) is str for value in values.values())
            assert row.sentence_pair_id == str(number)
            assert row.label in ("entailment", "contradiction", "neutral")
            assert row.yjcaptions_id.count("-") == 2


def test_same_seed_gives_the_same_rows_and_fewer_rows_are_their_beginning() -> None:
    assert nli.generate("valid", 60, 3) == nli.generate("valid", 60, 3)
    assert nli.generate("valid", 60, 3) != nli.generate("valid", 60, 4)
    assert nli.generate("train", 50) == rows("train")[:50]
    with pytest.raises(ValueError, match="split"):
        nli.generate("validation", 1)


def test_raw_files_have_the_names_and_keys_of_jglue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jglue, "JSTS_ROWS", {"train": 3, "valid": 2})
    monkeypatch.setattr(jglue, "JNLI_ROWS", {"train": 5, "valid": 4})
    for source in jglue.SOURCES:
        source.build(tmp_path)
    for task, count in (("jsts", 2), ("jnli", 4)):
        (valid,) = tmp_path.glob(f"raw/**/datasets/{task}-v1.3/valid-v1.3.json")
        lines = valid.read_text(encoding="utf-8").splitlines()
        assert len(lines) == count
        keys = "sentence_pair_id yjcaptions_id sentence1 sentence2 label"
        assert list(json.loads(lines[0])) == keys.split()
    (train,) = tmp_path.glob("raw/**/datasets/jnli-v1.3/train-v1.3.json")
    rows = [json.loads(line) for line in train.read_text("utf-8").splitlines()]
    assert rows == [asdict(row) for row in nli.generate("train", 5)]


def test_label_distribution_is_that_of_jnli() -> None:
    for split in SPLITS:
        counts = Counter(row.label for row in rows(split))
        shares = [counts[label] / len(rows(split)) for label in LABELS]
        assert shares == pytest.approx([0.145, 0.30, 0.555], abs=0.035)


def test_share_of_changed_labels_is_the_stated_noise() -> None:
    for split in SPLITS:
        clean = [pair.label for pair in pairs(split)]
        noisy = [row.label for row in rows(split)]
        changed = np.mean([a != b for a, b in zip(clean, noisy, strict=True)])
        assert changed == pytest.approx(nli.LABEL_NOISE, abs=0.02)


# --- 関係 -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "entailment"),
        ({"place": None}, "entailment"),
        ({"place": "outside"}, "entailment"),
        ({"subject": "person"}, "entailment"),
        ({"action": None, "object": None}, "entailment"),
        ({"number": "2"}, "neutral"),
        ({"wear": "glasses"}, "neutral"),
        ({"background": "rain"}, "neutral"),
        ({"subject": "old_man"}, "neutral"),
        ({"subject": "student"}, "neutral"),
        ({"subject": "woman"}, "contradiction"),
        ({"object": "newspaper"}, "contradiction"),
        ({"place": "kitchen"}, "contradiction"),
        ({"action": "sleep", "object": None}, "contradiction"),
        ({"action": "sit", "object": None}, "neutral"),
        ({"subject": "boy"}, None),
        ({"place": "square"}, None),
        ({"subject": "woman", "place": "kitchen"}, None),
    ],
)
def test_relation_follows_from_the_facets(
    changes: dict[str, str | None], expected: str | None
) -> None:
    assert relation_of(MAN, replace(MAN, **changes)) == expected


def test_relation_to_another_photo_is_neutral() -> None:
    dog = Scene("dog", "run", place="beach")
    other = Scene("woman", "cook", place="kitchen")
    assert relation_of(MAN, dog) == relation_of(MAN, other) == "neutral"


def test_widening_is_entailed_and_narrowing_is_not() -> None:
    wide, narrow = Scene("dog", "run"), Scene("shiba", "run")
    assert relation_of(narrow, wide) == "entailment"
    assert relation_of(wide, narrow) == "neutral"
    small = replace(wide, size="small")
    assert relation_of(small, replace(small, subject="animal")) is None


def test_shirt_is_clothing_and_colours_belong_to_what_is_worn() -> None:
    shirt = replace(MAN, wear="shirt", colour="赤")
    assert relation_of(shirt, replace(shirt, wear="clothes")) == "entailment"
    assert relation_of(shirt, replace(shirt, colour="青")) == "contradiction"
    assert relation_of(shirt, replace(shirt, wear="hat", colour="青")) == "neutral"


def test_weather_contradicts_weather_but_not_the_hour() -> None:
    rain = replace(MAN, background="rain")
    assert relation_of(rain, replace(rain, background="snow")) == "contradiction"
    assert relation_of(rain, replace(rain, background="night")) == "neutral"


def test_negation_turns_the_relation_of_the_action() -> None:
    said = Scene("dog", "run", place="beach")
    assert relation_of(said, said, negated=True) == "contradiction"
    walking = replace(said, action="walk")
    assert relation_of(walking, said, negated=True) == "entailment"
    still = replace(said, action=None)
    assert relation_of(still, said, negated=True) == "neutral"
    assert relation_of(replace(said, place="zoo"), said, negated=True) is None


def test_every_pair_has_the_relation_of_its_scenes() -> None:
    for split in SPLITS:
        for pair in pairs(split):
            found = relation_of(pair.premise.scene, pair.hypothesis.scene, pair.negated)
            assert found == pair.label
            negative = pair.hypothesis.text.endswith(("いません。", "いない。"))
            assert negative == pair.negated


# --- 分割と漏れ ---------------------------------------------------------------


def test_splits_share_neither_sentences_nor_subject_action_pairs() -> None:
    for split in EVALUATION_SPLITS:
        assert not sentences("train") & sentences(split)
    assert not sentences("valid") & sentences("test")
    for split in SPLITS:
        for pair in pairs(split):
            for caption in (pair.premise, pair.hypothesis):
                assert split_of(caption.scene.subject, caption.scene.action) == split


def test_evaluation_sentences_do_not_occur_in_the_training_rows_of_jsts() -> None:
    sts = captions.generate("train", captions.ROWS["train"], captions.SEED)
    texts = {text for row in sts for text in (row.sentence1, row.sentence2)}
    for split in EVALUATION_SPLITS:
        assert not texts & sentences(split)


def test_pretraining_text_shares_no_13_words_with_the_evaluation_splits() -> None:
    documents = captions.pretraining_documents(7, DOCUMENTS)
    prose = frozenset(text for document in documents for text in document)
    seen = grams(prose)
    for split in EVALUATION_SPLITS:
        assert len(grams(sentences(split))) > 500
        assert not seen & grams(sentences(split))
        assert not prose & sentences(split)


def test_words_of_the_evaluation_splits_are_seen_in_train() -> None:
    known = {w for text in sentences("train") for w in tagger().parse(text).split()}
    for split in EVALUATION_SPLITS:
        used = {w for text in sentences(split) for w in tagger().parse(text).split()}
        assert len(used - known) <= 0.01 * len(used)


def test_sentences_vary() -> None:
    for split in SPLITS:
        texts = [t for row in rows(split) for t in (row.sentence1, row.sentence2)]
        assert len(set(texts)) / len(texts) >= 0.9
        assert not [t for t in texts if re.search(r"ました|。。|がが|をを", t)]


# --- 手がかり -----------------------------------------------------------------


def _scores(train: object, valid: object) -> tuple[float, float]:
    """正解率と macro-F1。"""
    labels = [pair.label for pair in pairs("train")]
    gold = [pair.label for pair in pairs("valid")]
    model = LogisticRegression(max_iter=200).fit(train, labels)
    accuracy = model.score(valid, gold)
    balanced = LogisticRegression(max_iter=200, class_weight="balanced")
    guess = balanced.fit(train, labels).predict(valid)
    return accuracy, float(f1_score(gold, guess, average="macro"))


@cache
def _ngrams(side: str) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), min_df=4)
    texts = {
        split: [getattr(pair, side).text for pair in pairs(split)]
        for split in ("train", "valid")
    }
    train = vectorizer.fit_transform(texts["train"])
    return train, vectorizer.transform(texts["valid"])


def _majority() -> float:
    return float(np.mean([pair.label == "neutral" for pair in pairs("valid")]))


@pytest.mark.parametrize("side", ["hypothesis", "premise"])
def test_one_sentence_alone_hardly_tells_the_label(side: str) -> None:
    accuracy, macro = _scores(*_ngrams(side))
    assert _majority() - 0.06 <= accuracy <= _majority() + 0.03
    assert 0.25 <= macro <= 0.45


def test_ngrams_of_both_sentences_hardly_tell_the_label() -> None:
    (train1, valid1), (train2, valid2) = _ngrams("premise"), _ngrams("hypothesis")
    accuracy, macro = _scores(
        sparse.hstack([train1, train2]).tocsr(), sparse.hstack([valid1, valid2]).tocsr()
    )
    assert _majority() - 0.06 <= accuracy <= 0.60
    assert 0.28 <= macro <= 0.50


def _overlap(pair: nli.NliPair) -> list[float]:
    first, second = pair.premise.text, pair.hypothesis.text
    found = [len(first) / 30, len(second) / 30]
    for size in (1, 2, 3):
        one, other = (
            {text[i : i + size] for i in range(len(text) - size + 1)}
            for text in (first, second)
        )
        both = len(one & other)
        found += [both / len(one), both / len(other), both / len(one | other)]
    return found


def test_overlap_of_characters_is_a_weak_guide() -> None:
    accuracy, macro = _scores(
        [_overlap(pair) for pair in pairs("train")],
        [_overlap(pair) for pair in pairs("valid")],
    )
    assert _majority() <= accuracy <= 0.64
    assert 0.33 <= macro <= 0.57


# --- 分析用の組 ----------------------------------------------------------------


def test_swapped_pairs_show_that_entailment_has_a_direction() -> None:
    swapped = nli_probes.swapped_pairs(160, 1)
    counts = Counter((pair.label, pair.swapped_label) for pair in swapped)
    assert counts["entailment", "neutral"] > counts["entailment", "entailment"] > 0
    assert counts["contradiction", "contradiction"] > 25
    assert not counts["contradiction", "entailment"]


def test_notation_trios_differ_in_one_word() -> None:
    trios = nli_probes.notation_trios(60, 1)
    assert len({trio.sentence for trio in trios}) == 60
    for trio in trios:
        assert trio.sentence.replace(trio.before, trio.after, 1) == trio.variant
        assert trio.before != trio.after and trio.other in trio.changed
        assert trio.changed not in (trio.sentence, trio.variant)
