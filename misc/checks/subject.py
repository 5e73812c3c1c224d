"""調べる対象と、約束の登録。"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from misc.notebook_file import NotebookFile
from runner.curriculum import Notebook


@dataclass(frozen=True)
class Subject:
    """1 冊のノートブックと、その curriculum の項目。"""

    file: NotebookFile
    entry: Notebook
    files: dict[str, NotebookFile] = field(default_factory=dict)
    """すべてのノートブック (章の順)。2 冊を比べる約束が使う。"""


@dataclass(frozen=True)
class Violation:
    """約束に合わないところ。"""

    rule: str
    path: str
    message: str

    def __str__(self) -> str:
        """一覧に出す形。"""
        return f"{self.path}: {self.message} [{self.rule}]"


Rule = Callable[[Subject], Iterator[str]]
RULES: dict[str, Rule] = {}


def rule(function: Rule) -> Rule:
    """ノートブック 1 冊の約束として登録する。"""
    RULES[function.__name__] = function
    return function
