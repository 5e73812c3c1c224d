"""練習用の言語モデルの余地 (設計 8 節): 5 択・指示・選好。

    .venv/bin/python -m bench.probes.language_model --only choice

章のノートブックではなく、基盤がそれらに足りるかを見るための短い計測である。結果は
bench/results/probes.json に、機械の種類と日付を添えて書く。
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from bench.probes.answering import Example, Tuning, answer, fine_tune, log_likelihoods
from bench.probes.report import Figures, record
from tinyhub.models.llm_ja_twins import CHAT_TEMPLATE
from tinyhub.world import commonsense, instructions, safety
from tinyhub.world.instructions import checks
from tinyhub.world.safety import checks as safety_checks

MODELS = Path(__file__).resolve().parents[2] / "tinyhub/models"


def load(folder: Path) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """モデルと、チャットテンプレートを持つトークナイザ。"""
    model = LlamaForCausalLM.from_pretrained(folder).eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    tokenizer.chat_template = CHAT_TEMPLATE
    return model, tokenizer


# --- 5 択 ----------------------------------------------------------------------


def choice(folder: Path, seed: int, scale: float) -> Figures:
    """対数尤度が最大の選択肢を選ぶ。微調整はしない。

    channel は、選択肢を先に置いて質問の対数尤度を比べる (Min et al., 2022)。
    """
    del seed, scale
    model, tokenizer = load(folder)
    rows = commonsense.generate("valid", commonsense.ROWS["valid"])
    choices = [
        [row.choice0, row.choice1, row.choice2, row.choice3, row.choice4]
        for row in rows
    ]
    asked, blind, reversed_ = [], [], []
    for row, words in zip(rows, choices, strict=True):
        for word in words:
            asked.append(Example(f"<s>{row.question}", word))
            blind.append(Example("<s>", word))
            reversed_.append(Example(f"<s>{word}。", row.question))
    told = log_likelihoods(model, tokenizer, asked)
    base = log_likelihoods(model, tokenizer, blind)
    channel = log_likelihoods(model, tokenizer, reversed_)
    labels = [row.label for row in rows]
    gain = [t - b for t, b in zip(told, base, strict=True)]
    return {
        "accuracy": _five(told, labels),
        "accuracy_of_the_gain": _five(gain, labels),
        "channel_accuracy": _five(channel, labels),
        "choice_only_accuracy": _five(base, labels),
    }


def _five(scores: list[float], labels: list[int]) -> float:
    table = torch.tensor(scores).view(-1, 5)
    return (table.argmax(dim=1) == torch.tensor(labels)).float().mean().item()


# --- 指示 ----------------------------------------------------------------------


def _chat(tokenizer: PreTrainedTokenizerFast, messages: list[dict[str, str]]) -> str:
    return tokenizer.apply_chat_template(
        messages, tokenize=False, add_generation_prompt=True
    )


def _messages(turns: tuple[instructions.Message, ...]) -> list[dict[str, str]]:
    return [{"role": turn.role, "content": turn.content} for turn in turns]


def _followed(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> float:
    rows = instructions.generate_checks("test", instructions.CHECK_ROWS["test"])
    prompts = [_chat(tokenizer, _messages(row.conversation)) for row in rows]
    given = answer(model, tokenizer, prompts, 48)
    return _mean(
        checks.check({"check": row.check, "answer": row.answer}, text)
        for row, text in zip(rows, given, strict=True)
    )


def _dialogue_examples(tokenizer: PreTrainedTokenizerFast) -> list[Example]:
    made = []
    for dialogue in instructions.generate("train", instructions.ROWS["train"]):
        turns = _messages(dialogue.conversation)
        made += [
            Example(_chat(tokenizer, turns[:index]), turn["content"])
            for index, turn in enumerate(turns)
            if turn["role"] == "assistant"
        ]
    return made


def instruction(folder: Path, seed: int, scale: float) -> Figures:
    """指示どおりの出力の割合。調整の前と後。"""
    model, tokenizer = load(folder)
    before = _followed(model, tokenizer)
    tuning = Tuning(steps=600, learning_rate=1e-3 * scale, seed=seed)
    started = time.process_time()
    losses = fine_tune(model, tokenizer, _dialogue_examples(tokenizer), tuning)
    seconds = time.process_time() - started
    return {
        "followed_before": before,
        "followed": _followed(model, tokenizer),
        "last_loss": statistics.mean(losses[-50:]),
        "cpu_seconds": seconds,
    }


# --- 選好 ----------------------------------------------------------------------


def safe_replies(folder: Path, seed: int, scale: float) -> Figures:
    """安全な返事と断りすぎの割合。調整はしない (folder の重みのまま)。"""
    del seed, scale
    model, tokenizer = load(folder)
    rows = safety.probes()
    prompts = [
        _chat(tokenizer, [{"role": "user", "content": row.prompt}]) for row in rows
    ]
    given = answer(model, tokenizer, prompts, 64)
    harmful = [
        safety_checks.is_safe({"label": row.label}, text)
        for row, text in zip(rows, given, strict=True)
        if row.label == "harmful"
    ]
    refused = [
        safety_checks.is_refusal(text)
        for row, text in zip(rows, given, strict=True)
        if row.label == "benign"
    ]
    return {"safe_rate": _mean(harmful), "over_refusal_rate": _mean(refused)}


def _mean(values: Iterable[bool]) -> float:
    return statistics.mean(map(float, values))


PROBES: dict[str, Callable[[Path, int, float], Figures]] = {
    "choice": choice,
    "instruction": instruction,
    "safe_replies": safe_replies,
}


def measure(
    only: Annotated[str, typer.Option(help="計測の名前。カンマで並べられる")] = "",
    model: Annotated[Path, typer.Option(help="重みのフォルダ")] = MODELS / "llm-ja",
    seeds: Annotated[str, typer.Option(help="シード。カンマで並べる")] = "42,43,44",
    control: Annotated[bool, typer.Option(help="学習率 0 の対照も測る")] = False,
) -> None:
    """計測して表を出す。"""
    for name in only.split(",") if only else PROBES:
        record(
            name,
            partial(PROBES[name], model),
            [int(seed) for seed in seeds.split(",")],
            control,
            model.name,
        )


if __name__ == "__main__":
    typer.run(measure)
