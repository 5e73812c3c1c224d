"""学習し直せるものの一覧。`make models` と、重みの鮮度のテストがここを見る。"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tinyhub.models import bert_ja, llm_ja, tokenizers_multilingual

MODELS_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Recipe:
    """作り方一つ。build は途中の記録を置くフォルダを受け取る。"""

    name: str
    is_current: Callable[[], bool]
    build: Callable[[Path], None]


def _bert_ja() -> Recipe:
    recipe, output = bert_ja.BertJaRecipe(), MODELS_FOLDER / "bert-ja"
    return Recipe(
        recipe.name(),
        lambda: bert_ja.is_current(output, recipe),
        lambda work: bert_ja.train(
            recipe, work / f"bert-ja-{bert_ja.recipe_hash(recipe)}", output
        ),
    )


def _llm_ja() -> Recipe:
    recipe, output = llm_ja.LlmJaRecipe(), MODELS_FOLDER / "llm-ja"
    return Recipe(
        recipe.name(),
        lambda: llm_ja.is_current(output, recipe),
        lambda work: llm_ja.train(
            recipe, work / f"llm-ja-{llm_ja.recipe_hash(recipe)}", output
        ),
    )


def _tokenizers() -> Recipe:
    recipe = tokenizers_multilingual.TokenizerRecipe()

    def is_current() -> bool:
        return all(
            tokenizers_multilingual.is_current(repo_id, recipe)
            for repo_id in tokenizers_multilingual.BUILDERS
        )

    def build(work: Path) -> None:
        del work  # 数秒で終わるので、途中の記録は要らない
        for repo_id in tokenizers_multilingual.build(recipe):
            print(repo_id)

    return Recipe(f"tokenizers v{recipe.version}", is_current, build)


def all_recipes() -> tuple[Recipe, ...]:
    """作る順に並べる。"""
    return (_tokenizers(), _bert_ja(), _llm_ja())
