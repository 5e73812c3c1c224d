"""百科事典の記事の形をした文章 (wikimedia/wikipedia と同じ列)。

本文は地の文 (prose) の文書をいくつか並べたもので、段落のあいだは空行で区切る。
事前学習に使う文書とは、種も件数も別である。
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

from tinyhub.world import prose

ROWS = {"train": 1_500}
SEED = 20231101
PARAGRAPHS = 3


@dataclass(frozen=True)
class Article:
    """記事 1 本。"""

    id: str
    url: str
    title: str
    text: str


def generate(rows: int, seed: int = SEED) -> list[Article]:
    """記事を rows 本つくる。同じ種なら同じ記事になる。"""
    documents = prose.pretraining_documents(seed, rows * PARAGRAPHS)
    articles: list[Article] = []
    for number, start in enumerate(range(0, len(documents), PARAGRAPHS), start=1):
        group = documents[start : start + PARAGRAPHS]
        title = _title(group[0][0])
        articles.append(
            Article(
                id=str(number),
                url=f"https://ja.wikipedia.org/wiki/{quote(title)}",
                title=title,
                text="\n\n".join("".join(sentences) for sentences in group),
            )
        )
    return articles


def _title(sentence: str) -> str:
    """最初の文が述べている物の名前。括弧があればその中、なければ最初の区切りまで。"""
    quoted = re.search("『(.+?)』", sentence)
    if quoted:
        return quoted[1]
    heads = [sentence.partition(mark)[0] for mark in ("、", "は", "が", "の")]
    return min((head for head in heads if len(head) >= 2), key=len)
