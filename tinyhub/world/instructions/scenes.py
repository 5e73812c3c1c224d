"""指示の題材になる、買い物などの短い文と、物の紹介の短い文章。"""

import random
from dataclasses import dataclass, replace

from tinyhub.world.facts import Company, World
from tinyhub.world.instructions.words import BUY, ITEMS, RECEIVE, SELL, Verb

_DEALS = (BUY, RECEIVE, SELL)
_FRAMES = (
    "{person}は{town}で{item}を{amount}{past}。",
    "{town}で{person}が{item}を{amount}{past}。",
    "{day}、{person}は{town}で{item}を{amount}{past}。",
    "{person}は{day}に{town}で{item}を{amount}{past}。",
    "{day}に{town}へ行った{person}は、{item}を{amount}{past}。",
    "{person}が{town}の市場で{past}のは、{item}{amount}だった。",
    "{town}の店で{item}を{amount}{past}のは{person}だ。",
    "{person}は{day}、{town}の店で{item}を{amount}{past}。",
    "{town}に来た{person}は、{item}を{amount}{past}。",
    "{item}を{amount}、{person}が{town}で{past}。",
)
_PAIRS = (
    "{a.person}は{a.town}で{a.item}を{a.amount}{a.verb.stem}、"
    "{b.person}は{b.town}で{b.item}を{b.amount}{b.verb.past}。",
    "{a.person}が{a.town}で{a.item}を{a.amount}{a.verb.past}日に、"
    "{b.person}は{b.town}で{b.item}を{b.amount}{b.verb.past}。",
    "{a.town}では{a.person}が{a.item}を{a.amount}{a.verb.past}。"
    "{b.town}では{b.person}が{b.item}を{b.amount}{b.verb.past}。",
    "{a.person}は{a.town}で{a.item}を{a.amount}{a.verb.past}。"
    "一方、{b.person}は{b.town}で{b.item}を{b.amount}{b.verb.past}。",
    "{a.item}を{a.amount}{a.verb.past}のは{a.town}の{a.person}で、"
    "{b.item}を{b.amount}{b.verb.past}のは{b.town}の{b.person}だ。",
)


@dataclass(frozen=True)
class Deal:
    """だれかがどこかで何かを買った(もらった・売った)こと。"""

    person: str
    town: str
    item: str
    counter: str
    count: int
    verb: Verb
    day: str
    frame: str

    @property
    def amount(self) -> str:
        """「3個」。"""
        return f"{self.count}{self.counter}"

    @property
    def text(self) -> str:
        """一文にしたもの。"""
        return self.frame.format(
            person=self.person,
            town=self.town,
            item=self.item,
            amount=self.amount,
            past=self.verb.past,
            day=self.day,
        )


def deal_of(rng: random.Random, places: World) -> Deal:
    """出来事を一つ作る。"""
    item = rng.choice(ITEMS)
    return Deal(
        person=rng.choice(places.people).name,
        town=rng.choice(places.towns).name,
        item=item.name,
        counter=item.counter,
        count=rng.randrange(2, 10),
        verb=rng.choice(_DEALS),
        day=f"{rng.randrange(1, 13)}月{rng.randrange(1, 29)}日",
        frame=rng.choice(_FRAMES),
    )


def two_deals(
    rng: random.Random, places: World, one_verb: bool = False
) -> tuple[str, tuple[Deal, Deal]]:
    """人も場所も品物も数も違う、二人の話。one_verb なら、したことは同じ。"""
    while True:
        one, other = deal_of(rng, places), deal_of(rng, places)
        if one_verb:
            other = replace(other, verb=one.verb)
        same = (
            one.person == other.person
            or one.town == other.town
            or one.item == other.item
            or one.count == other.count
        )
        if not same:
            return rng.choice(_PAIRS).format(a=one, b=other), (one, other)


def _asked(rng: random.Random, deal: Deal, item: str, verb: Verb) -> str:
    past = verb.polite("past")
    return rng.choice(
        (
            f"{deal.person}は{item}を{past}か。",
            f"{deal.person}は{deal.town}で{item}を{past}か。",
            f"{item}を{verb.past}のは{deal.person}ですか。",
        )
    )


