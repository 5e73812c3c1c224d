"""事前学習を CPU で速く、少ないメモリで行うための部品。

行列積だけを bfloat16 で計算し、重み・注意・損失・最適化は float32 のままにする。
bfloat16 の行列積を持つ CPU (AMX) では 1 ステップがほぼ半分の時間になる。
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

FP32_ATTENTION = "fp32_sdpa"
ROWS_AT_ONCE = 256


def half_matmul() -> torch.autocast:
    """この with の中の行列積は bfloat16 になる。"""
    return torch.autocast("cpu", dtype=torch.bfloat16)


def _fp32_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    if options.get("position_bias") is not None:
        options["position_bias"] = options["position_bias"].float()
    with torch.autocast("cpu", enabled=False):
        return sdpa_attention_forward(
            module, query.float(), key.float(), value.float(), attention_mask, **options
        )


AttentionInterface.register(FP32_ATTENTION, _fp32_attention)
AttentionMaskInterface.register(FP32_ATTENTION, sdpa_mask)


def linear_cross_entropy(
    hidden: torch.Tensor,
    projection: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    bias: torch.Tensor | None = None,
) -> torch.Tensor:
    """sum(weights * 交差エントロピー(hidden @ projection.T + bias, targets))。

    hidden (n, d)、projection (語彙, d)、targets (n,)、weights (n,)、bias (語彙,)。
    (n, 語彙) の行列を一度に持たず、ROWS_AT_ONCE 行ずつ損失と勾配を計算する。
    """
    offsets = hidden.new_zeros(len(projection)) if bias is None else bias
    return _LinearCrossEntropy.apply(hidden, projection, targets, weights, offsets)


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: torch.Tensor,
        projection: torch.Tensor,
        targets: torch.Tensor,
        weights: torch.Tensor,
        bias: torch.Tensor,
    ) -> torch.Tensor:
        half = projection.to(torch.bfloat16)
        total = hidden.new_zeros((), dtype=torch.float32)
        to_hidden = torch.empty_like(hidden, dtype=torch.float32)
        to_projection = torch.zeros_like(projection)
        to_bias = torch.zeros_like(bias)
        for rows in torch.arange(len(hidden)).split(ROWS_AT_ONCE):
            part = slice(int(rows[0]), int(rows[-1]) + 1)
            inputs, target = hidden[part].to(torch.bfloat16), targets[part, None]
            weight = weights[part, None]
            logs = torch.log_softmax((inputs @ half.T).float() + bias, dim=-1)
            total -= (logs.gather(1, target) * weight).sum()
            gradient = logs.exp_().mul_(weight)
            gradient.scatter_add_(1, target, -weight)
            to_bias += gradient.sum(dim=0)
            small = gradient.to(torch.bfloat16)
            to_hidden[part] = (small @ half).float()
            to_projection += (small.T @ inputs).float()
        ctx.save_for_backward(to_hidden, to_projection, to_bias)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (gradient,) = gradients
        to_hidden, to_projection, to_bias = ctx.saved_tensors
        return (
            to_hidden * gradient,
            to_projection * gradient,
            None,
            None,
            to_bias * gradient,
        )
