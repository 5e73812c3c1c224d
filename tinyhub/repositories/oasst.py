"""llm-book/oasst1-21k-ja: 指示と対話。"""

from dataclasses import asdict
from pathlib import Path

from tinyhub.sources import DatasetSource, repo_folder, write_parquet, write_text
from tinyhub.world import instructions

OASST_ID = "llm-book/oasst1-21k-ja"

_CARD = """---
language:
- ja
task_categories:
- text-generation
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*
pretty_name: oasst1-21k-ja(練習用の人工データ)
---

# llm-book/oasst1-21k-ja(練習用の人工データ)

本物と同じ列をもつ、指示と対話です。発言はすべて規則から作ったもので、本物の対話は
一つも入っていません。{families} 種類の、出力を文字列だけで確かめられる指示と、
困りごとの相談、雑談からなります。{complied:.0%} ほどの行では、
断るべき頼みに応じてしまっています。

| 列 | 型 | 意味 |
|---|---|---|
| conversation | list | role (user か assistant) と content をもつ発言の並び |
"""


def _build_oasst(root: Path) -> None:
    # datasets の読み込みは遅いので、木を作るときにだけ読む。
    from datasets import Features, List, Value

    features = Features(
        {"conversation": List({"role": Value("string"), "content": Value("string")})}
    )
    folder = root / repo_folder("datasets", OASST_ID)
    card = _CARD.format(
        families=len(instructions.FAMILIES), complied=instructions.MIX["complied"]
    )
    write_text(folder / "README.md", card)
    for split, rows in instructions.ROWS.items():
        table = [asdict(row) for row in instructions.generate(split, rows)]
        path = folder / "data" / f"{split}-00000-of-00001.parquet"
        write_parquet(path, table, features)


SOURCES = (DatasetSource(OASST_ID, instructions.ROWS, _build_oasst),)
