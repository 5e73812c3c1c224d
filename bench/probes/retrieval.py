"""パッセージ検索の余地 (設計 8 節): BM25、密な検索、2 値符号 (BPR)。

    .venv/bin/python -m bench.probes.retrieval

Yamada et al. (2021) の 2 段階。符号 tanh(βe) のランキング損失と、実数の質問と符号との
交差エントロピーを足して学習し、検索ではハミング距離で候補を選んでから実数の質問で
並べ直す。密な検索は、同じ時間で実数どうしの内積を学んだもの。
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer, PreTrainedModel

from bench.probes.report import Figures, run
from bench.probes.tuning import tune
from tinyhub.world import quiz
from tinyhub.world.quiz.passages import passages
from tinyhub.world.quiz.search import Searcher, has_answer, retrieve

MODEL = Path(__file__).resolve().parents[2] / "tinyhub/models/bert-ja"
BATCH_SIZE, STEPS, RATE = 24, 400, 7e-4
TOP, CANDIDATES, MARGIN = 5, 100, 2.0
Ids = list[int]


class Towers:
    """質問とパッセージの符号化器。重みは別々で、[CLS] を使う。"""

    def __init__(self, seed: int) -> None:
        torch.manual_seed(seed)
        self.tokenizer = AutoTokenizer.from_pretrained(MODEL)
        self.question: PreTrainedModel = AutoModel.from_pretrained(
            MODEL, dtype=torch.float32
        )
        self.passage: PreTrainedModel = AutoModel.from_pretrained(
            MODEL, dtype=torch.float32
        )

    def ids(self, texts: list[str]) -> list[Ids]:
        return self.tokenizer(texts, truncation=True, max_length=128)["input_ids"]

    @staticmethod
    def embed(model: PreTrainedModel, rows: list[Ids]) -> torch.Tensor:
        width = max(map(len, rows))
        ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
        hidden = model(ids, attention_mask=(ids != 0).long()).last_hidden_state
        return hidden[:, 0]

    @torch.inference_mode()
    def embed_all(self, model: PreTrainedModel, texts: list[str]) -> torch.Tensor:
        model.eval()
        rows = self.ids(texts)
        order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
        parts = [
            self.embed(model, [rows[i] for i in order[start : start + 64]])
            for start in range(0, len(order), 64)
        ]
        made = torch.cat(parts)
        return made[torch.argsort(torch.tensor(order))]


def train(towers: Towers, binary: bool, scale: float, seed: int) -> None:
    """正例 1 つ、BM25 の負例 1 つと、バッチの中のほかのパッセージを負例にする。"""
    rows = [
        row
        for row in retrieve("train")
        if row.positive_passage_indices and row.negative_passage_indices
    ]
    asked = towers.ids([row.question.question for row in rows])
    told = {p.id: ids for p, ids in _encoded(towers)}
    rng = np.random.default_rng(seed)

    def loss_at(step: int) -> torch.Tensor:
        chosen = rng.choice(len(rows), BATCH_SIZE, replace=False)
        positives = [
            rows[i].passages[int(rng.choice(rows[i].positive_passage_indices[:3]))]
            for i in chosen
        ]
        negatives = [
            rows[i].passages[int(rng.choice(rows[i].negative_passage_indices[:5]))]
            for i in chosen
        ]
        pool = positives + negatives
        questions = towers.embed(towers.question, [asked[i] for i in chosen])
        codes = towers.embed(towers.passage, [told[p.id] for p in pool])
        answers = [rows[i].question.answers for i in chosen]
        false_negative = torch.tensor(
            [
                [has_answer(p.text, a) and k != i for k, p in enumerate(pool)]
                for i, a in enumerate(answers)
            ]
        )
        target = torch.arange(BATCH_SIZE)
        if binary:
            sharp = math.sqrt(0.1 * step * 2_000 / STEPS + 1)
            codes, coded = torch.tanh(sharp * codes), torch.tanh(sharp * questions)
        scores = (questions @ codes.T).masked_fill(false_negative, -1e4)
        loss = torch.nn.functional.cross_entropy(scores, target)
        if binary:
            hamming = coded @ codes.T
            gold = hamming.gather(1, target[:, None])
            ranking = (MARGIN - gold + hamming).clamp(min=0)
            others = ~false_negative
            others[target, target] = False
            loss = loss + ranking[others].mean()
        return loss

    towers.question.train()
    towers.passage.train()
    tune(
        [*towers.question.parameters(), *towers.passage.parameters()],
        loss_at,
        steps=STEPS,
        learning_rate=RATE * scale,
        warmup_steps=40,
        clip=2.0,
    )


def _encoded(towers: Towers) -> list[tuple[object, Ids]]:
    pool = passages()
    texts = [f"{p.title} {p.text}" for p in pool]
    return list(zip(pool, towers.ids(texts), strict=True))


def recall(
    order: list[list[int]], drafts: list[quiz.Draft], kind: quiz.Kind | None
) -> float:
    """上位 5 件に正解を含むパッセージがある割合。"""
    pool = passages()
    asked = [i for i, d in enumerate(drafts) if kind is None or d.kind == kind]
    hits = [
        any(
            has_answer(pool[k].text, drafts[i].question.answers) for k in order[i][:TOP]
        )
        for i in asked
    ]
    return sum(hits) / len(hits)


def retrieval(seed: int, scale: float) -> Figures:
    """テストの問題の recall@5。全体と、言い換えた問題。"""
    drafts = list(quiz.compose("test", quiz.ROWS["test"]))
    questions = [draft.question.question for draft in drafts]
    pool = list(passages())
    texts = [f"{p.title} {p.text}" for p in pool]
    places = {p.id: index for index, p in enumerate(pool)}
    searcher = Searcher(pool)
    found = [[places[p.id] for p in searcher.top(q, TOP)] for q in questions]
    orders = {"bm25": found}

    started = time.process_time()
    towers = Towers(seed)
    train(towers, False, scale, seed)
    asked = towers.embed_all(towers.question, questions)
    told = towers.embed_all(towers.passage, texts)
    orders["dense"] = (asked @ told.T).topk(TOP).indices.tolist()

    towers = Towers(seed)
    train(towers, True, scale, seed)
    asked = towers.embed_all(towers.question, questions)
    codes = torch.where(towers.embed_all(towers.passage, texts) > 0, 1.0, -1.0)
    coded = torch.where(asked > 0, 1.0, -1.0)
    near = (coded @ codes.T).topk(CANDIDATES).indices
    scores = torch.einsum("qd,qkd->qk", asked, codes[near])
    best = near.gather(1, scores.topk(TOP).indices)
    orders["binary"] = best.tolist()
    figures = {"cpu_seconds": time.process_time() - started}
    for name, order in orders.items():
        figures[f"{name}_recall"] = recall(order, drafts, None)
        figures[f"{name}_paraphrase_recall"] = recall(order, drafts, "paraphrase")
    return figures


if __name__ == "__main__":
    run({"retrieval": retrieval})
