"""ニュースの出来事の種類。中心となる事実の述べ方と、見出しの付け方の表。

``cores`` は中心となる事実の述べ方で、``frame`` の枠(``news`` にある)に入る。
``heads`` は見出しで、本文とは別の言い方をする。``extras`` は、見出しに使われない
同じ種類の値(別の日・別の値段・別の人)を述べる文。

``values`` は、その記事で引く値の書き方で、空白で区切る。

    price:20-480*100        20〜480 を引いて 100 倍する
    old<new:10-95*1000      小さい順に old と new に割り当てる
    low~high:10-95*1000     小さい順で、となりどうしは 2 倍まで
    cut=low-high            引いた値の差
    part=取っ手|ふた         どれか一つを選ぶ

{span} は商品の種類に合った値段の幅である。
"""

from dataclasses import dataclass
from typing import Literal

Frame = Literal["plan", "report", "tally", "deed", "match", "whole"]

# 本物の収録順。数は訓練用の件数で、割り当ての重みに使う。
CATEGORIES = {
    "dokujo-tsushin": 695,
    "it-life-hack": 718,
    "kaden-channel": 656,
    "livedoor-homme": 421,
    "movie-enter": 689,
    "peachy": 677,
    "smax": 690,
    "sports-watch": 731,
    "topic-news": 616,
}


@dataclass(frozen=True)
class Kind:
    """出来事の種類。

    topic を空にすると主題の名前を使う。only は主題の種類、before はできた年の上限。
    """

    id: str
    category: str
    subject: str
    frame: Frame
    cores: tuple[str, ...]
    heads: tuple[str, ...]
    extras: tuple[str, ...]
    values: str = ""
    topic: str = ""
    before: int = 9999
    only: tuple[str, ...] = ()
    tag: str = ""


