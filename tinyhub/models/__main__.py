"""`make models`: レシピが変わったものだけを作り直す。途中で止めても続きから。"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from tinyhub.models.recipes import all_recipes

WORK_FOLDER = Path("build/models")

app = typer.Typer(add_completion=False, help="練習用モデルの重みを学習する。")
console = Console()


@app.command()
def train(
    only: Annotated[str, typer.Option(help="名前がこの文字列で始まるものだけ")] = "",
    threads: Annotated[int, typer.Option(help="torch のスレッド数")] = (
        os.cpu_count() or 1
    ),
    force: Annotated[bool, typer.Option(help="最新でも学習し直す")] = False,
) -> None:
    """古くなったものを作り直す。"""
    torch.set_num_threads(threads)
    recipes = all_recipes()
    chosen = [recipe for recipe in recipes if recipe.name.startswith(only)]
    if not chosen:
        known = "、".join(recipe.name for recipe in recipes)
        raise typer.BadParameter(f"{only} で始まるものがありません。あるもの: {known}")
    for recipe in chosen:
        if not force and recipe.is_current():
            console.print(f"{recipe.name}: 最新です")
            continue
        console.print(f"{recipe.name}: 作り直します")
        recipe.build(WORK_FOLDER)


if __name__ == "__main__":
    app()
