"""五つの選択肢から一つを選ぶ常識の問い(JCommonsenseQA と同じ列)。

まず似たもの五つを選び、その五つから答えを等しい確率で選ぶ。どの五つについても、五つの
どれもが答えになりえたものだけを使うので、選択肢を見ただけでは答えは分からない。
手がかりは一つか二つで、二つとも満たすのは答えだけである。片方だけを満たす選択肢が
混じるので、両方を読まないと決まらない。
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Literal

import fugashi

from tinyhub.world.commonsense.facts import Domain, Property, domains

Split = Literal["train", "valid"]
SPLITS: tuple[Split, ...] = ("train", "valid")
ROWS: dict[Split, int] = {"train": 6_000, "valid": 1_000}
# 文書の終わりに、二つの性質を合わせた文を置く割合。
JOINED_RATE = 0.6
SEED = 2022
CHOICES = 5
LABELS = tuple(f"choice{number}" for number in range(CHOICES))
NGRAM = 13
MAX_WORDS = 25

# 手がかりが一つだけの問いの割合。
SINGLE = 0.25
# 答えになりうる選択肢を二つにできるとき、そうする割合。全体の 4% ほどになる。
AMBIGUOUS = 0.25
# 選択肢を集めるとき、性質を一つ共有するごとに選ばれやすくする重み。
_SHARED_WEIGHT = 5.0

# 「…の」で終わる枠は、あとに「は…」の形の結びだけをとる。
_PAIR_FRAMES = (
    "{a}、{b}{head}",
    "{a}、{b}{head}",
    "{a}、しかも{b}{head}",
    "{a}うえに、{b}{head}",
    "{a}だけでなく、{b}{head}",
    "{a}{head}で、{b}の",
    "{a}{head}で、しかも{b}の",
    "{a}{head}のうち、{b}の",
    "{a}{head}の中で、{b}の",
    "{a}{head}のなかでも、{b}の",
)
# 一つ目の手がかりが、名詞ではなく接続の言葉の前に来る枠。
_CLAUSES = ("{a}うえに", "{a}だけでなく", "{a}、")
# 述語になる語の品詞。
_PREDICATE = ("動詞", "形容詞", "形状詞", "副詞", "助動詞", "接尾辞")
_SINGLE_FRAMES = ("{a}{head}", "{a}{head}", "{a}の", "{head}のうち、{a}の")
_OPENERS = ("", "", "", "", "", "", "", "", "一般に、", "ふつう、")
# 選択肢の中から選ぶと断る書き出し。「…のうち」「…の中で」を含む枠には付けない。
_SELECTING_OPENERS = (
    *_OPENERS,
    "次のうち、",
    "この中で、",
    "次の中で、",
    "五つのうち、",
)
_SELECTING = ("のうち", "の中で", "のなかで")
_ENDINGS = (
    "は何ですか？",
    "は何でしょうか？",
    "はどれですか？",
    "はどれでしょう？",
    "はどれでしょうか？",
    "は次のどれですか？",
    "はどれだと思いますか？",
    "は何？",
    "はどれ？",
    "は？",
)
_HEAD_ENDINGS = (*_ENDINGS, "といえば何ですか？", "といえば？", "とは何でしょう？")
# 訓練データにも検証データにも使わない、問いの形。
_NOVEL_FRAMES = (
    "{a}{head}を一つ挙げてください。ヒントは「{b}」です。",
    "私は{a}{head}です。{b}ものとしても知られています。私は何でしょう。",
    "友達に「{a}、{b}{head}ってなあに」と聞かれた。何と答える？",
    "答えてください。{a}{head}であり、なおかつ{b}ものの名前。",
)


@cache
def _tagger() -> fugashi.Tagger:
    return fugashi.Tagger()


@dataclass(frozen=True)
class Row:
    """データセットの一行。label は正しい選択肢の番号。"""

    q_id: int
    question: str
    choice0: str
    choice1: str
    choice2: str
    choice3: str
    choice4: str
    label: int

    def choices(self) -> tuple[str, ...]:
        """五つの選択肢。"""
        return self.choice0, self.choice1, self.choice2, self.choice3, self.choice4


@dataclass(frozen=True)
class Clue:
    """性質を一つの言い方で述べた手がかり。"""

    owner: Property
    wording: int

    @property
    def text(self) -> str:
        return self.owner.wordings[self.wording]


@dataclass(frozen=True)
class Draft:
    """書き上げた問いと、作ったときに分かっていること。"""

    question: str
    choices: tuple[str, ...]
    label: int
    domain: str
    clues: tuple[Clue, ...]
    ambiguous: bool

    @property
    def answer(self) -> str:
        return self.choices[self.label]

    @property
    def composition(self) -> tuple[str, frozenset[str]]:
        """答えと、手がかりの言い方の組。"""
        return self.answer, frozenset(clue.text for clue in self.clues)


@cache
def _clues(domain: Domain, concept: str, split: Split) -> tuple[Clue, ...]:
    """concept を問うために split で使える手がかり。"""
    return tuple(
        Clue(owner, number)
        for owner in domain.of(concept)
        for number in range(len(owner.wordings))
        if (number == owner.held_out(concept)) == (split == "valid")
    )


@cache
def _pairs(domain: Domain, concept: str, split: Split) -> tuple[tuple[Clue, Clue], ...]:
    """二つの手がかりの組。同じ性質の言いかえは、持ち主が一つのものだけ並べる。

    持ち主が一つの性質の三つの言い方は、言いかえではなく別々の側面を述べている。
    """
    return tuple(
        pair
        for pair in combinations(_clues(domain, concept, split), 2)
        if pair[0].owner != pair[1].owner or len(pair[0].owner.holders) == 1
    )


@dataclass(frozen=True)
class _Options:
    """一つの答えについて、作れる問いの手がかり。

    pairs は、答えだけが満たす二つの手がかりの組を、ほかの選択肢も満たす手がかりの
    数 (0 から 2) ごとに並べたもの。shared は、どちらの手がかりも満たす選択肢がほかに
    一つだけある組。
    """

    pairs: tuple[list[tuple[Clue, ...]], ...]
    single: list[tuple[Clue, ...]]
    shared: list[tuple[Clue, ...]]


def _options(
    domain: Domain, answer: str, group: Sequence[str], split: Split
) -> _Options:
    others = [concept for concept in group if concept != answer]
    possible = {
        owner: frozenset(other for other in others if owner.may_hold(other))
        for owner in domain.of(answer)
    }
    certain = {owner: owner.holders.intersection(others) for owner in possible}
    found = _Options(([], [], []), [], [])
    for pair in _pairs(domain, answer, split):
        first, second = pair[0].owner, pair[1].owner
        rivals = possible[first] & possible[second]
        if not rivals:
            found.pairs[bool(certain[first]) + bool(certain[second])].append(pair)
        elif len(rivals) == 1 and rivals <= certain[first] & certain[second]:
            found.shared.append(pair)
    found.single.extend(
        (clue,) for clue in _clues(domain, answer, split) if not possible[clue.owner]
    )
    return found


@cache
def _neighbours(domain: Domain, concept: str) -> dict[str, float]:
    """concept と並べる候補と、その選ばれやすさ。"""
    ours = {*domain.of(concept)}
    return {
        other: 1.0 + _SHARED_WEIGHT * len(ours & {*domain.of(other)})
        for other in domain.concepts
        if other != concept
    }


def _group(rng: random.Random, domain: Domain) -> list[str]:
    """性質を共有するものを選ばれやすくして、五つを集める。"""
    group = [rng.choice(domain.concepts)]
    weights = dict(_neighbours(domain, group[0]))
    while len(group) < CHOICES:
        group += rng.choices(tuple(weights), tuple(weights.values()))
        del weights[group[-1]]
    return group


def _with_ga(text: str) -> str:
    """「目盛りのついている」を「目盛りがついている」にする。

    名詞の前では「の」でも主語になるが、「だけでなく」「うえに」の前では「が」にする。
    """
    words = _tagger()(text)
    for number, word in enumerate(words[:-1]):
        rest = words[number + 1 :]
        if word.surface != "の" or rest[0].surface == "よう":
            continue
        if all(w.feature.pos1 in _PREDICATE for w in rest):
            before = "".join(w.surface for w in words[:number])
            return f"{before}が{''.join(w.surface for w in rest)}"
    return text


def _question(
    rng: random.Random, domain: Domain, clues: Sequence[Clue], novel: bool
) -> str:
    texts = [clue.text for clue in clues]
    rng.shuffle(texts)
    first = texts[0]
    head = rng.choice(domain.heads)
    if novel:
        return rng.choice(_NOVEL_FRAMES).format(a=texts[0], b=texts[-1], head=head)
    frame = rng.choice(_SINGLE_FRAMES if len(texts) == 1 else _PAIR_FRAMES)
    if frame.startswith("{head}"):
        head = domain.title
    selecting = any(word in frame for word in _SELECTING)
    opener = rng.choice(_OPENERS if selecting else _SELECTING_OPENERS)
    ending = rng.choice(_HEAD_ENDINGS if frame.endswith("{head}") else _ENDINGS)
    if domain.kind == "人" and (head == "人" or "{head}" not in frame):
        ending = ending.replace("何", "だれ").replace("どれ", "だれ")
    if domain.kind == "場所":
        ending = ending.replace("何", "どこ").replace("どれ", "どこ")
    if frame.startswith(_CLAUSES):
        first = _with_ga(first)
    return opener + frame.format(a=first, b=texts[-1], head=head) + ending


def _write(rng: random.Random, split: Split, novel: bool) -> Draft | None:
    """問いを一つ試作する。五つのどれかが答えになりえないときは None。"""
    domain = rng.choices(domains(), [len(d.concepts) for d in domains()])[0]
    group = _group(rng, domain)
    options = [_options(domain, concept, group, split) for concept in group]
    if not all(any(found.pairs) for found in options):
        return None
    answer = rng.randrange(CHOICES)
    found = options[answer]
    chance = rng.random()
    ambiguous = bool(found.shared) and chance < AMBIGUOUS and not novel
    if ambiguous:
        # もう一つの選択肢も正しいが、作った人が思い浮かべたほうを正解とする。
        clues = rng.choice(found.shared)
    elif found.single and chance > 1.0 - SINGLE and not novel:
        clues = rng.choice(found.single)
    else:
        # 片方だけを満たす選択肢が多い組を先に使う。
        clues = rng.choice(next(filter(None, reversed(found.pairs))))
    order = rng.sample(range(CHOICES), CHOICES)
    return Draft(
        question=_question(rng, domain, clues, novel),
        choices=tuple(group[index] for index in order),
        label=order.index(answer),
        domain=domain.name,
        clues=clues,
        ambiguous=ambiguous,
    )


def _short(question: str) -> bool:
    return len(_tagger()(question)) <= MAX_WORDS


def compose(
    split: Split, rows: int, seed: int = SEED, novel: bool = False
) -> list[Draft]:
    """問いを rows 件書く。同じ問いは二度書かない。"""
    rng = random.Random(f"commonsense/{split}/{seed}/{novel}")
    taken = _train_questions(seed) if split == "valid" else frozenset()
    drafts: dict[str, Draft] = {}
    while len(drafts) < rows:
        draft = _write(rng, split, novel)
        if draft is None or draft.question in taken:
            continue
        if novel or _short(draft.question):
            drafts.setdefault(draft.question, draft)
    return list(drafts.values())


@cache
def _train_questions(seed: int) -> frozenset[str]:
    """訓練用の問いの文。答えが違っても、検証用に同じ文は使わない。"""
    return frozenset(draft.question for draft in compose("train", ROWS["train"], seed))


def _rows(drafts: Sequence[Draft], first: int) -> list[Row]:
    return [
        Row(number, draft.question, *draft.choices, label=draft.label)
        for number, draft in enumerate(drafts, start=first)
    ]


def generate(split: Split, rows: int, seed: int = SEED) -> list[Row]:
    """データセットの split を rows 件作る。q_id は train から通し番号になる。"""
    first = 0 if split == "train" else ROWS["train"]
    return _rows(compose(split, rows, seed), first)


def heldout_parts(rows: int, seed: int = SEED) -> list[Row]:
    """問いの形がすべて新しい問い。参考として報告するためのもの。"""
    return _rows(compose("valid", rows, seed, novel=True), 0)


# --- 事前学習用の文章 -------------------------------------------------------

_STATEMENTS = (
    "{c}は、{w}{kind}である。",
    "{c}は{w}{kind}だ。",
    "{c}は、{w}{kind}として知られている。",
    "{w}{kind}の一つに、{c}がある。",
    "{w}{kind}と聞いて、{c}を思い浮かべる人は多い。",
    "辞書で{c}を引くと、{w}{kind}だと書いてある。",
    "{c}の特徴は、{w}ことだ。",
    "{c}は、{w}点でほかの{kind}と違う。",
    "{w}{kind}といえば、{c}だ。",
    "{w}{kind}の例は、{c}である。",
    "{w}{kind}として、まず{c}が挙がる。",
)
# 二つの性質を合わせて述べる文。組は訓練の問いに使えるものだけにする。
_JOINED = (
    "{a}、しかも{b}{kind}といえば、{c}だ。",
    "{a}{kind}で、しかも{b}のは、{c}である。",
    "{a}{kind}のうち、{b}のは{c}だ。",
    "{a}{kind}は多いが、{b}のは{c}だ。",
)
_SHARED = (
    "{w}{kind}には、{c}や{d}などが{exist}。",
    "{c}も{d}も、{w}{kind}だ。",
    "{c}と{d}は、どちらも{w}{kind}である。",
    "{w}{kind}を挙げると、{c}、{d}となる。",
)
_CONTRASTS = (
    "{c}は{w}{kind}だが、{d}はそうではない。",
    "{d}と違って、{c}は{w}{kind}である。",
    "{d}は{w}{kind}ではないが、{c}はそうである。",
)
_ADDITIONS = ("", "", "また、", "そして、", "さらに、")


def ngrams(text: str, size: int = NGRAM) -> frozenset[tuple[str, ...]]:
    """MeCab (unidic-lite) の語の n-gram。"""
    words = [word.surface for word in _tagger()(text)]
    return frozenset(zip(*(words[i:] for i in range(size)), strict=False))


@cache
def _reserved() -> frozenset[tuple[str, ...]]:
    """検証用の問いに現れる n-gram。事前学習の文章には現れてはいけない。"""
    return frozenset(
        gram
        for draft in compose("valid", ROWS["valid"])
        for gram in ngrams(draft.question)
    )


def _statement(rng: random.Random, domain: Domain, concept: str, clue: Clue) -> str:
    """concept の性質を述べる文。仲間と並べたり、違うものと比べたりもする。"""
    owner = clue.owner
    values = {"c": concept, "w": clue.text, "kind": domain.kind, "exist": domain.exist}
    fellows = sorted(owner.holders - {concept})
    strangers = [other for other in domain.concepts if not owner.may_hold(other)]
    chance = rng.random()
    if fellows and chance < 0.25:
        return rng.choice(_SHARED).format(d=rng.choice(fellows), **values)
    if strangers and chance > 0.9:
        return rng.choice(_CONTRASTS).format(d=rng.choice(strangers), **values)
    frame = rng.choice(_STATEMENTS)
    if frame.startswith("{w}{kind}の一つに") and domain.exist == "いる":
        frame = "{w}{kind}の一つに、{c}がいる。"
    return frame.format(**values)


def _joined(rng: random.Random, domain: Domain, concept: str) -> str | None:
    """二つの性質を合わせて concept を名指す文。組がなければ None。"""
    pairs = _pairs(domain, concept, "train")
    if not pairs:
        return None
    first, second = rng.sample(rng.choice(pairs), 2)
    return rng.choice(_JOINED).format(
        a=first.text, b=second.text, c=concept, kind=domain.kind
    )


def pretraining_documents(seed: int, documents: int) -> list[list[str]]:
    """身近なものを説明する文書を documents 件書く。一件は 2〜6 文のリスト。

    問いの形はとらない。ものは順に一度ずつ主題になり、どの性質のどの言い方も、順に
    一度ずつ述べられる。二つの性質を合わせた文は、訓練の問いに使える組だけから作る。
    """
    rng = random.Random(f"commonsense/text/{seed}")
    pending: dict[str, list[Clue]] = {}
    order: list[tuple[Domain, str]] = []
    written: list[list[str]] = []
    while len(written) < documents:
        if not order:
            order = [
                (domain, concept)
                for domain in domains()
                for concept in sorted({c for p in domain.properties for c in p.holders})
            ]
            rng.shuffle(order)
        domain, concept = order.pop()
        lines: list[str] = []
        for _ in range(rng.randrange(2, 6)):
            if not pending.get(concept):
                clues = [c for s in SPLITS for c in _clues(domain, concept, s)]
                pending[concept] = rng.sample(clues, len(clues))
            line = _statement(rng, domain, concept, pending[concept].pop())
            lines.append((rng.choice(_ADDITIONS) if lines else "") + line)
        if rng.random() < JOINED_RATE and (joined := _joined(rng, domain, concept)):
            lines.append(joined)
        if all(_reserved().isdisjoint(ngrams(line)) for line in lines):
            written.append(lines)
    return written
