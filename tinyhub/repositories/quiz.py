"""cl-tohoku/quiz-datasets のリリースと、llm-book/aio。

リリースの添付ファイル (jsonl.gz) は、問題だけのもの、検索したパッセージの付いたもの、
パッセージの一覧の三種類である。dev の 1,000 問は、前半 500 問が検証用、後半 500 問が
テスト用で、題材は重ならない。
"""

import gzip
import json
from collections.abc import Iterable, Mapping
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
from tinyhub.world import quiz
from tinyhub.world.facts import Split
from tinyhub.world.quiz import search as quiz_search
from tinyhub.world.quiz.passages import PASSAGES, passages

QUIZ_ID = "cl-tohoku/quiz-datasets"
RELEASES = f"github.com/{QUIZ_ID}/releases/download"
QUESTIONS_FILE = f"{RELEASES}/v1.0.0/datasets.no_passages.aio_02_{{split}}.jsonl.gz"
RETRIEVED_FILE = (
    f"{RELEASES}/v1.0.0/datasets.jawiki-20220404-c400-small.aio_02_{{split}}.jsonl.gz"
)
PASSAGES_FILE = f"{RELEASES}/v1.0.1/passages.jawiki-20220404-c400-small.jsonl.gz"

AIO_ID = "llm-book/aio"
AIO_COMMIT = "7540736f9d30647dbd5d9a1470cab09549795b21"

# ファイルの split と、そこに続けて並べる問題の split。
FILE_SPLITS: dict[str, tuple[Split, ...]] = {
    "train": ("train",),
    "dev": ("validation", "test"),
}
FILE_ROWS = {
    name: sum(quiz.ROWS[part] for part in parts) for name, parts in FILE_SPLITS.items()
}

_AIO_CARD = """---
language:
- ja
task_categories:
- question-answering
pretty_name: aio(練習用の人工データ)
---

# llm-book/aio(練習用の人工データ)

本物と同じ列と分割をもつ、架空の世界についてのクイズです。問題はすべて規則から作った
もので、実在の人物や会社の名前は出てきません。validation の前半 {half} 問と後半
{half} 問は、題材が重なりません (前半をモデルの選択に、後半を評価に使えます)。

| 列 | 型 | 意味 |
|---|---|---|
| qid | string | 問題の番号 |
| competition, timestamp, section, number | string | 大会・日付・区分・番号 (架空) |
| original_question | string | 元の問題文 |
| original_answer | string | 元の解答 |
| original_additional_info | string | 補足 (すべて空) |
| question | string | 記号をそろえた問題文 |
| answers | list[string] | 正解として認める書き方 |
"""


def write_json_lines(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """gzip で縮めた JSON Lines を書く。同じ中身なら、いつでも同じバイト列になる。"""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode("utf-8"), mtime=0))


def _build_releases(root: Path) -> None:
    raw = root / "raw"
    for name, parts in FILE_SPLITS.items():
        questions = [row for part in parts for row in quiz.generate(part)]
        path = raw / QUESTIONS_FILE.format(split=name)
        write_json_lines(path, map(asdict, questions))
        retrieved = [row for part in parts for row in quiz_search.retrieve(part)]
        path = raw / RETRIEVED_FILE.format(split=name)
        write_json_lines(path, (row.to_json() for row in retrieved))
    write_json_lines(raw / PASSAGES_FILE, map(asdict, passages()))


def _build_aio(root: Path) -> None:
    from datasets import Features, List, Value

    columns = quiz.Question.__dataclass_fields__
    features = Features(
        {
            name: List(Value("string")) if name == "answers" else Value("string")
            for name in columns
        }
    )
    main = root / repo_folder("datasets", AIO_ID)
    write_text(main / "README.md", _AIO_CARD.format(half=quiz.ROWS["validation"]))
    write_meta(main, revisions={AIO_COMMIT: PARQUET_BRANCH})
    branch = root / repo_folder("datasets", AIO_ID, PARQUET_BRANCH)
    for name, parts in FILE_SPLITS.items():
        table = [asdict(row) for part in parts for row in quiz.generate(part)]
        folder = "validation" if name == "dev" else name
        write_parquet(branch / "default" / folder / "0000.parquet", table, features)


SOURCES = (
    DatasetSource(QUIZ_ID, {**FILE_ROWS, "passages": PASSAGES}, _build_releases),
    DatasetSource(
        AIO_ID,
        {"train": FILE_ROWS["train"], "validation": FILE_ROWS["dev"]},
        _build_aio,
        (PARQUET_BRANCH,),
    ),
)
