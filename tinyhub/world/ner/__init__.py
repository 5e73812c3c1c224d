"""固有表現の文(stockmark/ner-wikipedia-dataset と llm-book/ner-wikinews-dataset の形)。

本物と同じく、百科事典の文は一つの split だけで配り、読む側が seed 42 で並べ替えて
8:1:1 に分ける。分けたあとに、検証・テストの文の名前のおよそ 7 割が訓練の文に現れず、
述語の組み合わせも現れないように、行の順をあらかじめ決めておく。
"""

import random
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import fugashi

from tinyhub.world.facts import SPLITS, Split
from tinyhub.world.ner.frames import (
    EXCLUSIVE,
    GENERIC,
    LISTS,
    MODIFIERS,
    NEWS,
    NEWS_LEADS,
    NEWS_TAILS,
    OPENERS,
    PREDICATES,
    PRONOUNS,
    SKELETONS,
    TIMELESS,
)
from tinyhub.world.ner.names import Name, names, opaque_names

Source = Literal["wikipedia", "wikinews"]
ROWS: dict[Source, int] = {"wikipedia": 5_000, "wikinews": 178}
SEED = 3638
BOOK_SEED = 42
NGRAM = 13

# 検証・テストの文で、名前を訓練側から取る割合。
SEEN_NAME = 0.42
# 見た目から型の分からない名前の割合。
OPAQUE_NAME = 0.4
GENERIC_RATE = 0.12
MODIFIER_RATE = 0.3
LIST_RATE = 0.08
# 名前の一つもない文の割合。
EMPTY_RATE = 0.11
# 注釈の誤りの割合。
NOISE = 0.02
MAX_CHARACTERS = 64

# 主語の割合。人・会社・土地の文が多いのは本物と同じ。
_SUBJECTS = {
    "人": 34,
    "社": 22,
    "地": 9,
    "作": 10,
    "政": 8,
    "施": 4,
    "館": 4,
    "品": 6,
    "列": 2,
    "催": 6,
    "団": 5,
    "球": 4,
    "楽": 4,
    "学": 4,
    "党": 4,
    "自然": 4,
    "駅": 3,
    "店": 3,
    "大会": 3,
    "戦": 2,
    "災": 2,
}
_CONFUSED = {
    "法人名": "施設名",
    "施設名": "法人名",
    "政治的組織名": "地名",
    "地名": "政治的組織名",
    "その他の組織名": "法人名",
    "製品名": "その他の組織名",
    "イベント名": "製品名",
    "人名": "地名",
}
_SLOT = re.compile(r"\{(.*?)\}")
_FORMS = re.compile(r"\[(.+?)/(.+?)\]")
# 今の様子を述べる言い切り。「ている」のように、「た」で終わらないもの。
_STATE = re.compile(r"/.*[^ただ]\]$")
# どこにあるかを述べる言い切り。
_PLACED = re.compile(r"/(ある|位置する|置いている|置かれている)\]$")


@dataclass(frozen=True)
class Entity:
    """注釈一つ。span は text の文字の位置 [start, end)。"""

    name: str
    span: tuple[int, int]
    type: str


@dataclass(frozen=True)
class Row:
    """データセットの一行。"""

    curid: str
    text: str
    entities: tuple[Entity, ...]


@dataclass(frozen=True)
class Draft:
    """書き上げた文と、作ったときに分かっていること。"""

    text: str
    entities: tuple[Entity, ...]
    composition: str


