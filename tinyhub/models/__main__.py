"""`make models`: レシピが変わった重みだけを学習し直す。途中で止めても続きから。"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from tinyhub.models import bert_ja

MODELS_FOLDER = Path(__file__).parent
WORK_FOLDER = Path("build/models")

app = typer.Typer(add_completion=False, help="練習用モデルの重みを学習する。")
console = Console()


@app.command()
def train(
    threads: Annotated[int, typer.Option(help="torch のスレッド数")] = (
        os.cpu_count() or 1
    ),
    force: Annotated[bool, typer.Option(help="最新でも学習し直す")] = False,
) -> None:
    """古くなった重みを学習する。"""
    torch.set_num_threads(threads)
    recipe, output = bert_ja.BertJaRecipe(), MODELS_FOLDER / "bert-ja"
    if not force and bert_ja.is_current(output, recipe):
        console.print(f"{recipe.name()}: 最新です")
        return
    console.print(f"{recipe.name()}: 学習します ({recipe.steps} ステップ)")
    work = WORK_FOLDER / f"bert-ja-{bert_ja.recipe_hash(recipe)}"
    bert_ja.train(recipe, work, output)


if __name__ == "__main__":
    app()
