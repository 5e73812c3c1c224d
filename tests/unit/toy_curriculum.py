"""実行器の検査に使う、数秒で終わる小さなカリキュラムを作る。"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
import yaml
from nbformat import NotebookNode
from rich.console import Console

from runner import curriculum, schedule
from runner.project import Project
from runner.results import Results
from runner.run import Options, run_in_world
from runner.world import World
from tinyhub.openai.launch import SimulatorAddress
from tinyhub.up import HubAddress

Cell = tuple[str, str] | tuple[str, str, str]
"""(id, ソース) か (id, ソース, タグ)。id が md で始まれば markdown。"""

PARAMETERS: Cell = ("parameters", "value = 1.0  # 値", "parameters")
METRICS: Cell = (
    "metrics",
    'display({"application/json": {"accuracy": value / 2}, "text/plain": "指標"},'
    " raw=True)",
    "metrics",
)
CLOSED_PORT = "http://127.0.0.1:9"
CLOSED_RAW = "http://127.0.0.1:10"
CLOSED_SIMULATOR = "http://127.0.0.1:11"


def notebook(cells: Sequence[Cell]) -> NotebookNode:
    """セルの並びからノートブックを作る。"""
    node = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {
                "display_name": "Python 3",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        }
    )
    for cell_id, source, *tags in cells:
        is_markdown = cell_id.startswith("md")
        new = (
            nbformat.v4.new_markdown_cell if is_markdown else nbformat.v4.new_code_cell
        )
        cell = new(source)
        cell.id = cell_id
        if tags:
            cell.metadata["tags"] = tags
        node.cells.append(cell)
    return node


def write_notebook(root: Path, path: str, cells: Sequence[Cell]) -> Path:
    """root の下に書く。"""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook(cells), target)
    return target


def entry(notebook_id: str, path: str, **fields: Any) -> dict[str, Any]:
    """curriculum/ の 1 項目。"""
    return {
        "id": notebook_id,
        "path": path,
        "title": "見本",
        "section": "5.1",
        "status": "ready",
        "minutes_t4": 1,
        "gpu_gb": 0,
        "disk_gb": 1,
        "download_gb": 0,
        "estimate_basis": "見積もり: 見本",
        "cpu_seconds_tiny": None,
        "trains": False,
        **fields,
    }


def write_curriculum(root: Path, entries: Sequence[dict[str, Any]]) -> None:
    """curriculum/05.yml を書く。"""
    folder = root / "curriculum"
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(list(entries), allow_unicode=True, sort_keys=False)
    (folder / "05.yml").write_text(text, encoding="utf-8")


def world(root: Path, overlay: Path | None = None) -> World:
    """Hub を動かさないミニ環境 (Hub に触れないノートブックのため)。"""
    tree = root / "tree"
    tree.mkdir(exist_ok=True)
    return World(
        HubAddress(CLOSED_PORT, CLOSED_RAW),
        tree,
        root / "state",
        overlay,
        "toy",
        SimulatorAddress(CLOSED_SIMULATOR),
    )


def run(root: Path, only: str | None = None, **options: Any) -> tuple[Results, str]:
    """Hub なしで実行し、(結果, 端末に出た文) を返す。"""
    project = Project(root)
    notebooks = curriculum.load(project.curriculum)
    output = io.StringIO()
    results = run_in_world(
        project,
        Options(only=only, html=False, **options),
        world(root),
        schedule.select(notebooks, only),
        Console(file=output, width=200, soft_wrap=True),
    )
    return results, output.getvalue()
