"""変わっていないものは実行し直さない。途中で止まった訓練は続きから動く。"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner import reuse
from runner.project import ROOT
from tests.unit import toy_curriculum as toy

GOOD = "chapter05/good.ipynb"
COUNTING = """\
import os
import time
from pathlib import Path

step = Path("checkpoint.txt")
start = int(step.read_text()) if step.exists() else 0
for number in range(start, 3):
    step.write_text(str(number + 1))
    Path("started").touch()
    time.sleep(0 if start else wait_seconds)
print("再開" if start else "最初から", start)
"""


def test_second_run_reuses_results_until_the_source_changes(tmp_path: Path) -> None:
    toy.write_notebook(tmp_path, GOOD, [toy.PARAMETERS, toy.METRICS])
    expect = {"accuracy": [">= 0.1"]}
    toy.write_curriculum(tmp_path, [toy.entry("good", GOOD, expect=expect)])
    first, _ = toy.run(tmp_path)
    second, text = toy.run(tmp_path)
    assert [first.notebooks[0].reused, second.notebooks[0].reused] == [False, True]
    assert second.notebooks[0].metrics == first.notebooks[0].metrics
    assert "前回の結果を使用" in text

    # 基準だけを変えたときは、実行せずに判定し直す。
    stricter = toy.entry("good", GOOD, expect={"accuracy": [">= 0.9"]})
    toy.write_curriculum(tmp_path, [stricter])
    judged, _ = toy.run(tmp_path)
    assert judged.notebooks[0].reused
    assert judged.notebooks[0].verdict == "基準未達"

    changed = ("parameters", "value = 0.5  # 値", "parameters")
    toy.write_notebook(tmp_path, GOOD, [changed, toy.METRICS])
    third, _ = toy.run(tmp_path)
    assert not third.notebooks[0].reused
    assert third.notebooks[0].metrics == {"accuracy": 0.25}


def test_key_changes_with_source_parameters_dependencies_and_world(
    tmp_path: Path,
) -> None:
    from runner import curriculum
    from runner.project import Project

    toy.write_notebook(tmp_path, GOOD, [toy.PARAMETERS, toy.METRICS])
    toy.write_curriculum(tmp_path, [toy.entry("good", GOOD)])
    project = Project(tmp_path)
    (notebook,) = curriculum.load(project.curriculum)

    def key(parameters: dict, needs: list[str], world: str, runner: str) -> str:
        """この組み合わせの鍵。"""
        return reuse.content_key(project, notebook, parameters, needs, world, runner)

    base = key({}, [], "w", "r")
    assert key({}, [], "w", "r") == base
    others = [
        key({"value": 2.0}, [], "w", "r"),
        key({}, ["dependency"], "w", "r"),
        key({}, [], "other world", "r"),
        key({}, [], "w", "other runner"),
    ]
    toy.write_notebook(tmp_path, GOOD, [toy.PARAMETERS, ("new", "1"), toy.METRICS])
    others.append(key({}, [], "w", "r"))
    assert len({base, *others}) == 6


def test_only_users_of_the_simulator_depend_on_its_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runner import curriculum
    from runner.project import Project

    toy.write_notebook(tmp_path, GOOD, [toy.PARAMETERS, toy.METRICS])
    toy.write_curriculum(tmp_path, [toy.entry("good", GOOD)])
    (notebook,) = curriculum.load(Project(tmp_path).curriculum)

    def keys() -> list[str]:
        """シミュレータを使わないときと使うときの鍵。"""
        given: list[dict] = [{}, {"openai_base_url": "{openai}"}]
        return [
            reuse.content_key(Project(tmp_path), notebook, one, [], "w", "r")
            for one in given
        ]

    before = keys()
    monkeypatch.setenv("TINYHUB_OPENAI_SEED", "7")
    after = keys()
    assert before[0] == after[0] and before[1] != after[1]


def test_outputs_alone_do_not_change_the_key(tmp_path: Path) -> None:
    from runner import notebook_file

    plain = toy.notebook([toy.PARAMETERS, toy.METRICS])
    printed = toy.notebook([toy.PARAMETERS, toy.METRICS])
    printed.cells[0].execution_count = 7
    assert notebook_file.source_hash(plain) == notebook_file.source_hash(printed)


def test_missing_or_changed_pushed_repository_prevents_reuse(tmp_path: Path) -> None:
    from runner import curriculum
    from runner.project import Project
    from runner.results import NotebookResult

    toy.write_notebook(tmp_path, GOOD, [toy.PARAMETERS, toy.METRICS])
    toy.write_curriculum(tmp_path, [toy.entry("good", GOOD)])
    project = Project(tmp_path)
    (notebook,) = curriculum.load(project.curriculum)
    pushed = project.state / "models/learner/toy-model"
    pushed.mkdir(parents=True)
    (pushed / "config.json").write_text("{}")
    (project.executed / "chapter05").mkdir(parents=True)
    (project.executed / GOOD).write_text("{}")
    record = NotebookResult(
        id="good",
        path=GOOD,
        status="ok",
        key="k",
        pushed=reuse.pushed_repositories(project.state),
    )
    reuse.save_record(project, record)
    assert reuse.reusable(project, notebook, "k", project.state) is not None
    assert reuse.reusable(project, notebook, "other", project.state) is None
    (pushed / "config.json").write_text('{"changed": true}')
    assert reuse.reusable(project, notebook, "k", project.state) is None


def test_pushes_of_parallel_notebooks_go_to_the_source_that_names_them() -> None:
    after = {"models/learner/a-model": "1", "models/learner/b-model": "2"}
    a, b = 'push_to_hub("a-model")', 'push_to_hub("b-model")'
    assert reuse.pushed_between({}, after, a, [b]) == {"models/learner/a-model": "1"}


def test_pushes_under_composed_names_are_counted_too() -> None:
    after = {"models/learner/base-wrime": "1"}
    built = 'push_to_hub(f"{hub_user}/{name}-wrime")'
    assert reuse.pushed_between({}, after, built, ["別のノートブック"]) == after
    assert reuse.pushed_between(after, after, built, []) == {}


def test_killed_run_continues_with_keep_output(tmp_path: Path) -> None:
    parameters = ("parameters", "value = 1.0\nwait_seconds = 0", "parameters")
    cells = [parameters, ("train", COUNTING), toy.METRICS]
    toy.write_notebook(tmp_path, GOOD, cells)
    entry = toy.entry("good", GOOD, tiny={"wait_seconds": 300})
    toy.write_curriculum(tmp_path, [entry])
    kept = tmp_path / "kept"
    command = [sys.executable, "-m", "runner", "run", "--profile", "tiny"]
    command += ["--root", str(tmp_path), "--tree", str(toy.world(tmp_path).tree)]
    command += ["--only", "good", "--keep-output", str(kept)]
    first = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    started = kept / "good/desk/started"
    deadline = time.monotonic() + 120
    while not started.exists():
        assert first.poll() is None, "訓練が始まる前に終わりました"
        assert time.monotonic() < deadline, "訓練が始まりません"
        time.sleep(0.2)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    second = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert second.returncode == 0, second.stdout + second.stderr
    executed = (tmp_path / "build/executed" / GOOD).read_text(encoding="utf-8")
    assert "再開 1" in executed