class _Writer:
    """差し込み口を埋めながら、文字の位置を記録する。"""

    def __init__(
        self, rng: random.Random, split: Split, generic_rate: float = GENERIC_RATE
    ) -> None:
        self.rng = rng
        self.split = split
        self.generic_rate = generic_rate
        self.text = ""
        self.entities: list[Entity] = []
        self.used: set[str] = set()

    def write(self, frame: str, rate: float = MODIFIER_RATE) -> None:
        """frame を書き足す。rate は修飾を付ける割合。"""
        end = 0
        for slot in _SLOT.finditer(frame):
            self.text += frame[end : slot.start()]
            self._fill(slot.group(1), rate)
            end = slot.end()
        self.text += frame[end:]

    def subject(self, slot: str, pronoun: bool) -> None:
        """主語を書く。pronoun なら名前を使わない。"""
        if pronoun:
            self.text += self.rng.choice(PRONOUNS[slot])
        else:
            self._named(slot, MODIFIER_RATE)

    def _fill(self, slot: str, rate: float) -> None:
        if slot == "年":
            self.text += str(self.rng.randrange(1890, 2024))
        elif slot == "年代":
            self.text += str(self.rng.randrange(189, 202) * 10)
        elif slot == "月":
            self.text += str(self.rng.randrange(1, 13))
        elif slot == "日":
            self.text += str(self.rng.randrange(1, 29))
        elif self.rng.random() < self.generic_rate:
            self.text += self.rng.choice(GENERIC[slot])
        else:
            self._named(slot, rate)

    def _named(self, slot: str, rate: float) -> None:
        quoted = slot == "作" and not self.text.endswith("『")
        if self.rng.random() < (0.85 if quoted else rate):
            # 年は一文に一つ。二つあると、順序が食い違う。
            fitting = [
                form
                for form in MODIFIERS[slot]
                if "{年}" not in form or "年" not in self.text
            ]
            modifier = self.rng.choice(fitting)
            before, after = modifier.split("{}")
            # 修飾の中の名前には、さらに修飾を付けない。
            self.write(before, rate=0.0)
            self.name(slot)
            self.write(after, rate=0.0)
        else:
            self.name(slot)

    def name(self, slot: str) -> None:
        """名前そのものを書き、位置を記録する。"""
        chosen = self._choose(slot)
        start = len(self.text)
        self.text += chosen.text
        self.used.add(chosen.text)
        span = (start, len(self.text))
        self.entities.append(Entity(chosen.text, span, chosen.type))

    def _choose(self, slot: str) -> Name:
        while True:
            own = self.split
            if own != "train" and self.rng.random() < SEEN_NAME:
                own = "train"
            pool = names(own)[slot] or names("train")[slot]
            if self.rng.random() < OPAQUE_NAME:
                pool = opaque_names(own).get(slot, pool)
            chosen = self.rng.choice(pool)
            # 一つの文に同じ名前が二度出ると、どちらが誰か分からない。
            if not any(chosen.text in old or old in chosen.text for old in self.used):
                return chosen


def composition_split(composition: str) -> Split:
    """述語の組み合わせを、どの split で使うか。"""
    remainder = zlib.crc32(composition.encode()) % 10
    return "test" if remainder == 9 else "validation" if remainder == 8 else "train"


def _predicate(frame: str, final: bool) -> str:
    return _FORMS.sub(lambda forms: forms.group(2 if final else 1), frame)


def _pair(rng: random.Random, slot: str) -> tuple[str, str]:
    """述語を二つ選ぶ。同じ動詞を繰り返すものと、食い違うものは選ばない。"""
    while True:
        first, second = rng.sample(PREDICATES[slot], 2)
        same_verb = _FORMS.findall(first)[0][0] == _FORMS.findall(second)[0][0]
        if not same_verb and {first, second} not in EXCLUSIVE:
            return first, second


def _list_sentence(rng: random.Random, split: Split) -> Draft:
    writer = _Writer(rng, split)
    slot, frame = rng.choice(LISTS)
    opener = rng.choice(TIMELESS[:-1])
    writer.write(opener)
    for part in re.split(r"(\{.\})", frame):
        if part.startswith("{"):
            writer.name(slot)
        else:
            writer.text += part
    return Draft(writer.text, tuple(writer.entities), f"{opener}/{slot}/{frame}")


