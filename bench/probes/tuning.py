"""どの計測にも共通の微調整の繰り返し。"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from tinyhub.models.pretraining import linear_schedule


def tune(
    parameters: Sequence[torch.nn.Parameter],
    loss_at: Callable[[int], torch.Tensor],
    *,
    steps: int,
    learning_rate: float,
    warmup_steps: int,
    weight_decay: float = 0.01,
    clip: float = 1.0,
) -> list[float]:
    """loss_at(step) を steps 回減らし、各ステップの損失を返す。

    学習率は、線形に上げてから 0 まで線形に下げる。
    """
    optimizer = torch.optim.AdamW(parameters, weight_decay=weight_decay)
    losses = []
    for step in range(steps):
        loss = loss_at(step)
        scale = linear_schedule(step, steps, warmup_steps)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * scale
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, clip)
        optimizer.step()
        losses.append(loss.item())
    return losses
