"""ノートブックのファイルを読み、直し、決まった形で書く。"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

_MAGIC_LINE = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


def dumps(data: dict[str, Any]) -> str:
    """ノートブックの、ただ 1 つの書き方。"""
    return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


@dataclass(frozen=True)
class Cell:
    """1 つのセル。"""

    data: dict[str, Any]
    position: int

    @property
    def id(self) -> str:
        """セルの id。なければ位置で呼ぶ。"""
        return str(self.data.get("id", f"#{self.position}"))

    @property
    def is_code(self) -> bool:
        """コードセルかどうか。"""
        return self.data.get("cell_type") == "code"

    @property
    def is_markdown(self) -> bool:
        """説明のセルかどうか。"""
        return self.data.get("cell_type") == "markdown"

    @property
    def source(self) -> str:
        """中身。ファイルでは行の並びでも 1 つの文字列でもよい。"""
        return joined(self.data.get("source", ""))

    @property
    def tags(self) -> list[str]:
        """付いているタグ。"""
        return list(self.data.get("metadata", {}).get("tags", []))

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """保存されている出力。"""
        return list(self.data.get("outputs", []))

    @cached_property
    def tree(self) -> ast.Module:
        """magic の行を pass に替えて読んだ構文木。"""
        return ast.parse(_MAGIC_LINE.sub(r"\1pass", self.source))


@dataclass(frozen=True)
class NotebookFile:
    """リポジトリの中のノートブック。"""

    path: PurePosixPath
    data: dict[str, Any]
    text: str

    @cached_property
    def cells(self) -> list[Cell]:
        """すべてのセル。"""
        return [Cell(data, n) for n, data in enumerate(self.data.get("cells", []))]

    @cached_property
    def code_cells(self) -> list[Cell]:
        """コードセルだけ。"""
        return [cell for cell in self.cells if cell.is_code]

    @cached_property
    def markdown_cells(self) -> list[Cell]:
        """説明のセルだけ。"""
        return [cell for cell in self.cells if cell.is_markdown]

    def cell(self, cell_id: str) -> Cell | None:
        """id でセルを探す。"""
        return next((cell for cell in self.cells if cell.id == cell_id), None)

    def parameters(self) -> dict[str, Any]:
        """パラメータのセルに書かれた既定値。リテラルでないものは含めない。"""
        cell = self.cell("parameters")
        return {} if cell is None else literals(cell.tree)


def read(root: Path, path: PurePosixPath | str) -> NotebookFile:
    """root の下のノートブックを読む。"""
    text = (root / path).read_text(encoding="utf-8")
    return NotebookFile(PurePosixPath(path), json.loads(text), text)


def joined(source: str | list[str]) -> str:
    """nbformat の 2 通りの文字列の書き方を 1 つにする。"""
    return source if isinstance(source, str) else "".join(source)


def lines(text: str) -> list[str]:
    """Nbformat がファイルに書くときの、行の並びにする。"""
    return text.splitlines(keepends=True)


def literals(tree: ast.Module) -> dict[str, Any]:
    """「名前 = リテラル」の代入を集める。"""
    values: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target, value = node.target, node.value
        else:
            continue
        if isinstance(target, ast.Name):
            try:
                values[target.id] = ast.literal_eval(value)
            except ValueError:
                # 式による値は「リテラル」ではない。検査は別に行う。
                continue
    return values
