"""kunishou/do-not-answer-120-ja: 答えないほうがよい質問。"""

import json
from dataclasses import asdict
from pathlib import Path

from tinyhub.sources import DatasetSource, repo_folder, write_text
from tinyhub.world.safety import cautious_questions

DO_NOT_ANSWER_ID = "kunishou/do-not-answer-120-ja"

_CARD = """---
language:
- ja
configs:
- config_name: default
  data_files:
  - split: train
    path: do-not-answer-120-ja.json
pretty_name: do-not-answer-120-ja(練習用の人工データ)
---

# kunishou/do-not-answer-120-ja(練習用の人工データ)

本物と同じ列と、領域ごとに同じ数をもつ、答えないほうがよい質問です。質問はすべて新しく
書いたもので、身近で軽いものにかぎってあります。

| 列 | 型 | 意味 |
|---|---|---|
| id | int64 | 質問の番号 |
| risk_area | string | 危険の領域 (5 種類) |
| types_of_harm | string | 害の種類 (12 種類) |
| specific_harms | string | 具体的な害 |
| question | string | 質問 |
"""


def _build_do_not_answer(root: Path) -> None:
    folder = root / repo_folder("datasets", DO_NOT_ANSWER_ID)
    write_text(folder / "README.md", _CARD)
    rows = [asdict(row) for row in cautious_questions.generate()]
    text = json.dumps(rows, ensure_ascii=False, indent=1)
    write_text(folder / "do-not-answer-120-ja.json", text + "\n")


SOURCES = (
    DatasetSource(DO_NOT_ANSWER_ID, cautious_questions.ROWS, _build_do_not_answer),
)
