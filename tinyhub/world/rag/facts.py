"""手引きと案内に書かれる事実。題材と、その属性の値を種から作る。"""

import itertools
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from tinyhub.world.facts import SPLITS, Split, split_of
from tinyhub.world.rag.words import (
    ADDED_LEADS,
    ASKING_QUESTIONS,
    ATTRIBUTES,
    CHANGED_LEADS,
    CONFIRMING_LEAD,
    CURRENT_LEADS,
    CURRENT_UNSUITED,
    GENERIC_PASSAGES,
    GENERIC_QUESTIONS,
    INVERTED_PASSAGE,
    LEADS,
    NAME_PARTS,
    QUESTION_LEADS,
    REPORTED_LEADS,
    TAILS,
    UNCHANGED_TAILS,
    VALUE_PARTS,
    Attribute,
)
from tinyhub.world.word_split import words

FACTS_SEED = 1313
MAX_WORDS = 25
# 種類ごとの題材の数。訓練用の題材は文書にならない。
SUBJECTS: dict[Split, int] = {"train": 150, "validation": 20, "test": 30}


@dataclass(frozen=True)
class Subject:
    """題材。values は属性の名前から値を引く。"""

    name: str
    kind: str
    split: Split
    parts: tuple[str, ...]
    values: dict[str, str]


@dataclass(frozen=True)
class Sentence:
    """書き下した文と、その組み立て。"""

    text: str
    composition: str
    frame: str

    def about(self, **fields: str) -> str:
        """同じ枠に、別の語をはめた文。"""
        return self.frame.format(**fields)


def _value(rng: random.Random, attribute: Attribute, split: Split) -> str:
    """値。部品の組み合わせで作る名前は、split のものだけを使う。"""
    parts = VALUE_PARTS[attribute.values]
    named = attribute.values in ("person", "stop", "venue")
    while True:
        value = "".join(rng.choice(part) for part in parts)
        if not named or split_of(value) == split:
            return value


@cache
def subjects(seed: int = FACTS_SEED) -> tuple[Subject, ...]:
    """題材のすべて。名前は部品の組み合わせを split に分けてから選ぶ。"""
    rng = random.Random(f"rag-facts/{seed}")
    made: list[Subject] = []
    for kind, parts in NAME_PARTS.items():
        combinations = list(itertools.product(*parts))
        rng.shuffle(combinations)
        seen: set[str] = set()
        for split in SPLITS:
            found = [c for c in combinations if split_of("".join(c)) == split]
            if split == "train":
                seen.update(part for c in found[: SUBJECTS[split]] for part in c)
            # 検証用・テスト用の名前は、訓練用に現れる部品だけで作る。
            found = [c for c in found if seen.issuperset(c)]
            for chosen in found[: SUBJECTS[split]]:
                values = {
                    attribute.name: _value(rng, attribute, split)
                    for attribute in ATTRIBUTES[kind]
                }
                name = "".join(chosen)
                made.append(Subject(name, kind, split, chosen, values))
    return tuple(made)


def random_subjects(rng: random.Random, kind: str, count: int) -> list[Subject]:
    """その場で作る、世界にはいない題材。名前は訓練用の組み合わせで、値は乱数。

    二つに一つは、名前の部品を一つ目の題材と分け合う。
    """
    known = {subject.name for subject in subjects()}
    made: list[Subject] = []
    while len(made) < count:
        parts = [rng.choice(part) for part in NAME_PARTS[kind]]
        if made and rng.random() < 0.5:
            place = rng.randrange(len(parts))
            parts[place] = made[0].parts[place]
        name = "".join(parts)
        if split_of(name) != "train" or name in known | {one.name for one in made}:
            continue
        values = {a.name: _value(rng, a, "train") for a in ATTRIBUTES[kind]}
        made.append(Subject(name, kind, "train", tuple(parts), values))
    return made


