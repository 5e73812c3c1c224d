"""学習し直せるものの一覧。`make models` と、重みの鮮度のテストがここを見る。"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tinyhub.models import bert_ja, llm_ja, llm_ja_twins, tokenizers_multilingual

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


def _twin(recipe: llm_ja_twins.TwinRecipe, base: str, folder: str) -> Recipe:
    """base のフォルダの重みから作る調整済みモデル。"""
    output = MODELS_FOLDER / folder

    def named() -> llm_ja_twins.TwinRecipe:
        return replace(recipe, base_hash=llm_ja_twins.base_hash(MODELS_FOLDER / base))

    def build(work: Path) -> None:
        made = named()
        place = work / f"{folder}-{llm_ja_twins.recipe_hash(made)}"
        llm_ja_twins.train(made, MODELS_FOLDER / base, place, output)

    return Recipe(
        recipe.name(), lambda: llm_ja_twins.is_current(output, named()), build
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
    return (
        _tokenizers(),
        _bert_ja(),
        _llm_ja(),
        _twin(llm_ja_twins.InstructRecipe(), "llm-ja", "llm-ja-instruct"),
        _twin(llm_ja_twins.AlignedRecipe(), "llm-ja-instruct", "llm-ja-aligned"),
    )
