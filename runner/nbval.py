"""パラメータを差し込んだ写しに nbval をかける。

実行器とは別の道具で、保存された出力が実行結果と合うことをもう一度確かめる。
訓練のないノートブックだけを既定とし、--all ですべてにかける。
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from runner import curriculum, guard, schedule
from runner.copies import write_copy
from runner.errors import RunnerError
from runner.execute import FIXED_ENVIRONMENT
from runner.project import Project
from runner.run import Options, run_curriculum
from runner.sanitise import nbval_configuration
from runner.world import build_tree, open_world

CELL_TIMEOUT_SECONDS = 600
TOTAL_TIMEOUT_SECONDS = 60 * 60


class NbvalError(RunnerError):
    """nbval を始められない。"""


def pytest_command(folder: Path, jobs: int) -> list[str]:
    """nbval をかける pytest の呼び出し。"""
    # カーネルが死ぬと nbval は待ち続けるので、セルの制限時間を必ず付ける。
    # 1 冊のセルが別のプロセスに分かれないように loadfile にする。
    command = [
        sys.executable,
        *("-m", "pytest", "--nbval-lax", "-q", "--no-header"),
        *("-c", str(folder / "pytest.ini"), "--rootdir", str(folder)),
        *("-p", "no:langsmith_plugin", "-p", "no:cacheprovider"),
        *("--nbval-sanitize-with", str(folder / "sanitise.cfg")),
        *("--nbval-cell-timeout", str(CELL_TIMEOUT_SECONDS)),
    ]
    if jobs > 1:
        command += ["-n", str(jobs), "--dist", "loadfile"]
    return [*command, str(folder)]


def write_configuration(folder: Path) -> None:
    """リポジトリの pytest の設定を受け継がないための設定と、ならす規則を書く。"""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (folder / "sanitise.cfg").write_text(nbval_configuration(), encoding="utf-8")


def run_nbval(
    project: Project,
    only: str | None,
    everything: bool,
    tree: Path | None,
    jobs: int,
    console: Console,
) -> bool:
    """写しを作って nbval をかけ、通ったかを返す。"""
    tree = tree or build_tree(project)
    notebooks = curriculum.load(project.curriculum)
    chosen = [
        item
        for item in schedule.matching(notebooks, only)
        if everything or not item.trains
    ]
    if not chosen:
        raise NbvalError("nbval をかけるノートブックがありません")
    needed = {name for item in chosen for name in item.depends_on}
    if needed:
        options = Options(only=",".join(sorted(needed)), tree=tree, jobs=jobs)
        results = run_curriculum(project, options, console)
        if not results.passed:
            raise NbvalError("先に必要なノートブックが通りませんでした")
    folder = project.build / "nbval"
    shutil.rmtree(folder, ignore_errors=True)
    write_configuration(folder)
    with open_world(project, project.state, tree=tree) as world:
        for notebook in chosen:
            name = Path(notebook.path).name
            write_copy(project, notebook, world, folder / notebook.id / name)
        environment = {
            **os.environ,
            **world.environment(folder / "hf-home"),
            **FIXED_ENVIRONMENT,
        }
        others = [guard.SITE] if guard.current_level() != "none" else []
        environment |= project.python_path((item.path for item in chosen), *others)
        console.print(f"{len(chosen)} 冊の写しに nbval をかけます")
        finished = subprocess.run(
            pytest_command(folder, min(jobs, len(chosen))),
            cwd=folder,
            env=environment,
            timeout=TOTAL_TIMEOUT_SECONDS,
            check=False,
        )
    return finished.returncode == 0
