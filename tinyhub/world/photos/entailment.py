"""二つの場面のあいだの含意関係。文の並びは見ず、場面の値だけから決める。

側面ごとに「含まれる・触れていない・両立しない・どちらとも言えない」を判定し、
それを合わせて entailment / contradiction / neutral にする。二つの場面が同じ写真を
述べていると読むので、前提の値と両立しない値を一つだけ言う仮説は矛盾になる。前提が
何も言っていないことを言う仮説と、別の写真としか読めない仮説は中立である。読む人に
よって答えが割れる組には ``None`` を返し、データには使わない。
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import cache
from typing import Literal

from tinyhub.world.photos import DETAILS, Scene, ancestors, outdoors
from tinyhub.world.photos.words import ACTIONS, PLACES

Label = Literal["entailment", "contradiction", "neutral"]
Verdict = Literal["entailed", "unsaid", "clash", "unclear"]
LABELS: tuple[Label, ...] = ("entailment", "contradiction", "neutral")
# 別の写真だと言い切るには、主体・動作・相手・場所・数のうち三つ以上が食い違うこと。
APART = 3

_MALE = {"man", "boy", "old_man", "young_man"}
_FEMALE = {"woman", "girl", "old_woman"}
_CHILDREN = {"child", "boy", "girl", "baby"}
_ADULTS = {"man", "woman", "old_man", "old_woman", "young_man"}
_WORKERS = {"cook", "police", "player", "worker"}
# 同じものを別の面から言うことがあるので、両立しないとは言えない組。
_OVERLAPPING = (
    {"puppy", "shiba"},
    {"puppy", "chihuahua"},
    {"cake", "bread"},
    {"sandwich", "bread"},
    {"sandwich", "hamburger"},
    {"sandwich", "food"},
    {"chair", "sofa"},
    {"bench", "chair"},
    {"rock", "lawn"},
    {"on_bed", "by_window"},
    {"on_shelf", "by_window"},
    {"on_table", "by_window"},
    {"on_floor", "by_window"},
    {"on_plate", "on_table"},
)

# 一つの体で同時にはできない動作。
_EXCLUSIVE = (
    {"sit", "stand", "sleep", "walk", "run", "jump", "swim"},
    {"swim", "climb", "descend", "sleep", "sit"},
    {"sport", "slide", "surf", "fish", "game", "swim", "sleep"},
    {"read", "write", "sleep", "use_computer", "swim"},
    {"cook", "sleep", "eat", "dance"},
    {"talk", "sing", "sleep", "call"},
    {"animal_sit", "animal_stand", "sleep", "walk", "run", "swim", "fly"},
    {"chase", "sleep", "animal_sit", "animal_eat", "animal_drink"},
    {"fly", "fly_low", "animal_sit", "sleep"},
    {"drive", "park", "parked_row"},
    {"turn_right", "turn_left", "park", "parked_row"},
    {"fly_high", "land", "take_off"},
    {"placed", "fallen", "displayed", "stacked"},
    {"lined", "stacked", "fallen"},
)
_EXCLUSIVE_PAIRS = (
    {"laugh", "cry"},
    {"walk", "run"},
    {"fly_low", "fly_high"},
    {"float", "sail"},
)
# 同じ相手について反対のことをする動作。
_REVERSED = (
    {"board", "alight"},
    {"climb", "descend"},
    {"open", "close"},
    {"push", "pull"},
    {"ride", "push"},
    {"throw", "catch"},
    {"buy", "sell"},
    {"read", "write"},
)
# 同時にできる動作。片方だけを述べた前提からは、もう片方は分からない。
_ALONGSIDE = {
    "sit": {"laugh", "cry", "talk", "call", "sing", "look", "drink", "eat", "read"},
    "stand": {"laugh", "cry", "wave", "talk", "call", "sing", "hold", "photo", "look"},
    "walk": {"laugh", "talk", "call", "sing", "hold"},
    "laugh": {"talk", "eat", "drink", "dance", "hold", "hug", "wave", "look"},
    "hold": {"wave", "sing", "queue", "talk"},
    "queue": {"talk", "call", "laugh"},
    "animal_sit": {"gaze", "animal_eat"},
    "animal_stand": {"gaze", "animal_eat", "animal_drink"},
    "walk_dog": {"call", "talk", "laugh"},
}
# 目的語が違えば別の動作だと言える動作(一度に一つの相手にしか行えない)。
_ONE_OBJECT = {
    "sit",
    "sleep",
    "read",
    "eat",
    "drink",
    "cut",
    "ride",
    "board",
    "alight",
    "climb",
    "descend",
    "open",
    "close",
    "push",
    "pull",
    "throw",
    "catch",
    "sport",
    "slide",
    "game",
    "perform",
    "hug",
    "wash",
    "chase",
    "animal_sit",
    "animal_eat",
    "placed",
    "lined",
    "stacked",
    "displayed",
    "served",
    "fallen",
}
# 一枚の写真のなかで重なりうる場所。
_NEARBY = (
    {"road", "sidewalk", "town", "bridge", "crossing", "stop", "station", "square"},
    {"town", "market", "shop", "stop", "station", "square"},
    {"park", "square", "garden", "pond", "field", "lakeside", "riverside", "forest"},
    {"field", "hill", "ranch", "forest", "snowfield"},
    {"beach", "sea_surface", "harbor", "riverside", "lakeside", "bridge", "pond"},
    {"schoolyard", "stadium", "court", "gym", "field", "square"},
    {"zoo", "park", "garden", "pond", "square", "forest"},
    {"restaurant", "cafe", "kitchen", "shop"},
    {"entrance", "living", "office", "shop", "restaurant", "cafe", "station", "gym"},
    {"stage", "gym", "classroom", "restaurant", "square"},
    {"classroom", "library", "office"},
    {"runway", "field", "harbor"},
)
_WEAR_PARENTS = {"shirt": "clothes", "coat": "clothes"}
_WEATHER = {"sunny", "rain", "snow"}
_HOURS = {"dusk", "night", "morning"}
_OPPOSED_SIDES = ({"left", "right"}, {"front", "back"})


def relation_of(
    premise: Scene, hypothesis: Scene, negated: bool = False
) -> Label | None:
    """前提から見た仮説の関係。``negated`` なら、仮説の動作を打ち消した文の関係。"""
    if negated:
        return _negated_relation(premise, hypothesis)
    if premise.kind != hypothesis.kind:
        return "neutral"
    verdicts = _verdicts(premise, hypothesis)
    values = list(verdicts.values())
    core = ("subject", "action", "object", "place", "number")
    if sum(verdicts[name] in ("clash", "unclear") for name in core) >= APART:
        return "neutral"
    if "unclear" in values or values.count("clash") > 1:
        return None
    if "clash" in values:
        return "contradiction"
    return "neutral" if "unsaid" in values else "entailment"


def _negated_relation(premise: Scene, hypothesis: Scene) -> Label | None:
    """「…していない」という仮説の関係。打ち消すのは動作だけとする。"""
    if premise.kind != hypothesis.kind:
        return None
    verdicts = _verdicts(premise, hypothesis)
    action = verdicts.pop("action")
    if premise.action != hypothesis.action:
        # 動作が違えば、相手が違うかどうかは関係しない
        del verdicts["object"]
    if set(verdicts.values()) != {"entailed"}:
        return None
    found: dict[Verdict, Label] = {
        "entailed": "contradiction",
        "clash": "entailment",
        "unsaid": "neutral",
    }
    return found.get(action)


def _verdicts(premise: Scene, hypothesis: Scene) -> dict[str, Verdict]:
    found: dict[str, Verdict] = {
        "subject": _subject(premise, hypothesis),
        "action": _action(premise, hypothesis),
        "object": _object(premise, hypothesis),
        "place": _place(premise.place, hypothesis.place),
        "number": _number(premise.number, hypothesis.number),
        "wear": _wear(premise.wear, hypothesis.wear),
        "background": _background(premise.background, hypothesis.background),
        "side": _side(premise.side, hypothesis.side),
    }
    found["colour"] = _colour(premise, hypothesis, found["wear"])
    found["size"] = _value(premise.size, hypothesis.size)
    if hypothesis.size and premise.subject != hypothesis.subject:
        # 小さな象は小さな動物とは限らない
        found["size"] = "unclear"
    return found


def _together(groups: Collection[Collection[str]], *members: str) -> bool:
    return any(set(members) <= set(group) for group in groups)


def _value(premise: str | None, hypothesis: str | None) -> Verdict:
    """同じ・触れていない・違うだけで決まる側面。"""
    if hypothesis is None or premise == hypothesis:
        return "entailed"
    return "unsaid" if premise is None else "clash"


@cache
def _concept(premise: str, hypothesis: str) -> Verdict:
    """上位語は含まれ、下位語は分からず、ほかは両立しない。"""
    if premise == hypothesis or hypothesis in ancestors(premise):
        return "entailed"
    if premise in ancestors(hypothesis):
        return "unsaid"
    return "unclear" if _together(_OVERLAPPING, premise, hypothesis) else "clash"


@cache
def _person(premise: str, hypothesis: str) -> Verdict:
    """人どうし。性別・年齢・職業のどれかが食い違えば両立しない。"""
    plain = _concept(premise, hypothesis)
    if "young_man" in (premise, hypothesis) and plain == "entailed":
        # 「若者」は男性とは限らない
        return "entailed" if hypothesis in ("young_man", "person") else "unclear"
    if plain != "clash":
        return plain
    both = {premise, hypothesis}
    if both & _MALE and both & _FEMALE:
        return "clash"
    if both & _CHILDREN and both & (_ADULTS | _WORKERS):
        # 「女の子」と「女性」は、同じ人を指すことがある
        alike = both <= _MALE or both <= _FEMALE or "player" in both
        return "unclear" if alike else "clash"
    if both <= _WORKERS or both <= {"old_man", "young_man"}:
        return "clash"
    if both & _WORKERS or both & {"student", "tourist"}:
        return "unclear" if both & _CHILDREN else "unsaid"
    return "unclear"


def _subject(premise: Scene, hypothesis: Scene) -> Verdict:
    if premise.kind == "person":
        return _person(premise.subject, hypothesis.subject)
    return _concept(premise.subject, hypothesis.subject)


def _action(premise: Scene, hypothesis: Scene) -> Verdict:
    one, other = premise.action, hypothesis.action
    if one is None or other is None or one == other:
        return _value(one, other)
    if _together(_EXCLUSIVE, one, other) or _together(_EXCLUSIVE_PAIRS, one, other):
        return "clash"
    if _together(_REVERSED, one, other) and premise.object == hypothesis.object:
        return "clash"
    if other in _ALONGSIDE.get(one, ()) or one in _ALONGSIDE.get(other, ()):
        return "unsaid"
    return "unclear"


def _object(premise: Scene, hypothesis: Scene) -> Verdict:
    """相手の判定。動作が違うときは、動作のほうで判定する。"""
    if premise.action != hypothesis.action:
        return "entailed"
    one, other = premise.object, hypothesis.object
    if one is None or other is None:
        return _value(one, other)
    found = _concept(one, other)
    if found == "clash" and premise.action not in _ONE_OBJECT:
        return "unclear"
    return found


@cache
def _place(premise: str | None, hypothesis: str | None) -> Verdict:
    if premise is None or hypothesis is None:
        vague = hypothesis in ("outside", "inside")
        return "unclear" if vague else _value(premise, hypothesis)
    if premise == hypothesis or hypothesis == PLACES[premise].parent:
        return "entailed"
    if premise == PLACES[hypothesis].parent:
        return "unsaid"
    if _together(_NEARBY, premise, hypothesis):
        return "unclear"
    both_outside = outdoors(premise) and outdoors(hypothesis)
    both_inside = not outdoors(premise) and not outdoors(hypothesis)
    vague = {premise, hypothesis} & {"outside", "inside"}
    return "unclear" if vague and (both_outside or both_inside) else "clash"


def _number(premise: str | None, hypothesis: str | None) -> Verdict:
    if premise is None and hypothesis == "1":
        # 数を言わない文は、一つのことも多い
        return "unclear"
    if "many" in (premise, hypothesis) and {premise, hypothesis} & {"3", "4", "5"}:
        return "unclear"
    return _value(premise, hypothesis)


def _wear(premise: str | None, hypothesis: str | None) -> Verdict:
    """帽子とめがねのように両方を身につけられるので、違っても矛盾にはならない。"""
    if premise and hypothesis and _WEAR_PARENTS.get(premise) == hypothesis:
        return "entailed"
    found = _value(premise, hypothesis)
    return "unsaid" if found == "clash" else found


def _colour(premise: Scene, hypothesis: Scene, wear: Verdict) -> Verdict:
    """色。人では着ている物の色なので、同じ物を着ているときにだけ比べられる。"""
    if premise.kind == "person" and hypothesis.colour and wear != "entailed":
        return "unsaid"
    return _value(premise.colour, hypothesis.colour)


def _background(premise: str | None, hypothesis: str | None) -> Verdict:
    found = _value(premise, hypothesis)
    if found == "clash" and not _together((_WEATHER, _HOURS), premise, hypothesis):
        return "unsaid"
    return found


def _side(premise: str | None, hypothesis: str | None) -> Verdict:
    found = _value(premise, hypothesis)
    if found == "clash" and not _together(_OPPOSED_SIDES, premise, hypothesis):
        return "unsaid"
    return found


def alongside(action: str) -> tuple[str, ...]:
    """その動作と同時にできる動作。"""
    return tuple(
        other
        for other in ACTIONS
        if other in _ALONGSIDE.get(action, ()) or action in _ALONGSIDE.get(other, ())
    )


def bare(scene: Scene) -> Scene:
    """主体・動作・相手・場所だけを残した場面(打ち消しの文に使う)。"""
    return replace(scene, **dict.fromkeys(DETAILS))
