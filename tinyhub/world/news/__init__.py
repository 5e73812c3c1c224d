"""livedoor ニュースコーパスと同じ列をもつ、架空の世界のニュース記事と見出し。

一つの記事は、前置き・中心となる事実・同じ種類の別の値を述べる文・背景・談話・結び
からなる。中心の事実は先頭の文とは限らない。見出しはその事実を本文とは別の言葉で
縮めたものなので、本文のどの一文を抜き出しても見出しにはならない。

中心の述べ方・枠・見出し・中心の位置の組み合わせは、名前の切り分けと同じように
train / validation / test のどれか一つに属する。固有名も同じである。
"""

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Protocol

from tinyhub.world.drawn_values import draw, figure, scores
from tinyhub.world.facts import SPLITS, Split, Team, World, split_of, world
from tinyhub.world.news.columns import COLUMNS
from tinyhub.world.news.kinds import CATEGORIES, KINDS, Kind
from tinyhub.world.news.subjects import (
    CLOSERS,
    PUBLIC_CLOSERS,
    QUOTE_FRAMES,
    QUOTES,
    SCENES,
    SUBJECTS,
    Subject,
)

if TYPE_CHECKING:
    import fugashi

# 日付の順に並べて 8:1:1 に切ると、ちょうどこの三つに分かれる。
ROWS: dict[Split, int] = {"train": 4_000, "validation": 500, "test": 500}
SEED = 20140209

# 見出しが、中心の事実ではなく談話から取られる割合。編集者の好みのゆれにあたる。
QUOTE_TITLE = 0.05
TAGGED_TITLE = 0.85
LEAK_WORDS = 13

_FIRST_DAY = datetime(2025, 1, 1, 7)
_LAST_DAY = datetime(2025, 12, 28, 22)
_FIRST_ID = 9_000_000

# 中心の事実を入れる枠。topic は主題、core は述べ方。
_FRAMES: dict[str, tuple[str, ...]] = {
    "plan": (
        "{topic}は{when}、{core}と発表した。",
        "{topic}は{core}ことを{when}、明らかにした。",
        "{topic}は{when}の会見で、{core}と明かした。",
        "{topic}は{core}方針を固め、{when}に公表した。",
        "{topic}は{when}、{core}ことを決めた。",
        "{when}の取材に、{topic}は{core}と答えた。",
    ),
    "report": (
        "{topic}は{when}、{core}。",
        "{when}、{topic}は{core}。",
        "関係者によると、{topic}は{when}、{core}。",
        "{topic}は{core}と、{when}に伝えられた。",
        "{when}に{near}にも届いた知らせでは、{topic}は{core}。",
    ),
    "tally": (
        "{when}の発表によると、{topic}は{core}。",
        "{when}のまとめによると、{topic}は{core}。",
        "関係者によると、{topic}は{when}までに{core}。",
        "{topic}は{core}ことが{when}、わかった。",
        "{topic}は{core}ことが、{when}の集計で明らかになった。",
    ),
    "deed": (
        "{topic}は{when}、{core}。",
        "{when}、{topic}は{core}。",
        "{topic}が{core}のは、{when}のことである。",
        "関係者によると、{topic}は{when}、{core}。",
    ),
    "match": (
        "{topic}は{when}、{core}。",
        "{when}、{topic}は{core}。",
        "迎えた{when}、{topic}は{core}。",
        "{when}の試合で、{topic}は{core}。",
        "{topic}が{core}のは、{when}のことである。",
    ),
    "whole": ("{core}",),
}
_TOPICS = {"work": "『{name}』", "person": "{name}さん"}
_HEAD_WEIGHTS = (6, 3, 2)
# 中心の事実の前に置く文の数と、その重み。
_POSITIONS = {0: 18, 1: 42, 2: 27, 3: 13}
_LENGTHS = {3: 14, 4: 26, 5: 26, 6: 18, 7: 10, 8: 6}

