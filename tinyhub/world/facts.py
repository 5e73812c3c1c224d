"""架空の世界の事実。

日本に似た小さな世界を乱数の種から作る。町・人・会社・作品などはすべて架空で、
どのデータも、この事実を文に書き下して作られる。同じ種からは必ず同じ世界ができる。

固有名は train / validation / test のどれか一つに属し、検証用・テスト用の固有名が
訓練データに現れないようにしてある。町の名前から作る名前(駅・会社・催しなど)は、
町と同じ側に入れる。そうしないと「汐代駅」と「新汐代駅」のように、
文字列としては片方がもう片方に含まれてしまうからである。
"""

import random
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from typing import Literal

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

WORLD_SEED = 20250401
FIRST_YEAR, LAST_YEAR = 1860, 2024


@dataclass(frozen=True)
class Prefecture:
    """県。"""

    name: str
    stem: str
    region: str
    capital: str
    specialty: str
    population: int
    split: Split


@dataclass(frozen=True)
class Town:
    """市町村。"""

    name: str
    stem: str
    prefecture: str
    founded: int
    population: int
    specialty: str
    landmark: str
    terrain: str
    split: Split


@dataclass(frozen=True)
class Station:
    """駅。"""

    name: str
    town: str
    line: str
    opened: int
    passengers: int
    split: Split


@dataclass(frozen=True)
class Company:
    """会社。"""

    name: str
    business: str
    town: str
    founded: int
    president: str
    employees: int
    split: Split


@dataclass(frozen=True)
class Person:
    """架空の人物。"""

    name: str
    surname: str
    given_name: str
    profession: str
    town: str
    birth_year: int
    hobby: str
    split: Split


@dataclass(frozen=True)
class Product:
    """商品。"""

    name: str
    category: str
    company: str
    price: int
    released: int
    feature: str
    split: Split


@dataclass(frozen=True)
class Food:
    """土地の料理。"""

    name: str
    town: str
    ingredient: str
    season: str
    taste: str
    split: Split


@dataclass(frozen=True)
class Shop:
    """飲食店。"""

    name: str
    kind: str
    town: str
    opened: int
    dish: str
    split: Split


@dataclass(frozen=True)
class Work:
    """作品。"""

    name: str
    kind: str
    creator: str
    year: int
    theme: str
    split: Split


@dataclass(frozen=True)
class Team:
    """スポーツの団体。"""

    name: str
    sport: str
    town: str
    founded: int
    coach: str
    split: Split


@dataclass(frozen=True)
class Event:
    """催し。"""

    name: str
    kind: str
    town: str
    month: int
    first_year: int
    visitors: int
    split: Split


@dataclass(frozen=True)
class HistoricalFact:
    """年月日のある出来事。subject が、name の示すことをした・されたと読む。"""

    name: str
    year: int
    month: int
    day: int
    town: str
    subject: str
    action: str
    split: Split


@dataclass(frozen=True)
class World:
    """世界のすべて。"""

    prefectures: tuple[Prefecture, ...]
    towns: tuple[Town, ...]
    stations: tuple[Station, ...]
    companies: tuple[Company, ...]
    people: tuple[Person, ...]
    products: tuple[Product, ...]
    foods: tuple[Food, ...]
    shops: tuple[Shop, ...]
    works: tuple[Work, ...]
    teams: tuple[Team, ...]
    events: tuple[Event, ...]
    history: tuple[HistoricalFact, ...]

    def of_split(self, split: Split) -> "World":
        """split に属するものだけの世界を返す。"""
        return World(
            *(
                tuple(e for e in getattr(self, field.name) if e.split == split)
                for field in fields(self)
            )
        )

    def names(self) -> frozenset[str]:
        """すべての固有名(出来事の見出しは除く)。"""
        return frozenset(
            entity.name
            for field in fields(self)
            if field.name != "history"
            for entity in getattr(self, field.name)
        )


def split_of(key: str) -> Split:
    """名前から、train (8 割) / validation (1 割) / test (1 割) を決める。"""
    remainder = zlib.crc32(key.encode()) % 10
    return "test" if remainder == 9 else "validation" if remainder == 8 else "train"


def entities_in(text: str, names: Iterable[str]) -> frozenset[str]:
    """text に文字列として現れる固有名を返す。"""
    return frozenset(name for name in names if name in text)


