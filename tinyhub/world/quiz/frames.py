"""クイズの文とパッセージの文の枠。種類と属性ごとに、値をはめる言い回しを置く。

問題の節は「続ける形|名詞にかかる形」の二つを並べる。パッセージの文は、名詞にかかる形を
言い切りに直したものと、ここに書いた文を使う。
"""

Frames = dict[str, dict[str, tuple[str, ...]]]


def _verbal(*stems: str) -> tuple[str, ...]:
    """「続ける形|かかる形」の列。{v} は値の入る場所。"""
    for stem in stems:
        if stem.count("|") != 1:
            raise ValueError(f"節の形が二つありません: {stem}")
    return stems


CLAUSES: Frames = {
    "person": {
        "hobby": _verbal(
            "{v}を好み|{v}を好む",
            "{v}を楽しみとし|{v}を楽しみとする",
            "余暇には{v}に親しみ|余暇には{v}に親しむ",
            "{v}が何より好きで|{v}が何より好きな",
        ),
        "birth": _verbal(
            "{v}に生まれ|{v}に生まれた",
            "{v}に生を受け|{v}に生を受けた",
            "{v}に産声をあげ|{v}に産声をあげた",
        ),
        "town": _verbal(
            "{v}の出身で|{v}出身の",
            "{v}で育ち|{v}で育った",
            "{v}の生まれで|{v}生まれの",
        ),
        "specialty": _verbal(
            "故郷は{v}の産地で|故郷が{v}の産地として知られる",
            "{v}を名物とする土地で育ち|{v}を名物とする土地で育った",
            "{v}で有名な土地の出身で|{v}で有名な土地の出身の",
        ),
    },
    "town": {
        "specialty": _verbal(
            "{v}の産地で|{v}の産地である",
            "{v}を名物とし|{v}を名物とする",
            "{v}で知られ|{v}で知られる",
        ),
        "landmark": _verbal(
            "{v}があり|{v}がある",
            "{v}を見どころとし|{v}を見どころとする",
            "{v}が人を集め|{v}が人を集める",
        ),
        "terrain": _verbal(
            "{v}に開け|{v}に開けた",
            "{v}に家々が並び|{v}に家々が並ぶ",
            "{v}に位置し|{v}に位置する",
        ),
        "founded": _verbal(
            "{v}に発足し|{v}に発足した",
            "{v}に周りの村が合わさってでき|{v}に周りの村が合わさってできた",
            "{v}に今の形になり|{v}に今の形になった",
        ),
        "prefecture": _verbal(
            "{v}にあり|{v}にある",
            "{v}に属し|{v}に属する",
        ),
    },
    "station": {
        "town": _verbal("{v}にあり|{v}にある", "{v}の玄関口となり|{v}の玄関口となる"),
        "line": _verbal(
            "{v}が通り|{v}が通る",
            "{v}の列車が停まり|{v}の列車が停まる",
        ),
        "opened": _verbal(
            "{v}に開業し|{v}に開業した",
            "{v}にでき|{v}にできた",
            "{v}に客を乗せ始め|{v}に客を乗せ始めた",
        ),
        "landmark": _verbal(
            "{v}への最寄りで|{v}への最寄りとなる",
            "{v}に行く客が降り|{v}に行く客が降りる",
            "{v}に近く|{v}に近い",
        ),
        "specialty": _verbal(
            "売店で{v}を売り|売店で{v}を売る",
            "土産に{v}が買え|土産に{v}が買える",
            "{v}の産地にあり|{v}の産地にある",
        ),
    },
    "company": {
        "business": _verbal(
            "{v}を手がけ|{v}を手がける",
            "{v}を本業とし|{v}を本業とする",
            "{v}で知られ|{v}で知られる",
        ),
        "town": _verbal(
            "{v}に本社を置き|{v}に本社を置く",
            "{v}に本社があり|{v}に本社がある",
        ),
        "founded": _verbal(
            "{v}に創業し|{v}に創業した",
            "{v}に旗揚げし|{v}に旗揚げした",
            "{v}に歩みを始め|{v}に歩みを始めた",
        ),
        "president": _verbal(
            "{v}が社長を務め|{v}が社長を務める",
            "{v}が率い|{v}が率いる",
        ),
        "landmark": _verbal(
            "本社の近くに{v}があり|本社の近くに{v}がある",
            "本社が{v}のある町にあり|本社が{v}のある町にある",
            "{v}のそばに本社を構え|{v}のそばに本社を構える",
        ),
    },
    "product": {
        "company": _verbal(
            "{v}が売り出し|{v}が売り出した",
            "{v}が作り|{v}が作る",
        ),
        "maker": _verbal(
            "{v}で知られる会社が作り|{v}で知られる会社が作る",
            "{v}を本業とする会社が売り出し|{v}を本業とする会社が売り出した",
        ),
        "released": _verbal(
            "{v}に発売され|{v}に発売された",
            "{v}に世に出て|{v}に世に出た",
            "{v}に店に並び|{v}に店に並んだ",
        ),
    },
    "food": {
        "town": _verbal(
            "{v}に伝わり|{v}に伝わる",
            "{v}で親しまれ|{v}で親しまれる",
        ),
        "ingredient": _verbal(
            "{v}を使い|{v}を使った",
            "{v}を入れて作り|{v}を入れて作る",
            "{v}が欠かせず|{v}が欠かせない",
        ),
        "season": _verbal(
            "{v}によく作られ|{v}によく作られる",
            "{v}に食卓に上り|{v}に食卓に上る",
            "{v}の楽しみとされ|{v}の楽しみとされる",
        ),
        "taste": _verbal(
            "{v}が特徴で|{v}が特徴の",
            "{v}が好まれ|{v}が好まれる",
        ),
    },
    "shop": {
        "town": _verbal(
            "{v}にあり|{v}にある",
            "{v}の商店街にあり|{v}の商店街にある",
        ),
        "opened": _verbal(
            "{v}に開き|{v}に開いた",
            "{v}にのれんを掲げ|{v}にのれんを掲げた",
            "{v}から続き|{v}から続く",
        ),
        "specialty": _verbal(
            "{v}の産地にあり|{v}の産地にある",
            "店先で{v}も売り|店先で{v}も売る",
            "{v}で有名な町にあり|{v}で有名な町にある",
        ),
        "landmark": _verbal(
            "{v}の近くにあり|{v}の近くにある",
            "{v}を訪れた人が立ち寄り|{v}を訪れた人が立ち寄る",
        ),
    },
    "work": {
        "theme": _verbal(
            "{v}を描き|{v}を描いた",
            "{v}を主題とし|{v}を主題とする",
            "{v}がテーマで|{v}がテーマの",
        ),
        "creator": _verbal(
            "{v}が手がけ|{v}が手がけた",
            "{v}が作り|{v}が作った",
        ),
        "maker": _verbal(
            "{v}が手がけ|{v}が手がけた",
            "作者は{v}で|作者が{v}である",
        ),
        "year": _verbal(
            "{v}に発表され|{v}に発表された",
            "{v}に世に出て|{v}に世に出た",
        ),
    },
    "team": {
        "sport": _verbal(
            "{v}の試合に臨み|{v}の試合に臨む",
            "{v}に打ち込み|{v}に打ち込む",
            "{v}の強豪で|{v}の強豪である",
        ),
        "town": _verbal(
            "{v}を本拠地とし|{v}を本拠地とする",
            "{v}の人々に支えられ|{v}の人々に支えられる",
        ),
        "founded": _verbal(
            "{v}に結成され|{v}に結成された",
            "{v}に旗揚げし|{v}に旗揚げした",
        ),
        "coach": _verbal(
            "{v}が監督を務め|{v}が監督を務める",
            "{v}が率い|{v}が率いる",
        ),
        "specialty": _verbal(
            "本拠地が{v}の産地で|本拠地が{v}の産地である",
            "{v}で有名な町に本拠を置き|{v}で有名な町に本拠を置く",
        ),
        "landmark": _verbal(
            "本拠地に{v}があり|本拠地に{v}がある",
            "{v}のある町を本拠とし|{v}のある町を本拠とする",
        ),
    },
    "event": {
        "town": _verbal(
            "{v}で開かれ|{v}で開かれる",
            "{v}で催され|{v}で催される",
        ),
        "first_year": _verbal(
            "{v}に始まり|{v}に始まった",
            "第一回が{v}に開かれ|第一回が{v}に開かれた",
        ),
        "specialty": _verbal(
            "会場に{v}が並び|会場に{v}が並ぶ",
            "{v}の産地で開かれ|{v}の産地で開かれる",
            "土産に{v}が売られ|土産に{v}が売られる",
        ),
        "landmark": _verbal(
            "{v}のそばで開かれ|{v}のそばで開かれる",
            "{v}の前が会場となり|{v}の前が会場となる",
            "{v}のある町で催され|{v}のある町で催される",
        ),
    },
    "history": {
        "action": _verbal(
            "{v}で知られ|{v}で知られる",
            "{v}が記録に残り|{v}が記録に残る",
            "{v}を伝える石碑があり|{v}を伝える石碑がある",
        ),
        "year": _verbal(
            "{v}の記録が残り|{v}の記録が残る",
            "{v}に新聞に載り|{v}に新聞に載った",
            "{v}に人々の話題になり|{v}に人々の話題になった",
        ),
        "town": _verbal("{v}にあり|{v}にある"),
        "terrain": _verbal(
            "{v}にあり|{v}にある",
            "{v}に造られ|{v}に造られた",
        ),
    },
}