_SHOWS = {
    "映画": "公開",
    "ドラマ": "放送",
    "アニメ": "放送",
    "舞台": "上演",
    "小説": "刊行",
    "漫画": "刊行",
    "ゲーム": "発売",
    "アルバム": "発売",
}
_COUNTERS = {
    "掃除機": "台",
    "炊飯器": "台",
    "扇風機": "台",
    "椅子": "脚",
    "水筒": "本",
    "腕時計": "本",
    "手帳": "冊",
    "スニーカー": "足",
    "布団": "枚",
}
_PRICES = {
    "イヤホン": "25-300*100",
    "リュック": "35-260*100",
    "掃除機": "140-700*100",
    "炊飯器": "90-700*100",
    "腕時計": "80-950*100",
    "椅子": "40-600*100",
    "水筒": "12-70*100",
    "手帳": "6-50*100",
    "スニーカー": "35-220*100",
    "布団": "45-450*100",
    "マグカップ": "6-45*100",
    "扇風機": "35-350*100",
}
_MAYORS = {"市": "市長", "町": "町長", "村": "村長"}
_APP_TAILS = ("ナビ", "手帳", "メモ", "便り", "ノート", "コンパス")


class Named(Protocol):
    """固有名をもつもの(町・人・会社・作品など)。"""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True)
class News:
    """記事 1 本。本物と同じ列。"""

    url: str
    date: str
    title: str
    content: str
    category: str


@dataclass(frozen=True)
class Draft:
    """記事と、その作り方。central は中心の事実を述べる文の位置。"""

    news: News
    kind: str
    composition: str
    name: str
    sentences: tuple[str, ...]
    central: int
    from_quote: bool


@dataclass(frozen=True)
class Composition:
    """中心の述べ方・枠・見出し・位置の組み合わせ。"""

    core: str
    frame: str
    head: str
    position: int
    key: str
    weight: int


def generate(split: Split, rows: int, seed: int = SEED) -> list[News]:
    """記事を日付の順に rows 本つくる。"""
    return [draft.news for draft in compose(split, rows, seed)]


def compose(split: Split, rows: int, seed: int = SEED) -> list[Draft]:
    """記事と作り方を、日付の順に rows 本つくる。同じ見出しの記事はつくらない。"""
    rng = random.Random(f"news/{split}/{seed}")
    drafts: list[Draft] = []
    titles: set[str] = set()
    for when, number in _timeline(split, rows, rng):
        draft = None
        while draft is None or draft.news.title in titles:
            draft = _draft(split, split, when, number, rng)
        titles.add(draft.news.title)
        drafts.append(draft)
    return drafts


def _timeline(
    split: Split, rows: int, rng: random.Random
) -> Iterator[tuple[datetime, int]]:
    """記事の日時と番号。訓練・検証・テストの順に並び、重ならない。"""
    total = sum(ROWS.values())
    before = sum(ROWS[s] for s in SPLITS[: SPLITS.index(split)])
    start, end = before / total, (before + ROWS[split]) / total
    span = _LAST_DAY - _FIRST_DAY
    for row in range(rows):
        place = start + (end - start) * (row + rng.random()) / rows
        when = _FIRST_DAY + timedelta(seconds=int(span.total_seconds() * place))
        yield when, _FIRST_ID + int(place * 1_000_000)


@cache
def _compositions(kind: Kind, split: Split) -> tuple[Composition, ...]:
    """その分割で使える組み合わせ。"""
    found = []
    frames = _FRAMES[kind.frame]
    for core, frame, head, position in product(
        range(len(kind.cores)), range(len(frames)), range(len(kind.heads)), _POSITIONS
    ):
        key = f"news/{kind.id}/{core}/{frame}/{head}/{position}"
        if split_of(key) == split:
            found.append(
                Composition(
                    core=kind.cores[core],
                    frame=frames[frame],
                    head=kind.heads[head],
                    position=position,
                    key=key,
                    weight=_HEAD_WEIGHTS[head] * _POSITIONS[position],
                )
            )
    return tuple(found)


@cache
def _part(split: Split) -> World:
    return world().of_split(split)


@cache
def _known_names(split: Split) -> frozenset[str]:
    """その分割の記事に出てよい固有名。評価用の記事には訓練用の名前も出てよい。"""
    return _part(split).names() | _part("train").names()


