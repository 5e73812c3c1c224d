"""ニュース記事の主題ごとの、場面の描写・背景・談話の枠。

枠の中の名前は ``news`` が埋める。どの枠にも、その記事の分割に属する固有名
({name}・{near}・{person}・{fellow}・{other}・{maker})が一つは入る。そうしておけば、
訓練と評価の記事に同じ文が現れない。

    name    主題の固有名      subject 『』や「さん」を付けた主題
    same    「同社」などの言い換え
    near    近くの町          person  談話の主        fellow  別の人
    other   同じ種類の別の物  maker   会社
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    """主題の種類。leads は前置き、backgrounds は続きの文、speakers は話し手の肩書。

    public は、人々の暮らしに関わる主題か。
    """

    pool: str
    same: str
    leads: tuple[str, ...]
    backgrounds: tuple[str, ...]
    speakers: tuple[str, ...]
    public: bool = False


# どの記事にも使える前置き。空もようと場所のようすを組み合わせる。
SKIES = (
    "朝から穏やかに晴れた",
    "雨の上がった",
    "風の強い一日となった",
    "霧に包まれた",
    "肌寒さの残る",
    "日差しのまぶしい",
    "祝日を迎えた",
    "連休明けの",
    "日暮れどきの",
    "昼休みの",
    "季節の変わり目の",
    "小雨のぱらつく",
)
SKY_TAILS = (
    "{near}の通りに、人が戻ってきた。",
    "{near}から、新しい話題が届いた。",
    "{near}の広場に、早くから人が集まっていた。",
    "{near}の商店街は、ある話題で持ちきりだ。",
    "{near}を歩くと、同じ話が何度も耳に入る。",
    "{near}で、{person}さんは新聞に見入っていた。",
    "{near}に、小さな驚きが広がった。",
    "{near}の食堂では、客が声をひそめて話していた。",
    "{near}で、{person}さんの電話が鳴った。",
    "{near}の駅前に、{person}さんの姿があった。",
)
SCENES = (
    *(sky + tail for sky in SKIES for tail in SKY_TAILS),
    *(
        "{near}に住む{person}さんは、朝の知らせに耳を疑った。",
        "「まさか」と、{near}で働く{person}さんは声を上げた。",
        "この春から{near}で暮らす{person}さんも、関心を寄せる一人だ。",
        "「聞きましたか」と、{near}の{person}さんが隣の人に尋ねた。",
    )
    * 10,
)

# どの記事にも使える結び。
CLOSERS = (
    "{subject}の今後に注目が集まる。",
    "{subject}をめぐっては、{near}でも話題になっている。",
    "{near}の人々も、{subject}のこれからを見守っている。",
    "{near}からも、{subject}を応援する声が届いている。",
    "{near}の{fellow}さんも、{subject}に期待を寄せている。",
    "{subject}についての問い合わせは、{near}からも寄せられている。",
    "{near}の{fellow}さんは、{subject}のことを友人にも知らせた。",
)
# 人々の暮らしに関わる主題に使える結び。
PUBLIC_CLOSERS = (
    "くわしいことは、{subject}が来週にも説明する。",
    "{subject}の動きは、{near}の暮らしにも関わりそうだ。",
    "{subject}の説明の会は、{near}でも開かれる。",
    "{near}の{fellow}さんは、{subject}に説明を求めている。",
)

# 談話。前半は話し手、後半は引用の受け方。
QUOTES = (
    "少しずつ前に進みたい",
    "まだ実感がわかない",
    "期待に応えたい",
    "支えてくれた人に感謝したい",
    "正直に言って驚いた",
    "ここからが本当の勝負だ",
    "一つの区切りにしたい",
    "やるべきことをやるだけだ",
    "みんなの顔が浮かんだ",
    "慎重に見守りたい",
    "もっと早く知りたかった",
    "時間をかけて考えたい",
    "地元のためになればうれしい",
    "長い目で見てほしい",
    "この日を待っていた",
    "肩の力を抜いて臨みたい",
    "思いがけない知らせだった",
    "家族にも早く伝えたい",
    "ここまで長かった",
    "いつもどおりに過ごすだけだ",
    "どうなるか見届けたい",
    "一人では決められなかった",
    "これからも変わらずにいたい",
    "話を聞いて胸が熱くなった",
)
QUOTE_FRAMES = (
    "{speaker}の{person}さんは「{quote}」と話す。",
    "「{quote}」と、{speaker}の{person}さんは語った。",
    "{speaker}の{person}さんは取材に「{quote}」と答えた。",
    "{person}さん({speaker})は「{quote}」と笑顔を見せた。",
    "「{quote}」と言ってうなずいたのは、{speaker}の{person}さんだ。",
    "{speaker}の{person}さんに尋ねると、「{quote}」という答えが返ってきた。",
    "しばらく考えてから、{speaker}の{person}さんは「{quote}」と答えた。",
    "{near}で会った{speaker}の{person}さんは、「{quote}」と打ち明けた。",
)

SUBJECTS: dict[str, Subject] = {
    "company": Subject(
        pool="companies",
        same="同社",
        leads=(
            "{town}に本社を置く{name}は、{business}で知られる。",
            "{name}は{year}年の創業から、{business}を続けてきた。",
            "{name}の本社には、朝から取材の車が並んだ。",
            "{business}を手がける会社が増え、{name}を取り巻く競争は激しい。",
            "{near}の通りを歩くと、{name}の看板が目に入る。",
        ),
        backgrounds=(
            "{name}の社長は{president}で、社員は{employees}人いる。",
            "{same}は昨年、{near}にも事務所を開いた。",
            "{name}は{year}年に{town}で生まれた会社である。",
            "社員の数では、{near}に近い{other}が先を行く。",
            "ライバルの{other}は、{near}に拠点を移したばかりだ。",
            "{same}はこれまで、{near}の{fellow}さんらと研究を重ねてきた。",
            "先月には、{other}も似た計画を明らかにしている。",
            "{name}の株は、このところ値上がりしていた。",
        ),
        speakers=("担当", "広報担当", "営業担当", "利用客", "取引先"),
        public=True,
    ),
    "product": Subject(
        pool="products",
        same="同製品",
        leads=(
            "{category}選びに迷う人は多く、{near}の店でも相談が絶えない。",
            "{feature}で人気の{name}に、新しい動きがあった。",
            "{near}の売り場には、いろいろな{category}が並ぶ。",
            "{company}といえば、{name}を思い浮かべる人も多い。",
            "{near}の{person}さんは、{name}を毎日使っている。",
        ),
        backgrounds=(
            "{near}では、{company}の{category}といえば{name}だ。",
            "{name}の特長は{feature}にある。",
            "{near}の店の棚には、{other}も並んでいる。",
            "{near}の店では、{other}と比べて選ぶ客が多い。",
            "{name}の広告には、{fellow}さんが出ている。",
            "{name}の保証は、買った日から一年間続く。",
            "使ってみた{fellow}さんは、{feature}を高く買っている。",
        ),
        speakers=("担当", "開発者", "販売員", "利用者", "店長"),
    ),
    "work": Subject(
        pool="works",
        same="同作",
        leads=(
            "{near}でも、{creator}の{kind}を待ち望む声は多い。",
            "待たれていた『{name}』の知らせが、{near}にも届いた。",
            "{near}でも、『{name}』の名を口にする人が増えた。",
            "話題の絶えない{kind}『{name}』。",
            "{near}の書店に、『{name}』のポスターが貼られた。",
        ),
        backgrounds=(
            "『{name}』は、{creator}が手がけた{kind}である。",
            "『{name}』は{theme}を描いている。",
            "物語は、主人公が{near}を訪れるところから始まる。",
            "題字は{fellow}が書いた。",
            "同じ作者の『{other}』とは、登場人物が重なる。",
            "『{name}』の原案は、{fellow}の体験から生まれた。",
            "取材は、主に{near}で行われた。",
        ),
        speakers=("観客", "関係者", "評論家", "出演者", "愛読者"),
    ),
    "team": Subject(
        pool="teams",
        same="同チーム",
        leads=(
            "{town}を本拠地とする{name}に、熱い声援が送られている。",
            "{near}の競技場は、試合の前から満員になった。",
            "{sport}の季節も終わりに近く、{near}にも熱気が漂う。",
            "{name}の練習場に、いつもより多くの記者が集まった。",
            "{near}から駆けつけた{person}さんは、席で手を握りしめていた。",
        ),
        backgrounds=(
            "{name}は{year}年に{town}で生まれた{sport}のチームだ。",
            "前回の対戦では、{name}が{other}に{old_low}対{old_high}で敗れていた。",
            "{near}で合宿した{other}は、けが人が多い。",
            "{other}の{fellow}は、序盤から精彩を欠いた。",
            "{name}の次の相手は{other}である。",
            "{name}の先発には、{fellow}が名を連ねた。",
            "{near}で育った{fellow}は、今季が三年目になる。",
            "昨季の{name}は、{old_rank}位に終わっている。",
        ),
        speakers=("主将", "応援団長", "観客", "選手", "売店の店員"),
    ),
    "town": Subject(
        pool="towns",
        same="同地",
        leads=(
            "{name}は、{specialty}の産地として知られる。",
            "{landmark}のある{name}に、朝早くから人が集まった。",
            "{name}の役場では、電話が鳴りやまなかった。",
            "{near}の隣にある{name}で、長く議論が続いていた。",
            "{specialty}の収穫を終えた{name}は、静かな季節を迎えている。",
        ),
        backgrounds=(
            "{name}の人口は、およそ{population}人である。",
            "{name}は{prefecture}にあり、{specialty}の産地として名高い。",
            "隣の{near}では、すでに似た取り組みが始まっている。",
            "{other}も、来年から同じ仕組みを取り入れる。",
            "{name}に通う{fellow}さんは、以前から見直しを求めてきた。",
            "十年前には、{other}でも同じことがあった。",
            "{name}の{landmark}は、休日になると混み合う。",
            "{near}から移り住んだ人も、{name}には少なくない。",
        ),
        speakers=("住民", "役場の職員", "会社員", "農家", "商店主"),
        public=True,
    ),
    "station": Subject(
        pool="stations",
        same="同駅",
        leads=(
            "{line}の{name}は、朝夕に混み合う。",
            "通勤の足となっている{name}で、変化が起きている。",
            "{near}から列車に乗ると、やがて{name}に着く。",
            "{name}の改札前で、{person}さんが足を止めた。",
        ),
        backgrounds=(
            "{name}は{year}年に開業した{line}の駅だ。",
            "{name}の利用者は、一日におよそ{passengers}人いる。",
            "{other}までは、{name}から{minutes}分かかる。",
            "同じ線の{other}では、去年に工事が終わった。",
            "{name}の駅前には、{near}行きのバスが止まる。",
            "{near}から通う{fellow}さんは、毎朝{name}で降りる。",
        ),
        speakers=("駅員", "利用客", "高校生", "会社員", "売店の店員"),
        public=True,
    ),
    "event": Subject(
        pool="events",
        same="同催し",
        leads=(
            "毎年{month}月に開かれる{name}が、ことしもやって来た。",
            "{near}の大通りには、のぼりが並んでいる。",
            "{name}を楽しみにしてきた人は多い。",
            "{town}の人々にとって、{name}は特別な日だ。",
            "{near}から来た{person}さんは、開始の二時間前に着いた。",
        ),
        backgrounds=(
            "{name}は{year}年に始まり、毎年{month}月に開かれる。",
            "{name}の運営には、{maker}が協力している。",
            "近くの{other}も、同じ季節に開かれる。",
            "会場までは、{near}から臨時のバスが走る。",
            "{name}の実行委員長は、{fellow}さんが務める。",
            "屋台には、{near}の店も加わった。",
            "{fellow}さんは、{name}に二十年通っている。",
        ),
        speakers=("来場者", "実行委員", "屋台の店主", "案内係", "出演者"),
    ),
    "shop": Subject(
        pool="shops",
        same="同店",
        leads=(
            "{dish}で知られる{name}には、いつも客の列ができる。",
            "{town}の{name}は、{year}年から続く店だ。",
            "お昼どきの{near}を歩くと、いい香りがしてくる。",
            "{near}から{name}に通う{person}さんは、常連の一人だ。",
            "食べることが好きな{person}さんは、{name}の大ファンである。",
        ),
        backgrounds=(
            "{name}の看板は{dish}で、{old_price}円で食べられる。",
            "{name}の店主は、{fellow}さんが務める。",
            "近くの{other}も、負けじと新しい品を考えている。",
            "昨年は{other}が、{near}に移った。",
            "{name}の席は{seats}ほどで、昼は混み合う。",
            "{fellow}さんは{near}で修業し、{name}に入った。",
            "{name}は{year}年に{town}で店を開いた。",
        ),
        speakers=("店主", "常連客", "店員", "近所の人", "会社員"),
    ),
    "food": Subject(
        pool="foods",
        same="同料理",
        leads=(
            "{season}の味といえば、{town}の{name}を挙げる人が多い。",
            "{near}の市場に、{ingredient}が並び始めた。",
            "{taste}味の{name}は、土産としても人気がある。",
            "{near}の{person}さんの家では、{season}になると{name}を作る。",
        ),
        backgrounds=(
            "{name}は、{ingredient}を使った{taste}味の料理だ。",
            "{name}は、{season}によく食べられる。",
            "{name}の作り方は、{near}と{town}とで少し違う。",
            "似た料理に{other}がある。",
            "料理人の{fellow}さんは、{name}を広めてきた一人だ。",
            "{maker}は、{other}でも同じ試みをしている。",
        ),
        speakers=("料理人", "店主", "主婦", "観光客", "農家"),
    ),
    "person": Subject(
        pool="people",
        same="本人",
        leads=(
            "{profession}として知られる{name}さんを、{near}に訪ねた。",
            "{hobby}が好きな{name}さんは、{near}でもよく見かけられる。",
            "{near}の会場は、{name}さんを一目見ようとする人で埋まった。",
            "{town}出身の{name}さんの名は、{near}でもよく知られている。",
            "{name}さんが姿を見せると、{near}の会場に拍手が起きた。",
        ),
        backgrounds=(
            "{name}さんは{town}の出身で、{profession}として活動してきた。",
            "{name}さんの趣味は{hobby}だという。",
            "友人の{fellow}さんとは、{near}で知り合った。",
            "{other}さんとは、長年のライバルである。",
            "{name}さんは十代のころ、{near}で暮らした。",
            "師と仰ぐ{fellow}さんにも、早くに知らせた。",
            "三年前には、{other}さんも同じ道を選んでいる。",
        ),
        speakers=("友人", "ファン", "同僚", "教え子", "関係者"),
    ),
}
