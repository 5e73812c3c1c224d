"""文を語に分ける。BERT のトークナイザと同じ MeCab (unidic-lite) を使う。"""

from functools import cache

import fugashi


@cache
def _tagger() -> fugashi.Tagger:
    return fugashi.Tagger()


def words(text: str) -> list[str]:
    """MeCab の語の並び。"""
    return [word.surface for word in _tagger()(text)]
