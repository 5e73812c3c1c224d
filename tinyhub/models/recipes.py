"""学習し直せるものの一覧。`make models` と、重みの鮮度のテストがここを見る。"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from tinyhub.models import (
    bert_ja,
    e5_small,
    gpt2_ja,
    llm_ja,
    llm_ja_twins,
    t5_ja,
    tokenizers_multilingual,
    xlm_roberta,
)

MODELS_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Recipe:
    """作り方一つ。build は途中の記録を置くフォルダを受け取る。"""

    name: str
    is_current: Callable[[], bool]
    build: Callable[[Path], None]


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


def _weights(module: ModuleType, recipe: Any, folder: str) -> Recipe:
    """recipe_hash・is_current・train をもつモジュールのレシピ。"""
    output = MODELS_FOLDER / folder
    return Recipe(
        recipe.name(),
        lambda: module.is_current(output, recipe),
        lambda work: module.train(
            recipe, work / f"{folder}-{module.recipe_hash(recipe)}", output
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
    return (
        _tokenizers(),
        _weights(bert_ja, bert_ja.BertJaRecipe(), "bert-ja"),
        _weights(llm_ja, llm_ja.LlmJaRecipe(), "llm-ja"),
        _twin(llm_ja_twins.InstructRecipe(), "llm-ja", "llm-ja-instruct"),
        _twin(llm_ja_twins.AlignedRecipe(), "llm-ja-instruct", "llm-ja-aligned"),
        _weights(gpt2_ja, gpt2_ja.Gpt2JaRecipe(), "gpt2-ja"),
        _weights(xlm_roberta, xlm_roberta.XlmRobertaRecipe(), "xlm-roberta"),
        _weights(e5_small, e5_small.E5SmallRecipe(), "e5-small"),
        _weights(t5_ja, t5_ja.T5JaRecipe(), "t5-ja"),
    )
