"""14 章のノートブックだけが、その章のパッケージを import できる。"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from misc.colab import packages
from runner import curriculum, guard, reuse
from runner.execute import Workplace, kernel_environment
from runner.project import ROOT, Project
from tests.unit import toy_curriculum as toy

PATH = "chapter05/good.ipynb"
ADDRESS = f"git+https://github.com/{curriculum.REPOSITORY}#subdirectory=chapter14"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """パッケージを import する 1 冊だけの根。パッケージはまだない。"""
    body = "import toybox\nvalue = toybox.VALUE"
    toy.write_notebook(tmp_path, PATH, [toy.PARAMETERS, ("body", body), toy.METRICS])
    toy.write_curriculum(tmp_path, [toy.entry("good", PATH)])
    return Project(tmp_path)


def add_package(project: Project, value: float) -> None:
    """章のフォルダに、値を 1 つ持つパッケージを置く。"""
    folder = project.root / "chapter05"
    (folder / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    (folder / "toybox.py").write_text(f"VALUE = {value}\n", encoding="utf-8")


def test_notebook_imports_the_package_of_its_chapter(project: Project) -> None:
    """写しだけを空のフォルダに置いても、章のパッケージは見つかる。"""
    add_package(project, 0.5)

    results, text = toy.run(project.root)

    assert results.notebooks[0].metrics == {"accuracy": 0.25}, text


ORPHAN = """\
import subprocess, sys
busy = "import time\\nwhile time.process_time() < 6: pass\\nprint(1, flush=True)"
busy += "\\ntime.sleep(3)"
middle = f\"\"\"
import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', {busy!r}], stdout=subprocess.PIPE)
child.stdout.readline()
\"\"\"
subprocess.run([sys.executable, "-c", middle], check=True)
"""


def test_cpu_time_of_processes_nobody_waits_for_is_counted(tmp_path: Path) -> None:
    """親に待たれずに終わるプロセス (プロセスの待機所の子) の CPU 時間も数える。"""
    cells = [toy.PARAMETERS, ("body", ORPHAN), toy.METRICS]
    toy.write_notebook(tmp_path, PATH, cells)
    toy.write_curriculum(tmp_path, [toy.entry("good", PATH)])

    results, text = toy.run(tmp_path)

    assert results.passed, text
    assert (results.notebooks[0].cpu_seconds or 0) > 5.5


def test_chapter_without_a_package_sees_nothing_of_the_repository(
    project: Project,
) -> None:
    """パッケージと名乗らない章のフォルダのモジュールは、import できない。"""
    add_package(project, 0.5)
    (project.root / "chapter05/pyproject.toml").unlink()

    results, _ = toy.run(project.root)

    failure = results.notebooks[0].failure
    assert failure is not None and "No module named 'toybox'" in failure.error


def test_only_chapter_14_has_a_package() -> None:
    """パッケージを持つのは 14 章だけである。"""
    found = {
        item.chapter
        for item in curriculum.load(Project().curriculum)
        if Project().package_folder(item.path)
    }

    assert found == {14}


@pytest.mark.parametrize("level", ["none", "hook"])
def test_inherited_python_path_is_dropped(
    project: Project, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """利用者の PYTHONPATH は渡さず、守りのフックと章のパッケージだけを渡す。"""
    monkeypatch.setenv(guard.LEVEL_VARIABLE, level)
    add_package(project, 0.5)
    (notebook,) = curriculum.load(project.curriculum)
    place, log = Workplace(project.root), project.root / "blocked.txt"

    found = kernel_environment({"PYTHONPATH": str(ROOT)}, place, log, project, notebook)

    folders = found["PYTHONPATH"].split(os.pathsep)
    hook = [] if level == "none" else [str(guard.SITE)]
    assert folders == [*hook, str(project.root / "chapter05")]


def test_changed_package_is_executed_again(project: Project) -> None:
    """パッケージを直したら、ノートブックが同じでも実行し直す。"""
    (notebook,) = curriculum.load(project.curriculum)

    def key() -> str:
        """今の鍵。"""
        return reuse.content_key(project, notebook, {}, [], "w", "r")

    keys = [key()]
    for value in (0.5, 0.75):
        add_package(project, value)
        keys.append(key())
    assert len(set(keys)) == 3


def test_own_package_is_resolved_from_the_working_tree() -> None:
    """自分のパッケージの行は、Colab に入っていない依存だけを調べる。"""
    pins = {"numpy": "2.1.3", "torch": "2.11.0"}

    assert packages.own_package(f'"{ADDRESS}"')["name"] == "bunsan"
    assert packages.own_package("git+https://github.com/other/llm-book") is None
    assert packages.requirements(f'fugashi "{ADDRESS}"', pins) == ["fugashi"]
    assert packages.requirements(ADDRESS, {"numpy": "2.1.3"}) == ["torch"]
