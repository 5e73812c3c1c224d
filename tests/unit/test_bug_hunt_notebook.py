"""14-3-6 の出題の正解と、引用した記録は、パッケージと計測の結果に合っている。"""

from __future__ import annotations

import ast
import json
import random
import re
from pathlib import Path

import pytest

from bunsan.seeded_bugs import BUGS
from misc import notebook_file

ROOT = Path(__file__).parents[2]
FILE = notebook_file.read(ROOT, "chapter14/14-3-6-composition-and-bug-hunt.ipynb")


def source(cell_id: str) -> str:
    """セルの中身。"""
    cell = FILE.cell(cell_id)
    assert cell is not None
    return cell.source


def test_answers_in_the_exercise_are_right() -> None:
    """折りたたんだ正解の番号は、既定の出題に合う。"""
    parameters = FILE.parameters()
    shown = ("norm_gradient_not_summed", "replicated_counted_twice")
    assert all(name in source("corpus") + source("draw") for name in shown)
    names = [name for name in BUGS if name not in shown]
    suspects = sorted(names, key=lambda name: BUGS[name].description)
    chosen = random.Random(parameters["quiz_seed"]).sample(
        names, parameters["num_incidents"]
    )

    rows = re.findall(r"^事件([A-Z]): (\d+)番", source("exercises"), re.MULTILINE)

    assert {letter: int(number) for letter, number in rows} == {
        chr(ord("A") + i): suspects.index(name) + 1 for i, name in enumerate(chosen)
    }


def test_reference_of_the_separation_is_that_of_the_bench() -> None:
    """参考値の比は、記録された誤りと正しい変種の差から求めたもの。"""
    found = json.loads(
        (ROOT / "bench/results/chapter14.json").read_text(encoding="utf-8")
    )["hunt"]
    ratio = min(found["bugs"].values()) / max(found["correct"].values())

    assert f'"{ratio:.0f}(bench' in source("summary")


def test_recorded_differences_are_those_of_the_bench() -> None:
    """引用した差は、bench/results の値を 2 桁に丸めたもの。"""
    found = json.loads(
        (ROOT / "bench/results/chapter14.json").read_text(encoding="utf-8")
    )
    measured = {
        (row["cell"], row["processes"], row["dtype"]): row["difference"]
        for row in found["matrix"]
    }
    tree = ast.parse(source("recorded"))
    values = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    numbers = [value for value in values if isinstance(value, float)]
    names = [value for value in values if isinstance(value, str) and "・" in value]

    assert len(numbers) == len(names) >= 2
    for name, number in zip(names, numbers, strict=True):
        cell, count, *rest = name.split("・")
        dtype = "float64" if rest else "float32"
        assert number == pytest.approx(measured[cell, int(count), dtype], rel=0.06)
