"""build/results.json を読み、実行の結果をノートブックごとに調べる。

実行はしない。`make test` では、この前に `python -m runner run --fresh` が動いている。
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import pytest
from nbformat import NotebookNode

from runner import compare, curriculum, notebook_file
from runner.curriculum import Notebook
from runner.project import Project
from runner.results import NotebookResult, Results

PROJECT = Project()
READY = [
    notebook
    for notebook in curriculum.load(PROJECT.curriculum)
    if notebook.status == "ready"
]
MAX_CPU_SECONDS = 150
MEAN_CPU_SECONDS = 45
TOTAL_CPU_MINUTES = 38

each_notebook = pytest.mark.parametrize("notebook", READY, ids=lambda item: item.id)


@cache
def results() -> Results:
    """最後の実行の結果。"""
    if not PROJECT.results.exists():
        pytest.fail("build/results.json がありません。先に make run を実行してください")
    return Results.load(PROJECT.results)


def result(notebook: Notebook) -> NotebookResult:
    """1 冊の結果。"""
    found = [item for item in results().notebooks if item.id == notebook.id]
    if not found:
        pytest.fail(f"{notebook.id} は最後の実行に含まれていません (make run)")
    return found[0]


def executed(notebook: Notebook) -> NotebookNode:
    """実行済みのノートブック。"""
    path: Path = PROJECT.executed / notebook.path
    assert path.exists(), f"{path} がありません"
    return notebook_file.read(path)


def committed(notebook: Notebook) -> NotebookNode:
    """コミットされているノートブック。"""
    return notebook_file.read(PROJECT.root / notebook.path)


def test_results_are_of_every_ready_notebook_in_the_tiny_world() -> None:
    assert results().profile == "tiny"
    assert results().overlay is None
    assert [item.id for item in results().notebooks] == [item.id for item in READY]


@each_notebook
def test_notebook_ran_to_its_end(notebook: Notebook) -> None:
    found = result(notebook)
    assert found.status == "ok", found.failure
    assert not any(cell.executed is False for cell in found.cells)
    authored = [cell for cell in committed(notebook).cells if cell.cell_type == "code"]
    assert [cell.id for cell in found.cells if cell.number > 0] == [
        cell.id for cell in authored
    ]


@each_notebook
def test_metrics_meet_their_bounds(notebook: Notebook) -> None:
    found = result(notebook)
    assert found.asserted
    assert set(found.expect) == set(notebook.expect)
    failed = {name: item for name, item in found.expect.items() if not item.ok}
    assert failed == {}


@each_notebook
def test_metrics_are_finite_numbers(notebook: Notebook) -> None:
    metrics = result(notebook).metrics
    assert metrics
    assert all(math.isfinite(value) for value in metrics.values())


@each_notebook
def test_learnt_metrics_do_not_round_to_one(notebook: Notebook) -> None:
    # curriculum で「< 1.0」とした指標が学習の成果。満点は、問題が易しすぎる印になる。
    metrics = result(notebook).metrics
    learnt = [name for name, bounds in notebook.expect.items() if "< 1.0" in bounds]
    assert [name for name in learnt if round(metrics.get(name, 1.0), 4) == 1.0] == []


@each_notebook
def test_executed_notebook_differs_from_the_committed_one_only_in_outputs(
    notebook: Notebook,
) -> None:
    differences = notebook_file.source_differences(
        committed(notebook), executed(notebook)
    )
    assert differences == []


@each_notebook
def test_only_parameters_of_curriculum_are_injected(notebook: Notebook) -> None:
    assert set(result(notebook).parameters) == set(notebook.tiny)


@each_notebook
def test_stored_outputs_agree_with_the_run(notebook: Notebook) -> None:
    found = compare.differences(committed(notebook), executed(notebook))
    assert not found, "\n".join([*found, "(出力を作り直すには make outputs)"])


@each_notebook
def test_notebook_never_tried_to_connect_outside(notebook: Notebook) -> None:
    assert result(notebook).blocked == []


@each_notebook
def test_cpu_seconds_stay_within_the_limit_of_one_notebook(notebook: Notebook) -> None:
    assert result(notebook).cpu_seconds <= MAX_CPU_SECONDS


def test_cpu_seconds_stay_within_mean_and_sum() -> None:
    seconds = [item.cpu_seconds for item in results().notebooks]
    assert sum(seconds) / len(seconds) <= MEAN_CPU_SECONDS
    assert sum(seconds) <= TOTAL_CPU_MINUTES * 60
