"""llm-book/alert-preference-2k-ja: 安全な返事についての選好。"""

from dataclasses import asdict
from pathlib import Path

from tinyhub.sources import DatasetSource, repo_folder, write_parquet, write_text
from tinyhub.world import safety

ALERT_ID = "llm-book/alert-preference-2k-ja"

_CARD = """---
language:
- ja
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*
pretty_name: alert-preference-2k-ja(練習用の人工データ)
---

# llm-book/alert-preference-2k-ja(練習用の人工データ)

本物と同じ列をもつ、二つの返事のどちらがよいかのデータです。文はすべて規則から作った
もので、本物の文は一つも入っていません。頼みごとはどれも軽く、具体的な手口は書いて
いません。二つの返事の長さは、{gap} 文字の差に収まるようにそろえてあります。
{benign:.0%} ほどの行は害のない相談で、選ばれる返事は助言です(本物にはない行です)。

| 列 | 型 | 意味 |
|---|---|---|
| id | int64 | 行の番号 |
| category | string | 頼みごとの種類 |
| prompt | string | 頼みごと |
| chosen | string | 選ばれた返事 |
| rejected | string | 選ばれなかった返事 |
"""


def _build_alert(root: Path) -> None:
    # datasets の読み込みは遅いので、木を作るときにだけ読む。
    from datasets import Features, Value

    features = Features(
        {
            "id": Value("int64"),
            "category": Value("string"),
            "prompt": Value("string"),
            "chosen": Value("string"),
            "rejected": Value("string"),
        }
    )
    folder = root / repo_folder("datasets", ALERT_ID)
    card = _CARD.format(gap=safety.LENGTH_GAP, benign=safety.BENIGN_SHARE)
    write_text(folder / "README.md", card)
    for split, rows in safety.ROWS.items():
        table = [asdict(row) for row in safety.generate(split, rows)]
        path = folder / "data" / f"{split}-00000-of-00001.parquet"
        write_parquet(path, table, features)


SOURCES = (DatasetSource(ALERT_ID, safety.ROWS, _build_alert),)
