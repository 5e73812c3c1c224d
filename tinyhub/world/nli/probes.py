"""含意関係の分析に使う組: 入れ替えた対と、表記だけが違う文。

どれも関係が場面から決まっていて、雑音はない。データセットの行には入らない。
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from tinyhub.world.nli import NliRow, pairs, sayable, stated_scene, write
from tinyhub.world.photos import change, sample_photo
from tinyhub.world.photos.entailment import Label, relation_of
from tinyhub.world.photos.text import render
from tinyhub.world.photos.words import OBJECTS, SUBJECTS, WEAR, Concept


@dataclass(frozen=True, slots=True)
class SwappedPair:
    """入れ替えると関係が変わるかどうかが分かっている対。"""

    sentence1: str
    sentence2: str
    label: Label
    swapped_label: Label


@dataclass(frozen=True, slots=True)
class NotationTrio:
    """一語だけが違う三つ組。

    ``variant`` は ``sentence`` の一語の表記だけを変えた文(意味は同じ)、
    ``changed`` は同じ場所の語を両立しないものに取り替えた文。
    """

    sentence: str
    variant: str
    changed: str
    before: str
    after: str
    other: str


def swapped_pairs(rows: int, seed: int, split: str = "valid") -> list[SwappedPair]:
    """前提と仮説を入れ替えたときの関係も場面から決まる対。雑音はない。"""
    made = []
    for pair in pairs(split, rows * 2, seed):
        back = None
        if not pair.negated:
            back = relation_of(pair.hypothesis.scene, pair.premise.scene)
        if back is not None:
            made.append(
                SwappedPair(pair.premise.text, pair.hypothesis.text, pair.label, back)
            )
        if len(made) == rows:
            return made
    raise ValueError(f"{rows} 組には足りません。作れたのは {len(made)} 組です")


# 読みも意味も同じで、文字だけが違う書き方。
NOTATIONS = (
    "子供 子ども こども",
    "犬 いぬ",
    "子犬 仔犬",
    "猫 ネコ ねこ",
    "子猫 仔猫",
    "馬 ウマ",
    "牛 ウシ",
    "羊 ヒツジ",
    "象 ゾウ",
    "熊 クマ",
    "猿 サル",
    "鳥 トリ",
    "ハト 鳩",
    "車 クルマ",
    "寿司 すし",
    "果物 くだもの",
    "りんご リンゴ",
    "みかん ミカン",
    "野菜 やさい",
    "椅子 いす イス",
    "時計 とけい",
    "花瓶 花びん",
    "傘 かさ カサ",
    "かばん 鞄",
    "ぬいぐるみ 縫いぐるみ",
    "瓶 びん",
    "花 はな",
    "窓 まど",
    "魚 さかな",
    "えさ 餌 エサ",
    "バイオリン ヴァイオリン",
    "風船 ふうせん",
    "ソファ ソファー",
    "かごの中 カゴの中",
    "めがねをかけた 眼鏡をかけた",
)


def _variants(concept: Concept, word: str) -> list[str]:
    """その語と読みも意味も同じ、別の書き方。"""
    for line in NOTATIONS:
        words = line.split()
        if word in words and set(words) <= set(concept.words):
            return [other for other in words if other != word]
    return []


_TABLES = {"subject": SUBJECTS, "object": OBJECTS, "wear": WEAR}


def notation_trios(rows: int, seed: int, split: str = "valid") -> list[NotationTrio]:
    """表記だけを変えた文と、語を取り替えた文の組。文型と残りの語はすべて同じ。"""
    rng = Random(f"nli/notation/{split}/{seed}")
    made: dict[str, NotationTrio] = {}
    while len(made) < rows:
        trio = _trio(rng, split)
        if trio is not None:
            made[trio.sentence] = trio
    return list(made.values())


def _trio(rng: Random, split: str) -> NotationTrio | None:
    scene = stated_scene(sample_photo(rng, split), rng, split)
    facet = rng.choice([name for name in _TABLES if getattr(scene, name)])
    value = getattr(scene, facet)
    caption = write(scene, rng)
    picks = caption.wording.picks if caption else {}
    key = f"{facet}:{value}"
    if key not in picks or not sayable(scene, split):
        return None
    concept = _TABLES[facet][value]
    before = concept.words[picks[key]]
    variants = _variants(concept, before)
    other = change(scene, facet, rng, split)
    if not variants or other is None or relation_of(scene, other) != "contradiction":
        return None
    after = rng.choice(variants)
    picks = {**picks, key: concept.words.index(after)}
    variant = render(scene, rng, replace(caption.wording, picks=picks), "same").text
    changed = render(other, rng, caption.wording, "same")
    value = getattr(other, facet)
    picked = changed.wording.picks.get(f"{facet}:{value}")
    if picked is None:
        # 「草をはむ」のように、動作の言い方に溶け込んだ
        return None
    return NotationTrio(
        sentence=caption.text,
        variant=variant,
        changed=changed.text,
        before=before,
        after=after,
        other=_TABLES[facet][value].words[picked],
    )


def generate_novel_frames(rows: int, seed: int) -> list[NliRow]:
    """学習用には現れない文型だけの、参考用の追加テスト。雑音はない。"""
    rng = Random(f"nli/novel/{seed}")
    made: list[NliRow] = []
    for pair in pairs("test", rows * 2, seed):
        if len(made) == rows:
            break
        if pair.negated:
            continue
        first, second = (
            render(caption.scene, rng, novel=True).text
            for caption in (pair.premise, pair.hypothesis)
        )
        if first != second:
            made.append(NliRow(str(len(made)), "novel", first, second, pair.label))
    return made
