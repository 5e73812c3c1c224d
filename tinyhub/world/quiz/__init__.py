"""早押しクイズ風の問題 (AI王と同じ列)。

問題は二通りある。lexical はパッセージと同じ語で書かれ、語の一致で引ける。paraphrase は
同じことを別の言葉 (言い換え・上位語・年代) で述べるので、語の一致ではほとんど引けない。
どちらにも、題材を当てる問題と、題材のもつ値を当てる問題がある。

検証用・テスト用の題材は、パッセージにはあるが訓練用の問題には現れない。問題の組み立て
(節の順序・枠・結びの組み合わせ) も、訓練用にないものだけを使う。
"""

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from tinyhub.world.facts import Split, split_of
from tinyhub.world.quiz.frames import (
    ASKED,
    ASKING_WORD,
    CLAUSES,
    ENDINGS,
    HEAD_ATTRIBUTES,
    HEADS,
    SECTIONS,
)
from tinyhub.world.quiz.items import (
    Item,
    Value,
    by_values,
    hidden_names,
    items,
    value_answers,
)
from tinyhub.world.quiz.passages import passage_ids

Kind = Literal["lexical", "paraphrase"]

SEED = 2021
ROWS: dict[Split, int] = {"train": 3_000, "validation": 500, "test": 500}

# つまみ。言い換えの割合が大きいほど、語の一致で引ける問題が減る。
PARAPHRASE_RATE = 0.45
# 言い換えた問題のうち、そのままの語を一つ残すものの割合。
HALF_PLAIN_RATE = 0.5
ASKED_VALUE_RATE = 0.25
# 「AはBですが、」と、別の題材から始まる問題の割合。
FRONT_RATE = 0.15
_ATTEMPTS = 400

# 作り手の名前と作り手の仕事。一つの問題に並べると、同じことを二度言うことになる。
_OVERLAPPING = ({"company", "maker"}, {"creator", "maker"})
_NAME_QUOTES = {"work": "『{n}』", "product": "「{n}」"}


@dataclass(frozen=True)
class Question:
    """datasets.no_passages.aio_02 の一行。"""

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


@dataclass(frozen=True)
class Draft:
    """問題と、その作り方。gold は答えの根拠が書かれたパッセージの番号。"""

    question: Question
    kind: Kind
    composition: str
    item: str
    item_type: str
    gold: int
    used: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class _Description:
    """名前を伏せた説明。「…を好み、…に生まれた画家」。"""

    text: str
    composition: tuple[str, ...]
    used: tuple[str, ...]


def normalise(question: str) -> str:
    """original_question から question を作る (全角の記号と数字をそろえる)。"""
    return " ".join(unicodedata.normalize("NFKC", question).split())


def _allowed(value: Value, item: Item, split: Split) -> bool:
    """値の固有名を、この split の問題に書いてよいか。"""
    if not hidden_names(split).isdisjoint(value.names):
        return False
    # 町の名前が答えに含まれていては、問題にならない。
    return not (item.stem and any(name.startswith(item.stem) for name in value.names))


def _unique(item: Item, keys: Sequence[tuple[str, str]]) -> bool:
    """この値をすべてもつ題材が、item だけか。"""
    index = by_values(item.type)
    found = frozenset.intersection(*(index[key] for key in keys))
    return found == {item.name}


def _describe(
    rng: random.Random,
    item: Item,
    attributes: Sequence[str],
    kind: Kind,
    split: Split,
) -> _Description | None:
    """attributes のうち二つか三つで item を言い表す。一つに決まらなければ None。"""
    head_attribute = HEAD_ATTRIBUTES.get(item.type)
    usable = [
        attribute
        for attribute in attributes
        if attribute in CLAUSES[item.type]
        and _allowed(item.values[attribute], item, split)
    ]
    # 言い換えた問題にも、そのままの語 (固有名でもよい) を一つだけ残すことがある。
    kept = None
    if kind == "paraphrase":
        if usable and rng.random() < HALF_PLAIN_RATE:
            kept = rng.choice(usable)
        usable = [a for a in usable if a == kept or item.values[a].oblique]
    if len(usable) < 2:
        return None
    chosen = rng.sample(usable, min(len(usable), rng.choice((2, 2, 3))))
    if any(pair <= set(chosen) for pair in _OVERLAPPING):
        return None
    keys: list[tuple[str, str]] = []
    texts: list[str] = []
    marks: list[str] = []
    for place, attribute in enumerate(chosen):
        value = item.values[attribute]
        plain = kind == "lexical" or attribute == kept
        wording = rng.choice(value.plain[:1] if plain else value.oblique)
        keys.append((attribute, value.key if plain else value.oblique_key))
        number = rng.randrange(len(CLAUSES[item.type][attribute]))
        middle, final = CLAUSES[item.type][attribute][number].split("|")
        frame = final if place == len(chosen) - 1 else middle + "、"
        texts.append(frame.format(v=wording))
        marks.append(f"{attribute}{number}{'p' if plain else 'o'}")
    if head_attribute and head_attribute in attributes and rng.random() < 0.75:
        value = item.values[head_attribute]
        wording = value.plain[0] if kind == "lexical" else rng.choice(value.oblique)
        keys.append((head_attribute, value.key))
        joint = "、" if kind == "paraphrase" else ""
        texts.append(joint + wording)
        marks.append("head")
    else:
        number = rng.randrange(len(HEADS[item.type]))
        texts.append(HEADS[item.type][number])
        marks.append(f"generic{number}")
    if not _unique(item, keys):
        return None
    used = tuple(attribute for attribute, _ in keys)
    return _Description("".join(texts), tuple(marks), used)


def _quoted(item: Item) -> str:
    return _NAME_QUOTES.get(item.type, "{n}").format(n=item.name)


