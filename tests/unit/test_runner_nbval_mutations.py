"""保存された出力を 1 か所だけ変えると、必ずどこかの検査が落ちる。

2 つの層がある。nbval は、検査する印のあるセルの文章・表・JSON を比べるが、画像は
比べず、保存された側にしかない種類も見逃すことがある。runner.compare (tests/notebooks が
使う) は、すべてのセルの出力の種類と数、印のあるセルの中身、画像の画素まで比べる。
"""

from __future__ import annotations

import base64
import copy
import io
import os
import re
import subprocess
from collections.abc import Callable

import nbformat
import pytest
from nbformat import NotebookNode
from PIL import Image

from runner import compare, notebook_file
from runner.execute import FIXED_ENVIRONMENT
from runner.nbval import pytest_command, write_configuration
from tests.unit import toy_curriculum as toy

CHECK = notebook_file.CHECK_OUTPUT
HTML = (
    "<table><tr><th>語</th><th>回数</th></tr>"
    "<tr><td>山</td><td>3</td></tr><tr><td>川</td><td>2</td></tr></table>"
)
PLAIN = "    語  回数\\n0  山   3\\n1  川   2\\ndtype: int64"


def _png(color: tuple[int, int, int]) -> str:
    """1 色の小さな画像。"""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(buffer, "png")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


PICTURE = _png((10, 120, 200))
OTHER_PICTURE = _png((200, 120, 10))
CELLS: list[toy.Cell] = [
    toy.PARAMETERS,
    ("count", "print('合計 45')\nprint('山')\nprint('川')", CHECK),
    (
        "table",
        f'display({{"text/plain": "{PLAIN}", "text/html": "{HTML}"}}, raw=True)',
        CHECK,
    ),
    (
        "figure",
        f'display({{"image/png": "{PICTURE}", "text/plain": "<Figure>"}}, raw=True)',
        CHECK,
    ),
    (
        "metrics",
        'display({"application/json": {"accuracy": 0.5}, "text/plain": "指標"},'
        " raw=True)",
        f"metrics,{CHECK}",
    ),
    ("free", "import time\nprint('印のないセル', time.time())"),
]


def stored() -> NotebookNode:
    """実行した出力の入ったノートブック。"""
    node = toy.notebook(CELLS)
    new = nbformat.v4.new_output
    by_id = {cell.id: cell for cell in node.cells}
    by_id["metrics"].metadata["tags"] = ["metrics", CHECK]
    by_id["count"].outputs = [new("stream", text="合計 45\n山\n川\n")]
    plain = PLAIN.replace("\\n", "\n")
    by_id["table"].outputs = [
        new("display_data", {"text/plain": plain, "text/html": HTML})
    ]
    by_id["figure"].outputs = [
        new("display_data", {"image/png": PICTURE, "text/plain": "<Figure>"})
    ]
    by_id["metrics"].outputs = [
        new(
            "display_data",
            {"application/json": {"accuracy": 0.5}, "text/plain": "指標"},
        )
    ]
    by_id["free"].outputs = [new("stream", text="印のないセル 1.5\n")]
    for number, cell in enumerate(node.cells, start=1):
        cell.execution_count = number
    return node


Edit = Callable[[dict[str, NotebookNode]], object]


def _data(cells: dict[str, NotebookNode], name: str) -> NotebookNode:
    """最初の出力の中身。"""
    return cells[name].outputs[0].data


def _stream(cells: dict[str, NotebookNode], text: str) -> None:
    """標準出力を差し替える。"""
    cells["count"].outputs[0].text = text


EDITS: dict[str, tuple[Edit, set[str]]] = {
    # 名前: (改変, 落ちるべき層)
    "wrong_number": (lambda c: _stream(c, "合計 46\n山\n川\n"), {"nbval", "compare"}),
    "dropped_row": (lambda c: _stream(c, "合計 45\n山\n"), {"nbval", "compare"}),
    "other_order": (lambda c: _stream(c, "合計 45\n川\n山\n"), {"nbval", "compare"}),
    "changed_text": (
        lambda c: _data(c, "figure").update({"text/plain": "<Axes>"}),
        {"nbval", "compare"},
    ),
    "missing_image": (lambda c: _data(c, "figure").pop("image/png"), {"compare"}),
    "other_image": (
        lambda c: _data(c, "figure").update({"image/png": OTHER_PICTURE}),
        {"compare"},
    ),
    "missing_output": (lambda c: c["count"].outputs.clear(), {"nbval", "compare"}),
    "extra_output": (
        lambda c: c["table"].outputs.append(
            nbformat.v4.new_output("display_data", {"text/plain": "余分"})
        ),
        {"nbval", "compare"},
    ),
    "extra_output_in_unchecked_cell": (
        lambda c: c["free"].outputs.append(
            nbformat.v4.new_output("display_data", {"text/plain": "余分"})
        ),
        {"compare"},
    ),
    "changed_dtype": (
        lambda c: _data(c, "table").update(
            {"text/plain": _data(c, "table")["text/plain"].replace("int64", "object")}
        ),
        {"nbval", "compare"},
    ),
    "changed_metric": (
        lambda c: _data(c, "metrics").update({"application/json": {"accuracy": 0.6}}),
        {"nbval", "compare"},
    ),
    "changed_html": (
        lambda c: _data(c, "table").update({"text/html": HTML.replace("3", "4")}),
        {"nbval", "compare"},
    ),
}


def edited(name: str) -> NotebookNode:
    """改変を 1 つ加えたノートブック。"""
    node = copy.deepcopy(stored())
    EDITS[name][0]({cell.id: cell for cell in node.cells})
    return node


@pytest.fixture(scope="module")
def nbval_failures(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """nbval が落としたノートブックの名前 (改変のない original も含めて調べる)。"""
    folder = tmp_path_factory.mktemp("nbval")
    write_configuration(folder)
    for name in ["original", *EDITS]:
        node = stored() if name == "original" else edited(name)
        nbformat.write(node, folder / f"{name}.ipynb")
    finished = subprocess.run(
        [*pytest_command(folder, jobs=1), "-rf", "--tb=no"],
        cwd=folder,
        env={**os.environ, **FIXED_ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert finished.returncode == 1, finished.stdout + finished.stderr
    return set(re.findall(r"^FAILED (\w+)\.ipynb", finished.stdout, re.MULTILINE))


def test_unchanged_notebook_passes_both_layers(nbval_failures: set[str]) -> None:
    assert "original" not in nbval_failures
    assert compare.differences(stored(), stored()) == []


@pytest.mark.parametrize("name", EDITS)
def test_each_edit_fails_in_its_layer(name: str, nbval_failures: set[str]) -> None:
    caught = {"nbval"} if name in nbval_failures else set()
    if compare.differences(edited(name), stored()):
        caught.add("compare")
    assert caught == EDITS[name][1]


def test_every_edit_is_found_by_our_own_comparison() -> None:
    missed = [name for name in EDITS if not compare.differences(edited(name), stored())]
    assert missed == []


def test_differences_in_times_and_addresses_are_allowed() -> None:
    first, second = stored(), stored()
    for node, text in (
        (first, "完了 3.2 秒 <A at 0x7f0011223344> http://127.0.0.1:18080/m\n"),
        (second, "完了 41.75 秒 <A at 0x7fffaabbccdd> http://127.0.0.1:40001/m\n"),
    ):
        node.cells[1].outputs[0].text = text
    assert compare.differences(first, second) == []
