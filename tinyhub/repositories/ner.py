"""固有表現: stockmark/ner-wikipedia-dataset と llm-book/ner-wikinews-dataset。"""

import json
from dataclasses import asdict
from pathlib import Path

from tinyhub.sources import DatasetSource, repo_folder, write_meta, write_text
from tinyhub.world import ner
from tinyhub.world.ner.names import TYPES

WIKIPEDIA_NER_ID = "stockmark/ner-wikipedia-dataset"
WIKIPEDIA_NER_COMMIT = "d6c4d4821885ed656b9fbc7b2283dc7d165916d1"
WIKIPEDIA_NER_FILE = "ner.json"
WIKINEWS_NER_ID = "llm-book/ner-wikinews-dataset"
WIKINEWS_NER_COMMIT = "95b9fdcafd8e82643e13e4923a65e6c88626a8bb"
WIKINEWS_NER_FILE = "annotated_wikinews.json"
# 注釈の付かないまま書き出された文の数。読む側は飛ばす。
UNANNOTATED = 2

_TYPES = "、".join(TYPES)
_WIKIPEDIA_CARD = f"""---
language:
- ja
task_categories:
- token-classification
tags:
- Named Entity Recognition
- NER
pretty_name: ner-wikipedia-dataset(練習用の人工データ)
---

# stockmark/ner-wikipedia-dataset(練習用の人工データ)

本物と同じ列・型をもつ、架空の町・会社・人物・作品についての文です。文はすべて規則から
作ったもので、実在の人物や会社の名前は出てきません。注釈の {ner.NOISE:.0%} ほどは、
わざと誤らせてあります。

| 列 | 型 | 意味 |
|---|---|---|
| curid | string | 記事の番号 |
| text | string | 文 |
| entities | list | 固有表現の name、span(文字の位置の始まりと終わり)、type |

type は {_TYPES} の八つです。

本物と同じく split は一つです。`random.seed({ner.BOOK_SEED})` で並べ替えて 8:1:1 に
分けると、検証・テストの文の名前のおよそ 7 割が訓練の文に現れないように、行の順を決めて
あります。ほかの分け方をすると、同じ名前が両方に現れて、易しくなります。
"""
_WIKINEWS_CARD = f"""---
language:
- ja
task_categories:
- token-classification
tags:
- news
pretty_name: ner-wikinews-dataset(練習用の人工データ)
---

# llm-book/ner-wikinews-dataset(練習用の人工データ)

本物と同じ形の、架空のニュースの文です。文はすべて規則から作ったもので、実在の人物や
会社の名前は出てきません。`{WIKINEWS_NER_FILE}` は Label Studio の JSON の書き出しで、
文は data.text、注釈は annotations[].result[].value の start、end、text、labels に
あります。annotations が空の文が {UNANNOTATED} 件あり、読むときには飛ばします。

type は {_TYPES} の八つです。
"""


def _build_wikipedia(root: Path) -> None:
    folder = root / repo_folder("datasets", WIKIPEDIA_NER_ID)
    write_text(folder / "README.md", _WIKIPEDIA_CARD)
    write_meta(folder, revisions={WIKIPEDIA_NER_COMMIT: "main"})
    rows = [asdict(row) for row in ner.generate("wikipedia", ner.ROWS["wikipedia"])]
    text = json.dumps(rows, ensure_ascii=False, indent=4)
    write_text(folder / WIKIPEDIA_NER_FILE, text + "\n")


def _task(number: int, row: ner.Row, annotated: bool) -> dict[str, object]:
    """Label Studio の JSON 書き出しの一件。"""
    result = [
        {
            "id": f"{number:04d}-{order}",
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "origin": "manual",
            "value": {
                "start": entity.span[0],
                "end": entity.span[1],
                "text": entity.name,
                "labels": [entity.type],
            },
        }
        for order, entity in enumerate(row.entities)
    ]
    annotation = {
        "id": number,
        "completed_by": 1,
        "was_cancelled": False,
        "ground_truth": False,
        "result": result,
    }
    return {
        "id": number,
        "annotations": [annotation] if annotated else [],
        "data": {"text": row.text},
        "meta": {},
        "project": 1,
    }


def _build_wikinews(root: Path) -> None:
    folder = root / repo_folder("datasets", WIKINEWS_NER_ID)
    write_text(folder / "README.md", _WIKINEWS_CARD)
    write_meta(folder, revisions={WIKINEWS_NER_COMMIT: "main"})
    annotated = ner.ROWS["wikinews"]
    rows = ner.generate("wikinews", annotated + UNANNOTATED)
    tasks = [
        _task(number, row, annotated=number <= annotated)
        for number, row in enumerate(rows, start=1)
    ]
    text = json.dumps(tasks, ensure_ascii=False, indent=1)
    write_text(folder / WIKINEWS_NER_FILE, text + "\n")
    write_text(folder / "wikinews.txt", "\n".join(row.text for row in rows) + "\n")


SOURCES = (
    DatasetSource(WIKIPEDIA_NER_ID, {"train": ner.ROWS["wikipedia"]}, _build_wikipedia),
    DatasetSource(WIKINEWS_NER_ID, {"test": ner.ROWS["wikinews"]}, _build_wikinews),
)
