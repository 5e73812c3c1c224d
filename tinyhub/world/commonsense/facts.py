"""身近なものの性質の表を読み、問いの手がかりになる形にする。

性質には言い方が三つずつある。ものと性質の組ごとに、言い方の一つを検証用の問いに取って
おき、訓練用の問いでは残りの二つだけを使う。知っている言い方と知っているものの、
問われたことのない組み合わせが、検証用の問いになる。
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tinyhub.world.commonsense import goods, nature, society

WORDINGS = 3


@dataclass(frozen=True, eq=False)
class Property:
    """一つの性質。holders はあてはまるもの、unsure はどちらとも言えるもの。"""

    name: str
    wordings: tuple[str, ...]
    holders: frozenset[str]
    unsure: frozenset[str]

    def may_hold(self, concept: str) -> bool:
        """あてはまるか、あてはまると言えなくもない。"""
        return concept in self.holders or concept in self.unsure

    def held_out(self, concept: str) -> int:
        """concept について検証用に取っておく言い方の番号。"""
        return zlib.crc32(f"{self.name}/{concept}".encode()) % WORDINGS


@dataclass(frozen=True, eq=False)
class Domain:
    """選択肢どうしを比べられる、一まとまりのもの。

    heads は問いの中で使う総称、title は問いの初めに置ける総称、kind は地の文で使う
    総称、exist は「いる」か「ある」か。
    """

    name: str
    title: str
    heads: tuple[str, ...]
    kind: str
    exist: str
    properties: tuple[Property, ...]
    concepts: tuple[str, ...]

    def of(self, concept: str) -> tuple[Property, ...]:
        """concept にあてはまる性質。"""
        return _properties_of(self, concept)


@cache
def _properties_of(domain: Domain, concept: str) -> tuple[Property, ...]:
    return tuple(p for p in domain.properties if concept in p.holders)


# 領域の名前、問いの中で使う総称、問いの初めに置ける総称、地の文で使う総称、
# 「いる」か「ある」か、表。
_TABLES = (
    ("動物", ("動物",), "動物", "動物", "いる", nature.ANIMALS),
    ("生き物", ("生き物",), "生き物", "生き物", "いる", nature.SMALL_CREATURES),
    ("作物", ("野菜や果物", "食べ物"), "野菜や果物", "食べ物", "ある", nature.PRODUCE),
    ("自然", ("もの", "自然のもの"), "自然のもの", "もの", "ある", nature.SKY_AND_LAND),
    ("料理", ("食べ物",), "食べ物", "食べ物", "ある", goods.DISHES),
    ("道具", ("道具", "もの"), "道具", "道具", "ある", goods.TOOLS),
    ("家", ("もの", "家の中のもの"), "家の中のもの", "もの", "ある", goods.HOUSEHOLD),
    ("服", ("もの",), "身につけるもの", "もの", "ある", goods.CLOTHES),
    ("乗り物", ("乗り物",), "乗り物", "乗り物", "ある", goods.VEHICLES),
    ("楽器", ("楽器",), "楽器", "楽器", "ある", goods.INSTRUMENTS),
    ("場所", ("場所", "ところ"), "場所", "場所", "ある", society.PLACES),
    ("仕事", ("人", "職業"), "職業", "人", "いる", society.JOBS),
    ("行事", ("行事",), "行事", "行事", "ある", society.EVENTS),
    (
        "遊び",
        ("スポーツや遊び", "もの"),
        "スポーツや遊び",
        "遊び",
        "ある",
        society.GAMES,
    ),
    ("体", ("体の部分",), "体の部分", "体の部分", "ある", society.BODY),
)


def _entries(table: str) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """表を、(言い方、あてはまるもの、どちらとも言えるもの) に分ける。"""
    entry: tuple[list[str], list[str], list[str]] = ([], [], [])
    for line in table.splitlines():
        if line.startswith("= "):
            entry[1].extend(line[2:].split())
        elif line.startswith("? "):
            entry[2].extend(line[2:].split())
        else:
            if entry[1]:
                yield entry
                entry = ([], [], [])
            entry[0].extend(line.split("|"))
    yield entry


def _properties(name: str, table: str) -> Iterator[Property]:
    for number, (wordings, holders, unsure) in enumerate(_entries(table)):
        yield Property(
            name=f"{name}{number}",
            wordings=tuple(wordings),
            holders=frozenset(holders),
            unsure=frozenset(unsure),
        )


@cache
def domains() -> tuple[Domain, ...]:
    """すべての領域。性質が二つ以上あるものだけを、選択肢になるものとして数える。"""
    made = []
    for name, heads, title, kind, exist, table in _TABLES:
        properties = tuple(_properties(name, table))
        names = sorted({concept for p in properties for concept in p.holders})
        concepts = tuple(
            concept
            for concept in names
            if sum(concept in p.holders for p in properties) > 1
        )
        made.append(Domain(name, title, heads, kind, exist, properties, concepts))
    return tuple(made)
