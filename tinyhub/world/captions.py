"""JSTS と同じ形の、写真の説明文の対と意味の近さ。

場面(``photos``)・文(``photos.text``)・採点(``similarity``)を分けてあるので、
同じ場面から含意関係の対も作れる。採点は場面だけを見て、文字の並びは見ない。
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations
from random import Random

from tinyhub.world.photos import (
    DETAILS,
    NUMBER_VALUES,
    SPLITS,
    Scene,
    ancestors,
    change,
    describe,
    relation,
    sample_photo,
)
from tinyhub.world.photos.text import Caption, facet_phrase, number_words, render
from tinyhub.world.photos.words import (
    ACTIONS,
    COLOURS,
    OBJECTS,
    PLACES,
    SIDES,
    SIZES,
    WEAR,
    Action,
)

# 配るデータの件数と種。事前学習の文はここから作る検証・テストの文を避ける。
ROWS = {"train": 12_000, "valid": 1_000, "test": 1_000}
SEED = 2023
LEAK_CHARACTERS = 14

ANNOTATORS = 5
ANNOTATOR_SPREAD = 0.55
FULL_SCORE = 4.75

CORE_FACTORS: dict[str, dict[str, float]] = {
    "subject": {"same": 1.0, "hypernym": 0.84, "sibling": 0.55, "different": 0.45},
    "place": {"same": 1.0, "hypernym": 0.9, "unstated": 0.87, "different": 0.6},
    "object": {
        "same": 1.0,
        "hypernym": 0.88,
        "unstated": 0.87,
        "sibling": 0.62,
        "different": 0.52,
    },
}
ACTION_FACTORS = {
    "same": 1.0,
    "unstated": 0.7,
    "opposite": 0.48,
    "family": 0.45,
    "different": 0.3,
}
OTHER_KIND = {"animal": 0.25, "vehicle": 0.12, "thing": 0.1, "person": 0.1}
DETAIL_FACTORS = {
    "number": {"unstated": 0.95, "different": 0.7},
    "colour": {"unstated": 0.93, "different": 0.7},
    "size": {"unstated": 0.95, "different": 0.74},
    "wear": {"unstated": 0.93, "different": 0.85},
    "background": {"unstated": 0.94, "different": 0.75},
    "side": {"unstated": 0.94, "different": 0.7},
}
PAIR_KINDS = {
    "paraphrase": 9,
    "partial": 20,
    "one_change": 32,
    "two_changes": 12,
    "shared": 10,
    "unrelated": 17,
}
# 前の文と同じ語・同じ組み立てで書く割合。意味の近さと文字の近さを切り離す。
# 大きな値ほど文字の重なりが手がかりになる。本物の JSTS では、文字の Jaccard 係数の
# 順位相関が 0.70 ある。
SAME_WORDING = {
    "paraphrase": 0.3,
    "partial": 0.3,
    "one_change": 0.4,
    "two_changes": 0.3,
    "shared": 0.15,
    "unrelated": 0.0,
}
CHANGE_WEIGHTS = {
    "subject": 3.0,
    "action": 3.0,
    "object": 2.5,
    "place": 2.0,
    "number": 1.6,
    "colour": 1.6,
    "size": 1.2,
    "wear": 0.8,
    "background": 1.0,
    "side": 1.2,
}

FACET_NAMES = {
    "subject": "主役",
    "action": "動作",
    "object": "相手",
    "place": "場所",
    "number": "数",
    "colour": "色",
    "size": "大きさ",
    "wear": "服装",
    "background": "天気や時刻",
    "side": "位置",
}


@dataclass(frozen=True, slots=True)
class StsRow:
    """JSTS の一行。"""

    sentence_pair_id: str
    yjcaptions_id: str
    sentence1: str
    sentence2: str
    label: float


@dataclass(frozen=True, slots=True)
class CaptionPair:
    """二つの説明文と、その作り方。"""

    first: Caption
    second: Caption
    kind: str
    same_photo: bool


def similarity(first: Scene, second: Scene) -> float:
    """二つの場面の意味の近さ(0 から 5、対称)。

    側面ごとの係数を掛け合わせる。片方が触れていない側面より、両立しない値の
    ほうが大きく下げる。
    """
    factor = _subject_factor(first, second)
    factor *= _action_factor(first, second)
    factor *= _core_factor("place", first.place, second.place)
    for name in DETAILS:
        one, other = getattr(first, name), getattr(second, name)
        if one == other:
            continue
        state = "different" if one and other else "unstated"
        factor *= DETAIL_FACTORS[name][state]
    return FULL_SCORE * factor


def _subject_factor(first: Scene, second: Scene) -> float:
    if first.kind != second.kind:
        return min(OTHER_KIND[first.kind], OTHER_KIND[second.kind])
    return CORE_FACTORS["subject"][relation(first.subject, second.subject)]


def _action_factor(first: Scene, second: Scene) -> float:
    """動作の近さ。動作が同じなら目的語の近さも掛ける。"""
    if first.action is None or second.action is None:
        if first.action == second.action:
            return 1.0
        return ACTION_FACTORS["unstated"]
    if first.action == second.action:
        return _core_factor("object", first.object, second.object)
    one, other = ACTIONS[first.action], ACTIONS[second.action]
    if one.opposite == other.id or other.opposite == one.id:
        factor = ACTION_FACTORS["opposite"]
    elif one.family == other.family:
        factor = ACTION_FACTORS["family"]
    else:
        factor = ACTION_FACTORS["different"]
    if first.object is None and second.object is None:
        return factor
    if first.object == second.object:
        return factor * 1.1
    return factor * (0.85 if first.object and second.object else 0.92)


def _core_factor(name: str, first: str | None, second: str | None) -> float:
    if first == second:
        return 1.0
    factors = CORE_FACTORS[name]
    if first is None or second is None:
        return factors["unstated"]
    return factors.get(relation(first, second), factors["different"])


def annotate(score: float, rng: Random) -> float:
    """評定者 5 人の整数評定の平均(0.2 刻み)。"""
    ratings = [
        min(5, max(0, round(score + rng.gauss(0.0, ANNOTATOR_SPREAD))))
        for _ in range(ANNOTATORS)
    ]
    return sum(ratings) / ANNOTATORS


def pairs(
    split: str, rows: int, seed: int, novel: bool = False
) -> Iterator[CaptionPair]:
    """説明文の対を作る。同じ対は二度出さない。"""
    if split not in SPLITS:
        raise ValueError(f"split は {SPLITS} のどれかです: {split}")
    rng = Random(f"captions/{split}/{seed}/{novel}")
    kinds, weights = tuple(PAIR_KINDS), tuple(PAIR_KINDS.values())
    seen: set[frozenset[str]] = set()
    for _ in range(rows):
        kind = rng.choices(kinds, weights)[0]
        pair, key = None, frozenset[str]()
        while pair is None or len(key) < 2 or key in seen:
            pair = _pair(rng, split, kind, novel)
            if pair is not None:
                key = frozenset((pair.first.text, pair.second.text))
        seen.add(key)
        yield pair


def _pair(rng: Random, split: str, kind: str, novel: bool) -> CaptionPair | None:
    """対を一つ試作する。変えられない側面を引いたら ``None``。"""
    photo = sample_photo(rng, split)
    first = describe(photo, rng, split)
    if kind == "paraphrase":
        second: Scene | None = first
    elif kind == "partial":
        second = describe(photo, rng, split)
    elif kind in ("one_change", "two_changes"):
        second = _changed(first, rng, split, 1 if kind == "one_change" else 2)
    elif kind == "shared":
        second = _sharing(photo, rng, split)
    else:
        second = describe(sample_photo(rng, split), rng, split)
    if second is None:
        return None
    mode = "same" if rng.random() < SAME_WORDING[kind] else "free"
    caption1 = render(first, rng, novel=novel)
    caption2 = render(second, rng, caption1.wording, mode, novel=novel)
    if rng.random() < 0.5:
        caption1, caption2 = caption2, caption1
    same_photo = kind in ("paraphrase", "partial")
    return CaptionPair(caption1, caption2, kind, same_photo)


def _changed(scene: Scene, rng: Random, split: str, times: int) -> Scene | None:
    """触れている側面を ``times`` 個だけ両立しない値に変える。"""
    weights = {n: CHANGE_WEIGHTS[n] for n in scene.stated()}
    changed: Scene | None = scene
    for _ in range(times):
        facet = rng.choices(tuple(weights), tuple(weights.values()))[0]
        del weights[facet]
        changed = change(changed, facet, rng, split)
        if changed is None:
            return None
    return changed


def _sharing(photo: Scene, rng: Random, split: str) -> Scene | None:
    """同じ種類の主体が写る別の写真。場所や細部の一部が重なることがある。"""
    other = sample_photo(rng, split, photo.kind)
    shared = rng.choice(("place", "number", "background", "subject"))
    if shared == "subject":
        changed = change(photo, "action", rng, split)
        if changed is None:
            return None
        return describe(changed, rng, split)
    if shared != "place" or photo.place in ACTIONS[other.action].places:
        other = replace(other, **{shared: getattr(photo, shared)})
    return describe(other, rng, split)


def generate(split: str, rows: int, seed: int) -> list[StsRow]:
    """JSTS の行を作る。split は train / valid / test。"""
    return _rows(split, rows, seed, novel=False)


def generate_novel_frames(rows: int, seed: int) -> list[StsRow]:
    """学習用には現れない文型だけの、参考用の追加テスト。"""
    return _rows("test", rows, seed, novel=True)


def _rows(split: str, rows: int, seed: int, novel: bool) -> list[StsRow]:
    rng = Random(f"labels/{split}/{seed}/{novel}")
    made = []
    for number, pair in enumerate(pairs(split, rows, seed, novel)):
        image, caption = rng.randrange(10_000, 600_000), rng.randrange(1_000, 130_000)
        if pair.same_photo:
            source = f"{image}-{caption}-{caption + rng.randrange(1, 5)}"
        elif pair.kind == "one_change":
            source = f"{image}-{caption}-g{rng.randrange(1, 4_000)}"
        else:
            other = rng.randrange(10_000, 600_000)
            source = f"{image}_{other}-{caption}-{rng.randrange(1_000, 130_000)}"
        made.append(
            StsRow(
                sentence_pair_id=str(number),
                yjcaptions_id=source,
                sentence1=pair.first.text,
                sentence2=pair.second.text,
                label=annotate(similarity(pair.first.scene, pair.second.scene), rng),
            )
        )
    return made


def pretraining_documents(seed: int, documents: int) -> list[list[str]]:
    """写真帳の説明と語釈からなる、ラベルのない地の文。

    写真帳では似た写真が続くので、隣り合う文書は一つ二つの側面だけが違う場面の
    ことが多い。文書のなかの文は同じ写真(か、比べると断った写真)の説明である。
    """
    rng = Random(f"captions/prose/{seed}")
    definitions = _definitions()
    held_out = _evaluation_strings()
    made: list[list[str]] = []
    photo = sample_photo(rng, "train")
    while len(made) < documents:
        if rng.random() < 0.1:
            made.append(_lexicon_document(rng, definitions))
            continue
        photo = _next_photo(photo, rng)
        document = _album_document(photo, rng)
        if len(document) > 1 and all(
            held_out.isdisjoint(_windows(sentence)) for sentence in document
        ):
            made.append(document)
    return made


def _windows(sentence: str) -> Iterator[str]:
    """長さ ``LEAK_CHARACTERS`` の文字の連なり。"""
    for start in range(len(sentence) - LEAK_CHARACTERS + 1):
        yield sentence[start : start + LEAK_CHARACTERS]


@cache
def _evaluation_strings() -> frozenset[str]:
    """検証・テストの文に現れる文字の連なり。"""
    return frozenset(
        window
        for split in ("valid", "test")
        for pair in pairs(split, ROWS[split], SEED)
        for caption in (pair.first, pair.second)
        for window in _windows(caption.text)
    )


def _next_photo(photo: Scene, rng: Random) -> Scene:
    """写真帳の次の一枚。たいていは前の写真と一つか二つの側面だけが違う。"""
    if rng.random() < 0.2:
        return sample_photo(rng, "train")
    changed = _changed(photo, rng, "train", rng.choice((1, 1, 2)))
    return changed or sample_photo(rng, "train")


def _album_document(photo: Scene, rng: Random) -> list[str]:
    """一枚の写真を何通りかに言い換え、ときどき隣の写真と比べる。"""
    scene = describe(photo, rng, "train")
    caption = render(scene, rng)
    sentences = [caption.text]
    for _ in range(rng.choice((0, 1, 1, 2, 2))):
        again = scene if rng.random() < 0.6 else describe(photo, rng, "train")
        mode = "different" if rng.random() < 0.6 else "free"
        text = render(again, rng, caption.wording, mode).text
        if text not in sentences:
            sentences.append(text)
    if rng.random() < 0.4 or len(sentences) == 1:
        sentences = [*sentences[1:], sentences[0], *_neighbour(scene, caption, rng)]
    return sentences


def _neighbour(scene: Scene, caption: Caption, rng: Random) -> list[str]:
    """隣の写真を、いまの写真と比べながら説明する。"""
    roll = rng.random()
    mode = rng.choice(("same", "free", "different"))
    if roll < 0.2:
        text = render(scene, rng, caption.wording, "different").text
        lead = rng.choice(
            ("何も変わらず、", "同じ写真の別の説明で、", "言い換えると、")
        )
        return [lead + text]
    facet = rng.choice(scene.stated())
    other = change(scene, facet, rng, "train")
    if other is None:
        return []
    if roll < 0.4:
        return [
            _contrast(scene, other, facet, rng),
            render(other, rng, caption.wording, mode).text,
        ]
    names = [FACET_NAMES[facet]]
    rest = [name for name in other.stated() if name not in (facet, "object")]
    second = rng.choice(rest)
    if rng.random() < 0.3 and (both := change(other, second, rng, "train")):
        other = both
        names.append(FACET_NAMES[second])
    what = "と".join(names)
    lead = rng.choice(
        (
            f"今度は{what}が変わって、",
            f"次は{what}だけが違い、",
            f"隣の写真は{what}が異なり、",
            f"もう一枚は{what}が別で、",
        )
    )
    return [lead + render(other, rng, caption.wording, mode).text]


def _contrast(scene: Scene, other: Scene, facet: str, rng: Random) -> str:
    """隣の写真との違いを「…ではなく…」で言う文。"""
    before, after = facet_phrase(scene, facet, rng), facet_phrase(other, facet, rng)
    label = FACET_NAMES[facet]
    return rng.choice(
        (
            f"隣の写真は、{before}ではなく{after}だ。",
            f"次の写真は{label}が違い、{before}ではなく{after}です。",
            f"もう一枚は、{before}ではなく{after}の写真です。",
            f"{label}だけが違う写真もあり、そちらは{before}でなく{after}だ。",
            f"{before}の写真と{after}の写真は、{label}が異なる。",
        )
    )


def _definitions() -> list[str]:
    """言い換え・上位語・反対語を説明する文。"""
    made: list[str] = []
    for table in (OBJECTS, PLACES):
        for concept in table.values():
            made += _synonym_sentences(concept.words)
            for parent in ancestors(concept.id)[:1]:
                if parent in table:
                    made += [
                        f"{word}は{upper}の一種だ。"
                        for word in concept.words
                        for upper in table[parent].words[:2]
                    ]
    for counter in (
        "人",
        "匹",
        "頭",
        "羽",
        "台",
        "脚",
        "個",
        "本",
        "冊",
        "枚",
        "隻",
        "機",
    ):
        for number in NUMBER_VALUES:
            made += _synonym_sentences(number_words(number, counter))
    for table in (COLOURS, SIZES):
        for concept in table.values():
            made += _synonym_sentences([f"{word}もの" for word in concept.words])
    for concept in WEAR.values():
        made += _synonym_sentences(concept.words)
    for concept in SIDES.values():
        made += _synonym_sentences(concept.words)
    for action in ACTIONS.values():
        if action.bare:
            made += _synonym_sentences([f"{verb.plain}こと" for verb in action.bare])
        for item in action.objects[:4]:
            word = OBJECTS[item].words[0]
            phrases = [
                f"{word}{verb.particle}{verb.plain}こと" for verb in action.verbs
            ]
            phrases += [f"{v.plain}こと" for v in dict(action.fused).get(item, ())]
            made += _synonym_sentences(phrases)
        made += _opposite_sentences(action)
    return made


def _synonym_sentences(words: Sequence[str]) -> list[str]:
    made = []
    for one, other in permutations(words, 2):
        made += [
            f"{one.removesuffix('こと')}とは{other}のことだ。",
            f"{one}も{other}も同じ意味だ。",
            f"{one}は{other}とも言う。",
        ]
    return [sentence.replace("ことのこと", "こと") for sentence in made]


def _opposite_sentences(action: Action) -> list[str]:
    if action.opposite is None:
        return []
    ours = action.bare or action.verbs
    theirs = ACTIONS[action.opposite]
    return [
        f"{one.te}{one.aux}なら、{other.te}はいない。"
        for one in ours
        for other in theirs.bare or theirs.verbs
        if one.particle == other.particle and one.aux == other.aux == "いる"
    ]


def _lexicon_document(rng: Random, definitions: list[str]) -> list[str]:
    """語釈を二つから四つ並べる。似た語どうしが続くように近くから拾う。"""
    start = rng.randrange(len(definitions))
    window = definitions[start : start + 12]
    return rng.sample(window, min(len(window), rng.randrange(2, 5)))
