"""5-4-sts-analysis に誤った入力を与え、推論の前に分かる言葉で止まることを確かめる。"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner import curriculum
from runner.execute import Execution, execute
from runner.project import Project
from runner.world import World

PROJECT = Project()
NOTEBOOK = next(
    item
    for item in curriculum.load(PROJECT.curriculum)
    if item.id == "5-4-sts-analysis"
)


@pytest.mark.parametrize(
    ("changes", "cell", "words"),
    [
        pytest.param(
            {"model_id": "learner/no-such-model"},
            "load-model",
            ["learner/no-such-model", "読めません"],
            id="unknown model",
        ),
        pytest.param(
            {"model_id": "tohoku-nlp/bert-base-japanese-v3"},
            "load-model",
            ["回帰モデルではありません"],
            id="a model that is no regression",
        ),
        pytest.param(
            {"test_sha256": "0" * 64},
            "rows",
            ["内容が想定と違います", "実際の SHA-256"],
            id="another file than expected",
        ),
    ],
)
def test_mistake_is_explained_before_any_score_is_computed(
    world: World, tmp_path: Path, changes: dict[str, Any], cell: str, words: list[str]
) -> None:
    execution = Execution(
        project=PROJECT,
        output=tmp_path / "executed.ipynb",
        log=tmp_path / "log.txt",
        parameters=world.resolve({**NOTEBOOK.tiny, **changes}),
        world=world,
    )
    result = execute(NOTEBOOK, execution)
    assert result.status == "failed"
    assert result.failure is not None
    assert result.failure.cell_id == cell
    assert [word for word in words if word not in result.failure.error] == []