_STEM_HEADS = "汐霧月星風雪花藤楠椿鷺鶴鹿鈴琴朝夕深若翠紅銀碧雲桐柚萩葵"
_STEM_TAILS = "見浜守瀬里沢崎江坂峰代森淵渡窪根音戸"
# 実在の地名や姓としてよく知られた組み合わせは使わない。
_REAL_STEMS = frozenset(
    "月見 花見 雪見 星見 風見 鶴見 汐見 朝見 藤沢 藤代 藤江 藤崎 藤森 鶴崎 鶴渡 深見"
    " 深江 深沢 深坂 深瀬 若江 若森 若代 花崎 花江 花里 朝代 朝里 鹿渡 鹿瀬 椿森"
    " 月代 月崎 夕崎 鈴見 星崎 星里 雲見 雲崎 紅葉 萩原 萩代 桐代 桐里 楠根 桐沢 銀座"
    " 若浜 柚根 鶴沢 雪根 琴浜 琴江 琴音 琴代 鷺森 深根 深戸 深森 鶴里 星守 桐渡"
    " 萩崎 萩里 葵坂 若瀬 若根 萩見 萩守 花代 花坂 花音 花沢 藤見 藤里 藤坂 藤根"
    " 藤戸 朝渡 朝坂 朝沢 霧峰 鈴江 鈴代 鈴森 楠見 楠森 鹿沢"
    " 鹿島 椿坂 雪江 雲渡 碧海".split()
)
_REGIONS = ("北部", "東部", "中央", "西部", "南部", "沿岸")
_SPECIALTIES = (
    "りんご 梨 桃 ぶどう 柚子 みかん お茶 そば 米 味噌 醤油 日本酒 和紙 陶器 漆器"
    " 織物 ガラス細工 木工品 真珠 海苔 牡蠣 鮭 鰻 蟹 豆腐 蜂蜜 チーズ 和菓子 藍染め"
    " 刃物 筆 竹細工 こけし 塩 オリーブ さつまいも"
).split()
_LANDMARKS = (
    "灯台 城跡 時計塔 吊り橋 大仏 天文台 植物園 水族館 美術館 博物館 石段 展望台"
    " 古い酒蔵 赤い鉄橋 鍾乳洞 棚田 砂丘 滝 湖 温泉街 運河 港の市場 風車 神社 庭園"
).split()
_TERRAINS = (
    "山に囲まれた盆地",
    "海に面した平地",
    "川沿いの低地",
    "なだらかな高原",
    "湖のほとり",
    "半島の先端",
    "谷あいの土地",
    "広い平野の中ほど",
)
_SURNAMES = (
    "雨宮 月岡 汐崎 早瀬 桐生 朝比奈 鳴海 柊 橘 藤代 三枝 一ノ瀬 白峰 水城 時任"
    " 椎名 皆川 真壁 八重樫 小鳥遊 東雲 綾部 葉山 御手洗 相沢 唐沢 入江 風間 深町"
    " 瀬戸口 桑名 久我 二階堂 真田 神楽 篠宮 門倉 阿久津 古賀 小日向 若槻 湯浅"
).split()
_GIVEN_NAMES = (
    "遥 蓮 陽菜 湊 結衣 樹 紗季 悠斗 千尋 航 美月 拓海 沙耶 涼介 琴葉 健吾 真帆 翔平太"
    " 小春 直哉 芽衣 誠一 奈緒 宗介 里桜 圭太 志穂 隼人 文乃 光希 梓 大和 律子 慎吾"
    " 灯里 亮太 あおい 和馬 すみれ 達也 つむぎ 修司 ひなた 伸之介 みのり 康平 いずみ"
).split()
_PROFESSIONS = (
    "小説家 画家 歌手 作曲家 俳優 映画監督 建築家 写真家 料理人 陶芸家 天文学者"
    " 植物学者 歴史学者 医師 弁護士 棋士 陸上選手 水泳選手 漫画家 脚本家 詩人"
    " 発明家 登山家 記者 政治家 教師 獣医 杜氏 舞踊家 指揮者"
).split()
_HOBBIES = (
    "釣り 登山 将棋 囲碁 園芸 切手集め 写真 料理 読書 散歩 編み物 天体観測 温泉めぐり"
    " 自転車 卓球 俳句 書道 蕎麦打ち 古本集め 楽器の演奏 キャンプ 水泳"
).split()
_BUSINESSES = (
    ("電機", "家電の製造"),
    ("食品", "食品の製造"),
    ("交通", "バスの運行"),
    ("製薬", "薬の開発"),
    ("出版", "本の出版"),
    ("建設", "建物の建設"),
    ("酒造", "日本酒の醸造"),
    ("銀行", "地域への融資"),
    ("製菓", "菓子の製造"),
    ("放送", "番組の制作"),
    ("観光", "旅行の企画"),
    ("鉄道", "鉄道の運行"),
    ("農園", "果物の栽培"),
    ("水産", "魚の加工"),
    ("製紙", "紙の製造"),
    ("文具", "文房具の販売"),
)
_KANA_HEADS = (
    "ソラ ミナモ ルナ テラ ノヴァ アルネ コトリ ハルカ ミラ シオン リーベ カナタ"
    " フジリ オリゾ ネムリ ポルト サクヤ ユメノ トワ ヒビキ モコ シズク レムナ キララ"
).split()
_KANA_TAILS = (
    ("テック", "機械の設計"),
    ("フーズ", "食品の販売"),
    ("ワークス", "家具の製造"),
    ("モーターズ", "自動車の製造"),
    ("ソフト", "ソフトウェアの開発"),
    ("スポーツ", "運動用品の販売"),
    ("コスメ", "化粧品の製造"),
    ("システムズ", "情報システムの運用"),
)
_PRODUCT_CATEGORIES = (
    ("イヤホン", "音の良さ"),
    ("リュック", "軽さ"),
    ("掃除機", "吸う力の強さ"),
    ("炊飯器", "ふっくらした炊き上がり"),
    ("腕時計", "見やすい文字盤"),
    ("椅子", "疲れにくい形"),
    ("水筒", "保温の長さ"),
    ("手帳", "書きやすい紙"),
    ("スニーカー", "滑りにくい靴底"),
    ("布団", "暖かさ"),
    ("マグカップ", "持ちやすい取っ手"),
    ("扇風機", "静かな風"),
)
_DISHES = (
    "焼きそば 団子 鍋 うどん 汁 丼 まんじゅう 漬け コロッケ 寿司 雑煮 カレー せんべい"
    " プリン 餃子 そば 煮 ラーメン"
).split()
_INGREDIENTS = (
    "鮭 牡蠣 りんご 味噌 柚子 鶏肉 豆腐 山菜 きのこ 海苔 さつまいも 蟹 豚肉 栗 梅 大根"
).split()
_SEASONS = ("春", "夏", "秋", "冬")
_TASTES = (
    "あっさりした",
    "甘辛い",
    "香ばしい",
    "優しい",
    "濃い",
    "爽やかな",
    "素朴な",
)
_SHOP_KINDS = (
    ("喫茶", "コーヒーとケーキ"),
    ("食堂", "日替わりの定食"),
    ("麺処", "手打ちのうどん"),
    ("洋食", "オムライス"),
    ("鮨処", "地魚の握り"),
    ("ベーカリー", "焼きたてのパン"),
    ("居酒屋", "炭火の焼き鳥"),
    ("甘味処", "白玉のあんみつ"),
    ("カフェ", "季節のパフェ"),
    ("中華", "焼き餃子"),
)
_SHOP_NAMES = (
    "つばめ ひだまり こもれび みちくさ あけぼの たんぽぽ ほたる やまびこ こはる"
    " しおかぜ うたたね ゆうなぎ どんぐり 三日月 千鳥 紙風船 赤とんぼ 風見鶏 青い鳥"
    " 銀河 万華鏡 砂時計 朝顔 山猫 くじら"
).split()
_TITLE_HEADS = (
    "硝子 雨 真夜中 砂 紙 鏡 夕凪 氷 影 春雷 金曜日 海辺 最後 七番目 遠い国 灰色 約束"
    " 冬 迷子 名前のない日 青 月曜日 屋根裏 忘れ物 風"
).split()
_TITLE_TAILS = (
    "灯台 地図 郵便局 図書館 楽団 時計 手紙 階段 庭 動物園 列車 教室 天使 探偵 約束事"
    " 食卓 方程式 王様 冒険 観覧車 停留所 標本 航海 子守唄"
).split()
_WORK_KINDS = ("映画", "ドラマ", "舞台", "アニメ", "小説", "漫画", "ゲーム", "アルバム")
_THEMES = (
    "家族の再会",
    "離れた友との約束",
    "失われた町の記憶",
    "小さな旅館の四季",
    "音楽に打ち込む若者",
    "古い事件の謎",
    "宇宙への憧れ",
    "料理人の修業",
    "動物と子どもの友情",
    "二つの村の争い",
    "夜の図書館の秘密",
    "海を渡る船乗り",
)
_TEAM_TAILS = (
    "イーグレッツ ブルーホエールズ スターズ フォックス サンダース レイカーズ ウィングス"
    " ナイツ ドルフィンズ ベアーズ"
).split()
_SPORTS = ("野球", "サッカー", "バスケットボール", "バレーボール", "ラグビー")
_EVENT_KINDS = (
    ("夏祭り", 8),
    ("花火大会", 7),
    ("雪まつり", 2),
    ("音楽祭", 5),
    ("マラソン", 11),
    ("映画祭", 10),
    ("朝市まつり", 6),
    ("梅まつり", 3),
    ("灯籠流し", 8),
    ("収穫祭", 10),
    ("陶器市", 4),
    ("提灯行列", 9),
)
_ACTIONS = (
    "が開業した",
    "が完成した",
    "が一般に公開された",
    "が大雨で被害を受けた",
    "が建て替えられた",
    "が県の文化財に選ばれた",
    "で最初の博覧会が開かれた",
    "が火事で焼けた",
    "の保存会が結成された",
    "が再建された",
)
_PUBLIC_WORKS = (
    "中央橋 市民会館 第一小学校 港 公会堂 水力発電所 図書館 鉄道橋 市場 大学 病院"
    " 動物園 郵便局 用水路"
).split()


