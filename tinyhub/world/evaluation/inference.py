"""llm-jp-eval の自然言語推論のうち、決まりから答えが決まる四つの課題。

時間の前後 (jamp)、重なる語に引きずられやすい文 (janli)、量化と前提 (jsem)、
短い場面の文 (jsick)。
"""

import random

from tinyhub.world.evaluation.rows import TextPair, inference_row
from tinyhub.world.facts import World

_STAYS = ("に住んでいた", "で働いていた", "で店を開いていた")
_DOINGS = ("本を読んでいた", "部屋を掃除していた", "料理をしていた", "手紙を書いていた")
_TRIPS = (
    "駅に着いた",
    "店を出た",
    "仕事を終えた",
    "朝ごはんを食べた",
    "家に帰った",
    "会議室に入った",
)


def _people(rng: random.Random, places: World, count: int) -> list[str]:
    return [person.name for person in rng.sample(places.people, count)]


def _town(rng: random.Random, places: World) -> str:
    return rng.choice(places.towns).name


def temporal(rng: random.Random, places: World, index: int) -> TextPair:
    """時間の前後や期間についての推論。"""
    label = ("entailment", "contradiction", "neutral")[index % 3]
    one, two, third = _people(rng, places, 3)
    form = rng.randrange(3)
    if form == 0:
        did = rng.choice(_TRIPS)
        premise = rng.choice(
            (
                f"{one}は{two}より先に{did}。",
                f"{one}が{did}あと、{two}も{did}。",
                f"{two}は{one}よりあとに{did}。",
            )
        )
        hypothesis = {
            "entailment": f"{two}は{one}よりあとに{did}。",
            "contradiction": f"{two}は{one}より先に{did}。",
            "neutral": f"{third}は{one}より先に{did}。",
        }[label]
        if premise == hypothesis:
            hypothesis = f"{one}は{two}より先に{did}。"
        return inference_row(premise, hypothesis, label)
    if form == 1:
        start = rng.randrange(1, 7)
        end = start + rng.randrange(2, 5)
        doing = rng.choice(_DOINGS)
        premise = f"{one}は午後{start}時から{end}時まで、休まずに{doing}。"
        inside = rng.randrange(start + 1, end)
        negative = doing.removesuffix("いた") + "いなかった"
        hypothesis = {
            "entailment": f"{one}は午後{inside}時に{doing}。",
            "contradiction": f"{one}は午後{inside}時には{negative}。",
            "neutral": f"{one}は午後{end + 1}時に{doing}。",
        }[label]
        return inference_row(premise, hypothesis, label)
    start = rng.randrange(1960, 2010)
    end = start + rng.randrange(4, 12)
    town, stay = _town(rng, places), rng.choice(_STAYS)
    inside = rng.randrange(start + 1, end)
    negative = stay.removesuffix("いた") + "いなかった"
    premise = f"{one}は{start}年から{end}年までずっと{town}{stay}。"
    hypothesis = {
        "entailment": f"{one}は{inside}年には{town}{stay}。",
        "contradiction": f"{inside}年に{one}は{town}{negative}。",
        "neutral": f"{two}は{inside}年には{town}{stay}。",
    }[label]
    return inference_row(premise, hypothesis, label)


_HELP = (
    ("助けた", "助けられた"),
    ("呼んだ", "呼ばれた"),
    ("ほめた", "ほめられた"),
    ("見つけた", "見つけられた"),
)


def overlapping(rng: random.Random, places: World, index: int) -> TextPair:
    """前提と仮説の語がほとんど重なる推論。"""
    entails = index % 2 == 0
    label = "entailment" if entails else "non-entailment"
    one, two, third = _people(rng, places, 3)
    active, passive = rng.choice(_HELP)
    form = rng.randrange(4)
    if form == 0:
        premise = f"{one}は{two}に{passive}。"
        pair = (two, one) if entails else (one, two)
        return inference_row(premise, f"{pair[0]}は{pair[1]}を{active}。", label)
    if form == 1:
        other = rng.choice(("見ていた", "待っていた", "追いかけていた"))
        premise = f"{one}が、{two}を{other}{third}を{active}。"
        hypothesis = (
            rng.choice((f"{one}が{third}を{active}。", f"{third}が{two}を{other}。"))
            if entails
            else rng.choice((f"{one}が{two}を{other}。", f"{one}が{two}を{active}。"))
        )
        return inference_row(premise, hypothesis, label)
    if form == 2:
        came = rng.choice(("試合に勝った", "会議に出た", "早く帰った"))
        link = "と" if entails else "か"
        return inference_row(f"{one}{link}{two}が{came}。", f"{one}が{came}。", label)
    fact = f"{two}が{third}を{active}"
    attitudes = (
        ("ことを知っている", "ことに気づいた")
        if entails
        else ("と思っている", "とうそをついた")
    )
    premise = f"{one}は、{fact}{rng.choice(attitudes)}。"
    return inference_row(premise, f"{fact}。", label)


_KINDS = (
    ("学生", "図書館に通っている"),
    ("選手", "朝早く起きる"),
    ("社員", "電車で会社に行く"),
    ("会員", "会費を払った"),
    ("医師", "その病院で働いている"),
)
_KIN = (
    ("兄", "医師である"),
    ("姉", "歌手である"),
    ("弟", "学生である"),
    ("妹", "画家である"),
)


