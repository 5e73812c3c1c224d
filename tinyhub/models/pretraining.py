"""どの事前学習にも共通の部品: 学習率・最適化・再開。"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import torch


def linear_schedule(step: int, steps: int, warmup_steps: int) -> float:
    """線形ウォームアップ → 0 への線形減衰。学習率に掛ける 0 から 1 の数。"""
    remaining = (steps - step) / (steps - warmup_steps)
    return min(1.0, (step + 1) / warmup_steps, remaining)


def matrix_decay_adamw(
    model: torch.nn.Module,
    learning_rate: float,
    weight_decay: float,
    betas: tuple[float, float],
) -> torch.optim.AdamW:
    """行列にだけ重み減衰をかける AdamW (Loshchilov and Hutter, 2019)。"""
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    return torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ],
        lr=learning_rate,
        betas=betas,
    )


def checkpoints(
    work: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> Generator[int, int, None]:
    """再開位置を最初に返し、以後は send(step) のたびに保存するジェネレータ。"""
    path = work / "checkpoint.pt"
    step = 0
    if path.exists():
        state = torch.load(path, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    while True:
        step = yield step
        state = {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "step": step,
        }
        torch.save(state, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)
