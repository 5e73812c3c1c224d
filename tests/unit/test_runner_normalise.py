"""コミットする形への整え方。"""

from __future__ import annotations

import copy
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_output

from runner import notebook_file
from runner.normalise import MAX_BYTES, NormaliseError, check_size, normalise
from runner.outputs import OutputsError, rounded_up, set_cpu_seconds
from tests.unit import toy_curriculum as toy

BAR = "Map: 100%|██████████| 500/500 [00:00<00:00, 9123.45 examples/s]\n"


def executed(*outputs: NotebookNode) -> NotebookNode:
    """papermill が書いた形の、本文のセルが 1 つのノートブック。"""
    node = toy.notebook([("md-title", "# 題"), toy.PARAMETERS, ("body", "1 + 1")])
    injected = nbformat.v4.new_code_cell("value = 2.0", metadata={})
    injected.metadata["tags"] = ["injected-parameters"]
    node.cells.insert(2, injected)
    node.metadata["papermill"] = {"input_path": "/home/someone/a.ipynb"}
    node.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}
    node.metadata["language_info"]["version"] = "3.11.7"
    body = node.cells[-1]
    body.execution_count = 9
    body.metadata = nbformat.from_dict(
        {"papermill": {"duration": 1.0}, "execution": {}, "tags": ["keep"]}
    )
    body.outputs = list(outputs)
    return node


def body_outputs(*outputs: NotebookNode) -> list[NotebookNode]:
    """本文のセルの、整えたあとの出力。"""
    return normalise(executed(*outputs)).cells[-1].outputs


def test_injected_cell_and_execution_records_are_dropped() -> None:
    result = normalise(executed())
    assert [cell.id for cell in result.cells] == ["md-title", "parameters", "body"]
    assert [c.execution_count for c in result.cells if c.cell_type == "code"] == [1, 2]
    assert set(result.metadata) == {"kernelspec", "language_info"}
    assert result.metadata["language_info"] == {"name": "python"}
    assert result.cells[-1].metadata == {"tags": ["keep"]}


def test_gpu_type_is_kept() -> None:
    node = executed()
    node.metadata["accelerator"] = "GPU"
    node.metadata["colab"] = {"gpuType": "T4", "provenance": []}
    assert normalise(node).metadata["colab"]["gpuType"] == "T4"


@pytest.mark.parametrize(
    "output",
    [
        new_output("stream", name="stderr", text="警告"),
        new_output(
            "display_data",
            {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "Map"},
        ),
        new_output(
            "display_data", {"text/html": "<div><progress value='3'></progress></div>"}
        ),
        new_output("stream", name="stdout", text=BAR),
        new_output("stream", name="stdout", text=" 0%|   | 0/5 [00:00<?]\r" + BAR),
    ],
    ids=["stderr", "widget", "progress-html", "bar", "bar-with-return"],
)
def test_progress_and_stderr_are_dropped(output: NotebookNode) -> None:
    assert body_outputs(output) == []


def test_stdout_around_progress_is_joined() -> None:
    found = body_outputs(
        new_output("stream", name="stdout", text="前\n"),
        new_output("stream", name="stderr", text="途中"),
        new_output("stream", name="stdout", text=BAR + "後\n"),
    )
    assert [output.text for output in found] == ["前\n後\n"]


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("/var/x/llm-book-ab_12/desk/outputs/model", "outputs/model"),
        ("'/var/x/llm-book-ab12/desk'", "'.'"),
        ("/var/x/llm-book-a1/hf-home/hub", "~/.cache/huggingface/hub"),
        (f"{Path.home()}/notes.txt", "~/notes.txt"),
        ("http://127.0.0.1:45011/learner/m", "http://127.0.0.1:18080/learner/m"),
        ("http://127.0.0.1:45012/raw/a/b", "http://127.0.0.1:18081/raw/a/b"),
        ("http://127.0.0.1:45013/v1", "http://127.0.0.1:18090/v1"),
        ("<object at 0x7f1234567890>", "<object at 0x…>"),
        ("\x1b[31m赤\x1b[0m", "赤"),
        ("精度 0.9415 · 4,000 行", "精度 0.9415 · 4,000 行"),
    ],
)
def test_only_local_places_are_replaced(raw: str, clean: str) -> None:
    stream = new_output("stream", name="stdout", text=raw + "\n")
    table = new_output("execute_result", {"text/plain": raw})
    first, second = body_outputs(stream, table)
    assert first.text == clean + "\n"
    assert second.data["text/plain"] == clean
    assert second.execution_count == 2


def test_image_data_is_left_alone() -> None:
    jpeg = "iVBORw0KGgo0x0123456789abcdef/var/llm-book-aa/desk/"
    (output,) = body_outputs(new_output("display_data", {"image/jpeg": jpeg}))
    assert output.data["image/jpeg"] == jpeg


@given(st.lists(st.text(alphabet="a0x/:.%|[]<>\r\n\x1b17秒", max_size=60), max_size=4))
def test_normalising_twice_changes_nothing(texts: list[str]) -> None:
    outputs = [new_output("stream", name="stdout", text=text) for text in texts]
    outputs.append(new_output("execute_result", {"text/plain": "".join(texts)}))
    once = normalise(executed(*outputs))
    assert normalise(copy.deepcopy(once)) == once


def test_normal_form_survives_reading_and_writing_byte_for_byte(tmp_path: Path) -> None:
    text = notebook_file.to_text(
        normalise(executed(new_output("stream", name="stdout", text="日本語\n")))
    )
    path = tmp_path / "a.ipynb"
    path.write_text(text, encoding="utf-8")
    assert notebook_file.to_text(notebook_file.read(path)) == text
    assert "日本語" in text


def test_too_large_outputs_are_refused() -> None:
    with pytest.raises(NormaliseError, match="上限 300,000"):
        check_size(Path("a.ipynb"), "あ" * (MAX_BYTES // 3 + 1))
    check_size(Path("a.ipynb"), "a" * MAX_BYTES)


@pytest.mark.parametrize(
    ("seconds", "rounded"), [(0.1, 5), (5.0, 5), (5.1, 10), (41.0, 45)]
)
def test_cpu_seconds_round_up_to_five(seconds: float, rounded: int) -> None:
    assert rounded_up(seconds) == rounded


def test_cpu_seconds_rewrite_only_the_line_of_their_entry(tmp_path: Path) -> None:
    text = (
        "- id: one\n  # 注釈\n  cpu_seconds_tiny: null\n\n"
        "- id: one-more\n  cpu_seconds_tiny: 40  # 残る\n"
    )
    file = tmp_path / "05.yml"
    file.write_text(text, encoding="utf-8")
    set_cpu_seconds(tmp_path, "one", 12.3)
    assert file.read_text(encoding="utf-8") == text.replace("null", "15")
    # 計測の揺れ (5 秒の違い) では書き換えない。
    set_cpu_seconds(tmp_path, "one-more", 41.0)
    assert "cpu_seconds_tiny: 40  # 残る" in file.read_text(encoding="utf-8")
    set_cpu_seconds(tmp_path, "one-more", 61.0)
    assert "cpu_seconds_tiny: 65  # 残る" in file.read_text(encoding="utf-8")


def test_missing_line_for_cpu_seconds_fails(tmp_path: Path) -> None:
    (tmp_path / "05.yml").write_text("- id: one\n  title: 題\n", encoding="utf-8")
    with pytest.raises(OutputsError, match="one"):
        set_cpu_seconds(tmp_path, "one", 1.0)
