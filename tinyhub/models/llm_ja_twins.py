"""LLM-ja を指示データと選好データで調整した、公開モデルの代役のレシピ。

- `llm-ja-instruct`: 基盤を、指示への返事だけを当てるように微調整する (SFT)。
- `llm-ja-aligned`: それを、選ばれた返事を好むように調整する (DPO, Rafailov et al.,
  2023)。DPO だけでは選ばれた返事の確率まで下がり、小さなモデルの文が壊れるので、
  選ばれた返事の負の対数尤度を足す (Pang et al., 2024)。

使うのは訓練分割だけである。学習は trl の SFTTrainer と DPOTrainer で行い、チャット
テンプレートは本物の llm-jp-3 の instruct モデルと同じ文字列を作る。
"""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from tinyhub.models.mixed_precision import FP32_ATTENTION
from tinyhub.models.recipe_record import (
    Stopwatch,
    has_weights_of,
    size_note,
    write_record,
)
from tinyhub.world import instructions, safety
from tinyhub.world.rag import chat, reader

SYSTEM = "以下は、タスクを説明する指示です。要求を適切に満たす応答を書きなさい。"
# 指示と応答の見出しは本物と同じ。返事だけに損失をかけられるように、返事の範囲を
# generation で示す (transformers の return_assistant_tokens_mask)。
CHAT_TEMPLATE = (
    "{{- bos_token }}"
    "{%- for message in messages %}"
    "{%- if message['role'] == 'system' %}{{- message['content'] }}"
    "{%- elif message['role'] == 'user' %}"
    "{{- '\\n\\n### 指示:\\n' + message['content'] }}"
    "{%- elif message['role'] == 'assistant' %}"
    "{{- '\\n\\n### 応答:\\n' }}"
    "{%- generation %}{{- message['content'] + eos_token }}{%- endgeneration %}"
    "{%- endif %}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '\\n\\n### 応答:\\n' }}{%- endif %}"
)


@dataclass(frozen=True)
class InstructRecipe:
    """llm-ja-instruct を決めるすべての数。"""

    version: int = 1
    base_hash: str = ""
    instruction_rows: int = 6_000
    reader_rows: int = 12_000
    data_seed: int = 11
    system_rate: float = 0.5
    num_train_epochs: int = 3
    batch_size: int = 32
    learning_rate: float = 1e-3
    warmup_steps: int = 50
    seed: int = 42

    def name(self) -> str:
        return f"llm-ja-instruct v{self.version}"


@dataclass(frozen=True)
class AlignedRecipe:
    """llm-ja-aligned を決めるすべての数。"""

    version: int = 2
    base_hash: str = ""
    preference_rows: int = 2_000
    system_rate: float = 0.5
    num_train_epochs: int = 3
    batch_size: int = 16
    learning_rate: float = 3e-4
    warmup_steps: int = 20
    beta: float = 0.1
    likelihood_weight: float = 1.0
    seed: int = 42

    def name(self) -> str:
        return f"llm-ja-aligned v{self.version}"


TwinRecipe = InstructRecipe | AlignedRecipe
Row = dict[str, list[dict[str, str]]]


def base_hash(folder: Path) -> str:
    """もとのモデルのレシピの指紋。もとが変われば作り直しになる。"""
    return json.loads((folder / "recipe.json").read_text())["hash"]


def recipe_hash(recipe: TwinRecipe) -> str:
    """レシピの数値と、訓練データから計算する指紋。"""
    digest = hashlib.sha256(json.dumps(asdict(recipe), sort_keys=True).encode())
    digest.update(json.dumps(training_rows(recipe), ensure_ascii=False).encode())
    return digest.hexdigest()[:16]


def training_rows(recipe: TwinRecipe) -> list[Row]:
    """trl の会話形式の行。prompt と、completion か、chosen と rejected。"""
    if isinstance(recipe, InstructRecipe):
        return _instruct_rows(recipe)
    return _preference_rows(recipe)


def _system(rng: random.Random, rate: float) -> list[dict[str, str]]:
    return [{"role": "system", "content": SYSTEM}] if rng.random() < rate else []


