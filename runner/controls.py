"""学習してはいけない対照実行で、基準が本当に破れることを確かめる。

学習率 0 やラベルの入れ替えでも基準を満たすなら、その基準は学習を見ていない。
"""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from runner import curriculum, expect, schedule
from runner.curriculum import Notebook
from runner.execute import Execution, execute
from runner.expect import Expectation
from runner.progress import print_failure
from runner.project import Project
from runner.results import NotebookResult
from runner.run import Options, run_curriculum
from runner.world import build_tree, open_world


@dataclass(frozen=True)
class ControlResult:
    """対照実行 1 回の結果。"""

    run: NotebookResult
    must_fail: dict[str, Expectation]

    @property
    def problems(self) -> list[str]:
        """対照実行として成り立っていない理由。なければ空。"""
        if self.run.status != "ok":
            return [f"対照実行そのものが終わりませんでした ({self.run.verdict})"]
        found: list[str] = []
        for expression, item in self.must_fail.items():
            if item.message:
                found.append(f"{expression}: {item.message}")
            elif item.ok:
                found.append(
                    f"{expression} = {item.value:.4f} は、学習していないのに"
                    f"基準 {item.bound} を満たしました"
                )
        return found


def run_controls(
    project: Project,
    only: str | None,
    tree: Path | None,
    jobs: int,
    console: Console,
) -> list[ControlResult]:
    """対照実行をすべて行う。必要な前のノートブックは、先に普通に実行する。"""
    tree = tree or build_tree(project)
    notebooks = curriculum.load(project.curriculum)
    chosen = [
        item for item in schedule.matching(notebooks, only) if item.control is not None
    ]
    base = project.within("controls")
    needed = {name for item in chosen for name in item.depends_on}
    if needed:
        options = Options(only=",".join(sorted(needed)), tree=tree, jobs=jobs)
        run_curriculum(base, options, console)

    def one(notebook: Notebook) -> ControlResult:
        """対照実行を 1 回、他から切り離した Hub で行う。"""
        return _run_control(base, notebook, tree)

    results: list[ControlResult] = []
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for result in pool.map(one, chosen):
            _print(console, result)
            results.append(result)
    return results


def _run_control(base: Project, notebook: Notebook, tree: Path) -> ControlResult:
    """制御用のパラメータを重ねて実行し、破れるべき式を調べる。"""
    assert notebook.control is not None
    place = base.within(notebook.id)
    shutil.rmtree(place.build, ignore_errors=True)
    # 対照実行の登録で、他のノートブックが読むものを上書きしないよう、写しを使う。
    if base.state.exists():
        shutil.copytree(base.state, place.state)
    with open_world(place, place.state, tree=tree) as world:
        parameters = world.resolve({**notebook.tiny, **notebook.control.parameters})
        result = execute(
            notebook,
            Execution(
                project=place,
                output=place.executed / notebook.path,
                log=place.logs / f"{notebook.id}.log",
                parameters=parameters,
                world=world,
            ),
        )
    bounds = {name: notebook.expect[name] for name in notebook.control.must_fail}
    return ControlResult(result, expect.check_all(bounds, result.metrics))


def _print(console: Console, result: ControlResult) -> None:
    """1 回分の結果を出す。"""
    good = not result.problems
    color, verdict = ("green", "破れた") if good else ("red", "破れない")
    console.print(f"[{color}]{verdict}[/] {escape(result.run.id)} (対照実行)")
    for expression, item in result.must_fail.items():
        value = "—" if item.value is None else f"{item.value:.4f}"
        console.print(f"    {expression} = {value} (基準 {item.bound})", markup=False)
    for problem in result.problems:
        console.print(f"    {problem}", markup=False)
    if result.run.status != "ok":
        print_failure(console, result.run)