def _negative(claim: str) -> str:
    for ending, other in (
        ("ている", "ていない"),
        ("起きる", "起きない"),
        ("行く", "行かない"),
        ("払った", "払っていない"),
    ):
        if claim.endswith(ending):
            return claim.removesuffix(ending) + other
    raise ValueError(f"打ち消し方が分かりません: {claim}")


def quantified(rng: random.Random, places: World, index: int) -> TextPair:
    """量化・打ち消し・前提についての推論。"""
    label = ("yes", "no", "unknown", "undef")[index % 4]
    one, two = _people(rng, places, 2)
    kind, claim = rng.choice(_KINDS)
    negative = _negative(claim)
    if label == "undef":
        kin, trait = rng.choice(_KIN)
        premise = f"{one}に{rng.choice((f'は{kin}がいない', f'{kin}は一人もいない'))}。"
        return inference_row(premise, f"{one}の{kin}は{trait}。", label)
    belongs = f"{one}は{kind}である。"
    if label == "yes":
        premise, hypothesis = rng.choice(
            (
                (f"すべての{kind}は{claim}。{belongs}", f"{one}は{claim}。"),
                (f"どの{kind}も{negative}。{belongs}", f"{one}は{negative}。"),
                (f"{kind}の{one}は{claim}。", f"{claim}{kind}がいる。"),
            )
        )
    elif label == "no":
        premise, hypothesis = rng.choice(
            (
                (f"すべての{kind}は{claim}。{belongs}", f"{one}は{negative}。"),
                (f"どの{kind}も{negative}。{belongs}", f"{one}は{claim}。"),
                (f"{kind}の{one}は{claim}。", f"どの{kind}も{negative}。"),
            )
        )
    else:
        premise, hypothesis = rng.choice(
            (
                (f"ある{kind}は{claim}。{belongs}", f"{one}は{claim}。"),
                (f"{kind}の{one}は{claim}。", f"すべての{kind}は{claim}。"),
                (f"すべての{kind}は{claim}。", f"{two}は{claim}。"),
                (f"多くの{kind}は{negative}。{belongs}", f"{one}は{negative}。"),
            )
        )
    return inference_row(premise, hypothesis, label)


# 主役と、その言い換え(上位語)。
_ACTORS = (
    ("男の子", "子ども"),
    ("女の子", "子ども"),
    ("おじいさん", "老人"),
    ("おばあさん", "老人"),
    ("茶色い犬", "犬"),
    ("白いねこ", "ねこ"),
)
_CHILD_ACTS = (
    ("ボールを投げている", "ボールを投げていない", "絵本を読んでいる"),
    ("縄跳びをしている", "縄跳びをしていない", "砂で山を作っている"),
    ("りんごを食べている", "りんごを食べていない", "歌を歌っている"),
    ("絵を描いている", "絵を描いていない", "花を摘んでいる"),
    ("犬をなでている", "犬をなでていない", "紙飛行機を飛ばしている"),
)
_OLD_ACTS = (
    ("新聞を読んでいる", "新聞を読んでいない", "花に水をやっている"),
    ("お茶を飲んでいる", "お茶を飲んでいない", "将棋を指している"),
    ("写真を撮っている", "写真を撮っていない", "鳥に餌をやっている"),
    ("ベンチに座っている", "ベンチに座っていない", "落ち葉を掃いている"),
)
_PET_ACTS = (
    ("走っている", "走っていない", "眠っている"),
    ("水を飲んでいる", "水を飲んでいない", "ボールで遊んでいる"),
    ("餌を食べている", "餌を食べていない", "虫を追いかけている"),
    ("寝そべっている", "寝そべっていない", "大きな声で鳴いている"),
)
_SPOTS = tuple(
    "公園で 庭で 川のそばで 木の下で 広場で 家の前で 池のそばで 橋の近くで"
    " 駅前で 海辺で 原っぱで 畑の横で".split()
)


def everyday(rng: random.Random, places: World, index: int) -> TextPair:
    """短い場面の文の推論。"""
    label = ("entailment", "contradiction", "neutral")[index % 3]
    actor, wider = rng.choice(_ACTORS)
    acts = {"子ども": _CHILD_ACTS, "老人": _OLD_ACTS}.get(wider, _PET_ACTS)
    act, negative, other = rng.choice(acts)
    spot = rng.choice(_SPOTS)
    premise = f"{actor}が{spot}{act}。"
    hypothesis = {
        "entailment": rng.choice(
            (f"{wider}が{spot}{act}。", f"{actor}が{act}。", f"{wider}が{act}。")
        ),
        "contradiction": rng.choice(
            (f"{actor}は{spot}{negative}。", f"{spot}{act}{actor}はいない。")
        ),
        "neutral": rng.choice(
            (
                f"{actor}が朝早く{spot}{act}。",
                f"{actor}が友だちと一緒に{act}。",
                f"別の{wider}が{other}。",
            )
        ),
    }[label]
    if wider in ("犬", "ねこ"):
        hypothesis = hypothesis.replace("友だちと一緒に", "飼い主のそばで")
    return inference_row(premise, hypothesis, label)
