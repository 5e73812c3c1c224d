"""tinyhub/handbook-qa: 手引きと案内の文書、それについての質問、読み取りの練習の行。

文書は wikimedia/wikipedia と同じ列の parquet のほか、page_id・title・text の三つの列の
docs.json (JSON Lines) としても配る。reader は aio-retriever と同じ列である。
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyhub.sources import DatasetSource, repo_folder, write_parquet, write_text
from tinyhub.world import rag
from tinyhub.world.rag import reader as rag_reader

if TYPE_CHECKING:
    from datasets import Features

RAG_ID = "tinyhub/handbook-qa"
DOCS_FILE = "docs.json"

_RAG_CARD = """---
language:
- ja
task_categories:
- question-answering
configs:
- config_name: documents
  data_files:
  - split: train
    path: documents/train-*
- config_name: questions
  data_files:
  - split: validation
    path: questions/validation-*
  - split: test
    path: questions/test-*
- config_name: reader
  data_files:
  - split: train
    path: reader/train-*
  - split: validation
    path: reader/validation-*
  - split: test
    path: reader/test-*
pretty_name: handbook-qa(練習用の人工データ)
---

# tinyhub/handbook-qa(練習用の人工データ)

架空の会社「ツユクサ計器」の手引きと、架空の町「波留町」の案内です。文はすべて規則から
作ったもので、実在の人物や会社の名前は出てきません。

- documents: 文書。列は wikimedia/wikipedia と同じ (id, url, title, text) です。
  同じ文書を docs.json (page_id, title, text の JSON Lines) にも入れてあります。
- questions: 文書についての質問。{absent:.0%} ほどの質問は文書に答えがなく、answers は
  「わかりません」です。passages には、根拠のパッセージ (答えがあるときだけ) と、
  同じ属性を別の題材について述べたパッセージ 4 個が入っています。
- reader: 3〜5 個のパッセージを読んで答える行。列は llm-book/aio-retriever と同じです。
  正例のない行には「わかりません」と答えます。

文書と questions、reader の validation・test に現れる題材は、reader の train には
現れません。
"""


def _passage_features() -> "dict[str, Any]":
    from datasets import Value

    return {
        "passage_id": Value("int64"),
        "title": Value("string"),
        "text": Value("string"),
    }


def _question_features() -> "Features":
    from datasets import Features, List, Value

    return Features(
        {
            "qid": Value("string"),
            "question": Value("string"),
            "answers": List(Value("string")),
            "answerable": Value("bool"),
            "attribute": Value("string"),
            "subject": Value("string"),
            "document_id": Value("string"),
            "evidence": Value("string"),
            "passages": List(_passage_features()),
            "positive_passage_indices": List(Value("int64")),
        }
    )


def _reader_features() -> "Features":
    from datasets import Features, List, Value

    lists = {
        "answers": List(Value("string")),
        "passages": List(_passage_features()),
        "positive_passage_indices": List(Value("int64")),
        "negative_passage_indices": List(Value("int64")),
    }
    columns = rag_reader.ReaderRow.__dataclass_fields__
    return Features({name: lists.get(name, Value("string")) for name in columns})


def _write_documents(folder: Path, found: Sequence[rag.Document]) -> None:
    from datasets import Features, Value

    columns = ("id", "url", "title", "text")
    write_parquet(
        folder / "documents" / "train-00000-of-00001.parquet",
        [asdict(document) for document in found],
        Features({name: Value("string") for name in columns}),
    )
    lines = [{"page_id": int(d.id), "title": d.title, "text": d.text} for d in found]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    write_text(folder / DOCS_FILE, text)


def _build_rag(root: Path) -> None:
    folder = root / repo_folder("datasets", RAG_ID)
    write_text(folder / "README.md", _RAG_CARD.format(absent=rag.ABSENT_RATE))
    _write_documents(folder, [draft.document for draft in rag.documents()])
    for split in rag.QUESTION_ROWS:
        write_parquet(
            folder / "questions" / f"{split}-00000-of-00001.parquet",
            [asdict(row) for row in rag.generate(split)],
            _question_features(),
        )
    for split in rag_reader.READER_ROWS:
        write_parquet(
            folder / "reader" / f"{split}-00000-of-00001.parquet",
            [asdict(row) for row in rag_reader.generate(split)],
            _reader_features(),
        )


SOURCES = (
    DatasetSource(
        RAG_ID,
        {
            **{f"reader/{name}": n for name, n in rag_reader.READER_ROWS.items()},
            **{f"questions/{name}": n for name, n in rag.QUESTION_ROWS.items()},
        },
        _build_rag,
    ),
)
