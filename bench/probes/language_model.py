"""練習用の言語モデルの余地 (設計 8 節): 読み取り・5 択・指示・選好。

    .venv/bin/python -m bench.probes.language_model --only reading

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
from tinyhub.world.rag import reader
from tinyhub.world.safety import checks as safety_checks

MODELS = Path(__file__).resolve().parents[2] / "tinyhub/models"


def load(folder: Path) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """モデルと、チャットテンプレートを持つトークナイザ。"""
    model = LlamaForCausalLM.from_pretrained(folder).eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    tokenizer.chat_template = CHAT_TEMPLATE
    return model, tokenizer


# --- 読み取り -----------------------------------------------------------------


def reading_prompt(row: reader.ReaderRow, told: bool = True) -> str:
    """パッセージと質問。told が偽なら質問だけ (クローズドブック)。"""
    passages = "\n".join(passage.text for passage in row.passages)
    return f"<s>{passages if told else ''}\n質問：{row.question}\n答え："


def reading(folder: Path, seed: int, scale: float) -> Figures:
    """パッセージから答えを写す。値がなければ「わかりません」。"""
    model, tokenizer = load(folder)
    train = [
        Example(reading_prompt(row), reader.target(row))
        for row in reader.generate("train")
    ]
    tuning = Tuning(steps=500, learning_rate=1e-3 * scale, seed=seed)
    started = time.process_time()
    losses = fine_tune(model, tokenizer, train, tuning)
    seconds = time.process_time() - started
    rows = reader.generate("test")
    answerable = [row for row in rows if row.positive_passage_indices]
    absent = [row for row in rows if not row.positive_passage_indices]

    def read(asked: list[reader.ReaderRow], told: bool = True) -> list[str]:
        prompts = [reading_prompt(row, told) for row in asked]
        return answer(model, tokenizer, prompts, max_new_tokens=12)

    given = list(zip(read(answerable), answerable, strict=True))
    closed = zip(read(answerable, told=False), answerable, strict=True)
    return {
        "answer_accuracy": _mean(text == row.answers[0] for text, row in given),
        "abstention_rate": _mean(text == reader.ABSTENTION for text in read(absent)),
        "answers_taken_from_a_passage": _mean(
            text != "" and any(text in passage.text for passage in row.passages)
            for text, row in given
        ),
        "closed_book_accuracy": _mean(text == row.answers[0] for text, row in closed),
        "last_loss": statistics.mean(losses[-50:]),
        "cpu_seconds": seconds,
    }


# --- 5 択 ----------------------------------------------------------------------


def choice(folder: Path, seed: int, scale: float) -> Figures:
    """対数尤度が最大の選択肢を選ぶ。微調整はしない。"""
    del seed, scale
    model, tokenizer = load(folder)
    rows = commonsense.generate("valid", commonsense.ROWS["valid"])
    choices = [
        [row.choice0, row.choice1, row.choice2, row.choice3, row.choice4]
        for row in rows
    ]
    asked, blind = [], []
    for row, words in zip(rows, choices, strict=True):
        for word in words:
            asked.append(Example(f"<s>{row.question}", word))
            blind.append(Example("<s>", word))
    told = log_likelihoods(model, tokenizer, asked)
    base = log_likelihoods(model, tokenizer, blind)
    labels = [row.label for row in rows]
    gain = [t - b for t, b in zip(told, base, strict=True)]
    return {
        "accuracy": _five(told, labels),
        "accuracy_of_the_gain": _five(gain, labels),
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
    "reading": reading,
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