def _stems(rng: random.Random) -> list[str]:
    stems = [head + tail for head in _STEM_HEADS for tail in _STEM_TAILS]
    stems = [stem for stem in stems if stem not in _REAL_STEMS]
    rng.shuffle(stems)
    return stems


def _prefectures(rng: random.Random, stems: list[str]) -> list[Prefecture]:
    return [
        Prefecture(
            name=f"{stem}県",
            stem=stem,
            region=_REGIONS[index % len(_REGIONS)],
            capital="",
            specialty=rng.choice(_SPECIALTIES),
            population=rng.randrange(30, 320) * 10_000,
            split="train",
        )
        for index, stem in enumerate(stems)
    ]


def _towns(
    rng: random.Random, stems: list[str], prefectures: list[Prefecture]
) -> list[Town]:
    towns = []
    for index, stem in enumerate(stems):
        # 各県の最初の町を県庁のある市にする。
        kind = "市" if index < len(prefectures) else rng.choice("市市町町村")
        low, high = {"市": (40, 600), "町": (8, 40), "村": (1, 8)}[kind]
        towns.append(
            Town(
                name=stem + kind,
                stem=stem,
                prefecture=prefectures[index % len(prefectures)].name,
                founded=rng.randrange(1889, 1970),
                population=rng.randrange(low, high) * 1_000,
                specialty=rng.choice(_SPECIALTIES),
                landmark=rng.choice(_LANDMARKS),
                terrain=rng.choice(_TERRAINS),
                split=split_of(stem),
            )
        )
    return towns


