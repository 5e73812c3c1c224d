"""言語モデルを「問い → 答え」の組で微調整し、答えを生成させるための部品。

章のノートブックと同じ計算 (答えの部分だけの次トークン損失、貪欲な生成) を、測るためだけ
に短く書いたもの。
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from bench.probes.tuning import tune
from tinyhub.models.mixed_precision import half_matmul


@dataclass(frozen=True)
class Example:
    """プロンプトと答え。どちらも文字列で、プロンプトには <s> も入っている。"""

    prompt: str
    answer: str


# プロンプトと答えの id。
Row = tuple[list[int], list[int]]
BATCHES_SORTED_TOGETHER = 20


@dataclass(frozen=True)
class Tuning:
    """微調整の設定。"""

    steps: int = 400
    batch_size: int = 16
    learning_rate: float = 1e-3
    warmup_steps: int = 30
    seed: int = 42


def _ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def _batches(rows: Sequence[Row], tuning: Tuning) -> Iterator[list[Row]]:
    """混ぜてから長さの近い行どうしを集めたバッチ。どの行も 1 周に 1 度だけ出る。"""
    rng = np.random.default_rng(tuning.seed)
    size, together = tuning.batch_size, tuning.batch_size * BATCHES_SORTED_TOGETHER
    while True:
        order = rng.permutation(len(rows))
        batches: list[list[Row]] = []
        for start in range(0, len(rows), together):
            part = [rows[index] for index in order[start : start + together]]
            part.sort(key=lambda row: len(row[0]) + len(row[1]))
            batches += [part[i : i + size] for i in range(0, len(part), size)]
        for index in rng.permutation(len(batches)):
            yield batches[index]


def fine_tune(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    tuning: Tuning,
) -> list[float]:
    """答えと </s> だけに損失をかけて微調整し、各ステップの損失を返す。"""
    rows = [
        (
            _ids(tokenizer, example.prompt),
            [*_ids(tokenizer, example.answer), tokenizer.eos_token_id],
        )
        for example in examples
    ]
    batches = _batches(rows, tuning)

    def loss_at(_: int) -> torch.Tensor:
        batch = next(batches)
        width = max(len(prompt) + len(answer) for prompt, answer in batch)
        ids = np.zeros((len(batch), width), dtype=np.int64)
        labels = np.full_like(ids, -100)
        for index, (prompt, answer) in enumerate(batch):
            end = len(prompt) + len(answer)
            ids[index, :end] = prompt + answer
            labels[index, len(prompt) : end] = answer
        targets = torch.from_numpy(labels)[:, 1:]
        scored = targets != -100
        with half_matmul():
            hidden = model.model(torch.from_numpy(ids)).last_hidden_state[:, :-1]
        return torch.nn.functional.cross_entropy(
            model.lm_head(hidden[scored].float()), targets[scored]
        )

    model.train()
    losses = tune(
        list(model.parameters()),
        loss_at,
        steps=tuning.steps,
        learning_rate=tuning.learning_rate,
        warmup_steps=tuning.warmup_steps,
    )
    model.eval()
    return losses


@torch.inference_mode()
def answer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    max_new_tokens: int,
    batch_size: int = 32,
) -> list[str]:
    """貪欲に生成した答え。長さの近い順にまとめ、結果はもとの順に返す。"""
    encoded = [_ids(tokenizer, prompt) for prompt in prompts]
    order = sorted(range(len(prompts)), key=lambda index: len(encoded[index]))
    answers = [""] * len(prompts)
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        width = max(len(encoded[index]) for index in chosen)
        pad = tokenizer.pad_token_id
        ids = torch.tensor(
            [[pad] * (width - len(encoded[i])) + encoded[i] for i in chosen]
        )
        made = model.generate(
            ids,
            attention_mask=(ids != pad).long(),
            do_sample=False,
            max_new_tokens=max_new_tokens,
            pad_token_id=pad,
        )
        texts = tokenizer.batch_decode(made[:, width:], skip_special_tokens=True)
        for index, text in zip(chosen, texts, strict=True):
            answers[index] = text
    return answers


@torch.inference_mode()
def log_likelihoods(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    batch_size: int = 64,
) -> list[float]:
    """プロンプトに続く答えの対数尤度 (ナット、答えの全トークンの和)。"""
    rows = [(_ids(tokenizer, e.prompt), _ids(tokenizer, e.answer)) for e in examples]
    order = sorted(range(len(rows)), key=lambda i: sum(map(len, rows[i])))
    scores = [0.0] * len(rows)
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        width = max(sum(map(len, rows[index])) for index in chosen)
        ids = torch.zeros((len(chosen), width), dtype=torch.long)
        mask = torch.zeros((len(chosen), width), dtype=torch.bool)
        for line, index in enumerate(chosen):
            prompt, reply = rows[index]
            ids[line, : len(prompt) + len(reply)] = torch.tensor(prompt + reply)
            mask[line, len(prompt) : len(prompt) + len(reply)] = True
        logs = model(ids).logits[:, :-1].log_softmax(dim=-1)
        picked = logs.gather(2, ids[:, 1:, None])[..., 0] * mask[:, 1:]
        for line, index in enumerate(chosen):
            scores[index] = picked[line].sum().item()
    return scores
