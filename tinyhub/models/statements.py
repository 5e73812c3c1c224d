"""意味のない名前と値で「誰の何は何」を述べ、言い直す、ラベルのない合成の列。

名前と値は語彙から無作為に引いた部分語の並びなので、覚えて答えることはできず、文脈の
中の述べ方から写すしかない。多くの列では、名前どうし・値どうしが部分語を分け合う
(「第一経理係」と「第二経理係」のように)。名前の一部だけを見ても、写す先は決まらない。
述べ方は 3 種類ある。

- 短い文の骨組みと、普通の名詞の話題。
- 手引きや案内の文の骨組み (訓練用の組み合わせだけ)。前置きや後置きもつく。
- 文の骨組みのない「鍵 値 鍵 値 …」の列。
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
# 名前 (値) どうしが部分語を分け合う列の割合と、分け合う部分語の数の範囲。
SHARED_PARTS = 0.6
POOL = (3, 7)
# 先が読めないトークンの損失の重み。写せるはずのトークンは 1。
UNPREDICTABLE = 0.05


@dataclass(frozen=True)
class Sequence:
    """id 列と、各トークンを当てる損失の重み (どちらも同じ長さ)。"""

    ids: list[int]
    weights: list[float]
    copied: list[bool]


class StatementWriter:
    """encode で文字列を id にし、pieces (名前と値に使う id) から合成の列を書く。

    families は、同じことを述べる文の骨組みの集まり。{n} が名前、{v} が値。
    """

    def __init__(
        self,
        encode: Callable[[str], list[int]],
        pieces: np.ndarray,
        bos: int,
        eos: int,
        families: Iterable[Iterable[str]] = (),
    ) -> None:
        self.pieces, self.bos, self.eos = pieces, bos, eos
        self.families = [
            [self._parts(frame, encode) for frame in frames] for frames in families
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
        ids, copied = [self.bos], [False]
        for fact in facts:
            frame = self.statements[int(rng.integers(len(self.statements)))]
            self._append(frame, fact, ids, copied)
        for index in rng.permutation(len(facts))[: int(rng.integers(2, 6))]:
            fact = facts[index]
            frame = self.restatements[int(rng.integers(len(self.restatements)))]
            self._append(frame, fact, ids, copied)
            ids += fact[2] + self.stop
            copied += [True] * (len(fact[2]) + len(self.stop))
        return self._weighted(ids, copied)

    def guides(self, rng: np.random.Generator) -> Sequence:
        """手引きの文で 3 つから 5 つの名前について述べ、そのいくつかを言い直す。

        families がなければ ValueError。
        """
        if not self.families:
            raise ValueError("文の骨組みがありません")
        frames = self.families[int(rng.integers(len(self.families)))]
        count = int(rng.integers(3, 6))
        names, values = self._names(rng, count), self._names(rng, count)
        again = rng.permutation(count)[: int(rng.integers(1, 4))].tolist()
        ids, copied = [self.bos], [False]
        for order, index in enumerate([*range(count), *again]):
            frame = frames[int(rng.integers(len(frames)))]
            told = order >= count
            slots = {"n": names[index], "v": values[index]}
            known = False
            for part in frame:
                piece = slots[part] if isinstance(part, str) else part
                ids += piece
                # 値が名前より先に来る言い直しでは、どの値かがまだ決まっていない。
                copied += [told and known and part == "v"] * len(piece)
                known = known or part == "n"
        return self._weighted(ids, copied)

    def keys_and_values(self, rng: np.random.Generator) -> Sequence:
        """「鍵 値」を並べ、順番を変えてもう一度並べる。"""
        count = int(rng.integers(4, 16))
        drawn = rng.choice(self.pieces, 2 * count, replace=False)
        keys, values = drawn[:count], drawn[count:]
        ids, copied = [self.bos], [False]
        for again in (False, True):
            for index in rng.permutation(count):
                ids += [int(keys[index]), int(values[index])]
                copied += [False, again]
        return self._weighted(ids, copied)

    @staticmethod
    def _append(
        frame: list[str | list[int]],
        fact: tuple[list[int], list[int], list[int]],
        ids: list[int],
        copied: list[bool],
    ) -> None:
        slots = dict(zip("ntv", fact, strict=True))
        for part in frame:
            piece = slots[part] if isinstance(part, str) else part
            ids += piece
            copied += [False] * len(piece)

    def _weighted(self, ids: list[int], copied: list[bool]) -> Sequence:
        weights = [1.0 if mark else UNPREDICTABLE for mark in copied]
        return Sequence([*ids, self.eos], [*weights, 0.0], [*copied, False])
