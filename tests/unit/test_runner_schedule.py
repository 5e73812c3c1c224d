"""実行する順番。"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.curriculum import Notebook
from runner.results import NotebookResult, Status
from runner.schedule import Actions, SelectionError, run_in_order, select
from tests.unit import toy_curriculum as toy


def notebook(notebook_id: str, *needs: str) -> Notebook:
    """依存だけを指定したノートブック。"""
    path = f"chapter05/{notebook_id}.ipynb"
    return Notebook.model_validate(
        toy.entry(notebook_id, path, depends_on=list(needs), needs_key=[])
    )


def run(
    notebooks: list[Notebook],
    status: Callable[[str], Status] = lambda _: "ok",
    jobs: int = 2,
) -> tuple[dict[str, Status], list[str]]:
    """実行せずに順番だけを試し、(結果, 始めた順) を返す。"""
    started: list[str] = []

    def execute(item: Notebook, done: dict[str, NotebookResult]) -> NotebookResult:
        """決められた結果を返す。"""
        assert all(done[name].status == "ok" for name in item.depends_on)
        return NotebookResult(id=item.id, path=item.path, status=status(item.id))

    actions = Actions(
        execute=execute,
        started=lambda item: started.append(item.id),
        finished=lambda _: None,
        abort=lambda: None,
    )
    found = run_in_order(notebooks, actions, jobs)
    return {item.id: item.status for item in found}, started


@settings(deadline=None, max_examples=30)
@given(
    edges=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=12),
    jobs=st.integers(1, 4),
)
def test_dependencies_always_finish_first(
    edges: list[tuple[int, int]], jobs: int
) -> None:
    needs: dict[int, set[str]] = {number: set() for number in range(8)}
    for low, high in edges:
        if low < high:
            needs[high].add(f"n{low}")
    notebooks = [notebook(f"n{number}", *sorted(needs[number])) for number in needs]
    statuses, started = run(notebooks, jobs=jobs)
    assert set(statuses.values()) == {"ok"}
    assert sorted(started) == sorted(statuses)


def test_failure_reaches_all_dependents_while_others_continue() -> None:
    notebooks = [
        notebook("a"),
        notebook("b", "a"),
        notebook("c", "b"),
        notebook("d"),
    ]
    statuses, started = run(notebooks, lambda name: "failed" if name == "a" else "ok")
    assert statuses == {"a": "failed", "b": "not_run", "c": "not_run", "d": "ok"}
    assert sorted(started) == ["a", "d"]


def test_selection_includes_what_it_depends_on() -> None:
    notebooks = [notebook("a"), notebook("b", "a"), notebook("c", "b"), notebook("d")]
    assert [item.id for item in select(notebooks, "chapter05/c")] == ["a", "b", "c"]
    assert [item.id for item in select(notebooks, "chapter05/d,a")] == ["a", "d"]


def test_unknown_selection_fails_naming_it() -> None:
    with pytest.raises(SelectionError, match="zzz にあたるノートブックは"):
        select([notebook("a")], "zzz")


def test_interruption_stops_what_runs_before_leaving() -> None:
    stopped = threading.Event()

    def execute(item: Notebook, done: dict[str, NotebookResult]) -> NotebookResult:
        """a は止められるまで終わらず、b は思わぬ失敗をする。"""
        if item.id == "b":
            raise RuntimeError("思わぬ失敗")
        assert stopped.wait(timeout=30)
        return NotebookResult(id=item.id, path=item.path, status="failed")

    actions = Actions(execute, lambda _: None, lambda _: None, stopped.set)
    with pytest.raises(RuntimeError, match="思わぬ失敗"):
        run_in_order([notebook("a"), notebook("b")], actions, jobs=2)
    assert stopped.is_set()
