"""misc/headroom.yml が、測った値と、CI が確かめる下限に合っているか。"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner import curriculum

ROOT = Path(__file__).resolve().parents[2]
HEADROOM = yaml.safe_load((ROOT / "misc/headroom.yml").read_text(encoding="utf-8"))
SEEDS = json.loads((ROOT / "bench/results/seeds.json").read_text(encoding="utf-8"))
NOTEBOOKS = {notebook.id: notebook for notebook in curriculum.load(ROOT / "curriculum")}

tasks = pytest.mark.parametrize("task", HEADROOM.values(), ids=list(HEADROOM))


@tasks
def test_measured_figures_are_those_of_the_seed_study(task: dict[str, Any]) -> None:
    study = SEEDS[task["notebook"]]
    assert len(study["seeds"]) >= 3
    for name, figure in task["measured"].items():
        assert figure == pytest.approx(study["figures"][name]), name


@tasks
def test_bounds_are_those_that_curriculum_asserts(task: dict[str, Any]) -> None:
    expected = NOTEBOOKS[task["notebook"]].expect
    for expression, bound in task["bound"].items():
        assert bound in expected[expression]


@tasks
def test_bounds_stay_within_two_deviations_of_the_mean(task: dict[str, Any]) -> None:
    figures = task["measured"]
    metric = figures[task["metric"]]
    reached = metric["mean"] - 2 * metric["sd"]
    bound = float(task["bound"][task["metric"]].removeprefix(">= "))
    assert reached - 0.02 < bound <= reached

    # 最も強いベースラインに勝てない課題は compared_with を持つ。
    rival = task.get("compared_with", task["strongest_baseline"])
    assert ahead(figures, task["metric"], rival) >= 0, "差が揺れに埋もれています"
    if "compared_with" in task:
        strongest = figures[task["strongest_baseline"]]["mean"]
        assert strongest == max(
            figure["mean"] for name, figure in figures.items() if name != task["metric"]
        )
        assert ahead(figures, task["metric"], task["strongest_baseline"]) < 0
    least = float(task["bound"][f"{task['metric']} - {rival}"].removeprefix(">= "))
    room = ahead(figures, task["metric"], rival)
    assert room - 0.02 < least <= room


def ahead(figures: dict[str, dict[str, float]], metric: str, rival: str) -> float:
    """2 つの指標の平均の差から、揺れの 2 倍を引いた値。"""
    spread = (figures[metric]["sd"] ** 2 + figures[rival]["sd"] ** 2) ** 0.5
    return figures[metric]["mean"] - figures[rival]["mean"] - 2 * spread