def _instruct_rows(recipe: InstructRecipe) -> list[Row]:
    """会話の返事の一つ一つを 1 行にする。"""
    rng = random.Random(f"twin/{recipe.data_seed}")
    dialogues = instructions.generate("train", recipe.instruction_rows)
    passages = reader.generate("train", recipe.reader_rows)
    dialogues += chat.dialogues(passages, recipe.data_seed)
    rows: list[Row] = []
    for dialogue in dialogues:
        start = _system(rng, recipe.system_rate)
        messages = [asdict(message) for message in dialogue.conversation]
        for index, message in enumerate(messages):
            if message["role"] == "assistant":
                prompt = [*start, *messages[:index]]
                rows.append({"prompt": prompt, "completion": [message]})
    rng.shuffle(rows)
    return rows


def _preference_rows(recipe: AlignedRecipe) -> list[Row]:
    rng = random.Random(f"twin/{recipe.seed}")
    rows: list[Row] = []
    for pair in safety.generate("train", recipe.preference_rows):
        user = {"role": "user", "content": pair.prompt}
        chosen, rejected = (
            [{"role": "assistant", "content": text}]
            for text in (pair.chosen, pair.rejected)
        )
        prompt = [*_system(rng, recipe.system_rate), user]
        rows.append({"prompt": prompt, "chosen": chosen, "rejected": rejected})
    return rows


def load_base(folder: Path) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """もとのモデルと、チャットテンプレートを持つトークナイザ。"""
    model = LlamaForCausalLM.from_pretrained(
        folder, attn_implementation=FP32_ATTENTION, dtype=torch.float32
    )
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    tokenizer.chat_template = CHAT_TEMPLATE
    return model, tokenizer


def train(recipe: TwinRecipe, base: Path, work: Path, output: Path) -> None:
    """base を調整して output に書く。work の最後のチェックポイントから再開できる。"""
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

    stopwatch = Stopwatch()
    model, tokenizer = load_base(base)
    rows = training_rows(recipe)
    dataset = Dataset.from_list(rows)
    common: dict[str, Any] = {
        "output_dir": str(work),
        "num_train_epochs": recipe.num_train_epochs,
        "per_device_train_batch_size": recipe.batch_size,
        "learning_rate": recipe.learning_rate,
        "warmup_steps": recipe.warmup_steps,
        "lr_scheduler_type": "linear",
        "seed": recipe.seed,
        "bf16": True,
        "use_cpu": True,
        "logging_steps": 50,
        "save_steps": 200,
        "save_total_limit": 1,
        "max_length": 512,
        "gradient_checkpointing": False,
        "dataloader_pin_memory": False,
        "report_to": "none",
        "disable_tqdm": True,
    }
    if isinstance(recipe, InstructRecipe):
        config = SFTConfig(**common, train_sampling_strategy="group_by_length")
        trainer = SFTTrainer(
            model, config, train_dataset=dataset, processing_class=tokenizer
        )
    else:
        trainer = DPOTrainer(
            model,
            args=DPOConfig(
                **common,
                beta=recipe.beta,
                loss_type=["sigmoid", "sft"],
                loss_weights=[1.0, recipe.likelihood_weight],
            ),
            train_dataset=dataset,
            processing_class=tokenizer,
        )
    last = sorted(work.glob("checkpoint-*"))
    result = trainer.train(resume_from_checkpoint=bool(last))
    save(
        trainer.model,
        tokenizer,
        recipe,
        output,
        {
            "rows": len(rows),
            "train_loss": result.training_loss,
            **stopwatch.seconds(),
        },
        result.global_step,
    )


def save(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    recipe: TwinRecipe,
    output: Path,
    figures: dict[str, float],
    steps: int,
) -> None:
    """fp32 の safetensors と、テンプレートつきのトークナイザと、記録を書く。"""
    model.config._attn_implementation = "sdpa"
    model.config.tinyhub = size_note(model, recipe.name())
    model.save_pretrained(output)
    tokenizer.save_pretrained(output)
    write_record(
        output,
        recipe=asdict(recipe) | {"steps": steps},
        fingerprint=recipe_hash(recipe),
        model=model,
        vocab_size=len(tokenizer),
        documents=_row_counts(recipe),
        figures=figures,
    )


def _row_counts(recipe: TwinRecipe) -> dict[str, int]:
    """読んだデータの件数。"""
    if isinstance(recipe, InstructRecipe):
        return {"instructions": recipe.instruction_rows, "reader": recipe.reader_rows}
    return {"preferences": recipe.preference_rows}


def is_current(folder: Path, recipe: TwinRecipe) -> bool:
    """folder の重みが、いまのレシピから作られたものか。"""
    return has_weights_of(folder, recipe_hash(recipe))
