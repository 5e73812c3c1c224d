"""tinyhub/models/ の重みの一覧表を、レシピの記録 (recipe.json) から作る。"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_HEADER = (
    "| 配る id | パラメータ | レシピ | ステップ | 秒 (CPU 秒) | 読んだ文書 "
    "| 最後の値 | 機械 |",
    "|---|---|---|---|---|---|---|---|",
)
# 秒は表の別の列に出すので、最後の値には含めない。
_SECONDS = ("seconds_of_last_run", "cpu_seconds_of_last_run")


def table(models: Path) -> str:
    """重みのあるフォルダを名前の順に 1 行ずつ並べた表。"""
    rows = [
        _row(path.parent.name, json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(models.glob("*/recipe.json"))
    ]
    return "\n".join([*_HEADER, *rows])


def _row(folder: str, record: dict[str, Any]) -> str:
    from tinyhub import catalog

    ids = "<br>".join(model.id for model in catalog.MODELS if model.recipe == folder)
    recipe, final = record["recipe"], record["final"]
    seconds, cpu = ((final | record)[name] for name in _SECONDS)
    saw = "・".join(
        f"{name} {seen['documents']:,}" for name, seen in record["saw"].items()
    )
    figures = "・".join(
        f"{name} {value:.3f}" for name, value in final.items() if name not in _SECONDS
    )
    steps = f"{recipe['steps']:,}"
    if "summary_steps" in recipe:  # BERT-ja の第 2 段階
        steps += f" + {recipe['summary_steps']:,}"
    return (
        f"| {ids or '(まだ配っていない)'} | {record['parameters'] / 1e6:.2f} M "
        f"| {folder} v{recipe['version']} | {steps} "
        f"| {seconds:,.0f} ({cpu:,.0f}) | {saw} | {figures} | {record['machine']} |"
    )
