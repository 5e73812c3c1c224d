"""llm-book/wrime-sentiment: SNS の投稿と感情ラベル。"""

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
from tinyhub.world import posts

WRIME_ID = "llm-book/wrime-sentiment"
WRIME_COMMIT = "e4d2dd3957122a481ca24ef4919bbd7239e8e7b9"

_WRIME_CARD = """---
language:
- ja
task_categories:
- text-classification
pretty_name: wrime-sentiment(練習用の人工データ)
---

# llm-book/wrime-sentiment(練習用の人工データ)

本物と同じ列・ラベル・分割をもつ、架空の SNS 投稿です。文はすべて規則から作ったもので、
実在の人物や会社の名前は出てきません。ラベルの {noise:.0%} は、わざと逆にしてあります。

| 列 | 型 | 意味 |
|---|---|---|
| sentence | string | 投稿の本文 |
| label | ClassLabel | 0: positive、1: negative |
| user_id | int64 | 架空の書き手の番号 |
| datetime | string | 投稿の日時 |
"""


def _build_wrime(root: Path) -> None:
    # datasets の読み込みは遅いので、木を作るときにだけ読む。
    from datasets import ClassLabel, Features, Value

    features = Features(
        {
            "sentence": Value("string"),
            "label": ClassLabel(names=list(posts.LABELS)),
            "user_id": Value("int64"),
            "datetime": Value("string"),
        }
    )
    main = root / repo_folder("datasets", WRIME_ID)
    write_text(main / "README.md", _WRIME_CARD.format(noise=posts.LABEL_NOISE))
    write_meta(main, revisions={WRIME_COMMIT: PARQUET_BRANCH})
    branch = root / repo_folder("datasets", WRIME_ID, PARQUET_BRANCH)
    for split, rows in posts.ROWS.items():
        table = [asdict(post) for post in posts.generate(split, rows)]
        write_parquet(branch / "default" / split / "0000.parquet", table, features)


SOURCES = (DatasetSource(WRIME_ID, posts.ROWS, _build_wrime, (PARQUET_BRANCH,)),)
