"""6 章の 3 冊に誤った入力を与え、分かる言葉で止まることを確かめる。

壊れた注釈 (重なり・文の外の位置・知らない型) の検査そのものは
tests/unit/test_ner_notebook.py にある。ここでは、実物のノートブックが訓練の前に止まるか
を見る。
"""

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
SMALL = {
    "train_size": 64,
    "num_train_epochs": 1,
    "bootstrap_samples": 20,
    "hub_user": None,
}
# 訓練しない冊で、比べるモデルの代わりに読む土台。
BASE = "tohoku-nlp/bert-base-japanese-v3"
WITHOUT_PLACES = [
    *("その他の組織名", "イベント名", "人名", "政治的組織名"),
    *("施設名", "法人名", "製品名"),
]


@pytest.mark.parametrize(
    ("notebook", "changes", "cell", "words"),
    [
        pytest.param(
            "6",
            {"model_id": "learner/no-such-model"},
            "tokenizer",
            ["learner/no-such-model", "読み込めません"],
            id="unknown model",
        ),
        pytest.param(
            "6",
            {"dataset_id": "learner/no-such-dataset"},
            "load-dataset",
            ["learner/no-such-dataset", "読み込めません"],
            id="unknown data set",
        ),
        pytest.param(
            "6",
            {"entity_types": WITHOUT_PLACES},
            "check",
            ["行目", "型 地名 は", "にない型"],
            id="type outside the list",
        ),
        pytest.param(
            "6",
            {"required_disk_gb": 1e6},
            "environment",
            ["ディスクの空き", "output_dir"],
            id="no disk",
        ),
        pytest.param(
            "6-3b",
            {"model_id": "learner/no-such-model"},
            "load-model",
            ["learner/no-such-model", "読み込めません"],
            id="unknown model to compare",
        ),
        pytest.param(
            "6-3b",
            {"model_id": BASE},
            "prepare",
            ["モデルの知らない型があります", "人名"],
            id="compared model without entity types",
        ),
        pytest.param(
            "6-3c",
            {"dataset_id": "learner/no-such-dataset"},
            "load-dataset",
            ["learner/no-such-dataset", "読み込めません"],
            id="unknown data set to analyse",
        ),
        pytest.param(
            "6-3c",
            {"model_id": BASE},
            "types",
            ["モデルの知らない型があります", "人名"],
            id="analysed model without entity types",
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
    """理由と直すところを告げて、決まったセルで止まる。"""
    target = NOTEBOOKS[notebook]
    small = SMALL if target.trains else {}
    execution = Execution(
        project=PROJECT,
        output=tmp_path / "executed.ipynb",
        log=tmp_path / "log.txt",
        parameters={**target.tiny, **small, **changes},
        world=world,
    )
    result = execute(target, execution, Workers())

    assert result.status == "failed"
    assert result.failure is not None
    assert result.failure.cell_id == cell
    assert [word for word in words if word not in result.failure.error] == []
