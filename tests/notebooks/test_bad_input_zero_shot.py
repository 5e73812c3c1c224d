"""3-zero-shot-inference に誤った入力を与え、分かる言葉で止まることを確かめる。"""

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
NOTEBOOK = next(
    item for item in curriculum.load(PROJECT.curriculum) if item.id == "3-zero-shot"
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with open_world(PROJECT, folder / "state", tree=build_tree(PROJECT)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("changes", "cell", "words"),
    [
        pytest.param(
            {"required_disk_gb": 1e9},
            "environment",
            ["ディスクの空き"],
            id="no disk",
        ),
        pytest.param(
            {"jcqa_id": "learner/no-such-dataset"},
            "load-data",
            ["learner/no-such-dataset", "読み込めません"],
            id="unknown data set",
        ),
        pytest.param(
            {"jcqa_template": "{text}それは何でしょう。"},
            "items",
            ["{choice}", "1 つずつ"],
            id="template without a hole",
        ),
        pytest.param(
            {"num_test_articles": 1},
            "items",
            ["num_test_articles を増やしてください"],
            id="too few sentences",
        ),
        pytest.param(
            {"gpt_id": "learner/no-such-model"},
            "load-gpt",
            ["learner/no-such-model", "読み込めません"],
            id="unknown model",
        ),
        pytest.param(
            {"gpt_id": "tohoku-nlp/bert-base-japanese-v3"},
            "load-gpt",
            ["tohoku-nlp/bert-base-japanese-v3", "デコーダではありません"],
            id="an encoder in the place of the decoder",
        ),
        pytest.param(
            {"bert_id": "rinna/japanese-gpt2-small"},
            "load-encoders",
            ["rinna/japanese-gpt2-small", "読み込めません"],
            id="a decoder in the place of the encoder",
        ),
    ],
)
def test_mistake_is_explained_where_it_is_made(
    world: World, tmp_path: Path, changes: dict[str, Any], cell: str, words: list[str]
) -> None:
    execution = Execution(
        project=PROJECT,
        output=tmp_path / "executed.ipynb",
        log=tmp_path / "log.txt",
        parameters=world.resolve({**NOTEBOOK.tiny, "num_items": 20, **changes}),
        world=world,
    )
    result = execute(NOTEBOOK, execution)
    assert result.status == "failed"
    assert result.failure is not None
    assert result.failure.cell_id == cell
    assert [word for word in words if word not in result.failure.error] == []
