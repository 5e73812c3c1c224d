"""百科事典の記事の枠。主題ごとの、冒頭の段落と節の文。

枠の中の名前は ``paragraphs`` が埋める。事実(できた年・人口・社長など)は世界の
ものだけを使い、一つの記事のなかで食い違わない。
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """記事の枠。openers は最初の文、leads は冒頭の続き、sections は節の文。"""

    openers: tuple[str, ...]
    leads: tuple[str, ...]
    sections: dict[str, tuple[str, ...]]


PAGES: dict[str, Page] = {
    "prefectures": Page(
        openers=(
            "{name}は、国の{region}に位置する県である。",
            "{name}は{region}の県の一つで、県庁は{capital}にある。",
        ),
        leads=(
            "県庁の所在地は{capital}である。",
            "人口はおよそ{population}人を数える。",
            "{specialty}の産地として広く知られている。",
        ),
        sections={
            "産業": (
                "{specialty}づくりが盛んで、県の内外に出荷される。",
                "{company}をはじめ、{name}に縁の深い会社も多い。",
                "近年は観光に力を入れ、{town}を訪れる人が増えている。",
            ),
            "交通": (
                "{capital}を中心に、鉄道とバスの路線が広がる。",
                "{capital}と{town}の間には、{span}本のバスが通う。",
                "{station}は、県内を移動する人がよく使う駅である。",
            ),
        },
    ),
    "towns": Page(
        openers=(
            "{name}は、{prefecture}にある自治体である。",
            "{name}は{prefecture}に属し、{terrain}に開けている。",
            "{prefecture}の{name}は、{year}年に発足した自治体である。",
            "{name}は、{terrain}に位置する{prefecture}の自治体である。",
        ),
        leads=(
            "人口はおよそ{population}人で、{specialty}の産地として知られる。",
            "特産品の{specialty}と、古くからある{landmark}で名高い。",
            "中心部の{landmark}が{name}の象徴となっている。",
            "{year}年に周りの村が合併して生まれた。",
        ),
        sections={
            "地理": (
                "{name}は{terrain}に位置し、{neighbour}と境を接している。",
                "中心部の{side}には森があり、{span}キロ先まで{scenery}が広がる。",
                "{neighbour}との境には川が流れている。",
                "一年のうち{days}日ほどは、{weather}。",
            ),
            "歴史": (
                "{year}年の発足のときの人口は、いまの半分ほどだった。",
                "{neighbour}との合併の話もあったが、まとまらなかった。",
                "{era}には、{specialty}を運ぶ人でにぎわったという。",
                "{era}の火事のあと、町並みは{material}に造り直された。",
            ),
            "産業": (
                "主な産業は{specialty}の生産である。",
                "{specialty}の直売所が{count}か所あり、{neighbour}からも客が来る。",
                "働く人の{count}割ほどが、{neighbour}へ通っている。",
                "{company}が工場を置き、働く場をつくっている。",
                "{landmark}を目当てに訪れる観光客も、{name}の収入を支えている。",
            ),
            "交通": (
                "最寄りの駅は{station}で、バスが{name}の中心と結ぶ。",
                "{neighbour}へは、山道を越えて一時間ほどかかる。",
            ),
        },
    ),
    "stations": Page(
        openers=(
            "{name}は、{town}にある{line}の駅である。",
            "{name}は{year}年に開業した、{line}の駅である。",
            "{line}の{name}は、{town}の玄関口にあたる駅である。",
        ),
        leads=(
            "一日の平均の利用者は{passengers}人である。",
            "{year}年の開業から、{town}の人々に使われてきた。",
            "{line}のなかで、{name}は利用者の多い駅として知られる。",
        ),
        sections={
            "駅の構造": (
                "{name}には地上に{platforms}のホームがあり、{bridge}で結ばれている。",
                "{name}の改札は{side}口にあり、窓口のほかに券売機が{count}台ある。",
                "{name}の駅舎は{material}で、{side}側に小さな時計台がある。",
            ),
            "駅周辺": (
                "駅前には{shop}などの店が並ぶ。",
                "{neighbour}へ向かうバスは、{side}口の広場から出る。",
                "{side}口から歩いて{days}分ほどのところに、{company}の事務所がある。",
                "駅の{side}側には、{town}の{building}がある。",
            ),
            "歴史": (
                "{year}年、{line}の延伸に合わせて開業した。",
                "かつては{goods}を運ぶ貨物の列車も、一日に{days}本止まった。",
            ),
        },
    ),
    "companies": Page(
        openers=(
            "{name}は、{town}に本社を置く会社である。",
            "{name}は、{business}を主な事業とする会社である。",
            "{name}は{year}年に創業した、{business}を手がける会社である。",
        ),
        leads=(
            "社長は{president}が務める。",
            "従業員は{employees}人で、{business}を行っている。",
            "{town}を拠点に、国内の各地で{business}を営む。",
            "{year}年の創業から、{town}とともに歩んできた。",
        ),
        sections={
            "沿革": (
                "{year}年、{town}の小さな事務所から始まった。",
                "創業者の没後は{president}が会社を率いている。",
                "一時は経営が傾いたが、{other}の支えで立ち直った。",
                "のちに{neighbour}へ二つ目の拠点を置いた。",
            ),
            "事業": (
                "事業の柱は{business}で、売り上げの大半を占める。",
                "{other}とは、{neighbour}の市場をめぐって競い合う。",
                "近ごろは{abroad}の会社とも取り引きし、{span}か国に事務所を置く。",
                "社員は毎年、{neighbour}で{days}日間の研修を受ける。",
            ),
        },
    ),
    "people": Page(
        openers=(
            "{name}({year}年生まれ)は、{town}出身の{profession}である。",
            "{name}は、{profession}。{town}の出身。",
            "{name}は{year}年に{town}で生まれた{profession}である。",
        ),
        leads=(
            "{surname}の仕事は、{abroad}でも高く評価されている。",
            "{surname}は{hobby}の愛好家としても知られる。",
            "{profession}として活動するかたわら、{neighbour}の学校でも教えている。",
            "{town}の名を広めた人として、地元で親しまれている。",
        ),
        sections={
            "経歴": (
                "{town}の農家に生まれ、幼いころから本を読むのが好きだった。",
                "学校を出たのち、{company}に勤めながら{profession}を目指した。",
                "{friend}との出会いが、{profession}になるきっかけだった。",
                "二十代で{neighbour}に移り、そこで{profession}の仕事を始めた。",
                "{surname}は{training}下積みを経て、{profession}として名を知られた。",
                "{neighbour}で過ごした{span}年が、のちの仕事の土台となった。",
            ),
            "人物": (
                "{surname}の趣味は{hobby}で、休みの日には仲間と集まる。",
                "{friend}とは若いころからの親友である。",
                "{company}の社報に、{hobby}についての文章を寄せたことがある。",
                "{surname}の家の{garden}では、季節の花が育てられている。",
                "{surname}は{character}人柄で、多くの人に慕われている。",
                "朝は早く起き、{neighbour}の{scenery}を{span}キロ歩くのを日課とする。",
            ),
        },
    ),
    "products": Page(
        openers=(
            "{name}は、{company}が製造する{category}である。",
            "{name}は、{year}年に{company}から発売された{category}である。",
            "{name}は{company}の{category}で、{year}年に登場した。",
        ),
        leads=(
            "{feature}を特長とする。",
            "価格は{price}円である。",
            "{feature}が評判となり、広く使われるようになった。",
        ),
        sections={
            "開発": (
                "{company}の技術者が、{span}か月をかけて設計した。",
                "{name}の試作は{days}回に及び、{trouble}が最後まで課題となった。",
                "「{name}」という名前は、社内の投票で{ideas}の案から選ばれた。",
            ),
            "特徴": (
                "{name}のいちばんの売りは{feature}である。",
                "{other}と比べて手入れが楽だとされる。",
                "{name}の色は{count}種類あり、箱には{days}ページの手引きが付く。",
                "{friend}が愛用していることでも知られる。",
            ),
        },
    ),
    "foods": Page(
        openers=(
            "{name}は、{town}に伝わる郷土料理である。",
            "{name}は、{ingredient}を使った{town}の料理である。",
            "{name}は{town}の名物で、{season}によく食べられる。",
        ),
        leads=(
            "{town}では、{taste}味わいが家庭で受け継がれている。",
            "{ingredient}を主な材料とする。",
            "{town}では、{season}の行事に欠かせない一品とされる。",
        ),
        sections={
            "作り方": (
                "{ingredient}は{days}分ほどかけて、ていねいに下ごしらえをする。",
                "{shop}では、{meal}に添えて出している。",
                "{name}は仕上げに{flavour}で味を調え、小さな器に盛る。",
                "{neighbour}では、隠し味に{secret}を少し加える。",
            ),
            "歴史": (
                "もとは{era}の{worker}のまかないだったという。",
                "{shop}が献立に載せたことで、{town}の外にも知られた。",
                "いまでは{event}の日に、屋台でも売られている。",
                "作り方を書き留めた{friend}の帳面が、{town}に残る。",
            ),
        },
    ),
    "shops": Page(
        openers=(
            "{name}は、{town}にある飲食店である。",
            "{name}は、{year}年に{town}で開店した飲食店である。",
            "{name}は{town}の商店街にあり、{dish}で知られる店である。",
        ),
        leads=(
            "看板の品は{dish}である。",
            "{year}年の開店から、同じ場所で営業を続けている。",
            "{town}の人々に長く親しまれてきた。",
        ),
        sections={
            "特徴": (
                "{name}の{dish}は、注文を受けてから作られる。",
                "{material}の店内には{days}の席があり、{character}雰囲気である。",
                "最寄りの{station}からは、歩いて五分ほどかかる。",
                "奥の席からは{garden}が見え、{neighbour}の職人が手入れをしている。",
            ),
            "歴史": (
                "{year}年、{friend}が小さな屋台から始めた。",
                "{name}は一度{disaster}で閉めたが、{span}か月後に店を開き直した。",
                "『{work}』の舞台になったことから、遠くの客も訪れる。",
            ),
        },
    ),
    "works": Page(
        openers=(
            "『{name}』は、{creator}による{kind}である。",
            "『{name}』は、{year}年に発表された{kind}である。",
            "『{name}』は{creator}が{year}年に世に出した{kind}である。",
        ),
        leads=(
            "主題は{theme}で、{creator}が長く温めてきた題材である。",
            "{creator}の代表作の一つに数えられる。",
            "『{name}』は{theme}を描き、発表の年の話題となった。",
        ),
        sections={
            "内容": (
                "舞台は{neighbour}をもとにした架空の町である。",
                "『{name}』の主人公は、旅の途中で一人の{worker}に出会う。",
                "結末にある{scenery}の場面には、{span}通りの読み方がある。",
                "全体は{count}部に分かれ、{teller}の目から語られる。",
            ),
            "制作": (
                "{creator}は、{neighbour}での暮らしから着想を得たと述べている。",
                "完成までに{span}年を要し、{scenery}の場面は{days}回も書き直された。",
                "題名の案は{ideas}あり、{friend}が一つを選んだという。",
            ),
            "評価": (
                "{friend}は「{creator}の{praise}」と評した。",
                "{neighbour}では、この{kind}を読み解く講座も開かれた。",
                "はじめの評判は静かだったが、{span}年後に{neighbour}での催しで再び注目された。",
                "『{other}』と並べて論じられることが多い。",
                "発表の翌年、『{name}』は{abroad}の芸術賞の候補となった。",
            ),
        },
    ),
    "teams": Page(
        openers=(
            "{name}は、{town}を本拠地とする{sport}のチームである。",
            "{name}は{year}年に結成された{sport}のチームである。",
            "{name}は、{town}の{sport}チームである。",
        ),
        leads=(
            "監督は{coach}が務める。",
            "{year}年に{town}の有志が集まって結成した。",
            "本拠地の競技場は{town}にある。",
        ),
        sections={
            "歴史": (
                "{year}年、{company}の社員らが中心となって結成した。",
                "結成から{span}年目に、初めての優勝を果たした。",
                "{disaster}で競技場を失い、解散の危機を迎えたこともある。",
            ),
            "特徴": (
                "{coach}のもと、{style}を持ち味としている。",
                "{other}との試合には、毎年多くの観客が集まる。",
                "{friend}は、このチームで{span}年のあいだプレーした。",
            ),
        },
    ),
    "events": Page(
        openers=(
            "{name}は、{town}で毎年{month}月に開かれる催しである。",
            "{name}は、{year}年に始まった{town}の催しである。",
            "{name}は{town}の年中行事で、{month}月に行われる。",
        ),
        leads=(
            "来場者はおよそ{visitors}人に上る。",
            "{year}年に第一回が行われた。",
            "{town}でもっとも人出の多い日として知られる。",
        ),
        sections={
            "概要": (
                "会場は{town}の{building}の前で、{count}日にわたって行われる。",
                "通りには{food}などの屋台が並ぶ。",
                "期間中は{station}から臨時のバスが走る。",
                "夜になると、{building}の前で{friend}らの演奏がある。",
            ),
            "歴史": (
                "{year}年、{disaster}に遭った人々を励まそうと始められた。",
                "{company}の寄付により、規模が大きくなった。",
                "{hindrance}のために行われなかった年が、{count}度ある。",
            ),
        },
    ),
}

# 写真集の記事。本文の節には、写真の説明文が並ぶ。
ALBUM_OPENERS = (
    "『{title}』は、写真家の{person}による写真集である。",
    "『{title}』は、{town}とその周りで撮られた写真を集めた本である。",
    "『{title}』は、{person}が{town}を訪れて編んだ写真集である。",
)
ALBUM_LEADS = (
    "{company}から刊行された。",
    "{days}枚の写真が、{town}の日々の暮らしを写している。",
    "写真には{person}の手で、短い説明が添えられている。",
    "{town}の図書館に、もとの写真が収められている。",
)
ALBUM_TITLES = ("{stem}写真帖", "{stem}の日々", "{stem}スケッチ", "{stem}の一年")
ALBUM_SECTIONS = ("人々", "動物", "乗り物", "身のまわりの物")

# 記事ごとに引く、世界の事実ではない細部。
DETAILS: dict[str, tuple[str, ...]] = {
    "side": ("東", "西", "南", "北"),
    "count": ("二", "三", "四", "五"),
    "span": ("三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"),
    "days": ("十", "十二", "十五", "十八", "二十", "二十五", "三十", "四十", "五十"),
    "era": ("江戸時代", "明治", "大正", "昭和の初め", "戦後まもなく", "昭和の終わり"),
    "material": ("木造", "石造り", "れんが造り", "白い土壁", "瓦屋根"),
    "scenery": ("田畑", "川べり", "海岸", "林", "湖畔", "坂道", "野原"),
    "weather": (
        "朝に霧が出る",
        "雪が積もる",
        "強い風が吹く",
        "雨が降る",
        "夜に霜が降りる",
    ),
    "building": ("図書館", "公会堂", "病院", "郵便局", "小学校", "美術館", "市場"),
    "bridge": ("跨線橋", "地下道", "細い通路", "屋根つきの橋"),
    "goods": ("石炭", "木材", "米", "生糸", "塩", "魚", "石材"),
    "abroad": ("アジア", "ヨーロッパ", "北米", "南米", "アフリカ", "北欧"),
    "character": ("物静かな", "朗らかな", "穏やかな", "飾らない", "温かい"),
    "trouble": ("重さ", "値段", "大きさ", "壊れやすさ", "色合い", "部品の数"),
    "flavour": ("塩", "味噌", "醤油", "生姜", "酒", "砂糖", "酢"),
    "worker": ("漁師", "農家", "大工", "商人", "船乗り", "木こり", "画家", "医師"),
    "disaster": ("火事", "大雨", "地震", "台風", "大雪", "不作"),
    "platforms": ("二面", "三面", "四面"),
    "secret": ("山椒", "柚子", "ごま", "唐辛子", "昆布だし", "はちみつ"),
    "teller": ("老人", "少年", "少女", "旅人", "料理人", "教師", "双子"),
    "hindrance": ("人手不足", "会場の工事", "疫病の流行", "資金不足", "台風"),
    "praise": (
        "転機となった作品だ",
        "新しい一面を見せた作品だ",
        "集大成といえる作品だ",
        "若さのあふれる作品だ",
    ),
    "meal": ("朝食", "昼食", "夕食", "定食", "弁当"),
    "garden": ("庭", "前庭", "裏庭", "中庭"),
    "training": ("長い", "五年余りの", "七年に及ぶ", "十年近い"),
    "ideas": ("七つ", "八つ", "九つ", "三十あまり", "百近く"),
    "style": ("堅い守り", "速い攻め", "粘り強さ", "若手の育成", "組織力", "足の速さ"),
}
