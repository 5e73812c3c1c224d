"""まっさらな状態で 2 回実行し、結果が最後の桁まで同じことを確かめる。"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from runner import compare, notebook_file
from runner.project import Project
from runner.results import NotebookResult
from runner.run import Options, run_curriculum
from runner.world import build_tree


def check_determinism(
    project: Project, only: str | None, tree: Path | None, jobs: int, console: Console
) -> list[str]:
    """2 回の実行の違いを返す。なければ空。"""
    tree = tree or build_tree(project)
    places = [project.within(f"determinism/{number}") for number in (1, 2)]
    options = Options(only=only, tree=tree, jobs=jobs, fresh=True, html=False)
    first, second = (
        run_curriculum(place, options, console).notebooks for place in places
    )
    found: list[str] = []
    for before, after in zip(first, second, strict=True):
        found += [f"{before.id}: {text}" for text in _metric_differences(before, after)]
        if before.status == "ok" and after.status == "ok":
            executed = [
                notebook_file.read(place.executed / before.path) for place in places
            ]
            found += [f"{before.id}: {text}" for text in compare.differences(*executed)]
    return found


def _metric_differences(before: NotebookResult, after: NotebookResult) -> list[str]:
    """指標の違い。丸めずに比べる。"""
    if before.status != "ok" or after.status != "ok":
        return [f"実行できませんでした ({before.verdict}、{after.verdict})"]
    names = sorted(before.metrics.keys() | after.metrics.keys())
    return [
        f"{name}: {before.metrics.get(name)!r} → {after.metrics.get(name)!r}"
        for name in names
        if before.metrics.get(name) != after.metrics.get(name)
    ]
