"""クイズの検索対象になる、百科事典のパッセージ。

一つの題材が一つか二つの節をもち、節ごとに一つのパッセージになる。題材には、すべての
split のものがある。問題の出ない題材のパッセージも、似た属性をもつ紛らわしい候補になる。
"""

import random
from dataclasses import dataclass
from functools import cache
from string import Formatter

from tinyhub.world.quiz.frames import CLAUSES, LEADS, REMARKS, SECTIONS
from tinyhub.world.quiz.items import Item, Value, items

PASSAGES_SEED = 20220404
# パッセージの数。題材と節の数で決まる。
PASSAGES = 3_601
# 属性を述べない文。どの種類にも付く。
_FILLERS = (
    "詳しい記録は、図書館に残されている。",
    "古い写真が何枚か残っている。",
    "近年、あらためて注目を集めている。",
    "子ども向けの本にも書かれている。",
    "同じ名前のものは、ほかに知られていない。",
    "名前の由来には、いくつかの説がある。",
    "地元の新聞でも、何度か取り上げられた。",
    "ラジオの番組で紹介されたこともある。",
    "くわしい経緯は分かっていない。",
    "近くに住む人なら、誰でも名前を知っている。",
)
_FILLER_RATE = 0.3
# 続きの文に、問題の節と同じ言い回しを使う割合。
_CLAUSE_RATE = 0.45
_VARIANT_RATE = 0.25


@dataclass(frozen=True)
class Passage:
    """passages.jawiki-…-c400 の一行。"""

    id: int
    pageid: int
    revid: int
    text: str
    section: str
    title: str


def _surface(rng: random.Random, value: Value) -> str:
    """値の、そのままの語。ときどき表記を変える。"""
    if len(value.plain) > 1 and rng.random() < _VARIANT_RATE:
        return rng.choice(value.plain[1:])
    return value.plain[0]


def terminal(clause: str) -> str:
    """名詞にかかる形の節を、言い切りの文にする。"""
    attributive = clause.split("|")[1]
    for ending in ("の", "な"):
        if attributive.endswith(ending):
            return f"{attributive.removesuffix(ending)}である。"
    return f"{attributive}。"


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def _remark(rng: random.Random, item: Item, attribute: str) -> str:
    clauses = CLAUSES[item.type].get(attribute, ())
    if clauses and rng.random() < _CLAUSE_RATE:
        frame = terminal(rng.choice(clauses))
    else:
        frame = rng.choice(REMARKS[item.type][attribute])
    return frame.format(v=_surface(rng, item.values[attribute]))


def section_sentences(rng: random.Random, item: Item, number: int) -> list[str]:
    """節の文のリスト。最初の文に名前があり、節の属性をすべて述べる。"""
    _, attributes = SECTIONS[item.type][number]
    lead = rng.choice(LEADS[item.type, number])
    used = _fields(lead) - {"name"}
    surfaces = {name: _surface(rng, item.values[name]) for name in sorted(used)}
    rest = [attribute for attribute in attributes if attribute not in used]
    rng.shuffle(rest)
    sentences = [lead.format(name=item.name, **surfaces)]
    sentences += [_remark(rng, item, attribute) for attribute in rest]
    if rng.random() < _FILLER_RATE:
        sentences.append(rng.choice(_FILLERS))
    return sentences


@cache
def passages(seed: int = PASSAGES_SEED) -> tuple[Passage, ...]:
    """パッセージのすべて。並びと番号は、題材の並びと節の順による。"""
    rng = random.Random(f"quiz-passages/{seed}")
    written: list[Passage] = []
    for page, item in enumerate(items(), start=1):
        for number, (section, _) in enumerate(SECTIONS[item.type]):
            written.append(
                Passage(
                    id=len(written) + 1,
                    pageid=page,
                    revid=80_000_000 + page,
                    text="".join(section_sentences(rng, item, number)),
                    section=section,
                    title=item.name,
                )
            )
    return tuple(written)


@cache
def passage_ids() -> dict[tuple[str, int], int]:
    """(題材の名前, 節の番号) からパッセージの番号を引く。"""
    numbers = iter(passages())
    return {
        (item.name, number): next(numbers).id
        for item in items()
        for number in range(len(SECTIONS[item.type]))
    }
