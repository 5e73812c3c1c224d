"""実行したものとコミットされたものの、ソースの照合。"""

from __future__ import annotations

import copy
from collections.abc import Callable

import nbformat
import pytest
from nbformat import NotebookNode

from runner.notebook_file import NotebookError, read_metrics, source_differences
from tests.unit import toy_curriculum as toy

Change = Callable[[NotebookNode], object]


def executed(committed: NotebookNode) -> NotebookNode:
    """差し込みと出力だけを足した写し。"""
    node = copy.deepcopy(committed)
    injected = nbformat.v4.new_code_cell("value = 2.0")
    injected.metadata["tags"] = ["injected-parameters"]
    node.cells.insert(1, injected)
    node.cells[-1].outputs = [nbformat.v4.new_output("stream", text="出力")]
    node.cells[-1].metadata["papermill"] = {"duration": 1.0}
    node.metadata["papermill"] = {}
    return node


def test_outputs_metadata_and_injected_cell_are_no_difference() -> None:
    committed = toy.notebook([toy.PARAMETERS, ("md-a", "説明"), toy.METRICS])
    assert source_differences(committed, executed(committed)) == []


def _edit_source(node: NotebookNode) -> None:
    node.cells[-1].source += " "


def _edit_markdown(node: NotebookNode) -> None:
    node.cells[2].source = "別の説明"


def _rename(node: NotebookNode) -> None:
    node.cells[-1].id = "other"


def _retag(node: NotebookNode) -> None:
    node.cells[-1].metadata["tags"] = []


def _retype(node: NotebookNode) -> None:
    node.cells[2].cell_type = "raw"


def _drop(node: NotebookNode) -> None:
    node.cells.pop()


def _inject_twice(node: NotebookNode) -> None:
    node.cells.insert(1, copy.deepcopy(node.cells[1]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_edit_source, "セル metrics: ソースが変わりました"),
        (_edit_markdown, "セル md-a: ソースが変わりました"),
        (_rename, "セル metrics: id が other に変わりました"),
        (_retag, "セル metrics: タグが [] に変わりました"),
        (_retype, "セル md-a: 種類が raw に変わりました"),
        (_drop, "セルの数が違います: 3 → 2"),
        (_inject_twice, "差し込まれたセルが 2 個あります (1 個まで)"),
    ],
)
def test_any_other_difference_is_reported_with_its_cell(
    change: Change, message: str
) -> None:
    committed = toy.notebook([toy.PARAMETERS, ("md-a", "説明"), toy.METRICS])
    changed = executed(committed)
    change(changed)
    assert message in source_differences(committed, changed)


@pytest.mark.parametrize(
    ("bundle", "message"),
    [
        ({}, "空でない"),
        ({"a": "0.9"}, "数ではありません"),
        ({"a": True}, "数ではありません"),
        ({"a": float("nan")}, "有限の数ではありません"),
        ({"a": float("inf")}, "有限の数ではありません"),
    ],
)
def test_metrics_other_than_finite_numbers_are_refused(
    bundle: dict, message: str
) -> None:
    node = toy.notebook([toy.PARAMETERS, toy.METRICS])
    data = {"application/json": bundle}
    node.cells[-1].outputs = [nbformat.v4.new_output("display_data", data)]
    with pytest.raises(NotebookError, match=message):
        read_metrics(node)


def test_missing_metrics_output_is_refused() -> None:
    with pytest.raises(NotebookError, match="ちょうど 1 つ"):
        read_metrics(toy.notebook([toy.PARAMETERS, toy.METRICS]))
