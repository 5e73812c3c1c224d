"""クイズの題材。世界のもの一つ一つを、属性と値の組にする。

値の書き方は、そのままの語 (plain) と言い換え (oblique) の二通りがある。固有名には
言い換えがない。問題文は、ここにある値を選んで組み立てる。
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from tinyhub.world.facts import Split, Town, World, world
from tinyhub.world.quiz.frames import HEAD_ATTRIBUTES
from tinyhub.world.quiz.words import (
    ACTION_KEYS,
    DISH_KEYS,
    LANDMARK_KEYS,
    TERRAIN_KEYS,
    WORDINGS,
    era_year,
    period,
)


@dataclass(frozen=True)
class Value:
    """属性の値。key が同じなら同じ値。names は値が固有名のときの、その名前。"""

    key: str
    plain: tuple[str, ...]
    oblique: tuple[str, ...] = ()
    # 言い換えから読み取れるのは、年そのものではなく時期である。
    oblique_key: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Item:
    """題材一つ。stem は名前の元になった町の語 (なければ空)。"""

    name: str
    type: str
    split: Split
    stem: str
    values: dict[str, Value]

    @property
    def head(self) -> Value | None:
        """種類を表す値 (人物なら職業)。"""
        attribute = HEAD_ATTRIBUTES.get(self.type)
        return self.values[attribute] if attribute else None

    def answers(self) -> tuple[str, ...]:
        """正解として認める書き方。"""
        return _name_variants(self.name, self.type)


def _name_variants(name: str, kind: str) -> tuple[str, ...]:
    if kind == "station":
        return (name, name.removesuffix("駅"))
    if kind == "work":
        return (name, f"『{name}』")
    if kind == "company" and not name.endswith("銀行"):
        return (name, f"{name}社", f"株式会社{name}")
    if kind == "event" and name.endswith("雪まつり"):
        return (name, name.removesuffix("雪まつり") + "雪祭り")
    return (name,)


def value_answers(value: Value) -> tuple[str, ...]:
    """値を答える問題の正解として認める書き方。"""
    if value.names:
        return value.names
    return value.plain


def _worded(table: str, key: str) -> Value:
    wording = WORDINGS[table][key]
    return Value(key, wording.plain, wording.oblique, key)


def _named(name: str) -> Value:
    return Value(name, (name,), names=(name,))


def _year(year: int) -> Value:
    plain = (f"{year}年", f"{year}年({era_year(year)})") if era_year(year) else ()
    periods = period(year)
    return Value(f"{year}年", plain or (f"{year}年",), periods, periods[0])


def _landmark(town: Town) -> Value:
    return _worded("landmark", LANDMARK_KEYS.get(town.landmark, town.landmark))


def _terrain(town: Town) -> Value:
    return _worded("terrain", TERRAIN_KEYS[town.terrain])


def _specialty(town: Town) -> Value:
    return _worded("specialty", town.specialty)


def _shop_key(dish: str) -> str:
    return f"{dish}の店"


@cache
def items(seed: int | None = None) -> tuple[Item, ...]:
    """世界のすべての題材。seed を省くと、いつもの世界。"""
    w = world() if seed is None else world(seed)
    towns = {town.name: town for town in w.towns}
    made: list[Item] = []
    builders: tuple[Callable[[World, dict[str, Town]], Iterable[Item]], ...] = (
        _town_items,
        _people_items,
        _business_items,
        _local_items,
        _history_items,
    )
    for build in builders:
        made.extend(build(w, towns))
    return tuple(made)


def _town_items(w: World, towns: dict[str, Town]) -> Iterable[Item]:
    for town in w.towns:
        yield Item(
            town.name,
            "town",
            town.split,
            town.stem,
            {
                "prefecture": _named(town.prefecture),
                "specialty": _specialty(town),
                "landmark": _landmark(town),
                "terrain": _terrain(town),
                "founded": _year(town.founded),
            },
        )
    for station in w.stations:
        town = towns[station.town]
        yield Item(
            station.name,
            "station",
            station.split,
            town.stem,
            {
                "town": _named(town.name),
                "line": Value(station.line, (station.line,), names=(station.line,)),
                "opened": _year(station.opened),
                "landmark": _landmark(town),
                "specialty": _specialty(town),
            },
        )


def _people_items(w: World, towns: dict[str, Town]) -> Iterable[Item]:
    professions = {person.name: person.profession for person in w.people}
    for person in w.people:
        yield Item(
            person.name,
            "person",
            person.split,
            "",
            {
                "profession": _worded("profession", person.profession),
                "hobby": _worded("hobby", person.hobby),
                "birth": _year(person.birth_year),
                "town": _named(person.town),
                "specialty": _specialty(towns[person.town]),
            },
        )
    for work in w.works:
        yield Item(
            work.name,
            "work",
            work.split,
            "",
            {
                "kind": _worded("kind", work.kind),
                "theme": _worded("theme", work.theme),
                "creator": _named(work.creator),
                "maker": _worded("profession", professions[work.creator]),
                "year": _year(work.year),
            },
        )


def _business_items(w: World, towns: dict[str, Town]) -> Iterable[Item]:
    businesses = {company.name: company.business for company in w.companies}
    for company in w.companies:
        town = towns[company.town]
        yield Item(
            company.name,
            "company",
            company.split,
            town.stem if company.name.startswith(town.stem) else "",
            {
                "business": _worded("business", company.business),
                "town": _named(town.name),
                "founded": _year(company.founded),
                "president": _named(company.president),
                "landmark": _landmark(town),
            },
        )
    for product in w.products:
        yield Item(
            product.name,
            "product",
            product.split,
            "",
            {
                "category": _worded("category", product.category),
                "company": _named(product.company),
                "maker": _worded("business", businesses[product.company]),
                "released": _year(product.released),
            },
        )


def _local_items(w: World, towns: dict[str, Town]) -> Iterable[Item]:
    for food in w.foods:
        town = towns[food.town]
        dish = food.name.removeprefix(town.stem)
        yield Item(
            food.name,
            "food",
            food.split,
            town.stem,
            {
                "dish": _worded("dish", DISH_KEYS.get(dish, dish)),
                "town": _named(town.name),
                "ingredient": _worded("ingredient", food.ingredient),
                "season": _worded("season", food.season),
                "taste": _worded("taste", f"{food.taste}味"),
            },
        )
    for shop in w.shops:
        town = towns[shop.town]
        yield Item(
            shop.name,
            "shop",
            shop.split,
            "",
            {
                "shop": _worded("shop", _shop_key(shop.dish)),
                "town": _named(town.name),
                "opened": _year(shop.opened),
                "specialty": _specialty(town),
                "landmark": _landmark(town),
            },
        )
    for team in w.teams:
        town = towns[team.town]
        yield Item(
            team.name,
            "team",
            team.split,
            town.stem,
            {
                "sport": _worded("sport", team.sport),
                "town": _named(town.name),
                "founded": _year(team.founded),
                "coach": _named(team.coach),
                "specialty": _specialty(town),
                "landmark": _landmark(town),
            },
        )
    for event in w.events:
        town = towns[event.town]
        yield Item(
            event.name,
            "event",
            event.split,
            town.stem,
            {
                "event": _worded("event", event.kind),
                "town": _named(town.name),
                "first_year": _year(event.first_year),
                "specialty": _specialty(town),
                "landmark": _landmark(town),
            },
        )


def _history_items(w: World, towns: dict[str, Town]) -> Iterable[Item]:
    for fact in w.history:
        town = towns[fact.town]
        yield Item(
            fact.subject,
            "history",
            fact.split,
            town.stem,
            {
                "public_work": _worded(
                    "public_work", fact.subject.removeprefix(town.stem)
                ),
                "action": _worded("action", ACTION_KEYS[fact.action]),
                "year": _year(fact.year),
                "town": _named(town.name),
                "terrain": _terrain(town),
            },
        )


@cache
def names_of_splits() -> dict[Split, frozenset[str]]:
    """split ごとの固有名。問題とパッセージの漏れを調べるのに使う。"""
    found: dict[Split, set[str]] = defaultdict(set)
    for item in items():
        found[item.split].add(item.name)
    return {split: frozenset(names) for split, names in found.items()}


@cache
def hidden_names(split: Split) -> frozenset[str]:
    """split の行に現れてはいけない固有名。訓練用とその split のほかのもの。"""
    names = names_of_splits()
    return frozenset().union(
        *(names[other] for other in names if other not in ("train", split))
    )


@cache
def by_values(kind: str) -> dict[tuple[str, str], frozenset[str]]:
    """種類ごとの索引。(属性, 値) から、それをもつ題材の名前の集合を引く。

    言い換えた年のために、時期の見出しでも引ける。
    """
    index: dict[tuple[str, str], set[str]] = defaultdict(set)
    for item in items():
        if item.type == kind:
            for attribute, value in item.values.items():
                for key in {value.key, value.oblique_key} - {""}:
                    index[attribute, key].add(item.name)
    return {key: frozenset(names) for key, names in index.items()}