# 種類ごとの節 (section) の題と、そこに書く属性。最初のものが記事の冒頭になる。
SECTIONS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "person": (
        ("__LEAD__", ("profession", "town", "birth", "hobby")),
        ("人物", ("profession", "specialty", "hobby")),
    ),
    "town": (
        ("__LEAD__", ("prefecture", "terrain", "specialty", "founded")),
        ("観光", ("prefecture", "landmark", "specialty")),
    ),
    "station": (("__LEAD__", ("line", "town", "opened", "landmark", "specialty")),),
    "company": (
        ("__LEAD__", ("business", "town", "founded", "landmark")),
        ("経営", ("business", "president", "landmark")),
    ),
    "product": (("__LEAD__", ("category", "company", "maker", "released")),),
    "food": (("__LEAD__", ("dish", "town", "ingredient", "season", "taste")),),
    "shop": (("__LEAD__", ("shop", "town", "opened", "specialty", "landmark")),),
    "work": (
        ("__LEAD__", ("kind", "creator", "theme", "year")),
        ("制作", ("kind", "maker", "theme")),
    ),
    "team": (
        ("__LEAD__", ("sport", "town", "founded", "specialty")),
        ("チームの概要", ("sport", "coach", "landmark")),
    ),
    "event": (
        ("__LEAD__", ("event", "town", "first_year", "specialty")),
        ("会場", ("event", "town", "landmark", "specialty")),
    ),
    "history": (("__LEAD__", ("public_work", "action", "year", "town", "terrain")),),
}