def _people(rng: random.Random, towns: list[Town], count: int) -> list[Person]:
    pairs = [(s, g) for s in _SURNAMES for g in _GIVEN_NAMES]
    return [
        Person(
            name=surname + given,
            surname=surname,
            given_name=given,
            profession=_PROFESSIONS[index % len(_PROFESSIONS)],
            town=rng.choice(towns).name,
            birth_year=rng.randrange(1890, 2004),
            hobby=rng.choice(_HOBBIES),
            split=split_of(surname + given),
        )
        for index, (surname, given) in enumerate(rng.sample(pairs, count))
    ]


def _companies(
    rng: random.Random, towns: list[Town], people: list[Person]
) -> list[Company]:
    companies = []
    local = rng.sample(towns, 80)
    kana = [(h, t) for h in _KANA_HEADS for t in _KANA_TAILS]
    for index, town in enumerate(local):
        suffix, business = _BUSINESSES[index % len(_BUSINESSES)]
        companies.append((town.stem + suffix, business, town, town.split))
    for head, (tail, business) in rng.sample(kana, 80):
        name = head + tail
        companies.append((name, business, rng.choice(towns), split_of(name)))
    return [
        Company(
            name=name,
            business=business,
            town=town.name,
            founded=rng.randrange(1900, 2020),
            president=rng.choice(people).name,
            employees=rng.randrange(2, 900) * 10,
            split=split,
        )
        for name, business, town, split in companies
    ]


def _products(rng: random.Random, companies: list[Company]) -> list[Product]:
    names = [(h, c) for h in _KANA_HEADS for c in _PRODUCT_CATEGORIES]
    products = []
    for head, (category, feature) in rng.sample(names, 160):
        name = f"{head}{rng.choice(('', 'ライト', 'プラス', 'ミニ'))}"
        products.append(
            Product(
                name=f"{name}{category}",
                category=category,
                company=rng.choice(companies).name,
                price=rng.randrange(12, 480) * 100,
                released=rng.randrange(2005, 2025),
                feature=feature,
                split=split_of(name + category),
            )
        )
    return products


