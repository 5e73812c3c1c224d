"""wikimedia/wikipedia: 架空の町・会社・人物・作品についての記事。"""

from dataclasses import asdict
from pathlib import Path

from tinyhub.sources import DatasetSource, repo_folder, write_meta, write_text
from tinyhub.world import articles

WIKIPEDIA_ID = "wikimedia/wikipedia"
WIKIPEDIA_CONFIG = "20231101.ja"
WIKIPEDIA_COMMIT = "b04c8d1ceb2f5cd4588862100d08de323dccfbaa"

_WIKIPEDIA_CARD = """---
language:
- ja
configs:
- config_name: {config}
  data_files:
  - split: train
    path: {config}/train-*
pretty_name: wikipedia(練習用の人工データ)
---

# wikimedia/wikipedia(練習用の人工データ)

本物と同じ列をもつ、架空の町・会社・人物・作品についての記事です。文はすべて規則から
作ったもので、実在の人物や会社の名前は出てきません。

| 列 | 型 | 意味 |
|---|---|---|
| id | string | 記事の番号 |
| url | string | 記事の場所 (開いても記事はありません) |
| title | string | 記事の題 |
| text | string | 記事の本文 |
"""


def _build_wikipedia(root: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    folder = root / repo_folder("datasets", WIKIPEDIA_ID)
    write_text(folder / "README.md", _WIKIPEDIA_CARD.format(config=WIKIPEDIA_CONFIG))
    write_meta(folder, revisions={WIKIPEDIA_COMMIT: "main"})
    for split, rows in articles.ROWS.items():
        table = pyarrow.Table.from_pylist(
            [asdict(article) for article in articles.generate(rows)]
        )
        target = folder / WIKIPEDIA_CONFIG / f"{split}-00000-of-00001.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        pyarrow.parquet.write_table(table, target)


SOURCES = (DatasetSource(WIKIPEDIA_ID, articles.ROWS, _build_wikipedia),)
