"""llm-book/ja-vicuna-qa-benchmark: 決まった答えのない質問。"""

from dataclasses import asdict
from pathlib import Path

from tinyhub.sources import (
    PARQUET_BRANCH,
    DatasetSource,
    repo_folder,
    write_parquet,
    write_text,
)
from tinyhub.world.evaluation import open_questions

VICUNA_ID = "llm-book/ja-vicuna-qa-benchmark"

_CARD = """---
language:
- ja
task_categories:
- text-generation
configs:
- config_name: default
  data_files:
  - split: test
    path: data/test-*
pretty_name: ja-vicuna-qa-benchmark(練習用の人工データ)
---

# llm-book/ja-vicuna-qa-benchmark(練習用の人工データ)

本物と同じ列と、分野ごとに同じ数をもつ 80 問です。質問はすべて新しく書いたもので、
本物の質問は一つも入っていません。

| 列 | 型 | 意味 |
|---|---|---|
| question_id | int64 | 質問の番号 |
| category | string | 分野 (9 種類) |
| turns | list[string] | 質問 (一問だけのリスト) |
"""


def _build_vicuna(root: Path) -> None:
    # datasets の読み込みは遅いので、木を作るときにだけ読む。
    from datasets import Features, List, Value

    features = Features(
        {
            "question_id": Value("int64"),
            "category": Value("string"),
            "turns": List(Value("string")),
        }
    )
    main = root / repo_folder("datasets", VICUNA_ID)
    write_text(main / "README.md", _CARD)
    branch = root / repo_folder("datasets", VICUNA_ID, PARQUET_BRANCH)
    table = [asdict(row) for row in open_questions.generate()]
    write_parquet(main / "data" / "test-00000-of-00001.parquet", table, features)
    write_parquet(branch / "default" / "test" / "0000.parquet", table, features)


SOURCES = (
    DatasetSource(VICUNA_ID, open_questions.ROWS, _build_vicuna, (PARQUET_BRANCH,)),
)
