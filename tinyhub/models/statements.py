"""意味のない名前と値で「誰の何は何」を述べ、言い直す、ラベルのない合成の列。

名前と値は語彙から無作為に引いた部分語の並びなので、覚えて答えることはできず、文脈の
中の述べ方から写すしかない。多くの列では、名前どうし・値どうしが部分語を分け合う
(「第一経理係」と「第二経理係」のように)。名前の一部だけを見ても、写す先は決まらない。
述べ方は 3 種類ある。

- 短い文の骨組みと、普通の名詞の話題。
- 手引きや案内の文の骨組み (訓練用の組み合わせだけ)。前置きや後置きもつく。
- 文の骨組みのない「鍵 値 鍵 値 …」の列。

言い直しには、話題を先に挙げて「答えは」などのあとに値を置く形もある。
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

TOPICS = tuple(
    "名前 色 料金 値段 場所 時刻 定員 長さ 広さ 高さ 重さ 番号 形 材料 季節 担当者 "
    "責任者 代表 持ち主 作者 産地 名物 特産品 行き先 入口 出口 始まり 終わり 目印 合図 "
    "記号 単位 道具 食べ物 飲み物 薬 花 動物 色合い 年齢".split()
)
# 名前・話題・値の置き方。はじめに述べる文と、あとで言い直す文 (値より前まで) に分ける。
STATEMENTS = (
    "{n}の{t}は{v}です。",
    "{n}の{t}は{v}である。",
    "{n}は、{t}が{v}です。",
    "{n}では、{t}は{v}だ。",
    "{n}について、{t}は{v}です。",
    "{t}は、{n}では{v}である。",
    "{t}が{v}なのは{n}です。",
    "{v}が{n}の{t}です。",
    "{v}は{n}の{t}である。",
    "{n}には{t}として{v}がある。",
)
RESTATEMENTS = (
    "{n}の{t}は",
    "{n}は、{t}が",
    "{n}では、{t}は",
    "{t}は、{n}では",
    "つまり、{n}の{t}は",
    "{n}について、{t}は",
    "{n}の{t}といえば、",
    "{t}を{n}について言うと、",
)
# 言い直しのもう一つの形。話題を挙げる文と、値の前に置く言葉を組み合わせる。
ASKING = (
    "{n}の{t}とは。",
    "{n}の{t}をたずねる。",
    "{n}について、{t}を確かめる。",
    "{t}を、{n}について調べる。",
    "たずねたいのは{n}の{t}である。",
    "{n}では、{t}はどうか。",
    "{t}を、{n}に関して答える。",
    "問いは{n}の{t}。",
)
CUES = ("答えは", "それは", "\n答え：", "\n答えは", "\n")
ASKING_RATE = 0.5
# 手引きの列に、同じ名前についての別の属性の文を加える割合。
OTHER_FAMILY_RATE = 0.4
# 名前 (値) どうしが部分語を分け合う列の割合と、分け合う部分語の数の範囲。
SHARED_PARTS = 0.6
POOL = (3, 7)


@dataclass(frozen=True)
class Sequence:
    """id 列と、各トークンを当てる損失の重みと、写すべきトークンか (同じ長さ)。"""

    ids: list[int]
    weights: list[float]
    copied: list[bool]


@dataclass(frozen=True)
class Family:
    """一つの属性を述べる文の骨組み ({n} が名前、{v} が値) と、その属性の呼び名。"""

    frames: Iterable[str]
    topics: Iterable[str]


Fact = tuple[list[int], list[int], list[int]]


class StatementWriter:
    """encode で文字列を id にし、pieces (名前と値に使う id) から合成の列を書く。

    損失の重みは、写せるトークンが 1、先が読めないトークンが 0。文脈の値のうち、そこま
    でが同じで、そこから分かれるものがあるトークン (値の最初のトークンはいつもそう) は
    choice_weight にする。asking が真なら、ASKING の形でも言い直す。
    """

    def __init__(
        self,
        encode: Callable[[str], list[int]],
        pieces: np.ndarray,
        bos: int,
        eos: int,
        families: Iterable[Family] = (),
        choice_weight: float = 1.0,
        asking: bool = False,
    ) -> None:
        self.pieces, self.bos, self.eos = pieces, bos, eos
        self.choice_weight = choice_weight
        self.families = [
            (
                [self._parts(frame, encode) for frame in family.frames],
                [encode(topic) for topic in family.topics],
            )
            for family in families
        ]
        self.asking = [
            self._parts(asked + cue, encode)
            for asked in (ASKING if asking else ())
            for cue in CUES
        ]
        self.topics = [encode(topic) for topic in TOPICS]
        self.statements = [self._parts(frame, encode) for frame in STATEMENTS]
        self.restatements = [self._parts(frame, encode) for frame in RESTATEMENTS]
        self.stop = encode("。")

    @staticmethod
    def _parts(frame: str, encode: Callable[[str], list[int]]) -> list[str | list[int]]:
        """「{n}の{t}は」を ["n", の, "t", は] のように分ける。"""
        parts: list[str | list[int]] = []
        for chunk in frame.split("{"):
            slot, closed, literal = chunk.partition("}")
            if closed:
                parts.append(slot)
            text = literal if closed else chunk
            if text:
                parts.append(encode(text))
        return parts

    def _names(self, rng: np.random.Generator, count: int) -> list[list[int]]:
        """互いに違う、1 から 4 個の部分語の並びを count 個。"""
        shared = rng.random() < SHARED_PARTS
        pool = rng.choice(self.pieces, int(rng.integers(*POOL))) if shared else None
        length = int(rng.integers(2, 5))
        while pool is not None and len(pool) ** length < 2 * count:
            length += 1
        # 同じ部分語が重なって引かれると、count 個の違う名前が作れないことがある。
        while pool is not None and len(set(pool.tolist())) ** length < count:
            pool, length = rng.choice(self.pieces, len(pool)), length + 1
        made: list[list[int]] = []
        while len(made) < count:
            if pool is None:
                name = rng.choice(self.pieces, int(rng.integers(1, 5))).tolist()
            else:
                name = rng.choice(pool, length).tolist()
            if name not in made:
                made.append(name)
        return made

    def statements_and_restatements(self, rng: np.random.Generator) -> Sequence:
        """2 つから 6 つの事実を述べ、そのうちのいくつかを言い直す。"""
        topics = rng.choice(len(self.topics), int(rng.integers(1, 4)), replace=False)
        facts = []
        count = int(rng.integers(2, 7))
        values = self._names(rng, count * len(topics))
        for name in self._names(rng, count):
            own = topics if rng.random() < 0.3 else [rng.choice(topics)]
            facts += [(name, self.topics[topic], values.pop()) for topic in own]
        facts = [facts[i] for i in rng.permutation(len(facts))[:7]]
        row = _Row(self.bos)
        for fact in facts:
            frame = self.statements[int(rng.integers(len(self.statements)))]
            self._append(frame, fact, row)
        for index in rng.permutation(len(facts))[: int(rng.integers(2, 6))]:
            self._restate(facts[index], [fact[2] for fact in facts], row, rng)
        return row.closed(self.eos)

    def guides(self, rng: np.random.Generator, crossing: int = 0) -> Sequence:
        """手引きの文で 3 つから 5 つの名前について述べ、そのいくつかを言い直す。

        crossing を渡すと、同じ名前についての別の属性の文を 1 つから crossing 個加える。
        名前だけでは値が決まらず、属性も見なければならない。families がなければ
        ValueError。
        """
        if not self.families:
            raise ValueError("文の骨組みがありません")
        count = int(rng.integers(3, 6))
        names, values = self._names(rng, count), self._names(rng, count + 1 + crossing)
        family, other = rng.integers(len(self.families), size=2).tolist()
        told = [(family, index) for index in range(count)]
        if crossing:
            told += self._crossing(rng, family, count, crossing)
        elif other != family and rng.random() < OTHER_FAMILY_RATE:
            told.append((other, int(rng.integers(count))))
        facts = []
        for (which, index), value in zip(told, values, strict=False):
            frames, topics = self.families[which]
            topic = topics[int(rng.integers(len(topics)))]
            facts.append((frames, (names[index], topic, value)))
        row = _Row(self.bos)
        for index in rng.permutation(len(facts)):
            frames, fact = facts[index]
            self._append(frames[int(rng.integers(len(frames)))], fact, row)
        values = [fact[2] for _, fact in facts]
        for index in rng.permutation(len(facts))[: int(rng.integers(2, 6))]:
            frames, fact = facts[index]
            if self.asking and rng.random() < ASKING_RATE:
                self._restate(fact, values, row, rng)
                continue
            known = False
            for part in frames[int(rng.integers(len(frames)))]:
                # 値が名前より先に来る言い直しでは、どの値かがまだ決まっていない。
                if part == "v" and known:
                    row.copy(fact[2], self._weights(fact[2], values))
                else:
                    row.add(self._filled(part, fact))
                known = known or part == "n"
        return row.closed(self.eos)

    def _crossing(
        self, rng: np.random.Generator, family: int, names: int, most: int
    ) -> list[tuple[int, int]]:
        """family でない属性と名前の番号の組を、重ならないように 1 つから most 個。"""
        others = [other for other in range(len(self.families)) if other != family]
        pairs = {
            (int(rng.choice(others)), int(rng.integers(names)))
            for _ in range(int(rng.integers(1, most + 1)))
        }
        return sorted(pairs)

    def keys_and_values(self, rng: np.random.Generator) -> Sequence:
        """「鍵 値」を並べ、順番を変えてもう一度並べる。"""
        count = int(rng.integers(4, 16))
        drawn = rng.choice(self.pieces, 2 * count, replace=False)
        keys, values = drawn[:count], drawn[count:]
        row = _Row(self.bos)
        for again in (False, True):
            for index in rng.permutation(count):
                row.add([int(keys[index])])
                value = [int(values[index])]
                if again:
                    row.copy(value, [self.choice_weight])
                else:
                    row.add(value)
        return row.closed(self.eos)

    def _restate(
        self,
        fact: Fact,
        values: list[list[int]],
        row: _Row,
        rng: np.random.Generator,
    ) -> None:
        """値の前までを書き、値と句点を写すトークンとして続ける。"""
        frames = self.restatements
        if self.asking and rng.random() < ASKING_RATE:
            frames = self.asking
        self._append(frames[int(rng.integers(len(frames)))], fact, row)
        row.copy(fact[2], self._weights(fact[2], values))
        row.copy(self.stop, [1.0] * len(self.stop))

    def _weights(self, value: list[int], values: list[list[int]]) -> list[float]:
        """value の各トークンを当てる損失の重み。values は文脈に出た値のすべて。"""
        return [
            self.choice_weight
            if any(v[:i] == value[:i] and v[i : i + 1] != [token] for v in values)
            else 1.0
            for i, token in enumerate(value)
        ]

    @staticmethod
    def _filled(part: str | list[int], fact: Fact) -> list[int]:
        return fact["ntv".index(part)] if isinstance(part, str) else part

    def _append(self, frame: list[str | list[int]], fact: Fact, row: _Row) -> None:
        for part in frame:
            row.add(self._filled(part, fact))


class _Row:
    """書きかけの列。"""

    def __init__(self, bos: int) -> None:
        self.ids, self.weights, self.copied = [bos], [0.0], [False]

    def add(self, ids: list[int]) -> None:
        """先の読めないトークンを続ける。"""
        self.ids += ids
        self.weights += [0.0] * len(ids)
        self.copied += [False] * len(ids)

    def copy(self, ids: list[int], weights: list[float]) -> None:
        """文脈から写すトークンを続ける。"""
        self.ids += ids
        self.weights += weights
        self.copied += [True] * len(ids)

    def closed(self, eos: int) -> Sequence:
        """文書の終わりの印をつけた列。"""
        self.add([eos])
        return Sequence(self.ids, self.weights, self.copied)
