"""ミニ環境のパラメータを差し込んだだけの (実行しない) 写しを作る。"""

from __future__ import annotations

import json
from pathlib import Path

import nbformat

from runner import notebook_file
from runner.curriculum import Notebook
from runner.project import Project
from runner.world import World, file_sha256

_PREPARED = ".prepared.json"


def prepared_text(project: Project, notebook: Notebook, world: World) -> str:
    """保存された出力を残したまま、パラメータのセルを差し込んだもの。"""
    # papermill の読み込みは遅いので、使うときだけ読む。
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    path = project.root / notebook.path
    notebook_file.check_parameters(notebook_file.read(path), notebook.tiny)
    node = load_notebook_node(str(path))
    if notebook.tiny:
        node = parameterize_notebook(
            node,
            world.resolve(notebook.tiny),
            comment="ミニ環境のパラメータ",
            kernel_name="python3",
            language="python",
        )
    for place, cell in enumerate(node.cells):
        cell.setdefault("id", f"cell-{place}")
    node.metadata.pop("papermill", None)
    return nbformat.writes(node) + "\n"


def write_copy(project: Project, notebook: Notebook, world: World, path: Path) -> None:
    """写しを書く (あれば上書きする)。"""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(prepared_text(project, notebook, world), encoding="utf-8")


def refresh_copies(
    project: Project, notebooks: list[Notebook], world: World, folder: Path
) -> list[Path]:
    """読者が直していない写しだけを新しくし、手を付けずに残した写しを返す。"""
    record_path = folder / _PREPARED
    record: dict[str, str] = {}
    if record_path.exists():
        record = json.loads(record_path.read_text(encoding="utf-8"))
    kept: list[Path] = []
    for notebook in notebooks:
        if not (project.root / notebook.path).exists():
            continue
        path = folder / notebook.path
        if path.exists() and file_sha256(path) != record.get(notebook.path):
            kept.append(path)
            continue
        write_copy(project, notebook, world, path)
        record[notebook.path] = file_sha256(path)
    folder.mkdir(parents=True, exist_ok=True)
    record_path.write_text(json.dumps(record, indent=1), encoding="utf-8")
    return kept
