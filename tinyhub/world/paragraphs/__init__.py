"""百科事典の段落(jawiki-paragraphs と同じ列)。文埋め込みの学習と検索に使う。

記事には二つの種類がある。世界の固有名を一つずつ説明する記事と、写真集の記事である。
写真集には写真の説明文が並ぶので、段落から切り出した文で文埋め込みを学習すると、
説明文どうしの近さ (JSTS) も測れるようになる。説明文は訓練用の場面だけから書き、
JSTS の文そのものは使わない。
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from string import Formatter
from typing import Protocol

from tinyhub.world import captions
from tinyhub.world.drawn_values import figure
from tinyhub.world.facts import World, world
from tinyhub.world.nli import sayable, write
from tinyhub.world.paragraphs.frames import (
    ALBUM_LEADS,
    ALBUM_OPENERS,
    ALBUM_SECTIONS,
    ALBUM_TITLES,
    DETAILS,
    PAGES,
    Page,
)
from tinyhub.world.photos import describe, sample_photo

LEAD = "__LEAD__"
# 起きた順、作る順に述べる節。
_IN_ORDER = ("歴史", "沿革", "経歴", "開発", "作り方")
ROWS = {"train": 7_800}
SEED = 20230403
ALBUMS = 360
# 写真集の一つの節に並べる説明文の数。
CAPTIONS = (3, 4, 5)
_KINDS = ("person", "animal", "vehicle", "thing")
_POLITE = ("です。", "ます。")
_YEARS = ("founded", "opened", "released", "first_year", "birth_year", "year")


class Named(Protocol):
    """固有名をもつもの。"""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True)
class Paragraph:
    """段落。id は「記事の番号-版の番号-段落の番号」。"""

    id: str
    pageid: int
    revid: int
    paragraph_index: int
    title: str
    section: str
    text: str
    html_tag: str


@dataclass(frozen=True)
class Sections:
    """記事の題と、(節の名前, 文) の並び。"""

    title: str
    paragraphs: tuple[tuple[str, tuple[str, ...]], ...]


def generate(rows: int, seed: int = SEED) -> list[Paragraph]:
    """段落を rows 個。記事の順は種で混ぜる。"""
    rng = random.Random(f"paragraphs/{seed}")
    pages = [*_entity_pages(rng), *_album_pages(rng)]
    rng.shuffle(pages)
    made = []
    for pageid, page in enumerate(pages, start=5):
        revid = rng.randrange(80_000_000, 95_000_000)
        for index, (section, sentences) in enumerate(page.paragraphs):
            made.append(
                Paragraph(
                    id=f"{pageid}-{revid}-{index}",
                    pageid=pageid,
                    revid=revid,
                    paragraph_index=index,
                    title=page.title,
                    section=section,
                    text="".join(sentences),
                    html_tag="p",
                )
            )
    if len(made) < rows:
        raise ValueError(f"段落は {len(made)} 個までです: {rows}")
    return made[:rows]


# --- 固有名の記事 --------------------------------------------------------------


def _entity_pages(rng: random.Random) -> Iterator[Sections]:
    w = world()
    for pool, page in PAGES.items():
        for entity in getattr(w, pool):
            slots = _slots(entity, w, pool, rng)
            yield Sections(entity.name, tuple(_entity_paragraphs(page, slots, rng)))


def _entity_paragraphs(
    page: Page, slots: dict[str, str], rng: random.Random
) -> Iterator[tuple[str, tuple[str, ...]]]:
    lead = [rng.choice(page.openers)]
    for text in rng.sample(page.leads, len(page.leads))[: rng.choice((2, 3))]:
        if not any(_told(text) & _told(before) for before in lead):
            lead.append(text)
    yield LEAD, tuple(text.format(**slots) for text in lead)
    names = list(page.sections)
    picked = rng.sample(names, min(len(names), rng.choice((2, 3))))
    for name in sorted(picked, key=names.index):
        body = page.sections[name]
        chosen = rng.sample(body, min(len(body), rng.choice((2, 2, 3))))
        if name in _IN_ORDER:
            chosen.sort(key=body.index)
        yield name, tuple(text.format(**slots) for text in chosen)


def _told(text: str) -> set[str]:
    """文が述べる事実。同じ事実を続けて述べないために比べる。"""
    found = {name for _, name, _, _ in Formatter().parse(text) if name}
    return found - {"name", "town", "creator", "company", "line", "category", "kind"}


def _slots(entity: object, w: World, pool: str, rng: random.Random) -> dict[str, str]:
    """枠に入れる値。主題の事実と、まわりの固有名。"""
    own = {
        field.name: figure(value) if isinstance(value, int) else value
        for field in fields(entity)
        for value in (getattr(entity, field.name),)
    }
    for name in _YEARS:
        if hasattr(entity, name):
            own["year"] = str(getattr(entity, name))
    around = {
        "neighbour": w.towns,
        "station": w.stations,
        "shop": w.shops,
        "company": w.companies,
        "friend": w.people,
        "event": w.events,
        "food": w.foods,
        "work": w.works,
        "town": w.towns,
        "other": _peers(entity, getattr(w, pool)),
    }
    used = set(own.values())
    for slot, choices in around.items():
        if slot not in own:
            while (name := rng.choice(choices).name) in used:
                pass
            own[slot] = name
            used.add(name)
    return own | _details(rng)


def _peers(entity: object, pool: Sequence[Named]) -> Sequence[Named]:
    """引き合いに出せるもの。商品なら同じ種類、チームなら同じ競技のもの。"""
    for name in ("category", "sport"):
        if hasattr(entity, name):
            own = getattr(entity, name)
            return [other for other in pool if getattr(other, name) == own]
    return pool


def _details(rng: random.Random) -> dict[str, str]:
    """世界の事実ではない細部。"""
    return {slot: rng.choice(choices) for slot, choices in DETAILS.items()}


# --- 写真集の記事 --------------------------------------------------------------


def _album_pages(rng: random.Random) -> Iterator[Sections]:
    w = world()
    photographers = [p for p in w.people if p.profession == "写真家"]
    titles = [
        (town, form.format(stem=town.stem)) for town in w.towns for form in ALBUM_TITLES
    ]
    told = set(jsts_sentences())
    for town, title in rng.sample(titles, ALBUMS):
        slots = {
            "title": title,
            "town": town.name,
            "person": rng.choice(photographers).name,
            "company": rng.choice(w.companies).name,
            **_details(rng),
        }
        lead = [rng.choice(ALBUM_OPENERS), *rng.sample(ALBUM_LEADS, 2)]
        paragraphs = [(LEAD, tuple(text.format(**slots) for text in lead))]
        for section, kind in zip(ALBUM_SECTIONS, _KINDS, strict=True):
            for _ in range(rng.choice((1, 2)) if kind == "person" else 1):
                paragraphs.append((section, _captions(kind, told, rng)))
        yield Sections(title, tuple(paragraphs))


def _captions(kind: str, told: set[str], rng: random.Random) -> tuple[str, ...]:
    """文体のそろった、同じ種類の被写体の説明文。前に使った文は使わない。"""
    polite = rng.random() < 0.45
    found: list[str] = []
    wanted = rng.choice(CAPTIONS)
    while len(found) < wanted:
        scene = describe(sample_photo(rng, "train", kind), rng, "train")
        caption = write(scene, rng) if sayable(scene, "train") else None
        if (
            caption is not None
            and caption.text.endswith(_POLITE) == polite
            and caption.text not in told
        ):
            told.add(caption.text)
            found.append(caption.text)
    return tuple(found)


@cache
def jsts_sentences() -> frozenset[str]:
    """JSTS のすべての分割に現れる文。"""
    return frozenset(
        caption.text
        for split, rows in captions.ROWS.items()
        for pair in captions.pairs(split, rows, captions.SEED)
        for caption in (pair.first, pair.second)
    )
