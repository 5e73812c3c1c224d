"""5-4 の自然言語推論のノートブックが、誤った入力で、分かる言葉で止まること。"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner import curriculum
from runner.execute import Execution, Workers, execute
from runner.project import Project
from runner.world import World

PROJECT = Project()
NOTEBOOKS = {item.id: item for item in curriculum.load(PROJECT.curriculum)}
SMALL = {"train_rows": 400, "num_train_epochs": 1, "bootstrap_samples": 50}


@pytest.mark.parametrize(
    ("notebook", "changes", "words"),
    [
        pytest.param(
            "5-4-nli-train",
            SMALL | {"model_id": "learner/no-such-model"},
            ["learner/no-such-model", "読み込めません"],
            id="unknown model",
        ),
        pytest.param(
            "5-4-nli-train",
            SMALL | {"train_sha256": "0" * 64},
            ["想定と違います", "0" * 64],
            id="changed data",
        ),
        pytest.param(
            "5-4-nli-train",
            SMALL | {"required_disk_gb": 1e9},
            ["ディスクの空き", "output_dir"],
            id="no disk",
        ),
        pytest.param(
            "5-4-nli-train",
            SMALL | {"hub_user": "someone-else"},
            ["HF_TOKEN", "hub_user"],
            id="push to a foreign namespace",
        ),
        pytest.param(
            "5-4-nli-analysis",
            {"model_id": "learner/no-such-model"},
            ["learner/no-such-model", "読み込めません"],
            id="analysis of an unknown model",
        ),
        pytest.param(
            "5-4-nli-analysis",
            {"valid_url": "{hub}/raw/raw.githubusercontent.com/no-such-file.json"},
            ["取得できませんでした", "no-such-file.json"],
            id="data that is not there",
        ),
    ],
)
def test_mistake_is_explained_in_japanese(
    world: World,
    tmp_path: Path,
    notebook: str,
    changes: dict[str, Any],
    words: list[str],
) -> None:
    chosen = NOTEBOOKS[notebook]
    execution = Execution(
        project=PROJECT,
        output=tmp_path / "executed.ipynb",
        log=tmp_path / "log.txt",
        parameters=world.resolve({**chosen.tiny, **changes}),
        world=world,
    )
    result = execute(chosen, execution, Workers())
    assert result.status == "failed"
    assert result.failure is not None
    assert [word for word in words if word not in result.failure.error] == []