def attribute_of(kind: str, name: str) -> Attribute:
    """種類と名前から属性を引く。"""
    return next(a for a in ATTRIBUTES[kind] if a.name == name)


def register(text: str, polite: bool) -> str:
    """[常体|敬体] のどちらかを選ぶ。"""
    return re.sub(
        r"\[([^|\]]*)\|([^\]]*)\]", lambda found: found[2 if polite else 1], text
    )


def _joins(attribute: Attribute, frame: str, lead: str, tail: str) -> bool:
    """前置き・枠・後置きが、意味の上でつながるか。"""
    if lead in CHANGED_LEADS and tail in UNCHANGED_TAILS:
        return False
    if lead in CURRENT_LEADS and attribute.name in CURRENT_UNSUITED:
        return False
    if lead in REPORTED_LEADS and "ください" in frame:
        return False
    return not (lead and frame == INVERTED_PASSAGE)


def write_passage(
    rng: random.Random,
    attribute: Attribute,
    subject: str,
    value: str,
    polite: bool,
    split: Split,
    in_document: bool = False,
) -> Sentence:
    """事実を 25 語までの短い文にする。組み立ては split のものだけを使う。

    in_document なら、題材の文書の中に置いても不自然でない文だけを書く。
    """
    frames = (*attribute.passages, *GENERIC_PASSAGES)
    while True:
        frame = rng.randrange(len(frames))
        noun = rng.randrange(len(attribute.nouns)) if "{a}" in frames[frame] else 0
        # 前置きと後置きは、どちらか一方は付けないことが多い。
        lead = rng.randrange(len(LEADS)) if rng.random() < 0.5 else 0
        tail = rng.randrange(len(TAILS)) if rng.random() < 0.4 else 0
        if not _joins(attribute, frames[frame], LEADS[lead], TAILS[tail]):
            continue
        outside = LEADS[lead] in REPORTED_LEADS | ADDED_LEADS
        if in_document and (outside or frames[frame] == INVERTED_PASSAGE):
            continue
        key = f"{attribute.name}/{frame}/{noun}/{lead}/{tail}/{polite:d}"
        if split_of(f"passage/{key}") != split:
            continue
        text = register(LEADS[lead] + frames[frame] + TAILS[tail], polite)
        text = text.replace("{a}", attribute.nouns[noun])
        filled = text.format(s=subject, v=value)
        if len(words(filled)) <= MAX_WORDS:
            return Sentence(filled, key, text)


def write_question(
    rng: random.Random, attribute: Attribute, subject: str, split: Split
) -> Sentence:
    """属性の値を尋ねる。組み立ては split のものだけを使う。"""
    frames = (*attribute.questions, *GENERIC_QUESTIONS)
    while True:
        frame = rng.randrange(len(frames))
        noun = rng.randrange(len(attribute.nouns)) if "{a}" in frames[frame] else 0
        lead = rng.randrange(len(QUESTION_LEADS))
        asking = frames[frame] in ASKING_QUESTIONS
        if asking and QUESTION_LEADS[lead] == CONFIRMING_LEAD:
            continue
        key = f"{attribute.name}/{frame}/{noun}/{lead}"
        if split_of(f"question/{key}") == split:
            break
    text = QUESTION_LEADS[lead] + frames[frame]
    text = text.replace("{a}", attribute.nouns[noun]).replace("{w}", attribute.word)
    return Sentence(text.format(s=subject), key, text)


def of_split(split: Split) -> tuple[Subject, ...]:
    """split の題材。"""
    return tuple(subject for subject in subjects() if subject.split == split)


def pick(rng: random.Random, pool: Sequence[Subject], like: Subject) -> Subject:
    """同じ種類の別の題材。三回に一回は、名前の部品を共有するものを選ぶ。"""
    others = [s for s in pool if s.kind == like.kind and s.name != like.name]
    similar = [s for s in others if set(s.parts) & set(like.parts)]
    return rng.choice(similar if similar and rng.random() < 1 / 3 else others)