@cache
def _mains(kind: Kind, split: Split) -> tuple[Named, ...]:
    """主題になれるもの。ほかの分割の名前に触れるものは除く。"""
    hidden = world().names() - _known_names(split)
    pool = getattr(_part(split), SUBJECTS[kind.subject].pool)
    return tuple(
        entity
        for entity in pool
        if not hidden & {str(getattr(entity, f.name)) for f in fields(entity)}
        and (not kind.only or _sort(entity) in kind.only)
        and _begun(entity) <= kind.before
    )


def _sort(entity: Named) -> str:
    """商品の種類、または作品の種類。"""
    return getattr(entity, "category", None) or getattr(entity, "kind", "")


def _begun(entity: Named) -> int:
    """できた年。分からなければ 0。"""
    for name in ("founded", "released", "opened", "first_year", "year"):
        if hasattr(entity, name):
            return getattr(entity, name)
    return 0


@cache
def _kinds(category: str, split: Split) -> tuple[Kind, ...]:
    return tuple(
        kind
        for kind in KINDS
        if kind.category == category
        and _mains(kind, split)
        and _compositions(kind, split)
    )


def _draft(
    split: Split, frames: Split, when: datetime, number: int, rng: random.Random
) -> Draft:
    """記事を一つ試作する。frames は、組み合わせをどの分割から選ぶか。"""
    category = rng.choices(tuple(CATEGORIES), tuple(CATEGORIES.values()))[0]
    kind = rng.choice(_kinds(category, split))
    options = _compositions(kind, frames)
    chosen = rng.choices(options, [option.weight for option in options])[0]
    main = rng.choice(_mains(kind, split))
    slots = _slots(kind, main, split, when, rng)
    core = chosen.core.format(**slots)
    topic = (kind.topic or "{subject}").format(**slots)
    central = chosen.frame.format(**{**slots, "core": core, "topic": topic})

    subject = SUBJECTS[kind.subject]
    length = max(
        rng.choices(tuple(_LENGTHS), tuple(_LENGTHS.values()))[0], chosen.position + 2
    )
    cast = _Cast(kind, main, split, slots, rng)
    before = _before(subject, chosen.position, cast, rng)
    after = _after(subject, length - chosen.position - 1, cast, rng)
    sentences = (*before, central, *after)

    title = chosen.head.format(**slots)
    if kind.tag and rng.random() < TAGGED_TITLE:
        title = f"{title}【{kind.tag}】"
    from_quote = bool(cast.quoted) and rng.random() < QUOTE_TITLE / _QUOTED_SHARE
    if from_quote:
        named = slots["name"] if kind.subject == "person" else slots["subject"]
        title = f"{named}の{cast.speaker}「{cast.quoted}」"
    return Draft(
        news=News(
            url=f"http://news.livedoor.com/article/detail/{number}/",
            date=when.strftime("%Y-%m-%dT%H:%M:%S+0900"),
            title=title,
            content=_paragraphs(sentences, rng),
            category=category,
        ),
        kind=kind.id,
        composition=chosen.key,
        name=slots["name"],
        sentences=sentences,
        central=len(before),
        from_quote=from_quote,
    )


_QUOTED_SHARE = 0.5
_PEOPLE = ("person", "fellow")
# 引き合いに出す別の値の名前は、このどれかで始まる。
_COMPARED = ("old_", "rival", "other_")


