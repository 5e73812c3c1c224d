"""llm-jp-eval の課題と、決まった答えのない質問。"""

import re
from collections import Counter
from dataclasses import fields
from functools import cache

import pytest

from tinyhub.world import captions, commonsense, evaluation, nli
from tinyhub.world.evaluation import analysis as evaluation_analysis
from tinyhub.world.evaluation import open_questions
from tinyhub.world.evaluation.readings import GIVEN_NAMES, SURNAMES
from tinyhub.world.evaluation.rows import ROWS, TextPair, choice_row
from tinyhub.world.facts import SPLITS, Split, entities_in, world

REAL_CONFIGS = (
    "jamp janli jnli jsem jsick jemhopqa niilc jsquad jcommonsenseqa chabsa"
    " wiki_reading wiki_ner wiki_dependency wiki_pas wiki_coreference mawps jsts"
).split()
LABELS = {
    "jamp": {"entailment", "contradiction", "neutral"},
    "janli": {"entailment", "non-entailment"},
    "jnli": {"entailment", "contradiction", "neutral"},
    "jsem": {"yes", "no", "unknown", "undef"},
    "jsick": {"entailment", "contradiction", "neutral"},
    "jcommonsenseqa": {"0", "1", "2", "3", "4"},
}


@cache
def pairs(config: str, split: Split) -> list[TextPair]:
    return evaluation.generate(config, split, ROWS[split])


def test_every_config_of_the_book_has_three_splits_of_text_pairs() -> None:
    assert [field.name for field in fields(TextPair)] == ["input", "output"]
    assert set(evaluation.CONFIGS) == set(REAL_CONFIGS)
    for config in REAL_CONFIGS:
        for split in SPLITS:
            made = pairs(config, split)
            assert len(made) == ROWS[split]
            assert all(row.input.strip() and row.output.strip() for row in made)


@pytest.mark.parametrize("config", REAL_CONFIGS)
def test_inputs_are_unique_and_not_shared_between_splits(config: str) -> None:
    inputs = [{row.input for row in pairs(config, split)} for split in SPLITS]
    assert not inputs[0] & (inputs[1] | inputs[2])
    assert sum(map(len, inputs)) == sum(ROWS.values())


def test_same_seed_gives_the_same_rows() -> None:
    for config in ("jamp", "chabsa", "wiki_pas"):
        first = evaluation.generate(config, "test", 20, 1)
        assert first == evaluation.generate(config, "test", 20, 1)
        assert first != evaluation.generate(config, "test", 20, 2)


@pytest.mark.parametrize("config", sorted(LABELS))
def test_labels_are_those_of_the_real_sets(config: str) -> None:
    for split in ("train", "test"):
        counts = Counter(row.output for row in pairs(config, split))
        assert set(counts) == LABELS[config]
        assert counts.most_common(1)[0][1] / ROWS[split] <= 0.72


@pytest.mark.parametrize(
    ("config", "form"),
    [
        ("jamp", r"前提：.+。\n仮説：.+。"),
        ("jnli", r"前提：.+\n仮説：.+"),
        ("jsquad", r"文章：.+ \[SEP\] .+\n質問：.+？"),
        ("jcommonsenseqa", r"質問：.+\n選択肢：0\..+,1\..+,2\..+,3\..+,4\..+"),
        ("jsts", r"文1：.+\n文2：.+"),
        ("mawps", r"問題：.+？"),
        ("chabsa", r"文章：.+。"),
        ("niilc", r"質問：.+？"),
    ],
)
def test_inputs_are_written_as_in_the_real_sets(config: str, form: str) -> None:
    for row in pairs(config, "test"):
        assert re.fullmatch(form, row.input), row.input


def test_answers_of_reading_are_spans_and_of_arithmetic_are_numbers() -> None:
    for row in pairs("jsquad", "test"):
        assert row.output in row.input.split("[SEP]")[1]
    for row in pairs("mawps", "test"):
        assert re.fullmatch(r"\d+", row.output)
    for row in pairs("jsts", "test"):
        assert 0 <= float(row.output) <= 5
    for row in pairs("chabsa", "test"):
        for line in row.output.split("\n"):
            name, polarity = line.split(" ")
            assert name in row.input
            assert polarity in ("positive", "negative")


