"""bfloat16 の行列積を使う損失と注意が、float32 の参照と同じ値になることを確かめる。"""

from __future__ import annotations

import pytest
import torch
from transformers import BertConfig, BertModel

from tinyhub.models import mixed_precision
from tinyhub.models.mixed_precision import (
    FP32_ATTENTION,
    half_matmul,
    linear_cross_entropy,
)

# bfloat16 の有効数字は 8 ビットなので、相対誤差は 2^-8 ほどになる。
RELATIVE = 2e-2


def _inputs(rows: int) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(rows, 32, generator=generator)
    projection = torch.randn(50, 32, generator=generator) * 0.3
    bias = torch.randn(50, generator=generator)
    targets = torch.randint(50, (rows,), generator=generator)
    weights = torch.rand(rows, generator=generator)
    return hidden, projection, bias, targets, weights


@pytest.mark.parametrize("rows", [1, 7, 600])
def test_loss_and_gradients_agree_with_torch(rows: int) -> None:
    hidden, projection, bias, targets, weights = _inputs(rows)
    results = []
    for fused in (True, False):
        leaves = [t.clone().requires_grad_() for t in (hidden, projection, bias)]
        if fused:
            loss = linear_cross_entropy(
                leaves[0], leaves[1], targets, weights, leaves[2]
            )
        else:
            logits = leaves[0] @ leaves[1].T + leaves[2]
            losses = torch.nn.functional.cross_entropy(
                logits, targets, reduction="none"
            )
            loss = (losses * weights).sum()
        (loss / 3).backward()
        results.append([loss.detach(), *(leaf.grad for leaf in leaves)])
    for ours, reference in zip(*results, strict=True):
        gap = (ours - reference).norm() / reference.norm()
        assert gap < RELATIVE


def test_chunk_size_does_not_change_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden, projection, bias, targets, weights = _inputs(100)
    whole = linear_cross_entropy(hidden, projection, targets, weights, bias)
    monkeypatch.setattr(mixed_precision, "ROWS_AT_ONCE", 13)
    parts = linear_cross_entropy(hidden, projection, targets, weights, bias)
    assert torch.allclose(whole, parts, rtol=1e-5)


def test_padding_is_masked_and_close_to_full_precision() -> None:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=40,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        attn_implementation=FP32_ATTENTION,
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    ids = torch.randint(40, (2, 9))
    mask = torch.tensor([[1] * 9, [1] * 5 + [0] * 4])
    changed = ids.clone()
    changed[1, 5:] = (ids[1, 5:] + 1) % 40
    with torch.inference_mode():
        full = model(ids, attention_mask=mask).last_hidden_state
        with half_matmul():
            half = model(ids, attention_mask=mask).last_hidden_state
            other = model(changed, attention_mask=mask).last_hidden_state
    assert torch.equal(half[1, :5], other[1, :5])
    assert (half.float() - full).norm() / full.norm() < RELATIVE
