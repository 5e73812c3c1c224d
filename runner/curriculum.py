"""curriculum/NN.yml の形と、その読み込み。

表・バッジ・ノートブック冒頭の枠・papermill に渡す値・検査の基準は、すべてここで読む
項目から作る。書き間違いは読み込みの時点で、ファイル名と id と項目名を付けて知らせる。
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

REPOSITORY = "ghmagazine/llm-book"
"""Colab のバッジが指す owner/repo。変えるのはここだけでよい。"""

ParameterValue = bool | int | float | str | list[Any] | None

_BOUND = re.compile(r"(>=|<=|==|>|<) -?\d+(\.\d+)?(e-?\d+)?")
_FUNCTIONS = {"abs", "min", "max"}
_ALLOWED_NODES = (
    ast.Expression,
    ast.BinOp,
    ast.UnaryOp,
    ast.Call,
    ast.Name,
    ast.Load,
    ast.Constant,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.Div,
    ast.USub,
)


class CurriculumError(ValueError):
    """curriculum/ の中身が約束に合わない。"""


def metric_names(expression: str) -> set[str]:
    """expect の式に現れる指標の名前を返す。使えない書き方なら ValueError。"""
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError as error:
        raise ValueError(f"式として読めません: {expression!r}") from error
    called = {
        id(node.func): node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED_NODES):
            raise ValueError(
                f"{expression!r}: 使えるのは指標名・数・四則・abs・min・max です"
            )
        if isinstance(node, ast.Call) and called.get(id(node.func)) not in _FUNCTIONS:
            raise ValueError(f"{expression!r}: 使える関数は abs・min・max だけです")
        if isinstance(node, ast.Name) and id(node) not in called:
            names.add(node.id)
    if not names:
        raise ValueError(f"{expression!r} に指標の名前がありません")
    return names


def _check_bound(bound: str) -> str:
    """`>= 0.88` のような下限・上限の書き方だけを通す。"""
    if not _BOUND.fullmatch(bound):
        raise ValueError(
            f"{bound!r} は「>= 0.88」のように、比較・空白・数の順で書きます"
        )
    return bound


def _check_expression(expression: str) -> str:
    """expect のキーを検査する。"""
    metric_names(expression)
    return expression


Bound = Annotated[str, AfterValidator(_check_bound)]
Expression = Annotated[str, AfterValidator(_check_expression)]


class _Strict(BaseModel):
    """知らない項目を受け付けない、変更できないモデル。"""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DatasetUse(_Strict):
    """ノートブックが読むデータ。"""

    id: str
    rows: str
    """既定値で読む件数 (表示用)。"""
    name: str | None = None
    """id と違う呼び名で表に出すときの名前。"""
    tiny: str | None = None
    """ミニ環境での件数。None なら tinyhub.catalog.describe(id) から取る。"""


class ModelUse(_Strict):
    """ノートブックが読むモデル。"""

    id: str
    params: str
    """既定値で読む実モデルのパラメータ数 (表示用)。"""
    tiny: str | None = None
    """ミニ環境での大きさ。None なら tinyhub.catalog.describe(id) から取る。"""


class Control(_Strict):
    """学習してはいけない対照実行。must_fail のどれかが破れることを確かめる。"""

    parameters: dict[str, ParameterValue] = Field(min_length=1)
    must_fail: list[Expression] = Field(min_length=1)


class Reference(_Strict):
    """実モデルの参考値と出典。"""

    value: float | int | str
    source: str

    @property
    def text(self) -> str:
        """まとめの表に書く形。"""
        return f"{self.value}({self.source})"


_READY_FIELDS = (
    "minutes_t4",
    "gpu_gb",
    "disk_gb",
    "download_gb",
    "estimate_basis",
    "trains",
)


class Notebook(_Strict):
    """1 冊のノートブック。status が planned なら最初の 5 項目だけを書く。"""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    path: str = Field(pattern=r"^chapter\d{2}/[A-Za-z0-9_-]+\.ipynb$")
    title: str = Field(min_length=1)
    section: str = Field(pattern=r"^\d+(\.\d+)*(-\d+(\.\d+)*)?$")
    status: Literal["ready", "planned"]

    colab_gpu: str | None = None
    minutes_t4: float | int | None = None
    gpu_gb: float | int | None = None
    disk_gb: float | int | None = None
    download_gb: float | int | None = None
    estimate_basis: str | None = None
    """見積もりの根拠。実測なら「実測: 」で始める。"""
    cpu_seconds_tiny: float | int | None = None
    """ミニ環境での CPU 秒。make outputs が書き換える。"""
    needs_key: list[str] = []
    datasets: list[DatasetUse] = []
    models: list[ModelUse] = []
    depends_on: list[str] = []
    colab_packages: list[str] = []
    trains: bool | None = None
    tiny: dict[str, ParameterValue] = {}
    control: Control | None = None
    expect: dict[Expression, list[Bound]] = {}
    reference: dict[str, Reference] = {}

    @model_validator(mode="after")
    def _fields_follow_status(self) -> Notebook:
        """planned には見積もりを書かせず、ready には書き落としを許さない。"""
        if self.status == "planned":
            extra = self.model_fields_set - {"id", "path", "title", "section", "status"}
            if extra:
                raise ValueError(
                    "status が planned の間は書けない項目です: "
                    + ", ".join(sorted(extra))
                )
            return self
        missing = [name for name in _READY_FIELDS if getattr(self, name) is None]
        if missing:
            raise ValueError(
                "status が ready なら必要な項目です: " + ", ".join(missing)
            )
        if self.control is not None:
            unknown = set(self.control.must_fail) - set(self.expect)
            if unknown and self.expect:
                raise ValueError(
                    "control.must_fail が expect にない式を指しています: "
                    + ", ".join(sorted(unknown))
                )
        return self

    @property
    def chapter(self) -> int:
        """章番号。"""
        return int(self.path[len("chapter") : len("chapter") + 2])

    @property
    def badge_url(self) -> str:
        """Colab で開くための URL。"""
        return (
            f"https://colab.research.google.com/github/{REPOSITORY}"
            f"/blob/main/{self.path}"
        )

    @property
    def is_estimate(self) -> bool:
        """時間や容量が実測でなく見積もりかどうか。"""
        return not (self.estimate_basis or "").startswith("実測")

    @property
    def expected_texts(self) -> dict[str, str]:
        """まとめの表に書く「ミニ環境の基準」。"""
        return {name: " かつ ".join(bounds) for name, bounds in self.expect.items()}

    @property
    def reference_texts(self) -> dict[str, str]:
        """まとめの表に書く「実モデルの参考値」。"""
        return {name: reference.text for name, reference in self.reference.items()}


def load(folder: Path) -> list[Notebook]:
    """folder/NN.yml をすべて読み、章と記載の順に返す。誤りはまとめて知らせる。"""
    files = sorted(folder.glob("[0-9][0-9].yml"))
    if not files:
        raise CurriculumError(f"{folder} に NN.yml がありません")
    notebooks: list[Notebook] = []
    problems: list[str] = []
    for file in files:
        found, wrong = _load_file(file)
        notebooks += found
        problems += wrong
    problems += _relations(notebooks) if not problems else []
    if problems:
        raise CurriculumError(
            "curriculum/ に直すところがあります:\n- " + "\n- ".join(problems)
        )
    return notebooks


def _load_file(file: Path) -> tuple[list[Notebook], list[str]]:
    """1 章分を読み、(ノートブック, 誤り) を返す。"""
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        return [], [f"{file.name}: YAML として読めません: {error}"]
    if not isinstance(entries, list):
        return [], [f"{file.name}: 最上位は「- id: …」の並びにします"]
    notebooks: list[Notebook] = []
    problems: list[str] = []
    for number, entry in enumerate(entries, start=1):
        label = f"{file.name}: {_entry_name(entry, number)}"
        try:
            notebook = Notebook.model_validate(entry)
        except ValidationError as error:
            problems += [f"{label}: {_japanese(item)}" for item in error.errors()]
            continue
        if notebook.chapter != int(file.stem):
            problems.append(
                f"{label}: path: {notebook.path} は {file.name} の章ではありません"
            )
        notebooks.append(notebook)
    return notebooks, problems


def _entry_name(entry: object, number: int) -> str:
    """誤りの知らせに使う項目の呼び名。"""
    if isinstance(entry, dict) and "id" in entry:
        return f"id {entry['id']}"
    return f"{number} 番目の項目"


_MESSAGES = {
    "missing": "必要な項目がありません",
    "extra_forbidden": "知らない項目です(書き間違いではありませんか)",
    "literal_error": "書ける値は {expected} です",
    "string_type": "文字列で書きます(数に見える値は引用符で囲みます)",
    "string_pattern_mismatch": "形が合いません: {pattern}",
    "bool_type": "true か false で書きます",
    "float_type": "数で書きます",
    "int_type": "整数で書きます",
    "list_type": "並びで書きます",
    "dict_type": "「名前: 値」の組で書きます",
    "model_type": "「名前: 値」の組で書きます",
    "too_short": "少なくとも {min_length} つ必要です",
    "string_too_short": "空にはできません",
}


def _japanese(item: Any) -> str:
    """pydantic の誤り 1 件を「項目: 説明」にする。"""
    place = ".".join(
        str(part) for part in item["loc"] if part not in ("[key]", "float", "int")
    )
    if item["type"] == "value_error":
        message = str(item["ctx"]["error"])
    else:
        template = _MESSAGES.get(item["type"], item["msg"])
        message = template.format(**item.get("ctx", {}))
        if item["type"] not in ("missing",):
            message += f"(今の値: {item['input']!r})"
    return f"{place}: {message}" if place else message


def _relations(notebooks: list[Notebook]) -> list[str]:
    """項目どうしの関係 (重複、知らない依存、依存の輪) を調べる。"""
    problems: list[str] = []
    seen_ids: set[str] = set()
    seen_paths: set[str] = set()
    for notebook in notebooks:
        if notebook.id in seen_ids:
            problems.append(f"id {notebook.id}: id が重なっています")
        if notebook.path in seen_paths:
            problems.append(f"id {notebook.id}: path: {notebook.path} が重なっています")
        seen_ids.add(notebook.id)
        seen_paths.add(notebook.path)
    by_id = {notebook.id: notebook for notebook in notebooks}
    for notebook in notebooks:
        for name in notebook.depends_on:
            if name not in by_id:
                problems.append(
                    f"id {notebook.id}: depends_on: {name} という id はありません"
                )
            elif by_id[name].status == "planned" and notebook.status == "ready":
                problems.append(
                    f"id {notebook.id}: depends_on: {name} はまだ planned です"
                )
    if not problems:
        problems += _cycles(by_id)
    return problems


def _cycles(by_id: dict[str, Notebook]) -> list[str]:
    """depends_on が輪になっていれば、その 1 つを知らせる。"""
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> list[str]:
        """name から依存をたどる。"""
        if name in trail:
            loop = " → ".join([*trail[trail.index(name) :], name])
            return [f"depends_on が輪になっています: {loop}"]
        if name in done:
            return []
        for dependency in by_id[name].depends_on:
            found = visit(dependency, [*trail, name])
            if found:
                return found
        done.add(name)
        return []

    for name in by_id:
        found = visit(name, [])
        if found:
            return found
    return []
