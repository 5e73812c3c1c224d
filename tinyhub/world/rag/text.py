"""手引きと案内の言い回しに事前学習で出会うための、ラベルのない文章。

訓練用の題材についての文書と、でたらめな題材を並べて言い直す文書からなる。検証用・
テスト用の行や、検索する文書と語の 13-gram を共有するものは捨てる。
"""

import random
from functools import cache

from tinyhub.world.posts import ngrams
from tinyhub.world.rag import HELD_OUT, generate, write_document
from tinyhub.world.rag import documents as indexed_documents
from tinyhub.world.rag.facts import (
    of_split,
    random_subjects,
    write_passage,
)
from tinyhub.world.rag.reader import READER_ROWS, compose
from tinyhub.world.rag.words import ATTRIBUTES


@cache
def _reserved() -> frozenset[tuple[str, ...]]:
    """事前学習の文章に現れてはいけない n-gram。"""
    texts = [draft.document.text for draft in indexed_documents()]
    for split in HELD_OUT:
        texts += [row.question for row in generate(split)]
        for draft in compose(split, READER_ROWS[split]):
            texts.append(draft.row.question)
            texts += [passage.text for passage in draft.row.passages]
    return frozenset(gram for text in texts for gram in ngrams(text))


# 言い直す文書を書いてみる割合。題材の文書の多くは 13-gram の検査で捨てられるので、
# 残るもののおよそ 95 % が言い直す文書になる。
RECAP_RATE = 0.7
# 言い直しの前に置く言葉。
_AGAIN = ("つまり、", "もう一度言うと、", "くり返すと、", "念のため、", "")


def _recap(rng: random.Random) -> list[str]:
    """同じ属性を、いくつもの題材について述べ、そのうちのいくつかを言い直す。

    題材も値もその場で作ったでたらめなもので、世界の事実ではない。覚えても何の答えにも
    ならず、言い直しは前の文から写すしかない。
    """
    kind = rng.choice(tuple(ATTRIBUTES))
    attribute = rng.choice(ATTRIBUTES[kind])
    told = random_subjects(rng, kind, rng.choice((3, 4, 5)))

    def tell(lead: str, index: int) -> str:
        name, values = told[index].name, told[index].values
        polite = rng.random() < 0.5
        made = write_passage(
            rng, attribute, name, values[attribute.name], polite, "train"
        )
        # 前置きの重なった文にしない。
        return made.text if "、" in made.text[:10] else lead + made.text

    first = [tell("", index) for index in range(len(told))]
    again = rng.sample(range(len(told)), rng.choice((1, 2, 3)))
    return first + [tell(rng.choice(_AGAIN), index) for index in again]


def pretraining_documents(seed: int, documents: int) -> list[list[str]]:
    """手引きと案内の文書。一件は、つながった文のリスト。"""
    rng = random.Random(f"rag-text/{seed}")
    pool = of_split("train")
    written: list[list[str]] = []
    while len(written) < documents:
        if rng.random() < RECAP_RATE:
            sentences = _recap(rng)
        else:
            sentences = list(write_document(rng, rng.choice(pool), 0).sentences)
        if _reserved().isdisjoint(ngrams("".join(sentences))):
            written.append(sentences)
    return written


def frames(per_attribute: int, seed: int) -> list[list[str]]:
    """属性ごとの、訓練用の文の骨組み。{n} が題材の名前、{v} が値。"""
    rng = random.Random(f"rag-frames/{seed}")
    return [
        [
            write_passage(
                rng, attribute, "{n}", "{v}", rng.random() < 0.5, "train"
            ).text
            for _ in range(per_attribute)
        ]
        for attributes in ATTRIBUTES.values()
        for attribute in attributes
    ]


def topics() -> list[tuple[str, ...]]:
    """属性の呼び名。frames と同じ順。"""
    return [
        attribute.nouns
        for attributes in ATTRIBUTES.values()
        for attribute in attributes
    ]
