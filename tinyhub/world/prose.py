"""世界についての地の文(事前学習とトークナイザの訓練のための文章)。

町・会社・人物・作品・催し・歴史を、百科事典や地方紙のような短い文で述べる。
どの固有名も順に一度ずつ主題になるので、件数が固有名の数を超えれば、すべての名前が
必ず文章に現れる。
"""

import random
from collections.abc import Callable, Sequence

from tinyhub.world.facts import World, world

_Facts = dict[str, str]


def _figure(number: int) -> str:
    """「12万3000」のように、万で区切った数。"""
    high, low = divmod(number, 10_000)
    if not high:
        return str(low)
    return f"{high}万{low}" if low else f"{high}万"


def _town_facts(w: World, index: int, rng: random.Random) -> _Facts:
    town = w.towns[index % len(w.towns)]
    neighbour = rng.choice(w.towns)
    return {
        "name": town.name,
        "prefecture": town.prefecture,
        "year": str(town.founded),
        "population": _figure(town.population),
        "specialty": town.specialty,
        "landmark": town.landmark,
        "terrain": town.terrain,
        "neighbour": neighbour.name,
        "person": rng.choice(w.people).name,
        "station": rng.choice(w.stations).name,
    }


def _prefecture_facts(w: World, index: int, rng: random.Random) -> _Facts:
    prefecture = w.prefectures[index % len(w.prefectures)]
    return {
        "name": prefecture.name,
        "region": prefecture.region,
        "capital": prefecture.capital,
        "specialty": prefecture.specialty,
        "population": _figure(prefecture.population),
        "town": rng.choice(w.towns).name,
    }


def _station_facts(w: World, index: int, rng: random.Random) -> _Facts:
    station = w.stations[index % len(w.stations)]
    return {
        "name": station.name,
        "town": station.town,
        "line": station.line,
        "year": str(station.opened),
        "passengers": _figure(station.passengers),
        "minutes": str(rng.randrange(3, 40)),
        "other": rng.choice(w.stations).name,
        "shop": rng.choice(w.shops).name,
    }


def _company_facts(w: World, index: int, rng: random.Random) -> _Facts:
    company = w.companies[index % len(w.companies)]
    return {
        "name": company.name,
        "business": company.business,
        "town": company.town,
        "year": str(company.founded),
        "president": company.president,
        "employees": _figure(company.employees),
        "other": rng.choice(w.companies).name,
        "product": rng.choice(w.products).name,
        "month": str(rng.randrange(1, 13)),
    }


def _person_facts(w: World, index: int, rng: random.Random) -> _Facts:
    person = w.people[index % len(w.people)]
    return {
        "name": person.name,
        "surname": person.surname,
        "profession": person.profession,
        "town": person.town,
        "year": str(person.birth_year),
        "hobby": person.hobby,
        "friend": rng.choice(w.people).name,
        "company": rng.choice(w.companies).name,
        "age": str(rng.randrange(18, 40)),
        "other_town": rng.choice(w.towns).name,
    }


def _product_facts(w: World, index: int, rng: random.Random) -> _Facts:
    product = w.products[index % len(w.products)]
    return {
        "name": product.name,
        "category": product.category,
        "company": product.company,
        "price": _figure(product.price),
        "year": str(product.released),
        "feature": product.feature,
        "person": rng.choice(w.people).name,
        "count": _figure(rng.randrange(2, 90) * 1_000),
    }


def _food_facts(w: World, index: int, rng: random.Random) -> _Facts:
    food = w.foods[index % len(w.foods)]
    return {
        "name": food.name,
        "town": food.town,
        "ingredient": food.ingredient,
        "season": food.season,
        "taste": food.taste,
        "shop": rng.choice(w.shops).name,
        "event": rng.choice(w.events).name,
    }


def _shop_facts(w: World, index: int, rng: random.Random) -> _Facts:
    shop = w.shops[index % len(w.shops)]
    return {
        "name": shop.name,
        "town": shop.town,
        "year": str(shop.opened),
        "dish": shop.dish,
        "owner": rng.choice(w.people).name,
        "hour": str(rng.randrange(7, 12)),
        "seats": str(rng.randrange(8, 60)),
        "station": rng.choice(w.stations).name,
    }


