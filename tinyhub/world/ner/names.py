"""固有表現の名前と型。

町の語幹や姓のような、世界にある部品から名前を組み立てる。語幹が同じ名前は、町と同じ
split に入る。語尾を見ても型の決まらない名前を、わざと混ぜてある。片仮名だけの名前は
会社・商品・楽団のどれでもありうるし、「霧守」は町にも人にもなり、「霧守大学」は
何かをするときは法人、場所のときは施設である。
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tinyhub.world.facts import Split, World, split_of, world

TYPES = (
    "人名",
    "法人名",
    "政治的組織名",
    "その他の組織名",
    "地名",
    "施設名",
    "製品名",
    "イベント名",
)
# 枠の差し込み口の名前と、そこに入る名前の型。
TYPE_OF = {
    "人": "人名",
    "社": "法人名",
    "学": "法人名",
    "地": "地名",
    "県": "地名",
    "国": "地名",
    "自然": "地名",
    "政": "政治的組織名",
    "警": "政治的組織名",
    "党": "政治的組織名",
    "団": "その他の組織名",
    "楽": "その他の組織名",
    "球": "その他の組織名",
    "施": "施設名",
    "館": "施設名",
    "駅": "施設名",
    "店": "施設名",
    "品": "製品名",
    "列": "製品名",
    "作": "製品名",
    "催": "イベント名",
    "戦": "イベント名",
    "災": "イベント名",
    "大会": "イベント名",
}

_SURFACES = {
    "政": (
        "{town}議会",
        "{office}",
        "{town}教育委員会",
        "{town}選挙管理委員会",
        "{stem}地方裁判所",
        "{stem}税務署",
        "{stem}保健所",
        "{town}農業委員会",
        "{stem}消防本部",
    ),
    "警": ("{stem}警察署",),
    "団": (
        "{stem}商工会議所",
        "{stem}青年会",
        "{stem}太鼓保存会",
        "{stem}医師会",
        "{stem}自然を守る会",
        "{stem}漁業協同組合",
        "劇団{stem}",
        "{stem}山岳会",
        "{stem}大学天文部",
        "{stem}銀行労働組合",
    ),
    "楽": ("{stem}交響楽団", "{stem}少年合唱団", "{stem}吹奏楽団"),
    "球": ("{stem}高校野球部", "{stem}大学ラグビー部"),
    "社": (
        "{stem}新聞社",
        "{stem}ガス",
        "{stem}印刷",
        "株式会社{stem}",
        "{stem}運輸株式会社",
        "{stem}重工業",
        "{stem}百貨店",
    ),
    "学": (
        "学校法人{stem}学園",
        "{stem}大学",
        "{stem}短期大学",
        "{stem}工科大学",
        "{stem}女子大学",
    ),
    "施": (
        "{stem}中央病院",
        "{stem}空港",
        "{stem}城",
        "{stem}神社",
        "{stem}発電所",
        "{stem}ダム",
        "{stem}大橋",
        "{stem}中央公園",
        "{stem}トンネル",
    ),
    "館": (
        "{stem}美術館",
        "{stem}市民会館",
        "{stem}スタジアム",
        "{stem}図書館",
        "{stem}大学",
        "{stem}高校",
        "{stem}植物園",
        "{stem}劇場",
    ),
    "自然": (
        "{stem}川",
        "{stem}山",
        "{stem}湖",
        "{stem}岬",
        "{stem}半島",
        "{stem}高原",
        "{stem}諸島",
        "{stem}街道",
        "{stem}盆地",
        "{stem}湾",
    ),
    "戦": (
        "{stem}の戦い",
        "{stem}の乱",
        "{stem}一揆",
        "{stem}城の戦い",
    ),
    "災": ("{stem}地震", "{stem}大火", "{stem}事件", "{stem}水害"),
    "催": ("{stem}博覧会", "{stem}国際映画祭", "{stem}芸術祭", "{stem}古本市"),
    "大会": ("{stem}オープン", "{stem}カップ", "{stem}国際マラソン", "{stem}記念"),
}
_PARTIES = (
    "緑風党 改進同盟 未来連合 中道会議 白樺党 青空の会 地方再生党 海洋党 共生党"
    " 新生同盟 国土党 市民連合 開明党 労農会議 山河の会 改新党 自治同盟 生活連合"
    " 黎明党 大地の党 星の会 明日の党 若草党 北風同盟 田園党 水の会 友愛連合 故郷党"
    " 新風会議 朝焼け党 波の会 青葉同盟 人の輪 職人党 灯台党 自由農民党 新時代連合"
).split()
_OFFICES = (
    "港湾庁 森林保全庁 教育振興省 国土調査局 会計検査庁 中央気象局 海洋省 軌道庁"
    " 文化振興局 災害対策局 農地省 通商局 宇宙開発庁 学術推進会議 中央裁判所 資源局"
).split()
_SUBJECTS = (
    "陶芸 将棋 水泳 吹奏楽 登山 書道 料理 写真 俳句 陸上競技 卓球 剣道 柔道 体操"
).split()
_GIVEN_KANA = (
    "マルコ エレナ ヨナス リディア テオ ソフィ カイ ニナ オスカ イーダ ミロ サラ"
    " ハンナ アニタ ユリア ペトラ"
).split()
_SURNAME_KANA = (
    "ベルグ ノーラン カルデ オルセ フェリス ダルト ロメイ サンドル ハルム ヴィレ"
    " モーラ タルコ ブリン エストラ グレイヴ ロシエ"
).split()
_COUNTRY_HEADS = "アルダ ノルダ サリア ルーメ テルマ カレド ミナス オルド".split()
_COUNTRY_TAILS = ("共和国", "王国", "連邦", "公国")
_COIN_HEADS = (
    "ミラ テラ ノヴァ ルナ ソラ リーベ アルネ ポルト トワ シオン カナ オリ ヴェル"
    " クレ ファル エル ロゼ ナディ ゼフ マリ"
).split()
_COIN_TAILS = (
    "ディア ソル ネス クス リア ドーラ ヴィス トーン フィード ランテ メント ノーツ"
    " ベラ スタ ガード ミオ レイ コード パル ティス"
).split()
_EXPRESSES = "しおかぜ いなほ あおぞら みなも はくば ゆうひ こだち やまなみ".split()


@dataclass(frozen=True)
class Name:
    """文に現れる名前。slot は枠のどの差し込み口に入るか。"""

    text: str
    slot: str

    @property
    def type(self) -> str:
        return TYPE_OF[self.slot]


def _people(w: World) -> Iterator[tuple[Name, Split]]:
    surnames = sorted({person.surname for person in w.people})
    given = sorted({person.given_name for person in w.people})
    for surname in surnames:
        for name in given:
            yield Name(surname + name, "人"), split_of(surname + name)
    for number, town in enumerate(w.towns):
        # 町と同じ字の姓をもつ人。姓だけで呼ばれると、町と見分けがつかない。
        for step in (0, 7):
            full = town.stem + given[(number + step) % len(given)]
            yield Name(full, "人"), town.split
        yield Name(town.stem, "人"), town.split
    for surname in surnames:
        yield Name(surname, "人"), "train"
    for first in _GIVEN_KANA:
        for last in _SURNAME_KANA:
            yield Name(f"{first}・{last}", "人"), split_of(first + last)


def _places(w: World) -> Iterator[tuple[Name, Split]]:
    for prefecture in w.prefectures:
        yield Name(prefecture.name, "地"), "train"
        yield Name(prefecture.name, "県"), "train"
    for town in w.towns:
        yield Name(town.name, "地"), town.split
        yield Name(town.prefecture + town.name, "地"), town.split
        yield Name(town.stem, "地"), town.split
    for head in _COUNTRY_HEADS:
        for tail in _COUNTRY_TAILS:
            yield Name(head + tail, "地"), split_of(head + tail)
            yield Name(head + tail, "国"), split_of(head + tail)


# 片仮名の名前の一つ一つがもつ、二つの使われ方。会社と主力の商品、楽団とその作品の
# ように、同じ名前が二つのものを指すので、型は文を読まないと決まらない。
_DOUBLE_USES = (
    ("社", "品"),
    ("楽", "作"),
    ("社", "店"),
    ("球", "社"),
    ("品", "作"),
    ("人", "地"),
    ("団", "催"),
    ("楽", "人"),
    ("館", "社"),
    ("作", "催"),
    ("球", "大会"),
    ("人", "作"),
    ("地", "品"),
    ("党", "団"),
)


def _coins() -> Iterator[tuple[Name, Split]]:
    """語尾からも見た目からも型の分からない片仮名の名前。"""
    coins = [head + tail for head in _COIN_HEADS for tail in _COIN_TAILS]
    random.Random("ner/coined").shuffle(coins)
    for number, coin in enumerate(coins):
        for slot in _DOUBLE_USES[number % len(_DOUBLE_USES)]:
            yield Name(coin, slot), split_of(coin)


@cache
def opaque_names(split: Split) -> dict[str, tuple[Name, ...]]:
    """見た目から型の分からない名前を、差し込み口ごとに並べる。"""
    found: dict[str, list[Name]] = {}
    for name, owner in _coins():
        if owner == split:
            found.setdefault(name.slot, []).append(name)
    return {slot: tuple(entries) for slot, entries in found.items()}


def _of_coined_companies() -> Iterator[tuple[Name, Split]]:
    for number, (name, split) in enumerate(_coins()):
        if name.slot != "社":
            continue
        form = ("株式会社{}", "{}株式会社", "{}銀行")[number % 3]
        yield Name(form.format(name.text), "社"), split
        yield Name(f"{name.text}アリーナ", "館"), split
        yield Name(f"{name.text}労働組合", "団"), split


def _by_stem(w: World) -> Iterator[tuple[Name, Split]]:
    rng = random.Random("ner/stems")
    for town in w.towns:
        office = f"{town.name}{'役所' if town.name.endswith('市') else '役場'}"
        parts = {"town": town.name, "stem": town.stem, "office": office}
        for slot, surfaces in _SURFACES.items():
            # 町ごとに半分ほどの施設や団体だけがある。
            for surface in rng.sample(surfaces, (len(surfaces) + 1) // 2):
                yield Name(surface.format(**parts), slot), town.split
    for prefecture in w.prefectures:
        yield Name(f"{prefecture.name}庁", "政"), "train"
        yield Name(f"{prefecture.name}議会", "政"), "train"
        yield Name(f"{prefecture.name}警察", "警"), "train"


def _of_the_world(w: World) -> Iterator[tuple[Name, Split]]:
    for slot, entities in (
        ("社", w.companies),
        ("駅", w.stations),
        ("店", w.shops),
        ("品", w.products),
        ("作", w.works),
        ("球", w.teams),
        ("催", w.events),
    ):
        for entity in entities:
            yield Name(entity.name, slot), entity.split
    for number, event in enumerate(w.events, start=3):
        yield Name(f"第{number}回{event.name}", "催"), event.split


def _nationwide() -> Iterator[tuple[Name, Split]]:
    for party in _PARTIES:
        yield Name(party, "党"), split_of(party)
    for office in _OFFICES:
        yield Name(office, "政"), split_of(office)
    for subject in _SUBJECTS:
        yield Name(f"全国{subject}連盟", "団"), split_of(f"連盟{subject}")
        yield Name(f"中央{subject}協会", "団"), split_of(f"協会{subject}")
        yield Name(f"全国{subject}選手権大会", "大会"), split_of(f"大会{subject}")
        yield Name(f"国際{subject}選手権", "大会"), split_of(f"国際{subject}")
    for number, express in enumerate(_EXPRESSES, start=1):
        yield Name(f"特急{express}", "列"), split_of(express)
        yield Name(f"{express}{number}号", "列"), split_of(express)


@cache
def names(split: Split) -> dict[str, tuple[Name, ...]]:
    """split に属する名前を、差し込み口ごとに並べる。"""
    w = world()
    found: dict[str, dict[str, Name]] = {slot: {} for slot in TYPE_OF}
    for source in (
        _people(w),
        _places(w),
        _of_coined_companies(),
        _by_stem(w),
        _of_the_world(w),
        _nationwide(),
    ):
        for name, owner in source:
            if owner == split:
                found[name.slot][name.text] = name
    return {slot: tuple(entries.values()) for slot, entries in found.items()}
