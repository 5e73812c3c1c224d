"""事前学習の繰り返し。途中で止めても、同じ重みに行き着く。"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from tinyhub.models.pretraining import checkpoints


def run_steps(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    steps: int,
    rate_at: Callable[[int], float],
    loss_at: Callable[[int], torch.Tensor],
    work: Path,
    checkpoint_every: int,
    report: Callable[[], dict[str, float]],
) -> None:
    """steps 回更新する。学習率と損失は、ステップの番号だけから決まる。"""
    saver = checkpoints(work, model, optimizer)
    for step in range(next(saver), steps):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step)
        optimizer.zero_grad(set_to_none=True)
        loss_at(step).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % checkpoint_every == 0:
            saver.send(step + 1)
            shown = [f"{name} {value:.3f}" for name, value in report().items()]
            print(f"{step + 1}/{steps}", *shown, flush=True)
