"""JCommonsenseQA: sbintuitions/JCommonsenseQA と、JGLUE v1.3 の生ファイル。"""

import json
from dataclasses import asdict
from pathlib import Path

from tinyhub.repositories.jglue import JGLUE_FOLDER
from tinyhub.sources import (
    DatasetSource,
    repo_folder,
    write_meta,
    write_parquet,
    write_text,
)
from tinyhub.world import commonsense

JCQA_ID = "sbintuitions/JCommonsenseQA"
JCQA_COMMIT = "c56e48eb009b2256887e5abeb730636afbddffac"
JCQA_RAW_FOLDER = f"{JGLUE_FOLDER}/jcommonsenseqa-v1.3"
# 本物と同じく、Hub では validation、GitHub のファイルでは valid という名前になる。
JCQA_SPLITS: dict[str, commonsense.Split] = {"train": "train", "validation": "valid"}
JCQA_ROWS = {name: commonsense.ROWS[split] for name, split in JCQA_SPLITS.items()}

_JCQA_CARD = """---
language:
- ja
task_categories:
- question-answering
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*
  - split: validation
    path: data/validation-*
pretty_name: JCommonsenseQA(練習用の人工データ)
---

# sbintuitions/JCommonsenseQA(練習用の人工データ)

本物と同じ列・ラベル・分割をもつ、五つの選択肢から選ぶ常識の問いです。問いはすべて、
身近なものの性質の表から規則で作ったもので、本物の問いは一つも入っていません。
二十問に一問ほど、二つの選択肢のどちらも正しいと言える、あいまいな問いがあります。

| 列 | 型 | 意味 |
|---|---|---|
| q_id | int64 | 問いの番号 |
| question | string | 問い |
| choice0 〜 choice4 | string | 五つの選択肢 |
| label | ClassLabel | 正しい選択肢 (choice0 〜 choice4) |
"""


def _build_jcommonsenseqa(root: Path) -> None:
    # datasets の読み込みは遅いので、木を作るときにだけ読む。
    from datasets import ClassLabel, Features, Value

    features = Features(
        {
            "q_id": Value("int64"),
            "question": Value("string"),
            **{name: Value("string") for name in commonsense.LABELS},
            "label": ClassLabel(names=list(commonsense.LABELS)),
        }
    )
    folder = root / repo_folder("datasets", JCQA_ID)
    write_text(folder / "README.md", _JCQA_CARD)
    write_meta(folder, revisions={JCQA_COMMIT: "main"})
    for name, split in JCQA_SPLITS.items():
        rows = [
            asdict(row) for row in commonsense.generate(split, commonsense.ROWS[split])
        ]
        target = folder / "data" / f"{name}-00000-of-00001.parquet"
        write_parquet(target, rows, features)
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        raw = root / "raw" / JCQA_RAW_FOLDER / f"{split}-v1.3.json"
        write_text(raw, "\n".join(lines) + "\n")


SOURCES = (DatasetSource(JCQA_ID, JCQA_ROWS, _build_jcommonsenseqa),)
