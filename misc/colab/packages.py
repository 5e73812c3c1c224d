"""インストールの行と、Colab のパッケージ一覧の上での解決。"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from misc.checks.subject import Subject
from misc.notebook_file import NotebookFile
from runner.curriculum import REPOSITORY

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
CONSTRAINTS = FOLDER / "constraints.txt"
ALLOWED = FOLDER / "allowed.yml"
RESOLUTION = FOLDER / "resolution.json"

PYTHON_VERSION = "3.13"
PLATFORM = "x86_64-manylinux_2_35"

NAMED = (
    "accelerate",
    "datasets",
    "huggingface-hub",
    "langchain",
    "langchain-core",
    "matplotlib",
    "numpy",
    "openai",
    "pandas",
    "peft",
    "pyarrow",
    "requests",
    "scikit-learn",
    "sentence-transformers",
    "torch",
    "tqdm",
    "transformers",
)
"""ノートブックが、インストールせずに使うもの。"""

BUILT_INTO_COLAB = {"google", "IPython"}
"""Colab のカーネルそのものの部品。"""

_LINE = re.compile(r"%pip install -q (?P<packages>[^\n]+)")
_OWN = re.compile(
    rf"git\+https://github\.com/{re.escape(REPOSITORY)}#subdirectory=([\w/-]+)"
)
_PIN = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[\w.!]+)(?:\+[\w.]+)?")
_UNUSABLE = re.compile(r"(?:nvidia|cuda)|triton$")


class ColabError(RuntimeError):
    """Colab の上で解決できない、または記録が足りない。"""


class Allowance(BaseModel):
    """入っている版を変えてよい、理由のある例外。"""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: str
    """このパッケージをインストールの行が名指ししたときだけ。"""
    packages: list[str]
    """版が変わってよいもの。"""
    reason: str


class Resolved(BaseModel):
    """1 通りのインストールの行を解決した結果。"""

    model_config = ConfigDict(extra="forbid", frozen=True)

    line: str
    notebooks: list[str]
    added: dict[str, str]
    """Colab になく、新しく入るもの。"""
    changed: dict[str, tuple[str, str]]
    """Colab の版から変わるもの (元の版、変わった版)。"""


class Resolution(BaseModel):
    """resolution.json の形。"""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: str
    inputs_sha256: str
    lines: list[Resolved]


def normal(name: str) -> str:
    """パッケージ名の、比べるための形。"""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement_name(requirement: str) -> str:
    """`trl>=1` から trl を取り出す。"""
    return normal(re.split(r"[\s<>=!~\[;@]", requirement.strip("'\""), maxsplit=1)[0])


def own_package(requirement: str) -> dict | None:
    """このリポジトリのパッケージを入れる行なら、手元の pyproject.toml の project。"""
    found = _OWN.fullmatch(requirement.strip("'\""))
    if found is None:
        return None
    text = (ROOT / found[1] / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["project"]


def requirements(line: str, pins: Mapping[str, str]) -> list[str]:
    """調べるべき行。自分のパッケージは、Colab に入っていない依存に置き換える。"""
    wanted: list[str] = []
    for item in line.split():
        own = own_package(item)
        needed = [item] if own is None else own["dependencies"]
        wanted += [name for name in needed if own is None or normal(name) not in pins]
    return wanted


def install_lines(subjects: Iterable[Subject]) -> dict[str, list[str]]:
    """インストールの行 → それを使うノートブックの id。"""
    lines: dict[str, list[str]] = {}
    for subject in subjects:
        cell = subject.file.cell("install")
        found = _LINE.search(cell.source) if cell else None
        if found:
            line = " ".join(sorted(found["packages"].split()))
            lines.setdefault(line, []).append(subject.entry.id)
    return lines


def imported_modules(file: NotebookFile) -> set[str]:
    """ノートブックが import する、最上位のモジュール。"""
    found: set[str] = set()
    for cell in file.code_cells:
        for node in ast.walk(cell.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - BUILT_INTO_COLAB


def distribution(module: str) -> str:
    """モジュールを持つパッケージ。手元に入っていなければ、同じ名前とみなす。"""
    names = _distributions().get(module, [module])
    return normal(names[0])


@cache
def _distributions() -> Mapping[str, list[str]]:
    """手元の環境の、モジュール → パッケージ。"""
    return importlib.metadata.packages_distributions()


def missing_imports(
    subject: Subject, resolution: Resolution, pins: Mapping[str, str]
) -> list[str]:
    """Colab にも、インストールの行にもないものを import していないか。"""
    available = set(pins)
    mine = install_lines([subject])
    for item in resolution.lines:
        if item.line in mine:
            available |= set(item.added)
    return [
        f"{subject.file.path}: import {module} のパッケージ {distribution(module)} が、"
        "Colab の一覧にもインストールの行にもありません。colab_packages に加えるか、"
        "Colab に入っているなら python -m misc.colab constraints を実行してください"
        for module in sorted(imported_modules(subject.file))
        if distribution(module) not in available
    ]


def read_pins(text: str) -> dict[str, str]:
    """「名前==版」の行を読む。CUDA 用と URL の行は、解決に使えないので除く。"""
    pins: dict[str, str] = {}
    for line in text.splitlines():
        found = _PIN.fullmatch(line.split("#")[0].strip())
        if found and not _UNUSABLE.match(normal(found["name"])):
            pins[normal(found["name"])] = found["version"]
    return pins


def constraints() -> dict[str, str]:
    """コミットしてある、Colab の版。"""
    return read_pins(CONSTRAINTS.read_text(encoding="utf-8"))


def allowances() -> list[Allowance]:
    """版を変えてよい例外。"""
    loaded = yaml.safe_load(ALLOWED.read_text(encoding="utf-8"))
    return [Allowance.model_validate(item) for item in loaded or []]


def allowed_changes(line: str, allowed: Iterable[Allowance]) -> set[str]:
    """その行で、版が変わってよいもの。"""
    named = {requirement_name(item) for item in line.split()}
    return {
        normal(package)
        for allowance in allowed
        if normal(allowance.when) in named
        for package in allowance.packages
    }


def inputs_hash(lines: Iterable[str]) -> str:
    """解決の結果を左右するもの (行、Colab の版、例外) の SHA-256。"""
    parts = [
        *sorted(lines),
        CONSTRAINTS.read_text(encoding="utf-8"),
        ALLOWED.read_text(encoding="utf-8"),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def compile_line(line: str, pins: Mapping[str, str]) -> dict[str, str]:
    """行に書かれたものと、その依存の版を決める。できなければ ColabError。"""
    with tempfile.TemporaryDirectory() as folder:
        wanted, fixed = Path(folder, "in.txt"), Path(folder, "constraints.txt")
        wanted.write_text("\n".join(requirements(line, pins)) + "\n", encoding="utf-8")
        fixed.write_text(
            "".join(f"{name}=={version}\n" for name, version in pins.items()),
            encoding="utf-8",
        )
        command = ["uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
        command += ["--python-version", PYTHON_VERSION, "--python-platform", PLATFORM]
        try:
            found = subprocess.run(
                [*command, "--constraint", str(fixed), str(wanted)],
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError as error:
            raise ColabError(
                "uv が必要です。`pip install uv` で入れてください"
            ) from error
    if found.returncode != 0:
        raise ColabError(
            f"Colab の版のままでは {line} を入れられません\n{found.stderr}"
        )
    return read_pins(found.stdout)


def resolve(
    line: str,
    notebooks: list[str],
    pins: Mapping[str, str],
    allowed: Iterable[Allowance],
) -> Resolved:
    """1 通りの行を、Colab の版の上で解決する。"""
    free = allowed_changes(line, allowed)
    kept = {name: version for name, version in pins.items() if name not in free}
    result = compile_line(line, kept)
    own = filter(None, (own_package(item) for item in line.split()))
    result |= {normal(item["name"]): item["version"] for item in own}
    return Resolved(
        line=line,
        notebooks=notebooks,
        added={n: v for n, v in sorted(result.items()) if n not in pins},
        changed={
            n: (pins[n], v)
            for n, v in sorted(result.items())
            if n in pins and pins[n] != v
        },
    )


def problems(
    lines: Mapping[str, list[str]],
    resolution: Resolution,
    pins: Mapping[str, str],
    allowed: Iterable[Allowance],
) -> list[str]:
    """記録が今のノートブックと合い、許されない変更がないかを調べる。"""
    allowed = list(allowed)
    found: list[str] = []
    if resolution.inputs_sha256 != inputs_hash(lines):
        found.append(
            "インストールの行 (または Colab の版・例外) が、前に調べたときから"
            "変わりました。make colab-check を実行してください"
        )
    recorded = {item.line: item for item in resolution.lines}
    for line in sorted(set(lines) - set(recorded)):
        found.append(
            f"まだ調べていないインストールの行です: {line}"
            f" ({', '.join(lines[line])})。make colab-check を実行してください"
        )
    for item in resolution.lines:
        free = allowed_changes(item.line, allowed)
        for name, (old, new) in item.changed.items():
            if name not in free:
                found.append(
                    f"{item.line}: Colab の {name} {old} が {new} に変わります。"
                    "ほかのパッケージにするか、misc/colab/allowed.yml に理由を"
                    "書いてください"
                )
        for requirement in item.line.split():
            name = requirement_name(requirement)
            if name in pins and name not in free:
                found.append(
                    f"{item.line}: {name} は Colab に入っています。"
                    "インストールの行から除いてください"
                )
    return found


def read_resolution() -> Resolution:
    """前に調べた結果。"""
    return Resolution.model_validate_json(RESOLUTION.read_text(encoding="utf-8"))


def write_resolution(resolution: Resolution) -> None:
    """調べた結果を書く。"""
    data = resolution.model_dump(mode="json")
    RESOLUTION.write_text(
        json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def write_constraints(
    freeze: str, date: str, source: str, subjects: Iterable[Subject]
) -> int:
    """Colab の一覧から、関係する行だけを抜き出して書く。書いた数を返す。"""
    everything = read_pins(freeze)
    allowed = allowances()
    touched = set(NAMED)
    subjects = list(subjects)
    for subject in subjects:
        touched |= {distribution(m) for m in imported_modules(subject.file)}
    for line in install_lines(subjects):
        free = allowed_changes(line, allowed)
        kept = {n: v for n, v in everything.items() if n not in free}
        touched |= set(compile_line(line, kept)) | free
    chosen = {n: v for n, v in sorted(everything.items()) if n in touched}
    header = (
        "# Google Colab に入っている版のうち、ノートブックと追加の行が関わるもの。\n"
        f"# 調べた日: {date}\n"
        f"# 出典: {source}\n"
        f"# Python {PYTHON_VERSION}。python -m misc.colab constraints が書く。\n"
    )
    CONSTRAINTS.write_text(
        header + "".join(f"{n}=={v}\n" for n, v in chosen.items()), encoding="utf-8"
    )
    return len(chosen)
