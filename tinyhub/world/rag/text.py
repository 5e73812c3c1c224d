"""手引きと案内の言い回しに事前学習で出会うための、ラベルのない文章。

訓練用の題材についての文書だけを使い、検証用・テスト用の行や、検索する文書と
語の 13-gram を共有するものは捨てる。
"""

import random
from functools import cache

from tinyhub.world.posts import ngrams
from tinyhub.world.rag import HELD_OUT, generate, write_document
from tinyhub.world.rag import documents as indexed_documents
from tinyhub.world.rag.facts import of_split
from tinyhub.world.rag.reader import READER_ROWS, compose


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


def pretraining_documents(seed: int, documents: int) -> list[list[str]]:
    """訓練用の題材だけについての手引きと案内。一件は、つながった文のリスト。"""
    rng = random.Random(f"rag-text/{seed}")
    pool = of_split("train")
    written: list[list[str]] = []
    while len(written) < documents:
        sentences = list(write_document(rng, rng.choice(pool), 0).sentences)
        if _reserved().isdisjoint(ngrams("".join(sentences))):
            written.append(sentences)
    return written
