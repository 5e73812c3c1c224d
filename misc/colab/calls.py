"""ノートブックがライブラリに渡している引数の名前を集める。

import と代入をたどり、`Trainer(…)` や `trainer.train(…)` が指す完全な名前を求める。型が
分からない呼び出しは数えない。
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from misc.notebook_file import NotebookFile

_AUTO_CLASSES = {
    "transformers.AutoTokenizer": "transformers.PreTrainedTokenizerBase",
    "transformers.AutoConfig": "transformers.PretrainedConfig",
}
_RETURNS = {
    "datasets.Dataset": {
        "from_dict",
        "from_list",
        "from_pandas",
        "map",
        "filter",
        "select",
        "select_columns",
        "remove_columns",
        "rename_column",
        "shuffle",
        "sort",
        "cast",
        "cast_column",
        "with_format",
        "add_column",
    },
    "datasets.DatasetDict": {
        "map",
        "filter",
        "select_columns",
        "remove_columns",
        "rename_column",
        "shuffle",
        "cast_column",
        "with_format",
    },
    "pandas.DataFrame": {
        "from_dict",
        "reset_index",
        "set_index",
        "sort_values",
        "round",
        "rename",
        "assign",
        "head",
        "tail",
        "drop",
        "fillna",
        "join",
        "merge",
        "map",
    },
}
_ELEMENT = {"datasets.DatasetDict": "datasets.Dataset"}


@dataclass(frozen=True)
class LibraryCall:
    """ライブラリの 1 回の呼び出し。"""

    cell: str
    name: str
    """`transformers.Trainer.train` のような完全な名前。"""
    keywords: tuple[str, ...]


class _Collector(ast.NodeVisitor):
    """上から順に読み、名前の指すものを覚えながら呼び出しを集める。"""

    def __init__(self) -> None:
        self.imported: dict[str, str] = {}
        self.types: dict[str, str | None] = {}
        self.calls: list[LibraryCall] = []
        self.cell = ""

    def visit_Import(self, node: ast.Import) -> None:
        """`import pandas as pd` を覚える。"""
        for alias in node.names:
            name = alias.asname or alias.name.split(".")[0]
            self.imported[name] = alias.name if alias.asname else name

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """`from transformers import Trainer` を覚える。"""
        for alias in node.names:
            self.imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """引数の型の注釈を使い、関数の外の名前は変えない。"""
        outer = dict(self.types)
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        for argument in arguments:
            self.types[argument.arg] = self.annotated(argument.annotation)
        self.generic_visit(node)
        self.types = outer

    def visit_Assign(self, node: ast.Assign) -> None:
        """代入された名前の型を覚える。"""
        self.visit(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.types[target.id] = self.type_of(node.value)
                self.imported.pop(target.id, None)
            else:
                for part in ast.walk(target):
                    if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                        self.types[part.id] = None

    def visit_Call(self, node: ast.Call) -> None:
        """引数の名前を集める。"""
        self.generic_visit(node)
        name = self.resolve(node.func)
        keywords = tuple(item.arg for item in node.keywords if item.arg)
        if name and keywords:
            self.calls.append(LibraryCall(self.cell, name, keywords))

    def annotated(self, annotation: ast.expr | None) -> str | None:
        """注釈の指すクラス。"""
        if isinstance(annotation, (ast.Name, ast.Attribute)):
            return self.resolve(annotation)
        return None

    def resolve(self, node: ast.expr) -> str | None:
        """式の指す、完全な名前。"""
        if isinstance(node, ast.Name):
            return None if node.id in self.types else self.imported.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self.type_of(node.value) or self.resolve(node.value)
            return f"{owner}.{node.attr}" if owner else None
        return None

    def type_of(self, node: ast.expr) -> str | None:
        """値の型。分からなければ None。"""
        if isinstance(node, ast.Name):
            return self.types.get(node.id)
        if isinstance(node, ast.Subscript):
            return _ELEMENT.get(self.type_of(node.value) or "")
        if not isinstance(node, ast.Call):
            return None
        name = self.resolve(node.func)
        if name is None:
            return None
        if name == "datasets.load_dataset":
            split = any(item.arg == "split" for item in node.keywords)
            return "datasets.Dataset" if split else "datasets.DatasetDict"
        owner, _, last = name.rpartition(".")
        if last == "from_pretrained":
            if owner.startswith("transformers.AutoModel"):
                return "transformers.PreTrainedModel"
            return _AUTO_CLASSES.get(owner, owner)
        if last[:1].isupper():
            return name
        return owner if last in _RETURNS.get(owner, ()) else None


def library_calls(file: NotebookFile) -> list[LibraryCall]:
    """1 冊の、ライブラリの呼び出し。"""
    collector = _Collector()
    for cell in file.code_cells:
        collector.cell = cell.id
        collector.visit(cell.tree)
    return collector.calls