class _Cast:
    """一文ごとに、近くの町・話し手・別の人・会社・比べる値を引き直す。"""

    def __init__(
        self,
        kind: Kind,
        main: Named,
        split: Split,
        slots: Mapping[str, str],
        rng: random.Random,
    ) -> None:
        self.kind = kind
        self.main = main
        self.split: Split = split
        self.slots = slots
        self.rng = rng
        self.used: set[str] = set()
        self.met: set[str] = set()
        self.quoted = ""
        self.speaker = ""
        self.rival = ""

    def write(self, text: str, **extra: str) -> str:
        """枠に名前を入れる。"""
        self.used.add(text)
        names = _passers_by(self.split, {*self.slots.values(), *self.met}, self.rng)
        self.met |= {names[slot] for slot in _PEOPLE if f"{{{slot}}}" in text}
        past = self._past_values()
        return text.format(**{**self.slots, **names, **past, **extra})

    def _past_values(self) -> dict[str, str]:
        """引き合いに出す別の値。中心の事実の値とは重ねない。"""
        told = {v for k, v in self.slots.items() if not k.startswith(_COMPARED)}
        while True:
            drawn = _values(self.kind, self.main, self.rng)
            found = {k: v for k, v in drawn.items() if k.startswith(_COMPARED)}
            if "old_low" in found or told.isdisjoint(found.values()):
                break
        # 一つの商品の値段や重さが、同じ記事の中で食い違わないようにする。
        if self.kind.subject == "product" and "rival" in found:
            self.rival = self.rival or found["rival"]
            found["rival"] = self.rival
        return found

    def quote(self, speakers: tuple[str, ...]) -> str:
        """談話の一文。"""
        self.quoted = self.rng.choice(QUOTES)
        self.speaker = self.rng.choice(speakers)
        return self.write(
            self.rng.choice(QUOTE_FRAMES), quote=self.quoted, speaker=self.speaker
        )


def _before(subject: Subject, count: int, cast: _Cast, rng: random.Random) -> list[str]:
    """中心の事実より前の文。場面の描写から入る。"""
    if not count:
        return []
    opening = rng.choice(SCENES if rng.random() < 0.45 else subject.leads)
    rest = [text for text in (*subject.leads, *subject.backgrounds) if text != opening]
    return [cast.write(text) for text in (opening, *rng.sample(rest, count - 1))]


def _after(subject: Subject, count: int, cast: _Cast, rng: random.Random) -> list[str]:
    """中心の事実より後の文。見出しにならない同じ種類の値を、必ず一つは入れる。"""
    quoted = count > 1 and rng.random() < _QUOTED_SHARE
    closed = count > 1 + quoted and rng.random() < 0.35
    room = count - quoted - closed
    extras = cast.kind.extras
    facts = rng.sample(extras, min(room, rng.choice((1, 1, 2, 2, 3))))
    unused = [text for text in subject.backgrounds if text not in cast.used]
    facts += rng.sample(unused, min(len(unused), room - len(facts)))
    rng.shuffle(facts)
    sentences = [cast.write(text) for text in facts]
    if quoted:
        place = rng.randrange(1, len(sentences) + 1)
        sentences.insert(place, cast.quote(subject.speakers))
    if closed:
        closers = CLOSERS + PUBLIC_CLOSERS if subject.public else CLOSERS
        sentences.append(cast.write(rng.choice(closers)))
    return sentences


def _paragraphs(sentences: tuple[str, ...], rng: random.Random) -> str:
    """二、三文ごとに改行する。"""
    lines, start = [], 0
    while start < len(sentences):
        size = rng.choice((1, 2, 2, 3))
        lines.append("".join(sentences[start : start + size]))
        start += size
    return "\n".join(lines)


def pretraining_documents(seed: int, documents: int) -> list[list[str]]:
    """見出しのない記事の文と、見出しの言葉を使う読み物。評価用の固有名も出てくる。

    検証・テストの記事と ``LEAK_WORDS`` 語以上続けて重なる文は落とす。
    """
    rng = random.Random(f"news/prose/{seed}")
    held_out = _held_out_runs()
    written: list[list[str]] = []
    while len(written) < documents:
        split = rng.choices(SPLITS, tuple(ROWS[name] for name in SPLITS))[0]
        if rng.random() < 0.25:
            sentences = _column(split, rng)
        else:
            when = _FIRST_DAY + rng.random() * (_LAST_DAY - _FIRST_DAY)
            sentences = _draft(split, "train", when, 0, rng).sentences
        kept = [text for text in sentences if held_out.isdisjoint(_runs(text))]
        if len(kept) > 1 and held_out.isdisjoint(_runs("".join(kept))):
            written.append(kept)
    return written


def _column(split: Split, rng: random.Random) -> tuple[str, ...]:
    """同じ主題について、読み物の文を二つか三つ並べる。"""
    name = rng.choice(tuple(COLUMNS))
    pool = getattr(_part(split), SUBJECTS[name].pool)
    main, other = rng.sample(pool, 2)
    chosen = rng.sample(COLUMNS[name], min(len(COLUMNS[name]), rng.choice((2, 3))))
    return tuple(
        text.format(
            **_passers_by(split, {main.name}, rng), name=main.name, other=other.name
        )
        for text in chosen
    )


