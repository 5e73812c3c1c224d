"""場面を一文の日本語にする。語の選び方は ``Wording`` に残り、次の文が参照できる。"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tinyhub.world.photos import Scene
from tinyhub.world.photos.words import (
    ACTIONS,
    BACKGROUNDS,
    COLOURS,
    NUMBERS,
    OBJECTS,
    PLACES,
    SIDES,
    SIZES,
    SUBJECTS,
    WEAR,
    Verb,
)

LOCATIVE = {"seat", "support", "furniture"}
LOCATIVE_ITEMS = {"bed", "stairs"}
FIXTURES = {"floor", "window", "door", "stairs"}
ORDERS = ("place_first", "subject_first", "object_first")
STYLES = ("polite", "plain", "noun", "exist", "scene")
NOVEL_STYLES = ("captured", "subject_is", "one_shot", "visible")


@dataclass(slots=True)
class Wording:
    """一つの文でどの言い換えを選んだか(鍵は側面と値、値は選んだ番号)。"""

    picks: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Caption:
    """場面と、それを言い表した文。"""

    scene: Scene
    text: str
    wording: Wording


class _Chooser:
    """言い換えを選ぶ。前の文と同じ語をくり返す/避けることができる。"""

    def __init__(self, rng: Random, like: Wording | None, mode: str) -> None:
        self.rng = rng
        self.like = like.picks if like else {}
        self.mode = mode
        self.wording = Wording()

    def index(self, key: str, size: int, weights: Sequence[float] | None = None) -> int:
        before = self.like.get(key)
        if before is not None and self.mode == "same" and before < size:
            chosen = before
        elif weights is not None:
            chosen = self.rng.choices(range(size), weights=weights)[0]
        elif self.rng.random() < 0.3:
            chosen = 0
        else:
            chosen = self.rng.randrange(size)
        if (
            self.mode == "different"
            and chosen == before
            and size > 1
            and self.rng.random() < 0.85
        ):
            others = [i for i in range(size) if i != before]
            if weights is None:
                chosen = self.rng.choice(others)
            else:
                chosen = self.rng.choices(others, [weights[i] for i in others])[0]
        self.wording.picks[key] = chosen
        return chosen

    def word(self, key: str, words: Sequence[str]) -> str:
        return words[self.index(key, len(words))]

    def flag(self, key: str, probability: float) -> bool:
        return bool(self.index(key, 2, (1 - probability, probability)))


def render(
    scene: Scene,
    rng: Random,
    like: Wording | None = None,
    mode: str = "free",
    novel: bool = False,
) -> Caption:
    """場面を文にする。

    ``like`` は前の文の選び方。``mode`` が same なら同じ語と同じ組み立てを、
    different なら別の語を選びやすくする。``novel`` は学習用に使わない組み立て。
    """
    choose = _Chooser(rng, like, mode)
    if novel:
        style = NOVEL_STYLES[choose.index("novel", len(NOVEL_STYLES))]
    else:
        style = STYLES[choose.index("style", len(STYLES), (46, 12, 12, 18, 12))]
    text = _sentence(scene, choose, style)
    return Caption(scene, text, choose.wording)


def number_words(number: str, counter: str) -> tuple[str, ...]:
    """数の書き方。漢数字・算用数字・ひらがな。"""
    if number == "many":
        first = "大勢" if counter == "人" else "たくさん"
        return (first, "多く", f"何{counter}も", "たくさん")
    words = [f"{digit}{counter}" for digit in NUMBERS[number].words]
    if counter == "人":
        words += {"1": ["ひとり"], "2": ["ふたり"]}.get(number, [])
    if counter == "個":
        words += {
            "1": ["一つ", "ひとつ"],
            "2": ["二つ", "ふたつ"],
            "3": ["三つ", "みっつ"],
            "4": ["四つ", "よっつ"],
            "5": ["五つ", "いつつ"],
        }[number]
    return tuple(words)


def _number(scene: Scene, choose: _Chooser) -> str:
    counter = SUBJECTS[scene.subject].counter
    return choose.word(f"number:{scene.number}", number_words(scene.number, counter))


def _number_after(scene: Scene, choose: _Chooser) -> str:
    """名詞のあとに置く数。「男性が多く、」とは言わない。"""
    return _number(scene, choose).replace("多く", "たくさん")


def _colour(scene: Scene, choose: _Chooser) -> str:
    return choose.word(f"colour:{scene.colour}", COLOURS[scene.colour].words)


def _noun(scene: Scene, choose: _Chooser, with_number: bool) -> str:
    """修飾語をつけた主体の名詞句。"""
    word = choose.word(f"subject:{scene.subject}", SUBJECTS[scene.subject].words)
    number = f"{_number(scene, choose)}の" if with_number else ""
    size = (
        choose.word(f"size:{scene.size}", SIZES[scene.size].words) if scene.size else ""
    )
    colour = _colour(scene, choose) if scene.colour else ""
    if scene.kind == "person":
        wear = (
            choose.word(f"wear:{scene.wear}", WEAR[scene.wear].words)
            if scene.wear
            else ""
        )
        return f"{colour}{wear}{number}{word}"
    return f"{number}{size}{colour}{word}"


def _verb(scene: Scene, choose: _Chooser) -> tuple[Verb, bool]:
    """動作の言い方と、目的語を別に言うかどうか。"""
    action = ACTIONS[scene.action]
    if scene.object is None:
        return action.bare[choose.index(f"bare:{action.id}", len(action.bare))], False
    fused = dict(action.fused).get(scene.object, ())
    options = action.verbs * (2 if fused else 1) + fused * 2
    index = choose.index(f"verb:{action.id}:{scene.object}", len(options))
    return options[index], index < len(options) - len(fused) * 2


def _object(scene: Scene, choose: _Chooser, verb: Verb) -> str:
    word = choose.word(f"object:{scene.object}", OBJECTS[scene.object].words)
    return f"{word}{verb.particle}"


def _is_locative(item: str | None, particle: str) -> bool:
    """「公園のベンチに」のように、場所と「の」でつなげる物か。"""
    if item is None:
        return False
    if particle in ("に", "で"):
        return OBJECTS[item].parent in LOCATIVE or item in LOCATIVE_ITEMS
    return item in FIXTURES


def _place(scene: Scene, choose: _Chooser, particle: str, joined: bool) -> str:
    """場所の句。``particle`` は目的語の助詞、``joined`` は目的語がすぐ続くか。"""
    if scene.place is None:
        return ""
    word = choose.word(f"place:{scene.place}", PLACES[scene.place].words)
    if scene.action is None:
        return f"{word}に"
    if _is_locative(scene.object, particle):
        return f"{word}の" if joined else f"{word}で"
    particles = ACTIONS[scene.action].place_particles
    return word + choose.word(f"particle:{scene.action}", particles)


def _front(scene: Scene, choose: _Chooser, style: str) -> str:
    if scene.background:
        words = BACKGROUNDS[scene.background].words
        return choose.word(f"background:{scene.background}", words)
    if scene.side:
        side = choose.word(f"side:{scene.side}", SIDES[scene.side].words)
        if style in ("scene", "noun"):
            return f"{side}では、"
        return choose.word("side_frame", (f"{side}では、", f"写真の{side}で、"))
    return ""


def _sentence(scene: Scene, choose: _Chooser, style: str) -> str:
    front = _front(scene, choose, style)
    if scene.action is None:
        return front + _existence(scene, choose, style)
    verb, says_object = _verb(scene, choose)
    target = _object(scene, choose, verb) if says_object else ""
    if style in ("polite", "plain", "scene", "one_shot"):
        body = _clause(scene, choose, verb, target, style)
        return front + body + _ending(scene, choose, verb, style)
    place = _place(scene, choose, verb.particle, joined=bool(target))
    relative = verb.te + ("ある" if verb.aux == "ある" else "いる")
    moving = verb.aux == "いる" and ACTIONS[scene.action].family != "rest"
    if moving and choose.flag("relative", 0.35):
        relative = verb.plain
    head = f"{place}{target}{relative}"
    return front + head + _noun_ending(scene, choose, style)


def _clause(scene: Scene, choose: _Chooser, verb: Verb, target: str, style: str) -> str:
    """場所・主体・目的語を、選んだ順に並べる。"""
    order = ORDERS[choose.index("order", len(ORDERS), (48, 46, 6))]
    joined = order != "object_first" and bool(target)
    after = bool(scene.number) and choose.flag("number_after", 0.35)
    # 連体修飾のなかに「は」は置かない
    topic = "が"
    if style in ("polite", "plain"):
        topic = choose.word("topic", ("が", "が", "が", "が", "が", "が", "は"))
    noun = _noun(scene, choose, with_number=bool(scene.number) and not after)
    subject = noun + ("が" if after else topic)
    if after:
        # 読点がないと「二人波に」が「人波」と読まれてしまう
        subject += _number_after(scene, choose) + "、"
    if order == "place_first":
        place = _place(scene, choose, verb.particle, joined=False)
        comma = "、" if place and choose.flag("comma", 0.25) else ""
        return f"{place}{comma}{subject}{target}{verb.te}"
    if order == "object_first":
        place = _place(scene, choose, verb.particle, joined=False)
        return f"{place}{target}{subject}{verb.te}"
    place = _place(scene, choose, verb.particle, joined=joined)
    comma = "、" if not after and choose.flag("comma", 0.25) else ""
    return f"{subject}{comma}{place}{target}{verb.te}"


def _ending(scene: Scene, choose: _Chooser, verb: Verb, style: str) -> str:
    exists = verb.aux == "ある"
    polite, plain = ("あります", "ある") if exists else ("います", "いる")
    if style == "polite":
        past = "ありました" if exists else "いました"
        return choose.word("polite", (polite,) * 12 + (past,)) + "。"
    if style == "plain":
        return plain + "。"
    if style == "one_shot":
        return plain + choose.word("shot", ("、そんな一枚です。", "、という一枚。"))
    still = scene.kind == "thing"
    frames = ("様子です。", "写真です。", "様子。", "写真。") + (
        () if still else ("ところです。", "ところ。", "場面です。")
    )
    return plain + choose.word("scene_frame", frames)


def _noun_ending(scene: Scene, choose: _Chooser, style: str) -> str:
    """連体修飾のあとに主体を置いて文を結ぶ。"""
    lives = scene.kind in ("person", "animal")
    after = (
        style == "exist" and bool(scene.number) and choose.flag("number_after", 0.35)
    )
    noun = _noun(scene, choose, with_number=bool(scene.number) and not after)
    if style == "noun":
        return noun + choose.word("noun_end", ("。", "。", "です。", "の写真。"))
    if style == "exist":
        number = _number_after(scene, choose) if after else ""
        ends = (
            ("います。", "いる。", "見えます。")
            if lives
            else (
                "あります。",
                "ある。",
                "見えます。",
            )
        )
        return f"{noun}が{number}" + choose.word("exist_end", ends)
    if style == "captured":
        return f"{noun}をカメラがとらえました。"
    if style == "subject_is":
        return f"{noun}が今回の主役です。"
    if style == "visible":
        return f"{noun}が目に入ってきます。"
    raise ValueError(f"知らない文型です: {style}")


def _existence(scene: Scene, choose: _Chooser, style: str) -> str:
    """動作に触れず、どこに何がいるかだけを言う。"""
    lives = scene.kind in ("person", "animal")
    place = _place(scene, choose, "", joined=False)
    verb = ("います", "いる") if lives else ("あります", "ある")
    after = bool(scene.number) and choose.flag("number_after", 0.35)
    noun = _noun(scene, choose, with_number=bool(scene.number) and not after)
    number = _number_after(scene, choose) if after else ""
    if style == "noun" and place:
        return f"{place}{verb[1]}{noun}{number}。"
    if style in ("captured", "subject_is", "visible"):
        return f"{place}{verb[1]}" + _noun_ending(scene, choose, style)
    index = 0 if style in ("polite", "exist") else 1
    tail = {"scene": "写真です", "one_shot": "、そんな一枚です"}.get(style, "")
    return f"{place}{noun}が{number}{verb[index]}{tail}。"


def facet_phrase(scene: Scene, facet: str, rng: Random) -> str:
    """場面の側面を一つだけ取り出して、名詞句で言う。"""
    choose = _Chooser(rng, None, "free")
    value = getattr(scene, facet)
    if facet == "action":
        verb, says_object = _verb(scene, choose)
        target = _object(scene, choose, verb) if says_object else ""
        return f"{target}{verb.te}{verb.aux}ところ"
    if facet == "number":
        return _number(scene, choose)
    if facet == "colour":
        return _colour(scene, choose) + "もの"
    if facet == "background":
        return choose.word(facet, BACKGROUNDS[value].words).rstrip("に、")
    table = {
        "subject": SUBJECTS,
        "object": OBJECTS,
        "place": PLACES,
        "size": SIZES,
        "wear": WEAR,
        "side": SIDES,
    }[facet]
    tail = {"size": "もの", "wear": "姿"}.get(facet, "")
    word = choose.word(facet, table[value].words)
    return word.removesuffix(tail) + tail
