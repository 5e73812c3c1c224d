"""指示と対話 (llm-book/oasst1-21k-ja の形) と、指示に従ったかを見る問題。

対話は、出力を文字列だけで確かめられる指示 (``instruction_tasks``)、困りごとの相談、
雑談からなり、一部は複数の往復をもつ。本物の oasst1 が安全のための選別をしていないのと
同じように、してはいけない頼みに応じてしまう返事も少し混ざっている。

検証用・テスト用の指示は、言い回しの組み合わせ・固有名・題材が訓練データに現れない。
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tinyhub.world.facts import Split, World, world
from tinyhub.world.instructions.scenes import deal_of, two_deals
from tinyhub.world.instructions.small_talk import Exchange, chat, greeting, thanks
from tinyhub.world.instructions.tasks import FAMILIES, draw
from tinyhub.world.instructions.wordings import NOVEL_REGISTERS, Request, word
from tinyhub.world.instructions.words import (
    ACTIONS,
    ACTORS,
    GROUP_OF,
    GROUPS,
    TENSES,
    TIMES_PAST,
    TIMES_PRESENT,
    WORDS,
)
from tinyhub.world.posts import ngrams
from tinyhub.world.safety import assist, comply, consult, refuse

SEED = 2024
ROWS: dict[Split, int] = {"train": 6_000}
CHECK_ROWS: dict[Split, int] = {"validation": 200, "test": 400}
# 対話の種類と割合。refused は断る返事、complied は応じてしまう返事。
MIX = {
    "task": 0.82,
    "advice": 0.06,
    "complied": 0.03,
    "refused": 0.01,
    "chat": 0.08,
}
# 指示の前に、あいさつや別の指示の往復が入る割合。後にお礼が続く割合。
GREETED, PRECEDED, FOLLOWED = 0.12, 0.08, 0.06
# 前の答えについての頼みが続く割合。
REFERRED = 0.06


@dataclass(frozen=True)
class Message:
    """発言。role は user か assistant。"""

    role: str
    content: str


@dataclass(frozen=True)
class Dialogue:
    """データセットの一行。"""

    conversation: tuple[Message, ...]


@dataclass(frozen=True)
class CheckRow:
    """指示に従ったかを見る問題。conversation は利用者の発言で終わる。"""

    id: int
    family: str
    conversation: tuple[Message, ...]
    answer: str
    check: str


@dataclass(frozen=True)
class Draft:
    """書き上げた対話と、作ったときに分かっていること。"""

    kind: str
    family: str
    messages: tuple[Message, ...]
    compositions: tuple[str, ...]
    check: str

    @property
    def answer(self) -> str:
        """最後の返事。"""
        return self.messages[-1].content


def _turn(exchange: Exchange) -> list[Message]:
    return [
        Message("user", exchange.user),
        Message("assistant", exchange.assistant),
    ]


@dataclass(frozen=True)
class _Asked:
    exchange: Exchange
    family: str
    check: str
    composition: str


def _ask(rng: random.Random, family: str, zone: Split, places: World) -> _Asked:
    task = draw(rng, family, places)
    wording = word(rng, family, task.request, zone)
    exchange = Exchange(wording.text, task.answer)
    return _Asked(exchange, family, task.check, wording.key)


def _refer(rng: random.Random, previous: _Asked, zone: Split) -> _Asked:
    """前の答えについて頼む。"""
    answer = previous.exchange.assistant
    core, wanted = rng.choice(
        (
            ("{x}をもう一度書いて", answer),
            ("{x}をもう一度だけ教えて", answer),
            ("{x}を「」に入れて書き直して", f"「{answer}」"),
        )
    )
    if previous.check == "json" or set("「『【") & set(answer):
        core, wanted = "{x}をもう一度書いて", answer
    label = rng.choice(("今の答え", "さっきの答え", "いまの返事"))
    request = Request(core.replace("{x}", label), "", "", inline=False)
    wording = word(rng, "refer", request, zone)
    # 題材がないので、題材を置く行は要らない。
    exchange = Exchange(wording.text.strip(), wanted)
    check = previous.check if wanted == answer else "exact"
    return _Asked(exchange, "refer", check, wording.key)


def _draw_family(rng: random.Random) -> str:
    weights = [share for _, share in FAMILIES.values()]
    return rng.choices(tuple(FAMILIES), weights)[0]


def _task_dialogue(
    rng: random.Random, family: str, zone: Split, places: World
) -> Draft:
    asked = _ask(rng, family, zone, places)
    messages: list[Message] = []
    keys = [asked.composition]
    chance = rng.random()
    if chance < GREETED:
        messages += _turn(greeting(rng, places))
    elif chance < GREETED + PRECEDED:
        before = _ask(rng, _draw_family(rng), zone, places)
        messages += _turn(before.exchange)
        keys.append(before.composition)
    messages += _turn(asked.exchange)
    if rng.random() < REFERRED:
        asked = _refer(rng, asked, zone)
        messages += _turn(asked.exchange)
        keys.append(asked.composition)
    return Draft("task", asked.family, tuple(messages), tuple(keys), asked.check)


def _advice_dialogue(rng: random.Random, kind: str, zone: Split) -> Draft:
    asked = consult(rng, "benign" if kind == "advice" else "harmful", zone)
    reply = {"advice": assist, "complied": comply, "refused": refuse}[kind](rng, asked)
    messages = _turn(Exchange(asked.prompt, reply))
    return Draft(kind, kind, tuple(messages), (asked.key,), "")


def _chat_dialogue(rng: random.Random, places: World) -> Draft:
    turns = [greeting(rng, places)] if rng.random() < 0.5 else []
    if not turns or rng.random() < 0.7:
        turns.append(chat(rng, places, opening=not turns))
    messages = [message for turn in turns for message in _turn(turn)]
    return Draft("chat", "chat", tuple(messages), (), "")


def _write(rng: random.Random, zone: Split, places: World) -> Draft:
    kind = rng.choices(tuple(MIX), tuple(MIX.values()))[0]
    if kind == "task":
        draft = _task_dialogue(rng, _draw_family(rng), zone, places)
    elif kind == "chat":
        draft = _chat_dialogue(rng, places)
    else:
        draft = _advice_dialogue(rng, kind, zone)
    if rng.random() < FOLLOWED:
        messages = (*draft.messages, *_turn(thanks(rng, draft.kind == "chat")))
        return Draft(draft.kind, draft.family, messages, draft.compositions, "")
    return draft


def compose(split: Split, rows: int, seed: int = SEED) -> list[Draft]:
    """対話を rows 件書く。同じ対話は二度書かない。"""
    rng = random.Random(f"instructions/{split}/{seed}")
    places = world().of_split(split)
    drafts: dict[tuple[Message, ...], Draft] = {}
    while len(drafts) < rows:
        draft = _write(rng, split, places)
        drafts.setdefault(draft.messages, draft)
    return list(drafts.values())


def generate(split: Split, rows: int, seed: int = SEED) -> list[Dialogue]:
    """データセットの split を rows 件作る。"""
    return [Dialogue(draft.messages) for draft in compose(split, rows, seed)]


def compose_checks(split: Split, rows: int, seed: int = SEED) -> list[Draft]:
    """答えを確かめられる指示だけの対話。どの種類も同じ数だけある。"""
    if split not in CHECK_ROWS:
        raise ValueError(f"split は validation か test です: {split}")
    rng = random.Random(f"checks/{split}/{seed}")
    places = world().of_split(split)
    drafts: dict[str, Draft] = {}
    while len(drafts) < rows:
        family = tuple(FAMILIES)[len(drafts) % len(FAMILIES)]
        draft = _task_dialogue(rng, family, split, places)
        # 「はい」と「いいえ」は同じ数にする。
        turn = len(drafts) // len(FAMILIES) % 2
        if draft.answer != ("はい", "いいえ")[turn]:
            drafts.setdefault(draft.messages[-2].content, draft)
    return list(drafts.values())


def generate_checks(split: Split, rows: int, seed: int = SEED) -> list[CheckRow]:
    """指示に従ったかを見る問題を rows 件作る。"""
    return [
        CheckRow(number, draft.family, draft.messages[:-1], draft.answer, draft.check)
        for number, draft in enumerate(compose_checks(split, rows, seed))
    ]


def heldout_parts(rows: int, seed: int = SEED) -> list[CheckRow]:
    """書き出し・頼み方・念押しがすべて新しい問題。参考として報告するためのもの。"""
    rng = random.Random(f"checks/unseen/{seed}")
    places = world().of_split("test")
    made = []
    for number in range(rows):
        family = tuple(FAMILIES)[number % len(FAMILIES)]
        task = draw(rng, family, places)
        wording = word(rng, family, task.request, None, NOVEL_REGISTERS)
        asked = (Message("user", wording.text),)
        made.append(CheckRow(number, family, asked, task.answer, task.check))
    return made


# --- 事前学習用の文章 -------------------------------------------------------


def _lesson(rng: random.Random) -> list[str]:
    """言葉の仲間についての文。"""
    group = rng.choice(tuple(GROUPS))
    one, two = rng.sample(GROUPS[group], 2)
    other = rng.choice([w for w in WORDS if GROUP_OF[w] != group])
    lines = [
        f"{one}は{group}の一つである。",
        f"{one}や{two}は{group}の仲間だ。",
        f"{two}は{group}だが、{other}は{GROUP_OF[other]}だ。",
        f"{group}といえば、{one}を思い出す人が多い。",
        f"図鑑の{group}のページには、{one}と{two}の絵がある。",
    ]
    return rng.sample(lines, rng.choice((2, 3)))


def _daily_life(rng: random.Random) -> list[str]:
    """身近な人のしたこと。ふつうの形とていねいな形のどちらかで書く。"""
    polite = rng.random() < 0.5
    lines = []
    for _ in range(rng.choice((2, 3, 4))):
        verb, objects = rng.choice(ACTIONS)
        tense = rng.choice(TENSES)
        when = rng.choice(TIMES_PAST if "past" in tense else TIMES_PRESENT)
        end = verb.polite(tense) if polite else verb.casual(tense)
        who = rng.choice(ACTORS)
        lines.append(f"{when}、{who}は{rng.choice(objects)}{end}。")
    return lines


def _market(rng: random.Random, places: World) -> list[str]:
    """市場での買い物の話。"""
    text, _ = two_deals(rng, places)
    return [deal_of(rng, places).text, text]


def _errand(rng: random.Random, places: World) -> list[str]:
    """頼みごとをする場面の会話。"""
    one, two = rng.sample(places.people, 2)
    said = rng.choice(
        (
            "ちょっと手伝ってください",
            "急いでいます",
            "一つお願いします",
            "説明はいりません",
            "悪いけど、少し手伝って",
            "答えだけでいいよ",
        )
    )
    number = rng.randrange(1, 100)
    return [
        f"{one.name}は「{said}」と{two.name}に言った。",
        rng.choice(
            (
                f"{two.name}は、言葉を逆の順番に並べて紙に書いた。",
                f"{two.name}は、いちばん大きい数の{number}に丸を付けた。",
                f"{two.name}は、名前を「」で囲んで書き直した。",
                f"{two.name}は「はい」とだけ答えた。",
                f"{two.name}は「いいえ、違います」と答えた。",
                f"{two.name}は、三番目の言葉を抜き出して読み上げた。",
                f"{two.name}は、JSON のリストを見せた。",
                f"{two.name}は、ていねいな言い方に直して書いた。",
            )
        ),
        rng.choice(
            ("二人は笑った。", "それで用事は済んだ。", f"{one.name}はお礼を言った。")
        ),
    ]


def _evaluated() -> str:
    """検証用とテスト用の問題の発言をつないだもの。"""
    return "\n".join(
        message.content
        for split, rows in CHECK_ROWS.items()
        for draft in compose_checks(split, rows)
        for message in draft.messages
    )


def _reserved() -> frozenset[tuple[str, ...]]:
    """検証用とテスト用の問題に現れる語の n-gram。"""
    return frozenset(gram for line in _evaluated().split("\n") for gram in ngrams(line))


def pretraining_documents(seed: int, documents: int) -> list[list[str]]:
    """指示の題材の言葉が出てくる文章を documents 件書く。指示と答えの形はない。"""
    rng = random.Random(f"lessons/{seed}")
    places = world().of_split("train")
    reserved, evaluated = _reserved(), _evaluated()
    written: list[list[str]] = []
    while len(written) < documents:
        kind = rng.random()
        document: Sequence[str]
        if kind < 0.35:
            document = _lesson(rng)
        elif kind < 0.6:
            document = _daily_life(rng)
        elif kind < 0.85:
            document = _market(rng, places)
        else:
            document = _errand(rng, places)
        if all(
            line not in evaluated and reserved.isdisjoint(ngrams(line))
            for line in document
        ):
            written.append(list(document))
    return written
