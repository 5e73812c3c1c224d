"""`python -m runner …` の入り口。"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from runner import guard
from runner.curriculum import CurriculumError
from runner.errors import RunnerError
from runner.project import ROOT, Project
from tinyhub.up import HubStartError

app = typer.Typer(
    help="ノートブックを実行し、結果を調べる。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(highlight=False, soft_wrap=True)

Only = Annotated[
    str | None,
    typer.Option(help="id かパスの先頭 (例: 5-2、chapter05)。カンマで並べられる"),
]
Root = Annotated[Path, typer.Option(hidden=True, help="リポジトリの根 (テスト用)")]
Tree = Annotated[Path | None, typer.Option(hidden=True, help="Hub が配る木 (テスト用)")]
Build = Annotated[Path | None, typer.Option(help="生成物の置き場所 (既定は build/)")]
Timeout = Annotated[float, typer.Option(min=1, help="1 冊の制限時間 (秒)")]
Jobs = Annotated[int, typer.Option(min=1, help="並べて実行する冊数")]


def _project(root: Path, build: Path | None) -> Project:
    """引数から根を作る。"""
    return Project(root.resolve(), build.resolve() if build else None)


def enter_guard() -> None:
    """まだなら、このプロセスを守りの中で起動し直す。"""
    if guard.current_level() == "none":
        guard.run_guarded([sys.executable, "-m", "runner", *sys.argv[1:]])


@app.callback()
def _options() -> None:
    """ノートブックを実行し、結果を調べる。"""


@app.command()
def run(
    only: Only = None,
    profile: Annotated[
        str, typer.Option(help="tiny (ミニ環境) か full (実際の Hub と既定値)")
    ] = "tiny",
    overlay: Annotated[
        Path | None, typer.Option(help="ミニ環境に重ねる木 (実データなど)")
    ] = None,
    jobs: Jobs = 2,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="前回の結果を使わず、すべて実行する")
    ] = False,
    keep_output: Annotated[
        Path | None,
        typer.Option(help="作業フォルダをここに残し、次の実行に引き継ぐ"),
    ] = None,
    timeout: Timeout = 15 * 60,
    root: Root = ROOT,
    build: Build = None,
    tree: Tree = None,
) -> None:
    """カリキュラムを実行し、指標を基準と比べ、build/report.html を書く。"""
    if profile not in ("tiny", "full"):
        raise typer.BadParameter(f"profile は tiny か full です: {profile}")
    if profile == "tiny":
        enter_guard()
    from runner.progress import print_summary
    from runner.report import write_report
    from runner.run import Options, run_curriculum

    project = _project(root, build)
    options = Options(
        only=only,
        profile="full" if profile == "full" else "tiny",
        overlay=overlay,
        tree=tree,
        jobs=jobs,
        fresh=fresh,
        keep_output=keep_output,
        timeout_seconds=timeout,
    )
    results = run_curriculum(project, options, console)
    results.save(project.results)
    report = write_report(project, results)
    print_summary(console, results)
    console.print(f"報告: {report}")
    if not results.passed:
        raise typer.Exit(1)


@app.command()
def outputs(
    only: Only = None,
    jobs: Jobs = 2,
    timeout: Timeout = 15 * 60,
    root: Root = ROOT,
    build: Build = None,
    tree: Tree = None,
) -> None:
    """ミニ環境で実行し、出力をコミットするノートブックに書き入れる。"""
    enter_guard()
    from runner.outputs import write_outputs
    from runner.progress import print_summary
    from runner.run import Options, run_curriculum

    project = _project(root, build)
    options = Options(only=only, tree=tree, jobs=jobs, timeout_seconds=timeout)
    results = run_curriculum(project, options, console)
    print_summary(console, results)
    write_outputs(project, results, only, console)


@app.command()
def controls(
    only: Only = None,
    jobs: Jobs = 2,
    root: Root = ROOT,
    build: Build = None,
    tree: Tree = None,
) -> None:
    """学習してはいけない対照実行で、基準が破れることを確かめる。"""
    enter_guard()
    from runner.controls import run_controls

    results = run_controls(_project(root, build), only, tree, jobs, console)
    failed = [item.run.id for item in results if item.problems]
    if not results:
        console.print("対照実行 (control) の書かれたノートブックがありません")
        raise typer.Exit(1)
    console.print(f"対照実行 {len(results)} 件、問題のあるもの {len(failed)} 件")
    if failed:
        raise typer.Exit(1)


@app.command()
def determinism(
    only: Only = None,
    jobs: Jobs = 2,
    root: Root = ROOT,
    build: Build = None,
    tree: Tree = None,
) -> None:
    """まっさらな状態で 2 回実行し、結果が同じことを確かめる。"""
    enter_guard()
    from runner.determinism import check_determinism

    found = check_determinism(_project(root, build), only, tree, jobs, console)
    for text in found:
        console.print(text, markup=False)
    if found:
        raise typer.Exit(1)
    console.print("2 回の実行で、指標は最後の桁まで、検査する出力も同じでした")


@app.command()
def nbval(
    only: Only = None,
    everything: Annotated[
        bool, typer.Option("--all", help="訓練のあるノートブックにもかける")
    ] = False,
    jobs: Jobs = 2,
    root: Root = ROOT,
    build: Build = None,
    tree: Tree = None,
) -> None:
    """パラメータを差し込んだ写しに nbval をかける。"""
    enter_guard()
    from runner.nbval import run_nbval

    project = _project(root, build)
    if not run_nbval(project, only, everything, tree, jobs, console):
        raise typer.Exit(1)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def lab(
    context: typer.Context, root: Root = ROOT, build: Build = None, tree: Tree = None
) -> None:
    """ミニ環境の中で JupyterLab を開く (残りの引数は JupyterLab に渡す)。"""
    from runner.lab import open_lab

    raise typer.Exit(open_lab(_project(root, build), tree, context.args, console))


@app.command()
def test(
    everything: Annotated[
        bool, typer.Option("--all", help="対照実行や時間のかかる検査も行う")
    ] = False,
    jobs: Jobs = 2,
) -> None:
    """すべての検査を順に行い、最初に失敗した段で止まる。"""
    from runner import stages

    results = stages.run_stages(stages.stages(jobs, everything), console)
    stages.print_summary(results, console)
    if any(result.passed is not True for result in results):
        raise typer.Exit(1)


def main() -> None:
    """誤りは 1 つの文で知らせ、0 以外で終わる。"""
    # SIGTERM でも、動いているノートブックと作業フォルダを片付けてから終わる。
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except (CurriculumError, RunnerError, HubStartError) as error:
        console.print(f"[bold red]エラー:[/] {escape(str(error))}")
        sys.exit(2)


if __name__ == "__main__":
    main()
