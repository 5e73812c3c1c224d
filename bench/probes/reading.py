"""練習用の言語モデルの余地 (設計 8 節): パッセージを読んで答え、なければ断る。

    .venv/bin/python -m bench.probes.reading

訓練分割の行で短く微調整し、題材も文の組み立ても別のテスト分割で測る。同じ種類の値が
どのパッセージにもあるので、値の種類だけからは答えを選べない。
"""

from __future__ import annotations

import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from bench.probes.answering import Example, Tuning, answer, fine_tune
from bench.probes.report import Figures, record
from tinyhub.models.mixed_precision import FP32_ATTENTION
from tinyhub.world.rag.reader import (
    ABSTENTION,
    READER_ROWS,
    ReaderDraft,
    ReaderRow,
    compose,
    target,
)

MODEL = Path(__file__).resolve().parents[2] / "tinyhub/models/llm-ja"
STEPS, BATCH_SIZE, LEARNING_RATE = 1_000, 16, 1e-3
LONGEST_ANSWER = 14


def prompt(row: ReaderRow, told: bool = True) -> str:
    """パッセージと質問。told が偽なら質問だけ (クローズドブック)。"""
    passages = "\n".join(passage.text for passage in row.passages)
    return f"<s>{passages if told else ''}\n質問：{row.question}\n答え："


def tuned(
    folder: Path, tuning: Tuning
) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast, list[float]]:
    """訓練分割で微調整したモデルと、各ステップの損失。"""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    model = LlamaForCausalLM.from_pretrained(folder, attn_implementation=FP32_ATTENTION)
    drafts = compose("train", READER_ROWS["train"])
    examples = [Example(prompt(draft.row), target(draft.row)) for draft in drafts]
    losses = fine_tune(model, tokenizer, examples, tuning)
    model.set_attn_implementation("sdpa")
    return model, tokenizer, losses


def any_value_accuracy(drafts: Sequence[ReaderDraft]) -> float:
    """パッセージにある同じ種類の値から、でたらめに選ぶときの正解率の期待値。"""
    return statistics.mean(
        draft.candidates.count(draft.row.answers[0]) / len(draft.candidates)
        for draft in drafts
    )


def usual_value_accuracy(
    train: Sequence[ReaderDraft], drafts: Sequence[ReaderDraft]
) -> float:
    """パッセージを読まず、訓練分割でその属性にいちばん多い値を答えるときの正解率。"""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for draft in train:
        seen[draft.attribute][draft.row.answers[0]] += 1
    usual = {name: values.most_common(1)[0][0] for name, values in seen.items()}
    return _mean(usual.get(draft.attribute) == draft.row.answers[0] for draft in drafts)


def reading(folder: Path, steps: int, seed: int, scale: float) -> Figures:
    """テスト分割の、答えのある行の完全一致と、答えのない行で断る割合。"""
    started = time.process_time()
    tuning = Tuning(
        steps=steps,
        batch_size=BATCH_SIZE,
        learning_rate=LEARNING_RATE * scale,
        seed=seed,
    )
    model, tokenizer, losses = tuned(folder, tuning)
    seconds = time.process_time() - started
    drafts = compose("test", READER_ROWS["test"])
    answerable = [draft for draft in drafts if draft.row.positive_passage_indices]
    absent = [draft for draft in drafts if not draft.row.positive_passage_indices]

    def read(asked: Sequence[ReaderDraft], told: bool = True) -> list[str]:
        prompts = [prompt(draft.row, told) for draft in asked]
        return answer(model, tokenizer, prompts, LONGEST_ANSWER)

    given = list(zip(read(answerable), answerable, strict=True))
    closed = zip(read(answerable, told=False), answerable, strict=True)
    return {
        "answer_accuracy": _mean(text == d.row.answers[0] for text, d in given),
        "abstention_rate": _mean(text == ABSTENTION for text in read(absent)),
        "needless_abstention_rate": _mean(text == ABSTENTION for text, _ in given),
        "candidate_rate": _mean(text in d.candidates for text, d in given),
        "any_value_accuracy": any_value_accuracy(answerable),
        "usual_value_accuracy": usual_value_accuracy(
            compose("train", READER_ROWS["train"]), answerable
        ),
        "closed_book_accuracy": _mean(text == d.row.answers[0] for text, d in closed),
        "last_loss": statistics.mean(losses[-50:]),
        "cpu_seconds": seconds,
    }


def _mean(values: Iterable[bool]) -> float:
    return statistics.mean(map(float, values))


def measure(
    model: Annotated[Path, typer.Option(help="重みのフォルダ")] = MODEL,
    steps: Annotated[int, typer.Option(help="微調整のステップ数")] = STEPS,
    seeds: Annotated[str, typer.Option(help="シード。カンマで並べる")] = "42,43,44",
    control: Annotated[bool, typer.Option(help="学習率 0 の対照も測る")] = True,
) -> None:
    """計測して bench/results/probes.json に書く。"""
    values = [int(seed) for seed in seeds.split(",")]
    record("reading", partial(reading, model, steps), values, control, model.name)


if __name__ == "__main__":
    typer.run(measure)
