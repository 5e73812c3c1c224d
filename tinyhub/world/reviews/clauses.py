"""レビューの節の文法。見どころ × 形容詞 × 構文、または起きたことを、節にする。

普通の文体と丁寧な文体の両方の形を持つので、つなぐ言葉に合わせて選べる。構文の
sign が -1 なら、形容詞とは逆の気分になる(「うるさくない」はほめ言葉)。
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

from tinyhub.world.facts import Split, split_of
from tinyhub.world.posts.lexicon import Adjective
from tinyhub.world.reviews.words import FATAL, Aspect, Mood

Ending = Literal["i", "na", "verb"]
DEGREES = ("", "", "とても", "本当に", "思ったより", "かなり", "やはり")
# 程度をもたない語。「とても完璧」「かなり最高」とは言わない。
_UTMOST = frozenset({"完璧", "最高", "ぴったり"})
# 「もっと十分」「もう少しぴったり」とは言わない。
_ENOUGH = _UTMOST | {"十分"}
_UTMOST_DEGREES = ("", "", "本当に", "やはり")
NOT_VERY = ("", "", "あまり", "それほど", "全然")
TRIES = 80


@dataclass(frozen=True)
class Clause:
    """節。polite は丁寧な形、aspect は何を述べたか。"""

    plain: str
    polite: str
    ending: Ending
    aspect: Aspect
    key: str

    def closed(self, polite: bool) -> str:
        """文にする。"""
        return f"{self.polite}。" if polite else f"{self.declared()}。"

    def declared(self) -> str:
        """普通の文体で言い切る形(「丁寧だ」)。"""
        return self.plain + ("だ" if self.ending == "na" else "")

    def within(self) -> str:
        """ほかの文の中に入れる形。主題の「は」を「が」にする。"""
        for noun in self.aspect.nouns:
            if self.plain.startswith(f"{noun}は"):
                return self.declared().replace("は", "が", 1)
        return self.declared()

    def linked(self, link: str, polite: bool) -> str:
        """つなぐ言葉を付ける。"""
        if link == "ものの、":
            return self.plain + ("ではある" if self.ending == "na" else "") + link
        return (self.polite if polite else self.declared()) + link


@dataclass(frozen=True)
class Construct:
    """構文。write は名詞と形容詞から、普通の形・丁寧な形・終わり方を作る。"""

    name: str
    sign: Literal[1, -1]
    write: Callable[[Random, str, Adjective], tuple[str, str, Ending]]
    only: Mood | None = None
    weight: int = 2


def _kind(adjective: Adjective) -> Ending:
    return "i" if adjective.kind == "i" else "na"


def _da(adjective: Adjective) -> str:
    return adjective.word + ("" if adjective.kind == "i" else "だ")


def _now(rng: Random, noun: str, adjective: Adjective) -> tuple[str, str, Ending]:
    degrees = _UTMOST_DEGREES if adjective.word in _UTMOST else DEGREES
    degree = rng.choice(degrees) if adjective.kind != "no" else ""
    # 程度の語がないときに「が」を使うと、_simple と同じ文になる
    particle = rng.choice("がはが") if degree else "は"
    text = f"{noun}{particle}{degree}{adjective.word}"
    return text, f"{text}です", _kind(adjective)


def _simple(rng: Random, noun: str, adjective: Adjective) -> tuple[str, str, Ending]:
    text = f"{noun}が{adjective.word}"
    return text, f"{text}です", _kind(adjective)


def _past(rng: Random, noun: str, adjective: Adjective) -> tuple[str, str, Ending]:
    text = f"{noun}{rng.choice('はがは')}{adjective.plain('past')}"
    polite = f"{text}です" if adjective.kind == "i" else text[:-3] + "でした"
    return text, polite, "verb"


def _felt(rng: Random, noun: str, adjective: Adjective) -> tuple[str, str, Ending]:
    text = f"{noun}は{_da(adjective)}と感じ"
    return f"{text}た", f"{text}ました", "verb"


def _negated(rng: Random, noun: str, adjective: Adjective) -> tuple[str, str, Ending]:
    few = rng.choice(NOT_VERY)
    head = f"{noun}は{few}"
    if adjective.kind == "i":
        tail = rng.choice(("くありません", "くないです"))
        return f"{head}{adjective.negative()}", f"{head}{adjective.stem}{tail}", "i"
    stem = f"{head}{adjective.word}では"
    return f"{stem}ない", f"{stem}ありません", "i"


def _negated_past(
    rng: Random, noun: str, adjective: Adjective
) -> tuple[str, str, Ending]:
    text = f"{noun}は{rng.choice(NOT_VERY)}{adjective.negative('past', formal=True)}"
    return text, f"{text}です", "verb"


def _frame(
    text: str, plain: str, polite: str, ending: Ending = "i"
) -> Callable[[Random, str, Adjective], tuple[str, str, Ending]]:
    """前半が共通で、結びだけが文体で変わる構文。"""

    def write(rng: Random, noun: str, adjective: Adjective) -> tuple[str, str, Ending]:
        head = text.format(
            n=noun,
            base=adjective.word,
            da=_da(adjective),
            attr=adjective.before_no(),
            cond=adjective.conditional(),
        )
        return head + plain, head + polite, ending

    return write


CONSTRUCTS = (
    Construct("now", 1, _now, weight=5),
    Construct("simple", 1, _simple, weight=3),
    Construct("past", 1, _past, weight=5),
    Construct("felt", 1, _felt),
    Construct("sure", 1, _frame("{n}が{attr}のは確か", "", "です", "na"), weight=2),
    Construct("negated", -1, _negated, weight=4),
    Construct("negated_past", -1, _negated_past, weight=3),
    Construct(
        "cannot_say", -1, _frame("{n}が{base}とは言え", "ない", "ません"), "positive"
    ),
    Construct("not_think", -1, _frame("{n}が{da}とは思", "わない", "いません")),
    Construct(
        "not_enough",
        -1,
        _frame("{n}は{base}というほどでは", "ない", "ありません"),
        "positive",
    ),
    Construct(
        "never",
        -1,
        _frame("{n}が{da}と感じたことは", "ない", "ありません"),
        "negative",
        weight=3,
    ),
    Construct(
        "hoped",
        -1,
        _frame("{n}はもっと{da}と思ってい", "た", "ました", "verb"),
        "positive",
    ),
    Construct(
        "if_only",
        -1,
        _frame("もう少し{n}が{cond}よかった", "", "です", "verb"),
        "positive",
    ),
    Construct(
        "worried",
        -1,
        _frame("{n}が{attr}のではという心配は外れ", "た", "ました", "verb"),
        "negative",
    ),
)
# ほかの文の中に入れても自然な構文。
EMBEDDED = frozenset({"simple"})
# 前の品のことを述べる構文。
BEFORE = frozenset({"past"})
# 今の様子を述べる構文。
PRESENT = frozenset({"now", "simple", "negated", "not_think", "never", "not_enough"})
ANY = frozenset(construct.name for construct in CONSTRUCTS)
# 「物足りなくない」「つまらなくない」とは言わない。
_NO_NEGATIVE = ("ない", "なし")
HAPPENING_SHARE = 0.3


def opposite(mood: Mood) -> Mood:
    """逆の気分。"""
    return "negative" if mood == "positive" else "positive"


def clause_about(
    rng: Random,
    aspect: Aspect,
    mood: Mood,
    zone: Split,
    frame: str,
    allowed: frozenset[str] = ANY,
    happens: bool = True,
    fatal: bool = True,
) -> Clause | None:
    """見どころ一つについて、気分 mood の節を作る。

    部品の組み合わせが zone の側に入るまで引き直し、作れなければ ``None``。
    ``allowed`` は使ってよい構文、``happens`` は起きたことで述べてもよいか、``fatal`` は
    それだけで買い物が失敗になることを述べてもよいか。
    """
    for _ in range(TRIES):
        happenings = [
            h for h in aspect.happenings[mood] if fatal or h.plain not in FATAL
        ]
        if happens and happenings and rng.random() < HAPPENING_SHARE:
            happening = rng.choice(happenings)
            key = f"{happening.plain}/{frame}"
            if split_of(key) == zone:
                return Clause(happening.plain, happening.polite, "verb", aspect, key)
            continue
        construct = rng.choices(CONSTRUCTS, [c.weight for c in CONSTRUCTS])[0]
        said = mood if construct.sign == 1 else opposite(mood)
        adjective = rng.choice(aspect.adjectives[said])
        if construct.name not in allowed or construct.only not in (None, said):
            continue
        if construct.sign == -1 and adjective.word.endswith(_NO_NEGATIVE):
            continue
        if construct.name in ("hoped", "if_only") and adjective.word in _ENOUGH:
            continue
        noun = rng.choice(aspect.nouns)
        key = f"{noun}/{adjective.word}/{construct.name}"
        if split_of(key) == zone:
            plain, polite, ending = construct.write(rng, noun, adjective)
            return Clause(plain, polite, ending, aspect, key)
    return None
