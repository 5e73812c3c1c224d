"""shunk031/jsnli: 含意関係の対。教師あり SimCSE の三つ組をここから作る。

第 8 章の元の id (llm-book/jsnli) は読み込みスクリプトで、変換済みのファイルもない。
"""

from dataclasses import asdict
from pathlib import Path

from tinyhub.sources import (
    PARQUET_BRANCH,
    DatasetSource,
    repo_folder,
    write_meta,
    write_parquet,
    write_text,
)
from tinyhub.world import jsnli

JSNLI_ID = "shunk031/jsnli"
JSNLI_COMMIT = "7f2c28e08f77eaa8a4b026080f7ff50c64e91152"
JSNLI_CONFIG = "with-filtering"

_CARD = """---
language:
- ja
task_categories:
- text-classification
pretty_name: jsnli(練習用の人工データ)
---

# shunk031/jsnli(練習用の人工データ)

本物と同じ列・ラベル・分割をもつ、写真の説明文の対です。文はすべて規則から作ったもので、
語のあいだは空白で区切ってあります。ラベルの {noise:.0%} は、わざと入れ替えてあります。
設定は {config} だけです。

| 列 | 型 | 意味 |
|---|---|---|
| premise | string | 前提 |
| hypothesis | string | 仮説 |
| label | ClassLabel | 0: entailment、1: neutral、2: contradiction |
"""


def _build(root: Path) -> None:
    from datasets import ClassLabel, Features, Value

    features = Features(
        {
            "premise": Value("string"),
            "hypothesis": Value("string"),
            "label": ClassLabel(names=list(jsnli.LABELS)),
        }
    )
    main = root / repo_folder("datasets", JSNLI_ID)
    card = _CARD.format(noise=jsnli.LABEL_NOISE, config=JSNLI_CONFIG)
    write_text(main / "README.md", card)
    write_meta(main, revisions={JSNLI_COMMIT: PARQUET_BRANCH})
    branch = root / repo_folder("datasets", JSNLI_ID, PARQUET_BRANCH)
    for split, rows in jsnli.ROWS.items():
        table = [asdict(row) for row in jsnli.generate(split, rows)]
        path = branch / JSNLI_CONFIG / split / "0000.parquet"
        write_parquet(path, table, features)


SOURCES = (DatasetSource(JSNLI_ID, jsnli.ROWS, _build, (PARQUET_BRANCH,)),)