def _work_facts(w: World, index: int, rng: random.Random) -> _Facts:
    work = w.works[index % len(w.works)]
    return {
        "name": work.name,
        "kind": work.kind,
        "creator": work.creator,
        "year": str(work.year),
        "theme": work.theme,
        "town": rng.choice(w.towns).name,
        "person": rng.choice(w.people).name,
        "other": rng.choice(w.works).name,
    }


def _team_facts(w: World, index: int, rng: random.Random) -> _Facts:
    team = w.teams[index % len(w.teams)]
    high, low = rng.randrange(3, 12), rng.randrange(0, 3)
    return {
        "name": team.name,
        "sport": team.sport,
        "town": team.town,
        "year": str(team.founded),
        "coach": team.coach,
        "other": rng.choice(w.teams).name,
        "high": str(high),
        "low": str(low),
        "person": rng.choice(w.people).name,
    }


def _event_facts(w: World, index: int, rng: random.Random) -> _Facts:
    event = w.events[index % len(w.events)]
    return {
        "name": event.name,
        "kind": event.kind,
        "town": event.town,
        "month": str(event.month),
        "year": str(event.first_year),
        "visitors": _figure(event.visitors),
        "company": rng.choice(w.companies).name,
        "person": rng.choice(w.people).name,
        "food": rng.choice(w.foods).name,
    }


def _history_facts(w: World, index: int, rng: random.Random) -> _Facts:
    fact = w.history[index % len(w.history)]
    return {
        "name": fact.name,
        "subject": fact.subject,
        "year": str(fact.year),
        "month": str(fact.month),
        "day": str(fact.day),
        "town": fact.town,
        "person": rng.choice(w.people).name,
        "later": str(fact.year + rng.randrange(3, 30)),
        "company": rng.choice(w.companies).name,
    }


