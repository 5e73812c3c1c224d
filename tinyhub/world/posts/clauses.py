"""評価を述べる節の文法。

節は「話題 × 形容詞 × 構文」の組み合わせで作る。構文の符号(sign)が +1 なら形容詞の
気分がそのまま、-1 なら逆の気分が節の気分になる(「美味しいとは思えない」は -1)。
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from tinyhub.world.facts import Split, split_of
from tinyhub.world.posts.lexicon import (
    ABSOLUTE_DEGREES,
    ABSOLUTE_NEGATIVES,
    ADJECTIVES,
    DEGREE_ADVERBS,
    NEGATIVE_ADVERBS,
    SPELLINGS,
    Adjective,
)
from tinyhub.world.posts.scenes import Facet, Mood

# 節の終わり方。adjective: 形容詞(かった・ない)、nai: 言えない・思えない など、
# verb: 動詞や「だった」、noun: 名詞や形容動詞、end: それで文が終わるもの。
Ending = Literal["adjective", "nai", "verb", "noun", "end"]
Spell = Callable[[str], str]


@dataclass(frozen=True)
class Construct:
    """構文。text の欄には fill() が言葉を入れる。

    only は、その気分の形容詞だけに使う構文。compares は比べたり期待したりする構文で、
    「昨日」「体調」のような話題には使わない。weight は引かれやすさで、ふだんの文章で
    よく使う言い方ほど大きい。
    """

    name: str
    text: str
    sign: Literal[1, -1]
    ending: Ending | Literal["plain", "past"]
    group: Literal["simple", "affirmed", "negated", "doubled", "unseen"]
    only: Mood | None = None
    compares: bool = False
    weight: int = 1


_AFFIRMED = (
    Construct("plain_wa", "{t}は{d}{now}", 1, "plain", "simple"),
    Construct("past_wa", "{t}は{d}{past}", 1, "past", "simple"),
    Construct("plain_ga", "{t}が{d}{now}", 1, "plain", "simple"),
    Construct("past_ga", "{t}が{d}{past}", 1, "past", "simple"),
    Construct("attr_noun", "{d}{attr}{n}だった", 1, "verb", "simple"),
    Construct("thought", "{t}は{d}{da}と思った", 1, "verb", "affirmed"),
    Construct("surprised", "{t}が{d}{te}驚いた", 1, "verb", "affirmed"),
    Construct("only_word", "{t}は{now}としか言いようがない", 1, "nai", "affirmed"),
    Construct(
        "as_much",
        "{t}ほど{attr}{h}は他に{nowhere}",
        1,
        "nai",
        "affirmed",
        compares=True,
    ),
    Construct(
        "first_time",
        "{t}ほど{attr}{h}は初めて",
        1,
        "noun",
        "affirmed",
        compares=True,
    ),
    Construct("certain", "{t}が{no}のは間違いない", 1, "nai", "affirmed"),
    Construct("must_say", "{t}は{now}と言わざるを得ない", 1, "nai", "affirmed"),
    Construct("one_word", "{t}は{base}の一言に尽きる", 1, "verb", "affirmed"),
    Construct("felt", "{t}は{d}{adv}感じられた", 1, "verb", "affirmed"),
    Construct(
        "anyone", "{t}は誰に聞いても{now}", 1, "plain", "affirmed", compares=True
    ),
    Construct("no_objection", "{t}が{no}ことに異論はない", 1, "nai", "affirmed"),
)
_NEGATED = (
    Construct("neg_wa", "{t}は{nd}{neg}", -1, "adjective", "negated", weight=5),
    Construct(
        "neg_past_wa", "{t}は{nd}{negpast}", -1, "adjective", "negated", weight=5
    ),
    Construct(
        "cannot_say", "{d}{attr}{n}とは言えない", -1, "nai", "negated", "positive"
    ),
    Construct("never_is", "決して{attr}{n}ではない", -1, "nai", "negated"),
    Construct(
        "not_reason", "{t}が{d}{no}わけじゃない", -1, "nai", "negated", "positive"
    ),
    Construct("cannot_think", "{t}が{now}とは思えない", -1, "nai", "negated"),
    Construct("not_felt", "{t}を{base}とは思わなかった", -1, "nai", "negated"),
    Construct("where", "{t}のどこが{no}のか分からない", -1, "nai", "negated"),
    Construct("who_said", "{t}が{now}なんて誰が言ったんだろう", -1, "end", "negated"),
    Construct("not_at_all", "{t}は{mo}", -1, "nai", "negated", "positive"),
    Construct("no_sense", "{t}は{base}という感じではなかった", -1, "nai", "negated"),
    Construct("nobody", "{t}を{base}と言う人はいない", -1, "nai", "negated"),
    Construct("if_asked", "{t}が{now}かと言われると違う", -1, "verb", "negated"),
    Construct("far_from", "{t}は{base}とは程遠い", -1, "nai", "negated"),
    Construct("expected", "{t}はもっと{base}かと思っていた", -1, "verb", "negated"),
    Construct(
        "if_only", "{t}がもう少し{cond}よかったのに", -1, "end", "negated", "positive"
    ),
    Construct(
        "hoped",
        "{attr}{n}を期待していたのに違った",
        -1,
        "verb",
        "negated",
        "positive",
        compares=True,
    ),
    Construct(
        "feared",
        "{attr}{n}を覚悟していたのに違った",
        -1,
        "verb",
        "negated",
        "negative",
        compares=True,
    ),
    Construct(
        "worried",
        "{t}が{base}というのは取り越し苦労だった",
        -1,
        "verb",
        "negated",
        "negative",
    ),
)
_DOUBLED = (
    Construct("no_way", "{t}が{neg}わけがない", 1, "nai", "doubled"),
    Construct("cannot_be", "{t}が{neg}はずがない", 1, "nai", "doubled"),
    Construct("none_denies", "{t}が{neg}と言う人はいない", 1, "nai", "doubled"),
    Construct("not_let", "{t}が{neg}とは言わせない", 1, "nai", "doubled"),
)
CONSTRUCTS: tuple[Construct, ...] = _AFFIRMED + _NEGATED + _DOUBLED

# 伝聞。あとに続く判定が、聞いた評価を認めるか(+1)、くつがえすか(-1)。
REPORTS = (
    "{t}は{base}と聞いていた",
    "{t}が{da}という評判だった",
    "口コミには{t}が{base}と書いてあった",
    "{t}は{da}と友達が言っていた",
    "{t}が{da}という話だった",
    "みんなが{t}を{base}と言っていた",
    "紹介文では{t}が{base}とされていた",
    "{t}は{da}と教わった",
)
CONFIRMED = (
    ("本当にその通りだった", "verb"),
    ("まさにその通り", "noun"),
    ("私も同感", "noun"),
    ("噂は本当だった", "verb"),
    ("聞いた以上だった", "verb"),
    ("実際そうだった", "verb"),
    ("それも納得", "noun"),
    ("嘘ではなかった", "nai"),
    ("自分で確かめてうなずいた", "verb"),
    ("間違っていなかった", "nai"),
)
OVERTURNED = (
    ("全然違った", "verb"),
    ("そんなことはなかった", "nai"),
    ("嘘だった", "verb"),
    ("実際は真逆だった", "verb"),
    ("そうは思えない", "nai"),
    ("私の感想は正反対", "noun"),
    ("噂は当てにならない", "nai"),
    ("そうでもなかった", "nai"),
    ("自分で確かめて首をかしげた", "verb"),
    ("間違いだった", "verb"),
)


@dataclass(frozen=True)
class Topic:
    """話題。text は修飾語を付けた形、noun は名詞だけの形。"""

    text: str
    noun: str
    facet: Facet


@dataclass(frozen=True)
class Clause:
    """節。key は使った部品(形容詞と構文)、mood は節の気分。"""

    text: str
    ending: Ending
    mood: Mood
    adjective: str
    construct: str
    topic: Topic

    @property
    def key(self) -> str:
        """部品の組み合わせの名前。"""
        return f"{self.adjective}/{self.construct}"


# 「ある」ではなく「いる」を使う head。
ANIMATE_HEADS = frozenset({"人"})


def opposite(mood: Mood) -> Mood:
    """逆の気分。"""
    return "negative" if mood == "positive" else "positive"


def spell_with(rng: random.Random) -> Spell:
    """一つの投稿の中で表記をそろえる関数を作る。"""
    chosen: dict[str, str] = {}

    def spell(word: str) -> str:
        if word not in chosen:
            variants = SPELLINGS.get(word, (word,))
            # 標準の表記を半分、残りをゆれに割り当てる。
            chosen[word] = variants[0] if rng.random() < 0.5 else rng.choice(variants)
        return chosen[word]

    return spell


def topic_of(rng: random.Random, facet: Facet, avoid: str = "") -> Topic:
    """facet から話題を選ぶ。"""
    noun = rng.choice([noun for noun in facet.nouns if noun != avoid])
    modifier = (
        rng.choice(facet.modifiers) if facet.modifiers and rng.random() < 0.4 else ""
    )
    return Topic(modifier + noun, noun, facet)


def _ending(construct: Construct, adjective: Adjective, past: bool) -> Ending:
    if construct.ending == "plain" and not past:
        return "adjective" if adjective.kind == "i" else "noun"
    if construct.ending in ("plain", "past"):
        return "adjective" if adjective.kind == "i" else "verb"
    return construct.ending


def fill(
    text: str, topic: Topic, adjective: Adjective, degree: str, negative: str
) -> str:
    """構文の欄に、話題と活用させた形容詞を入れる。"""
    past = topic.facet.past_only
    now = adjective.plain("past" if past else "present")
    copula = "" if adjective.kind == "i" else "だ"
    return text.format(
        t=topic.text,
        n=topic.facet.head if past else topic.noun,
        h=topic.facet.head,
        nowhere="いない" if topic.facet.head in ANIMATE_HEADS else "ない",
        d=degree,
        nd=negative,
        base=adjective.plain(),
        now=now,
        past=adjective.plain("past"),
        da=now if past else now + copula,
        attr=adjective.attributive(),
        te=adjective.te(),
        adv=adjective.adverb(),
        no=adjective.before_no("past" if past else "present"),
        cond=adjective.conditional(),
        neg=adjective.negative("past" if past else "present"),
        negpast=adjective.negative("past"),
        mo=(
            adjective.adverb() + "なんか"
            if adjective.kind == "i"
            else adjective.word + "なんかじゃ"
        )
        + ("なかった" if past else "ない"),
    )


def adjective_of(rng: random.Random, facet: Facet, mood: Mood) -> str:
    """気分に合う形容詞を選ぶ。"""
    return rng.choice(facet.adjectives(mood))


def _belongs(pair: str, topic: str, zone: Split, whole: bool) -> bool:
    pair_zone, clause_zone = split_of(pair), split_of(f"{topic}/{pair}")
    if zone == "train":
        return pair_zone == clause_zone == "train"
    return pair_zone == zone if whole else (pair_zone, clause_zone) == ("train", zone)


def assertion(
    rng: random.Random,
    draw_topic: Callable[[], Topic],
    mood: Mood,
    groups: tuple[str, ...],
    spell: Spell,
    zone: Split,
    whole: bool = True,
    closed: bool = True,
    constructs: Sequence[Construct] = CONSTRUCTS,
) -> Clause:
    """draw_topic が選ぶ話題について mood を述べる節を、条件に合うまで引き直して作る。

    zone が train なら、訓練側の部品の組み合わせだけを使う。ほかのときは、
    whole が真なら形容詞と構文の組が、偽なら(節をさらに組み合わせるときは)
    話題まで含めた節が、訓練側にないものになる。closed が偽なら、接続助詞を
    付けられない構文を避ける。
    """
    while True:
        topic = draw_topic()
        choices = [c for c in constructs if c.group in groups]
        construct = rng.choices(choices, [c.weight for c in choices])[0]
        word_mood = mood if construct.sign == 1 else opposite(mood)
        word = adjective_of(rng, topic.facet, word_mood)
        if (
            construct.only not in (None, word_mood)
            or (construct.compares and not topic.facet.comparable)
            or (construct.ending == "end" and not closed)
            or not _belongs(f"{word}/{construct.name}", topic.text, zone, whole)
        ):
            continue
        base = ADJECTIVES[word]
        adjective = Adjective(spell(word), base.kind)
        graded = base.kind != "no"
        degrees = DEGREE_ADVERBS if graded else ABSOLUTE_DEGREES
        negatives = NEGATIVE_ADVERBS if graded else ABSOLUTE_NEGATIVES
        degree = rng.choice(rng.choice(degrees)) if rng.random() < 0.4 else ""
        negative = rng.choice(rng.choice(negatives))
        return Clause(
            fill(construct.text, topic, adjective, degree, negative),
            _ending(construct, adjective, topic.facet.past_only),
            mood,
            word,
            construct.name,
            topic,
        )


_FINALS: dict[Ending, tuple[str, ...]] = {
    "adjective": ("", "", "よ", "ね", "なあ", "よね", "です", "です", "と思う", "わ"),
    "nai": ("", "", "よ", "ね", "なあ", "です", "んだよね", "わ"),
    "verb": ("", "", "", "よ", "ね", "なあ", "んだよね", "んです", "わ"),
    "noun": ("", "だ", "だよ", "だね", "だなあ", "だよね", "です", "だと思う"),
    "end": ("",),
}


def finish(rng: random.Random, clause: Clause, stop: str = "。") -> str:
    """節を文にする。"""
    return clause.text + rng.choice(_FINALS[clause.ending]) + stop


@dataclass(frozen=True)
class Connective:
    """節をつなぐ言葉。noun は名詞・形容動詞で終わる節に付くときの形。"""

    name: str
    plain: str
    noun: str

    def attach(self, clause: Clause) -> str:
        """節に付ける。"""
        return clause.text + (self.noun if clause.ending == "noun" else self.plain)


# A のあとに置いて B を続けるもの。どれも B が書き手の結論になる。
CONTRASTS = (
    Connective("kedo", "けど、", "だけど、"),
    Connective("keredo", "けれど、", "だけれど、"),
    Connective("ga", "が、", "だが、"),
    Connective("noni", "のに、", "なのに、"),
    Connective("ndakedo", "んだけど、", "なんだけど、"),
    Connective("monono", "ものの、", "ではあるものの、"),
    Connective("towaie", "とはいえ、", "とはいえ、"),
    Connective("ippou", "一方で、", "な一方で、"),
    Connective("demo", "。でも、", "。でも、"),
    Connective("shikashi", "。しかし、", "だ。しかし、"),
    Connective("tada", "。ただ、", "。ただ、"),
    Connective("tokoroga", "。ところが、", "だ。ところが、"),
)
# B を先に言い切り、A をあとから譲歩として添えるもの。結論は先に言った B。
_POSTPOSED_HEADS = ("まあ、", "たしかに", "もっとも、", "そりゃ", "いや、", "")
_POSTPOSED = (
    Connective("kedo", "けどね。", "だけどね。"),
    Connective("kedosa", "けどさ。", "だけどさ。"),
    Connective("noda", "んだけど。", "なんだけど。"),
    Connective("mitomeru", "のは認めるけど。", "なのは認めるけど。"),
    Connective("noni", "のにね。", "なのにね。"),
    Connective("keredomo", "けれども。", "だけれども。"),
)


def concession(rng: random.Random) -> tuple[str, Connective]:
    """後置の譲歩の、頭と末尾を選ぶ。"""
    return rng.choice(_POSTPOSED_HEADS), rng.choice(_POSTPOSED)
