"""商品レビューと星の数(SetFit/amazon_reviews_multi_ja の形)。

レビューは、前置き・いくつかの見どころの良し悪し・結びからなる。星は、良い点と悪い点の
数ではなく、どれが決め手かで決まる(「一番大事な」「肝心の」、逆接のあと、時間がたった
あとの感想、ほかの人や前の品と比べた自分の感想)。長いレビューでは、決め手が終わりの
ほうに来ることが多い。

一部のレビューには星の数が書いてあり、たいていはラベルと合うが、ほかの人の星のことも
ある。星の数だけを見る近道を覚えたかどうかを、あとで調べられる。
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from tinyhub.world.facts import SPLITS, Split, World, world
from tinyhub.world.posts import ngrams
from tinyhub.world.reviews.clauses import Clause
from tinyhub.world.reviews.frames import FRAMES, NoClauseError, Writer, middling
from tinyhub.world.reviews.words import (
    CATEGORIES,
    FILLERS,
    GOODS_FILLERS,
    GOODS_OPENERS,
    MAKERS,
    OPENERS,
    UNSEEN_CATEGORY,
    VERDICTS,
    Category,
    Mood,
)

REVIEWS_SEED = 2020
ROWS: dict[Split, int] = {"train": 20_000, "validation": 1_000, "test": 1_500}
STARS = 5
# この割合の星を付け違える。半分は隣の星、半分は反対の端から数えた星になる。
LABEL_NOISE = 0.05
# 星の数が書いてあるレビューの割合と、それがラベルと合う割合。
STAR_MENTIONED = 0.16
STAR_AGREES = 0.85
VERDICT_SHARE = 0.4
# 短いレビューのうち、普通の文体で書くものの割合。
PLAIN_STYLE = 0.4
# 長さの型: 見どころと前置きの文の数の幅、割合。
LENGTHS: dict[str, tuple[float, tuple[int, int], tuple[int, int]]] = {
    "short": (0.52, (0, 0), (0, 1)),
    "medium": (0.34, (1, 2), (1, 3)),
    "long": (0.14, (2, 3), (8, 13)),
}


@dataclass(frozen=True)
class Review:
    """データセットの一行。label は星の数から 1 を引いたもの。"""

    id: str
    text: str
    label: int
    label_text: str


@dataclass(frozen=True)
class Draft:
    """書き上げたレビューと、作ったときに分かっていること。"""

    text: str
    stars: int
    frame: str
    length: str
    composition: str
    decisive: str
    label: int
    mention: str | None


# 両端の星と、その内側の星での、型の割合。
EXTREME_MIX: dict[str, float] = {
    "uniform": 0.48,
    "contrast": 0.12,
    "weighed": 0.08,
    "postposed": 0.05,
    "hearsay": 0.07,
    "later": 0.07,
    "replaced": 0.07,
    "disputed": 0.06,
}
MODERATE_MIX: dict[str, float] = {
    "uniform": 0.20,
    "contrast": 0.20,
    "weighed": 0.14,
    "postposed": 0.10,
    "hearsay": 0.10,
    "later": 0.11,
    "replaced": 0.08,
    "disputed": 0.07,
}
SARCASM_SHARE = 0.03
_AXES = {0: "negative", 1: "negative", 3: "positive", 4: "positive"}


# --- 一件 -------------------------------------------------------------------


# 品物の種類ごとの売り文句は、世界の事実に合わせる。
_FEATURES = {product.category: product.feature for product in world().products}


def _names(rng: Random, category: Category, places: World) -> dict[str, str]:
    """前置きの欄に入る固有名。"""
    makers = MAKERS[category.name]
    companies = [c.name for c in places.companies if c.name.endswith(makers)]
    # 検証・テスト側には、その品を売る会社が一つもないことがある
    company = rng.choice(companies) if companies else ""
    name = category.name
    if category.name == "食品":
        name = rng.choice(places.foods).name
    elif category.name == "本":
        books = [work for work in places.works if work.kind in ("小説", "漫画")]
        name = f"『{rng.choice(books).name}』"
    else:
        # 検証・テスト側には、その種類の品が一つもないことがある
        own = [p.name for p in places.products if p.category == category.name]
        name = rng.choice(own) if own else category.name
    return {
        "product": name,
        "company": company,
        "town": rng.choice(places.towns).name,
        "price": str(rng.randrange(10, 60) * 100),
        "feature": _FEATURES.get(category.name, ""),
    }


def _fillers(w: Writer, places: World, count: int) -> list[str]:
    """良し悪しを含まない文。初めの一つは、何を買ったかを言う。"""
    if not count:
        return []
    names = _names(w.rng, w.category, places)
    openers = OPENERS.get(w.category.name, GOODS_OPENERS)
    fillers = FILLERS.get(w.category.name, GOODS_FILLERS)
    if not names["company"]:
        openers = tuple(line for line in openers if "{company}" not in line)
    lines = [w.rng.choice(openers), w.rng.choice(w.category.uses)]
    lines += w.rng.sample(fillers, max(0, count - 2))
    return [line.format(**names) for line in lines[:count]]


def _body(
    w: Writer, stars: int, length: str, places: World | None
) -> tuple[list[str], str, Clause]:
    """文を並べる。長いレビューでは、決め手を終わりに置くことが多い。"""
    _, extra, filler = LENGTHS[length]
    mood: Mood | None = _AXES.get(stars)
    if mood is None:
        frame = "middling"
        core, decisive = middling(w)
    else:
        extreme = stars in (0, STARS - 1)
        mix = EXTREME_MIX if extreme else MODERATE_MIX
        frame = w.rng.choices(tuple(mix), tuple(mix.values()))[0]
        if mood == "negative" and w.rng.random() < SARCASM_SHARE:
            frame = "sarcastic"
        core, decisive = FRAMES[frame](w, mood)
    asides = []
    for _ in range(w.rng.randint(*extra)):
        own = w.rng.random() < (0.55 if stars in (0, STARS - 1) else 0.35)
        aside = mood if mood and own else w.rng.choice(("positive", "negative"))
        asides.append(w.clause(aside, "aside").closed(w.polite))
    lead = []
    if w.polite and places is not None:
        lead = _fillers(w, places, w.rng.randint(*filler))
    if length == "long" and w.rng.random() < 0.75:
        rest = lead[2:] + asides
        w.rng.shuffle(rest)
        lines = [*lead[:2], *rest, *core]
    else:
        middle = [*lead[1:], *asides]
        w.rng.shuffle(middle)
        lines = [*lead[:1], *core, *middle]
    if mood and w.rng.random() < VERDICT_SHARE:
        polite, plain = w.rng.choice(VERDICTS[mood])
        lines.append(w.say(plain, polite))
    return lines, frame, decisive


_DIGITS = ("一1１", "二2２", "三3３", "四4４", "五5５")
_OWN_STARS = ("星{d}つです。", "星{d}つ。", "☆{d}。", "評価は☆{d}です。", "{marks}")
_OTHER_STARS = (
    "ほかの方は星{d}つでしたが、私の感想です。",
    "星{d}つの口コミを見て買いました。",
    "☆{d}の口コミも読みました。",
    "平均は星{d}つだそうです。",
)


def star_phrase(rng: Random, stars: int, own: bool = True, polite: bool = True) -> str:
    """星の数を言う文。stars は 1 から 5。own が偽なら、ほかの人の星の話にする。"""
    frames = _OWN_STARS if own else _OTHER_STARS
    frame = rng.choice([f for f in frames if polite or "です" not in f])
    digits = _DIGITS[stars - 1] if "つ" in frame else _DIGITS[stars - 1][1:]
    marks = "★" * stars + "☆" * (STARS - stars)
    return frame.format(d=rng.choice(digits), marks=marks)


def _mention(rng: Random, label: int, polite: bool) -> str | None:
    """書き込む星の文。ラベルと合わないときは、ほかの人の星の話になる。"""
    if rng.random() >= STAR_MENTIONED:
        return None
    if rng.random() < STAR_AGREES:
        return star_phrase(rng, label + 1, polite=polite)
    other = rng.choice([s for s in range(STARS) if (s > 2) != (label > 2)])
    return star_phrase(rng, other + 1, own=False)


def _mistaken(rng: Random, stars: int) -> int:
    """付け違えた星。"""
    if rng.random() < 0.5 and stars != STARS // 2:
        return STARS - 1 - stars
    return rng.choice([s for s in (stars - 1, stars + 1) if 0 <= s < STARS])


def _write(rng: Random, stars: int, zone: Split, places: World) -> Draft:
    """節を作れない組み合わせを引いたら、初めから書き直す。"""
    while True:
        try:
            return _attempt(rng, stars, zone, places)
        except NoClauseError:
            continue


def _attempt(rng: Random, stars: int, zone: Split, places: World) -> Draft:
    shares = {name: share for name, (share, _, _) in LENGTHS.items()}
    length = rng.choices(tuple(shares), tuple(shares.values()))[0]
    category = rng.choice(tuple(CATEGORIES.values()))
    polite = length != "short" or rng.random() >= PLAIN_STYLE
    w = Writer(rng, category, zone, polite, set())
    lines, frame, decisive = _body(w, stars, length, places)
    label = _mistaken(rng, stars) if rng.random() < LABEL_NOISE else stars
    mention = _mention(rng, label, polite)
    if mention is not None:
        lines.insert(rng.choice((0, len(lines), len(lines))), mention)
    return Draft(
        text="".join(lines),
        stars=stars,
        frame=frame,
        length=length,
        composition=decisive.key,
        decisive=decisive.plain,
        label=label,
        mention=mention,
    )


def compose(split: Split, rows: int, seed: int = REVIEWS_SEED) -> list[Draft]:
    """レビューを rows 件書く。星は五つとも同じ数で、同じ文は二度書かない。"""
    rng = Random(f"reviews/{split}/{seed}")
    places = world().of_split(split)
    order = [index % STARS for index in range(rows)]
    rng.shuffle(order)
    drafts: dict[str, Draft] = {}
    for stars in order:
        draft = _write(rng, stars, split, places)
        while draft.text in drafts:
            draft = _write(rng, stars, split, places)
        drafts[draft.text] = draft
    return list(drafts.values())


def generate(split: Split, rows: int, seed: int = REVIEWS_SEED) -> list[Review]:
    """データセットの split を rows 件作る。"""
    return reviews_of(compose(split, rows, seed), split, seed)


def reviews_of(
    drafts: Sequence[Draft], split: Split, seed: int = REVIEWS_SEED
) -> list[Review]:
    """公開する列だけを残す。"""
    rng = Random(f"reviews/id/{split}/{seed}")
    numbers = rng.sample(range(1_000_000), len(drafts))
    return [
        Review(f"ja_{number:07d}", draft.text, draft.label, str(draft.label))
        for number, draft in zip(numbers, drafts, strict=True)
    ]


def heldout_parts(rows: int, seed: int = REVIEWS_SEED) -> list[Review]:
    """品物も見どころも訓練にないレビュー。参考として報告するためのもの。

    形容詞と型は訓練データと共通である。星の付け違えはない。
    """
    rng = Random(f"reviews/unseen/{seed}")
    made: dict[str, int] = {}
    while len(made) < rows:
        stars = len(made) % STARS
        w = Writer(rng, UNSEEN_CATEGORY, rng.choice(SPLITS), True, set())
        try:
            lines, _, _ = _body(w, stars, "short", None)
        except NoClauseError:
            continue
        made["".join(lines)] = stars
    return [
        Review(f"ja_9{index:06d}", text, stars, str(stars))
        for index, (text, stars) in enumerate(made.items())
    ]


# --- 事前学習用の文章 -------------------------------------------------------


@cache
def _reserved() -> frozenset[tuple[str, ...]]:
    """検証用とテスト用のレビューに現れる 13 語の並び。"""
    return frozenset(
        gram
        for split in ("validation", "test")
        for draft in compose(split, ROWS[split])
        for gram in ngrams(draft.text)
    )


def pretraining_documents(seed: int, documents: int) -> list[list[str]]:
    """買い物の記録を documents 件書く。一件は、つながった 2〜6 文のリスト。

    星の数もラベルも現れない。同じ品について、気分のそろった文と結びの文が続き、
    ときどき逆接をはさんで気分が変わる。
    """
    rng = Random(f"reviews/prose/{seed}")
    places = world().of_split("train")
    written: list[list[str]] = []
    while len(written) < documents:
        try:
            document = _record(rng, places)
        except NoClauseError:
            continue
        if all(_reserved().isdisjoint(ngrams(line)) for line in document):
            written.append(document)
    return written


def _record(rng: Random, places: World) -> list[str]:
    """買い物の記録一件。"""
    category = rng.choice(tuple(CATEGORIES.values()))
    w = Writer(rng, category, "train", rng.random() >= PLAIN_STYLE, set())
    mood: Mood = rng.choice(("positive", "negative"))
    if rng.random() < 0.1:
        return middling(w)[0]
    if rng.random() < 0.5:
        names = [name for name in FRAMES if name != "sarcastic"]
        lines, _ = FRAMES[rng.choice(names)](w, mood)
    else:
        count = rng.choice((1, 2, 3))
        lines = [w.clause(mood, "record").closed(w.polite) for _ in range(count)]
    polite, plain = rng.choice(VERDICTS[mood])
    lines.append(w.say(plain, polite))
    if rng.random() < 0.3:
        other, common = rng.choice(VERDICTS[mood])
        if (other, common) != (polite, plain):
            lines.append(w.say(common, other))
    if w.polite and rng.random() < 0.4:
        lines = [*_fillers(w, places, rng.choice((1, 2, 3))), *lines]
    return lines