# 主題ごとの、事実の集め方、最初の文、続きの文。
_SUBJECTS: tuple[
    tuple[
        Callable[[World, int, random.Random], _Facts],
        Sequence[str],
        Sequence[str],
    ],
    ...,
] = (
    (
        _town_facts,
        (
            "{name}は、{prefecture}にある、{terrain}の町である。",
            "{name}は{prefecture}の自治体で、人口は{population}人である。",
            "{prefecture}の{name}は、{specialty}の産地として知られる。",
            "{name}は、{year}年に周りの村が合わさってできた。",
            "{terrain}に開けた{name}には、古い{landmark}が残っている。",
        ),
        (
            "町の名物は{specialty}で、土産物としても売られている。",
            "中心部には{landmark}があり、休日には多くの人が訪れる。",
            "{year}年に町制がしかれ、それから人口は少しずつ増えた。",
            "隣の{neighbour}とは、山道とバスの路線で結ばれている。",
            "人口はおよそ{population}人で、その多くが農業や製造業で働いている。",
            "{station}からはバスでおよそ三十分かかる。",
            "{name}の出身者には{person}がいる。",
            "冬には雪が積もるが、夏は涼しく、避暑に訪れる人もいる。",
            "町の北側には森が広がり、南側には田畑が続いている。",
            "毎年春になると、{landmark}の周りで市が開かれる。",
        ),
    ),
    (
        _prefecture_facts,
        (
            "{name}は国の{region}にある県で、県庁は{capital}に置かれている。",
            "{name}の人口は{population}人で、県庁のある{capital}に人が集まっている。",
            "国の{region}に位置する{name}は、{specialty}の生産が盛んである。",
        ),
        (
            "県の特産品は{specialty}で、国内のあちこちへ運ばれている。",
            "県内では{town}が観光地として知られる。",
            "東西に長く、気候は海側と山側で大きく異なる。",
            "県の花や木は、県民の投票で選ばれた。",
            "{capital}から{town}までは、列車で一時間ほどかかる。",
        ),
    ),
    (
        _station_facts,
        (
            "{name}は、{town}にある{line}の駅である。",
            "{line}の{name}は{year}年に開業した。",
            "{town}の玄関口である{name}は、一日におよそ{passengers}人が利用する。",
        ),
        (
            "開業は{year}年で、いまの駅舎は二代目である。",
            "一日の利用者はおよそ{passengers}人である。",
            "{other}までは列車で{minutes}分かかる。",
            "駅前には商店街があり、{shop}などの店が並んでいる。",
            "改札を出ると、右手にバス乗り場、左手に交番がある。",
            "朝と夕方は、通勤や通学の人で混み合う。",
            "駅の窓口では、切符のほかに記念の絵葉書も売っている。",
        ),
    ),
    (
        _company_facts,
        (
            "{name}は、{town}に本社を置き、{business}を手がける会社である。",
            "{name}は{year}年に{town}で創業した。",
            "{business}で知られる{name}の社長は、{president}である。",
            "{month}月の発表によると、{name}は{other}と提携する。",
        ),
        (
            "社長は{president}が務めている。",
            "従業員はおよそ{employees}人である。",
            "{year}年の創業以来、{business}を主な事業としてきた。",
            "{other}とは、長年の取引がある。",
            "近年は{product}の販売にも力を入れている。",
            "{president}は「地域とともに歩みたい」と話している。",
            "新しい工場は来年の春に動き始める予定である。",
            "売り上げは前の年より一割ほど増えた。",
            "株主総会では、海外への進出が話し合われた。",
        ),
    ),
    (
        _person_facts,
        (
            "{name}は、{year}年に{town}で生まれた{profession}である。",
            "{profession}の{name}は、{town}の出身である。",
            "{name}は{town}に住む{profession}で、{hobby}を趣味としている。",
            "{town}で生まれた{name}は、{age}歳のときに{profession}になった。",
        ),
        (
            "{surname}は幼いころから{hobby}に親しんだ。",
            "学校を出たあと、しばらく{company}で働いていた。",
            "{age}歳で{other_town}に移り、そこで仕事を始めた。",
            "友人の{friend}とは、若いころからの付き合いである。",
            "休みの日には{hobby}をして過ごすという。",
            "その仕事は国の内外で高く評価されている。",
            "{friend}に学び、のちに独立した。",
            "晩年は故郷に戻り、若い人たちを育てた。",
            "「続けることが一番難しい」と{surname}は語っている。",
        ),
    ),
    (
        _product_facts,
        (
            "{name}は、{company}が{year}年に発売した{category}である。",
            "{company}は{year}年、新しい{category}の{name}を発売した。",
            "{company}の{name}は、{feature}で知られる{category}である。",
        ),
        (
            "価格は{price}円で、色は三種類から選べる。",
            "特長は{feature}にある。",
            "発売から一年で{count}個が売れた。",
            "広告には{person}が出演している。",
            "使わないときは、付属の袋にしまっておける。",
            "保証の期間は、買った日から一年間である。",
            "手入れには、乾いた柔らかい布を使う。",
        ),
    ),
    (
        _food_facts,
        (
            "{name}は、{town}に伝わる料理である。",
            "{town}の{name}は、{ingredient}を使った{taste}味の料理である。",
            "{season}になると、{town}では{name}を食べる習わしがある。",
        ),
        (
            "主な材料は{ingredient}で、{season}によく作られる。",
            "{taste}味が特徴で、子どもにも親しまれている。",
            "{shop}でも、予約をすれば食べることができる。",
            "作り方は家ごとに少しずつ違う。",
            "{event}の日には、屋台にも並ぶ。",
            "弱火でゆっくり煮て、最後に塩で味を調える。",
        ),
    ),
    (
        _shop_facts,
        (
            "{name}は、{town}にある飲食店である。",
            "{town}の{name}は、{year}年に店を開いた。",
            "{dish}を出す{name}は、{town}の商店街にある。",
        ),
        (
            "看板の料理は{dish}である。",
            "店主は{owner}で、先代から店を受け継いだ。",
            "朝は{hour}時に開き、席は{seats}ほどある。",
            "{station}から歩いて五分ほどの場所にある。",
            "{year}年の開店から、味を変えずに続けている。",
            "定休日は水曜日で、祝日は開いている。",
        ),
    ),
    (
        _work_facts,
        (
            "『{name}』は、{year}年に発表された{creator}の{kind}である。",
            "{creator}の{kind}『{name}』は、{theme}を描いている。",
            "{kind}『{name}』は{year}年に世に出た。",
        ),
        (
            "{theme}が主題になっている。",
            "物語は、主人公が{town}を訪れるところから始まる。",
            "主人公の声は{person}が担当した。",
            "{creator}の前の作品『{other}』と同じ世界が舞台である。",
            "発表の翌年に、国の芸術賞を受けた。",
            "題名は、作者が子どものころに見た景色から取られた。",
            "三部からなり、第二部がもっとも長い。",
        ),
    ),
    (
        _team_facts,
        (
            "{name}は、{town}を本拠地とする{sport}のチームである。",
            "{name}は{year}年に{town}で結成された。",
            "{sport}の{name}は、{coach}が監督を務めている。",
            "{sport}の試合で、{name}は{other}に{high}対{low}で勝った。",
        ),
        (
            "監督は{coach}である。",
            "{year}年の結成から、地元の人々に支えられてきた。",
            "きのうの試合では{other}に{high}対{low}で敗れた。",
            "{person}が後半に得点を決めた。",
            "次の試合は今度の日曜日に行われる。",
            "{other}との対戦には、いつも多くの観客が集まる。",
        ),
    ),
    (
        _event_facts,
        (
            "{name}は、毎年{month}月に{town}で開かれる。",
            "{town}の{name}は、{year}年に始まった。",
            "{month}月の{name}には、およそ{visitors}人が訪れた。",
        ),
        (
            "第一回は{year}年に行われた。",
            "来場者は毎年およそ{visitors}人にのぼる。",
            "{company}が運営に協力している。",
            "会場では{food}の屋台も出る。",
            "実行委員長の{person}は「来年も続けたい」と話した。",
            "雨のときは、次の週末に延期される。",
            "期間中は、臨時の列車とバスが走る。",
        ),
    ),
    (
        _history_facts,
        (
            "{year}年{month}月{day}日、{name}。",
            "{town}の{subject}の歴史は古い。",
            "{name}のは、{year}年{month}月{day}日のことである。",
        ),
        (
            "そのときの様子は、{person}の日記に残されている。",
            "{later}年には、{company}の寄付で大きな改修が行われた。",
            "町の人々は、この日を今も覚えている。",
            "当時の写真は、{town}の資料館で見ることができる。",
            "のちに記念の石碑が建てられた。",
            "それから町の暮らしは大きく変わった。",
        ),
    ),
)


def _sizes(w: World) -> tuple[int, ...]:
    return (
        len(w.towns),
        len(w.prefectures),
        len(w.stations),
        len(w.companies),
        len(w.people),
        len(w.products),
        len(w.foods),
        len(w.shops),
        len(w.works),
        len(w.teams),
        len(w.events),
        len(w.history),
    )


def pretraining_documents(seed: int, documents: int) -> list[list[str]]:
    """世界についての文書を documents 件書く。一件は 2〜5 文のリスト。"""
    rng = random.Random(f"prose/{seed}")
    w = world()
    order: list[tuple[int, int]] = []
    written = []
    for _ in range(documents):
        if not order:
            order = [
                (kind, index)
                for kind, size in enumerate(_sizes(w))
                for index in range(size)
            ]
            rng.shuffle(order)
        kind, index = order.pop()
        collect, heads, bodies = _SUBJECTS[kind]
        found = collect(w, index, rng)
        lines = [rng.choice(heads), *rng.sample(bodies, rng.randrange(1, 5))]
        written.append([line.format(**found) for line in lines])
    return written
