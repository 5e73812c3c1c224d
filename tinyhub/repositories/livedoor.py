"""livedoor ニュースコーパス: 配布元の書庫 (tar.gz) の形で配る。

Hub の llm-book/livedoor-news-corpus は読み込みスクリプトなので、いまの datasets では
読めない。そこでノートブックは、配布元の書庫を直接読む。
"""

import gzip
import io
import tarfile
from pathlib import Path

from tinyhub.sources import DatasetSource
from tinyhub.world import news

LDCC_ID = "rondhuit/ldcc-20140209"
LDCC_PATH = "www.rondhuit.com/download/ldcc-20140209.tar.gz"

_README = """livedoor ニュースコーパス(練習用の人工データ)

本物と同じ構成をもつ、架空の世界のニュース記事です。記事はすべて規則から作ったもので、
実在の人物・会社・製品の名前は出てきません。

text/カテゴリ/カテゴリ-番号.txt に記事が 1 本ずつ入っています。

1 行目: 記事の URL (開いても記事はありません)
2 行目: 記事の日付
3 行目: 見出し
4 行目以降: 本文

固有名は日付の早い記事から順に、訓練用・検証用・テスト用に分けて使っています。
日付の順に並べて 8:1:1 に切れば、テスト用の記事に訓練用の固有名はほとんど現れません。
見出しの {noise:.0%} は、中心となる事実ではなく談話から付けています。
"""
_LICENSE = "この記事は練習用の人工データです。自由に使えます。\n"
_CHANGES = "2014-02-09 本物の書庫と同じ名前で、人工データを収めた。\n"


def _members() -> dict[str, str]:
    """書庫の中のファイル。"""
    files = {
        "text/CHANGES.txt": _CHANGES,
        "text/README.txt": _README.format(noise=news.QUOTE_TITLE),
    }
    for category in news.CATEGORIES:
        files[f"text/{category}/LICENSE.txt"] = _LICENSE
    for split, rows in news.ROWS.items():
        for article in news.generate(split, rows):
            number = article.url.rstrip("/").rsplit("/", 1)[-1]
            path = f"text/{article.category}/{article.category}-{number}.txt"
            lines = (article.url, article.date, article.title, article.content)
            files[path] = "\n".join(lines) + "\n"
    return files


def _build(root: Path) -> None:
    target = root / "raw" / LDCC_PATH
    target.parent.mkdir(parents=True, exist_ok=True)
    # いつ作っても同じバイト列になるように、時刻とファイル名を書かない。
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for name, text in sorted(_members().items()):
            content = text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


SOURCES = (DatasetSource(LDCC_ID, news.ROWS, _build),)
