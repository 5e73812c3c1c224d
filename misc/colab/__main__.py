"""`python -m misc.colab [check]` と `python -m misc.colab constraints`"""

from __future__ import annotations

import datetime
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from misc import checks
from misc.checks.subject import Subject
from misc.colab import calls, packages, signatures
from misc.colab.packages import ColabError, Resolution
from misc.colab.signatures import DISTRIBUTIONS, Recorded

ROOT = Path(__file__).resolve().parents[2]
app = typer.Typer(invoke_without_command=True, add_completion=False)
console = Console(soft_wrap=True, markup=False, highlight=False)


def _today() -> str:
    """記録に書く日付。"""
    return datetime.datetime.now(tz=datetime.UTC).date().isoformat()


@app.callback()
def default(context: typer.Context) -> None:
    """Colab との突き合わせを調べ直す。何も指定しなければ check。"""
    if context.invoked_subcommand is None:
        check()


@app.command()
def check() -> None:
    """インストールの行を Colab の版の上で解決し直し、引数の記録を取り直す。"""
    subjects = checks.subjects(ROOT)
    try:
        problems = _resolve(subjects) + _record(subjects)
    except ColabError as error:
        console.print(str(error))
        raise typer.Exit(1) from error
    for problem in problems:
        console.print(problem)
    if problems:
        raise typer.Exit(1)


def _resolve(subjects: list[Subject]) -> list[str]:
    """resolution.json を書き、問題を返す。"""
    lines = packages.install_lines(subjects)
    pins, allowed = packages.constraints(), packages.allowances()
    known = _known_additions()
    resolved = []
    for line, notebooks in sorted(lines.items()):
        item = packages.resolve(line, notebooks, pins, allowed)
        resolved.append(item)
        console.print(
            f"{line}: 新しく入る {len(item.added)}、変わる {len(item.changed)}"
        )
        unsure = sorted(set(item.added) - known)
        if unsure:
            console.print(
                f"  初めて入るものです: {', '.join(unsure)}\n"
                "  Colab に入っていないかを、新しい一覧で "
                "`python -m misc.colab constraints --freeze …` を実行して"
                "確かめてください。"
            )
    resolution = Resolution(
        date=_today(), inputs_sha256=packages.inputs_hash(lines), lines=resolved
    )
    packages.write_resolution(resolution)
    return packages.problems(lines, resolution, pins, allowed)


def _known_additions() -> set[str]:
    """前に調べたときに、Colab にないと分かったもの。"""
    if not packages.RESOLUTION.is_file():
        return set()
    return {name for item in packages.read_resolution().lines for name in item.added}


def _record(subjects: list[Subject]) -> list[str]:
    """signatures.json を書き、問題を返す。"""
    pins = packages.constraints()
    found = {
        str(subject.file.path): signatures.checked(calls.library_calls(subject.file))
        for subject in subjects
    }
    names = {call.name for items in found.values() for call in items}
    used = {name.split(".")[0] for name in names}
    versions = {
        DISTRIBUTIONS[package]: pins[DISTRIBUTIONS[package]]
        for package in sorted(used)
        if DISTRIBUTIONS[package] in pins
    }
    missing = sorted(p for p in used if DISTRIBUTIONS[p] not in versions)
    if missing:
        raise ColabError(f"Colab の版が constraints.txt にありません: {missing}")
    with tempfile.TemporaryDirectory() as folder:
        _unpack(versions, Path(folder))
        recorded = signatures.lookup(names, Path(folder))
    data = Recorded(date=_today(), versions=versions, signatures=recorded).model_dump(
        mode="json"
    )
    signatures.SIGNATURES.write_text(
        json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n",
        encoding="utf-8",
    )
    unread = sorted(name for name, item in recorded.items() if item is None)
    console.print(
        f"引数を記録しました: {len(recorded)} 個 (読めなかったもの {len(unread)} 個)"
    )
    for name in unread:
        console.print(f"  読めません: {name}")
    return [
        problem
        for path, items in found.items()
        for problem in signatures.problems(path, items, recorded, "Colab の版")
    ]


def _unpack(versions: dict[str, str], folder: Path) -> None:
    """Colab の版の配布物を、依存なしで展開する。import はしない。"""
    if not versions:
        return
    command = ["uv", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    command += ["--python-version", packages.PYTHON_VERSION]
    command += ["--python-platform", packages.PLATFORM]
    wanted = [f"{name}=={version}" for name, version in versions.items()]
    found = subprocess.run(
        [*command, *wanted], capture_output=True, text=True, check=False
    )
    if found.returncode != 0:
        raise ColabError(f"配布物を取れませんでした\n{found.stderr}")


@app.command()
def constraints(
    freeze: Annotated[Path, typer.Option(help="Colab の pip freeze の一覧")],
    date: Annotated[str, typer.Option(help="一覧の日付 (YYYY-MM-DD)")],
    source: Annotated[str, typer.Option(help="一覧の出典 (リポジトリとコミット)")],
) -> None:
    """Colab の一覧から、関係するものだけを constraints.txt に書き直す。"""
    try:
        count = packages.write_constraints(
            freeze.read_text(encoding="utf-8"), date, source, checks.subjects(ROOT)
        )
    except ColabError as error:
        console.print(str(error))
        raise typer.Exit(1) from error
    console.print(f"{packages.CONSTRAINTS.name} に {count} 個を書きました")


if __name__ == "__main__":
    app()
