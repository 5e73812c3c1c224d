"""7 章のノートブックに誤った入力を与え、訓練や生成の前に止まることを確かめる。"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner import curriculum
from runner.execute import Execution, execute
from runner.project import Project
from runner.world import World

PROJECT = Project()
NOTEBOOKS = {item.id: item for item in curriculum.load(PROJECT.curriculum)}


@pytest.mark.parametrize(
    ("name", "changes", "cell", "words"),
    [
        pytest.param(
            "7",
            {"archive_sha256": "0" * 64},
            "load",
            ["内容が想定と違います", "実際の SHA-256"],
            id="another archive than expected",
        ),
        pytest.param(
            "7",
            {"num_articles": 7367},
            "load",
            ["7,367 記事のはずです"],
            id="fewer articles than expected",
        ),
        pytest.param(
            "7",
            {"model_id": "learner/no-such-model"},
            "token-lengths",
            ["learner/no-such-model", "読めません"],
            id="unknown base model",
        ),
        pytest.param(
            "7-5",
            {"model_id": "learner/no-such-model"},
            "load-model",
            ["learner/no-such-model", "読めません"],
            id="unknown tuned model",
        ),
        pytest.param(
            "7-3",
            {"bert_id": "learner/no-such-model"},
            "bertscore",
            ["learner/no-such-model", "読めません"],
            id="unknown encoder",
        ),
    ],
)
def test_mistake_is_explained_in_japanese(
    world: World,
    tmp_path: Path,
    name: str,
    changes: dict[str, Any],
    cell: str,
    words: list[str],
) -> None:
    notebook = NOTEBOOKS[name]
    execution = Execution(
        project=PROJECT,
        output=tmp_path / "executed.ipynb",
        log=tmp_path / "log.txt",
        parameters=world.resolve({**notebook.tiny, **changes}),
        world=world,
    )
    result = execute(notebook, execution)
    assert result.status == "failed"
    assert result.failure is not None
    assert result.failure.cell_id == cell
    assert [word for word in words if word not in result.failure.error] == []
