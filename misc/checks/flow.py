"""データの流れ: nbval-check-output を付けてよいセルかどうか。

学習・時刻・計算機に左右される値を源とし、代入をたどって広がる先を求める。構文だけを見る
近似なので、疑わしいものは「左右される」とみなす。
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from misc.checks.code import call_name
from misc.checks.subject import Subject, rule

CHECK_TAG = "nbval-check-output"

_TRAINING_CALLS = {"train", "backward", "step"}
_VALUE_CALLS = {
    "perf_counter": "時刻",
    "process_time": "時刻",
    "time": "時刻",
    "now": "時刻",
    "today": "時刻",
    "disk_usage": "計算機",
    "mem_get_info": "計算機",
    "virtual_memory": "計算機",
    "get_device_name": "計算機",
    "python_version": "計算機",
    "version": "計算機",
    "uuid4": "乱数",
    "urandom": "乱数",
}
_VALUE_ATTRIBUTES = {"__version__": "計算機"}
_TRAINED_NAMES = ("model", "encoder", "classifier", "network")


@dataclass
class _State:
    """そこまでに分かったこと。"""

    tainted: dict[str, str] = field(default_factory=dict)
    """左右される名前と、その理由。"""
    trainers: set[str] = field(default_factory=set)
    """呼ぶと学習する関数の名前。"""
    inputs: dict[str, set[str]] = field(default_factory=dict)
    """名前と、それを作るときに読んだ名前。"""

    def reason(self, names: set[str]) -> str | None:
        """左右される名前が含まれていれば、その理由。"""
        found = sorted(names & set(self.tainted))
        return self.tainted[found[0]] if found else None


@rule
def checked_outputs_do_not_depend_on_training(subject: Subject) -> Iterator[str]:
    """nbval-check-output のセルに、学習・時刻・計算機から来る値が流れ込まない。"""
    state = _State()
    addresses = {
        name
        for name, value in subject.entry.tiny.items()
        if isinstance(value, str) and value.startswith("{")
    }
    for cell in subject.file.code_cells:
        reason = _walk(cell.tree, state)
        if CHECK_TAG not in cell.tags:
            continue
        if reason:
            yield (
                f"セル {cell.id} の出力は{reason}に左右されます。"
                f"タグ {CHECK_TAG} を外してください"
            )
        if addresses and (
            cell.id == "parameter-table" or _shown_names(cell.tree) & addresses
        ):
            yield (
                f"セル {cell.id} の出力には接続先のアドレスが入ります。"
                f"タグ {CHECK_TAG} を外してください"
            )


def _walk(tree: ast.Module, state: _State) -> str | None:
    """1 つのセルをたどり、左右されるものがあれば、その理由を返す。"""
    found: str | None = None
    for statement in tree.body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            continue
        loads, stores = _names(statement)
        trains = _trains(statement) or bool(loads & state.trainers)
        reason = "学習" if trains else _value_source(statement) or state.reason(loads)
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            # 定義しただけでは実行されない。呼んだところで広がる。
            if trains:
                state.trainers.add(statement.name)
            elif reason:
                state.tainted[statement.name] = reason
            continue
        for name in stores:
            state.inputs[name] = set(loads)
            if reason:
                state.tainted[name] = reason
            else:
                state.tainted.pop(name, None)
        if trains:
            # 学習は、渡されたものの中身も変える。
            for name in _trained(loads, state.inputs):
                state.tainted[name] = "学習"
        found = found or reason
    return found


def _names(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """文が読む名前と、代入する名前。"""
    loads: set[str] = set()
    stores: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            (loads if isinstance(node.ctx, ast.Load) else stores).add(node.id)
        elif (
            isinstance(node, (ast.Subscript, ast.Attribute))
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
        ):
            stores.add(node.value.id)
    return loads, stores


def _trains(node: ast.AST) -> bool:
    """その中で学習が起こるか。model.train() は状態の切り替えなので数えない。"""
    for part in ast.walk(node):
        if not isinstance(part, ast.Call) or call_name(part) not in _TRAINING_CALLS:
            continue
        if not isinstance(part.func, ast.Attribute):
            return True
        if call_name(part) == "train" and ast.unparse(part.func.value).endswith(
            _TRAINED_NAMES
        ):
            continue
        return True
    return False


def _value_source(node: ast.AST) -> str | None:
    """その中に、時刻や計算機を読むところがあれば、その名前。"""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and call_name(part) in _VALUE_CALLS:
            return _VALUE_CALLS[call_name(part)]
        if isinstance(part, ast.Attribute) and part.attr in _VALUE_ATTRIBUTES:
            return _VALUE_ATTRIBUTES[part.attr]
    return None


def _trained(loads: set[str], inputs: dict[str, set[str]]) -> set[str]:
    """学習で中身が変わる名前。trainer に渡したモデルまでさかのぼる。"""
    trained = {
        name
        for name in loads
        if name.endswith((*_TRAINED_NAMES, "trainer", "optimizer"))
    }
    frontier = set(loads)
    while frontier:
        frontier = {
            name
            for item in frontier
            for name in inputs.get(item, set())
            if name.endswith(_TRAINED_NAMES) and name not in trained
        }
        trained |= frontier
    return trained


def _shown_names(tree: ast.Module) -> set[str]:
    """そのまま表示される名前 (print の引数、f 文字列の中、末尾の式)。"""
    shown: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Name):
            shown.add(node.value.id)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Name):
            shown.add(node.value.id)
        elif isinstance(node, ast.Call) and call_name(node) in ("print", "display"):
            shown |= {item.id for item in node.args if isinstance(item, ast.Name)}
    return shown