# 記事の節の最初の文。名前と一つか二つの属性を述べる。
LEADS: dict[tuple[str, int], tuple[str, ...]] = {
    ("person", 0): (
        "{name}は、{town}出身の{profession}である。",
        "{name}は、{birth}生まれの{profession}。",
        "{profession}の{name}は、{town}で育った。",
        "{name}は、{town}に生まれ、のちに{profession}となった。",
    ),
    ("person", 1): (
        "{name}は{profession}として働くかたわら、{hobby}を趣味とした。",
        "{profession}となった{name}の故郷は、{specialty}の産地である。",
        "{name}が育った町の名物は{specialty}である。",
        "休みの日の{name}は、{hobby}を楽しんで過ごすという。",
    ),
    ("town", 0): (
        "{name}は、{prefecture}にある自治体である。",
        "{name}は{prefecture}に属し、{specialty}の産地として知られる。",
        "{prefecture}の{name}は、{terrain}に広がる。",
        "{name}は、{founded}に発足した。",
    ),
    ("town", 1): (
        "{name}の見どころは{landmark}である。",
        "{prefecture}の{name}には、{landmark}がある。",
        "{name}を訪れる人は、{specialty}を土産に買っていく。",
    ),
    ("station", 0): (
        "{name}は、{town}にある{line}の駅である。",
        "{line}の{name}は、{opened}に開業した。",
        "{name}は、{town}の中心に近い駅である。",
    ),
    ("company", 0): (
        "{name}は、{town}に本社を置く会社である。",
        "{name}は、{business}を手がける会社である。",
        "{name}は、{founded}に創業した。",
    ),
    ("company", 1): (
        "{name}の社長は{president}である。",
        "{name}は、{business}を主な事業としている。",
        "{president}が率いる{name}は、{business}で知られる。",
    ),
    ("product", 0): (
        "{name}は、{company}が売り出した{category}である。",
        "{name}は、{released}に発売された{category}である。",
        "{company}の{category}「{name}」は、店頭でよく売れている。",
    ),
    ("food", 0): (
        "{name}は、{town}に伝わる料理である。",
        "{name}は、{ingredient}を使った{dish}である。",
        "{town}では、{season}になると{name}を作る。",
    ),
    ("shop", 0): (
        "{name}は、{town}にある{shop}である。",
        "{name}は、{opened}に開いた{shop}である。",
        "{town}の{name}は、{shop}として親しまれている。",
    ),
    ("work", 0): (
        "『{name}』は、{creator}の{kind}である。",
        "『{name}』は、{year}に発表された{kind}である。",
        "{creator}の{kind}『{name}』は、{theme}を描いている。",
    ),
    ("work", 1): (
        "{kind}『{name}』を生んだのは、{maker}として知られる人物である。",
        "『{name}』の主題は{theme}である。",
        "『{name}』は、{maker}が何年もかけて作り上げた。",
    ),
    ("team", 0): (
        "{name}は、{town}を本拠地とする{sport}のチームである。",
        "{sport}の{name}は、{founded}に結成された。",
        "{name}は、{founded}に{town}で生まれた。",
    ),
    ("team", 1): (
        "{name}の監督は{coach}である。",
        "{coach}が率いる{name}は、{sport}のチームである。",
        "{name}の本拠地には{landmark}がある。",
    ),
    ("event", 0): (
        "{name}は、{town}で開かれる{event}である。",
        "{name}は、{first_year}に始まった{event}である。",
        "{town}の{name}は、毎年にぎわう。",
    ),
    ("event", 1): (
        "{name}は、{landmark}の前を会場とする。",
        "{name}の会場では、{specialty}が売られている。",
        "{town}で開かれる{name}は、{landmark}のそばで行われる。",
    ),
    ("history", 0): (
        "{name}は、{town}にある{public_work}である。",
        "{name}には、{year}の{action}を伝える記録が残る。",
        "{town}の{name}は、{action}で知られる{public_work}である。",
    ),
}

