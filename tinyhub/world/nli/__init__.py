"""JNLI と同じ形の、写真の説明文の対と含意関係。

先に仮説の場面を決め、そのあとでラベルに合う前提の場面を作る。どの仮説も三つの
ラベルすべてで前提を作れるものだけを使うので、仮説だけを読んでもラベルは分からない。
関係は場面だけから決め(``photo_entailment``)、文の並びは見ない。
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from random import Random

import fugashi

from tinyhub.world.photos import (
    DETAILS,
    SPLITS,
    Scene,
    ancestors,
    change,
    describe,
    generalise,
    goes_to,
    outdoors,
    sample_photo,
    split_of,
)
from tinyhub.world.photos.entailment import (
    LABELS,
    Label,
    alongside,
    bare,
    relation_of,
)
from tinyhub.world.photos.text import Caption, render
from tinyhub.world.photos.words import ACTIONS, PLACES, SUBJECTS

ROWS = {"train": 8_000, "valid": 1_200, "test": 1_200}
SEED = 2022
# 本物の JNLI の割合。
SHARES: dict[Label, float] = {
    "entailment": 0.145,
    "contradiction": 0.30,
    "neutral": 0.555,
}
# この割合のラベルを、ほかの二つのどちらかに置き換える。
LABEL_NOISE = 0.05
# 動作を打ち消した仮説(「…していません」)の割合。
NEGATED = 0.08
# 前の文と同じ語・同じ組み立てで書く割合。含意ほど語が重なる、という手がかりを弱める。
SAME_WORDING: dict[Label, float] = {
    "entailment": 0.35,
    "contradiction": 0.5,
    "neutral": 0.5,
}
# 中立の前提の作り方とその重み。
NEUTRAL_MIX = {"unsaid": 4, "vague": 3, "alongside": 3, "elsewhere": 4}
VAGUE_WEIGHTS = {"subject": 2.0, "object": 3.0, "wear": 2.0, "place": 1.0}
CLASH_WEIGHTS = {
    "subject": 3.0,
    "action": 3.5,
    "object": 3.0,
    "place": 2.5,
    "number": 1.2,
    "colour": 1.5,
    "size": 1.0,
    "background": 0.8,
    "side": 0.8,
}
GRAM, LONGEST = 13, 20
# 写真の細部(数・色・服装・天気など)を言わずにおく割合。
UNTOLD = 0.35
TRIES, RENDERINGS = 12, 12
# 「…ています。」のように、動作をそのまま打ち消せる結び。
_NEGATIONS = (("います。", "いません。"), ("いる。", "いない。"))
_PAST = ("ました。", "ました")


@dataclass(frozen=True, slots=True)
class NliRow:
    """JNLI の一行。"""

    sentence_pair_id: str
    yjcaptions_id: str
    sentence1: str
    sentence2: str
    label: str


@dataclass(frozen=True, slots=True)
class NliPair:
    """前提と仮説の説明文と、ラベル(雑音を加える前)。"""

    premise: Caption
    hypothesis: Caption
    negated: bool
    label: Label


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """仮説の場面と、その場面を切り出した写真。"""

    scene: Scene
    photo: Scene
    negated: bool


# --- 場面 -------------------------------------------------------------------


def _hypothesis(rng: Random, split: str) -> Hypothesis:
    photo = sample_photo(rng, split)
    if rng.random() < NEGATED:
        scene = replace(bare(photo), place=photo.place if rng.random() < 0.6 else None)
        return Hypothesis(scene, photo, negated=True)
    scene = stated_scene(photo, rng, split)
    if rng.random() < 0.4:
        scene = generalise(scene, rng, split)
    if scene.object and rng.random() < 0.5:
        scene = _wider_object(scene)
    return Hypothesis(scene, photo, negated=False)


def stated_scene(photo: Scene, rng: Random, split: str) -> Scene:
    """写真のどこに触れるかを選ぶ。二文を見比べて読めるように、細部は少なめにする。"""
    scene = describe(photo, rng, split)
    dropped = {name for name in DETAILS if rng.random() < UNTOLD}
    if "wear" in dropped and scene.kind == "person":
        dropped.add("colour")
    return replace(scene, **{name: None for name in dropped})


def _wider_object(scene: Scene) -> Scene:
    """目的語を上位語に置き換える。動作がその語をとらないなら、そのまま返す。"""
    action = ACTIONS[scene.action]
    wider = [item for item in ancestors(scene.object) if item in action.objects]
    return replace(scene, object=wider[0]) if wider else scene


def sayable(scene: Scene, split: str) -> bool:
    """その分割で使える組で、文にして不自然でない場面か。"""
    if split_of(scene.subject, scene.action) != split:
        return False
    if scene.action is None and (scene.object or scene.place is None):
        return False
    if scene.action and scene.object is None and not ACTIONS[scene.action].bare:
        return False
    if scene.background and (scene.side or not outdoors(scene.place)):
        return False
    if scene.kind == "person":
        bare_wear = scene.wear in ("clothes", "shirt", "coat")
        if (scene.colour and not scene.wear) or (bare_wear and not scene.colour):
            return False
    return goes_to(scene.subject, scene.place)


# 場所と目的語の、いっしょには写らない組。
_ODD_SPOTS = frozenset(
    {
        *((place, "lawn") for place in ("beach", "sidewalk", "living", "bedroom")),
        *((place, "lawn") for place in ("classroom", "entrance")),
        *((place, "train") for place in ("crossing", "road", "town")),
        *((place, "stairs") for place in ("living", "bedroom", "classroom", "beach")),
    }
)
# 雪のなかではしない動作。
_WARM = frozenset({"swim", "surf"})
# 空を飛ぶものが、その中を飛ぶように聞こえる場所。
_UNDER = frozenset({"forest"})
# 「屋外から離陸する」のように、広すぎる場所とは言わない動作。
_FROM_SOMEWHERE = frozenset({"take_off", "land"})


def plausible(scene: Scene) -> bool:
    """場所・天気・動作の組み合わせが、一枚の写真としておかしくないか。"""
    if (scene.place, scene.object) in _ODD_SPOTS:
        return False
    if scene.background == "snow" and (
        scene.action in _WARM or scene.place in ("beach", "sea_surface")
    ):
        return False
    if scene.action in ("fly_high", "fly_low") and scene.place in _UNDER:
        return False
    return not (scene.action in _FROM_SOMEWHERE and scene.place == "outside")


# 置いた物の様子。積んだ物も飾った物も、置いてあるとも言える。
_PUT = frozenset({"placed", "displayed", "stacked", "lined", "served"})


def disputable(premise: Scene, hypothesis: Scene) -> bool:
    """両立しないとも同じことだとも読める動作の組か。"""
    return (
        premise.action != hypothesis.action
        and {
            premise.action,
            hypothesis.action,
        }
        <= _PUT
    )


# 人のすることとして読まれる言い方と、物や動物には合わない色の言い方。
_ODD_OF_ANIMALS = re.compile("水泳をし|水泳をする|歩みを進め")
_ODD_OF_ANYTHING = re.compile("(牛乳|ミルク|ジュース|果汁|水)をすす|(?<![一-龥])玉を")
_ODD_COLOURS = re.compile("(ホワイト|ブラック|グリーン|イエロー|ブラウン)の")


def odd_wording(caption: Caption) -> bool:
    """語の取り合わせが不自然な文か。"""
    text = caption.text
    if caption.scene.kind != "person" and _ODD_COLOURS.search(text):
        return True
    if caption.scene.kind == "animal" and _ODD_OF_ANIMALS.search(text):
        return True
    return bool(_ODD_OF_ANYTHING.search(text))


def _fuller(hypothesis: Hypothesis, rng: Random, split: str) -> Scene:
    """仮説の言うことをすべて含む、同じ写真の場面。"""
    said = hypothesis.scene
    scene = stated_scene(hypothesis.photo, rng, split)
    scene = replace(scene, **{name: getattr(said, name) for name in said.stated()})
    if rng.random() < 0.7:
        scene = replace(scene, subject=hypothesis.photo.subject)
    if scene.action == hypothesis.photo.action and rng.random() < 0.7:
        scene = replace(scene, object=hypothesis.photo.object)
    if said.place is None and rng.random() < 0.4:
        scene = replace(scene, place=hypothesis.photo.place)
    elif said.place in ("outside", "inside"):
        scene = replace(scene, place=hypothesis.photo.place)
    return scene


def _entailing(hypothesis: Hypothesis, rng: Random, split: str) -> Scene | None:
    if not hypothesis.negated:
        return _fuller(hypothesis, rng, split)
    return change(_fuller(hypothesis, rng, split), "action", rng, split)


def _contradicting(hypothesis: Hypothesis, rng: Random, split: str) -> Scene | None:
    scene = _fuller(hypothesis, rng, split)
    if hypothesis.negated:
        return scene
    said = [name for name in hypothesis.scene.stated() if name in CLASH_WEIGHTS]
    facet = rng.choices(said, [CLASH_WEIGHTS[name] for name in said])[0]
    changed = change(scene, facet, rng, split)
    if changed is not None and rng.random() < 0.35:
        changed = _silenced(changed, hypothesis, rng, {facet, "action", "object"})
    return changed


def _neutral(hypothesis: Hypothesis, rng: Random, split: str) -> Scene | None:
    scene = _fuller(hypothesis, rng, split)
    how = rng.choices(tuple(NEUTRAL_MIX), tuple(NEUTRAL_MIX.values()))[0]
    if how == "alongside":
        return _beside(scene, hypothesis, rng, split)
    if how == "vague":
        return _vaguer(scene, hypothesis, rng, split)
    if how == "unsaid":
        if rng.random() < 0.12 or hypothesis.negated:
            return replace(
                scene, action=None, object=None, place=hypothesis.photo.place
            )
        return _silenced(scene, hypothesis, rng, set())
    if hypothesis.negated:
        return None
    return stated_scene(sample_photo(rng, split), rng, split)


def _silenced(
    scene: Scene, hypothesis: Hypothesis, rng: Random, kept: set[str]
) -> Scene | None:
    """仮説が触れている側面の一つに触れないようにし、代わりに別の側面を述べる。"""
    said = [
        name
        for name in ("object", "place", *DETAILS)
        if getattr(hypothesis.scene, name) and name not in kept
    ]
    if not said:
        return None
    facet = rng.choice(said)
    scene = replace(scene, **{facet: None})
    if facet == "wear":
        scene = replace(scene, colour=None)
    others = [
        name
        for name in ("place", *DETAILS)
        if getattr(scene, name) is None
        and name != facet
        and not (facet == "wear" and name == "colour")
    ]
    for name in rng.sample(others, min(len(others), rng.choice((0, 1, 1)))):
        scene = replace(scene, **{name: getattr(hypothesis.photo, name)})
    return scene


def _vaguer(
    scene: Scene, hypothesis: Hypothesis, rng: Random, split: str
) -> Scene | None:
    """仮説より広い語で言う前提。"""
    said = hypothesis.scene
    options = ["subject"] if ancestors(said.subject) else []
    if said.place and PLACES[said.place].parent:
        options.append("place")
    if said.object and _wider_object(said) != said:
        options.append("object")
    if said.wear in ("shirt", "coat"):
        options.append("wear")
    if not options:
        return None
    facet = rng.choices(options, [VAGUE_WEIGHTS[name] for name in options])[0]
    scene = replace(scene, **{facet: getattr(said, facet)})
    if facet == "subject":
        return generalise(scene, rng, split)
    if facet == "place":
        return replace(scene, place=PLACES[said.place].parent)
    if facet == "wear":
        return replace(scene, wear="clothes")
    return _wider_object(scene)


def _beside(
    scene: Scene, hypothesis: Hypothesis, rng: Random, split: str
) -> Scene | None:
    """同時に成り立つ別のことを述べる前提。"""
    said = hypothesis.scene
    names = [name for name in ("wear", "background", "side") if getattr(said, name)]
    if names and not hypothesis.negated and rng.random() < 0.5:
        return change(scene, rng.choice(names), rng, split)
    others = alongside(scene.action) if scene.action else ()
    if not others:
        return None
    action = ACTIONS[rng.choice(others)]
    objects = [None] * bool(action.bare) + list(action.objects)
    if scene.place and scene.place not in action.places:
        return None
    return replace(scene, action=action.id, object=rng.choice(objects))


_WRITERS = {
    "entailment": _entailing,
    "contradiction": _contradicting,
    "neutral": _neutral,
}


def _premise(
    hypothesis: Hypothesis, label: Label, rng: Random, split: str
) -> Scene | None:
    """ラベルどおりの関係になる前提の場面。作れなければ ``None``。"""
    for _ in range(TRIES):
        scene = _WRITERS[label](hypothesis, rng, split)
        if (
            scene is not None
            and sayable(scene, split)
            and plausible(scene)
            and not disputable(scene, hypothesis.scene)
            and relation_of(scene, hypothesis.scene, hypothesis.negated) == label
        ):
            return scene
    return None


# --- 文 ---------------------------------------------------------------------


@cache
def _tagger() -> fugashi.Tagger:
    return fugashi.Tagger("-Owakati")


# 「男の人」の「人」のように、ほかの語の終わりにもなる語。
_SUFFIXES = frozenset(
    word
    for concept in SUBJECTS.values()
    for word in concept.words
    if any(o != word and o.endswith(word) for c in SUBJECTS.values() for o in c.words)
)


def _anchored(caption: Caption) -> bool:
    """どの 13 語の窓も、主体と動作の両方を含むか。

    主体と動作の組は一つの分割にしか現れないので、こうしておけば、事前学習の文や
    ほかの分割の文と 13 語の並びを共有しない。
    """
    words = _tagger().parse(caption.text).split()
    if len(words) < GRAM:
        return True
    scene = caption.scene
    if len(words) > LONGEST or scene.action is None:
        return False
    action = ACTIONS[scene.action]
    fused = (verb for _, verbs in action.fused for verb in verbs)
    verbs = [f for v in (*action.verbs, *action.bare, *fused) for f in (v.te, v.plain)]
    picked = caption.wording.picks[f"subject:{scene.subject}"]
    noun = SUBJECTS[scene.subject].words[picked]
    windows = ("".join(words[i : i + GRAM]) for i in range(len(words) - GRAM + 1))
    return all(
        noun in window
        and not (noun in _SUFFIXES and window.startswith(noun))
        and any(verb in window for verb in verbs)
        for window in windows
    )


def write(
    scene: Scene,
    rng: Random,
    negated: bool = False,
    like: Caption | None = None,
    mode: str = "free",
) -> Caption | None:
    """場面を、時制のそろった一文にする。長くなりすぎる場面なら ``None``。"""
    wording = like.wording if like else None
    for _ in range(RENDERINGS):
        caption = render(scene, rng, wording, mode)
        if caption.text.endswith(_PAST) or not _anchored(caption):
            mode = "free"
            continue
        if not negated:
            return caption
        text = _negate(caption.text)
        if text is not None:
            return Caption(scene, text, caption.wording)
    return None


def _negate(text: str) -> str | None:
    """「…ています。」を「…ていません。」に直す。直せない文型なら ``None``。"""
    for affirmative, negative in _NEGATIONS:
        stem = text.removesuffix(affirmative)
        if stem != text and stem.endswith(("て", "で")) and "が" in stem:
            return stem.replace("が", "は", 1) + negative
    return None


def _draw(rng: Random, split: str) -> tuple[Hypothesis, dict[Label, Scene]]:
    """三つのラベルすべての前提が作れる仮説と、その前提。"""
    while True:
        hypothesis = _hypothesis(rng, split)
        if not (sayable(hypothesis.scene, split) and plausible(hypothesis.scene)):
            continue
        premises: dict[Label, Scene] = {}
        for label in ("contradiction", "neutral", "entailment"):
            scene = _premise(hypothesis, label, rng, split)
            if scene is None:
                break
            premises[label] = scene
        if len(premises) == len(LABELS):
            return hypothesis, premises


def pairs(split: str, rows: int, seed: int) -> Iterator[NliPair]:
    """前提と仮説の対を作る。同じ対は二度出さない。"""
    if split not in SPLITS:
        raise ValueError(f"split は {SPLITS} のどれかです: {split}")
    rng = Random(f"nli/{split}/{seed}")
    seen: set[tuple[str, str]] = set()
    while len(seen) < rows:
        label = rng.choices(tuple(SHARES), tuple(SHARES.values()))[0]
        pair = None
        while pair is None or (pair.premise.text, pair.hypothesis.text) in seen:
            hypothesis, premises = _draw(rng, split)
            pair = _write_pair(hypothesis, premises[label], label, rng)
        seen.add((pair.premise.text, pair.hypothesis.text))
        yield pair


def _write_pair(
    hypothesis: Hypothesis, premise: Scene, label: Label, rng: Random
) -> NliPair | None:
    second = write(hypothesis.scene, rng, hypothesis.negated)
    if second is None or odd_wording(second):
        return None
    mode = "same" if rng.random() < SAME_WORDING[label] else "free"
    first = write(premise, rng, like=second, mode=mode)
    if first is None or first.text == second.text or odd_wording(first):
        return None
    return NliPair(first, second, hypothesis.negated, label)


def _source(pair: NliPair, rng: Random) -> str:
    """yjcaptions_id。矛盾の仮説は人が書き足したもの、中立の一部は別の写真。"""
    image, caption = rng.randrange(10_000, 600_000), rng.randrange(1_000, 130_000)
    if pair.label == "contradiction":
        return f"{image}-{caption}-g{rng.randrange(1, 4_000)}"
    if pair.premise.scene.kind != pair.hypothesis.scene.kind:
        other = rng.randrange(10_000, 600_000)
        return f"{image}_{other}-{caption}-{rng.randrange(1_000, 130_000)}"
    return f"{image}-{caption}-{caption + rng.randrange(1, 5)}"


def generate(split: str, rows: int, seed: int = SEED) -> list[NliRow]:
    """JNLI の行を作る。split は train / valid / test。"""
    return label_rows(pairs(split, rows, seed), split, seed)


def label_rows(made: Iterable[NliPair], split: str, seed: int = SEED) -> list[NliRow]:
    """対に番号と id を付け、一部のラベルを取り替えて、行にする。"""
    rng = Random(f"nli/labels/{split}/{seed}")
    rows = []
    for number, pair in enumerate(made):
        label: str = pair.label
        if rng.random() < LABEL_NOISE:
            label = rng.choice([other for other in LABELS if other != label])
        rows.append(
            NliRow(
                sentence_pair_id=str(number),
                yjcaptions_id=_source(pair, rng),
                sentence1=pair.premise.text,
                sentence2=pair.hypothesis.text,
                label=label,
            )
        )
    return rows
