"""写真に写っている場面。抽選・分割・値どうしの関係を決める(文は ``photos.text``)。

``Scene`` の値は「言われたこと」で、``None`` はその側面に触れていないことを表す。
一枚の写真から、触れる側面を変えて何通りもの ``Scene`` を切り出せる。
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from random import Random

from tinyhub.world.photos.words import (
    ACTIONS,
    BABY_ACTIONS,
    BACKGROUNDS,
    BULKY,
    BULKY_SUPPORTS,
    COLOURS,
    INDOOR_OBJECTS,
    OBJECTS,
    OPPOSITE_SIDES,
    OUTDOOR_OBJECTS,
    PLACES,
    SIDES,
    SUBJECT_PLACES,
    SUBJECTS,
    UNCOLOURED_WEAR,
    WEAR,
    Action,
)

SPLITS = ("train", "valid", "test")
NUMBER_VALUES = ("1", "2", "3", "4", "5", "many")
DETAILS = ("number", "colour", "size", "wear", "background", "side")
VAGUE_SUBJECTS = ("person", "child", "animal", "vehicle", "food")


@dataclass(frozen=True, slots=True)
class Scene:
    """場面の側面。subject のほかは触れなくてもよい。"""

    subject: str
    action: str | None = None
    object: str | None = None
    place: str | None = None
    number: str | None = None
    colour: str | None = None
    size: str | None = None
    wear: str | None = None
    background: str | None = None
    side: str | None = None

    @property
    def kind(self) -> str:
        return SUBJECTS[self.subject].kind

    def stated(self) -> list[str]:
        """触れている側面の名前。"""
        return [field.name for field in fields(self) if getattr(self, field.name)]


def split_of(subject: str, action: str | None) -> str:
    """主体と動作の組がどの分割に属するか。組は一つの分割にだけ現れる。"""
    bucket = zlib.crc32(f"{subject}/{action}/scene".encode()) % 20
    return "valid" if bucket < 4 else "test" if bucket < 8 else "train"


@cache
def ancestors(concept: str) -> tuple[str, ...]:
    """上位語の id を近い順に返す。"""
    table = OBJECTS if concept in OBJECTS else PLACES
    found: list[str] = []
    current = table[concept].parent if concept in table else None
    while current is not None:
        found.append(current)
        current = table[current].parent if current in table else None
    return tuple(found)


@cache
def relation(first: str, second: str) -> str:
    """二つの値の関係: same / hypernym / sibling / different。"""
    if first == second:
        return "same"
    if first in ancestors(second) or second in ancestors(first):
        return "hypernym"
    if ancestors(first) and ancestors(first)[:1] == ancestors(second)[:1]:
        return "sibling"
    return "different"


@cache
def action_subjects(action: str, split: str) -> tuple[str, ...]:
    """その分割で動作の主体になれるもの。"""
    allowed = set(ACTIONS[action].subjects)
    return tuple(
        subject
        for subject, concept in SUBJECTS.items()
        if allowed & {subject, concept.kind, *ancestors(subject)}
        and (subject != "baby" or action in BABY_ACTIONS)
        and split_of(subject, action) == split
    )


@cache
def kind_actions(kind: str, split: str) -> tuple[str, ...]:
    """その種類の主体をもつ動作。"""
    return tuple(
        action
        for action in ACTIONS
        if any(SUBJECTS[s].kind == kind for s in action_subjects(action, split))
    )


@cache
def subject_actions(subject: str, split: str) -> tuple[str, ...]:
    """その分割で主体がとれる動作。"""
    return tuple(a for a in ACTIONS if subject in action_subjects(a, split))


def allowed_objects(action: Action, subject: str, place: str | None) -> list[str]:
    """主体と場所に合う目的語。主体自身や主体の仲間は除く。"""
    family = {subject, *ancestors(subject)} - {"food"}
    return [
        item
        for item in action.objects
        if not family & {item, *ancestors(item)}
        and fits(item, place)
        and (subject not in BULKY or item in BULKY_SUPPORTS)
    ]


def fits(item: str | None, place: str | None) -> bool:
    """物がその場所にあっておかしくないか。"""
    if item in OUTDOOR_OBJECTS:
        return place is None or outdoors(place)
    if item in INDOOR_OBJECTS:
        return not outdoors(place)
    return True


def goes_to(subject: str, place: str | None) -> bool:
    """主体がその場所にいておかしくないか。"""
    return place is None or place in SUBJECT_PLACES.get(subject, PLACES)


def sample_photo(rng: Random, split: str, kind: str | None = None) -> Scene:
    """すべての側面が決まった一枚の写真を抽選する。"""
    if kind is None:
        kind = rng.choices(
            ("person", "animal", "vehicle", "thing"), weights=(52, 18, 13, 17)
        )[0]
    action_id = rng.choice(kind_actions(kind, split))
    action = ACTIONS[action_id]
    subject = rng.choice(
        [s for s in action_subjects(action_id, split) if SUBJECTS[s].kind == kind]
    )
    places = [place for place in action.places if goes_to(subject, place)]
    place = rng.choice(places)
    objects = allowed_objects(action, subject, place)
    while action.objects and not action.bare and not objects:
        place = rng.choice(places)
        objects = allowed_objects(action, subject, place)
    return Scene(
        subject=subject,
        action=action_id,
        object=rng.choice(objects) if objects else None,
        place=place,
        **sample_details(rng, subject, kind),
    )


def sample_details(rng: Random, subject: str, kind: str) -> dict[str, str | None]:
    """数・色・大小・服装・天気と時刻・画面の位置を抽選する。"""
    concept = SUBJECTS[subject]
    wear = rng.choice(tuple(WEAR)) if kind == "person" else None
    colours = tuple(COLOURS) if kind == "person" else concept.colours
    if wear in UNCOLOURED_WEAR:
        colours = ()
    return {
        "number": sample_number(rng, subject),
        "colour": rng.choice(colours) if colours else None,
        "size": rng.choice(("large", "small")) if concept.sized else None,
        "wear": wear,
        "background": rng.choice(tuple(BACKGROUNDS)),
        "side": rng.choice(tuple(SIDES)),
    }


def sample_number(rng: Random, subject: str) -> str | None:
    """助数詞をもつ主体に数を与える。"""
    if not SUBJECTS[subject].counter:
        return None
    return rng.choices(NUMBER_VALUES, weights=(34, 24, 15, 7, 4, 16))[0]


def describe(photo: Scene, rng: Random, split: str) -> Scene:
    """写真のどの側面に触れるかを選ぶ。上位語でぼかすこともある。"""
    scene = photo
    if rng.random() < 0.06 and split_of(scene.subject, None) == split:
        scene = replace(scene, action=None, object=None)
    elif scene.object and ACTIONS[scene.action].bare and rng.random() < 0.15:
        scene = replace(scene, object=None)
    if scene.action and rng.random() < 0.3:
        scene = replace(scene, place=None)
    elif rng.random() < 0.06:
        scene = replace(scene, place=PLACES[scene.place].parent)
    if rng.random() < 0.12:
        scene = generalise(scene, rng, split)
    probabilities = {
        "number": {"1": 0.35, "many": 0.9}.get(scene.number, 0.75),
        "wear": 0.3,
        "colour": 0.3,
        "size": 0.22,
        "background": 0.16 if outdoors(scene.place) else 0.0,
        "side": 0.08,
    }
    kept = {name for name, share in probabilities.items() if rng.random() < share}
    scene = replace(scene, **{name: None for name in DETAILS if name not in kept})
    return _sayable(scene, photo)


def _sayable(scene: Scene, photo: Scene) -> Scene:
    """言い表せない組み合わせを整える。"""
    if scene.kind == "person":
        if scene.wear in ("clothes", "shirt", "coat"):
            scene = replace(scene, colour=photo.colour)
        elif scene.colour and not scene.wear:
            scene = replace(scene, wear=photo.wear)
    if scene.background and scene.side:
        scene = replace(scene, side=None)
    return scene


def outdoors(place: str | None) -> bool:
    """屋外の場所か。場所に触れない場面では天気も言わない。"""
    return place is not None and "outside" in (place, PLACES[place].parent)


def generalise(scene: Scene, rng: Random, split: str) -> Scene:
    """主体を上位語に置き換える。組が別の分割に入る置き換えはしない。"""
    own = SUBJECTS[scene.subject]
    parents = [
        parent
        for parent in ancestors(scene.subject)
        if split_of(parent, scene.action) == split
        and SUBJECTS[parent].counter == own.counter
    ]
    return replace(scene, subject=rng.choice(parents)) if parents else scene


def change(scene: Scene, facet: str, rng: Random, split: str) -> Scene | None:
    """側面を一つだけ、両立しない値に変える。変えられなければ ``None``。"""
    options = alternatives(scene, facet, split)
    if not options:
        return None
    changed = replace(scene, **{facet: rng.choice(options)})
    if facet == "action":
        changed = _fit_object(changed, scene, rng)
    return changed


def alternatives(scene: Scene, facet: str, split: str) -> list[str]:
    """その側面がとりうる、いまの値とは両立しない値。"""
    value = getattr(scene, facet)
    if value is None:
        return []
    if facet == "subject":
        return _subject_alternatives(scene, split)
    if facet == "action":
        return _action_alternatives(scene, split)
    action = ACTIONS[scene.action] if scene.action else None
    concept = SUBJECTS[scene.subject]
    pool: Sequence[str] = {
        "object": allowed_objects(action, scene.subject, scene.place) if action else (),
        "place": [
            place
            for place in (action.places if action else PLACES)
            if fits(scene.object, place)
            and goes_to(scene.subject, place)
            and outdoors(place) >= bool(scene.background)
        ],
        "number": NUMBER_VALUES,
        "colour": tuple(COLOURS) if scene.kind == "person" else concept.colours,
        "size": ("large", "small"),
        "wear": tuple(w for w in WEAR if not (scene.colour and w in UNCOLOURED_WEAR)),
        "background": tuple(BACKGROUNDS),
        "side": (OPPOSITE_SIDES.get(value, value),),
    }[facet]
    return [item for item in pool if relation(item, value) in ("sibling", "different")]


def _subject_alternatives(scene: Scene, split: str) -> list[str]:
    """同じことをしている別の主体。上位語・下位語は別物とみなさない。"""
    pool = (
        action_subjects(scene.action, split)
        if scene.action
        else tuple(s for s in SUBJECTS if split_of(s, None) == split)
    )
    own = SUBJECTS[scene.subject]
    return [
        item
        for item in pool
        if relation(item, scene.subject) in ("sibling", "different")
        and SUBJECTS[item].kind == own.kind
        and item not in VAGUE_SUBJECTS
        and (not scene.number or SUBJECTS[item].counter)
        and (not scene.size or SUBJECTS[item].sized)
        and (
            not scene.colour
            or own.kind == "person"
            or scene.colour in SUBJECTS[item].colours
        )
        and item != scene.object
        and goes_to(item, scene.place)
        and (item not in BULKY or scene.object in (None, *BULKY_SUPPORTS))
    ]


def _action_alternatives(scene: Scene, split: str) -> list[str]:
    """同じ主体の別の動作。反対の動作と、同じ目的語をとる動作を多めに返す。"""
    current = ACTIONS[scene.action]
    options = []
    for item in subject_actions(scene.subject, split):
        other = ACTIONS[item]
        if item == scene.action or (scene.object is None and not other.bare):
            continue
        if scene.place and scene.place not in other.places:
            continue
        shares_object = scene.object is not None and scene.object in other.objects
        weight = 6 if item == current.opposite else 4 if shares_object else 1
        options += [item] * weight
    return options


def _fit_object(changed: Scene, original: Scene, rng: Random) -> Scene | None:
    """動作を変えたあと、目的語を新しい動作に合わせる。合わなければ ``None``。"""
    action = ACTIONS[changed.action]
    objects = allowed_objects(action, changed.subject, changed.place)
    if original.object in objects:
        return changed
    if action.bare and (original.object is None or not objects):
        return replace(changed, object=None)
    return replace(changed, object=rng.choice(objects)) if objects else None
