"""JSNLI と同じ列をもつ、一つの前提に複数の仮説が付いた含意関係の対。

前提は写真の説明文で、その写真についての仮説を含意・矛盾・中立で書く。関係は場面の値
だけから決める(``photo_entailment``)。教師あり SimCSE は、同じ前提の含意の仮説を
近づけ、矛盾の仮説を遠ざけるので、どの前提にも含意と矛盾の仮説を一つ以上付ける。
文は、本物と同じように語のあいだを空白で区切る。JSTS に出てくる文は使わない。
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Literal

import fugashi

from tinyhub.world.nli import disputable, odd_wording, plausible, sayable, write
from tinyhub.world.paragraphs import jsts_sentences
from tinyhub.world.photos import (
    DETAILS,
    Scene,
    action_subjects,
    ancestors,
    change,
    describe,
    generalise,
    sample_photo,
)
from tinyhub.world.photos.entailment import Label, alongside, relation_of
from tinyhub.world.photos.text import Caption
from tinyhub.world.photos.words import ACTIONS, OBJECTS, PLACES

Split = Literal["train", "validation"]

# shunk031/jsnli の ClassLabel の順。JNLI の順とは違う。
LABELS: tuple[Label, ...] = ("entailment", "neutral", "contradiction")
ROWS: dict[Split, int] = {"train": 9_000, "validation": 900}
SEED = 2020
# 訓練の場面だけから作る。検証には、訓練にない主体と動作の組を使う。
SCENE_SPLITS: dict[Split, str] = {"train": "train", "validation": "valid"}
# 機械翻訳と付け直しで生じた誤りにあたる、入れ替えたラベルの割合。
LABEL_NOISE = 0.05

# 前提一つに付ける仮説の数と、その重み。
_COUNTS: dict[Label, tuple[int, ...]] = {
    "entailment": (1, 1, 1, 2),
    "neutral": (1, 1, 1, 2),
    "contradiction": (1, 1, 1, 2),
}
_SAME_WORDING = 0.35
_CLASH_WEIGHTS = {
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
_TRIES = 30


@dataclass(frozen=True)
class JsnliRow:
    """JSNLI の一行。"""

    premise: str
    hypothesis: str
    label: Label


@dataclass(frozen=True)
class Example:
    """前提と仮説の説明文と、雑音を加える前のラベル。"""

    premise: Caption
    hypothesis: Caption
    label: Label


def generate(split: Split, rows: int, seed: int = SEED) -> list[JsnliRow]:
    """JSNLI の行を作る。同じ前提の行は離れて並ぶ。"""
    rng = Random(f"jsnli/labels/{split}/{seed}")
    made = []
    for example in examples(split, rows, seed):
        label = example.label
        if rng.random() < LABEL_NOISE:
            label = rng.choice([other for other in LABELS if other != label])
        made.append(
            JsnliRow(
                premise=segment(example.premise.text),
                hypothesis=segment(example.hypothesis.text),
                label=label,
            )
        )
    return made


def examples(split: Split, rows: int, seed: int = SEED) -> list[Example]:
    """前提ごとに仮説を書き、行の順を混ぜる。"""
    if split not in SCENE_SPLITS:
        raise ValueError(f"split は {tuple(SCENE_SPLITS)} のどれかです: {split}")
    rng = Random(f"jsnli/{split}/{seed}")
    premises: set[str] = set()
    made: list[Example] = []
    while len(made) < rows:
        group = _group(rng, SCENE_SPLITS[split])
        if group and group[0].premise.text not in premises:
            premises.add(group[0].premise.text)
            made += group
    rng.shuffle(made)
    return made[:rows]


@cache
def _tagger() -> fugashi.Tagger:
    return fugashi.Tagger("-Owakati")


def segment(text: str) -> str:
    """語のあいだに空白を入れる。"""
    return " ".join(_tagger().parse(text).split())


def _group(rng: Random, split: str) -> list[Example]:
    """一つの前提と、その仮説。必要な仮説がそろわなければ空のリスト。"""
    photo = sample_photo(rng, split)
    scene = describe(photo, rng, split)
    if not (sayable(scene, split) and plausible(scene)):
        return []
    premise = write(scene, rng)
    if premise is None or odd_wording(premise):
        return []
    evaluated = jsts_sentences()
    if premise.text in evaluated:
        return []
    made: list[Example] = []
    texts = {premise.text}
    for label in LABELS:
        for _ in range(rng.choice(_COUNTS[label])):
            hypothesis = _hypothesis(premise, photo, label, rng, split)
            if hypothesis is None or hypothesis.text in evaluated:
                continue
            if odd_wording(hypothesis):
                continue
            if hypothesis.text not in texts:
                texts.add(hypothesis.text)
                made.append(Example(premise, hypothesis, label))
    found = {example.label for example in made}
    return made if {"entailment", "contradiction"} <= found else []


def _hypothesis(
    premise: Caption, photo: Scene, label: Label, rng: Random, split: str
) -> Caption | None:
    for _ in range(_TRIES):
        scene = _WRITERS[label](premise.scene, photo, rng, split)
        if (
            scene is not None
            and sayable(scene, split)
            and plausible(scene)
            and not disputable(premise.scene, scene)
            and relation_of(premise.scene, scene) == label
        ):
            mode = "same" if rng.random() < _SAME_WORDING else "different"
            return write(scene, rng, like=premise, mode=mode)
    return None


def _shorter(scene: Scene, rng: Random, split: str, kept: str = "") -> Scene:
    """細部のいくつかに触れず、ときどき上位語で言う。kept の側面は残す。"""
    dropped = {name for name in DETAILS if rng.random() < 0.5} - {kept}
    if "wear" in dropped and scene.kind == "person" and kept != "colour":
        dropped.add("colour")
    scene = replace(scene, **dict.fromkeys(dropped))
    if kept != "place" and scene.action:
        if rng.random() < 0.35:
            scene = replace(scene, place=None)
        elif scene.place and rng.random() < 0.1:
            scene = replace(scene, place=PLACES[scene.place].parent or scene.place)
    if kept != "subject" and rng.random() < 0.3:
        scene = generalise(scene, rng, split)
    return scene


def _entailed(scene: Scene, _photo: Scene, rng: Random, split: str) -> Scene | None:
    return _shorter(scene, rng, split)


def _contradicted(scene: Scene, _photo: Scene, rng: Random, split: str) -> Scene | None:
    said = [name for name in scene.stated() if name in _CLASH_WEIGHTS]
    facet = rng.choices(said, [_CLASH_WEIGHTS[name] for name in said])[0]
    return change(_shorter(scene, rng, split, kept=facet), facet, rng, split)


def _neutral(scene: Scene, photo: Scene, rng: Random, split: str) -> Scene | None:
    """前提が触れていないことを言う。"""
    if rng.random() < 0.3:
        return _beside(scene, rng, split)
    unsaid = [
        name
        for name in ("subject", "object", "place", *DETAILS)
        if getattr(photo, name)
        and getattr(scene, name) in (None, *ancestors(getattr(photo, name)))
    ]
    if not unsaid:
        return None
    facet = rng.choice(unsaid)
    scene = replace(
        _shorter(scene, rng, split, kept=facet), **{facet: getattr(photo, facet)}
    )
    if facet == "colour" and scene.kind == "person":
        scene = replace(scene, wear=photo.wear)
    if facet == "wear":
        scene = replace(scene, colour=photo.colour)
    return scene


def _beside(scene: Scene, rng: Random, split: str) -> Scene | None:
    """同時に成り立つ別の動作を言う。"""
    others = alongside(scene.action) if scene.action else ()
    if not others:
        return None
    action = ACTIONS[rng.choice(others)]
    if scene.subject not in action_subjects(action.id, split):
        return None
    if scene.place and scene.place not in action.places:
        return None
    objects = [None] * bool(action.bare) + [
        item for item in action.objects if item in OBJECTS
    ]
    scene = _shorter(scene, rng, split)
    return replace(scene, action=action.id, object=rng.choice(objects))


_WRITERS: dict[Label, Callable[[Scene, Scene, Random, str], Scene | None]] = {
    "entailment": _entailed,
    "neutral": _neutral,
    "contradiction": _contradicted,
}