def question_about(rng: random.Random, places: World) -> tuple[str, str, str]:
    """文と、はい・いいえで答える質問と、その答え。はいといいえは半分ずつ。

    いいえになるのは、相手の人のことと取り違えたときか、しなかったことを聞いたときで、
    質問の言葉はどれも文に現れる。
    """
    yes = rng.random() < 0.5
    answer = "はい" if yes else "いいえ"
    if rng.random() < 0.35:
        deal = deal_of(rng, places)
        other = rng.choice([i.name for i in ITEMS if i.name != deal.item])
        done, left = (deal.item, other) if yes else (other, deal.item)
        text = rng.choice(
            (
                f"{deal.person}は{deal.town}で{done}を{deal.verb.past}が、"
                f"{left}は{deal.verb.casual('negative_past')}。",
                f"{deal.person}が{deal.town}で{deal.verb.past}のは"
                f"{left}ではなく{done}だ。",
                f"{deal.town}で{left}は{deal.verb.casual('negative_past')}が、"
                f"{deal.person}は{done}を{deal.verb.past}。",
            )
        )
        question = f"{deal.person}は{deal.item}を{deal.verb.polite('past')}か。"
        return text, question, answer
    # 二人が違うことをしていると、動詞だけで答えが分かってしまう。
    text, (one, two) = two_deals(rng, places, one_verb=True)
    asked, other = rng.sample((one, two), 2)
    source = asked if yes else other
    question = _asked(rng, asked, source.item, one.verb)
    return text, question, answer


def settled_companies(places: World) -> list[Company]:
    """町が同じ split にある会社。ほかの split の町の名前を文に出さないため。"""
    towns = {town.name for town in places.towns}
    return [company for company in places.companies if company.town in towns]


def _rounded(population: int) -> str:
    """千の位までの人口。「5万2千」のように書く。"""
    high, low = divmod(population // 1000, 10)
    return (f"{high}万" if high else "") + (f"{low}千" if low else "")


def subject_text(rng: random.Random, places: World) -> tuple[str, str]:
    """二文の紹介文と、その主題の名前。主題は文の先頭とはかぎらない。"""
    kind = rng.randrange(6)
    if kind == 0:
        town = rng.choice(places.towns)
        heads = (
            f"{town.name}は{town.prefecture}の{town.terrain}にあります。",
            f"{town.prefecture}の{town.name}は、{town.specialty}の産地です。",
            f"{town.terrain}に開けた{town.name}には、{town.landmark}があります。",
        )
        bodies = (
            "休みの日には多くの人が訪れます。",
            "駅の近くに市場が開かれます。",
            f"人口はおよそ{_rounded(town.population)}人です。",
            f"町の名物は{town.specialty}です。",
        )
        return rng.choice(heads) + rng.choice(bodies), town.name
    if kind == 1:
        station = rng.choice(places.stations)
        heads = (
            f"{station.name}は{station.town}にある駅です。",
            f"{station.line}の{station.name}は{station.opened}年に開業しました。",
            f"{station.town}の玄関口は{station.name}です。",
        )
        bodies = (
            "駅前には商店街があります。",
            "改札口の横に花屋があります。",
            "朝と夕方はとても混み合います。",
            f"一日におよそ{station.passengers}人が利用します。",
        )
        return rng.choice(heads) + rng.choice(bodies), station.name
    if kind == 2:
        company = rng.choice(settled_companies(places))
        heads = (
            f"{company.name}は{company.business}を手がける会社です。",
            f"{company.town}に本社を置く{company.name}は、{company.founded}年に"
            "創業しました。",
            f"{company.business}で知られるのが{company.name}です。",
        )
        bodies = (
            "売り上げは少しずつ増えています。",
            "若い社員が多いことで知られます。",
            "新しい工場が来年の春に動き始めます。",
            f"従業員はおよそ{company.employees}人です。",
        )
        return rng.choice(heads) + rng.choice(bodies), company.name
    if kind == 3:
        person = rng.choice(places.people)
        heads = (
            f"{person.name}は{person.hobby}を好む{person.profession}です。",
            f"{person.profession}の{person.name}は、{person.hobby}が趣味です。",
            f"{person.birth_year}年生まれの{person.name}は、{person.profession}です。",
        )
        bodies = (
            f"休みの日には{person.hobby}を楽しみます。",
            "その仕事は国の内外で評価されています。",
            "いまは若い人たちを育てています。",
            "朝の散歩が毎日の習慣です。",
        )
        return rng.choice(heads) + rng.choice(bodies), person.name
    if kind == 4:
        product = rng.choice(places.products)
        heads = (
            f"{product.name}は{product.feature}で知られる{product.category}です。",
            f"{product.released}年に発売された{product.name}は、よく売れています。",
            f"{product.feature}が自慢の{product.category}が、{product.name}です。",
        )
        bodies = (
            f"価格は{product.price}円です。",
            "色は三種類から選べます。",
            "贈り物としても選ばれています。",
            "保証の期間は一年間です。",
        )
        return rng.choice(heads) + rng.choice(bodies), product.name
    event = rng.choice(places.events)
    heads = (
        f"{event.name}は毎年{event.month}月に{event.town}で開かれます。",
        f"{event.town}の{event.name}は{event.first_year}年に始まりました。",
        f"{event.month}月の{event.town}では{event.name}が開かれます。",
    )
    bodies = (
        "会場にはたくさんの屋台が並びます。",
        "手伝う人を町じゅうから集めます。",
        "雨のときは次の週末に延期されます。",
        f"来場者はおよそ{event.visitors}人です。",
    )
    return rng.choice(heads) + rng.choice(bodies), event.name