def _sentence(rng: random.Random, split: Split, plain: bool) -> Draft:
    slot = rng.choices(tuple(_SUBJECTS), tuple(_SUBJECTS.values()))[0]
    skeleton, opener = rng.choice(SKELETONS), rng.choice(OPENERS)
    first, second = _pair(rng, slot)
    told = (first, second) if "{二}" in skeleton else (first,)
    if "知られる" in skeleton or any(map(_STATE.search, told)):
        opener = rng.choice(TIMELESS)
    if opener == "また、" and "また{二}" in skeleton:
        opener = ""
    if "知られている" in first or _PLACED.search(first):
        # 「知られていることでも知られる」「町にあることでも知られる」とは言わない。
        skeleton = skeleton.replace("{一}ことでも知られる", "{一}")
    writer = _Writer(rng, split, 1.0 if plain else GENERIC_RATE)
    writer.write(opener, rate=0.0)
    for part in re.split(r"(\{.\})", skeleton):
        if part == "{主}":
            # 「彼女も生まれた町」のように主語だけを名前でなくした文も混ぜる。
            writer.subject(slot, plain or rng.random() < 0.08)
        elif part == "{一}":
            writer.write(_predicate(first, final=True))
        elif part == "{続}":
            writer.write(_predicate(first, final=False))
        elif part == "{二}":
            writer.write(_predicate(second, final=True))
        else:
            writer.text += part
    parts = [slot, skeleton, first]
    if "{二}" in skeleton:
        parts.append(second)
    else:
        parts.append(opener)
    return Draft(writer.text, tuple(writer.entities), "/".join(parts))


def _write(rng: random.Random, split: Split) -> Draft:
    if rng.random() < LIST_RATE:
        return _list_sentence(rng, split)
    return _sentence(rng, split, plain=rng.random() < EMPTY_RATE)


def compose(split: Split, rows: int, seed: int = SEED) -> list[Draft]:
    """百科事典の文を rows 件書く。注釈に誤りはなく、同じ文は二度書かない。"""
    rng = random.Random(f"ner/{split}/{seed}")
    drafts: dict[str, Draft] = {}
    while len(drafts) < rows:
        draft = _write(rng, split)
        if composition_split(draft.composition) != split:
            continue
        if len(draft.text) <= MAX_CHARACTERS:
            drafts.setdefault(draft.text, draft)
    return list(drafts.values())


def _noisy(rng: random.Random, draft: Draft) -> tuple[Entity, ...]:
    """NOISE の割合の注釈を、落とすか、型を取り違えるか、端をずらす。"""
    kept = []
    for entity in draft.entities:
        if rng.random() >= NOISE:
            kept.append(entity)
            continue
        mistake = rng.choice(("missing", "type", "edge"))
        if mistake == "type":
            kept.append(Entity(entity.name, entity.span, _CONFUSED[entity.type]))
        elif mistake == "edge" and len(entity.name) > 2:
            start, end = entity.span[0], entity.span[1] - 1
            kept.append(Entity(draft.text[start:end], (start, end), entity.type))
    return tuple(kept)


def _row(rng: random.Random, draft: Draft) -> Row:
    return Row(str(rng.randrange(1_000, 4_200_000)), draft.text, _noisy(rng, draft))


def book_sizes(rows: int) -> dict[Split, int]:
    """並べ替えたあとの、8:1:1 の件数。"""
    train, validation = int(0.8 * rows), int(0.1 * rows)
    sizes = (train, validation, rows - train - validation)
    return dict(zip(SPLITS, sizes, strict=True))


def book_split(rows: Sequence[Row]) -> dict[Split, list[Row]]:
    """random.seed(42) で並べ替え、8:1:1 に分ける(書籍の分け方)。"""
    shuffled = list(rows)
    random.Random(BOOK_SEED).shuffle(shuffled)
    found: dict[Split, list[Row]] = {}
    for split, size in book_sizes(len(rows)).items():
        found[split], shuffled = shuffled[:size], shuffled[size:]
    return found


