"""2 冊以上に出てくる関数: 出典の印があり、印の付いたものは元と同じである。"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from misc.checks.subject import Subject, rule
from misc.notebook_file import Cell, NotebookFile

MAX_LINES = 30
MIN_LINES = 4
_MARK = re.compile(r"出典: (?P<path>chapter\d\d/[\w./-]+?\.ipynb)")

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definitions(file: NotebookFile) -> Iterator[tuple[Cell, Definition]]:
    """最上位の関数とクラス。"""
    for cell in file.code_cells:
        for node in cell.tree.body:
            if isinstance(node, Definition):
                yield cell, node


def body(node: Definition) -> str:
    """docstring を除いた定義の形。出典の印は docstring にあってよい。"""
    copy = ast.parse(ast.unparse(node)).body[0]
    assert isinstance(copy, Definition)
    if ast.get_docstring(copy) is not None:
        copy.body = copy.body[1:] or [ast.Pass()]
    return ast.dump(copy)


def marked_source(cell: Cell, node: Definition) -> str | None:
    """定義の直前のコメントか、定義の中に書かれた出典。"""
    lines = cell.source.splitlines()
    first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
    start = first - 1
    while start > 0 and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    found = _MARK.search("\n".join(lines[start : node.end_lineno]))
    return found["path"] if found else None


@rule
def repeated_code_equals_its_source(subject: Subject) -> Iterator[str]:
    """出典の印の付いた定義は、元のノートブックの同じ名前の定義と等しい。"""
    marks = sum(len(_MARK.findall(cell.source)) for cell in subject.file.code_cells)
    used = 0
    for cell, node in definitions(subject.file):
        source = marked_source(cell, node)
        if source is None:
            continue
        used += 1
        if (node.end_lineno or 0) - node.lineno + 1 > MAX_LINES:
            yield f"セル {cell.id} の {node.name}: 繰り返すのは {MAX_LINES} 行までです"
        if source not in subject.files:
            yield f"セル {cell.id} の {node.name}: 出典 {source} がありません"
            continue
        originals = [
            body(other)
            for _, other in definitions(subject.files[source])
            if other.name == node.name
        ]
        if body(node) not in originals:
            yield (
                f"セル {cell.id} の {node.name} が出典 {source} と違います。"
                "どちらかに合わせるか、名前を変えて出典を外してください"
            )
    if used < marks:
        yield "出典の印は、関数かクラスの直前のコメントか docstring に書いてください"


@rule
def repeated_code_names_its_source(subject: Subject) -> Iterator[str]:
    """前のノートブックと同じ定義には、出典の印がある。"""
    earlier: dict[str, str] = {}
    for path, file in subject.files.items():
        if path == str(subject.file.path):
            break
        for _, node in definitions(file):
            earlier.setdefault(body(node), path)
    for cell, node in definitions(subject.file):
        if (node.end_lineno or 0) - node.lineno + 1 < MIN_LINES:
            continue
        if body(node) in earlier and marked_source(cell, node) is None:
            yield (
                f"セル {cell.id} の {node.name} は {earlier[body(node)]} と同じです。"
                f"直前に「# 出典: {earlier[body(node)]}」と書いてください"
            )