# パッセージだけに使う、属性を述べる文。主語は省く。
REMARKS: Frames = {
    "person": {
        "profession": ("職業は{v}である。", "人々には{v}として知られる。"),
        "hobby": ("趣味は{v}である。", "長年の楽しみは{v}だという。"),
        "birth": ("{v}に生まれた。", "生まれは{v}である。"),
        "town": ("出身地は{v}である。", "{v}で子ども時代を過ごした。"),
        "specialty": (
            "故郷の名産は{v}である。",
            "実家は{v}を商っていた。",
        ),
    },
    "town": {
        "prefecture": ("{v}の自治体の一つである。", "{v}に含まれる。"),
        "terrain": ("市街地は{v}に広がる。", "中心部は{v}にある。"),
        "specialty": ("特産品は{v}である。", "名物として{v}が挙げられる。"),
        "founded": ("発足は{v}である。", "{v}から今の名前で呼ばれる。"),
        "landmark": ("観光の名所として{v}がある。", "休日は{v}に人が集まる。"),
    },
    "station": {
        "line": ("乗り入れているのは{v}である。", "{v}の列車がここに停まる。"),
        "town": ("所在地は{v}である。",),
        "opened": ("開業は{v}である。", "{v}から使われている。"),
        "landmark": ("駅からは{v}まで歩いて行ける。", "{v}の最寄り駅である。"),
        "specialty": ("駅の売店には{v}が並ぶ。", "土産物の棚に{v}がある。"),
    },
    "company": {
        "business": ("主な事業は{v}である。", "売り上げの多くを{v}が占める。"),
        "town": ("本社は{v}にある。", "{v}の本社で多くの人が働く。"),
        "founded": ("創業は{v}である。", "会社の歴史は{v}に始まる。"),
        "president": ("社長は{v}が務める。", "経営を率いるのは{v}である。"),
        "landmark": ("本社の近くには{v}がある。", "本社の窓から{v}が見える。"),
    },
    "product": {
        "category": ("{v}の中でも評判がよい。",),
        "company": ("製造と販売は{v}が行う。",),
        "maker": ("作った会社は{v}を本業とする。", "{v}で知られる会社の品である。"),
        "released": ("発売は{v}である。",),
    },
    "food": {
        "dish": ("{v}の一種である。", "{v}の仲間に数えられる。"),
        "town": ("{v}の郷土料理である。",),
        "ingredient": ("主な材料は{v}である。", "{v}を入れるのが習わしである。"),
        "season": ("{v}によく食べられる。", "旬は{v}である。"),
        "taste": ("{v}が特徴である。", "食べた人は{v}をほめる。"),
    },
    "shop": {
        "shop": ("{v}として客に親しまれる。",),
        "town": ("店は{v}にある。",),
        "opened": ("開店は{v}である。",),
        "specialty": (
            "店先では土地の名物の{v}も売る。",
            "帰りに{v}を買う客もいる。",
        ),
        "landmark": ("近くには{v}がある。", "{v}を見た帰りに寄る人が多い。"),
    },
    "work": {
        "kind": ("{v}として作られた。",),
        "creator": ("作者は{v}である。",),
        "maker": ("作者の本業は{v}である。",),
        "theme": ("{v}が主題になっている。", "物語の軸は{v}である。"),
        "year": ("発表は{v}である。",),
    },
    "team": {
        "sport": ("競技は{v}である。", "選手は毎日{v}の練習に励む。"),
        "town": ("本拠地は{v}である。",),
        "founded": ("結成は{v}である。",),
        "coach": ("監督は{v}が務める。",),
        "specialty": ("本拠地の名物は{v}である。",),
        "landmark": ("本拠地の名所は{v}である。", "練習場から{v}が近い。"),
    },
    "event": {
        "event": ("毎年の恒例となった{v}である。", "土地の人が待ち望む{v}である。"),
        "town": ("開催地は{v}である。",),
        "first_year": ("第一回は{v}に行われた。",),
        "specialty": ("屋台では名物の{v}が売られる。", "来た人は{v}を買って帰る。"),
        "landmark": ("会場の近くに{v}がある。", "帰りに{v}へ寄る人も多い。"),
    },
    "history": {
        "public_work": (
            "近くの人に親しまれる{v}である。",
            "古くからある{v}である。",
        ),
        "action": ("{v}が記録に残る。", "土地の年表には{v}が載っている。"),
        "year": ("{v}の新聞に取り上げられた。", "記録は{v}のものである。"),
        "town": ("所在地は{v}である。",),
        "terrain": ("周りは{v}である。", "{v}を選んで造られた。"),
    },
}

