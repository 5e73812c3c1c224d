"""hpprc/jawiki-paragraphs: 百科事典の段落。文埋め込みの学習と検索に使う。

第 8 章の元の id (llm-book/jawiki-paragraphs、llm-book/jawiki-sentences) は読み込み
スクリプトなので、いまの datasets では読めない。段落を文に切れば、文のデータになる。
"""

from dataclasses import asdict
from pathlib import Path

from tinyhub.sources import (
    DatasetSource,
    repo_folder,
    write_meta,
    write_parquet,
    write_text,
)
from tinyhub.world import paragraphs

JAWIKI_ID = "hpprc/jawiki-paragraphs"
JAWIKI_COMMIT = "63dfa56f549ef412824489bf6d70a199caa36e75"

_CARD = """---
language:
- ja
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*
pretty_name: jawiki-paragraphs(練習用の人工データ)
---

# hpprc/jawiki-paragraphs(練習用の人工データ)

架空の町・会社・人物・作品の記事と、写真集の記事を、段落に分けたものです。文はすべて
規則から作ったもので、実在の人物や会社の名前は出てきません。

| 列 | 型 | 意味 |
|---|---|---|
| id | string | 記事の番号-版の番号-段落の番号 |
| pageid | int64 | 記事の番号 |
| revid | int64 | 版の番号 |
| paragraph_index | int64 | 記事のなかでの段落の番号 (0 が冒頭) |
| title | string | 記事の題 |
| section | string | 節の名前 (冒頭は {lead}) |
| text | string | 段落の本文 |
| html_tag | string | 段落の種類 (いつも p) |
"""


def _build(root: Path) -> None:
    from datasets import Features, Value

    features = Features(
        {
            "id": Value("string"),
            "pageid": Value("int64"),
            "revid": Value("int64"),
            "paragraph_index": Value("int64"),
            "title": Value("string"),
            "section": Value("string"),
            "text": Value("string"),
            "html_tag": Value("string"),
        }
    )
    folder = root / repo_folder("datasets", JAWIKI_ID)
    write_text(folder / "README.md", _CARD.format(lead=paragraphs.LEAD))
    write_meta(folder, revisions={JAWIKI_COMMIT: "main"})
    for split, rows in paragraphs.ROWS.items():
        table = [asdict(paragraph) for paragraph in paragraphs.generate(rows)]
        path = folder / "data" / f"{split}-00000-of-00001.parquet"
        write_parquet(path, table, features)


SOURCES = (DatasetSource(JAWIKI_ID, paragraphs.ROWS, _build),)
