"""GPT2-ja: rinna の日本語 GPT-2 と同じ入出力を持つ、練習用の小さなモデルのレシピ。

次のトークンを当てることだけを、世界の地の文で学ぶ。トークナイザも本物と同じ形で、
SentencePiece の spiece.model を T5Tokenizer として読む。
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel, T5Tokenizer

from tinyhub.models.mixed_precision import (
    FP32_ATTENTION,
    half_matmul,
    linear_cross_entropy,
)
from tinyhub.models.pretraining import linear_schedule, matrix_decay_adamw
from tinyhub.models.recipe_record import (
    Stopwatch,
    has_weights_of,
    size_note,
    write_record,
)
from tinyhub.models.small_unigram import train_small_unigram
from tinyhub.models.training_loop import run_steps
from tinyhub.models.world_text import (
    Documents,
    characters,
    fingerprint,
    token_stream,
    tokenizer_lines,
    world_documents,
)

SPECIAL_TOKENS = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}


@dataclass(frozen=True)
class Gpt2JaRecipe:
    """GPT2-ja を決めるすべての数。1 つでも変われば重みは作り直しになる。"""

    version: int = 1
    vocab_size: int = 4_200
    n_embd: int = 96
    n_layer: int = 3
    n_head: int = 4
    n_positions: int = 512
    initializer_range: float = 0.05
    documents: dict[str, int] = field(
        default_factory=lambda: {
            "prose": 8_000,
            "commonsense": 4_000,
            "news": 3_000,
            "ner": 3_000,
            "quiz": 3_000,
            "rag": 2_000,
            "instructions": 3_000,
            "safety": 2_000,
            "posts": 6_000,
            "reviews": 3_000,
            "captions": 4_000,
        }
    )
    tokenizer_documents: int = 1_000
    text_seed: int = 7
    window: int = 128
    windows_per_batch: int = 16
    held_out_windows: int = 64
    steps: int = 5_000
    warmup_steps: int = 200
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    seed: int = 42

    def name(self) -> str:
        return f"gpt2-ja v{self.version}"


def recipe_hash(recipe: Gpt2JaRecipe) -> str:
    """レシピの数値と、事前学習テキストの先頭部分から計算する指紋。"""
    return fingerprint(asdict(recipe), recipe.documents, recipe.text_seed)


def train_tokenizer(
    recipe: Gpt2JaRecipe, documents: Documents, folder: Path
) -> T5Tokenizer:
    """本物と同じ 3 つのファイルを書き、読み込み直して返す。"""
    proto = train_small_unigram(
        tokenizer_lines(documents, recipe.tokenizer_documents),
        recipe.vocab_size,
        characters(documents),
        pad_id=3,
        pad_piece="[PAD]",
        control_symbols="[CLS],[SEP],[MASK]",
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spiece.model").write_bytes(proto.SerializeToString(deterministic=True))
    config = {"tokenizer_class": "T5Tokenizer", "extra_ids": 0, **SPECIAL_TOKENS}
    _write_json(folder / "tokenizer_config.json", config)
    _write_json(folder / "special_tokens_map.json", SPECIAL_TOKENS)
    return T5Tokenizer.from_pretrained(folder)


def _write_json(path: Path, content: object) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def split_stream(
    stream: np.ndarray, recipe: Gpt2JaRecipe
) -> tuple[np.ndarray, torch.Tensor]:
    """(学習に使う id 列、確かめるためだけの窓)。窓は形 (窓の数, window)。"""
    size = min(recipe.held_out_windows, len(stream) // recipe.window // 4)
    cut = len(stream) - size * recipe.window
    windows = stream[cut:].reshape(size, recipe.window).astype(np.int64)
    return stream[:cut], torch.from_numpy(windows)


def batch_at(step: int, stream: np.ndarray, recipe: Gpt2JaRecipe) -> torch.Tensor:
    """step 番目のバッチ、形 (行, window)。step だけで決まる。"""
    rng = np.random.default_rng((recipe.seed, step))
    starts = rng.integers(len(stream) - recipe.window, size=recipe.windows_per_batch)
    rows = [stream[start : start + recipe.window] for start in starts]
    return torch.from_numpy(np.stack(rows).astype(np.int64))


def pretraining_loss(model: GPT2LMHeadModel, ids: torch.Tensor) -> torch.Tensor:
    """次のトークンの交差エントロピーの平均 (ナット)。ids は形 (行, 長さ)。"""
    with half_matmul():
        hidden = model.transformer(ids).last_hidden_state[:, :-1]
    targets = ids[:, 1:].reshape(-1)
    loss = linear_cross_entropy(
        hidden.reshape(len(targets), -1).float(),
        model.lm_head.weight,
        targets,
        torch.ones(len(targets)),
    )
    return loss / len(targets)


@torch.inference_mode()
def evaluate(model: GPT2LMHeadModel, windows: torch.Tensor) -> dict[str, float]:
    """学習に使わなかった窓での、1 トークンあたりの損失 (ナット) と正解率。"""
    losses, right = [], []
    for ids in windows.split(16):
        logits, targets = model(ids).logits[:, :-1], ids[:, 1:]
        losses.append(
            torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        )
        right.append((logits.argmax(dim=-1) == targets).float().mean())
    return {
        "text_loss": torch.stack(losses).mean().item(),
        "next_token_accuracy": torch.stack(right).mean().item(),
    }


def initial_model(recipe: Gpt2JaRecipe, vocab_size: int) -> GPT2LMHeadModel:
    """学習前のモデル。ドロップアウトは 0 のまま渡す (この大きさでは要らない)。"""
    torch.manual_seed(recipe.seed)
    config = GPT2Config(
        vocab_size=vocab_size,
        n_embd=recipe.n_embd,
        n_layer=recipe.n_layer,
        n_head=recipe.n_head,
        n_positions=recipe.n_positions,
        initializer_range=recipe.initializer_range,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=3,
        attn_implementation=FP32_ATTENTION,
    )
    return GPT2LMHeadModel(config).train()


def train(
    recipe: Gpt2JaRecipe, work: Path, output: Path, checkpoint_every: int = 200
) -> None:
    """事前学習して output に重み・設定・語彙・記録を書く。work から再開できる。"""
    stopwatch = Stopwatch()
    documents = world_documents(recipe.documents, recipe.text_seed)
    tokenizer = train_tokenizer(recipe, documents, work / "tokenizer")
    stream, held_out = split_stream(
        token_stream(tokenizer, documents, recipe.seed), recipe
    )
    print(f"地の文 {len(stream):,} トークン、語彙 {len(tokenizer):,}", flush=True)

    model = initial_model(recipe, len(tokenizer))
    optimizer = matrix_decay_adamw(
        model, recipe.learning_rate, recipe.weight_decay, betas=(0.9, 0.95)
    )
    run_steps(
        model,
        optimizer,
        steps=recipe.steps,
        rate_at=lambda step: (
            recipe.learning_rate
            * linear_schedule(step, recipe.steps, recipe.warmup_steps)
        ),
        loss_at=lambda step: pretraining_loss(model, batch_at(step, stream, recipe)),
        work=work,
        checkpoint_every=checkpoint_every,
        report=lambda: evaluate(model, held_out),
    )
    figures = evaluate(model, held_out) | stopwatch.seconds()
    save(model, recipe, output, documents, figures)


def save(
    model: GPT2LMHeadModel,
    recipe: Gpt2JaRecipe,
    output: Path,
    documents: Documents,
    figures: dict[str, float],
) -> None:
    """fp32 の safetensors と、トークナイザと、レシピの記録を書く。"""
    model.config._attn_implementation = "sdpa"
    model.config.tinyhub = size_note(model, recipe.name())
    model.save_pretrained(output)
    train_tokenizer(recipe, documents, output)
    write_record(
        output,
        recipe=asdict(recipe),
        fingerprint=recipe_hash(recipe),
        model=model,
        vocab_size=model.config.vocab_size,
        documents={name: len(docs) for name, docs in documents.items()},
        figures=figures,
    )


def is_current(folder: Path, recipe: Gpt2JaRecipe) -> bool:
    """folder の重みが、いまのレシピから作られたものか。"""
    return has_weights_of(folder, recipe_hash(recipe))
