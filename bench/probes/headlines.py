"""見出し生成の余地 (設計 8 節): T5 の微調整と、先頭の文のベースライン。

    .venv/bin/python -m bench.probes.headlines

ROUGE-L は、NFKC で正規化して MeCab (ipadic) の語に分けてから測る。
"""

from __future__ import annotations

import statistics
import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import ipadic
import MeCab
import numpy as np
import torch
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import Tokenizer
from transformers import AutoTokenizer, T5ForConditionalGeneration

from bench.probes.report import Figures, run
from bench.probes.tuning import tune
from tinyhub.world import news

MODEL = Path(__file__).resolve().parents[2] / "tinyhub/models/t5-ja"
BATCH_SIZE, RATE, EPOCHS = 16, 1e-3, 3
MAX_INPUT, MAX_OUTPUT = 192, 32


class Words(Tokenizer):
    """MeCab の語に分ける、ROUGE 用のトークナイザ。"""

    def __init__(self) -> None:
        self.tagger = MeCab.Tagger(f"-O wakati {ipadic.MECAB_ARGS}")

    def tokenize(self, text: str) -> list[str]:
        return self.tagger.parse(unicodedata.normalize("NFKC", text)).split()


def rouge_l(rows: Sequence[news.News], titles: Sequence[str]) -> float:
    """記事ごとの ROUGE-L (F 値) の平均。"""
    scorer = RougeScorer(["rougeL"], tokenizer=Words())
    return statistics.mean(
        scorer.score(row.title, title)["rougeL"].fmeasure
        for row, title in zip(rows, titles, strict=True)
    )


def _padded(rows: Sequence[list[int]], value: int) -> torch.Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [value] * (width - len(row)) for row in rows])


def headlines(seed: int, scale: float) -> Figures:
    """テストの ROUGE-L。"""
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    model = T5ForConditionalGeneration.from_pretrained(MODEL, dtype=torch.float32)
    train = news.generate("train", news.ROWS["train"])
    test = news.generate("test", news.ROWS["test"])
    inputs = tokenizer(
        [row.content for row in train], truncation=True, max_length=MAX_INPUT
    )["input_ids"]
    titles = tokenizer([row.title for row in train])["input_ids"]
    order = sorted(range(len(train)), key=lambda index: len(inputs[index]))
    steps = EPOCHS * len(train) // BATCH_SIZE
    rng = np.random.default_rng(seed)

    def loss_at(_: int) -> torch.Tensor:
        start = int(rng.integers(len(order) - BATCH_SIZE))
        chosen = order[start : start + BATCH_SIZE]
        source = _padded([inputs[i] for i in chosen], 0)
        labels = _padded([titles[i] for i in chosen], -100)
        return model(source, attention_mask=(source > 0).long(), labels=labels).loss

    started = time.process_time()
    model.train()
    tune(
        list(model.parameters()),
        loss_at,
        steps=steps,
        learning_rate=RATE * scale,
        warmup_steps=30,
        weight_decay=0.0,
    )
    seconds = time.process_time() - started

    model.eval()
    asked = sorted(test, key=lambda row: len(row.content))
    made: list[str] = []
    for start in range(0, len(asked), 50):
        batch = tokenizer(
            [row.content for row in asked[start : start + 50]],
            truncation=True,
            max_length=MAX_INPUT,
            padding=True,
            return_tensors="pt",
        )
        with torch.inference_mode():
            ids = model.generate(**batch, max_new_tokens=MAX_OUTPUT, do_sample=False)
        made += tokenizer.batch_decode(ids, skip_special_tokens=True)
    return {
        "rouge_l": rouge_l(asked, made),
        "lead_rouge_l": rouge_l(asked, [r.content.split("。")[0] for r in asked]),
        "cpu_seconds": seconds,
    }


if __name__ == "__main__":
    run({"headlines": headlines})
