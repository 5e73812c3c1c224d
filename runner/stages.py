"""make test の段を順に動かし、最初に失敗した段で止める。"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from runner.project import ROOT


@dataclass(frozen=True)
class Stage:
    """1 つの段。commands を順に動かす。"""

    name: str
    title: str
    commands: Sequence[Sequence[str]]


@dataclass(frozen=True)
class StageResult:
    """段の結果。passed が None なら動かしていない。"""

    stage: Stage
    passed: bool | None
    seconds: float


def _pytest(folder: str, *options: str) -> list[str]:
    """tests/ の 1 フォルダを検査する。"""
    return [sys.executable, "-m", "pytest", "-q", f"tests/{folder}", *options]


def _guarded(command: Sequence[str]) -> list[str]:
    """外部接続を断った中で command を動かす。"""
    return [sys.executable, "-m", "runner.guard", "--", *command]


def _runner(*arguments: str) -> list[str]:
    """このパッケージの命令。"""
    return [sys.executable, "-m", "runner", *arguments]


def stages(jobs: int, everything: bool) -> list[Stage]:
    """make test (everything なら make test-all) の段。"""
    parallel = ["-n", str(jobs), "--dist", "loadfile"] if jobs > 1 else []
    # 1 件ずつノートブックを動かす検査は、ファイルの中でも分けて並べる。
    spread = ["-n", str(jobs), "--dist", "load"] if jobs > 1 else []
    quick = [] if everything else ["-m", "not slow"]
    number = str(jobs)
    ruff = [sys.executable, "-m", "ruff"]
    found = [
        Stage(
            "static",
            "静的な検査",
            [
                [*ruff, "check", "-q", "."],
                [*ruff, "format", "--check", "-q", "."],
                _pytest("static", *quick),
            ],
        ),
        Stage("unit", "単体の検査", [_pytest("unit", *parallel, *quick)]),
        Stage("colab", "Colab の版との照合", [_pytest("colab", *quick)]),
        Stage(
            "runner", "ミニ環境での実行", [_runner("run", "--fresh", "--jobs", number)]
        ),
        Stage(
            "notebooks",
            "実行結果と、誤った入力の検査",
            [_guarded(_pytest("notebooks", *spread, *quick))],
        ),
        Stage(
            "nbval",
            "保存された出力の検査 (nbval)",
            [_runner("nbval", "--jobs", number, *(["--all"] if everything else []))],
        ),
    ]
    if everything:
        found += [
            Stage("controls", "対照実行", [_runner("controls", "--jobs", number)]),
            Stage("determinism", "再現性", [_runner("determinism", "--jobs", number)]),
        ]
    return found


def run_stages(selected: Sequence[Stage], console: Console) -> list[StageResult]:
    """順に動かす。失敗したら、残りの段は動かさない。"""
    results: list[StageResult] = []
    failed = False
    for stage in selected:
        if failed:
            results.append(StageResult(stage, None, 0.0))
            continue
        console.rule(f"{stage.name}: {stage.title}")
        start = time.monotonic()
        for command in stage.commands:
            code = subprocess.run(command, cwd=ROOT, check=False).returncode
            if code != 0:
                failed = True
                console.print(
                    f"[bold red]失敗した段: {stage.name}[/] ({stage.title}、"
                    f"終了コード {code})"
                )
                break
        results.append(StageResult(stage, not failed, time.monotonic() - start))
    return results


def print_summary(results: Sequence[StageResult], console: Console) -> None:
    """段ごとの結果と、合計を出す。"""
    table = Table()
    for name in ("段", "内容", "結果", "秒"):
        table.add_column(name, justify="right" if name == "秒" else "left")
    marks = {True: "[green]成功[/]", False: "[red]失敗[/]", None: "動かしていない"}
    for result in results:
        table.add_row(
            result.stage.name,
            result.stage.title,
            marks[result.passed],
            f"{result.seconds:.0f}" if result.passed is not None else "",
        )
    console.print(table)
    passed = sum(result.passed is True for result in results)
    failed = sum(result.passed is False for result in results)
    skipped = len(results) - passed - failed
    console.print(f"stages: {passed} passed, {failed} failed, {skipped} skipped")
