"""事前学習に使える、ラベルのない地の文の出どころ。

どの関数も (種, 文書の数) から文書 (文のリスト) を作る。課題の形をした行、ラベル、
検証・テスト分割の文は入らない (tests/unit/test_world_*.py の 13-gram の検査)。
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tinyhub.models.held_out import held_out
from tinyhub.world import (
    captions,
    commonsense,
    instructions,
    ner,
    news,
    posts,
    prose,
    reviews,
    safety,
)
from tinyhub.world.quiz import text as quiz_text
from tinyhub.world.rag import text as rag_text

Document = list[str]
SOURCES: dict[str, Callable[[int, int], list[Document]]] = {
    "prose": prose.pretraining_documents,
    "commonsense": commonsense.pretraining_documents,
    "news": news.pretraining_documents,
    "ner": ner.pretraining_documents,
    "quiz": quiz_text.pretraining_documents,
    "rag": rag_text.pretraining_documents,
    "instructions": instructions.pretraining_documents,
    "safety": safety.pretraining_documents,
    "posts": posts.pretraining_documents,
    "reviews": reviews.pretraining_documents,
    "captions": captions.pretraining_documents,
}


def write(seed: int, counts: Mapping[str, int]) -> dict[str, list[Document]]:
    """counts の順に、出どころごとの文書を作る。

    ほかの家族の検証・テスト文と 13 語続けて重なる文書は、除く。その分だけ少なくなる。
    """
    reserved = held_out()
    return {
        name: [
            document
            for document in SOURCES[name](seed, count)
            if not any(reserved.overlaps(sentence) for sentence in document)
        ]
        for name, count in counts.items()
    }
