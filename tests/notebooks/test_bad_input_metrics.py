"""10-2b と 10-2b2 に誤った入力を与え、分かる言葉で止まることを確かめる。"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner import curriculum
from runner.execute import Execution, execute
from runner.project import Project
from runner.world import World, build_tree, open_world

PROJECT = Project()
NOTEBOOKS = {item.id: item for item in curriculum.load(PROJECT.curriculum)}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with open_world(PROJECT, folder / "state", tree=build_tree(PROJECT)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("notebook", "changes", "cell", "words"),
    [
        pytest.param(
            "10-2b",
            {"dataset_id": "learner/no-such-dataset"},
            "load",
            ["learner/no-such-dataset", "読み込めません"],
            id="unknown data set",
        ),
        pytest.param(
            "10-2b",
            {"dataset_id": "sbintuitions/JCommonsenseQA"},
            "load",
            ["sbintuitions/JCommonsenseQA", "jnli", "読み込めません"],
            id="a data set without the tasks",
        ),
        pytest.param(
            "10-2b",
            {"max_chars": 20},
            "load",
            ["文字の行があります", "max_chars"],
            id="a row that is too long",
        ),
        pytest.param(
            "10-2b2",
            {"model_id": "learner/no-such-model"},
            "load-bert",
            ["learner/no-such-model", "読めません"],
            id="unknown model",
        ),
        pytest.param(
            "10-2b2",
            {"bert_layers": 99},
            "load-bert",
            ["bert_layers", "にしてください"],
            id="more layers than the model has",
        ),
        pytest.param(
            "10-2b2",
            {"required_disk_gb": 1e9},
            "environment",
            ["空きディスク", "足りません"],
            id="no disk space",
        ),
    ],
)
def test_mistake_is_explained_in_japanese(
    world: World,
    tmp_path: Path,
    notebook: str,
    changes: dict[str, Any],
    cell: str,
    words: list[str],
) -> None:
    execution = Execution(
        project=PROJECT,
        output=tmp_path / "executed.ipynb",
        log=tmp_path / "log.txt",
        parameters=world.resolve({**NOTEBOOKS[notebook].tiny, **changes}),
        world=world,
    )
    result = execute(NOTEBOOKS[notebook], execution)
    assert result.status == "failed"
    assert result.failure is not None
    assert result.failure.cell_id == cell
    assert [word for word in words if word not in result.failure.error] == []
