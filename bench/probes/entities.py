"""固有表現抽出の余地 (設計 8 節): BERT-ja の系列ラベリングと、辞書のベースライン。

    .venv/bin/python -m bench.probes.entities

本と同じに seed 42 で混ぜて 8:1:1 に分け、トークンごとの BIO ラベルを当てる。
"""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from seqeval.metrics import f1_score
from transformers import AutoModelForTokenClassification, AutoTokenizer

from bench.probes.report import Figures, run
from bench.probes.tuning import tune
from tinyhub.world import ner

MODEL = Path(__file__).resolve().parents[2] / "tinyhub/models/bert-ja"
EPOCHS, BATCH_SIZE, LEARNING_RATE = 4, 16, 1e-3
IGNORED = -100


def splits() -> tuple[list[ner.Row], list[ner.Row], list[ner.Row]]:
    """訓練・検証・テスト。"""
    rows = ner.generate("wikipedia", ner.ROWS["wikipedia"])
    random.Random(42).shuffle(rows)
    first, second = int(len(rows) * 0.8), int(len(rows) * 0.9)
    return rows[:first], rows[first:second], rows[second:]


def token_spans(tokens: Sequence[str], text: str) -> list[tuple[int, int]]:
    """BertJapaneseTokenizer のトークンの文字位置。先頭から順に探す。"""
    spans, cursor = [], 0
    for token in tokens:
        piece = token.removeprefix("##")
        if piece == "[UNK]":
            spans.append((cursor, cursor + 1))
        else:
            start = text.index(piece, cursor)
            spans.append((start, start + len(piece)))
        cursor = spans[-1][1]
    return spans


def bio(row: ner.Row, spans: Sequence[tuple[int, int]]) -> list[str]:
    """各トークンのラベル。"""
    labels = ["O"] * len(spans)
    for entity in row.entities:
        inside = [
            index
            for index, (start, end) in enumerate(spans)
            if start < entity.span[1] and end > entity.span[0]
        ]
        for order, index in enumerate(inside):
            labels[index] = ("I-" if order else "B-") + entity.type
    return labels


def dictionary_labels(
    train: Sequence[ner.Row], rows: Sequence[ner.Row]
) -> list[list[str]]:
    """訓練に出た名前を最長一致で探し、いちばん多い型を付ける (文字ごとの BIO)。"""
    types: dict[str, Counter[str]] = defaultdict(Counter)
    for row in train:
        for entity in row.entities:
            types[entity.name][entity.type] += 1
    names = sorted(types, key=len, reverse=True)
    answers = []
    for row in rows:
        labels = ["O"] * len(row.text)
        for name in names:
            start = row.text.find(name)
            while start >= 0:
                end = start + len(name)
                if all(label == "O" for label in labels[start:end]):
                    kind = types[name].most_common(1)[0][0]
                    labels[start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (len(name) - 1)
                start = row.text.find(name, end)
        answers.append(labels)
    return answers


def entities(seed: int, scale: float) -> Figures:
    """テストのマイクロ F1。"""
    torch.manual_seed(seed)
    train, _, test = splits()
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    names = sorted({entity.type for row in train for entity in row.entities})
    tags = ["O", *(f"{mark}-{name}" for name in names for mark in "BI")]
    model = AutoModelForTokenClassification.from_pretrained(
        MODEL, num_labels=len(tags), dtype=torch.float32
    )

    def encode(row: ner.Row) -> tuple[list[int], list[str]]:
        tokens = tokenizer.tokenize(row.text)
        ids = tokenizer.convert_tokens_to_ids(tokens)
        return ids, bio(row, token_spans(tokens, row.text))

    started = time.process_time()
    rows = sorted((encode(row) for row in train), key=lambda pair: len(pair[0]))
    steps = EPOCHS * len(rows) // BATCH_SIZE
    rng = np.random.default_rng(seed)

    def loss_at(_: int) -> torch.Tensor:
        start = int(rng.integers(len(rows) - BATCH_SIZE))
        ids, mask, labels = _batch(rows[start : start + BATCH_SIZE], tags)
        logits = model(ids, attention_mask=mask).logits
        return torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED
        )

    model.train()
    tune(
        list(model.parameters()),
        loss_at,
        steps=steps,
        learning_rate=LEARNING_RATE * scale,
        warmup_steps=50,
    )
    seconds = time.process_time() - started

    model.eval()
    truth, guesses = [], []
    encoded = [encode(row) for row in test]
    with torch.inference_mode():
        for start in range(0, len(encoded), 50):
            part = encoded[start : start + 50]
            ids, mask, _ = _batch(part, tags)
            best = model(ids, attention_mask=mask).logits.argmax(dim=-1)
            for line, (tokens, labels) in zip(best.tolist(), part, strict=True):
                truth.append(labels)
                guesses.append([tags[tag] for tag in line[1 : len(tokens) + 1]])
    characters = [bio(row, [(i, i + 1) for i in range(len(row.text))]) for row in test]
    return {
        "test_f1": f1_score(truth, guesses),
        "dictionary_f1": f1_score(characters, dictionary_labels(train, test)),
        "cpu_seconds": seconds,
    }


def _batch(
    rows: Sequence[tuple[list[int], list[str]]], tags: Sequence[str]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """[CLS] … [SEP] を付けてそろえた (ids, mask, labels)。"""
    width = max(len(ids) for ids, _ in rows) + 2
    ids = np.zeros((len(rows), width), dtype=np.int64)
    labels = np.full_like(ids, IGNORED)
    for index, (tokens, marks) in enumerate(rows):
        ids[index, : len(tokens) + 2] = [2, *tokens, 3]
        labels[index, 1 : len(tokens) + 1] = [tags.index(mark) for mark in marks]
    tensor = torch.from_numpy(ids)
    return tensor, (tensor != 0).long(), torch.from_numpy(labels)


if __name__ == "__main__":
    run({"entities": entities})
