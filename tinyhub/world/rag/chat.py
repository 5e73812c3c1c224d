"""読み取りの行を、指示と返事の会話にする。

文書の区切り・頼み方・質問の置き方は、部品の組み合わせで書く。答え方は、パッセージの中の
言葉だけの短い答えか「わかりません」である。
"""

import random
from collections.abc import Sequence

from tinyhub.world.instructions import Dialogue, Message
from tinyhub.world.rag.reader import ReaderRow, target

_WHAT = ("次の文書", "以下の文書", "下の資料", "次の文章", "以下の情報", "下の手引き")
_HOW = (
    "{what}を読んで、質問に答えてください。",
    "{what}だけを使って、質問に短く答えてください。",
    "{what}をもとに、質問に一言で答えてください。",
    "{what}に書いてあることから、質問の答えを抜き出してください。",
    "{what}を参考にして、質問に答えてください。",
)
_ABSENT = (
    "",
    "答えが書いていなければ「わかりません」と答えてください。",
    "書いていないことには「わかりません」と答えてください。",
    "分からないときは「わかりません」とだけ答えてください。",
)
_BORDERS = ("\n\n", "\n---\n", "\n")
_BULLETS = ("", "", "- ", "・", "[{n}] ", "文書{n}: ")
_ASKED = ("質問: {q}", "質問：{q}", "問題: {q}", "Q: {q}", "{q}")
_CUES = ("", "\n答え:", "\n解答：")


def ask(rng: random.Random, passages: Sequence[str], question: str) -> str:
    """利用者の発言。文書が先の形と、質問が先の形がある。"""
    told = rng.choice(_HOW).format(what=rng.choice(_WHAT)) + rng.choice(_ABSENT)
    border, bullet = rng.choice(_BORDERS), rng.choice(_BULLETS)
    body = "\n".join(
        bullet.format(n=number) + text for number, text in enumerate(passages, start=1)
    )
    asked = rng.choice(_ASKED).format(q=question)
    if rng.random() < 0.8:
        return f"{told}{border}{body}{border}{asked}{rng.choice(_CUES)}"
    return f"{told}{border}{asked}{border}{body}"


def dialogues(rows: Sequence[ReaderRow], seed: int) -> list[Dialogue]:
    """読み取りの行を 1 往復の会話にする。"""
    rng = random.Random(f"rag-chat/{seed}")
    made = []
    for row in rows:
        prompt = ask(rng, [passage.text for passage in row.passages], row.question)
        reply = Message("assistant", target(row))
        made.append(Dialogue((Message("user", prompt), reply)))
    return made
