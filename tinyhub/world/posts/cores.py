"""投稿の中心。場面に合う話題を選び、気分を一つ述べる文を型ごとに書く。"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tinyhub.world.facts import Product, Shop, Split, World, split_of
from tinyhub.world.posts.clauses import (
    CONFIRMED,
    CONTRASTS,
    OVERTURNED,
    REPORTS,
    Clause,
    Spell,
    Topic,
    adjective_of,
    assertion,
    concession,
    fill,
    finish,
    opposite,
    topic_of,
)
from tinyhub.world.posts.lexicon import ADJECTIVES, Adjective
from tinyhub.world.posts.scenes import (
    CLOSER_LINES,
    CLOSER_MARKS,
    CLOSER_TAGS,
    DISH,
    EVENTS,
    GOODS,
    MISFORTUNES,
    OPENER_COMPANIONS,
    OPENER_STANCES,
    OPENER_TIMES,
    SARCASM,
    SHOP_DISHES,
    SWEETS,
    Mood,
    Scene,
)


@dataclass(frozen=True)
class Setting:
    """場面を述べる文と、それによって決まる話題。"""

    text: str = ""
    shop: Shop | None = None
    product: Product | None = None


@dataclass(frozen=True)
class Core:
    """評価の中心。composition は部品の組み合わせの名前。"""

    text: str
    kind: str
    composition: str


def setting_of(rng: random.Random, scene: Scene, places: World) -> Setting:
    """places の固有名を使って、場面を述べる文を書く。"""
    shop, product = rng.choice(places.shops), rng.choice(places.products)
    screen = [w for w in places.works if w.kind in _SCREEN_KINDS]
    work = rng.choice(screen)
    template = rng.choice(scene.settings)
    text = template.format(
        shop=shop.name,
        product=product.name,
        town=rng.choice(places.towns).name,
        station=rng.choice(places.stations).name,
        person=rng.choice(places.people).name,
        food=rng.choice(places.foods).name,
        company=rng.choice(places.companies).name,
        event=rng.choice(places.events).name,
        team=rng.choice(places.teams).name,
        screen=work.kind,
        work=work.name,
    )
    return Setting(
        text,
        shop if "{shop}" in template else None,
        product if "{product}" in template else None,
    )


def topic_in(
    rng: random.Random, scene: Scene, setting: Setting, avoid: Topic | None = None
) -> Topic:
    """場面と矛盾しない話題を選ぶ。"""
    facets = list(scene.facets)
    if setting.shop and scene.name == "eat":
        facets.remove(DISH if setting.shop.kind not in SHOP_DISHES else SWEETS)
    facet = rng.choice(facets)
    if avoid and len(facets) > 1 and rng.random() < 0.7:
        facet = rng.choice([f for f in facets if f != avoid.facet])
    topic = topic_of(rng, facet, avoid.noun if avoid else "")
    if setting.shop and facet is DISH:
        dishes = [d for d in SHOP_DISHES[setting.shop.kind] if d not in topic.text]
        noun = rng.choice([d for d in dishes if not avoid or d != avoid.noun])
        topic = Topic(topic.text.removesuffix(topic.noun) + noun, noun, facet)
    if setting.product and facet is GOODS and not avoid:
        noun = setting.product.category
        topic = Topic(rng.choice(("この", "新しい", "")) + noun, noun, facet)
    return topic


def _single(
    rng: random.Random,
    mood: Mood,
    scene: Scene,
    setting: Setting,
    spell: Spell,
    zone: Split,
    kind: str,
) -> Core:
    groups = {
        "affirmed": ("simple", "simple", "affirmed"),
        "negated": ("negated",),
        "doubled": ("doubled",),
    }[kind]
    clause = assertion(
        rng, lambda: topic_in(rng, scene, setting), mood, groups, spell, zone
    )
    return Core(finish(rng, clause), kind, clause.key)


def _reported(
    rng: random.Random,
    mood: Mood,
    scene: Scene,
    setting: Setting,
    spell: Spell,
    zone: Split,
) -> Core:
    while True:
        topic = topic_in(rng, scene, setting)
        if topic.facet.past_only:
            topic = topic_of(rng, scene.facets[0])
        confirmed = rng.random() < 0.5
        said = mood if confirmed else opposite(mood)
        word = adjective_of(rng, topic.facet, said)
        report = rng.choice(REPORTS)
        verdict, ending = rng.choice(CONFIRMED if confirmed else OVERTURNED)
        composition = f"{word}/{report}/{verdict}"
        said_of = f"{topic.text}/{word}/{report}"
        if split_of(composition) == split_of(said_of) == zone:
            break
    adjective = Adjective(spell(word), ADJECTIVES[word].kind)
    link = rng.choice(("けど、", "が、", "けれど、", "。", "んだけど、"))
    text = fill(report, topic, adjective, "", "") + link
    final = finish(rng, Clause(verdict, ending, mood, word, "report", topic))
    return Core(text + final, "reported", composition)


def _clauses(
    rng: random.Random,
    mood: Mood,
    scene: Scene,
    setting: Setting,
    spell: Spell,
    zone: Split,
) -> tuple[Clause, Clause]:
    """結論の節と、譲歩の節(逆の気分)を作る。"""
    groups = ("simple", "simple", "affirmed", "negated")
    conceded = assertion(
        rng,
        lambda: topic_in(rng, scene, setting),
        opposite(mood),
        groups,
        spell,
        zone,
        whole=False,
        closed=False,
    )
    decided = assertion(
        rng,
        lambda: topic_in(rng, scene, setting, avoid=conceded.topic),
        mood,
        groups,
        spell,
        zone,
        whole=False,
    )
    return decided, conceded


def _contrast(
    rng: random.Random,
    mood: Mood,
    scene: Scene,
    setting: Setting,
    spell: Spell,
    zone: Split,
) -> Core:
    while True:
        decided, conceded = _clauses(rng, mood, scene, setting, spell, zone)
        link = rng.choice(CONTRASTS)
        composition = f"{conceded.adjective}/{link.name}/{decided.adjective}"
        if split_of(composition) == zone:
            return Core(
                link.attach(conceded) + finish(rng, decided), "contrast", composition
            )


def _postposed(
    rng: random.Random,
    mood: Mood,
    scene: Scene,
    setting: Setting,
    spell: Spell,
    zone: Split,
) -> Core:
    while True:
        decided, conceded = _clauses(rng, mood, scene, setting, spell, zone)
        head, tail = concession(rng)
        composition = f"{decided.adjective}/post-{tail.name}/{conceded.adjective}"
        if split_of(composition) == zone:
            text = finish(rng, decided) + head + tail.attach(conceded)
            return Core(text, "postposed", composition)


def _event(
    rng: random.Random,
    mood: Mood,
    scene: Scene,
    setting: Setting,
    spell: Spell,
    zone: Split,
) -> Core:
    while True:
        event = rng.choice(EVENTS[mood])
        if rng.random() < 0.5:
            other = rng.choice(EVENTS[opposite(mood)])
            link = rng.choice(
                ("けど、", "が、", "。でも、", "。ところが、", "けれど、")
            )
            text, key = f"{other}{link}{event}", f"{other}/{event}"
        else:
            time = rng.choice(OPENER_TIMES)
            text, key = f"{time}、{event}", f"{time}/{event}"
        if split_of(key) == zone:
            return Core(
                text + rng.choice(("。", "。", "よ。", "んです。")), "event", key
            )


def _sarcasm(
    rng: random.Random,
    mood: Mood,
    scene: Scene,
    setting: Setting,
    spell: Spell,
    zone: Split,
) -> Core:
    while True:
        what, frame = rng.choice(MISFORTUNES), rng.choice(SARCASM)
        word = rng.choice(("素晴らしい", "見事", "最高", "親切", "丁寧", "優しい"))
        key = f"{what}/{frame}/{word}"
        if split_of(key) == zone:
            break
    adjective = Adjective(spell(word), ADJECTIVES[word].kind)
    noun = rng.choice(("お店", "対応", "おもてなし", "会社", "心遣い"))
    ends_plain = "{adj}ですね" in frame
    text = frame.format(
        who=setting.shop.name
        if setting.shop
        else rng.choice(("お店", "会社", "係の人")),
        what=what,
        adv=rng.choice(("本当に", "実に", "なんとも", "")),
        adj=adjective.plain() if ends_plain else adjective.attributive(),
        noun=noun,
    )
    return Core(text + rng.choice(("。", "。", "(笑)。", "!")), "sarcasm", key)


_SCREEN_KINDS = ("映画", "ドラマ", "舞台", "アニメ")
_AMBIGUOUS = (
    "{t}がやばい。",
    "{t}、言葉が出ない。",
    "{t}は好みが分かれそう。",
    "{t}については何と言えばいいのか。",
    "{t}はいつもどおり。",
    "{t}は{p}、{u}は{q}。どう受け止めればいいのか。",
    "{t}は{q}ような、そうでもないような。",
    "{t}、すごかった。いろいろな意味で。",
    "{t}に笑うしかなかった。",
    "{t}のことで頭がいっぱい。",
)


def _ambiguous(
    rng: random.Random,
    mood: Mood,
    scene: Scene,
    setting: Setting,
    spell: Spell,
    zone: Split,
) -> Core:
    while True:
        topic = topic_in(rng, scene, setting)
        other = topic_in(rng, scene, setting, avoid=topic)
        frame = rng.choice(_AMBIGUOUS)
        praise = ADJECTIVES[adjective_of(rng, topic.facet, "positive")]
        blame = ADJECTIVES[adjective_of(rng, other.facet, "negative")]
        text = frame.format(
            t=topic.text, u=other.text, p=praise.te(), q=blame.before_no()
        )
        if "どう受け止め" in text:
            text = f"{topic.text}は{praise.te()}、{other.text}は{blame.plain()}。"
            text += "どう受け止めればいいのか。"
        key = f"{topic.text}/{frame}"
        if split_of(key) == zone:
            return Core(text, "ambiguous", key)


Writer = Callable[[random.Random, Mood, Scene, Setting, Spell, Split], Core]
WRITERS: dict[str, Writer] = {
    "affirmed": partial(_single, kind="affirmed"),
    "negated": partial(_single, kind="negated"),
    "doubled": partial(_single, kind="doubled"),
    "reported": _reported,
    "contrast": _contrast,
    "postposed": _postposed,
    "event": _event,
    "sarcasm": _sarcasm,
    "ambiguous": _ambiguous,
}


def suits(kind: str, scene: Scene) -> bool:
    """その型の投稿が場面に合うか。

    皮肉は、もてなす相手のいる場面でだけ書く。出来事は、試合や作品の感想の代わりには
    ならない。
    """
    if kind == "sarcasm":
        return scene.name in ("eat", "buy", "trip")
    return kind != "event" or scene.name in ("eat", "trip", "work", "life")


def opener_of(rng: random.Random, scene: Scene, places: World) -> tuple[str, Setting]:
    """書き出しと、それが決める場面を書く。"""
    setting = Setting()
    parts = []
    chance = rng.random()
    if chance < 0.5:
        setting = setting_of(rng, scene, places)
        parts.append(setting.text)
    elif chance < 0.7:
        parts.append(f"{rng.choice(OPENER_TIMES)}、{rng.choice(OPENER_COMPANIONS)}")
    if rng.random() < 0.35:
        parts.append(rng.choice(OPENER_STANCES))
    return "".join(parts), setting


def close_with(rng: random.Random, core: str) -> str:
    """結びを付ける。記号や結びの文は、気分とは関係なく選ぶ。"""
    chance = rng.random()
    if chance < 0.3:
        mark = rng.choice(CLOSER_MARKS)
        core = core.removesuffix("。") + mark
    elif chance < 0.4:
        core = core.removesuffix("。")
    if rng.random() < 0.2:
        core += ("" if core.endswith("。") else " ") + rng.choice(CLOSER_LINES)
    if rng.random() < 0.1:
        core += " " + rng.choice(CLOSER_TAGS)
    return core
