"""SetFit/amazon_reviews_multi_ja: 商品レビューと星の数。"""

import json
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
from tinyhub.world import reviews

REVIEWS_ID = "SetFit/amazon_reviews_multi_ja"
REVIEWS_COMMIT = "77676678b2e9e03265aae02823ba2f77b531d11a"

_CARD = """---
language:
- ja
task_categories:
- text-classification
pretty_name: amazon_reviews_multi_ja(練習用の人工データ)
---

# SetFit/amazon_reviews_multi_ja(練習用の人工データ)

本物と同じ列・ラベル・分割をもつ、架空の品物のレビューです。文はすべて規則から作った
もので、実在の店や会社や品物の名前は出てきません。本物のもとになったデータは、公開が
取りやめになっています。

| 列 | 型 | 意味 |
|---|---|---|
| id | string | レビューの番号 |
| text | string | レビューの本文 |
| label | int64 | 星の数から 1 を引いたもの (0 から 4) |
| label_text | string | label を文字にしたもの |

星の {noise:.0%} は、わざと付け違えてあります。{mention:.0%} のレビューには星の数が
書いてあり、その {agree:.0%} は付けた星と同じです。
"""


def _build(root: Path) -> None:
    # datasets の読み込みは遅いので、木を作るときにだけ読む。
    from datasets import Features, Value

    features = Features(
        {
            "id": Value("string"),
            "text": Value("string"),
            "label": Value("int64"),
            "label_text": Value("string"),
        }
    )
    main = root / repo_folder("datasets", REVIEWS_ID)
    card = _CARD.format(
        noise=reviews.LABEL_NOISE,
        mention=reviews.STAR_MENTIONED,
        agree=reviews.STAR_AGREES,
    )
    write_text(main / "README.md", card)
    write_meta(main, revisions={REVIEWS_COMMIT: "main"})
    branch = root / repo_folder("datasets", REVIEWS_ID, PARQUET_BRANCH)
    for split, rows in reviews.ROWS.items():
        table = [asdict(review) for review in reviews.generate(split, rows)]
        lines = [json.dumps(row, ensure_ascii=False) for row in table]
        write_text(main / f"{split}.jsonl", "\n".join(lines) + "\n")
        write_parquet(branch / "default" / split / "0000.parquet", table, features)


SOURCES = (DatasetSource(REVIEWS_ID, reviews.ROWS, _build, (PARQUET_BRANCH,)),)
