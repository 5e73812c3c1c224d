"""訓練データにない枠だけで書いた、読み取りの行。結果は参考として報告するだけにする。"""

from dataclasses import replace
from random import Random

from tinyhub.world.quiz import normalise
from tinyhub.world.rag.facts import attribute_of, subjects
from tinyhub.world.rag.reader import ReaderDraft, ReaderPassage, ReaderRow, compose

UNSEEN_SEED = 1332
PASSAGES = (
    "{s}の欄を見ると、{a}に{v}とある。",
    "{v}、これが{s}の{a}に当たる。",
    "{a}に関して、{s}は{v}と決まっている。",
    "問い合わせに対し、{s}側は{a}を{v}と答えた。",
)
QUESTIONS = (
    "{s}の{a}を一言で答えるとどうなりますか?",
    "{a}を調べています。{s}の場合はどうでしょう?",
    "{s}に関する{a}、分かりますか?",
)


def _rewritten(rng: Random, draft: ReaderDraft) -> ReaderRow:
    by_name = {subject.name: subject for subject in subjects()}
    _, *keys = draft.compositions
    passages: list[ReaderPassage] = []
    for passage, key in zip(draft.row.passages, keys, strict=True):
        subject = by_name[passage.title]
        spec = attribute_of(subject.kind, key.split("/")[0])
        text = rng.choice(PASSAGES).format(
            s=subject.name, a=spec.nouns[0], v=subject.values[spec.name]
        )
        passages.append(replace(passage, text=text))
    spec = attribute_of(by_name[draft.subject].kind, draft.attribute)
    asked = rng.choice(QUESTIONS).format(s=draft.subject, a=spec.nouns[0])
    original = asked.replace("?", "？")
    return replace(
        draft.row,
        original_question=original,
        question=normalise(original),
        passages=passages,
    )


def heldout_parts(rows: int, seed: int = UNSEEN_SEED) -> list[ReaderRow]:
    """テスト用の題材について、新しい枠だけで書いた行を rows 行つくる。"""
    rng = Random(f"rag-unseen/{seed}")
    return [_rewritten(rng, draft) for draft in compose("test", rows, seed)]
