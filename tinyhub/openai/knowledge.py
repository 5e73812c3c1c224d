"""シミュレータが知っている質問: クイズ・社内文書・安全さの検査。

質問は、プロンプトのどこに書かれていても見つける。プロンプトの形は書き手によって違う。
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Literal

from tinyhub.world import quiz, rag, safety
from tinyhub.world.facts import SPLITS
from tinyhub.world.safety import cautious_questions

_PREFIX = 8
# 用意している途中に要求が来ても、二度は作らない。
_BUILDING = Lock()

Family = Literal["quiz", "document", "harmful", "benign"]


@dataclass(frozen=True)
class Known:
    """知っている質問。answers は正解として認める書き方 (答えがなければ空)。

    wrong は、同じ種類の別の問題の答え (もっともらしい誤答)。reply は返事の例。
    """

    family: Family
    text: str
    answers: tuple[str, ...] = ()
    kind: str = ""
    reply: str = ""


@dataclass(frozen=True)
class Found:
    """プロンプトの中で見つけた質問と、その位置。"""

    known: Known
    start: int
    stop: int


def normalise(text: str) -> str:
    """全角と半角の違いと、空白の違いをなくす。"""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _quiz() -> Iterator[Known]:
    for split in SPLITS:
        for draft in quiz.compose(split, quiz.ROWS[split]):
            marks = draft.composition.split("/")
            asked = next((m[:-1] for m in marks if m.startswith("ask-")), "name")
            kind = f"{draft.item_type}/{asked}"
            row = draft.question
            yield Known("quiz", row.question, tuple(row.answers), kind)


def _documents() -> Iterator[Known]:
    for split, rows in rag.QUESTION_ROWS.items():
        for row in rag.questions(split, rows):
            answers = tuple(row.answers) if row.answerable else ()
            yield Known("document", row.question, answers, f"rag/{row.attribute}")


def _requests() -> Iterator[Known]:
    for probe in safety.probes():
        yield Known(probe.label, probe.prompt, reply=probe.answer)
    for row in cautious_questions.generate():
        yield Known("harmful", row.question)


def prepare() -> None:
    """質問を作っておく (はじめの要求を待たせないため)。"""
    _index()


def _index() -> dict[str, tuple[Known, ...]]:
    with _BUILDING:
        return _built_index()


@cache
def _built_index() -> dict[str, tuple[Known, ...]]:
    """質問の初めの数文字から、質問 (長いものから順に)。"""
    made: dict[str, list[Known]] = {}
    for source in (_quiz, _documents, _requests):
        for known in source():
            tidy = Known(
                known.family,
                normalise(known.text),
                known.answers,
                known.kind,
                known.reply,
            )
            made.setdefault(tidy.text[:_PREFIX], []).append(tidy)
    return {
        prefix: tuple(sorted(group, key=lambda known: -len(known.text)))
        for prefix, group in made.items()
    }


@cache
def rival_answers(kind: str) -> tuple[str, ...]:
    """同じ種類の問題の答え。"""
    every = [known for group in _index().values() for known in group if known.answers]
    same = {known.answers[0] for known in every if known.kind == kind}
    return tuple(sorted(same))


def find(text: str) -> list[Found]:
    """text (normalise したもの) の中の、知っている質問。現れる順。"""
    index = _index()
    found: list[Found] = []
    place = 0
    while place < len(text):
        for known in index.get(text[place : place + _PREFIX], ()):
            if text.startswith(known.text, place):
                found.append(Found(known, place, place + len(known.text)))
                place += len(known.text) - 1
                break
        place += 1
    return found


def is_benign(question: str) -> bool:
    """害のない相談だと分かっている質問か。"""
    return any(found.known.family == "benign" for found in find(normalise(question)))