def generate(source: Source, rows: int, seed: int = SEED) -> list[Row]:
    """データセットを rows 件作る。"""
    rng = random.Random(f"ner/rows/{source}/{seed}")
    if source == "wikinews":
        return [_row(rng, draft) for draft in compose_news(rows, seed)]
    wanted = [
        _row(rng, draft)
        for split, size in book_sizes(rows).items()
        for draft in compose(split, size, seed)
    ]
    # 並べ替えたときに wanted の順になるように、置く場所を逆にたどる。
    order = list(range(rows))
    random.Random(BOOK_SEED).shuffle(order)
    placed: dict[int, Row] = dict(zip(order, wanted, strict=True))
    return [placed[index] for index in range(rows)]


def compose_news(rows: int, seed: int = SEED) -> list[Draft]:
    """ニュースの文を rows 件書く。文の枠は百科事典の文と一つも重ならない。"""
    rng = random.Random(f"ner/news/{seed}")
    drafts: dict[str, Draft] = {}
    while len(drafts) < rows:
        # 敬称や役職が続くので、名前の代わりに普通の言葉を入れることはない。
        writer = _Writer(rng, "test", generic_rate=0.0)
        frame = rng.choice(NEWS)
        named = frame.startswith("{")
        lead = rng.choice(NEWS_LEADS) if named else ""
        if "によると" in lead and not frame.endswith(("という。", "分かった。")):
            lead = ""
        if "日" in lead and ("{日}" in frame or frame.endswith("という。")):
            lead = ""
        if "現地時間" in lead and not frame.startswith("{国}"):
            lead = "{日}日、" if "{日}" not in frame else ""
        for part in (lead, frame, rng.choice(NEWS_TAILS) if named else ""):
            writer.write(part, rate=0.0)
        draft = Draft(writer.text, tuple(writer.entities), f"news/{lead}/{frame}")
        if len(draft.text) <= 1.5 * MAX_CHARACTERS:
            drafts.setdefault(draft.text, draft)
    return list(drafts.values())


# --- 事前学習用の文章 -------------------------------------------------------


@cache
def _tagger() -> fugashi.Tagger:
    return fugashi.Tagger()


def ngrams(text: str, size: int = NGRAM) -> frozenset[tuple[str, ...]]:
    """MeCab (unidic-lite) の語の n-gram。"""
    words = [word.surface for word in _tagger()(text)]
    return frozenset(zip(*(words[i:] for i in range(size)), strict=False))


@cache
def _reserved() -> frozenset[tuple[str, ...]]:
    """検証・テスト・ニュースの文に現れる n-gram。"""
    drafts = [
        draft
        for split, size in book_sizes(ROWS["wikipedia"]).items()
        if split != "train"
        for draft in compose(split, size)
    ]
    drafts += compose_news(ROWS["wikinews"])
    return frozenset(gram for draft in drafts for gram in ngrams(draft.text))


def pretraining_documents(seed: int, documents: int) -> list[list[str]]:
    """注釈のない文の並びを documents 件書く。一件は 2〜4 文のリスト。

    名前はすべての split から取るが、述語の組み合わせは訓練用のものだけを使い、検証・
    テスト・ニュースの文と語の 13-gram を共有する文書は捨てる。
    """
    rng = random.Random(f"ner/text/{seed}")
    sizes = book_sizes(ROWS["wikipedia"])
    written: list[list[str]] = []
    while len(written) < documents:
        owner = rng.choices(SPLITS, tuple(sizes.values()))[0]
        lines: list[str] = []
        wanted = rng.randrange(2, 5)
        while len(lines) < wanted:
            draft = _write(rng, owner)
            if composition_split(draft.composition) == "train":
                lines.append(draft.text)
        if all(_reserved().isdisjoint(ngrams(line)) for line in lines):
            written.append(lines)
    return written
