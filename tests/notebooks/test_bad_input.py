"""実物のノートブックに誤った入力を与え、分かる言葉で止まることを確かめる。

5-2 (WRIME) を小さくした設定で、1 件ずつ実行する。訓練が途中で殺されても、
チェックポイントから続けて、止めなかったときと同じ結果になることも確かめる。
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runner import curriculum, guard
from runner.execute import Execution, Workers, execute
from runner.project import Project
from runner.results import NotebookResult
from runner.world import World, open_world

PROJECT = Project()
NOTEBOOK = next(
    item for item in curriculum.load(PROJECT.curriculum) if item.id == "5-2-wrime"
)
SMALL = {
    "train_size": 320,
    "eval_size": 64,
    "num_train_epochs": 2,
    "seeds": [42],
    "bootstrap_samples": 50,
    "hub_user": None,
}


@dataclass(frozen=True)
class WithoutToken:
    """HF_TOKEN を渡さないミニ環境。"""

    world: World

    def environment(self, home: Path) -> dict[str, str]:
        """トークンのない環境変数。"""
        return {**self.world.environment(home), "HF_TOKEN": ""}


def run(
    world: Any,
    folder: Path,
    changes: dict[str, Any],
    keep_output: Path | None = None,
    workers: Workers | None = None,
) -> NotebookResult:
    """5-2 を、小さい設定に changes を重ねて実行する。"""
    execution = Execution(
        project=PROJECT,
        output=folder / "executed.ipynb",
        log=folder / "log.txt",
        parameters={**NOTEBOOK.tiny, **SMALL, **changes},
        world=world,
        keep_output=keep_output,
    )
    return execute(NOTEBOOK, execution, workers or Workers())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param(
            {"model_id": "learner/no-such-model"},
            ["learner/no-such-model", "読み込めません"],
            id="unknown model",
        ),
        pytest.param(
            {"dataset_id": "learner/no-such-dataset"},
            ["learner/no-such-dataset", "読み込めません"],
            id="unknown data set",
        ),
        pytest.param(
            {"train_split": "trian"}, ["trian", "がありません"], id="wrong split"
        ),
        pytest.param(
            {"hub_user": "someone-else", "num_train_epochs": 1},
            ["someone-else", "hub_user", "権限"],
            id="push to a foreign namespace",
        ),
    ],
)
def test_mistake_is_explained_in_japanese(
    world: World, tmp_path: Path, changes: dict[str, Any], words: list[str]
) -> None:
    result = run(world, tmp_path, changes)
    assert result.status == "failed"
    assert result.failure is not None
    assert [word for word in words if word not in result.failure.error] == []


def test_push_without_a_token_stops_before_the_hub_is_asked(
    world: World, tmp_path: Path
) -> None:
    result = run(
        WithoutToken(world), tmp_path, {"hub_user": "learner", "num_train_epochs": 1}
    )
    assert result.status == "failed"
    assert result.failure is not None
    assert result.failure.cell_id == "push"
    assert "トークンがありません" in result.failure.error


def test_unreachable_hub_is_named(world: World, tmp_path: Path) -> None:
    with open_world(PROJECT, tmp_path / "state", tree=world.tree) as closed:
        pass  # with を抜けたので、この Hub はもう動いていない
    result = run(closed, tmp_path, {})
    assert result.status == "failed"
    assert result.failure is not None
    assert "読み込めません" in result.failure.error


def kill_after_first_checkpoint(folder: Path, workers: Workers) -> None:
    """チェックポイントが 1 つ書かれたら、ワーカーをカーネルごと殺す。"""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        if any(folder.rglob("checkpoint-*/trainer_state.json")):
            workers.stop_all()
            return
        time.sleep(0.05)


def test_killed_training_resumes_to_the_same_result(
    world: World, tmp_path: Path
) -> None:
    changes = {"num_train_epochs": 4}
    straight = run(world, tmp_path / "straight", changes)
    assert straight.status == "ok", straight.failure

    kept, workers = tmp_path / "kept", Workers()
    killer = threading.Thread(
        target=kill_after_first_checkpoint, args=(kept, workers), daemon=True
    )
    killer.start()
    killed = run(world, tmp_path / "killed", changes, kept, workers)
    killer.join()
    assert killed.status == "failed"

    resumed = run(world, tmp_path / "resumed", {**changes, "resume": True}, kept)
    assert resumed.status == "ok", resumed.failure
    log = (tmp_path / "resumed" / "executed.ipynb").read_text(encoding="utf-8")
    assert "checkpoint" in log
    same = {"test_accuracy", "valid_accuracy", "overconfidence"}
    assert {name: resumed.metrics[name] for name in same} == pytest.approx(
        {name: straight.metrics[name] for name in same}, abs=1e-6
    )


def test_guard_is_on_while_these_tests_run() -> None:
    assert guard.current_level() != "none"
