"""JSNLI の形の対: 形・ラベル・三つ組の作りやすさ・漏れを確かめる。"""

import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path

import fugashi
import pyarrow.parquet as pq
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from tinyhub.repositories import jsnli as repository
from tinyhub.world import captions, jsnli
from tinyhub.world.captions import similarity
from tinyhub.world.jsnli import LABEL_NOISE, LABELS, ROWS, Example, JsnliRow, Split
from tinyhub.world.paragraphs import jsts_sentences
from tinyhub.world.photos import split_of
from tinyhub.world.photos.entailment import relation_of


@cache
def _rows(split: Split) -> list[JsnliRow]:
    return jsnli.generate(split, ROWS[split])


@cache
def _examples(split: Split) -> list[Example]:
    return jsnli.examples(split, ROWS[split])


def _texts(split: Split) -> set[str]:
    return {
        caption.text
        for example in _examples(split)
        for caption in (example.premise, example.hypothesis)
    }


@cache
def _tagger() -> fugashi.Tagger:
    return fugashi.Tagger("-Owakati")


def _runs(texts: Iterable[str]) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for text in texts:
        words = _tagger().parse(text).split()
        found.update(tuple(words[at : at + 13]) for at in range(len(words) - 12))
    return found


def test_same_seed_gives_the_same_rows_and_another_seed_does_not() -> None:
    assert jsnli.generate("validation", 60, 3) == jsnli.generate("validation", 60, 3)
    assert jsnli.generate("validation", 60, 3) != jsnli.generate("validation", 60, 4)
    with pytest.raises(ValueError, match="split"):
        jsnli.generate("test", 1)


def test_sentences_are_segmented_by_spaces() -> None:
    for split in ROWS:
        assert len(_rows(split)) == ROWS[split]
        for row, example in zip(_rows(split), _examples(split), strict=True):
            assert row.premise.replace(" ", "") == example.premise.text
            assert row.hypothesis.replace(" ", "") == example.hypothesis.text
            assert " " in row.premise and "  " not in row.premise


def test_label_order_is_that_of_the_converted_files(tmp_path: Path) -> None:
    (source,) = repository.SOURCES
    source.build(tmp_path)
    branch = tmp_path / "datasets/shunk031/jsnli@refs%2Fconvert%2Fparquet"
    for split, rows in ROWS.items():
        path = branch / repository.JSNLI_CONFIG / split / "0000.parquet"
        table = pq.read_table(path)
        assert table.num_rows == rows
        assert table.schema.names == ["premise", "hypothesis", "label"]
        types = [str(field.type) for field in table.schema]
        assert types == ["string", "string", "int64"]
        features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
        names = ["entailment", "neutral", "contradiction"]
        assert features["label"]["names"] == names == list(LABELS)
        told = [names[index] for index in table["label"].to_pylist()]
        assert told == [row.label for row in _rows(split)]
    card = tmp_path / "datasets/shunk031/jsnli/README.md"
    assert "人工データ" in card.read_text()


def test_labels_are_balanced_follow_the_scenes_and_carry_noise() -> None:
    for split in ROWS:
        for label, count in Counter(e.label for e in _examples(split)).items():
            assert 0.27 <= count / ROWS[split] <= 0.4, label
        for example in _examples(split):
            premise, hypothesis = example.premise.scene, example.hypothesis.scene
            assert relation_of(premise, hypothesis) == example.label
        changed = [
            row.label != example.label
            for row, example in zip(_rows(split), _examples(split), strict=True)
        ]
        assert statistics.mean(changed) == pytest.approx(LABEL_NOISE, abs=0.025)


def test_almost_every_premise_yields_a_triple() -> None:
    groups: dict[str, set[str]] = defaultdict(set)
    for row in _rows("train"):
        groups[row.premise].add(row.label)
    assert len(groups) >= 2_000
    complete = [{"entailment", "contradiction"} <= labels for labels in groups.values()]
    assert statistics.mean(complete) >= 0.85
    # 行は混ざっていて、同じ前提が続くことは少ない。
    pairs = zip(_rows("train"), _rows("train")[1:], strict=False)
    assert statistics.mean(a.premise == b.premise for a, b in pairs) < 0.05


def test_entailments_are_closer_in_meaning_but_not_in_letters() -> None:
    def jaccard(example: Example) -> float:
        one, other = {*example.premise.text}, {*example.hypothesis.text}
        return len(one & other) / len(one | other)

    def means(measure: Callable[[Example], float]) -> dict[str, float]:
        return {
            label: statistics.mean(
                measure(e) for e in _examples("train") if e.label == label
            )
            for label in LABELS
        }

    meaning = means(lambda e: similarity(e.premise.scene, e.hypothesis.scene))
    letters = means(jaccard)
    assert meaning["entailment"] > meaning["contradiction"] + 0.7
    assert abs(letters["entailment"] - letters["contradiction"]) < 0.06


def test_scenes_of_train_and_validation_do_not_meet() -> None:
    for split, scenes in jsnli.SCENE_SPLITS.items():
        for example in _examples(split)[:1500]:
            for caption in (example.premise, example.hypothesis):
                scene = caption.scene
                assert split_of(scene.subject, scene.action) == scenes
    assert not _texts("train") & _texts("validation")
    assert not _runs(_texts("train")) & _runs(_texts("validation"))


def test_no_sentence_of_jsts_and_no_run_of_its_evaluation_splits_occurs() -> None:
    assert not _texts("train") & jsts_sentences()
    held_out = _runs(
        caption.text
        for split in ("valid", "test")
        for pair in captions.pairs(split, captions.ROWS[split], captions.SEED)
        for caption in (pair.first, pair.second)
    )
    assert len(held_out) > 5_000
    assert not held_out & _runs(_texts("train"))


def test_words_without_order_do_not_give_the_label() -> None:
    def accuracy(text: Callable[[JsnliRow], str]) -> float:
        train, asked = _rows("train")[:5_000], _rows("validation")
        vectorizer = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), min_df=2)
        known = vectorizer.fit_transform([text(row) for row in train])
        model = LogisticRegression(max_iter=200)
        model.fit(known, [row.label for row in train])
        found = model.predict(vectorizer.transform([text(row) for row in asked]))
        return statistics.mean(
            label == row.label for label, row in zip(found, asked, strict=True)
        )

    assert 0.3 <= accuracy(lambda row: row.hypothesis) <= 0.58
    assert 0.3 <= accuracy(lambda row: f"{row.premise} {row.hypothesis}") <= 0.58


def test_rows_have_the_three_columns_of_jsnli() -> None:
    columns = ["premise", "hypothesis", "label"]
    assert all(list(asdict(row)) == columns for row in _rows("validation"))