KINDS: tuple[Kind, ...] = (
    # --- dokujo-tsushin: 働く女性の暮らし --------------------------------------
    Kind(
        id="survey",
        category="dokujo-tsushin",
        subject="company",
        frame="whole",
        cores=(
            "{name}が{age}代の女性に尋ねたところ、「{answer}」が{most}%で最も多かった。",
            "{name}が{when}に公表した調べでは、{age}代の女性の{most}%が"
            "「{answer}」と答え、首位だった。",
            "もっとも多かったのは「{answer}」で、"
            "{name}の調べに{age}代の女性の{most}%が選んだ。",
            "{when}にまとまった{name}の集計で首位に立ったのは、"
            "{age}代の女性の{most}%が挙げた「{answer}」だった。",
        ),
        heads=(
            "「{answer}」{age}代女性の{most}%　{name}調べ",
            "{age}代女性、{most}%が「{answer}」　{name}",
            "{name}調査、1位は「{answer}」{most}%",
        ),
        extras=(
            "{name}によると、次に多かったのは「{answer2}」の{second}%である。",
            "「{answer3}」という声は、{name}の調べでは{third}%にとどまった。",
            "五年前に{other}が調べたときは、「{answer2}」が{before}%で首位だった。",
        ),
        values=(
            "age=20|30|40 third<second<most:12-58 before:31-69 "
            "answer+answer2+answer3=休日は一人で過ごしたい|料理より外食が楽"
            "|仕事を優先したい"
            "|毎月貯金している|朝食を食べない|友人と旅に出たい|早く寝たい|引っ越したい"
            "|資格を取りたい|犬か猫を飼いたい|髪を切りたい|実家に帰りたい"
        ),
    ),
    Kind(
        id="marriage",
        category="dokujo-tsushin",
        subject="person",
        frame="report",
        cores=(
            "{age}歳の{job}と結婚した",
            "{age}歳になる{job}と夫婦になった",
            "{job}で{age}歳の恋人と籍を入れた",
        ),
        heads=(
            "{name}が結婚　お相手は{age}歳の{job}",
            "{name}ゴールイン、お相手は{job}",
            "{name}と{age}歳{job}が結婚",
        ),
        extras=(
            "{fellow}さんは{fellow_age}歳で{job2}と結婚し、{near}で暮らしている。",
            "{other}さんも昨年、{job2}との婚約を公にした。",
            "{name}さんはかつて、{job2}との仲をうわさされた。",
        ),
        values=(
            "age+fellow_age:24-49 job+job2=会社員|医師|教師|料理人|写真家|公務員|編集者"
            "|美容師|看護師|画家"
        ),
    ),
    Kind(
        id="class",
        category="dokujo-tsushin",
        subject="person",
        frame="plan",
        cores=(
            "仕事帰りに通える{lesson}の教室を{place}で開く",
            "{place}で、働く女性に{lesson}を教え始める",
            "{place}に{lesson}の学びの場をつくる",
        ),
        heads=(
            "{name}、{place}で{lesson}教室　仕事帰りに",
            "仕事帰りに{lesson}　{name}が{place}に教室",
            "{name}が{lesson}教室、{place}で開講へ",
        ),
        extras=(
            "{other}さんは{near}で{lesson2}を教えている。",
            "{name}さんは以前、{near}で{lesson2}の講師も務めた。",
            "{fellow}さんの{lesson2}の教室は、{near}で満員が続く。",
        ),
        values="lesson+lesson2=書道|編み物|写真|俳句|園芸|料理|茶道|着付け|絵手紙|ヨガ",
    ),
    Kind(
        id="essay",
        category="dokujo-tsushin",
        subject="person",
        frame="plan",
        cores=(
            "{matter}をつづった随筆集を{release}月に出す",
            "{matter}について書いた本を{release}月に世に送り出す",
            "{matter}を語る一冊を{release}月に刊行する",
        ),
        heads=(
            "{name}が{matter}つづる　{release}月に随筆集",
            "{name}、{matter}を本に　{release}月発売",
            "{matter}語る{name}の新刊、{release}月に",
        ),
        extras=(
            "{name}さんの前の本は{matter2}がテーマで、{near}の書店でよく売れた。",
            "{other}さんも{other_release}月に、{matter2}を扱う本を出す。",
            "{fellow}さんは、{matter2}の話のほうが{name}さんらしいと言う。",
        ),
        values=(
            "release+other_release:1-12 matter+matter2=一人暮らし|転職|子育て|失恋"
            "|母との日々"
            "|旅先の出会い|病との日々|五十代の恋|遅い結婚"
        ),
    ),
    Kind(
        id="leave",
        category="dokujo-tsushin",
        subject="company",
        frame="plan",
        cores=(
            "{reason}のための休みを年に{days}日まで認める",
            "社員が{reason}のときに年{days}日まで休める仕組みを設ける",
            "{reason}に使える休暇を{days}日分つくる",
        ),
        heads=(
            "{name}が{reason}休暇を新設　年{days}日",
            "{reason}で{days}日休める　{name}の新制度",
            "{name}、{reason}休暇{days}日を導入",
        ),
        extras=(
            "{other}では、{reason2}のための休みが{other_days}日ある。",
            "{name}にはすでに、{reason2}のための休みが{before}日ある。",
            "{fellow}さんが働く{maker}は、{reason2}の休みを{other_days}日に増やした。",
        ),
        values=(
            "days+other_days+before:2-20 reason+reason2=失恋|引っ越し|推し活|ペット"
            "|親の介護"
            "|記念日|不妊治療|ボランティア"
        ),
    ),
    # --- it-life-hack: 情報技術 -------------------------------------------------
    Kind(
        id="app",
        category="it-life-hack",
        subject="company",
        frame="plan",
        cores=(
            "{function}アプリ「{app}」を{release}月に公開する",
            "スマートフォンで{function}「{app}」を{release}月から配る",
            "{function}ソフト「{app}」の提供を{release}月に始める",
        ),
        heads=(
            "{name}、{function}「{app}」を{release}月提供",
            "{function}アプリ「{app}」　{name}が{release}月に",
            "{name}の「{app}」{release}月登場　{function}アプリ",
        ),
        extras=(
            "{name}が{old_release}月に出した前のアプリは、{function2}と{near}で評判だった。",
            "{other}の「{app2}」は、{function2}アプリとして{near}で使われている。",
            "{fellow}さんは、いまも「{app2}」を手放せないという。",
        ),
        values=(
            "release+old_release:1-12 function+function2=献立が決まる|家計がわかる"
            "|道に迷わない"
            "|睡眠を記録できる|部屋が片づく|漢字を学べる|写真を整理できる|天気がわかる"
            "|遺失物を探せる"
        ),
        tag="新サービス",
    ),
    Kind(
        id="outage",
        category="it-life-hack",
        subject="company",
        frame="tally",
        cores=(
            "{service}が{hours}時間にわたって使えなくなった",
            "{cause}のため、{service}を{hours}時間止めた",
            "{service}がおよそ{hours}時間つながらなくなった",
        ),
        heads=(
            "{name}の{service}、{hours}時間停止",
            "{service}が{hours}時間ダウン　{name}で障害",
            "{name}で障害、{service}{hours}時間使えず",
        ),
        extras=(
            "{name}では{last}月にも、{service2}が{old_hours}時間止まっている。",
            "{other}の{service2}は、{near}で{old_hours}時間止まったことがある。",
            "{name}の{service2}には影響がなく、{near}では通常どおり使えた。",
        ),
        values=(
            "hours+old_hours:2-30 last:1-12 cause=機器の故障|設定の誤り|停電|大雨 "
            "service+service2=通信販売|予約サイト|会員サイト|決済システム|動画配信"
            "|電子書籍"
            "|配達サービス"
        ),
        tag="障害",
    ),
    Kind(
        id="alliance",
        category="it-life-hack",
        subject="company",
        frame="plan",
        cores=(
            "{other}と{field}で手を結ぶ",
            "{field}をめぐって{other}と組む",
            "{other}とともに{field}に取り組む",
        ),
        heads=(
            "{name}と{other}が提携　{field}で",
            "{name}、{field}で{other}と提携へ",
            "{field}で{name}・{other}が提携",
        ),
        extras=(
            "{name}は{past}年に{maker}とも{field2}で手を組んでいた。",
            "{other}は、{field2}では{maker}と競い合う。",
            "{near}では、{maker}が{field2}を進めている。",
        ),
        values=(
            "past:2001-2020 field+field2=電子決済|自動運転|遠隔医療|在宅学習|翻訳ソフト"
            "|防災システム|地図データ|音声認識"
        ),
        tag="提携",
    ),
    Kind(
        id="leak",
        category="it-life-hack",
        subject="company",
        frame="tally",
        cores=(
            "客{count}人分の{record}を外に漏らした",
            "{route}により、{count}人分の{record}を流出させた",
            "{record}{count}人分を誤って公開していた",
        ),
        heads=(
            "{name}、{record}{count}人分が流出",
            "{count}人の{record}流出　{name}",
            "{name}から{count}人分の{record}漏れる",
        ),
        extras=(
            "{name}が{near}で預かる客は、あわせて{all}人に上る。",
            "去年は{other}でも、{small}人分の{record2}が漏れた。",
            "{record2}は含まれていないと、{name}は{near}で説明した。",
        ),
        values=(
            "small<count<all:2-95*1000 route=不正な侵入|社員の不注意|機器の紛失 "
            "record+record2=住所録|電話番号|購入の履歴|会員の名前|暗証番号"
        ),
        tag="流出",
    ),
    Kind(
        id="telework",
        category="it-life-hack",
        subject="company",
        frame="plan",
        cores=(
            "社員の{percent}%を在宅での勤務に切り替える",
            "{percent}%の社員に{release}月から自宅で働いてもらう",
            "社員{percent}%の仕事場を{release}月に自宅へ移す",
        ),
        heads=(
            "{name}、社員{percent}%が在宅勤務へ",
            "在宅勤務{percent}%に　{name}の働き方改革",
            "{name}が在宅勤務を拡大　社員の{percent}%",
        ),
        extras=(
            "{name}で今、自宅で働くのは{now}%である。",
            "{other}は{near}の事務所を閉じ、{rival}%が自宅で働く。",
            "{fellow}さんの会社では、{rival}%が自宅で仕事をする。",
        ),
        values="now<percent:10-90 rival:15-85 release:1-12",
        tag="働き方",
    ),
    # --- kaden-channel: 家電と日用品 --------------------------------------------
    Kind(
        id="launch",
        category="kaden-channel",
        subject="product",
        frame="plan",
        cores=(
            "新しくした{name}を{price}円で発売する",
            "作り直した{name}を{price}円で店に並べる",
            "新型の{name}の値段を{price}円とし、{release}月から売る",
        ),
        heads=(
            "新型{name}、{price}円で登場",
            "新型{name}を投入　{price}円",
            "{price}円の新型{name}お目見え",
        ),
        extras=(
            "前の型は{old_price}円で、{near}でもよく売れた。",
            "同じ棚に並ぶ{other}は{rival}円で、値段では{name}とぶつかる。",
            "{near}の店では、{other}が{rival}円で売られている。",
        ),
        values="price+old_price+rival:{span} release:1-12",
        topic="{company}",
    ),
    Kind(
        id="recall",
        category="kaden-channel",
        subject="product",
        frame="plan",
        cores=(
            "{trouble}おそれがあるとして、{name}{count}{counter}を無償で引き取る",
            "{name}{count}{counter}に{trouble}おそれがあるため、店頭から引き揚げる",
            "{trouble}不具合が見つかった{name}{count}{counter}を集めて直す",
        ),
        heads=(
            "{name}{count}{counter}を回収　{trouble}おそれ",
            "{trouble}おそれ、{name}{count}{counter}回収",
            "{name}を回収、{count}{counter}に{trouble}おそれ",
        ),
        extras=(
            "{company}がこれまでに売った{name}は、{all}{counter}に上る。",
            "{near}では先月、{trouble2}おそれのある{other}も{small}{counter}引き取られた。",
            "{near}では、{trouble2}という相談が{calls}件寄せられていた。",
        ),
        values=(
            "small<count<all:2-95*1000 calls:3-40 trouble+trouble2=色が落ちる|変形する"
            "|においが出る|表面がはがれる|早く傷む|壊れる"
        ),
        topic="{company}",
    ),
    Kind(
        id="sales",
        category="kaden-channel",
        subject="product",
        frame="tally",
        cores=(
            "売り上げの累計が{count}{counter}に届いた",
            "発売から{years}年で{count}{counter}売れた",
            "{count}{counter}目が客の手に渡った",
        ),
        heads=(
            "{name}、{count}{counter}突破",
            "累計{count}{counter}　{name}が大台に",
            "{name}が{count}{counter}のヒット",
        ),
        extras=(
            "{company}のもともとの目標は、{near}を含めて{goal}{counter}だった。",
            "ライバルの{other}は、{near}などで{goal}{counter}を売っている。",
            "{fellow}さんは、{name}の{lucky}{counter}目を買った一人だ。",
        ),
        values="lucky~goal~count:2-95*1000 years:2-9",
    ),
    Kind(
        id="discount",
        category="kaden-channel",
        subject="product",
        frame="plan",
        cores=(
            "{name}の値段を{high}円から{low}円に引き下げる",
            "これまで{high}円だった{name}を{low}円で売る",
            "{high}円の{name}を{release}月から{low}円に改める",
        ),
        heads=(
            "{name}を{low}円に値下げ",
            "{name}が{low}円に　{cut}円の値下げ",
            "値下げの{name}、{low}円で販売",
        ),
        extras=(
            "{near}の店に並ぶ{other}は、いまも{rival}円のままだ。",
            "発売のころの{name}は、{near}で{first}円だった。",
            "{fellow}さんは先週、{near}で{other}を{rival}円で買ったばかりだった。",
        ),
        values="low~high~first:{span} rival:{span} cut=low-high release:1-12",
        topic="{company}",
    ),
    Kind(
        id="hike",
        category="kaden-channel",
        subject="product",
        frame="plan",
        cores=(
            "{name}の値段を{low}円から{high}円に引き上げる",
            "材料の高騰を受け、{low}円だった{name}を{high}円で売る",
            "{low}円の{name}を{release}月から{high}円に改める",
        ),
        heads=(
            "{name}を{high}円に値上げ",
            "{name}が{high}円に　{cut}円の値上げ",
            "値上げの{name}、{high}円で販売",
        ),
        extras=(
            "{near}の店に並ぶ{other}は、いまも{rival}円のままだ。",
            "発売のころの{name}は、{near}で{first}円だった。",
            "{fellow}さんは先週、{near}で{other}を{rival}円で買ったばかりだった。",
        ),
        values="first~low~high:{span} rival:{span} cut=low-high release:1-12",
        topic="{company}",
    ),
    # --- livedoor-homme: 男性の暮らし -------------------------------------------
    Kind(
        id="supervised",
        category="livedoor-homme",
        subject="product",
        frame="plan",
        cores=(
            "{profession2}の{person}が手を加えた{name}を{count}{counter}だけつくる",
            "{person}に意匠を任せた特別な{name}を、{count}{counter}に限って売る",
            "{person}の好みに合わせた{name}を{count}{counter}用意する",
        ),
        heads=(
            "{person}監修の{name}、限定{count}{counter}",
            "{name}に{person}モデル　限定{count}{counter}",
            "限定{count}{counter}　{person}が{name}を監修",
        ),
        extras=(
            "去年は{fellow}が監修した{other}が、{near}で{old_count}{counter}売り出された。",
            "{other}も、{fellow}と組んだ特別な型が{old_count}{counter}つくられた。",
            "ふだんの{name}は、{near}の店で{price}円ほどで買える。",
        ),
        values=(
            "count+old_count:2-90*10 price:{span} profession2=俳優|画家|写真家"
            "|歌手|棋士"
        ),
        topic="{company}",
    ),
    Kind(
        id="career",
        category="livedoor-homme",
        subject="person",
        frame="report",
        cores=(
            "{years}年続けた{profession}をやめ、{job}になった",
            "{profession}の仕事に区切りをつけ、{place}で{job}を始めた",
            "{years}年のあいだ務めた{profession}から{job}に移った",
        ),
        heads=(
            "{name}、{profession}から{job}へ転身",
            "{job}に転身、{profession}だった{name}",
            "{profession}の{name}が転身　第二の人生は{job}",
        ),
        extras=(
            "{other}さんも三年前、{job2}に変わった。",
            "{name}さんは一時、{near}で{job2}になることも考えた。",
            "{fellow}さんは{near}で{job2}として働いている。",
        ),
        values=(
            "years:5-30 job+job2=農家|漁師|陶芸職人|そば職人|家具職人|庭師|大工|僧侶"
            "|靴職人"
            "|パン職人"
        ),
    ),
    Kind(
        id="ranking",
        category="livedoor-homme",
        subject="product",
        frame="tally",
        cores=(
            "「{scene}に使いたい{category}」の{rank}位に選ばれた",
            "{scene}向けの{category}を比べる調べで{rank}位に入った",
            "読者が選ぶ「{scene}の{category}」で{rank}位になった",
        ),
        heads=(
            "「{scene}の{category}」{name}が{rank}位",
            "{name}、{scene}部門で{rank}位",
            "{scene}に使う{category}、{rank}位は{name}",
        ),
        extras=(
            "去年の{name}は、{scene2}の部門で{old_rank}位だった。",
            "{near}で人気の{other}は、{old_rank}位に入っている。",
            "{fellow}さんは、{scene2}には{other}のほうが合うという。",
        ),
        values="rank+old_rank:1-12 scene+scene2=通勤|出張|旅行|休日|散歩|山歩き",
        only=("イヤホン", "リュック", "腕時計", "水筒", "手帳", "スニーカー"),
    ),
    Kind(
        id="secret",
        category="livedoor-homme",
        subject="person",
        frame="deed",
        cores=(
            "{habit}ことが長く続ける力になったと語った",
            "{habit}ことが仕事の支えだと話した",
            "{habit}ことを欠かさないと打ち明けた",
        ),
        heads=(
            "{name}に聞く　仕事の支えは「{habit}」",
            "{profession}{name}の流儀「{habit}」",
            "「{habit}」を欠かさず　{profession}の{name}",
        ),
        extras=(
            "{other}さんは反対に、{habit2}ことを大切にしている。",
            "若いころの{name}さんは、{near}で{habit2}ことに夢中だった。",
            "{fellow}さんは「{habit2}ほうが自分には合う」と言う。",
        ),
        values=(
            "habit+habit2=毎朝走る|早く寝る|日記をつける|弁当を作る|靴を磨く|花を育てる"
            "|よく笑う|歩いて通う|手紙を書く|昼に眠る"
        ),
    ),
    # --- movie-enter: 映画と作品 -------------------------------------------------
    Kind(
        id="release",
        category="movie-enter",
        subject="work",
        frame="report",
        cores=(
            "{release}月{day}日から{show}されることになった",
            "{show}の初日が{release}月{day}日に決まった",
            "{release}月{day}日に{show}を迎えると決まった",
        ),
        heads=(
            "『{name}』{release}月{day}日{show}決定",
            "{kind}『{name}』{show}日は{release}月{day}日",
            "『{name}』{release}月{day}日に{show}へ",
        ),
        extras=(
            "当初は{old_release}月の予定で、{near}でも準備が進んでいた。",
            "『{other}』は、ひと足早く{old_release}月{old_day}日に世に出る。",
            "{fellow}の別の作品は、{old_release}月{old_day}日に始まる。",
        ),
        values="release+old_release:1-12 day+old_day:1-28",
        only=("映画", "ドラマ", "舞台", "アニメ", "小説", "漫画", "ゲーム"),
    ),
    Kind(
        id="cast",
        category="movie-enter",
        subject="work",
        frame="report",
        cores=(
            "主役を{person}が務めることに決まった",
            "{person}が主人公を演じることになった",
            "主演に{person}を迎えた",
        ),
        heads=(
            "『{name}』主演は{person}",
            "{person}が『{name}』に主演",
            "{kind}『{name}』主役に{person}を起用",
        ),
        extras=(
            "脇を固めるのは{fellow}で、{near}で稽古を重ねてきた。",
            "主役の候補には、初め{fellow}の名も挙がっていた。",
            "『{other}』の主役を演じたのは{fellow}だった。",
        ),
        only=("映画", "ドラマ", "舞台", "アニメ"),
    ),
    Kind(
        id="audience",
        category="movie-enter",
        subject="work",
        frame="tally",
        cores=(
            "観客の数が{count}人に届いた",
            "{weeks}週で{count}人の客を集めた",
            "{count}人目の客を迎えた",
        ),
        heads=(
            "『{name}』観客{count}人突破",
            "{kind}『{name}』{count}人動員",
            "動員{count}人　『{name}』が快走",
        ),
        extras=(
            "最初の週末の客は、{near}などで{first}人だった。",
            "{creator}の前の作品は、{near}を含めて{last}人を集めている。",
            "同じころ始まった『{other}』は、{last}人にとどまる。",
        ),
        values="first~last~count:1-95*10000 weeks:2-12",
        only=("映画", "舞台", "アニメ"),
    ),
    Kind(
        id="prize",
        category="movie-enter",
        subject="work",
        frame="report",
        cores=(
            "{prize}に選ばれた",
            "今年の{prize}を射止めた",
            "審査の末、{prize}に輝いた",
        ),
        heads=(
            "『{name}』が{prize}",
            "{prize}に{kind}『{name}』",
            "{creator}の『{name}』{prize}を受賞",
        ),
        extras=(
            "{prize2}には『{other}』が選ばれた。",
            "『{name}』は去年、{prize2}を惜しくも逃していた。",
            "{fellow}は{near}で、{prize2}を受けている。",
        ),
        values=("prize+prize2=大賞|新人賞|審査員特別賞|金賞|銀賞|奨励賞|文化賞|国際賞"),
        only=("映画", "ドラマ", "舞台", "アニメ", "小説", "漫画", "ゲーム"),
    ),
    Kind(
        id="delay",
        category="movie-enter",
        subject="work",
        frame="report",
        cores=(
            "{reason}のため、{show}を{month_a}月から{month_b}月に先送りした",
            "{month_a}月だった{show}を、{reason}により{month_b}月へずらした",
            "{reason}を受けて、{show}を{month_b}月まで遅らせた",
        ),
        heads=(
            "『{name}』{show}延期　{month_b}月に",
            "{kind}『{name}』{month_b}月に延期",
            "{reason}で『{name}』延期、{month_b}月{show}へ",
        ),
        extras=(
            "『{other}』は予定どおり{month_c}月に始まる。",
            "{near}では、{month_c}月に試写の会が開かれたばかりだった。",
            "{fellow}が{near}で入院したときは、{month_c}月の催しも流れた。",
        ),
        values=(
            "month_a<month_b:1-12 month_c:1-12 reason=主演のけが|台風|作業の遅れ"
            "|会場の都合"
            "|監督の入院"
        ),
        only=("映画", "ドラマ", "舞台", "アニメ"),
    ),
    Kind(
        id="adaptation",
        category="movie-enter",
        subject="work",
        frame="report",
        cores=(
            "{person}の手で{form}になることが決まった",
            "{form}に形を変え、{person}がその監督を務めることになった",
            "{person}が監督となって{form}につくり変えることになった",
        ),
        heads=(
            "『{name}』が{form}化　監督は{person}",
            "{kind}『{name}』を{form}化、{person}監督で",
            "{person}監督、『{name}』を{form}に",
        ),
        extras=(
            "『{other}』は三年前に{form2}になっている。",
            "『{name}』は一度、{fellow}が{form2}にしようとしてあきらめた。",
            "{fellow}は{near}で、別の{form2}に取りかかっている。",
        ),
        values="form+form2=映画|ドラマ|舞台|アニメ",
        only=("小説", "漫画", "ゲーム"),
    ),
    # --- peachy: 食と店 -----------------------------------------------------------
    Kind(
        id="menu",
        category="peachy",
        subject="shop",
        frame="plan",
        cores=(
            "{season2}だけの品として、{fruit}の{sweet}を{price}円で出す",
            "{fruit}を使った{sweet}を{season2}のあいだ{price}円で味わってもらう",
            "{season2}に合わせ、{price}円の{fruit}{sweet}を献立に加える",
        ),
        heads=(
            "{name}に{fruit}{sweet}　{season2}限定{price}円",
            "{season2}限定の{fruit}{sweet}、{name}に登場",
            "{name}で{season2}だけの{fruit}{sweet}　{price}円",
        ),
        extras=(
            "去年の{season2}は{fruit2}の{sweet}を出し、{near}からも客が来た。",
            "{other}の{fruit2}{sweet}は{rival}円で、こちらも人気だ。",
            "{name}の{fruit2}の飲み物は、{near}の客に{rival}円で出している。",
        ),
        values=(
            "price+rival:35-98*10 season2=春|夏|秋|冬 sweet=パフェ|ケーキ|プリン|タルト"
            "|ゼリー|アイス|大福 fruit+fruit2=桃|柚子|りんご|栗|さつまいも|ぶどう|梨"
            "|いちご|抹茶"
        ),
        only=("喫茶", "洋食", "ベーカリー", "カフェ", "甘味処"),
    ),
    Kind(
        id="second",
        category="peachy",
        subject="shop",
        frame="plan",
        cores=(
            "{release}月に{place}で二つ目の店を開く",
            "{place}に新しい店を構え、{release}月から客を迎える",
            "{place}にも{release}月に店を出す",
        ),
        heads=(
            "{name}が{place}に2号店　{release}月",
            "{name}、{place}に{release}月出店",
            "{place}に{name}2号店、{release}月オープン",
        ),
        extras=(
            "{other}は{old_release}月に{near}の店を閉じた。",
            "{name}は一度、{near}に店を出そうとして見送っている。",
            "{fellow}さんは{near}での店づくりを手伝った。",
        ),
        values="release+old_release:1-12",
    ),
    Kind(
        id="closing",
        category="peachy",
        subject="shop",
        frame="plan",
        cores=(
            "{release}月を最後に、{history}年続いたのれんを下ろす",
            "{release}月末で店をたたみ、{history}年の営みを終える",
            "{history}年にわたる営業を{release}月でやめる",
        ),
        heads=(
            "{name}閉店へ　{history}年の歴史に幕",
            "{name}が{release}月閉店、{history}年の歴史",
            "{history}年の{name}、{release}月に閉店",
        ),
        extras=(
            "{other}も、{old_years}年続いた{near}の店を去年に閉じた。",
            "{fellow}さんは{near}から{old_years}年通い続けた。",
            "{name}の前の店主は、{near}で{old_years}年働いた人だった。",
        ),
        values="release:1-12 old_years:11-95",
        before=2005,
    ),
    Kind(
        id="hit",
        category="peachy",
        subject="shop",
        frame="tally",
        cores=(
            "{sweet}を一日に{count}個売り切る日が続いた",
            "{sweet}が日に{count}個も出るようになった",
            "一日{count}個の{sweet}を昼までに売り尽くすようになった",
        ),
        heads=(
            "{name}の{sweet}が大人気　1日{count}個",
            "1日{count}個の{sweet}　{name}に行列",
            "{name}に行列、{sweet}が1日{count}個",
        ),
        extras=(
            "半年前まで、{name}の{sweet2}は一日{few}個ほどだった。",
            "{other}の{sweet2}は、{near}で一日{few}個売れる。",
            "{fellow}さんは{near}から来て、{sweet2}を{some}個買った。",
        ),
        values=(
            "some:2-9 few~count:3-90*10 sweet+sweet2=あんパン|プリン|どら焼き"
            "|シュークリーム"
            "|カステラ|コロッケ|おはぎ|メロンパン"
        ),
        only=("喫茶", "洋食", "ベーカリー", "カフェ", "甘味処"),
    ),
    Kind(
        id="souvenir",
        category="peachy",
        subject="food",
        frame="plan",
        cores=(
            "{name}の味を写した{snack}を{price}円で売り出す",
            "{name}をもとにした{snack}を、土産として{price}円で並べる",
            "{name}を{snack}に仕立て直し、{price}円で店に出す",
        ),
        heads=(
            "{name}味の{snack}　{price}円で発売",
            "{name}が{snack}に　{price}円",
            "土産に{name}の{snack}、{price}円",
        ),
        extras=(
            "{maker}は{other}の{snack2}も{rival}円で売っている。",
            "前に出した{name}の{snack2}は、{near}で{rival}円だった。",
            "{fellow}さんは{near}で、{snack2}の試作を続けてきた。",
        ),
        values=(
            "price+rival:16-98*10 snack+snack2=せんべい|おかき|クッキー|グミ"
            "|ビスケット|スナック菓子"
        ),
        topic="{maker}",
    ),
    # --- smax: 持ち歩く機器 -------------------------------------------------------
    Kind(
        id="colour",
        category="smax",
        subject="product",
        frame="plan",
        cores=(
            "{name}に{colour}を加え、{release}月から売る",
            "{colour}の{name}を{release}月に出す",
            "{name}の色に{release}月から{colour}を足す",
        ),
        heads=(
            "{name}に新色「{colour}」　{release}月",
            "新色は{colour}　{name}に{release}月追加",
            "{name}の新色{colour}、{release}月発売",
        ),
        extras=(
            "これまでの{name}は{colour2}だけで、{near}でも品切れだった。",
            "{near}で評判の{other}には、{old_release}月に{colour2}が加わった。",
            "{fellow}さんは{near}の店で、{colour2}の{other}を選んだ。",
        ),
        values=(
            "release+old_release:1-12 colour+colour2=空色|若草色|桜色|墨色|銀色"
            "|レモン色"
            "|ワイン色|藍色"
        ),
        topic="{company}",
        tag="新色",
        only=("イヤホン", "リュック", "腕時計", "水筒", "手帳", "スニーカー"),
    ),
    Kind(
        id="weight",
        category="smax",
        subject="product",
        frame="plan",
        cores=(
            "{name}の重さを{heavy}グラムから{light}グラムに減らす",
            "{heavy}グラムあった{name}を{light}グラムまで軽くする",
            "{light}グラムと、前より持ち運びやすい{name}をつくる",
        ),
        heads=(
            "{name}、{light}グラムに軽量化",
            "軽くなった{name}　わずか{light}グラム",
            "{name}を{light}グラムに軽量化へ",
        ),
        extras=(
            "よく比べられる{other}は{rival}グラムで、{near}の店でも評判がよい。",
            "{near}の{fellow}さんが使う{other}は、{rival}グラムある。",
            "最初の{name}は{first}グラムで、{fellow}さんには重すぎた。",
        ),
        values="light~heavy~first:15-52*10 rival:15-52*10",
        topic="{company}",
        tag="改良",
        only=("リュック", "水筒", "マグカップ", "手帳", "スニーカー"),
    ),
    Kind(
        id="reserve",
        category="smax",
        subject="product",
        frame="plan",
        cores=(
            "{name}の予約を{release}月{day}日から受け付ける",
            "{release}月{day}日に{name}の申し込みを受け始める",
            "{name}を求める客の申し込みを、{release}月{day}日に始める",
        ),
        heads=(
            "{name}、{release}月{day}日予約開始",
            "予約は{release}月{day}日から　{name}",
            "{name}の予約受付、{release}月{day}日スタート",
        ),
        extras=(
            "{near}で待たれていた{other}は、{old_release}月{old_day}日に店に並んだ。",
            "前の型の予約は{old_release}月{old_day}日に始まり、{near}では一日で終わった。",
            "{fellow}さんは{old_release}月{old_day}日に、{near}で{other}を手に入れた。",
        ),
        values="release+old_release:1-12 day+old_day:1-28",
        topic="{company}",
        tag="予約",
    ),
    Kind(
        id="wireless",
        category="smax",
        subject="station",
        frame="plan",
        cores=(
            "{net}を{release}月から無料で使えるようにする",
            "待合室に{release}月から{net}を備える",
            "{net}を{release}月に取り入れ、客に開放する",
        ),
        heads=(
            "{name}に{net}　{release}月から",
            "{name}、{release}月に{net}導入",
            "{net}が{release}月から{name}で",
        ),
        extras=(
            "{other}では、{net2}が{old_release}月から使える。",
            "{name}には{net2}がすでにあり、{near}へ通う人がよく使う。",
            "{fellow}さんは{near}で、{net2}を毎日使っている。",
        ),
        values=(
            "release+old_release:1-12 net+net2=無線LAN|充電器の貸し出し"
            "|翻訳機の貸し出し|貸し傘|貸し自転車|電子書籍の貸し出し"
        ),
        tag="新サービス",
    ),
    # --- sports-watch: スポーツ ---------------------------------------------------
    Kind(
        id="win",
        category="sports-watch",
        subject="team",
        frame="match",
        cores=(
            "{other}と戦い、{high}対{low}で勝った",
            "{near}に{other}を迎え、{high}対{low}で下した",
            "{high}対{low}で{other}を退けた",
        ),
        heads=(
            "{name}{high}-{low}で{other}に勝利",
            "{name}が白星　{other}に{high}-{low}",
            "{name}、{other}下す　{high}-{low}",
        ),
        extras=(
            "同じ日に{near}で行われた別の試合は、{old_high}対{old_low}で終わった。",
            "{other}は前の試合で、{near}の相手に{old_high}対{old_low}で勝っている。",
            "{fellow}は{name}に移る前、{near}のチームにいた。",
        ),
    ),
    Kind(
        id="lose",
        category="sports-watch",
        subject="team",
        frame="match",
        cores=(
            "{other}と戦い、{low}対{high}で敗れた",
            "{near}で{other}とぶつかり、{low}対{high}で負けた",
            "{low}対{high}で{other}に屈した",
        ),
        heads=(
            "{name}{low}-{high}で{other}に敗戦",
            "{name}が黒星　{other}に{low}-{high}",
            "{name}、{other}に敗れる　{low}-{high}",
        ),
        extras=(
            "{name}は前の試合では、{near}で{old_high}対{old_low}と勝っていた。",
            "{other}は先週、{near}の相手を{old_high}対{old_low}で下した。",
            "{fellow}は{name}に移る前、{near}のチームにいた。",
        ),
    ),
    Kind(
        id="streak",
        category="sports-watch",
        subject="team",
        frame="match",
        cores=(
            "{other}も破り、これで{count}回続けて勝った",
            "{other}との試合も制し、続けて{count}度目の勝ち星を挙げた",
            "{other}を下し、負けなしの{count}試合目を飾った",
        ),
        heads=(
            "{name}{count}連勝　{other}も破る",
            "{name}、{other}下し{count}連勝",
            "{count}連勝の{name}、{other}も撃破",
        ),
        extras=(
            "{name}の過去の記録は、{near}で勝った試合までの{best}回である。",
            "{other}はこれで{lost}回続けての負けとなり、{near}に戻る。",
            "昨年の{name}は、{near}での試合から{lost}回続けて負けていた。",
        ),
        values="count+best+lost:3-15",
    ),
    Kind(
        id="coach",
        category="sports-watch",
        subject="team",
        frame="plan",
        cores=(
            "来季の指揮を{person}に任せる",
            "来季、新しい監督として{person}を迎える",
            "{person}を次の監督とする",
        ),
        heads=(
            "{name}新監督に{person}",
            "{person}、{name}の監督就任へ",
            "{name}、来季の監督は{person}",
        ),
        extras=(
            "今の監督の{coach}は、{name}を三年率いた。",
            "候補には{fellow}の名もあったが、{near}の家族を思って断った。",
            "{other}でも、{fellow}が監督を退く。",
        ),
    ),
    Kind(
        id="transfer",
        category="sports-watch",
        subject="team",
        frame="plan",
        cores=(
            "{other}から{person}を獲得する",
            "{other}でプレーしてきた{person}を来季に迎え入れる",
            "{other}の{person}と契約する",
        ),
        heads=(
            "{name}、{other}の{person}獲得へ",
            "{person}が{name}に移籍　{other}から",
            "{other}の{person}、{name}へ移籍",
        ),
        extras=(
            "{name}からは、{fellow}が{near}のチームに移る。",
            "{name}は、{near}で育った{fellow}とも話を続けている。",
            "{fellow}は{near}に残ることを選んだ。",
        ),
    ),
    Kind(
        id="injury",
        category="sports-watch",
        subject="team",
        frame="whole",
        cores=(
            "{name}の{person}が{when}の練習で{part}を痛め、{weeks}週間ほど試合を離れる。",
            "{when}、{name}は{person}が{part}のけがで{weeks}週間休むと知らせた。",
            "{name}によると、{person}は{part}を傷め、治るまで{weeks}週間かかる。",
            "{when}の検査の結果、{name}の{person}は{part}のけがで{weeks}週間出られなくなった。",
        ),
        heads=(
            "{name}の{person}、{part}負傷　{weeks}週間離脱",
            "{person}が{weeks}週間離脱　{name}に痛手",
            "{name}に痛手、{person}が{part}を負傷",
        ),
        extras=(
            "{fellow}も{part2}を痛めたが、{near}での試合には間に合う。",
            "{other}の{fellow}は、{part2}のけがで{old_weeks}週間休んだ。",
            "先月には{fellow}が、{near}で{part2}を打っている。",
        ),
        values=(
            "weeks+old_weeks:2-15 part+part2=右肩|左肩|右膝|左膝|足首|腰|太もも|手首"
        ),
    ),
    Kind(
        id="champion",
        category="sports-watch",
        subject="team",
        frame="match",
        cores=(
            "{other}との決戦に勝ち、{years}年ぶりに頂点に立った",
            "{other}を押さえて、{years}年ぶりの一位を決めた",
            "最後の試合で{other}を破り、{years}年ぶりに優勝した",
        ),
        heads=(
            "{name}が{years}年ぶりV　{other}破る",
            "{name}、{years}年ぶりの優勝",
            "{years}年ぶり優勝の{name}　{other}を下す",
        ),
        extras=(
            "{other}は{near}で敗れてから{old_years}年、頂点に届いていない。",
            "{near}出身の{fellow}は、けがを抱えながら{name}を支えてきた。",
            "二年前の{name}は、{near}で涙をのんだ。",
        ),
        values="years+old_years:3-9",
        before=2010,
    ),
    # --- topic-news: 町の話題 -----------------------------------------------------
    Kind(
        id="crowd_up",
        category="topic-news",
        subject="event",
        frame="tally",
        cores=(
            "去年の{small}人を上回る{large}人を集めた",
            "{large}人が足を運び、{small}人だった去年を超えた",
            "去年より多い{large}人の客を迎えた",
        ),
        heads=(
            "{name}に{large}人　去年を上回る",
            "{name}、来場{large}人に増える",
            "{large}人でにぎわう{name}　前年超え",
        ),
        extras=(
            "一昨年の{name}は、{first}人だった。",
            "同じ時期の{other}は、{first}人を数えた。",
            "{fellow}さんは{near}から、{group}人の仲間と訪れた。",
        ),
        values="first:3-400*1000 small~large:3-500*1000 group:3-30",
    ),
    Kind(
        id="crowd_down",
        category="topic-news",
        subject="event",
        frame="tally",
        cores=(
            "去年の{large}人に届かない{small}人に終わった",
            "客が{small}人と、{large}人だった去年を割り込んだ",
            "去年より少ない{small}人の客にとどまった",
        ),
        heads=(
            "{name}、{small}人に減る　去年を下回る",
            "{name}の来場{small}人　前年割れ",
            "客足鈍る{name}　{small}人どまり",
        ),
        extras=(
            "一昨年の{name}は、{first}人だった。",
            "同じ時期の{other}は、{first}人を数えた。",
            "{fellow}さんは{near}から、{group}人の仲間と訪れた。",
        ),
        values="first:3-400*1000 small~large:3-500*1000 group:3-30",
    ),
    Kind(
        id="cancel",
        category="topic-news",
        subject="event",
        frame="plan",
        cores=(
            "{reason}のため、ことしは見送る",
            "{reason}を理由に、ことしの開催をあきらめる",
            "{reason}により、ことしは行わない",
        ),
        heads=(
            "{name}ことしは中止　{reason}で",
            "{reason}で{name}中止",
            "{name}が中止に　{reason}のため",
        ),
        extras=(
            "{name}が{past}年に流れたときは、{reason2}が理由だった。",
            "{other}は{reason2}に悩みながらも、{near}で開かれる。",
            "{fellow}さんは、{near}でも{reason2}が心配だという。",
        ),
        values=(
            "past:1975-2015 reason+reason2=大雨の予報|人手不足|会場の工事|資金不足"
            "|台風の接近"
            "|道路の崩落|担い手の高齢化"
        ),
        topic="{name}の実行委員会",
    ),
    Kind(
        id="mayor",
        category="topic-news",
        subject="town",
        frame="whole",
        cores=(
            "{when}に行われた{name}の{post}選挙で、{job}の{person}さんが{high}票を得て初めて当選した。",
            "{name}の{post}を決める選挙が{when}に開票され、{job}の{person}さんが{high}票で選ばれた。",
            "{high}票を集めた{job}の{person}さんが、{when}、{name}の新しい{post}に決まった。",
            "{when}、{name}の{post}に{person}さんが選ばれ、{job}として得た信頼が{high}票に表れた。",
        ),
        heads=(
            "{stem}{post}に{person}氏　{job}から初当選",
            "{job}の{person}氏が{stem}{post}に",
            "{stem}{post}選、{person}氏が初当選",
        ),
        extras=(
            "{fellow}さんは{low}票で、{near}に近い地区で伸び悩んだ。",
            "前の{post}は{fellow}さんで、{name}を十二年率いた。",
            "{other}では来月、{job2}の{fellow}さんらが争う。",
        ),
        values=(
            "low~high:12-95*100 job+job2=元教師|元記者|会社員|医師|農家|元職員"
            "|弁護士|建築家"
        ),
    ),
    Kind(
        id="public_work",
        category="topic-news",
        subject="town",
        frame="plan",
        cores=(
            "{cost}億円をかけて{work}を建て直す",
            "老朽化した{work}を{cost}億円で建て替える",
            "{cost}億円の予算で、{work}を新しくする",
        ),
        heads=(
            "{name}、{work}建て替えへ　{cost}億円",
            "{work}を{cost}億円で一新　{name}",
            "{name}が{work}に{cost}億円",
        ),
        extras=(
            "{near}では三年前、{work2}に{old_cost}億円をかけた。",
            "{name}の{work2}は、{fellow}さんらの反対で見送られた。",
            "{other}も、{old_cost}億円で{work2}を直している。",
        ),
        values=(
            "cost+old_cost:2-90 work+work2=図書館|市民会館|体育館|小学校|病院|消防署"
            "|港|公会堂"
            "|動物園"
        ),
    ),
    Kind(
        id="settlers",
        category="topic-news",
        subject="town",
        frame="plan",
        cores=(
            "引っ越してきた家族に{money}万円を渡す",
            "よそから移る家族に、{money}万円の祝い金を出す",
            "移り住む家族を増やそうと、{money}万円を支給する",
        ),
        heads=(
            "{name}、移住に{money}万円　家族対象",
            "移住で{money}万円　{name}が新制度",
            "{name}が移住者に{money}万円支給",
        ),
        extras=(
            "{near}では、同じ仕組みで{old_money}万円が出る。",
            "{name}は去年まで、{old_money}万円の家賃の助けをしていた。",
            "{other}は{old_money}万円を出したが、{fellow}さんのように戻る人もいた。",
        ),
        values="money+old_money:5-200",
    ),
    Kind(
        id="station_renewal",
        category="topic-news",
        subject="station",
        frame="plan",
        cores=(
            "{history}年ぶりに駅舎を改め、{release}月に使い始める",
            "{history}年使った駅舎に代わる建物を{release}月に開く",
            "{history}年たった駅舎を建て替え、{release}月に客を迎える",
        ),
        heads=(
            "{name}に新駅舎　{release}月から",
            "{name}、{history}年ぶり新駅舎　{release}月",
            "新駅舎の{name}、{release}月に利用開始",
        ),
        extras=(
            "{other}の駅舎は{old_years}年前に建てられ、まだ使われている。",
            "{near}の住民は、{name}のエレベーターを{old_years}年待った。",
            "{fellow}さんは、{old_years}年前の{name}の写真を大切にしている。",
        ),
        values="release:1-12 old_years:21-95",
        before=1985,
    ),
    Kind(
        id="accident",
        category="topic-news",
        subject="station",
        frame="deed",
        cores=(
            "{cause}のため{minutes2}分止まり、{count}人に影響した",
            "{cause}で{minutes2}分にわたって動かず、{count}人の足を乱した",
            "{cause}により{minutes2}分のあいだ運転を見合わせ、{count}人を待たせた",
        ),
        heads=(
            "{name}で{cause}　{count}人に影響",
            "{cause}で{name}{minutes2}分停止　{count}人影響",
            "{name}の列車{minutes2}分ストップ　{cause}で",
        ),
        extras=(
            "先月の{name}では、{cause2}で{old_minutes}分止まった。",
            "{other}でも、{cause2}のため{old_minutes}分の遅れが出た。",
            "{fellow}さんは{near}での約束に{old_minutes}分遅れた。",
        ),
        values=(
            "minutes2+old_minutes:12-150 count:2-90*100 cause+cause2=信号の故障|倒木"
            "|大雪"
            "|鹿との接触|停電|落石|強風"
        ),
        topic="{name}を通る列車",
    ),
)