@cache
def _tagger() -> "fugashi.Tagger":
    # 形態素解析は事前学習の文章を作るときにだけ使う。
    import fugashi

    return fugashi.Tagger("-Owakati")


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    """``LEAK_WORDS`` 語の連なり。"""
    words = _tagger().parse(text).split()
    for start in range(len(words) - LEAK_WORDS + 1):
        yield tuple(words[start : start + LEAK_WORDS])


@cache
def _held_out_runs() -> frozenset[tuple[str, ...]]:
    """検証・テストの記事と見出しに現れる語の連なり。"""
    return frozenset(
        run
        for split in SPLITS[1:]
        for news in generate(split, ROWS[split])
        for text in (news.content.replace("\n", ""), news.title)
        for run in _runs(text)
    )


def _passers_by(
    split: Split, used: Collection[str], rng: random.Random
) -> dict[str, str]:
    """まだ記事に出ていない町・人・会社。"""
    part = _part(split)
    person = _unused(part.people, used, rng)
    return {
        "near": _unused(part.towns, used, rng),
        "person": person,
        "fellow": _unused(part.people, {*used, person}, rng),
        "maker": _unused(part.companies, used, rng),
    }


def _unused(pool: Sequence[Named], used: Collection[str], rng: random.Random) -> str:
    while (name := rng.choice(pool).name) in used:
        pass
    return name


def _slots(
    kind: Kind, main: Named, split: Split, when: datetime, rng: random.Random
) -> dict[str, str]:
    """枠に入れる値。主題の事実、その場で引く値、ほかの固有名。"""
    slots = {
        field.name: figure(value) if isinstance(value, int) else value
        for field in fields(main)
        for value in (getattr(main, field.name),)
    }
    slots["year"] = str(_begun(main))
    slots["history"] = str(when.year - _begun(main))
    slots["subject"] = _TOPICS.get(kind.subject, "{name}").format(**slots)
    slots["same"] = SUBJECTS[kind.subject].same
    slots["when"] = f"{when.day}日"
    slots |= _passers_by(split, slots.values(), rng)
    slots["place"] = _unused(_part(split).towns, slots.values(), rng)
    slots["other"] = _other(kind, main, split, rng)
    slots["show"] = _SHOWS.get(_sort(main), "公開")
    slots["counter"] = _COUNTERS.get(_sort(main), "個")
    slots["post"] = _MAYORS.get(slots["name"][-1], "町長")
    stems = [town.stem for town in rng.sample(_part(split).towns, 2)]
    tails = rng.sample(_APP_TAILS, 2)
    slots["app"], slots["app2"] = (s + t for s, t in zip(stems, tails, strict=True))
    slots["minutes"] = str(rng.randrange(3, 40))
    slots["seats"] = str(rng.randrange(8, 60))
    return slots | _values(kind, main, rng)


def _values(kind: Kind, main: Named, rng: random.Random) -> dict[str, str]:
    """その場で引く値。"""
    common = {
        "old_price": str(rng.randrange(4, 15) * 100),
        "old_rank": str(rng.randrange(2, 9)),
        **(scores(main.sport, rng) if isinstance(main, Team) else {}),
    }
    text = kind.values.replace("{span}", _PRICES.get(_sort(main), "15-480*100"))
    return common | draw(text, rng)


def _other(kind: Kind, main: Named, split: Split, rng: random.Random) -> str:
    """同じ種類の別の物。足りなければ訓練用から借りる。"""
    for source in (split, "train"):
        pool = getattr(_part(source), SUBJECTS[kind.subject].pool)
        rivals = [entity for entity in pool if _rivals(entity, main)]
        if rivals:
            return rng.choice(rivals).name
    raise ValueError(f"{main.name} と同じ種類のものがありません")


def _rivals(one: Named, other: Named) -> bool:
    """別の物で、競技や商品の種類が同じか。どちらもない物は、いつも比べられる。"""
    return one.name != other.name and all(
        getattr(one, name, None) == getattr(other, name, None)
        for name in ("sport", "category")
    )
