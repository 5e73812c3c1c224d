"""LLM-ja のレシピ: 組み込んだ注意・合成の列・再開を確かめる。"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from tinyhub.models import induction, llm_ja
from tinyhub.models.statements import Family, StatementWriter

SMALL = replace(
    llm_ja.LlmJaRecipe(),
    vocab_size=3_800,
    hidden_size=48,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=64,
    documents={"prose": 60, "posts": 60},
    window=24,
    windows_per_batch=2,
    copying_per_batch=3,
    synthetic_per_batch=2,
    copying_steps=3,
    constant_steps=2,
    steps=6,
    warmup_steps=2,
)


@pytest.fixture(scope="module")
def model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=2_000,
        hidden_size=192,
        num_hidden_layers=2,
        num_attention_heads=3,
        num_key_value_heads=3,
        head_dim=64,
        intermediate_size=256,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 500_000.0},
        attn_implementation="eager",
    )
    made = LlamaForCausalLM(config).eval()
    induction.install(made)
    return made


@pytest.fixture(scope="module")
def ids() -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.choice(np.arange(5, 2_000), (4, 40), replace=False))


def test_first_head_looks_at_the_previous_token(
    model: LlamaForCausalLM, ids: torch.Tensor
) -> None:
    with torch.inference_mode():
        attention = model(ids, output_attentions=True).attentions[0][:, 0]
    assert attention.diagonal(offset=-1, dim1=1, dim2=2).min() > 0.9


def test_second_head_spreads_over_the_last_tokens(
    model: LlamaForCausalLM, ids: torch.Tensor
) -> None:
    with torch.inference_mode():
        attention = model(ids, output_attentions=True).attentions[0][:, 1, -1]
    assert attention[:, -12:].sum(dim=1).min() > 0.9
    assert attention.max() < 0.3


def test_untrained_model_copies_what_followed_the_same_token_before(
    model: LlamaForCausalLM, ids: torch.Tensor
) -> None:
    again = torch.cat([ids, ids[:, :20]], dim=1)
    with torch.inference_mode():
        guesses = model(again).logits[:, 40:-1].argmax(dim=-1)
    share = (guesses == again[:, 41:]).float().mean().item()
    random_weights = LlamaForCausalLM(model.config).eval()
    with torch.inference_mode():
        blind = random_weights(again).logits[:, 40:-1].argmax(dim=-1)
    assert share > 0.5
    assert (blind == again[:, 41:]).float().mean().item() < 0.1


def test_too_narrow_model_is_refused() -> None:
    config = LlamaConfig(
        vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=2
    )
    with pytest.raises(ValueError, match="残差の幅"):
        induction.install(LlamaForCausalLM(config))


@pytest.fixture(scope="module")
def writer() -> StatementWriter:
    codes: dict[str, int] = {}

    def encode(text: str) -> list[int]:
        return [codes.setdefault(char, 10 + len(codes)) for char in text]

    families = (
        Family(("{n}の色は{v}です。", "{v}が{n}の色だ。"), ("色",)),
        Family(("{n}は{v}に開く。",), ("時刻", "開く時刻")),
    )
    return StatementWriter(
        encode, np.arange(1_000, 2_000), 1, 2, families, choice_weight=5.0, asking=True
    )


def test_every_copied_value_was_stated_before(writer: StatementWriter) -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        row = writer.statements_and_restatements(rng)
        first = row.copied.index(True)
        stated = row.ids[:first]
        marked = [i for i, copy in enumerate(row.copied) if copy]
        assert {row.ids[i] for i in marked} <= set(stated)
        assert all(row.weights[i] >= 1.0 for i in marked)
        assert sum(row.weights) == sum(row.weights[i] for i in marked)
        assert len(row.ids) == len(row.weights) == len(row.copied)


def test_guides_copy_only_values_whose_name_came_before(
    writer: StatementWriter,
) -> None:
    rng = np.random.default_rng(3)
    copied = 0
    for _ in range(200):
        row = writer.guides(rng)
        marked = [i for i, copy in enumerate(row.copied) if copy]
        copied += len(marked)
        assert all(row.ids[i] in row.ids[:i] for i in marked)
        assert all(row.ids[i] >= 1_000 for i in marked if row.weights[i] > 1)
    assert copied


def test_only_tokens_where_the_values_part_weigh_more(writer: StatementWriter) -> None:
    values = [[5, 6, 7], [5, 8, 7], [5, 6], [9]]
    assert writer._weights([5, 6, 7], values) == [5.0, 5.0, 5.0]
    assert writer._weights([5, 8, 7], values) == [5.0, 5.0, 1.0]
    assert writer._weights([9], values) == [5.0]
    assert writer._weights([9], [[9]]) == [1.0]


def test_first_stage_reads_no_text_and_lines_hold_whole_rows(
    writer: StatementWriter,
) -> None:
    recipe = replace(SMALL, line=200, copying_per_batch=12)
    stream = np.full(500, 7)
    early = llm_ja.batch_at(0, stream, writer, recipe)
    late = llm_ja.batch_at(recipe.copying_steps, stream, writer, recipe)
    text = np.float32(recipe.text_weight)
    assert not (early.weights == text).any()
    # つなぎ目の先頭になった窓の 1 つ目のトークンには、損失をかけない。
    windows = recipe.windows_per_batch * recipe.window
    assert int((late.weights == text).sum()) in (windows, windows - 1)
    assert early.ids.shape[1] <= recipe.line
    assert int((early.ids == 1).sum()) == recipe.copying_per_batch
    assert len(early.ids) < recipe.copying_per_batch
    again = llm_ja.batch_at(0, stream, writer, recipe)
    assert torch.equal(again.ids, early.ids)


def test_rate_falls_to_zero_and_starts_again_lower() -> None:
    recipe = replace(SMALL, warmup_steps=2, constant_steps=4, steps=16)
    recipe = replace(recipe, restarts=(8, 12), restart_scale=0.5)
    scales = [llm_ja.rate_scale(step, recipe) for step in range(17)]
    assert scales[:8] == [0.5, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25]
    assert scales[8:12] == scales[12:16] == [0.25, 0.375, 0.25, 0.125]
    assert scales[16] == 0.0


def test_later_batches_hold_more_rows_and_less_text(writer: StatementWriter) -> None:
    recipe = replace(
        SMALL,
        line=1,
        later_from=9,
        crossing_from=11,
        later_windows_per_batch=1,
        later_synthetic_per_batch=5,
    )
    stream = np.full(500, 7)
    early = llm_ja.batch_at(8, stream, writer, recipe)
    later = llm_ja.batch_at(9, stream, writer, recipe)
    crossed = llm_ja.batch_at(11, stream, writer, recipe)
    assert len(early.ids) == recipe.windows_per_batch + recipe.synthetic_per_batch
    assert len(later.ids) == len(crossed.ids) == 1 + 5


def test_crossed_guides_tell_other_attributes_of_the_same_names(
    writer: StatementWriter,
) -> None:
    rng = np.random.default_rng(5)
    for _ in range(100):
        pairs = writer._crossing(rng, 0, 3, 4)
        assert 1 <= len(pairs) <= 4 and len(set(pairs)) == len(pairs)
        assert all(family == 1 and name in range(3) for family, name in pairs)
        row = writer.guides(rng, crossing=3)
        marked = [i for i, copy in enumerate(row.copied) if copy]
        assert all(row.ids[i] in row.ids[:i] for i in marked)


def test_names_that_share_parts_are_still_different(writer: StatementWriter) -> None:
    rng = np.random.default_rng(4)
    shared = 0
    for count in (2, 6, 18):
        for _ in range(50):
            names = [tuple(name) for name in writer._names(rng, count)]
            assert len(set(names)) == count
            parts = [part for name in names for part in set(name)]
            shared += len(set(parts)) < len(parts)
    assert shared > 50


def test_few_parts_still_give_different_names() -> None:
    few = StatementWriter(lambda text: [3], np.arange(5, 7), 1, 2)
    rng = np.random.default_rng(0)
    for _ in range(300):
        names = {tuple(name) for name in few._names(rng, 6)}
        assert len(names) == 6


def test_guides_need_frames() -> None:
    empty = StatementWriter(lambda text: [3], np.arange(5, 50), 1, 2)
    with pytest.raises(ValueError, match="骨組み"):
        empty.guides(np.random.default_rng(0))


def test_keys_and_values_repeat_each_pair_once(writer: StatementWriter) -> None:
    row = writer.keys_and_values(np.random.default_rng(2))
    body = row.ids[1:-1]
    half = len(body) // 2
    pairs = [
        set(zip(part[::2], part[1::2], strict=True))
        for part in (body[:half], body[half:])
    ]
    assert pairs[0] == pairs[1] and len(pairs[0]) == half // 2


def test_interrupted_training_continues_to_the_same_weights(tmp_path: Path) -> None:
    straight, resumed = tmp_path / "straight", tmp_path / "resumed"
    llm_ja.train(SMALL, tmp_path / "work-a", straight, checkpoint_every=3)

    class Killed(Exception):
        pass

    def stop_at_four(step: int, *arguments: object) -> llm_ja.Batch:
        if step == 4:
            raise Killed
        return original(step, *arguments)

    original = llm_ja.batch_at
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(llm_ja, "batch_at", stop_at_four)
        llm_ja.train(SMALL, tmp_path / "work-b", resumed, checkpoint_every=3)
    llm_ja.train(SMALL, tmp_path / "work-b", resumed, checkpoint_every=3)

    first = LlamaForCausalLM.from_pretrained(straight).state_dict()
    second = LlamaForCausalLM.from_pretrained(resumed).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert llm_ja.is_current(straight, SMALL)
    assert not llm_ja.is_current(straight, replace(SMALL, steps=7))