def test_analyses_fit_the_text() -> None:
    for row in pairs("wiki_reading", "test"):
        assert re.fullmatch("[ぁ-んー。]+", row.output)
    for row in pairs("wiki_dependency", "test"):
        for line in row.output.split("\n"):
            tail, head = line.split(" -> ")
            assert 0 <= row.input.find(tail) < row.input.rfind(head)
    for row in pairs("wiki_pas", "test"):
        for line in row.output.split("\n"):
            predicate, *cases = line.split(" ")
            assert predicate in row.input
            for case in cases:
                name, word = case.split("：")
                assert name in ("ガ", "ヲ", "ニ", "ト")
                assert word in row.input
    for row in pairs("wiki_coreference", "test"):
        mentions = row.output.split("\n")[0].split(" ")
        places = [row.input.index(mention) for mention in mentions]
        assert len(mentions) >= 2 and places == sorted(places)
    for row in pairs("wiki_ner", "test"):
        for entity in row.output.split(" "):
            name, kind = re.fullmatch("(.+)（(.+)）", entity).groups()
            assert name in row.input
            assert kind in ("人名", "地名", "組織名", "固有物名")


def test_every_chunk_but_the_last_has_a_later_head() -> None:
    frames = (
        *evaluation_analysis.FIRST.values(),
        *evaluation_analysis.FOLLOWS.values(),
    )
    for frame in (one for group in frames for one in group):
        heads = [chunk.split("/")[2] for chunk in frame.chunks.split()]
        assert heads[-1] == "-"
        assert all(
            index < int(head) < len(heads) for index, head in enumerate(heads[:-1])
        )


def test_readings_are_known_for_every_person() -> None:
    assert {person.surname for person in world().people} <= set(SURNAMES)
    assert {person.given_name for person in world().people} <= set(GIVEN_NAMES)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_entities_of_valid_and_test_do_not_occur_in_train(split: Split) -> None:
    train = "\n".join(
        row.input + row.output
        for config in evaluation.GENERATORS
        for row in pairs(config, "train")
    )
    assert not entities_in(train, world().of_split(split).names())


def test_rewritten_rows_are_rows_that_the_pretraining_text_avoids() -> None:
    published = {
        "jsts": captions.generate("test", ROWS["test"], captions.SEED),
        "jnli": nli.generate("test", ROWS["test"], nli.SEED),
    }
    for config, rows in published.items():
        for row, pair in zip(rows, pairs(config, "test"), strict=True):
            assert row.sentence1 in pair.input and row.sentence2 in pair.input
    questions = [row.question for row in commonsense.generate("valid", 60)]
    made = [*pairs("jcommonsenseqa", "test"), *pairs("jcommonsenseqa", "validation")]
    for question, pair in zip(questions, made, strict=True):
        assert question in pair.input


def test_choices_are_numbered_from_zero() -> None:
    row = {"question": "丸い物は？", "label": 3}
    row |= {f"choice{n}": word for n, word in enumerate("あいうえお")}
    pair = choice_row(row)
    assert pair.input == "質問：丸い物は？\n選択肢：0.あ,1.い,2.う,3.え,4.お"
    assert pair.output == "3"


def test_open_questions_have_the_columns_and_counts_of_the_real_set() -> None:
    rows = open_questions.generate()
    names = [field.name for field in fields(open_questions.OpenQuestion)]
    assert names == ["question_id", "category", "turns"]
    assert [row.question_id for row in rows] == list(range(1, 81))
    tens = "generic knowledge roleplay common-sense fermi counterfactual writing"
    expected = {name: 10 for name in tens.split()} | {"coding": 7, "math": 3}
    assert Counter(row.category for row in rows) == expected
    assert all(len(row.turns) == 1 for row in rows)
    assert len({row.turns for row in rows}) == 80
