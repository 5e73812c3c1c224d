"""コード: パラメータ、関数、分岐、使ってはいけないもの、学習の設定。"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from misc.checks.subject import Subject, rule
from misc.notebook_file import Cell

_JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
_SNAKE_CASE = re.compile(r"[a-z][a-z0-9_]*")
_CONDITIONAL_CELLS = ("install", "drive", "push")

_FORBIDDEN_CALLS = {
    "input": "鍵は環境変数か Colab のシークレットから読んでください",
    "getpass": "鍵は環境変数か Colab のシークレットから読んでください",
    "login": "鍵は環境変数か Colab のシークレットから読んでください",
    "notebook_login": "鍵は環境変数か Colab のシークレットから読んでください",
    "interpreter_login": "鍵は環境変数か Colab のシークレットから読んでください",
    "is_bf16_supported": "T4 でも真になります。has_bf16 の書き方に合わせてください",
    "load_metric": "datasets から除かれました",
    "eval_js": "入力を求める画面は使いません",
}
_FORBIDDEN_MODULES = {
    "pickle": "pickle は使いません。safetensors か JSON にしてください",
    "cPickle": "pickle は使いません。safetensors か JSON にしてください",
    "dill": "pickle は使いません。safetensors か JSON にしてください",
    "cloudpickle": "pickle は使いません。safetensors か JSON にしてください",
    "joblib": "pickle は使いません。safetensors か JSON にしてください",
    "getpass": "鍵は環境変数か Colab のシークレットから読んでください",
    "langchain_community": "langchain-community は終了しました",
    "japanize_matplotlib": "matplotlib_fontja を使ってください",
    "tinyhub": "ノートブックは 1 冊で動きます。リポジトリの部品は使いません",
    "runner": "ノートブックは 1 冊で動きます。リポジトリの部品は使いません",
    "misc": "ノートブックは 1 冊で動きます。リポジトリの部品は使いません",
    "tests": "ノートブックは 1 冊で動きます。リポジトリの部品は使いません",
}
_FORBIDDEN_KEYWORDS = {
    "trust_remote_code": "よそのコードを実行しません",
    "allow_pickle": "pickle は使いません",
    "evaluation_strategy": "今の名前は eval_strategy です",
    "torch_dtype": "今の名前は dtype です",
    "use_auth_token": "今の名前は token です",
}
_ENVIRONMENT_PROBES = {
    "CI",
    "GITHUB_ACTIONS",
    "PYTEST_CURRENT_TEST",
    "HF_ENDPOINT",
    "PAPERMILL",
    "PAPERMILL_OUTPUT_PATH",
}
_TINY_WORDS = re.compile(r"tiny|papermill|127\.0\.0\.1|localhost|learner|\bci\b", re.I)

_FIXED_VOCABULARY = {
    "train_dataset": ("train_ds", "train_set", "training_dataset"),
    "valid_dataset": ("valid_ds", "val_ds", "val_dataset", "validation_dataset"),
    "test_dataset": ("test_ds", "test_set"),
    "num_train_epochs": ("num_epochs", "n_epochs", "epochs", "epoch_num"),
}


def call_name(node: ast.Call) -> str:
    """呼び出しの最後の名前。"""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _comments(source: str) -> dict[int, str]:
    """行番号 → その行のコメント。"""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


@rule
def parameters_are_commented_literals(subject: Subject) -> Iterator[str]:
    """パラメータのセルは、短いコメントの付いたリテラルの代入だけである。"""
    cell = subject.file.cell("parameters")
    if cell is None:
        return
    comments = _comments(cell.source)
    for node in cell.tree.body:
        if not isinstance(node, (ast.Assign, ast.AnnAssign)):
            yield f"parameters の {node.lineno} 行目は「名前 = リテラル」にしてください"
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        name = ast.unparse(targets[0])
        if len(targets) != 1 or not _SNAKE_CASE.fullmatch(name):
            yield f"parameters の {name} は、小文字の 1 つの名前にしてください"
        try:
            value = ast.literal_eval(node.value) if node.value else None
        except ValueError:
            yield f"parameters の {name} が式です。リテラルにしてください"
            continue
        if not (value is None or isinstance(value, (bool, int, float, str, list))):
            yield (
                f"parameters の {name} は、数・文字列・真偽・None・並びにしてください"
            )
        end = node.end_lineno or node.lineno
        if not any(comments.get(line) for line in range(node.lineno, end + 1)):
            yield f"parameters の {name} に、意味と単位の短いコメントを付けてください"


@rule
def required_parameters(subject: Subject) -> Iterator[str]:
    """どのノートブックにも seed が、学習にはさらに保存と再開の設定がある。"""
    cell = subject.file.cell("parameters")
    if cell is None:
        return
    values = subject.file.parameters()
    required = ["seed"]
    fixed: dict[str, object] = {}
    # 説明のために小さなモデルを一から学習するだけなら、保存するものはない。
    if subject.entry.trains and subject.entry.models:
        required += ["output_dir", "save_to_drive", "hub_user", "resume"]
        fixed = {"save_to_drive": False, "hub_user": None}
    for name in required:
        if name not in values:
            yield f"parameters に {name} がありません"
    for name, value in fixed.items():
        if name in values and values[name] is not value:
            yield f"parameters の {name} の既定値は {value} にしてください"


@rule
def functions_are_typed_and_described(subject: Subject) -> Iterator[str]:
    """関数には、すべての型と、日本語の短い docstring がある。"""
    for cell in subject.file.code_cells:
        for node in ast.walk(cell.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield from _function_problems(cell, node)


def _function_problems(
    cell: Cell, node: ast.FunctionDef | ast.AsyncFunctionDef
) -> Iterator[str]:
    """1 つの関数を調べる。"""
    arguments = node.args
    names = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    names += [item for item in (arguments.vararg, arguments.kwarg) if item]
    untyped = [
        item.arg
        for item in names
        if item.annotation is None and item.arg not in ("self", "cls")
    ]
    if untyped:
        yield f"セル {cell.id} の関数 {node.name} の引数 {untyped} に型がありません"
    if node.returns is None:
        yield f"セル {cell.id} の関数 {node.name} の戻り値に型がありません"
    described = ast.get_docstring(node)
    if not described or not _JAPANESE.search(described.splitlines()[0]):
        yield f"セル {cell.id} の関数 {node.name} に日本語の docstring がありません"


@rule
def no_cell_is_wholly_conditional(subject: Subject) -> Iterator[str]:
    """install・drive・push のほかに、まるごと if の中にあるセルがない。"""
    for cell in subject.file.code_cells:
        if cell.id.split("-")[0] in _CONDITIONAL_CELLS:
            continue
        body = [
            node
            for node in cell.tree.body
            if not isinstance(node, (ast.Import, ast.ImportFrom))
        ]
        if body and all(isinstance(node, ast.If) for node in body):
            yield (
                f"セル {cell.id} がまるごと if の中にあります。"
                "条件で値を選び、処理はいつも行ってください"
            )


@rule
def no_forbidden_code(subject: Subject) -> Iterator[str]:
    """使ってはいけない呼び出し・モジュール・引数・magic がない。"""
    for cell in subject.file.code_cells:
        yield from _magics(cell)
        for node in ast.walk(cell.tree):
            for message in _forbidden(node):
                yield f"セル {cell.id}: {message}"


def _magics(cell: Cell) -> Iterator[str]:
    """シェルの呼び出しと、install のほかの %pip。"""
    for line in cell.source.splitlines():
        stripped = line.strip()
        if stripped.startswith("!"):
            yield f"セル {cell.id}: シェルの呼び出し {stripped!r} は使いません"
        if stripped.startswith("%") and not (
            cell.id == "install" and stripped.startswith("%pip install -q ")
        ):
            yield f"セル {cell.id}: magic {stripped!r} は install のほかでは使いません"


def _forbidden(node: ast.AST) -> Iterator[str]:
    """構文木の 1 節を調べる。"""
    if isinstance(node, ast.Call):
        name = call_name(node)
        if name in _FORBIDDEN_CALLS:
            yield f"{name}() は使いません。{_FORBIDDEN_CALLS[name]}"
        if ast.unparse(node.func) == "torch.load":
            yield "torch.load() は使いません。safetensors にしてください"
        for keyword in node.keywords:
            if keyword.arg in _FORBIDDEN_KEYWORDS:
                reason = _FORBIDDEN_KEYWORDS[keyword.arg]
                yield f"引数 {keyword.arg} は使いません。{reason}"
    for module in _imported(node):
        top = module.split(".")[0]
        if top in _FORBIDDEN_MODULES:
            yield f"import {module} は使いません。{_FORBIDDEN_MODULES[top]}"
        if re.fullmatch(r"chapter(?!14)\d\d", top):
            yield f"import {module} は使いません。ノートブックは 1 冊で動きます"


def _imported(node: ast.AST) -> list[str]:
    """Import 文が読み込むモジュール。"""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []


@rule
def no_branch_on_where_it_runs(subject: Subject) -> Iterator[str]:
    """自動検査や小さな環境の中かどうかを、見分けていない。"""
    for cell in subject.file.code_cells:
        for node in ast.walk(cell.tree):
            if isinstance(node, ast.Constant) and node.value in _ENVIRONMENT_PROBES:
                yield (
                    f"セル {cell.id}: {node.value!r} を調べています。"
                    "実行する場所による違いは parameters だけで表してください"
                )
            if isinstance(node, (ast.If, ast.IfExp, ast.While)):
                condition = ast.unparse(node.test)
                if _TINY_WORDS.search(condition):
                    yield (
                        f"セル {cell.id}: 条件 {condition!r} は実行する場所で分かれて"
                        "います。parameters の値で表してください"
                    )


@rule
def explicit_training_arguments(subject: Subject) -> Iterator[str]:
    """学習の設定に、精度・記録先・残す数が明示されている。"""
    for cell in subject.file.code_cells:
        for node in ast.walk(cell.tree):
            if not isinstance(node, ast.Call):
                continue
            name = call_name(node)
            if not re.fullmatch(r"\w*TrainingArguments|(SFT|DPO|ORPO|KTO)Config", name):
                continue
            given = {
                keyword.arg: keyword.value for keyword in node.keywords if keyword.arg
            }
            missing = sorted(
                {"bf16", "fp16", "report_to", "save_total_limit", "seed"} - set(given)
            )
            if missing:
                yield f"セル {cell.id}: {name} に {missing} を明示してください"
            report = given.get("report_to")
            if report is not None and ast.unparse(report) != "'none'":
                yield f'セル {cell.id}: {name} は report_to="none" にしてください'


@rule
def explicit_dtype(subject: Subject) -> Iterator[str]:
    """モデルの読み込みに dtype= が明示されている。"""
    for cell in subject.file.code_cells:
        for node in ast.walk(cell.tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "from_pretrained"
                and re.search(r"Model(For\w+)?$", ast.unparse(node.func.value))
                and "dtype" not in {keyword.arg for keyword in node.keywords}
                and not any(keyword.arg is None for keyword in node.keywords)
            ):
                yield f"セル {cell.id}: {ast.unparse(node.func)} に dtype= が要ります"


@rule
def figures_have_a_japanese_font(subject: Subject) -> Iterator[str]:
    """図を描くノートブックは、日本語のフォントを読み込む。"""
    imported = {
        name.split(".")[0]
        for cell in subject.file.code_cells
        for node in ast.walk(cell.tree)
        for name in _imported(node)
    }
    if "matplotlib" in imported and "matplotlib_fontja" not in imported:
        yield "図の日本語のために import matplotlib_fontja を加えてください"


@rule
def fixed_vocabulary(subject: Subject) -> Iterator[str]:
    """同じものは、どのノートブックでも同じ名前で呼ぶ。"""
    renamed = {
        variant: word
        for word, variants in _FIXED_VOCABULARY.items()
        for variant in variants
    }
    for cell in subject.file.code_cells:
        for node in ast.walk(cell.tree):
            if (
                isinstance(node, ast.Name)
                and isinstance(node.ctx, ast.Store)
                and node.id in renamed
            ):
                yield f"セル {cell.id}: {node.id} は {renamed[node.id]} と書きます"
