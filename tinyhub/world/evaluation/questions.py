"""llm-jp-eval の質問応答・機械読解・計算・エンティティ極性分析。"""

import random

from tinyhub.world.evaluation.rows import TextPair, question_row, reading_row
from tinyhub.world.facts import Company, World, world
from tinyhub.world.instructions.scenes import settled_companies
from tinyhub.world.instructions.words import ITEMS


def multi_hop(rng: random.Random, places: World, index: int) -> TextPair:
    """二つの事実を合わせないと答えられない質問。はい・いいえは YES と NO。"""
    if index % 4 == 0:
        first, second = rng.sample(places.companies, 2)
        while first.founded == second.founded:
            first, second = rng.sample(places.companies, 2)
        older = min(first, second, key=lambda company: company.founded)
        return question_row(
            rng.choice(
                (
                    f"{first.name}と{second.name}では、創業が早いのはどちらですか？",
                    f"先に創業したのは、{first.name}と{second.name}のどちらですか？",
                )
            ),
            older.name,
        )
    if index % 4 == 1:
        towns = {town.name: town for town in places.towns}
        station = rng.choice([s for s in places.stations if s.town in towns])
        return question_row(
            f"{station.name}がある町は、何県にありますか？",
            towns[station.town].prefecture,
        )
    if index % 4 == 2:
        same = index % 8 == 2
        first, second = rng.sample(places.works, 2)
        while (first.kind == second.kind) != same:
            first, second = rng.sample(places.works, 2)
        return question_row(
            f"『{first.name}』と『{second.name}』は、どちらも{first.kind}ですか？",
            "YES" if same else "NO",
        )
    people = {person.name: person for person in world().people}
    work = rng.choice(places.works)
    return question_row(
        f"{work.kind}『{work.name}』を作った人の趣味は何ですか？",
        people[work.creator].hobby,
    )


def single_fact(rng: random.Random, places: World, index: int) -> TextPair:
    """一つの事実を聞く質問。"""
    station, company = rng.choice(places.stations), rng.choice(places.companies)
    food, team = rng.choice(places.foods), rng.choice(places.teams)
    event, product = rng.choice(places.events), rng.choice(places.products)
    question, answer = rng.choice(
        (
            (f"{station.name}はどの路線の駅ですか？", station.line),
            (f"{company.name}の創業は何年ですか？", f"{company.founded}年"),
            (f"{company.name}は何を手がける会社ですか？", company.business),
            (f"{food.name}に使う主な材料は何ですか？", food.ingredient),
            (f"{team.name}は何のチームですか？", team.sport),
            (f"{event.name}は何月に開かれますか？", f"{event.month}月"),
            (f"{product.name}の特長は何ですか？", product.feature),
        )
    )
    return question_row(question, answer)


def reading(rng: random.Random, places: World, index: int) -> TextPair:
    """文章の一部を答える質問。"""
    if index % 2:
        company = rng.choice(settled_companies(places))
        name = company.name
        town, year = company.town, f"{company.founded}年"
        business, staff = company.business, f"{company.employees}人"
        passage = rng.choice(
            (
                f"{name}は、{town}に本社を置く会社である。"
                f"{year}に創業し、{business}を手がけている。"
                f"従業員はおよそ{staff}である。",
                f"{year}に{town}で創業した{name}は、{business}を手がけ、"
                f"いまではおよそ{staff}が働いている。本社の場所は変わっていない。",
                f"{business}を手がける{name}の歴史は、{year}に始まる。"
                f"本社は{town}にあり、およそ{staff}の従業員がいる。",
                f"{town}に本社がある{name}では、およそ{staff}の従業員が働く。"
                f"創業は{year}で、{business}を手がけてきた。",
            )
        )
        asked = (
            (f"{name}の本社はどこにありますか？", company.town),
            (f"{name}が創業したのは何年ですか？", f"{company.founded}年"),
            (f"{name}の従業員は何人ですか？", f"{company.employees}人"),
            (f"{name}は何を手がけていますか？", company.business),
        )
    else:
        town = rng.choice(places.towns)
        name = town.name
        year = f"{town.founded}年"
        passage = rng.choice(
            (
                f"{name}は、{town.prefecture}の{town.terrain}にある。"
                f"{year}に周りの村が合わさってできた。"
                f"名物は{town.specialty}で、中心部には{town.landmark}がある。",
                f"{town.prefecture}の{name}は、{town.specialty}を名物としている。"
                f"{year}に周りの村が合わさってでき、"
                f"{town.terrain}にあり、中心部に{town.landmark}が建っている。",
                f"{town.landmark}が中心部にある{name}は、{town.prefecture}に属する。"
                f"名物の{town.specialty}は遠くでも知られている。"
                f"周りの村が合わさって{name}ができたのは{year}である。",
            )
        )
        asked = (
            (f"{name}は何県にありますか？", town.prefecture),
            (f"{name}ができたのは何年ですか？", f"{town.founded}年"),
            (f"{name}の名物は何ですか？", town.specialty),
            (f"{name}の中心部には何がありますか？", town.landmark),
        )
    question, answer = rng.choice(asked)
    return reading_row(name, passage, question, answer)


