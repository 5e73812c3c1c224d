"""レビューの型。どの節が決め手になるかを、逆接・時間・比較・評判などで決める。

型は、書いた文の並びと、決め手になった節を返す。決め手の節だけが、その分割に固有の
部品の組み合わせになる。
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tinyhub.world.facts import Split
from tinyhub.world.reviews.clauses import (
    ANY,
    BEFORE,
    EMBEDDED,
    PRESENT,
    Clause,
    clause_about,
    opposite,
)
from tinyhub.world.reviews.words import (
    GOODS_SARCASM,
    GOODS_SHRUGS,
    SARCASM,
    SHRUGS,
    Aspect,
    Category,
    Mood,
)

_SERVICE = ("delivery", "packing", "support", "price", "manual")


class NoClauseError(LookupError):
    """選んだ見どころと分割では、条件に合う節を作れない。"""


@dataclass(frozen=True)
class Writer:
    """一つのレビューを書くあいだ変わらないもの。"""

    rng: Random
    category: Category
    zone: Split
    polite: bool
    used: set[str]

    def clause(
        self,
        mood: Mood,
        frame: str,
        decisive: bool = False,
        aspects: Sequence[Aspect] = (),
        allowed: frozenset[str] = ANY,
        happens: bool = True,
    ) -> Clause:
        """まだ触れていない見どころの節。決め手の節だけが zone の組み合わせになる。

        ``aspects`` を渡すと、その中から選ぶ。
        """
        zone = self.zone if decisive else "train"
        fatal = decisive or frame in ("uniform", "record")
        pool = aspects or [a for a in self.category.aspects if a.id not in self.used]
        for chosen in self.rng.sample(pool, len(pool)):
            clause = clause_about(
                self.rng, chosen, mood, zone, frame, allowed, happens, fatal
            )
            if clause is not None:
                self.used.add(chosen.id)
                return clause
        raise NoClauseError

    def lasting(self) -> list[Aspect]:
        """届け方や店ではなく、品物そのものの見どころ。"""
        return [
            aspect
            for aspect in self.category.aspects
            if aspect.id not in self.used and aspect.id not in _SERVICE
        ]

    def say(self, plain: str, polite: str) -> str:
        """文体に合うほうを選ぶ。"""
        return polite if self.polite else plain


_LINKS = (
    "が、",
    "けれど、",
    "けど、",
    "ものの、",
    "。でも、",
    "。しかし、",
    "。ただ、",
)


def _uniform(w: Writer, mood: Mood) -> tuple[list[str], Clause]:
    count = w.rng.choice((1, 2, 2, 3))
    clauses = [w.clause(mood, "uniform", decisive=i == 0) for i in range(count)]
    lines = [clause.closed(w.polite) for clause in clauses]
    if count > 1:
        lines[-1] = w.rng.choice(("", "", "また、", "それに、", "さらに、")) + lines[-1]
    return lines, clauses[0]


def _contrast(w: Writer, mood: Mood) -> tuple[list[str], Clause]:
    conceded = w.clause(opposite(mood), "contrast")
    decided = w.clause(mood, "contrast", decisive=True)
    link = w.rng.choice(_LINKS)
    return [conceded.linked(link, w.polite) + decided.closed(w.polite)], decided


_MINOR = ("細かいことですが、", "おまけですが、", "大したことではありませんが、", "")
_MINOR_PLAIN = ("細かいことだが、", "おまけだが、", "大したことではないが、", "")
_TURNS = ("ただ何より、", "いちばん大事な点ですが、", "それでも、", "とはいえ、")
_TURNS_PLAIN = ("ただ何より、", "いちばん大事な点だが、", "それでも、", "とはいえ、")
_MAJOR = (
    "でも肝心なのは次の点です。",
    "それより大事な点があります。",
    "ただ、決め手になったのは別のことです。",
)
_MAJOR_PLAIN = (
    "でも肝心なのは次の点だ。",
    "それより大事な点がある。",
    "ただ、決め手になったのは別のことだ。",
)


def _weighed(w: Writer, mood: Mood) -> tuple[list[str], Clause]:
    """小さな点がいくつか逆でも、決め手で決まる。"""
    count = w.rng.choice((1, 2, 2))
    minor = [w.clause(opposite(mood), "weighed") for _ in range(count)]
    decided = w.clause(mood, "weighed", decisive=True)
    lines = [clause.closed(w.polite) for clause in minor]
    lines[0] = w.rng.choice(_MINOR if w.polite else _MINOR_PLAIN) + lines[0]
    if w.rng.random() < 0.5:
        lead = w.rng.choice(_MAJOR if w.polite else _MAJOR_PLAIN)
    else:
        lead = w.rng.choice(_TURNS if w.polite else _TURNS_PLAIN)
    return [*lines, lead + decided.closed(w.polite)], decided


def _postposed(w: Writer, mood: Mood) -> tuple[list[str], Clause]:
    """決め手を先に言い、逆のことを軽く添える。"""
    decided = w.clause(mood, "postposed", decisive=True)
    other = w.clause(opposite(mood), "postposed")
    tails = (
        ("が、そこは重く見ません。", "が、そこは重く見ない。"),
        ("が、それは小さなことです。", "が、それは小さなことだ。"),
        ("が、評価は変わりません。", "が、評価は変わらない。"),
        ("が、ついでの話です。", "が、ついでの話だ。"),
        ("が、決め手にはなりません。", "が、決め手にはならない。"),
        ("が、全体の印象は同じです。", "が、全体の印象は同じだ。"),
    )
    polite, plain = w.rng.choice(tails)
    tail = other.linked(w.say(plain, polite), w.polite)
    return [decided.closed(w.polite), tail], decided


_HEARD = (
    ("という口コミを見ました", "という口コミを見た"),
    ("と聞いていました", "と聞いていた"),
    ("という評判でした", "という評判だった"),
    ("と書いている人がいました", "と書いている人がいた"),
    ("と知人から聞きました", "と知人から聞いた"),
)
_OVERTURNED = (
    ("、私の場合は違いました。", "、私の場合は違った。"),
    ("、うちでは違いました。", "、うちでは違った。"),
    ("、そうは思いませんでした。", "、そうは思わなかった。"),
    ("、実際は逆でした。", "、実際は逆だった。"),
    ("、自分にはそう思えませんでした。", "、自分にはそう思えなかった。"),
)
_CONFIRMED = (
    ("。本当にそのとおりでした。", "。本当にそのとおりだった。"),
    ("。うちでも同じでした。", "。うちでも同じだった。"),
    ("。うわさのとおりでした。", "。うわさのとおりだった。"),
    ("。私も同じ意見です。", "。私も同じ意見だ。"),
)


def _hearsay(w: Writer, mood: Mood) -> tuple[list[str], Clause]:
    """聞いた評判を、認めるかくつがえす。"""
    confirmed = w.rng.random() < 0.35
    said = mood if confirmed else opposite(mood)
    clause = w.clause(said, "hearsay", decisive=True, allowed=EMBEDDED, happens=False)
    heard = w.rng.choice(_HEARD)[0 if w.polite else 1]
    verdicts = _CONFIRMED if confirmed else _OVERTURNED
    if w.category.name == "本":
        verdicts = tuple(pair for pair in verdicts if "うち" not in pair[0])
    verdict = w.rng.choice(verdicts)
    text = clause.within() + heard + ("" if confirmed else "が")
    return [text + verdict[0 if w.polite else 1]], clause


# 使っても印象が逆にはならない見どころ。
_UNCHANGING = ("weight", "size", "capacity", "space", "amount", "shoe_size", "volume")
# 初めのころ、印象が変わるあいだにすること、今のころ。
_GOODS_STAGES = (
    ("届いた日は", "初めは", "買ってすぐは"),
    "使う",
    ("今では", "一か月たった今は", "半年たった今は"),
)
_STAGES = {
    "食品": (("届いた日は", "初めは"), "食べる", ("今では", "食べ終えた今は")),
    "本": (("読む前は", "初めは"), "読み進める", ("今では", "読んだ今は")),
}


def _later(w: Writer, mood: Mood) -> tuple[list[str], Clause]:
    """初めの印象が、使ううちに変わる。"""
    first = w.clause(
        opposite(mood),
        "later",
        aspects=[aspect for aspect in w.lasting() if aspect.id not in _UNCHANGING],
        allowed=EMBEDDED,
        happens=False,
    )
    then = w.clause(
        mood,
        "later",
        decisive=True,
        aspects=[first.aspect],
        allowed=PRESENT,
        happens=False,
    )
    w.used.update(("durability", "accuracy", "delivery"))
    thought = w.say("と思ったが、", "と思いましたが、")
    starts, doing, nows = _STAGES.get(w.category.name, _GOODS_STAGES)
    start = w.rng.choice(starts)
    turn = w.rng.choice((f"{doing}うちに印象が変わりました。", "今は違います。", ""))
    if turn and not w.polite:
        turn = turn.replace("変わりました", "変わった").replace("違います", "違う")
    now = "" if turn else w.rng.choice(nows)
    tail = then.closed(w.polite)
    if now:
        tail = _with_ga(then, tail)
    return [f"{start}{first.within()}{thought}{turn or now}{tail}"], then


# 比べる相手。
_OLD_GOODS = (
    "前に買ったものは",
    "別の会社のものは",
    "友人のものは",
    "今まで使っていたものは",
)
_OLD = {
    "食品": ("前に買ったものは", "別の会社のものは", "ほかの店のものは"),
    "本": ("前に読んだ本は", "同じ作者の前の本は"),
}


def _replaced(w: Writer, mood: Mood) -> tuple[list[str], Clause]:
    """前に使っていた品の良し悪しを、この品と比べる。"""
    old = w.clause(
        opposite(mood),
        "replaced",
        aspects=w.lasting(),
        allowed=BEFORE,
        happens=False,
    )
    new = w.clause(
        mood,
        "replaced",
        decisive=True,
        aspects=[old.aspect],
        allowed=PRESENT,
        happens=False,
    )
    kinds = _OLD.get(w.category.name, _OLD_GOODS)
    link = w.rng.choice(("が、", "けれど、", "。でも、"))
    text = w.rng.choice(kinds) + _with_ga(old, old.linked(link, w.polite))
    this = w.rng.choice(("これは", "今回は", "こちらは"))
    return [f"{text}{this}{_with_ga(new, new.closed(w.polite))}"], new


def _with_ga(clause: Clause, text: str) -> str:
    """主題の「は」が重ならないように「が」にする。"""
    if any(text.startswith(f"{noun}は") for noun in clause.aspect.nouns):
        return text.replace("は", "が", 1)
    return text


_FAMILY = ("妻", "夫", "母", "父", "姉", "弟", "友人", "同僚", "知人")


def _disputed(w: Writer, mood: Mood) -> tuple[list[str], Clause]:
    """身近な人と自分の意見が違う。"""
    theirs = w.clause(opposite(mood), "disputed", allowed=EMBEDDED, happens=False)
    mine = w.clause(
        mood, "disputed", decisive=True, aspects=[theirs.aspect], happens=False
    )
    says = w.say("と言うが、", "と言いますが、")
    me = w.rng.choice(("自分としては、", "私の感想では、", "私にとっては、"))
    lead = f"{w.rng.choice(_FAMILY)}は{theirs.within()}{says}"
    return [f"{lead}{me}{mine.closed(w.polite)}"], mine


def _sarcastic(w: Writer, mood: Mood) -> tuple[list[str], Clause]:
    """ほめ言葉で書く不満。"""
    clause = w.clause(mood, "sarcastic", decisive=True)
    jibes = SARCASM.get(w.category.name, GOODS_SARCASM)
    return [clause.closed(w.polite), w.rng.choice(jibes)], clause


_Frame = Callable[[Writer, Mood], tuple[list[str], Clause]]
FRAMES: dict[str, _Frame] = {
    "uniform": _uniform,
    "contrast": _contrast,
    "weighed": _weighed,
    "postposed": _postposed,
    "hearsay": _hearsay,
    "later": _later,
    "replaced": _replaced,
    "disputed": _disputed,
    "sarcastic": _sarcastic,
}


def middling(w: Writer) -> tuple[list[str], Clause]:
    """星三つ。良い点と悪い点のどちらも決め手にならない。"""
    good = w.clause("positive", "middling", decisive=True)
    bad = w.clause("negative", "middling")
    first, second = (good, bad) if w.rng.random() < 0.5 else (bad, good)
    if w.rng.random() < 0.5:
        lines = [first.linked("が、", w.polite) + second.closed(w.polite)]
    else:
        lines = [first.closed(w.polite), second.closed(w.polite)]
    shrugs = SHRUGS if w.category.name in ("本", "食品") else GOODS_SHRUGS
    polite, plain = w.rng.choice(shrugs)
    return [*lines, w.say(plain, polite)], good
