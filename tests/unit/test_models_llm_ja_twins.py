"""LLM-ja の調整済みモデル: 会話の書式・使うデータ・記録を確かめる。"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from misc.generate import models as models_table
from tinyhub.models import llm_ja, llm_ja_twins
from tinyhub.world import instructions, safety
from tinyhub.world.rag import reader

BASE = replace(
    llm_ja.LlmJaRecipe(),
    vocab_size=3_800,
    hidden_size=48,
    num_hidden_layers=2,
    intermediate_size=64,
    documents={"prose": 60, "posts": 60},
    window=24,
    windows_per_batch=2,
    copying_per_batch=2,
    synthetic_per_batch=2,
    copying_steps=1,
    constant_steps=1,
    steps=2,
    warmup_steps=1,
)
INSTRUCT = replace(
    llm_ja_twins.InstructRecipe(),
    instruction_rows=24,
    reader_rows=16,
    num_train_epochs=1,
    batch_size=8,
    warmup_steps=1,
)
ALIGNED = replace(
    llm_ja_twins.AlignedRecipe(),
    preference_rows=16,
    num_train_epochs=1,
    batch_size=8,
    warmup_steps=1,
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    llm_ja.train(BASE, folder / "work", folder / "out")
    return folder / "out"


def test_chat_template_writes_the_headings_of_the_real_model(base: Path) -> None:
    _, tokenizer = llm_ja_twins.load_base(base)
    messages = [
        {"role": "system", "content": llm_ja_twins.SYSTEM},
        {"role": "user", "content": "一つ"},
        {"role": "assistant", "content": "二つ"},
        {"role": "user", "content": "三つ"},
    ]
    text = tokenizer.apply_chat_template(
        messages, tokenize=False, add_generation_prompt=True
    )
    assert text == (
        f"<s>{llm_ja_twins.SYSTEM}\n\n### 指示:\n一つ\n\n### 応答:\n二つ</s>"
        "\n\n### 指示:\n三つ\n\n### 応答:\n"
    )


def test_only_the_reply_and_its_end_are_marked_as_generation(base: Path) -> None:
    _, tokenizer = llm_ja_twins.load_base(base)
    messages = [
        {"role": "user", "content": "一つ"},
        {"role": "assistant", "content": "二つ"},
    ]
    encoded = tokenizer.apply_chat_template(
        messages, return_dict=True, return_assistant_tokens_mask=True
    )
    marked = [
        token
        for token, mark in zip(
            encoded["input_ids"], encoded["assistant_masks"], strict=True
        )
        if mark
    ]
    assert tokenizer.decode(marked) == "二つ</s>"


def test_rows_come_from_the_training_splits_alone() -> None:
    rows = llm_ja_twins.training_rows(INSTRUCT)
    read = {row["prompt"][-1]["content"] for row in rows}
    held_out = {
        row.conversation[-1].content for row in instructions.generate_checks("test", 60)
    }
    questions = {row.question for row in reader.generate("test", 60)}
    assert len(rows) >= INSTRUCT.instruction_rows + INSTRUCT.reader_rows
    assert not read & held_out
    assert not any(question in text for question in questions for text in read)
    probed = {probe.prompt for probe in safety.probes()}
    pairs = llm_ja_twins.training_rows(ALIGNED)
    assert not probed & {row["prompt"][-1]["content"] for row in pairs}


@pytest.mark.parametrize("recipe", [INSTRUCT, ALIGNED], ids=["instruct", "aligned"])
def test_training_moves_the_weights_and_records_what_it_did(
    recipe: llm_ja_twins.TwinRecipe, base: Path, tmp_path: Path
) -> None:
    made = replace(recipe, base_hash=llm_ja_twins.base_hash(base))
    llm_ja_twins.train(made, base, tmp_path / "work", tmp_path / "out")
    before = LlamaForCausalLM.from_pretrained(base).state_dict()
    after = LlamaForCausalLM.from_pretrained(tmp_path / "out").state_dict()
    assert not all(torch.equal(before[name], after[name]) for name in before)
    assert all(weight.dtype == torch.float32 for weight in after.values())
    record = json.loads((tmp_path / "out/recipe.json").read_text())
    assert record["final"]["rows"] == len(llm_ja_twins.training_rows(made))
    # 一覧表は、どのレシピの記録からも 1 行を作れなければならない。
    (line,) = models_table.table(tmp_path).splitlines()[2:]
    assert f"| {record['recipe']['steps']:,} |" in line
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tmp_path / "out")
    assert tokenizer.chat_template == llm_ja_twins.CHAT_TEMPLATE
    assert llm_ja_twins.is_current(tmp_path / "out", made)
    assert not llm_ja_twins.is_current(tmp_path / "out", replace(made, base_hash="x"))