def arithmetic(rng: random.Random, places: World, index: int) -> TextPair:
    """文章題。答えは整数。"""
    item = rng.choice([item for item in ITEMS if item.counter in "個冊本枚"])
    one, two = (person.name for person in rng.sample(places.people, 2))
    a, b = rng.randrange(5, 40), rng.randrange(2, 20)
    high, low = max(a, b) + 1, min(a, b)
    name, unit = item.name, item.counter
    text, answer = rng.choice(
        (
            (
                f"{one}は{name}を{a}{unit}、{two}は{name}を{b}{unit}持っています。"
                f"二人の{name}は合わせて何{unit}ですか？",
                a + b,
            ),
            (
                f"{one}は{name}を{high}{unit}持っていましたが、{two}に{low}{unit}"
                f"あげました。残りは何{unit}ですか？",
                high - low,
            ),
            (
                f"{name}が{b}{unit}ずつ入った箱が{low}箱あります。"
                f"{name}は全部で何{unit}ありますか？",
                b * low,
            ),
            (
                f"{b * low}{unit}の{name}を{low}人で同じ数ずつ分けます。"
                f"一人分は何{unit}ですか？",
                b,
            ),
            (
                f"{one}は{name}を{low}{unit}持っていました。何{unit}か買うと"
                f"{high}{unit}になりました。買ったのは何{unit}ですか？",
                high - low,
            ),
        )
    )
    return TextPair(f"問題：{text}", str(answer))


_RISES: tuple[str, ...] = (
    "{x}の売り上げは前の年より一割増えました。",
    "{x}は新しい工場が順調に動き、利益を伸ばしました。",
    "{x}は客の数が戻り、黒字になりました。",
    "{x}の新しい商品はよく売れました。",
    "{x}の利益は三年続けて増えました。",
)
_FALLS: tuple[str, ...] = (
    "{x}の売り上げは前の年より二割減りました。",
    "{x}は材料の値上がりが響き、利益が落ち込みました。",
    "{x}は客の数が減り、赤字になりました。",
    "{x}の新しい商品はあまり売れませんでした。",
    "{x}は売り上げが落ち、三つの店を閉めました。",
)
_JOINED: tuple[tuple[str, str, str], ...] = (
    ("{x}は売り上げを伸ばしましたが、{y}は伸び悩みました。", "positive", "negative"),
    ("{x}が赤字になった一方で、{y}は黒字を保ちました。", "negative", "positive"),
    ("{x}と{y}は、どちらも利益を伸ばしました。", "positive", "positive"),
    ("{x}も{y}も、売り上げが落ち込みました。", "negative", "negative"),
    ("{x}は利益を増やし、{y}は赤字が広がりました。", "positive", "negative"),
    ("{x}が店を閉める中、{y}は客を増やしました。", "negative", "positive"),
)


def polarity(rng: random.Random, places: World, index: int) -> TextPair:
    """会社ごとの良し悪し。一行に一つずつ「名前 positive」の形で答える。"""
    found: list[Company] = rng.sample(places.companies, 3)
    names = [company.name for company in found]
    lines: list[str] = []
    answers: list[str] = []
    if rng.random() < 0.6:
        frame, first, second = rng.choice(_JOINED)
        lines.append(frame.format(x=names[0], y=names[1]))
        answers += [f"{names[0]} {first}", f"{names[1]} {second}"]
    if not lines or rng.random() < 0.5:
        label, frames = rng.choice((("positive", _RISES), ("negative", _FALLS)))
        lines.append(rng.choice(frames).format(x=names[2]))
        answers.append(f"{names[2]} {label}")
    return TextPair("文章：" + "".join(lines), "\n".join(answers))
