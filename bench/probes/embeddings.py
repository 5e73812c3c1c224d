"""文埋め込みの余地 (設計 8 節): 教師なし・教師あり SimCSE と、元の符号化器。

    .venv/bin/python -m bench.probes.embeddings

Gao et al. (2021)。教師なしは百科事典の段落の文、教師ありは JSNLI の三つ組で学習し、
どちらも JSTS 形式のテストでスピアマン相関を測る。STS の正解は選択に使わない。
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr
from transformers import AutoModel, AutoTokenizer, PreTrainedModel

from bench.probes.report import Figures, run
from bench.probes.tuning import tune
from tinyhub.world import captions, jsnli, paragraphs

MODEL = Path(__file__).resolve().parents[2] / "tinyhub/models/bert-ja"
BATCH_SIZE, TEMPERATURE, DROPOUT = 64, 0.05, 0.1
UNSUPERVISED_RATE, SUPERVISED_RATE = 3e-4, 1e-3
SENTENCES, STEPS = 20_000, 300
Ids = list[int]


class Encoder:
    """[CLS] を埋め込みにする BERT。"""

    def __init__(self, seed: int) -> None:
        torch.manual_seed(seed)
        self.tokenizer = AutoTokenizer.from_pretrained(MODEL)
        self.model: PreTrainedModel = AutoModel.from_pretrained(
            MODEL,
            dtype=torch.float32,
            hidden_dropout_prob=DROPOUT,
            attention_probs_dropout_prob=DROPOUT,
        )

    def ids(self, texts: Sequence[str]) -> list[Ids]:
        return self.tokenizer(list(texts), truncation=True, max_length=64)["input_ids"]

    def hidden(self, rows: Sequence[Ids]) -> tuple[torch.Tensor, torch.Tensor]:
        """最終層 (行, 長さ, 幅) と、そのマスク (行, 長さ)。"""
        width = max(map(len, rows))
        ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
        mask = (ids != 0).long()
        return self.model(ids, attention_mask=mask).last_hidden_state, mask

    def embed(self, rows: Sequence[Ids]) -> torch.Tensor:
        return self.hidden(rows)[0][:, 0]


def spearman(encoder: Encoder, mean: bool = False) -> float:
    """JSTS 形式のテストでの、コサイン類似度と正解の順位相関。"""
    rows = captions.generate("test", captions.ROWS["test"], captions.SEED)
    encoder.model.eval()
    sides = []
    with torch.inference_mode():
        for texts in ([r.sentence1 for r in rows], [r.sentence2 for r in rows]):
            parts = []
            ids = encoder.ids(texts)
            for start in range(0, len(ids), 100):
                hidden, mask = encoder.hidden(ids[start : start + 100])
                weight = mask[..., None].float()
                averaged = (hidden * weight).sum(1) / weight.sum(1)
                parts.append(averaged if mean else hidden[:, 0])
            sides.append(torch.cat(parts))
    scores = torch.cosine_similarity(*sides)
    return float(spearmanr(scores.numpy(), [r.label for r in rows]).statistic)


def sentences(rows: int) -> list[str]:
    """百科事典の段落を文に分けたもの (重複を除く)。"""
    made: dict[str, None] = {}
    for paragraph in paragraphs.generate(paragraphs.ROWS["train"]):
        for sentence in paragraph.text.split("。"):
            if len(sentence) >= 8:
                made[f"{sentence}。"] = None
    return list(made)[:rows]


def triplets() -> list[tuple[str, str, str]]:
    """JSNLI の (前提, 含意, 矛盾)。空白は取る。"""
    groups: dict[str, dict[str, list[str]]] = {}
    for row in jsnli.generate("train", jsnli.ROWS["train"]):
        labels = groups.setdefault(row.premise.replace(" ", ""), {})
        labels.setdefault(row.label, []).append(row.hypothesis.replace(" ", ""))
    return [
        (premise, positive, negative)
        for premise, labels in groups.items()
        for positive in labels.get("entailment", [])
        for negative in labels.get("contradiction", [])[:1]
    ]


def train(
    encoder: Encoder, columns: Sequence[Sequence[str]], rate: float, seed: int
) -> None:
    """先頭の列をアンカー、2 列目を正例、あれば 3 列目を難しい負例にする。"""
    encoded = [encoder.ids(column) for column in columns]
    rng = np.random.default_rng(seed)
    target = torch.arange(BATCH_SIZE)

    def loss_at(_: int) -> torch.Tensor:
        chosen = rng.choice(len(encoded[0]), BATCH_SIZE, replace=False)
        anchor, *others = (encoder.embed([ids[i] for i in chosen]) for ids in encoded)
        scores = torch.cosine_similarity(
            anchor[:, None], torch.cat(others)[None], dim=-1
        )
        return torch.nn.functional.cross_entropy(scores / TEMPERATURE, target)

    encoder.model.train()
    tune(
        list(encoder.model.parameters()),
        loss_at,
        steps=STEPS,
        learning_rate=rate,
        warmup_steps=30,
        weight_decay=0.0,
    )


def embeddings(seed: int, scale: float) -> Figures:
    """元の符号化器 ([CLS] と平均)、教師なし、教師ありのスピアマン相関。"""
    encoder = Encoder(seed)
    figures = {
        "raw_cls_spearman": spearman(encoder),
        "raw_mean_spearman": spearman(encoder, mean=True),
    }
    started = time.process_time()
    texts = sentences(SENTENCES)
    train(encoder, (texts, texts), UNSUPERVISED_RATE * scale, seed)
    figures["unsupervised_spearman"] = spearman(encoder)
    encoder = Encoder(seed)
    columns = list(zip(*triplets(), strict=True))
    train(encoder, columns, SUPERVISED_RATE * scale, seed)
    figures["supervised_spearman"] = spearman(encoder)
    return figures | {"cpu_seconds": time.process_time() - started}


if __name__ == "__main__":
    run({"embeddings": embeddings})
