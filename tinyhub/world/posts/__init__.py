"""SNS の短い投稿と感情ラベル(llm-book/wrime-sentiment の形)。

投稿は「書き出し・場面・評価・結び」を組み合わせて作る。評価の良し悪しは、形容詞だけでは
決まらない。打ち消し、逆接、あとから添える譲歩、伝聞、皮肉があり、どれも並びを読まないと
向きが分からない。文字 n-gram を数えるだけの分類器がここで頭打ちになる。

検証用・テスト用の投稿は、訓練データで見た部品の、見ていない組み合わせである。固有名は
訓練データに現れない。部品そのものが新しい投稿は heldout_parts が別に作る。
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

import fugashi

from tinyhub.world.facts import SPLITS, Split, World, world
from tinyhub.world.posts import unseen
from tinyhub.world.posts.clauses import (
    assertion,
    finish,
    opposite,
    spell_with,
    topic_of,
)
from tinyhub.world.posts.cores import (
    WRITERS,
    Setting,
    close_with,
    opener_of,
    setting_of,
    suits,
    topic_in,
)
from tinyhub.world.posts.lexicon import (
    ADDITIONS,
    ADJECTIVES,
    SPELLINGS,
    TURNS,
    Adjective,
)
from tinyhub.world.posts.scenes import (
    OPENER_COMPANIONS,
    OPENER_STANCES,
    OPENER_TIMES,
    REACTION_LEADS,
    REACTIONS,
    REPLIES,
    REPLY_FRAMES,
    SCENES,
    Mood,
    Scene,
)

POSTS_SEED = 2012
ROWS: dict[Split, int] = {"train": 12_000, "validation": 500, "test": 1000}
LABELS = ("positive", "negative")

# 各 split で、この割合のラベルを逆にする。人手のラベルの食い違いの代わりであり、
# テストにもあるので、どんな分類器も正解率 1.00 にはならない。
LABEL_NOISE = 0.05
USERS = 60

# 投稿の型とその割合。negated・contrast などの割合が、難しさを決めるつまみになる。
MIX: dict[str, float] = {
    "affirmed": 0.62,
    "negated": 0.14,
    "doubled": 0.01,
    "reported": 0.02,
    "contrast": 0.09,
    "postposed": 0.03,
    "event": 0.06,
    "sarcasm": 0.01,
    "ambiguous": 0.02,
}
# 気分から続く文(「がっかりした。」「また行こうと思う。」)を添える割合。
AFTERMATH = 0.50


@dataclass(frozen=True)
class Post:
    """データセットの一行。label は LABELS の番号。"""

    sentence: str
    label: int
    user_id: int
    datetime: str


@dataclass(frozen=True)
class Draft:
    """書き上げた投稿と、作ったときに分かっていること。"""

    sentence: str
    mood: Mood
    kind: str
    composition: str
    label: int
    user_id: int
    datetime: str

    def post(self) -> Post:
        """公開する列だけを残す。"""
        return Post(self.sentence, self.label, self.user_id, self.datetime)


def _draw(rng: random.Random, mix: dict[str, float]) -> str:
    return rng.choices(tuple(mix), tuple(mix.values()))[0]


def _when(rng: random.Random) -> str:
    moment = datetime(2012, 1, 1) + timedelta(minutes=rng.randrange(9 * 365 * 1440))
    return moment.strftime("%Y/%m/%d %H:%M")


def _aftermath(rng: random.Random, mood: Mood, scene: Scene) -> str:
    """気分から続く文。気持ち、その後の行動、話した相手の返事のどれか。"""
    chance = rng.random()
    if chance < 0.45:
        return rng.choice(REACTION_LEADS) + rng.choice(REACTIONS[mood])
    if chance < 0.8:
        return rng.choice(scene.actions(mood))
    return rng.choice(REPLY_FRAMES).format(rng.choice(REPLIES[mood]))


def _write(rng: random.Random, mood: Mood, zone: Split, places: World) -> Draft:
    kind = _draw(rng, MIX)
    # 皮肉はほめ言葉で書く不満なので、気分は必ず否定的になる。
    mood = "negative" if kind == "sarcasm" else mood
    scene = rng.choice([scene for scene in SCENES if suits(kind, scene)])
    spell = spell_with(rng)
    opener, setting = opener_of(rng, scene, places)
    core = WRITERS[kind](rng, mood, scene, setting, spell, zone)
    text = core.text
    if kind != "ambiguous" and rng.random() < AFTERMATH:
        text += _aftermath(rng, mood, scene)
    return Draft(
        sentence=opener + close_with(rng, text),
        mood=mood,
        kind=kind,
        composition=core.composition,
        label=LABELS.index(mood),
        user_id=rng.randrange(1, USERS + 1),
        datetime=_when(rng),
    )


def compose(split: Split, rows: int, seed: int = POSTS_SEED) -> list[Draft]:
    """投稿を rows 件書く。肯定と否定は半分ずつで、同じ文は二度書かない。"""
    rng = random.Random(f"posts/{split}/{seed}")
    places = world().of_split(split)
    quota = {"positive": rows - rows // 2, "negative": rows // 2}
    drafts: dict[str, Draft] = {}
    while len(drafts) < rows:
        mood: Mood = rng.choice(("positive", "negative"))
        draft = _write(rng, mood, split, places)
        if quota[draft.mood] and draft.sentence not in drafts:
            quota[draft.mood] -= 1
            drafts[draft.sentence] = draft
    order = list(drafts.values())
    rng.shuffle(order)
    return _label(rng, order)


def _label(rng: random.Random, drafts: list[Draft]) -> list[Draft]:
    """あいまいな投稿は硬貨投げで決め、そのあと LABEL_NOISE の割合を逆にする。"""
    flipped = set(rng.sample(range(len(drafts)), round(LABEL_NOISE * len(drafts))))
    labelled = []
    for index, draft in enumerate(drafts):
        label = rng.randrange(2) if draft.kind == "ambiguous" else draft.label
        labelled.append(replace(draft, label=1 - label if index in flipped else label))
    return labelled


def generate(split: Split, rows: int, seed: int = POSTS_SEED) -> list[Post]:
    """データセットの split を rows 件作る。"""
    return [draft.post() for draft in compose(split, rows, seed)]


def heldout_parts(rows: int, seed: int = POSTS_SEED) -> list[Post]:
    """書き出し・話題・構文・結びがすべて新しい投稿。参考として報告するためのもの。

    形容詞だけは訓練データと共通である。ラベルに雑音はない。
    """
    rng = random.Random(f"posts/unseen/{seed}")
    written: dict[str, Post] = {}
    while len(written) < rows:
        mood: Mood = "positive" if len(written) % 2 == 0 else "negative"
        clause = assertion(
            rng,
            lambda: topic_of(rng, rng.choice(unseen.FACETS)),
            mood,
            ("unseen",),
            spell_with(rng),
            rng.choice(SPLITS),
            constructs=unseen.CONSTRUCTS,
        )
        text = rng.choice(unseen.OPENERS) + finish(rng, clause)
        if rng.random() < 0.5:
            text += rng.choice(unseen.CLOSERS)
        user = rng.randrange(1, USERS + 1)
        written[text] = Post(text, LABELS.index(mood), user, _when(rng))
    order = list(written.values())
    rng.shuffle(order)
    return order


# --- 事前学習用の文章 -------------------------------------------------------

# 日記の型とその割合。評価の文に、その気分から自然に続く文が並ぶ。
_DIARY_MIX: dict[str, float] = {
    "affirmed": 0.36,
    "negated": 0.26,
    "doubled": 0.03,
    "reported": 0.07,
    "contrast": 0.14,
    "postposed": 0.06,
    "event": 0.05,
    "sarcasm": 0.02,
    "ambiguous": 0.01,
}
# 日記帳の隣り合うページは、同じ場面のことが多く、よい日と悪い日が入れ替わりやすい。
_SAME_SCENE = 0.8
_OTHER_MOOD = 0.8
# ひねりのない言い方で、一つの気分だけを書いたページの割合。
_PLAIN_PAGES = 0.3
# どちらの気分でもない独り言。活用形と表記のゆれを一通り使うために順に書く。
_REMARKS = (
    ("前は{past}。", None),
    ("去年は{past}。", None),
    ("次は{cond}いいな。", "positive"),
    ("もっと{adv}なるといい。", "positive"),
    ("これ以上{adv}ならないといい。", "negative"),
)
NGRAM = 13


@cache
def _tagger() -> fugashi.Tagger:
    return fugashi.Tagger()


def ngrams(text: str, size: int = NGRAM) -> frozenset[tuple[str, ...]]:
    """MeCab (unidic-lite) の語の n-gram。"""
    words = [word.surface for word in _tagger()(text)]
    return frozenset(zip(*(words[i:] for i in range(size)), strict=False))


@cache
def _reserved() -> frozenset[tuple[str, ...]]:
    """検証用とテスト用の投稿に現れる n-gram。事前学習の文章には現れてはいけない。"""
    return frozenset(
        gram
        for split in ("validation", "test")
        for draft in compose(split, ROWS[split])
        for gram in ngrams(draft.sentence)
    )


def _evaluate(rng: random.Random, mood: Mood, scene: Scene, setting: Setting) -> str:
    kind = _draw(rng, _DIARY_MIX)
    if not suits(kind, scene) or (kind == "sarcasm" and mood == "positive"):
        kind = "affirmed"
    core = WRITERS[kind](rng, mood, scene, setting, spell_with(rng), "train")
    stance = rng.choice(OPENER_STANCES) if rng.random() < 0.3 else ""
    text = core.text if rng.random() < 0.7 else close_with(rng, core.text)
    return stance + text


def _plainly(rng: random.Random, mood: Mood, scene: Scene, setting: Setting) -> str:
    """同じ気分を、単純な文でもう一つ述べる。"""
    clause = assertion(
        rng,
        lambda: topic_in(rng, scene, setting),
        mood,
        ("simple",),
        spell_with(rng),
        "train",
    )
    return finish(rng, clause)


def _remarks(rng: random.Random) -> Iterator[str]:
    """独り言を、形容詞と表記と活用形のすべての組について、くり返し書く。"""
    facets = [facet for scene in SCENES for facet in scene.facets]
    lines = {
        frame.format(past=a.plain("past"), cond=a.conditional(), adv=a.adverb())
        for facet in facets
        for mood in ("positive", "negative")
        for word in facet.adjectives(mood)
        for a in (
            Adjective(variant, ADJECTIVES[word].kind)
            for variant in SPELLINGS.get(word, (word,))
        )
        for frame, only in _REMARKS
        if only in (None, mood)
    }
    order = sorted(lines)
    while True:
        rng.shuffle(order)
        yield from order


def _diary(
    rng: random.Random,
    places: World,
    remarks: Iterator[str],
    scene: Scene,
    mood: Mood,
) -> list[str]:
    """2 行から 5 行の日記を書く。場面や独り言は、次の評価の文と同じ行に置く。"""
    setting = Setting()
    lead = ""
    chance = rng.random()
    if chance < 0.45:
        setting = setting_of(rng, scene, places)
        lead = setting.text
    elif chance < 0.55:
        lead = f"{rng.choice(OPENER_TIMES)}、{rng.choice(OPENER_COMPANIONS)}"
    if rng.random() < 0.15:
        lead += next(remarks)
    body = [_evaluate(rng, mood, scene, setting), _aftermath(rng, mood, scene)]
    if rng.random() < 0.35:
        plain = _plainly(rng, mood, scene, setting)
        where = rng.choice((0, 1, 2))
        body.insert(where, (rng.choice(ADDITIONS) if where else "") + plain)
    if rng.random() < 0.15:
        body.insert(0, _aftermath(rng, mood, scene))
    body[0] = lead + body[0]
    if rng.random() < 0.25:
        # 気分の変わり目。逆接の言葉のあとは、逆の気分の文が続く。
        other = opposite(mood)
        turn = rng.choice(TURNS) + _plainly(rng, other, scene, setting)
        body += [turn, _aftermath(rng, other, scene)]
    return body[:5]


def _plain_page(rng: random.Random, scene: Scene, mood: Mood) -> list[str]:
    """同じ気分の、単純な文だけが並ぶ日記を書く。"""
    size = rng.choice((2, 3, 3, 4))
    lines = [_plainly(rng, mood, scene, Setting()) for _ in range(size - 1)]
    lines[1:] = [rng.choice(ADDITIONS) + line for line in lines[1:]]
    lines.insert(rng.choice((len(lines), 0)), _aftermath(rng, mood, scene))
    return lines


def pretraining_documents(seed: int, documents: int) -> list[list[str]]:
    """ラベルのない日記を documents 件書く。一件は、つながった 2〜5 文のリスト。

    書き手の気分は文の並びに表れるだけで、ラベルとしては現れない。検証用・テスト用の
    投稿と語の 13-gram を共有する文書は捨てる。検証用・テスト用の固有名は使わない
    (それらの名前は ``prose`` の地の文に現れる)。
    """
    rng = random.Random(f"diary/{seed}")
    places = world().of_split("train")
    remarks = _remarks(rng)
    written: list[list[str]] = []
    scene, mood = rng.choice(SCENES), rng.choice(("positive", "negative"))
    while len(written) < documents:
        if rng.random() > _SAME_SCENE:
            scene = rng.choice(SCENES)
        if rng.random() < _OTHER_MOOD:
            mood = opposite(mood)
        if rng.random() < _PLAIN_PAGES:
            document = _plain_page(rng, scene, mood)
        else:
            document = _diary(rng, places, remarks, scene, mood)
        if all(_reserved().isdisjoint(ngrams(line)) for line in document):
            written.append(document)
    return written
