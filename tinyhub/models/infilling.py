"""穴埋めの問題: 入力の一部を目印に替え、目印ごとに隠したトークンを書かせる。

T5 の区間破損 (span corruption, Raffel et al., 2020) と同じ形で、隠す場所の選び方が
何通りかある。どれもラベルを使わない。

- `random_spans`: 無作為な区間。割合と平均の長さは T5 と同じ。
- `recurring_spans`: 文書の中で繰り返される語の並び (Splinter, Ram et al., 2021)。
  入力に残ったほうから写せば埋められる。
- `long_span`: 続いた長い区間。前後と合う文を作る。
- `Restatements`: 意味のない名前と値を述べた文の、言い直しの名前と値。
- `repeated_pieces`: 意味のない部分語の並びの、2 度目の残り。
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyhub.models.statements import StatementWriter

Span = tuple[int, int]


@dataclass(frozen=True)
class Infilling:
    """エンコーダに入れる列、デコーダが書く列と、写せば書けるトークンの印。"""

    source: list[int]
    target: list[int]
    copied: list[bool]


class SpanMasker:
    """sentinels (<extra_id_0> から順の id) で区間を隠す。"""

    def __init__(self, sentinels: Sequence[int], eos: int) -> None:
        self.sentinels, self.eos = tuple(sentinels), eos

    def mask(
        self, ids: Sequence[int], spans: Sequence[Span], copied: bool = False
    ) -> Infilling:
        """spans (重ならず隣り合わない、前から順の [始, 終)) を目印に替える。"""
        source: list[int] = []
        target: list[int] = []
        marks: list[bool] = []
        place = 0
        for sentinel, (start, end) in zip(self.sentinels, spans, strict=False):
            source += [*ids[place:start], sentinel]
            target += [sentinel, *ids[start:end]]
            marks += [False, *[copied] * (end - start)]
            place = end
        source += [*ids[place:], self.eos]
        # 最後の目印は「ここまで」を表す。3 章では、これが生成を止める印になる。
        target += [self.sentinels[len(spans)], self.eos]
        return Infilling(source, target, [*marks, False, False])


def random_spans(
    length: int, density: float, mean_length: float, rng: np.random.Generator
) -> list[Span]:
    """長さ length (3 以上) の列の density を隠す、平均 mean_length の区間。"""
    hidden = min(max(round(length * density), 1), length - 2)
    count = min(max(round(hidden / mean_length), 1), hidden, length - hidden - 1)
    lengths = _segments(hidden, count, rng)
    gaps = _segments(length - hidden, count + 1, rng)[:-1]
    ends = np.cumsum(gaps + lengths)
    return [
        (int(end - size), int(end)) for end, size in zip(ends, lengths, strict=True)
    ]


def _segments(total: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """total を count 個の正の整数に、無作為に分ける。"""
    cuts = np.sort(rng.choice(total - 1, count - 1, replace=False)) + 1
    return np.diff(np.concatenate([[0], cuts, [total]]))


def long_span(length: int, density: float, rng: np.random.Generator) -> list[Span]:
    """ひと続きの区間。先頭から隠すことも、末尾まで隠すこともある。"""
    size = max(1, round(length * density))
    start = int(rng.integers(length - size + 1))
    return [(start, start + size)]


def recurring_spans(
    ids: Sequence[int],
    limit: int,
    longest: int,
    plain: frozenset[int],
    rng: np.random.Generator,
) -> list[Span]:
    """2 度以上現れる並びのうち、片方を隠す区間。多くて limit 個。

    plain (助詞や句読点など、どの文書にも現れる部分語) だけの並びは選ばない。
    """
    chosen: list[Span] = []
    taken = np.zeros(len(ids) + 1, dtype=bool)
    places: dict[int, list[int]] = {}
    for place, index in enumerate(ids):
        if index not in plain:
            places.setdefault(index, []).append(place)
    repeated = [index for index, found in places.items() if len(found) > 1]
    for index in rng.permutation(repeated):
        hidden, kept = rng.permutation(places[int(index)])[:2].tolist()
        start, end = _widest_match(ids, hidden, kept, longest)
        shift = kept - hidden
        if abs(shift) <= end - start:
            continue
        original = slice(start + shift, end + shift)
        if taken[max(start - 1, 0) : end + 1].any() or taken[original].any():
            continue
        # 隠した区間と、写すもとの区間は、ほかの区間で隠さない。
        taken[start:end] = taken[original] = True
        chosen.append((start, end))
        if len(chosen) == limit:
            break
    return sorted(chosen)


def _widest_match(ids: Sequence[int], one: int, other: int, longest: int) -> Span:
    """one と other のまわりで一致する並びを、one の側の区間で返す。"""
    low, high = min(one, other), max(one, other)
    left, right = 0, 1
    while (
        left + 1 < longest
        and low > left
        and ids[low - left - 1] == ids[high - left - 1]
    ):
        left += 1
    while (
        left + right < longest
        and high + right < len(ids)
        and ids[low + right] == ids[high + right]
    ):
        right += 1
    return one - left, one + right


def restatement(
    writer: StatementWriter, masker: SpanMasker, rng: np.random.Generator
) -> Infilling:
    """意味のない名前と値を述べ、言い直す。言い直しの値を隠す。"""
    row = writer.statements_and_restatements(rng)
    ids, copied = row.ids[1:-1], row.copied[1:-1]
    edges = np.flatnonzero(np.diff([0, *copied, 0]))
    # 印は値と句点についている。句点は入力に残す。
    stop = len(writer.stop)
    spans = [(int(a), int(b) - stop) for a, b in edges.reshape(-1, 2)]
    return masker.mask(ids, spans, copied=True)


def repeated_pieces(
    pieces: np.ndarray, masker: SpanMasker, rng: np.random.Generator
) -> Infilling:
    """意味のない並びを 2 度書き、2 度目の途中を隠す。"""
    size = int(rng.integers(6, 40))
    ids = rng.choice(pieces, size).tolist()
    start = int(rng.integers(1, size - 2))
    end = int(rng.integers(start + 2, min(size, start + 12) + 1))
    first = max(0, start - int(rng.integers(1, 6)))
    again = ids[first : min(size, end + 3)]
    span = (size + start - first, size + end - first)
    return masker.mask([*ids, *again], [span], copied=True)