def _works(rng: random.Random, people: list[Person]) -> list[Work]:
    titles = [
        f"{head}{link}{tail}"
        for head in _TITLE_HEADS
        for tail in _TITLE_TAILS
        for link in ("の", "と")
    ]
    return [
        Work(
            name=title,
            kind=_WORK_KINDS[index % len(_WORK_KINDS)],
            creator=rng.choice(people).name,
            year=rng.randrange(1950, 2025),
            theme=rng.choice(_THEMES),
            split=split_of(title),
        )
        for index, title in enumerate(rng.sample(titles, 280))
    ]


def _history(rng: random.Random, towns: list[Town], count: int) -> list[HistoricalFact]:
    pairs = [(town, work) for town in towns for work in _PUBLIC_WORKS]
    facts = []
    for town, work in rng.sample(pairs, count):
        subject = f"{town.stem}{work}"
        action = rng.choice(_ACTIONS)
        facts.append(
            HistoricalFact(
                name=f"{subject}{action}",
                year=rng.randrange(FIRST_YEAR, LAST_YEAR),
                month=rng.randrange(1, 13),
                day=rng.randrange(1, 29),
                town=town.name,
                subject=subject,
                action=action,
                split=town.split,
            )
        )
    return facts


@cache
def world(seed: int = WORLD_SEED) -> World:
    """種 seed の世界を作る。"""
    rng = random.Random(seed)
    stems = _stems(rng)
    prefectures = _prefectures(rng, stems[:12])
    towns = _towns(rng, stems[12:162], prefectures)
    prefectures = [
        Prefecture(
            **{
                **{f.name: getattr(p, f.name) for f in fields(p)},
                "capital": towns[index].name,
            }
        )
        for index, p in enumerate(prefectures)
    ]
    people = _people(rng, towns, 480)
    companies = _companies(rng, towns, people)
    station_forms = (
        "{}駅",
        "新{}駅",
        "{}中央駅",
        "{}公園前駅",
        "{}港駅",
        "{}大学前駅",
    )
    stations = [
        Station(
            name=form.format(town.stem),
            town=town.name,
            line=f"{rng.choice(towns[:12]).stem}線",
            opened=rng.randrange(1885, 2015),
            passengers=rng.randrange(2, 600) * 100,
            split=town.split,
        )
        for town in towns
        for form in rng.sample(station_forms, 1 if town.name.endswith("村") else 2)
    ]
    foods = [
        Food(
            name=f"{town.stem}{dish}",
            town=town.name,
            ingredient=rng.choice(_INGREDIENTS),
            season=rng.choice(_SEASONS),
            taste=rng.choice(_TASTES),
            split=town.split,
        )
        for town in rng.sample(towns, 100)
        for dish in rng.sample(_DISHES, 1)
    ]
    shop_pairs = [(k, n) for k in _SHOP_KINDS for n in _SHOP_NAMES]
    shops = [
        Shop(
            name=kind + name,
            kind=kind,
            town=rng.choice(towns).name,
            opened=rng.randrange(1950, 2024),
            dish=dish,
            split=split_of(kind + name),
        )
        for (kind, dish), name in rng.sample(shop_pairs, 180)
    ]
    teams = [
        Team(
            name=town.stem + rng.choice(_TEAM_TAILS),
            sport=_SPORTS[index % len(_SPORTS)],
            town=town.name,
            founded=rng.randrange(1930, 2020),
            coach=rng.choice(people).name,
            split=town.split,
        )
        for index, town in enumerate(rng.sample(towns, 60))
    ]
    events = [
        Event(
            name=town.stem + kind,
            kind=kind,
            town=town.name,
            month=month,
            first_year=rng.randrange(1900, 2018),
            visitors=rng.randrange(3, 500) * 1_000,
            split=town.split,
        )
        for town in rng.sample(towns, 120)
        for kind, month in rng.sample(_EVENT_KINDS, 1)
    ]
    return World(
        prefectures=tuple(prefectures),
        towns=tuple(towns),
        stations=tuple(stations),
        companies=tuple(companies),
        people=tuple(people),
        products=tuple(_products(rng, companies)),
        foods=tuple(foods),
        shops=tuple(shops),
        works=tuple(_works(rng, people)),
        teams=tuple(teams),
        events=tuple(events),
        history=tuple(_history(rng, towns, 400)),
    )
