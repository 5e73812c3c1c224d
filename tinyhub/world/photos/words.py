"""写真説明文の場面をつくる語の表。

ここにあるのは語と、語どうしの関係(上位語・言い換え・反対の動作)だけで、文の
組み立ては ``photos.text``、場面の抽選は ``photos`` が受け持つ。各項目の語は
意味が同じ言い換えで、先頭が最もよく使う形。
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Concept:
    """同じものを指す語の集まり。"""

    id: str
    words: tuple[str, ...]
    parent: str | None = None
    kind: str = ""
    counter: str = ""
    colours: tuple[str, ...] = ()
    sized: bool = False


@dataclass(frozen=True, slots=True)
class Verb:
    """動作の言い表し方。``te`` はテ形、``plain`` は辞書形、``aux`` は補助動詞。"""

    particle: str
    te: str
    plain: str
    aux: str = "いる"


@dataclass(frozen=True, slots=True)
class Action:
    """動作。``verbs`` は目的語つき、``bare`` は目的語を言わないときの形。"""

    id: str
    family: str
    verbs: tuple[Verb, ...] = ()
    bare: tuple[Verb, ...] = ()
    objects: tuple[str, ...] = ()
    fused: tuple[tuple[str, tuple[Verb, ...]], ...] = ()
    places: tuple[str, ...] = ()
    place_particles: tuple[str, ...] = ("で",)
    subjects: tuple[str, ...] = ()
    opposite: str | None = None


def _table(kind: str, text: str) -> dict[str, Concept]:
    """「id | 語 … | 上位の id | 助数詞 | 色 … | 大小」の表を読む。"""
    concepts = {}
    for line in text.strip().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        cells += [""] * (6 - len(cells))
        concepts[cells[0]] = Concept(
            id=cells[0],
            words=tuple(cells[1].split()),
            parent=cells[2] or None,
            kind=kind,
            counter=cells[3],
            colours=tuple(cells[4].split()),
            sized=cells[5] == "大小",
        )
    return concepts


def _verbs(text: str) -> tuple[Verb, ...]:
    """「助詞:テ形:辞書形[:補助動詞]」を空白で並べた文字列を読む。"""
    return tuple(Verb(*item.split(":")) for item in text.split())


PEOPLE = _table(
    "person",
    """
    person | 人 人物 | | 人
    man | 男性 男の人 男 | person | 人
    woman | 女性 女の人 婦人 | person | 人
    child | 子供 子ども こども 幼い子 | person | 人
    boy | 男の子 少年 坊や | child | 人
    girl | 女の子 少女 お嬢ちゃん | child | 人
    baby | 赤ちゃん 赤ん坊 乳児 | child | 人
    old_man | おじいさん 高齢の男性 年老いた男の人 | man | 人
    old_woman | おばあさん 高齢の女性 年老いた女の人 | woman | 人
    young_man | 青年 若い男性 若者 | man | 人
    student | 学生 生徒 | person | 人
    cook | 料理人 コック シェフ | person | 人
    police | 警官 警察官 おまわりさん | person | 人
    player | 選手 アスリート プレーヤー | person | 人
    tourist | 観光客 旅行者 旅人 | person | 人
    worker | 作業員 作業者 工事の人 | person | 人
    """,
)

ANIMALS = _table(
    "animal",
    """
    animal | 動物 生き物 | | 匹 | | 大小
    dog | 犬 いぬ ワンちゃん | animal | 匹 | 白 黒 茶 | 大小
    chihuahua | チワワ | dog | 匹 | 白 黒 茶 |
    shiba | 柴犬 | dog | 匹 | 白 黒 茶 |
    puppy | 子犬 仔犬 | dog | 匹 | 白 黒 茶 |
    cat | 猫 ネコ ねこ | animal | 匹 | 白 黒 茶 灰 | 大小
    kitten | 子猫 仔猫 | cat | 匹 | 白 黒 茶 灰 |
    horse | 馬 ウマ | animal | 頭 | 白 黒 茶 | 大小
    zebra | シマウマ | animal | 頭 | | 大小
    cow | 牛 ウシ | animal | 頭 | 白 黒 茶 | 大小
    sheep | 羊 ヒツジ | animal | 頭 | 白 黒 | 大小
    elephant | 象 ゾウ | animal | 頭 | 灰 | 大小
    giraffe | キリン | animal | 頭 | | 大小
    bear | 熊 クマ | animal | 頭 | 白 黒 茶 | 大小
    monkey | 猿 サル | animal | 匹 | 茶 | 大小
    bird | 鳥 トリ | animal | 羽 | 白 黒 青 黄 | 大小
    pigeon | ハト 鳩 | bird | 羽 | 白 灰 |
    gull | カモメ | bird | 羽 | |
    duck | アヒル | bird | 羽 | 白 黄 |
    crow | カラス | bird | 羽 | | 大小
    """,
)

VEHICLES = _table(
    "vehicle",
    """
    vehicle | 乗り物 | | 台 | 赤 青 黄 白 黒 緑 | 大小
    car | 車 自動車 乗用車 クルマ | vehicle | 台 | 赤 青 黄 白 黒 緑 | 大小
    taxi | タクシー | car | 台 | 黄 白 黒 緑 |
    truck | トラック 貨物車 | car | 台 | 赤 青 白 緑 | 大小
    bus | バス 路線バス | vehicle | 台 | 赤 青 黄 白 緑 | 大小
    bicycle | 自転車 チャリ チャリンコ | vehicle | 台 | 赤 青 黄 白 黒 緑 |
    motorbike | バイク オートバイ 単車 | vehicle | 台 | 赤 青 白 黒 |
    train | 電車 列車 | vehicle | 台 | 赤 青 黄 白 緑 |
    plane | 飛行機 航空機 旅客機 | vehicle | 機 | 赤 青 白 | 大小
    helicopter | ヘリコプター ヘリ | vehicle | 機 | 赤 青 白 黒 | 大小
    ship | 船 船舶 | vehicle | 隻 | 赤 青 白 黒 | 大小
    boat | ボート 小舟 | ship | 隻 | 赤 青 黄 白 |
    """,
)

THINGS = _table(
    "thing",
    """
    food | 食べ物 料理 | | |
    pizza | ピザ ピッツァ | food | 枚 | | 大小
    cake | ケーキ 洋菓子 | food | 個 | 白 ピンク | 大小
    sandwich | サンドイッチ サンド | food | 個 | | 大小
    hamburger | ハンバーガー バーガー | food | 個 | | 大小
    bread | パン 食パン | food | 個 | | 大小
    noodles | 麺 ラーメン | food | | |
    sushi | 寿司 すし | food | | |
    fruit | 果物 フルーツ くだもの | food | 個 | |
    apple | りんご リンゴ | fruit | 個 | 赤 緑 | 大小
    banana | バナナ | fruit | 本 | 黄 緑 |
    orange | みかん ミカン | fruit | 個 | | 大小
    vegetable | 野菜 やさい | food | | 緑 |
    furniture | 家具 | | | |
    chair | 椅子 いす イス | furniture | 脚 | 赤 青 白 黒 茶 | 大小
    desk | 机 デスク | furniture | 台 | 白 黒 茶 | 大小
    clock | 時計 とけい | | 個 | 白 黒 赤 | 大小
    vase | 花瓶 花びん | | 個 | 白 青 赤 | 大小
    book | 本 書物 書籍 | | 冊 | 赤 青 白 黒 |
    computer | パソコン コンピューター PC | | 台 | 白 黒 灰 | 大小
    television | テレビ TV | | 台 | 白 黒 | 大小
    phone | 電話 電話機 | | 台 | 白 黒 赤 |
    umbrella | 傘 かさ カサ | | 本 | 赤 青 黄 白 黒 |
    bag | かばん バッグ 鞄 | | 個 | 赤 青 白 黒 茶 | 大小
    doll | ぬいぐるみ 縫いぐるみ | | 個 | 白 茶 ピンク | 大小
    box | 箱 ボックス | | 個 | 赤 青 白 茶 | 大小
    bottle | 瓶 びん ボトル | | 本 | 青 緑 茶 | 大小
    cup | コップ カップ グラス | | 個 | 赤 青 白 | 大小
    flower | 花 はな 草花 | | 本 | 赤 黄 白 ピンク | 大小
    """,
)

SUBJECTS: dict[str, Concept] = PEOPLE | ANIMALS | VEHICLES | THINGS

OBJECTS: dict[str, Concept] = {
    **_table(
        "object",
        """
        newspaper | 新聞 朝刊 |
        magazine | 雑誌 マガジン |
        letter | 手紙 便り |
        map | 地図 マップ |
        icecream | アイスクリーム アイス ソフトクリーム | food
        curry | カレー カレーライス | food
        coffee | コーヒー 温かいコーヒー | drink
        tea | お茶 緑茶 | drink
        juice | ジュース 果汁 | drink
        beer | ビール 生ビール | drink
        milk | 牛乳 ミルク | drink
        water | 水 お水 | drink
        paper | 紙 用紙 |
        dish | 皿 お皿 食器 |
        skateboard | スケートボード スケボー |
        stairs | 階段 石段 |
        slope | 坂 坂道 |
        mountain | 山 山の斜面 |
        window | 窓 まど |
        door | ドア 扉 戸 |
        stroller | ベビーカー 乳母車 |
        cart | カート 手押し車 台車 |
        suitcase | スーツケース 旅行かばん |
        ball | ボール 球 玉 |
        frisbee | フリスビー 円盤 |
        tennis | テニス | sport
        baseball | 野球 ベースボール | sport
        soccer | サッカー フットボール | sport
        basketball | バスケットボール バスケ | sport
        surfing | サーフィン 波乗り | sport
        ski | スキー | sport
        snowboard | スノーボード スノボ | sport
        volleyball | バレーボール バレー | sport
        cards | トランプ カードゲーム | game
        shogi | 将棋 | game
        videogame | テレビゲーム ビデオゲーム | game
        guitar | ギター | instrument
        piano | ピアノ | instrument
        violin | バイオリン ヴァイオリン | instrument
        sea | 海 海面 |
        fireworks | 花火 打ち上げ花火 |
        picture | 絵 絵画 |
        racket | ラケット | 
        balloon | 風船 ふうせん バルーン |
        flag | 旗 フラッグ |
        camera | カメラ 写真機 |
        bouquet | 花束 ブーケ |
        luggage | 荷物 手荷物 |
        fish | 魚 さかな | food
        grass | 草 牧草 |
        feed | えさ 餌 エサ |
        butterfly | 蝶 チョウ ちょうちょ |
        tree | 木 樹木 |
        floor | 床 フロア |
        bench | ベンチ 長椅子 | seat
        sofa | ソファ ソファー | seat
        lawn | 芝生 芝 | seat
        rock | 岩 大きな石 | seat
        bed | ベッド 寝台 |
        on_table | テーブルの上 食卓の上 | support
        on_shelf | 棚の上 棚 | support
        on_floor | 床の上 床 | support
        in_basket | かごの中 カゴの中 籠 | support
        on_plate | 皿の上 お皿の上 | support
        on_bed | ベッドの上 寝台の上 | support
        by_window | 窓辺 窓のそば 窓際 | support
        """,
    ),
    **SUBJECTS,
}

PLACES = _table(
    "place",
    """
    outside | 屋外 外 |
    inside | 屋内 室内 建物の中 |
    park | 公園 広い公園 | outside
    square | 広場 街の広場 | outside
    beach | 浜辺 ビーチ 砂浜 海岸 | outside
    riverside | 川辺 川岸 河原 | outside
    lakeside | 湖のほとり 湖畔 | outside
    field | 草原 原っぱ 野原 | outside
    road | 道路 車道 道 | outside
    sidewalk | 歩道 路上 | outside
    town | 街中 街角 町なか | outside
    forest | 森 森の中 林の中 | outside
    hill | 丘 小高い丘 丘の上 | outside
    snowfield | 雪山 ゲレンデ スキー場 | outside
    schoolyard | 校庭 学校のグラウンド 運動場 | outside
    stadium | スタジアム 競技場 球場 | outside
    court | コート テニスコート | outside
    zoo | 動物園 | outside
    ranch | 牧場 放牧場 | outside
    garden | 庭 庭先 | outside
    bridge | 橋の上 橋 | outside
    pond | 池 水辺 | outside
    sea_surface | 海の上 沖 海上 | outside
    runway | 滑走路 空港 飛行場 | outside
    crossing | 交差点 十字路 四つ角 | outside
    harbor | 港 波止場 | outside
    market | 市場 マーケット | outside
    stop | バス停 停留所 | outside
    station | 駅 駅のホーム 構内 | outside
    kitchen | 台所 キッチン 調理場 | inside
    living | 居間 リビング 茶の間 | inside
    bedroom | 寝室 ベッドルーム | inside
    restaurant | レストラン 食堂 料理店 | inside
    cafe | カフェ 喫茶店 | inside
    shop | 店 お店 店内 | inside
    classroom | 教室 講義室 | inside
    library | 図書館 図書室 | inside
    gym | 体育館 アリーナ | inside
    office | 事務所 オフィス 会社 | inside
    stage | 舞台 ステージ | inside
    entrance | 玄関 入り口 | inside
    """,
)

_OUT_LEISURE = ("park", "square", "beach", "riverside", "field", "garden", "lakeside")
_STREET = ("road", "sidewalk", "town", "bridge", "crossing")
_ROOMS = ("living", "bedroom", "classroom", "office", "library")
_EATERY = ("restaurant", "cafe", "kitchen", "living")
_PERSON = ("person",)
ACTIONS: dict[str, Action] = {
    action.id: action
    for action in (
        # 人と動物に共通する姿勢と移動
        Action(
            "sit",
            "posture",
            verbs=_verbs(
                "に:座って:座る に:腰かけて:腰かける に:腰を下ろして:腰を下ろす"
            ),
            bare=_verbs(":座って:座る :腰を下ろして:腰を下ろす :腰かけて:腰かける"),
            objects=("bench", "chair", "sofa", "lawn", "rock", "stairs"),
            places=(*_OUT_LEISURE, *_ROOMS, "cafe", "station"),
            subjects=_PERSON,
            opposite="stand",
        ),
        Action(
            "stand",
            "posture",
            bare=_verbs(":立って:立つ :突っ立って:突っ立つ :たたずんで:たたずむ"),
            places=(*_OUT_LEISURE, *_STREET, "station", "stop", "entrance", "stage"),
            place_particles=("に", "で"),
            subjects=_PERSON,
            opposite="sit",
        ),
        Action(
            "sleep",
            "posture",
            verbs=_verbs("で:眠って:眠る で:寝て:寝る で:居眠りをして:居眠りをする"),
            bare=_verbs(":眠って:眠る :寝て:寝る :目を閉じて眠って:目を閉じて眠る"),
            objects=("bench", "sofa", "lawn", "bed"),
            places=("park", "garden", "living", "bedroom", "beach"),
            subjects=("person", "dog", "cat", "bear"),
        ),
        Action(
            "walk",
            "move",
            bare=_verbs(
                ":歩いて:歩く :歩みを進めて:歩みを進める :てくてく歩いて:てくてく歩く"
            ),
            places=(*_OUT_LEISURE, *_STREET, "forest", "hill", "ranch"),
            place_particles=("を", "で"),
            subjects=("person", "animal"),
            opposite="run",
        ),
        Action(
            "run",
            "move",
            bare=_verbs(":走って:走る :駆けて:駆ける :駆け回って:駆け回る"),
            places=(*_OUT_LEISURE, *_STREET, "schoolyard", "ranch", "hill"),
            place_particles=("を", "で"),
            subjects=("person", "dog", "cat", "horse", "zebra", "cow", "bear"),
            opposite="walk",
        ),
        Action(
            "jump",
            "move",
            bare=_verbs(
                ":跳んで:跳ぶ :ジャンプして:ジャンプする :飛び跳ねて:飛び跳ねる"
            ),
            places=(*_OUT_LEISURE, "schoolyard", "gym", "stage", "snowfield"),
            subjects=("person", "dog", "cat", "horse", "monkey"),
        ),
        Action(
            "swim",
            "move",
            bare=_verbs(":泳いで:泳ぐ :水泳をして:水泳をする"),
            places=("pond", "sea_surface", "beach", "riverside"),
            subjects=("person", "dog", "bear", "duck", "elephant"),
        ),
        # 人の動作
        Action(
            "dance",
            "show",
            bare=_verbs(":踊って:踊る :ダンスをして:ダンスをする :舞って:舞う"),
            places=("stage", "square", "park", "gym", "beach"),
            subjects=_PERSON,
        ),
        Action(
            "sing",
            "show",
            bare=_verbs(
                ":歌って:歌う :歌を歌って:歌を歌う :歌声を響かせて:歌声を響かせる"
            ),
            places=("stage", "square", "park", "classroom", "restaurant"),
            subjects=_PERSON,
        ),
        Action(
            "talk",
            "voice",
            bare=_verbs(
                ":話して:話す :会話をして:会話をする :おしゃべりをして:おしゃべりをする"
            ),
            places=(*_EATERY, "park", "office", "station", "entrance", "town"),
            subjects=_PERSON,
        ),
        Action(
            "call",
            "voice",
            bare=_verbs(
                ":電話をかけて:電話をかける :電話で話して:電話で話す :通話して:通話する"
            ),
            places=("station", "office", "town", "cafe", "entrance", "sidewalk"),
            subjects=_PERSON,
        ),
        Action(
            "laugh",
            "face",
            bare=_verbs(":笑って:笑う :ほほえんで:ほほえむ :笑顔を見せて:笑顔を見せる"),
            places=("park", "cafe", "classroom", "living", "stage", "beach"),
            subjects=_PERSON,
            opposite="cry",
        ),
        Action(
            "cry",
            "face",
            bare=_verbs(
                ":泣いて:泣く :涙を流して:涙を流す :泣き顔を見せて:泣き顔を見せる"
            ),
            places=("park", "cafe", "classroom", "living", "stage", "station"),
            subjects=_PERSON,
            opposite="laugh",
        ),
        Action(
            "wave",
            "face",
            bare=_verbs(":手を振って:手を振る :手を左右に振って:手を左右に振る"),
            places=("station", "beach", "stage", "harbor", "entrance", "park"),
            subjects=_PERSON,
        ),
        Action(
            "queue",
            "posture",
            bare=_verbs(
                ":列を作って:列を作る :並んで待って:並んで待つ :行列を作って:行列を作る"
            ),
            places=("station", "stop", "shop", "restaurant", "market"),
            subjects=_PERSON,
        ),
        Action(
            "read",
            "study",
            verbs=_verbs("を:読んで:読む に:目を通して:目を通す"),
            objects=("book", "newspaper", "magazine", "letter", "map"),
            fused=(("book", _verbs(":読書をして:読書をする")),),
            places=(*_ROOMS, "park", "cafe", "station", "garden"),
            subjects=_PERSON,
            opposite="write",
        ),
        Action(
            "write",
            "study",
            verbs=_verbs("を:書いて:書く を:したためて:したためる"),
            bare=_verbs(":書き物をして:書き物をする :文字を書いて:文字を書く"),
            objects=("letter",),
            places=(*_ROOMS, "cafe"),
            subjects=_PERSON,
            opposite="read",
        ),
        Action(
            "draw",
            "study",
            verbs=_verbs("を:描いて:描く を:かいて:かく"),
            objects=("picture", "map"),
            places=("park", "classroom", "living", "beach", "field", "riverside"),
            subjects=_PERSON,
        ),
        Action(
            "eat",
            "meal",
            verbs=_verbs(
                "を:食べて:食べる を:口にして:口にする を:ほおばって:ほおばる"
            ),
            bare=_verbs(":食事をして:食事をする :食べ物を口にして:食べ物を口にする"),
            objects=(
                "pizza",
                "cake",
                "sandwich",
                "hamburger",
                "bread",
                "noodles",
                "sushi",
                "apple",
                "banana",
                "icecream",
                "curry",
                "fruit",
            ),
            places=(*_EATERY, "park", "market", "garden", "beach"),
            subjects=_PERSON,
            opposite="cut",
        ),
        Action(
            "drink",
            "meal",
            verbs=_verbs("を:飲んで:飲む を:口に運んで:口に運ぶ を:すすって:すする"),
            bare=_verbs(":飲み物を飲んで:飲み物を飲む :のどを潤して:のどを潤す"),
            objects=("coffee", "tea", "juice", "beer", "milk", "water"),
            places=(*_EATERY, "park", "office", "garden"),
            subjects=_PERSON,
        ),
        Action(
            "cook",
            "meal",
            bare=_verbs(
                ":料理をして:料理をする :調理をして:調理をする "
                ":食事の支度をして:食事の支度をする"
            ),
            places=("kitchen", "restaurant", "garden", "market"),
            subjects=_PERSON,
        ),
        Action(
            "cut",
            "hands",
            verbs=_verbs(
                "を:切って:切る を:カットして:カットする を:切り分けて:切り分ける"
            ),
            objects=("pizza", "cake", "bread", "vegetable", "fruit", "apple", "paper"),
            places=("kitchen", "restaurant", "living", "shop"),
            subjects=_PERSON,
            opposite="eat",
        ),
        Action(
            "wash",
            "hands",
            verbs=_verbs(
                "を:洗って:洗う を:水で洗って:水で洗う を:きれいにして:きれいにする"
            ),
            objects=("dish", "car", "dog", "bicycle", "window", "vegetable"),
            fused=(("dish", _verbs(":皿洗いをして:皿洗いをする")),),
            places=("kitchen", "garden", "riverside", "entrance"),
            subjects=_PERSON,
        ),
        Action(
            "ride",
            "transport",
            verbs=_verbs("に:乗って:乗る に:またがって:またがる"),
            objects=("bicycle", "motorbike", "horse", "elephant", "skateboard"),
            fused=(
                ("bicycle", _verbs(":サイクリングをして:サイクリングをする")),
                ("horse", _verbs(":乗馬をして:乗馬をする")),
                ("skateboard", _verbs(":スケボーで滑って:スケボーで滑る")),
            ),
            places=("park", "road", "town", "beach", "field", "square"),
            subjects=_PERSON,
            opposite="push",
        ),
        Action(
            "board",
            "transport",
            verbs=_verbs("に:乗り込んで:乗り込む に:乗車して:乗車する"),
            objects=("bus", "train", "taxi", "car"),
            places=("station", "stop", "town", "crossing"),
            subjects=_PERSON,
            opposite="alight",
        ),
        Action(
            "alight",
            "transport",
            verbs=_verbs("から:降りて:降りる から:下車して:下車する"),
            objects=("bus", "train", "taxi", "car"),
            places=("station", "stop", "town", "crossing"),
            subjects=_PERSON,
            opposite="board",
        ),
        Action(
            "climb",
            "move",
            verbs=_verbs("を:上って:上る を:登って:登る"),
            objects=("stairs", "slope", "mountain"),
            fused=(("mountain", _verbs(":登山をして:登山をする")),),
            places=("park", "town", "forest", "hill"),
            subjects=_PERSON,
            opposite="descend",
        ),
        Action(
            "descend",
            "move",
            verbs=_verbs("を:下りて:下りる を:下って:下る"),
            objects=("stairs", "slope", "mountain"),
            fused=(("mountain", _verbs(":下山して:下山する")),),
            places=("park", "town", "forest", "hill"),
            subjects=_PERSON,
            opposite="climb",
        ),
        Action(
            "open",
            "hands",
            verbs=_verbs("を:開けて:開ける を:開いて:開く"),
            objects=("window", "door", "box", "bag", "umbrella"),
            places=("living", "bedroom", "office", "entrance", "classroom", "shop"),
            subjects=_PERSON,
            opposite="close",
        ),
        Action(
            "close",
            "hands",
            verbs=_verbs("を:閉めて:閉める を:閉じて:閉じる"),
            objects=("window", "door", "box", "bag", "umbrella"),
            places=("living", "bedroom", "office", "entrance", "classroom", "shop"),
            subjects=_PERSON,
            opposite="open",
        ),
        Action(
            "push",
            "haul",
            verbs=_verbs("を:押して:押す を:押して歩いて:押して歩く"),
            objects=("stroller", "cart", "bicycle", "motorbike", "box"),
            places=("park", "sidewalk", "town", "station", "market", "shop"),
            subjects=_PERSON,
            opposite="pull",
        ),
        Action(
            "pull",
            "haul",
            verbs=_verbs("を:引いて:引く を:引っ張って:引っ張る"),
            objects=("suitcase", "cart", "stroller", "box", "boat"),
            places=("park", "sidewalk", "town", "station", "market", "beach"),
            subjects=_PERSON,
            opposite="push",
        ),
        Action(
            "carry",
            "haul",
            verbs=_verbs(
                "を:運んで:運ぶ を:抱えて運んで:抱えて運ぶ を:かついで:かつぐ"
            ),
            objects=("box", "luggage", "chair", "desk", "dish", "ball"),
            places=("station", "office", "market", "classroom", "harbor", "gym"),
            subjects=_PERSON,
        ),
        Action(
            "hold",
            "hands",
            verbs=_verbs("を:持って:持つ を:手にして:手にする を:握って:握る"),
            objects=("umbrella", "racket", "balloon", "flag", "camera", "bouquet"),
            places=("park", "square", "beach", "stage", "town", "court"),
            subjects=_PERSON,
        ),
        Action(
            "hug",
            "hands",
            verbs=_verbs(
                "を:抱いて:抱く を:抱きかかえて:抱きかかえる を:抱っこして:抱っこする"
            ),
            objects=("kitten", "puppy", "baby", "doll"),
            places=("park", "living", "garden", "bedroom", "beach"),
            subjects=("woman", "man", "boy", "girl", "student", "tourist"),
        ),
        Action(
            "throw",
            "ball",
            verbs=_verbs("を:投げて:投げる を:放って:放る"),
            objects=("ball", "frisbee"),
            places=("park", "beach", "field", "schoolyard", "stadium"),
            subjects=_PERSON,
            opposite="catch",
        ),
        Action(
            "catch",
            "ball",
            verbs=_verbs(
                "を:受け止めて:受け止める を:キャッチして:キャッチする "
                "を:つかんで:つかむ"
            ),
            objects=("ball", "frisbee"),
            places=("park", "beach", "field", "schoolyard", "stadium"),
            subjects=_PERSON,
            opposite="throw",
        ),
        Action(
            "sport",
            "play",
            verbs=_verbs("を:して:する を:プレーして:プレーする を:楽しんで:楽しむ"),
            bare=_verbs(":スポーツをして:スポーツをする :運動をして:運動をする"),
            objects=("tennis", "baseball", "soccer", "basketball", "volleyball"),
            fused=(
                ("soccer", _verbs(":ボールを蹴って:ボールを蹴る")),
                (
                    "baseball",
                    _verbs(":バットを振って:バットを振る"),
                ),
                ("tennis", _verbs(":ラケットで球を打って:ラケットで球を打つ")),
            ),
            places=("stadium", "schoolyard", "court", "gym", "park"),
            subjects=_PERSON,
        ),
        Action(
            "slide",
            "play",
            verbs=_verbs("を:して:する を:楽しんで:楽しむ"),
            objects=("ski", "snowboard"),
            fused=(
                ("ski", _verbs(":スキー板で滑って:スキー板で滑る")),
                (
                    "snowboard",
                    _verbs(":一枚の板で雪の上を滑って:一枚の板で雪の上を滑る"),
                ),
            ),
            places=("snowfield", "hill"),
            subjects=_PERSON,
        ),
        Action(
            "surf",
            "play",
            bare=_verbs(
                ":サーフィンをして:サーフィンをする :波に乗って:波に乗る "
                ":波乗りを楽しんで:波乗りを楽しむ"
            ),
            places=("sea_surface", "beach"),
            subjects=_PERSON,
        ),
        Action(
            "fish",
            "play",
            bare=_verbs(
                ":釣りをして:釣りをする :魚を釣って:魚を釣る "
                ":釣り糸を垂らして:釣り糸を垂らす"
            ),
            places=("riverside", "harbor", "lakeside", "bridge", "pond"),
            subjects=_PERSON,
        ),
        Action(
            "game",
            "play",
            verbs=_verbs("を:して:する で:遊んで:遊ぶ を:楽しんで:楽しむ"),
            objects=("cards", "shogi", "videogame"),
            places=("living", "classroom", "cafe", "bedroom"),
            subjects=_PERSON,
        ),
        Action(
            "perform",
            "show",
            verbs=_verbs("を:弾いて:弾く を:演奏して:演奏する を:奏でて:奏でる"),
            bare=_verbs(":楽器を演奏して:楽器を演奏する :音楽を奏でて:音楽を奏でる"),
            objects=("guitar", "piano", "violin"),
            places=("stage", "living", "classroom", "square", "restaurant"),
            subjects=_PERSON,
        ),
        Action(
            "look",
            "see",
            verbs=_verbs("を:見て:見る を:眺めて:眺める を:見つめて:見つめる"),
            objects=("sea", "plane", "fireworks", "picture", "bird", "ship", "map"),
            places=("park", "beach", "bridge", "hill", "garden", "harbor"),
            subjects=_PERSON,
        ),
        Action(
            "photo",
            "see",
            verbs=_verbs(
                "の:写真を撮って:写真を撮る を:撮影して:撮影する "
                "を:カメラに収めて:カメラに収める"
            ),
            bare=_verbs(
                ":写真を撮って:写真を撮る :シャッターを切って:シャッターを切る "
                ":撮影をして:撮影をする"
            ),
            objects=("sea", "plane", "fireworks", "flower", "bird", "ship", "dog"),
            places=("park", "beach", "bridge", "hill", "garden", "town", "zoo"),
            subjects=_PERSON,
        ),
        Action(
            "buy",
            "trade",
            verbs=_verbs(
                "を:買って:買う を:購入して:購入する を:買い求めて:買い求める"
            ),
            bare=_verbs(
                ":買い物をして:買い物をする :ショッピングをして:ショッピングをする"
            ),
            objects=(
                "vegetable",
                "fruit",
                "flower",
                "bread",
                "fish",
                "bag",
                "umbrella",
            ),
            places=("market", "shop", "town", "station"),
            subjects=_PERSON,
            opposite="sell",
        ),
        Action(
            "sell",
            "trade",
            verbs=_verbs("を:売って:売る を:販売して:販売する を:売り出して:売り出す"),
            objects=(
                "vegetable",
                "fruit",
                "flower",
                "bread",
                "fish",
                "bag",
                "umbrella",
            ),
            places=("market", "shop", "town", "station"),
            subjects=_PERSON,
            opposite="buy",
        ),
        Action(
            "walk_dog",
            "care",
            verbs=_verbs(
                "を:散歩させて:散歩させる を:連れて歩いて:連れて歩く "
                "の:散歩をして:散歩をする"
            ),
            objects=("dog", "puppy", "shiba", "chihuahua"),
            places=("park", "sidewalk", "riverside", "beach", "town"),
            subjects=_PERSON,
        ),
        Action(
            "give_feed",
            "care",
            verbs=_verbs("に:えさをやって:えさをやる に:餌を与えて:餌を与える"),
            objects=("pigeon", "horse", "duck", "cat", "cow", "giraffe", "monkey"),
            places=("zoo", "park", "ranch", "pond", "garden"),
            subjects=_PERSON,
        ),
        Action(
            "plant",
            "care",
            verbs=_verbs("を:植えて:植える を:育てて:育てる"),
            objects=("flower", "tree", "vegetable"),
            places=("garden", "park", "schoolyard", "field"),
            subjects=_PERSON,
        ),
        Action(
            "use_computer",
            "study",
            bare=_verbs(
                ":パソコンを使って:パソコンを使う :キーボードを打って:キーボードを打つ "
                ":コンピューターを操作して:コンピューターを操作する"
            ),
            places=(*_ROOMS, "cafe"),
            subjects=_PERSON,
        ),
        Action(
            "clean",
            "hands",
            verbs=_verbs("を:掃除して:掃除する を:拭いて:拭く"),
            bare=_verbs(":掃除をして:掃除をする :清掃をして:清掃をする"),
            objects=("floor", "window", "desk", "stairs"),
            places=("classroom", "living", "office", "entrance", "gym", "shop"),
            subjects=_PERSON,
        ),
        # 動物の動作
        Action(
            "animal_eat",
            "meal",
            verbs=_verbs(
                "を:食べて:食べる を:もぐもぐ食べて:もぐもぐ食べる "
                "を:口に入れて:口に入れる"
            ),
            bare=_verbs(":食事をして:食事をする :何かを食べて:何かを食べる"),
            objects=("grass", "feed", "apple", "banana", "vegetable"),
            fused=(("grass", _verbs(":草をはんで:草をはむ")),),
            places=("ranch", "field", "zoo", "garden", "park"),
            subjects=("animal",),
        ),
        Action(
            "animal_drink",
            "meal",
            bare=_verbs(":水を飲んで:水を飲む :のどを潤して:のどを潤す"),
            places=("pond", "riverside", "zoo", "garden", "ranch"),
            subjects=("animal",),
        ),
        Action(
            "bathe",
            "move",
            bare=_verbs(":水浴びをして:水浴びをする :体を水で洗って:体を水で洗う"),
            places=("pond", "riverside", "zoo", "garden"),
            subjects=("animal",),
        ),
        Action(
            "fly",
            "air",
            bare=_verbs(":飛んで:飛ぶ :羽ばたいて:羽ばたく :宙を舞って:宙を舞う"),
            places=("sea_surface", "park", "field", "lakeside", "harbor", "forest"),
            subjects=("bird",),
        ),
        Action(
            "animal_sit",
            "posture",
            verbs=_verbs(
                "に:座って:座る に:ちょこんと座って:ちょこんと座る に:乗って:乗る"
            ),
            bare=_verbs(":座って:座る :腰を下ろして:腰を下ろす"),
            objects=("bench", "sofa", "lawn", "rock", "chair", "stairs"),
            places=("park", "garden", "living", "beach", "entrance", "sidewalk"),
            subjects=("dog", "cat", "monkey", "bird"),
            opposite="animal_stand",
        ),
        Action(
            "animal_stand",
            "posture",
            bare=_verbs(":立って:立つ :四本の足で立って:四本の足で立つ"),
            places=("ranch", "field", "zoo", "garden", "beach", "sidewalk"),
            place_particles=("に", "で"),
            subjects=(
                "dog",
                "cat",
                "horse",
                "zebra",
                "cow",
                "sheep",
                "elephant",
                "giraffe",
            ),
            opposite="animal_sit",
        ),
        Action(
            "chase",
            "move",
            verbs=_verbs("を:追いかけて:追いかける を:追って走って:追って走る"),
            objects=("ball", "butterfly", "bird", "frisbee"),
            places=("park", "garden", "field", "beach", "ranch"),
            subjects=("dog", "cat", "monkey", "bear", "horse"),
        ),
        Action(
            "gaze",
            "see",
            verbs=_verbs(
                "を:見て:見る を:じっと見つめて:じっと見つめる を:眺めて:眺める"
            ),
            objects=("sea", "ball", "butterfly", "bird", "fish"),
            places=("garden", "beach", "zoo", "riverside", "park"),
            subjects=("animal",),
        ),
        # 乗り物の動き
        Action(
            "drive",
            "traffic",
            bare=_verbs(":走って:走る :走行して:走行する :進んで:進む"),
            places=("road", "town", "bridge", "crossing", "beach", "forest"),
            place_particles=("を",),
            subjects=("car", "bus", "bicycle", "motorbike", "train"),
            opposite="park",
        ),
        Action(
            "park",
            "traffic",
            bare=_verbs(":停まって:停まる :止まって:止まる :停車して:停車する"),
            places=("road", "town", "station", "entrance", "stop", "crossing", "park"),
            place_particles=("に", "で"),
            subjects=("car", "bus", "bicycle", "motorbike", "train"),
            opposite="drive",
        ),
        Action(
            "turn_right",
            "traffic",
            bare=_verbs(
                ":右に曲がって:右に曲がる :右折して:右折する "
                ":右のほうへ折れて:右のほうへ折れる"
            ),
            places=("road", "town", "crossing", "station"),
            subjects=("car", "bus", "bicycle", "motorbike"),
            opposite="turn_left",
        ),
        Action(
            "turn_left",
            "traffic",
            bare=_verbs(
                ":左に曲がって:左に曲がる :左折して:左折する "
                ":左のほうへ折れて:左のほうへ折れる"
            ),
            places=("road", "town", "crossing", "station"),
            subjects=("car", "bus", "bicycle", "motorbike"),
            opposite="turn_right",
        ),
        Action(
            "fly_low",
            "air",
            bare=_verbs(
                ":低空を飛んで:低空を飛ぶ :低い空を飛行して:低い空を飛行する "
                ":地面すれすれを飛んで:地面すれすれを飛ぶ"
            ),
            places=("sea_surface", "town", "forest", "field", "harbor", "hill"),
            subjects=("plane", "helicopter", "bird", "gull", "crow"),
            opposite="fly_high",
        ),
        Action(
            "fly_high",
            "air",
            bare=_verbs(
                ":高空を飛んで:高空を飛ぶ :高い空を飛行して:高い空を飛行する "
                ":はるか上空を飛んで:はるか上空を飛ぶ"
            ),
            places=("sea_surface", "town", "forest", "field", "harbor", "hill"),
            subjects=("plane", "helicopter", "bird", "gull", "crow"),
            opposite="fly_low",
        ),
        Action(
            "take_off",
            "air",
            bare=_verbs(":離陸して:離陸する :飛び立って:飛び立つ"),
            places=("runway", "field"),
            place_particles=("から",),
            subjects=("plane", "helicopter"),
            opposite="land",
        ),
        Action(
            "land",
            "air",
            bare=_verbs(":着陸して:着陸する :降り立って:降り立つ"),
            places=("runway", "field"),
            place_particles=("に",),
            subjects=("plane", "helicopter"),
            opposite="take_off",
        ),
        Action(
            "float",
            "water",
            bare=_verbs(":浮かんで:浮かぶ :水に浮いて:水に浮く"),
            places=("sea_surface", "harbor", "pond", "lakeside"),
            place_particles=("に", "で"),
            subjects=("ship", "boat", "duck"),
            opposite="sail",
        ),
        Action(
            "sail",
            "water",
            bare=_verbs(":進んで:進む :航行して:航行する :ゆっくり動いて:ゆっくり動く"),
            places=("sea_surface", "harbor", "lakeside"),
            place_particles=("を", "で"),
            subjects=("ship", "boat"),
            opposite="float",
        ),
        Action(
            "parked_row",
            "traffic",
            bare=_verbs(
                ":並んで停まって:並んで停まる :列をなして停まって:列をなして停まる "
                ":並べて停めて:並べて停める:ある"
            ),
            places=("road", "town", "station", "entrance", "harbor", "park", "shop"),
            place_particles=("に", "で"),
            subjects=("car", "bus", "bicycle", "motorbike", "truck"),
        ),
        # 物のようす
        Action(
            "placed",
            "rest",
            verbs=_verbs(
                "に:置かれて:置かれる に:置いて:置く:ある に:載せられて:載せられる"
            ),
            bare=_verbs(":置かれて:置かれる :置いて:置く:ある"),
            objects=("on_table", "on_shelf", "on_floor", "on_bed", "by_window"),
            places=(
                "kitchen",
                "living",
                "bedroom",
                "classroom",
                "office",
                "shop",
                "cafe",
            ),
            place_particles=("に",),
            subjects=("thing",),
            opposite="fallen",
        ),
        Action(
            "lined",
            "rest",
            verbs=_verbs(
                "に:並んで:並ぶ に:並べられて:並べられる に:並べて:並べる:ある"
            ),
            bare=_verbs(":並んで:並ぶ :並べられて:並べられる"),
            objects=("on_table", "on_shelf", "on_floor", "by_window"),
            places=("kitchen", "living", "shop", "market", "restaurant", "classroom"),
            place_particles=("に", "で"),
            subjects=("thing",),
            opposite="stacked",
        ),
        Action(
            "stacked",
            "rest",
            verbs=_verbs(
                "に:積まれて:積まれる に:積み重ねられて:積み重ねられる "
                "に:積んで:積む:ある"
            ),
            bare=_verbs(":積まれて:積まれる :山積みになって:山積みになる"),
            objects=("on_table", "on_shelf", "on_floor", "in_basket"),
            places=("kitchen", "shop", "market", "library", "office", "classroom"),
            place_particles=("に", "で"),
            subjects=(
                "fruit",
                "vegetable",
                "book",
                "box",
                "chair",
                "bag",
                "bread",
                "cup",
            ),
            opposite="lined",
        ),
        Action(
            "displayed",
            "rest",
            verbs=_verbs(
                "に:飾られて:飾られる に:飾って:飾る:ある に:陳列されて:陳列される"
            ),
            bare=_verbs(":飾られて:飾られる :展示されて:展示される"),
            objects=("on_table", "on_shelf", "by_window"),
            places=("living", "shop", "entrance", "restaurant", "cafe", "office"),
            place_particles=("に", "で"),
            subjects=(
                "flower",
                "vase",
                "clock",
                "doll",
                "cake",
                "book",
                "bag",
                "cup",
                "bottle",
            ),
        ),
        Action(
            "served",
            "rest",
            verbs=_verbs(
                "に:盛られて:盛られる に:盛り付けられて:盛り付けられる "
                "に:盛って:盛る:ある"
            ),
            bare=_verbs(":盛り付けられて:盛り付けられる"),
            objects=("on_plate", "in_basket"),
            places=("kitchen", "restaurant", "cafe", "living"),
            subjects=("food",),
            opposite="sliced",
        ),
        Action(
            "sliced",
            "rest",
            verbs=_verbs(
                "で:切り分けられて:切り分けられる で:カットされて:カットされる "
                "で:切られて:切られる"
            ),
            bare=_verbs(":切り分けられて:切り分けられる :カットされて:カットされる"),
            objects=("on_plate", "on_table"),
            places=("kitchen", "restaurant", "cafe", "living"),
            subjects=("pizza", "cake", "bread", "fruit", "sandwich", "vegetable"),
            opposite="served",
        ),
        Action(
            "fallen",
            "rest",
            verbs=_verbs("に:落ちて:落ちる に:転がって:転がる"),
            bare=_verbs(":落ちて:落ちる :転がって:転がる"),
            objects=("on_floor", "stairs", "lawn"),
            places=("park", "sidewalk", "living", "bedroom", "classroom", "beach"),
            place_particles=("に", "で"),
            subjects=(
                "fruit",
                "book",
                "umbrella",
                "bag",
                "doll",
                "bottle",
                "cup",
                "box",
                "phone",
            ),
            opposite="placed",
        ),
    )
}

COLOURS = _table(
    "colour",
    """
    赤 | 赤い 赤色の 真っ赤な
    青 | 青い 青色の 真っ青な ブルーの
    黄 | 黄色い 黄色の イエローの
    白 | 白い 白色の 真っ白な ホワイトの
    黒 | 黒い 黒色の 真っ黒な ブラックの
    茶 | 茶色い 茶色の ブラウンの
    緑 | 緑の 緑色の グリーンの
    灰 | 灰色の グレーの ねずみ色の
    ピンク | ピンクの ピンク色の 桃色の
    """,
)

SIZES = _table(
    "size",
    """
    large | 大きな 大きい 大ぶりな
    small | 小さな 小さい 小ぶりな
    """,
)

WEAR = _table(
    "wear",
    """
    clothes | 服を着た 服の 洋服を着た 衣服を身につけた
    shirt | シャツを着た シャツの シャツ姿の
    coat | コートを着た 上着を着た コート姿の
    hat | 帽子をかぶった 帽子の ハットをかぶった
    glasses | めがねをかけた 眼鏡をかけた メガネの
    backpack | リュックを背負った リュックサックを背負った
    """,
)
UNCOLOURED_WEAR = ("glasses",)

NUMBERS = _table(
    "number",
    """
    1 | 一 1 １
    2 | 二 2 ２
    3 | 三 3 ３
    4 | 四 4 ４
    5 | 五 5 ５
    many | たくさん 大勢 多く
    """,
)
BACKGROUNDS = _table(
    "background",
    """
    sunny | 晴れた日に よく晴れた空の下、 青空のもと、
    rain | 雨の日に 雨の中、 雨が降る中、
    snow | 雪の日に 雪の中、 雪が降る中、
    dusk | 夕方、 夕暮れに 日が沈むころ、
    night | 夜、 夜中に 暗い夜に
    morning | 朝、 早朝に 朝早く、
    """,
)

SIDES = _table(
    "side",
    """
    left | 左側 左のほう 左手
    right | 右側 右のほう 右手
    front | 手前 手前のほう 前のほう
    back | 奥 奥のほう 後ろのほう
    """,
)
OPPOSITE_SIDES = {"left": "right", "right": "left", "front": "back", "back": "front"}

# 言い方としておかしい組み合わせを避けるための表
BABY_ACTIONS = ("sit", "sleep", "laugh", "cry", "look", "eat", "drink", "walk", "wave")
BULKY = ("furniture", "chair", "desk", "television")
BULKY_SUPPORTS = ("on_floor", "by_window")
OUTDOOR_OBJECTS = ("lawn", "rock", "bench")
INDOOR_OBJECTS = ("sofa", "bed", "on_bed", "on_shelf", "on_floor", "by_window", "floor")
SUBJECT_PLACES = {"train": ("station", "town", "bridge", "forest")}
