"""`python -m misc.generate [--check]`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from misc import generate
from misc.generate.tables import MarkerError
from runner.curriculum import CurriculumError

ROOT = Path(__file__).resolve().parents[2]
app = typer.Typer(add_completion=False)


@app.command()
def main(
    check: Annotated[
        bool, typer.Option("--check", help="書き直さず、古いファイルがあれば失敗する")
    ] = False,
    root: Annotated[Path, typer.Option(help="リポジトリの場所")] = ROOT,
) -> None:
    """README の表と、ノートブックの枠・バッジを curriculum/ から作り直す。"""
    console = Console(soft_wrap=True, markup=False, highlight=False)
    try:
        if not check:
            for path in generate.write(root):
                console.print(f"書き直しました: {path.relative_to(root)}")
            return
        differences = generate.stale(root)
    except (CurriculumError, MarkerError, generate.GenerateError) as error:
        console.print(str(error))
        raise typer.Exit(2) from error
    for path, difference in differences.items():
        console.print(f"古くなっています: {path.relative_to(root)}\n{difference}\n")
    if differences:
        console.print("`python -m misc.generate` で作り直してください。")
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
