"""ノートブックのファイルを読み、調べ、書く。実行はしない。"""

from __future__ import annotations

import ast
import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from runner.errors import RunnerError

INJECTED = "injected-parameters"
PARAMETERS = "parameters"
METRICS = "metrics"
CHECK_OUTPUT = "nbval-check-output"


class NotebookError(RunnerError):
    """ノートブックの中身が約束に合わない。"""


def read(path: Path) -> NotebookNode:
    """nbformat 4 として読む。"""
    return nbformat.read(path, as_version=4)


def to_text(notebook: NotebookNode) -> str:
    """コミットする形 (差分が小さく、往復して変わらない) の文字列にする。"""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n"


def tags(cell: NotebookNode) -> list[str]:
    """セルのタグ。"""
    return list(cell.metadata.get("tags", []))


def find(notebook: NotebookNode, tag: str) -> NotebookNode | None:
    """そのタグを持つ最初のセル。"""
    return next((cell for cell in notebook.cells if tag in tags(cell)), None)


def authored_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """papermill が差し込んだセルを除いた、書かれたままのセル。"""
    return [cell for cell in notebook.cells if INJECTED not in tags(cell)]


def numbered_code_cells(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """読者が見る In [n] の n とセルの組。差し込まれたセルは 0。"""
    number = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if INJECTED in tags(cell):
            yield 0, cell
        else:
            number += 1
            yield number, cell


def declared_parameters(notebook: NotebookNode) -> set[str]:
    """parameters セルが代入している名前。"""
    cell = find(notebook, PARAMETERS)
    if cell is None:
        raise NotebookError("タグ parameters の付いたセルがありません")
    names: set[str] = set()
    for statement in ast.parse(cell.source).body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def check_parameters(notebook: NotebookNode, parameters: dict[str, Any]) -> None:
    """宣言されていないパラメータを渡そうとしたら、実行前に止める。"""
    unknown = sorted(set(parameters) - declared_parameters(notebook))
    if unknown:
        raise NotebookError(
            "curriculum/ の tiny か control にある次のパラメータは、ノートブックの "
            f"parameters セルで宣言されていません: {', '.join(unknown)}"
        )


def source_hash(notebook: NotebookNode) -> str:
    """出力と実行番号を除いた中身の SHA-256。"""
    content = [
        [cell.cell_type, cell.get("id"), cell.source, tags(cell)]
        for cell in notebook.cells
    ]
    text = json.dumps(content, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def source_differences(committed: NotebookNode, executed: NotebookNode) -> list[str]:
    """出力・メタデータ・差し込まれたセルのほかに違いがあれば、その説明を返す。"""
    before, after = authored_cells(committed), authored_cells(executed)
    differences: list[str] = []
    injected = len(executed.cells) - len(after)
    if injected > 1:
        differences.append(f"差し込まれたセルが {injected} 個あります (1 個まで)")
    if len(before) != len(after):
        differences.append(f"セルの数が違います: {len(before)} → {len(after)}")
        return differences
    for place, (old, new) in enumerate(zip(before, after, strict=True)):
        name = old.get("id", f"{place} 番目")
        if old.get("id") != new.get("id"):
            differences.append(f"セル {name}: id が {new.get('id')} に変わりました")
        if old.cell_type != new.cell_type:
            differences.append(f"セル {name}: 種類が {new.cell_type} に変わりました")
        if old.source != new.source:
            differences.append(f"セル {name}: ソースが変わりました")
        if tags(old) != tags(new):
            differences.append(f"セル {name}: タグが {tags(new)} に変わりました")
    return differences


def read_metrics(notebook: NotebookNode) -> dict[str, float]:
    """metrics セルが表示した指標を読む。"""
    cell = find(notebook, METRICS)
    if cell is None:
        raise NotebookError("タグ metrics の付いたセルがありません")
    bundles = [
        output["data"]["application/json"]
        for output in cell.get("outputs", [])
        if "application/json" in output.get("data", {})
    ]
    if len(bundles) != 1:
        raise NotebookError(
            "metrics セルは application/json をちょうど 1 つ表示します "
            f"(今は {len(bundles)} 個)"
        )
    metrics = bundles[0]
    if not isinstance(metrics, dict) or not metrics:
        raise NotebookError("metrics は、空でない「名前: 数」の辞書にします")
    for name, value in metrics.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise NotebookError(f"指標 {name} が数ではありません: {value!r}")
        if not math.isfinite(value):
            raise NotebookError(f"指標 {name} が有限の数ではありません: {value!r}")
    return dict(metrics)
