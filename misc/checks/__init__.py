"""ノートブックとリポジトリの約束を、実行せずに調べる。

1 つの約束が 1 つの関数。違反は「何が・どこで・どう直すか」の日本語で返す。
"""

from __future__ import annotations

from pathlib import Path

from misc import notebook_file
from misc.checks import agreement, code, flow, outputs, prose, shared, structure
from misc.checks.subject import RULES, Subject, Violation
from runner import curriculum

__all__ = [
    "RULES",
    "Subject",
    "Violation",
    "agreement",
    "check",
    "code",
    "flow",
    "outputs",
    "prose",
    "shared",
    "structure",
    "subjects",
]


def check(subject: Subject) -> list[Violation]:
    """1 冊をすべての約束で調べる。"""
    try:
        for cell in subject.file.code_cells:
            _ = cell.tree
    except SyntaxError as error:
        message = f"セル {cell.id} が Python として読めません: {error}"
        return [Violation("syntax", str(subject.file.path), message)]
    return [
        Violation(name, str(subject.file.path), message)
        for name, rule in RULES.items()
        for message in rule(subject)
    ]


def subjects(root: Path) -> list[Subject]:
    """curriculum で ready の、実在するノートブックをすべて読む。"""
    entries = [
        entry
        for entry in curriculum.load(root / "curriculum")
        if entry.status == "ready" and (root / entry.path).is_file()
    ]
    files = {entry.path: notebook_file.read(root, entry.path) for entry in entries}
    return [Subject(files[entry.path], entry, files) for entry in entries]