def _front(
    rng: random.Random,
    item: Item,
    split: Split,
    others: Sequence[Item],
    used: Sequence[str],
) -> tuple[str, str] | None:
    """「AのBはCですが、」。A は同じ種類の別の題材、B はこの問題で使う属性。"""
    shared = [attribute for attribute in used if attribute in ASKED[item.type]]
    if not shared:
        return None
    other = rng.choice(others)
    attribute = shared[-1]
    value = other.values[attribute]
    if other.name == item.name or not _allowed(value, other, split):
        return None
    if value.key == item.values[attribute].key:
        return None
    number = rng.randrange(len(ASKED[item.type][attribute]))
    noun, _ = ASKED[item.type][attribute][number]
    text = f"{noun.format(n=_quoted(other))}は{value.plain[0]}ですが、"
    return text, f"front-{attribute}{number}"


def _draft(
    rng: random.Random, item: Item, kind: Kind, split: Split, others: Sequence[Item]
) -> tuple[str, tuple[str, ...], str, int, tuple[str, ...]] | None:
    """(問題文, 正解, 組み立て, パッセージの節の番号, 使った属性)。"""
    number = rng.randrange(len(SECTIONS[item.type]))
    attributes = SECTIONS[item.type][number][1]
    # 根拠のパッセージも行に付くので、そこに書いてある名前も調べる。
    told = {name for attribute in attributes for name in item.values[attribute].names}
    if not hidden_names(split).isdisjoint(told):
        return None
    marks: list[str] = [item.type, kind, str(number)]
    ending = rng.randrange(len(ENDINGS))
    asked = [
        attribute
        for attribute in ASKED[item.type]
        if attribute in attributes and _allowed(item.values[attribute], item, split)
    ]
    used: tuple[str, ...] = ()
    if asked and rng.random() < ASKED_VALUE_RATE:
        attribute = rng.choice(asked)
        form = rng.randrange(len(ASKED[item.type][attribute]))
        noun, word = ASKED[item.type][attribute][form]
        marks.append(f"ask-{attribute}{form}")
        subject = _quoted(item)
        if kind == "paraphrase":
            rest = [other for other in attributes if other != attribute]
            described = _describe(rng, item, rest, kind, split)
            if described is None:
                return None
            subject, used = described.text, described.used
            marks += described.composition
        used = (*used, attribute)
        text = noun.format(n=subject)
        answers = value_answers(item.values[attribute])
    else:
        described = _describe(rng, item, attributes, kind, split)
        if described is None:
            return None
        text, used, word = described.text, described.used, ASKING_WORD[item.type]
        marks += described.composition
        answers = item.answers()
    if rng.random() < FRONT_RATE:
        front = _front(rng, item, split, others, used)
        if front is None:
            return None
        text = front[0] + text
        marks.append(front[1])
    marks.append(str(ending))
    text += ENDINGS[ending].format(w=word)
    return text, answers, "/".join(marks), number, used


_DATES = ((2015, 2023), (1, 13), (1, 29))
_SECTION_NAMES: dict[Split, str] = {
    "train": "訓練問題",
    "validation": "開発問題",
    "test": "評価問題",
}


def _row(
    rng: random.Random, split: Split, number: int, text: str, answers: Sequence[str]
) -> Question:
    original = text.replace("?", "？")
    year, month, date = (rng.randrange(*span) for span in _DATES)
    day = f"{year}/{month:02}/{date:02}"
    prefix = "QATINY" if split == "train" else "AIO02"
    # 検証用とテスト用は、本物と同じく dev のファイル一つに続けて並ぶ。
    offset = ROWS["validation"] if split == "test" else 0
    return Question(
        qid=f"{prefix}-{number + offset:04}",
        competition="架空クイズ大会",
        timestamp=day,
        section=_SECTION_NAMES[split],
        number=str(number + offset),
        original_question=original,
        original_answer=answers[0],
        original_additional_info="",
        question=normalise(original),
        answers=list(answers),
    )


@cache
def compose(split: Split, rows: int, seed: int = SEED) -> tuple[Draft, ...]:
    """問題を rows 問、作り方ごと作る。題材は split のものを順に使う。"""
    rng = random.Random(f"quiz/{split}/{seed}")
    pool = [item for item in items() if item.split == split]
    same_kind: dict[str, list[Item]] = {}
    for item in items():
        if item.split in ("train", split):
            same_kind.setdefault(item.type, []).append(item)
    numbers = passage_ids()
    drafts: list[Draft] = []
    seen: set[str] = set()
    order: list[Item] = []
    misses = 0
    while len(drafts) < rows:
        if not order:
            order = list(pool)
            rng.shuffle(order)
        item = order.pop()
        kind: Kind = "paraphrase" if rng.random() < PARAPHRASE_RATE else "lexical"
        for _ in range(_ATTEMPTS):
            made = _draft(rng, item, kind, split, same_kind[item.type])
            if made is None:
                continue
            text, answers, composition, number, used = made
            if split_of(composition) == split and text not in seen:
                break
        else:
            # ほかと見分けの付かない題材。続けば、題材が尽きている。
            misses += 1
            if misses > rows:
                raise ValueError(f"{split} の問題を {rows} 問は作れません。")
            continue
        seen.add(text)
        drafts.append(
            Draft(
                _row(rng, split, len(drafts) + 1, text, answers),
                kind,
                composition,
                item.name,
                item.type,
                numbers[item.name, number],
                used,
            )
        )
    return tuple(drafts)


def generate(split: Split, rows: int | None = None, seed: int = SEED) -> list[Question]:
    """問題を rows 問つくる。省くと、配るデータの件数。"""
    count = ROWS[split] if rows is None else rows
    return [draft.question for draft in compose(split, count, seed)]
