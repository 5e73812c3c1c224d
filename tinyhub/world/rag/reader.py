"""パッセージを読んで短く答える練習の行 (aio-retriever と同じ列)。

3〜5 個のパッセージは、どれも同じ属性を別の題材について述べる。値の種類だけからは答えを
選べない。五つに一つの行は、答えがどのパッセージにもない (正例がない) 行で、その行には
「わかりません」と答えるのが正しい。
"""

import random
from dataclasses import dataclass
from functools import cache

from tinyhub.world.facts import Split
from tinyhub.world.quiz import normalise
from tinyhub.world.rag.facts import (
    Subject,
    attribute_of,
    of_split,
    pick,
    write_passage,
    write_question,
)
from tinyhub.world.rag.words import ATTRIBUTES

READER_SEED = 1331
READER_ROWS: dict[Split, int] = {"train": 12_000, "validation": 500, "test": 600}
ABSENT_RATE = 0.2
# パッセージの一つを、尋ねた題材の別の属性にする割合。名前だけでは選べなくなる。
# 短い微調整でもそれを覚えられるように、訓練では多くする。
OTHER_ATTRIBUTE_RATE: dict[Split, float] = {
    "train": 0.5,
    "validation": 0.25,
    "test": 0.25,
}
ABSTENTION = "わかりません"


@dataclass(frozen=True)
class ReaderPassage:
    """パッセージ。passage_id は題材の番号、title は題材の名前。"""

    passage_id: int
    title: str
    text: str


@dataclass(frozen=True)
class ReaderRow:
    """datasets.jawiki-…-c400-small.aio_02 と同じ列の一行。"""

    qid: str
    competition: str
    timestamp: str
    section: str
    number: str
    original_question: str
    original_answer: str
    original_additional_info: str
    question: str
    answers: list[str]
    passages: list[ReaderPassage]
    positive_passage_indices: list[int]
    negative_passage_indices: list[int]


@dataclass(frozen=True)
class ReaderDraft:
    """行と、その作り方。candidates は、パッセージにある同じ種類の値。"""

    row: ReaderRow
    attribute: str
    subject: str
    candidates: tuple[str, ...]
    compositions: tuple[str, ...]


def target(row: ReaderRow) -> str:
    """出力すべき答え。正例がなければ「わかりません」。"""
    return row.answers[0] if row.positive_passage_indices else ABSTENTION


@cache
def _numbers() -> dict[str, int]:
    names = [s.name for split in READER_ROWS for s in of_split(split)]
    return {name: number for number, name in enumerate(names, start=1)}


def short_passage(
    rng: random.Random, subject: Subject, attribute: str, split: Split
) -> tuple[ReaderPassage, str]:
    """題材を名指したパッセージと、その組み立て。"""
    spec = attribute_of(subject.kind, attribute)
    value = subject.values[attribute]
    polite = rng.random() < 0.5
    made = write_passage(rng, spec, subject.name, value, polite, split)
    number = _numbers()[subject.name]
    return ReaderPassage(number, subject.name, made.text), made.composition


def _draft(
    rng: random.Random, split: Split, subject: Subject, number: int
) -> ReaderDraft:
    spec = rng.choice(ATTRIBUTES[subject.kind])
    answer = subject.values[spec.name]
    absent = rng.random() < ABSENT_RATE
    size = rng.choice((3, 4, 5))
    told: list[tuple[Subject, str]] = [] if absent else [(subject, spec.name)]
    if rng.random() < OTHER_ATTRIBUTE_RATE[split]:
        others = [a.name for a in ATTRIBUTES[subject.kind] if a.name != spec.name]
        told.append((subject, rng.choice(others)))
    taken = {answer}
    pool = of_split(split)
    while len(told) < size:
        other = pick(rng, pool, subject)
        if other.values[spec.name] not in taken:
            taken.add(other.values[spec.name])
            told.append((other, spec.name))
    rng.shuffle(told)
    written = [short_passage(rng, s, name, split) for s, name in told]
    passages = [passage for passage, _ in written]
    positive = [i for i, pair in enumerate(told) if pair == (subject, spec.name)]
    asked = write_question(rng, spec, subject.name, split)
    original = asked.text.replace("?", "？")
    row = ReaderRow(
        qid=f"READER-{split.upper()}-{number:05}",
        competition="手引きと案内の読み取り",
        timestamp="2025/04/01",
        section=spec.name,
        number=str(number),
        original_question=original,
        original_answer=answer,
        original_additional_info="",
        question=normalise(original),
        answers=[answer],
        passages=passages,
        positive_passage_indices=positive,
        negative_passage_indices=[i for i in range(size) if i not in positive],
    )
    candidates = tuple(s.values[spec.name] for s, name in told if name == spec.name)
    compositions = (asked.composition, *(key for _, key in written))
    return ReaderDraft(row, spec.name, subject.name, candidates, compositions)


@cache
def compose(
    split: Split, rows: int, seed: int = READER_SEED
) -> tuple[ReaderDraft, ...]:
    """行を rows 行、作り方ごと作る。"""
    rng = random.Random(f"rag-reader/{split}/{seed}")
    pool = of_split(split)
    drafts: list[ReaderDraft] = []
    seen: set[tuple[str, ...]] = set()
    while len(drafts) < rows:
        draft = _draft(rng, split, rng.choice(pool), len(drafts) + 1)
        texts = (draft.row.question, *sorted(p.text for p in draft.row.passages))
        if texts not in seen:
            seen.add(texts)
            drafts.append(draft)
    return tuple(drafts)


def generate(
    split: Split, rows: int | None = None, seed: int = READER_SEED
) -> list[ReaderRow]:
    """行を rows 行つくる。省くと、配るデータの件数。"""
    count = READER_ROWS[split] if rows is None else rows
    return [draft.row for draft in compose(split, count, seed)]
