"""5-5 の 2 冊に誤った入力を与え、訓練の前に分かる言葉で止まることを確かめる。"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner import curriculum
from runner.execute import Execution, Workers, execute
from runner.project import Project
from runner.world import World, build_tree, open_world

PROJECT = Project()
NOTEBOOKS = {item.id: item for item in curriculum.load(PROJECT.curriculum)}
SMALL = {"train_size": 160, "eval_size": 64, "num_train_epochs": 1, "hub_user": None}
TRAINING_CELLS = {"study-run", "train", "target-study", "train-plain"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with open_world(PROJECT, folder / "state", tree=build_tree(PROJECT)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        pytest.param(
            "5-5-lora-wrime",
            {"model_id": "learner/no-such-model"},
            ["learner/no-such-model", "読み込めません"],
            id="wrime: unknown model",
        ),
        pytest.param(
            "5-5-lora-wrime",
            {"target_modules": ["query", "quary"]},
            ["quary", "合う層がありません"],
            id="wrime: no such layer",
        ),
        pytest.param(
            "5-5-lora-wrime",
            {"required_disk_gb": 1e9},
            ["空きが足りません"],
            id="wrime: no disk",
        ),
        pytest.param(
            "5-5-lora-marc-ja",
            {"dataset_id": "learner/no-such-dataset"},
            ["learner/no-such-dataset", "読み込めません"],
            id="reviews: unknown data set",
        ),
        pytest.param(
            "5-5-lora-marc-ja",
            {"required_disk_gb": 1e9},
            ["不足です"],
            id="reviews: no disk",
        ),
    ],
)
def test_mistake_stops_before_training(
    world: World, tmp_path: Path, name: str, changes: dict[str, Any], words: list[str]
) -> None:
    notebook = NOTEBOOKS[name]
    execution = Execution(
        project=PROJECT,
        output=tmp_path / "executed.ipynb",
        log=tmp_path / "log.txt",
        parameters={**notebook.tiny, **SMALL, **changes},
        world=world,
        keep_output=None,
    )
    result = execute(notebook, execution, Workers())

    assert result.status == "failed"
    assert result.failure is not None
    assert result.failure.cell_id not in TRAINING_CELLS
    assert [word for word in words if word not in result.failure.error] == []
