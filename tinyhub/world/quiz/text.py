"""クイズの語彙と固有名に事前学習で出会うための、ラベルのない文章。

百科事典の節 (検索対象とは別の種で書いたもの)、言葉の意味を述べる辞典、名前を出さない
随筆の三種類。問題の形をした文はなく、検証用・テスト用の問題や、検索対象のパッセージと
語の 13-gram を共有する文も捨てる。
"""

import random
from collections.abc import Sequence
from functools import cache

from tinyhub.world.facts import Split
from tinyhub.world.posts import ngrams
from tinyhub.world.quiz import ROWS, compose
from tinyhub.world.quiz.frames import CLAUSES, HEADS, SECTIONS
from tinyhub.world.quiz.items import Item, items
from tinyhub.world.quiz.passages import passages, section_sentences, terminal
from tinyhub.world.quiz.words import WORDINGS

_HELD_OUT: tuple[Split, ...] = ("validation", "test")
# 百科事典・辞典・随筆の割合。残りが随筆。
_ENCYCLOPAEDIA, _DICTIONARY = 0.5, 0.3
_REWRITES = 20
_MEANINGS = (
    "{p}とは、{o}を指す。",
    "{o}といえば、{p}を思い浮かべる人が多い。",
    "辞典で{p}を引くと、{o}とある。",
    "{p}は、{o}と言い換えられる。",
    "{o}を、短く{p}という。",
)
_ESSAY_OPENERS = (
    "旅の途中で、ある{h}の話を聞いた。",
    "昔、名前の知られていない{h}があった。",
    "新聞の片隅に、ある{h}のことが書かれていた。",
    "祖父はよく、遠くの{h}の話をした。",
)
_ESSAY_CLOSERS = (
    "名前は聞きそびれてしまった。",
    "いつか確かめてみたいと思う。",
    "今もときどき思い出す。",
    "詳しいことは覚えていない。",
)


@cache
def _reserved() -> frozenset[tuple[str, ...]]:
    """事前学習の文章に現れてはいけない n-gram。"""
    texts = [passage.text for passage in passages()]
    texts += [
        draft.question.question
        for split in _HELD_OUT
        for draft in compose(split, ROWS[split])
    ]
    return frozenset(gram for text in texts for gram in ngrams(text))


def _unshared(document: Sequence[str]) -> bool:
    """検証用・テスト用と 13-gram を共有しないか。文の継ぎ目をまたいでも調べる。"""
    return _reserved().isdisjoint(ngrams("".join(document)))


def _encyclopaedia(rng: random.Random, item: Item) -> list[str]:
    """題材の節を書く。検索対象と言い回しが重なったら書き直す。"""
    for _ in range(_REWRITES):
        section = rng.randrange(len(SECTIONS[item.type]))
        sentences = section_sentences(rng, item, section)
        if _unshared(sentences):
            return sentences
    return [f"{item.name}という名前を聞いた。", rng.choice(_ESSAY_CLOSERS)]


def _dictionary(rng: random.Random, number: int) -> list[str]:
    """同じ表の言葉を二つか三つ説明する。番号の順に、すべての言葉を一巡する。"""
    entries = [(table, key) for table, words in WORDINGS.items() for key in words]
    table, key = entries[number % len(entries)]
    others = rng.sample(sorted(WORDINGS[table]), rng.choice((1, 2)))
    lines = []
    for word in dict.fromkeys((key, *others)):
        wording = WORDINGS[table][word]
        line = rng.choice(_MEANINGS)
        lines.append(
            line.format(p=rng.choice(wording.plain), o=rng.choice(wording.oblique))
        )
    return lines if len(lines) > 1 else [*lines, rng.choice(_ESSAY_CLOSERS)]


def _essay(rng: random.Random, pool: Sequence[Item]) -> list[str]:
    """名前を出さず、言い換えた言葉だけで題材を語る。"""
    item = rng.choice(pool)
    opener = rng.choice(_ESSAY_OPENERS)
    if item.type == "person":
        opener = opener.replace("があった", "がいた")
    lines = [opener.format(h=HEADS[item.type][0])]
    worded = [a for a in CLAUSES[item.type] if item.values[a].oblique]
    for attribute in rng.sample(worded, min(len(worded), 3)):
        frame = terminal(rng.choice(CLAUSES[item.type][attribute]))
        lines.append(frame.format(v=rng.choice(item.values[attribute].oblique)))
    if rng.random() < 0.5:
        lines.append(rng.choice(_ESSAY_CLOSERS))
    return lines


def pretraining_documents(seed: int, documents: int) -> list[list[str]]:
    """文書を documents 件書く。一件は 2〜6 文のリスト。"""
    rng = random.Random(f"quiz-text/{seed}")
    pool = items()
    order: list[Item] = []
    written: list[list[str]] = []
    entry = 0
    while len(written) < documents:
        draw = rng.random()
        if draw < _ENCYCLOPAEDIA:
            if not order:
                order = list(pool)
                rng.shuffle(order)
            document = _encyclopaedia(rng, order.pop())
        elif draw < _ENCYCLOPAEDIA + _DICTIONARY:
            document = _dictionary(rng, entry)
            entry += 1
        else:
            document = _essay(rng, pool)
        if len(document) > 1 and _unshared(document):
            written.append(document)
    return written