# 値を尋ねる名詞句と疑問詞。{n} は名前か、名前を伏せた説明。
ASKED: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {
    "person": {
        "town": (("{n}の出身地", "どこ"), ("{n}が育った市町村", "どこ")),
        "hobby": (("{n}の趣味", "何"), ("{n}が余暇に楽しむもの", "何")),
        "profession": (("{n}の職業", "何"),),
    },
    "town": {
        "specialty": (("{n}の特産品", "何"), ("{n}の名物", "何")),
        "prefecture": (("{n}がある県", "どこ"), ("{n}が属する県", "何県")),
        "landmark": (("{n}の見どころとなっているもの", "何"),),
    },
    "station": {
        "line": (("{n}を通る路線", "何線"), ("{n}に停まる列車の路線", "何線")),
    },
    "company": {
        "president": (("{n}の社長", "誰"), ("{n}を率いる人物", "誰")),
        "town": (("{n}の本社がある市町村", "どこ"), ("{n}が本社を置く所", "どこ")),
        "business": (("{n}の本業", "何"),),
    },
    "product": {
        "company": (("{n}を作る会社", "どこ"), ("{n}を売り出した会社", "どこ")),
    },
    "food": {
        "ingredient": (("{n}に欠かせない材料", "何"), ("{n}の主な材料", "何")),
    },
    "shop": {"town": (("{n}がある市町村", "どこ"),)},
    "work": {
        "creator": (("{n}の作者", "誰"), ("{n}を手がけた人物", "誰")),
        "kind": (("{n}のジャンル", "何"),),
        "theme": (("{n}の主題", "何"), ("{n}のテーマ", "何")),
    },
    "team": {
        "coach": (("{n}の監督", "誰"), ("{n}を率いる監督", "誰")),
        "sport": (("{n}が行う競技", "何"),),
    },
    "event": {
        "landmark": (("{n}の会場のそばにある名所", "何"),),
        "specialty": (("{n}の会場で売られる名物", "何"),),
    },
    "history": {
        "action": (("{n}の記録に残る出来事", "何"),),
    },
}

# 種類を表す属性。あるものは、その値を節の係る名詞に使う。
HEAD_ATTRIBUTES = {
    "person": "profession",
    "product": "category",
    "food": "dish",
    "shop": "shop",
    "work": "kind",
    "event": "event",
    "history": "public_work",
}
HEADS: dict[str, tuple[str, ...]] = {
    "person": ("人物",),
    "town": ("自治体", "市町村"),
    "station": ("駅",),
    "company": ("会社", "企業"),
    "product": ("商品",),
    "food": ("料理", "郷土料理"),
    "shop": ("店", "飲食店"),
    "work": ("作品",),
    "team": ("チーム",),
    "event": ("催し", "行事"),
    "history": ("施設",),
}
ASKING_WORD = {
    "person": "誰",
    "town": "どこ",
    "station": "何駅",
    "company": "どこ",
    "product": "何",
    "food": "何",
    "shop": "どこ",
    "work": "何",
    "team": "どこ",
    "event": "何",
    "history": "どこ",
}
ENDINGS = (
    "といえば{w}?",
    "といえば{w}でしょう?",
    "は{w}?",
    "は{w}でしょう?",
    "とは{w}でしょう?",
    "は、さて{w}でしょう?",
    "とは、いったい{w}でしょう?",
)
