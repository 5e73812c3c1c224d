"""XLM-R: FacebookAI/xlm-roberta-base と同じ入出力を持つ、練習用の小さなモデルのレシピ。

RoBERTa (Liu et al., 2019) と同じく、動的なマスクの MLM だけで学び、次文予測はしない。
トークナイザは `tokenizers_multilingual` が作った、同じ id のものをそのまま使う。
語彙が 9,002 と大きいので、埋め込みの幅は 64 に抑えてある。
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from transformers import AutoTokenizer, XLMRobertaConfig, XLMRobertaForMaskedLM

from tinyhub.models import tokenizers_multilingual
from tinyhub.models.masked_language import (
    EncodedDocument,
    MaskedBatch,
    Vocabulary,
    encode_documents,
    masked_batch_at,
    masked_figures,
    masked_loss,
)
from tinyhub.models.mixed_precision import FP32_ATTENTION, half_matmul
from tinyhub.models.pretraining import linear_schedule, matrix_decay_adamw
from tinyhub.models.recipe_record import (
    Stopwatch,
    has_weights_of,
    size_note,
    write_record,
)
from tinyhub.models.training_loop import run_steps
from tinyhub.models.world_text import Documents, fingerprint, world_documents

TOKENIZER_FOLDER = tokenizers_multilingual.folder_of(
    tokenizers_multilingual.XLM_ROBERTA
)
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True)
class XlmRobertaRecipe:
    """XLM-R を決めるすべての数。1 つでも変われば重みは作り直しになる。"""

    version: int = 1
    hidden_size: int = 64
    num_hidden_layers: int = 3
    num_attention_heads: int = 4
    intermediate_size: int = 256
    max_position_embeddings: int = 514
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
    held_out_documents: int = 30
    text_seed: int = 7
    max_length: int = 128
    tokens_per_batch: int = 2_048
    mask_rate: float = 0.2
    part_rate: float = 0.5
    steps: int = 5_500
    warmup_steps: int = 300
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    seed: int = 42

    def name(self) -> str:
        return f"xlm-roberta v{self.version}"


def recipe_hash(recipe: XlmRobertaRecipe) -> str:
    """レシピの数値と、トークナイザと、事前学習テキストの先頭部分の指紋。"""
    vocabulary = (TOKENIZER_FOLDER / "tokenizer.json").read_bytes()
    numbers = asdict(recipe) | {"tokenizer": hashlib.sha256(vocabulary).hexdigest()}
    return fingerprint(numbers, recipe.documents, recipe.text_seed)


def batch_at(
    step: int,
    documents: list[EncodedDocument],
    vocabulary: Vocabulary,
    recipe: XlmRobertaRecipe,
) -> MaskedBatch:
    """step 番目のバッチ。step だけで決まるので、中断しても同じ列が続く。"""
    return masked_batch_at(
        step,
        documents,
        vocabulary,
        tokens=recipe.tokens_per_batch,
        max_length=recipe.max_length,
        mask_rate=recipe.mask_rate,
        part_rate=recipe.part_rate,
        seed=recipe.seed,
    )


def pretraining_loss(model: XLMRobertaForMaskedLM, batch: MaskedBatch) -> torch.Tensor:
    """MLM の損失。語彙への射影は、隠した位置だけで行う。"""
    head = model.lm_head
    with half_matmul():
        hidden = model.roberta(
            batch.input_ids, attention_mask=batch.attention_mask
        ).last_hidden_state
        turned = torch.nn.functional.gelu(head.dense(hidden[batch.chosen]))
    return masked_loss(
        head.layer_norm(turned.float()), batch, head.decoder.weight, head.decoder.bias
    )


@torch.inference_mode()
def evaluate(model: XLMRobertaForMaskedLM, batch: MaskedBatch) -> dict[str, float]:
    """学習に使わなかった文書での MLM の損失 (ナット) と正解率。"""
    logits = model(batch.input_ids, attention_mask=batch.attention_mask).logits
    return masked_figures(logits, batch)


def initial_model(recipe: XlmRobertaRecipe, vocab_size: int) -> XLMRobertaForMaskedLM:
    """学習前のモデル。ドロップアウトは 0 のまま渡す (この大きさでは要らない)。"""
    torch.manual_seed(recipe.seed)
    config = XLMRobertaConfig(
        vocab_size=vocab_size,
        hidden_size=recipe.hidden_size,
        num_hidden_layers=recipe.num_hidden_layers,
        num_attention_heads=recipe.num_attention_heads,
        intermediate_size=recipe.intermediate_size,
        max_position_embeddings=recipe.max_position_embeddings,
        initializer_range=recipe.initializer_range,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
        attn_implementation=FP32_ATTENTION,
    )
    return XLMRobertaForMaskedLM(config).train()


def train(
    recipe: XlmRobertaRecipe, work: Path, output: Path, checkpoint_every: int = 300
) -> None:
    """事前学習して output に重み・設定・語彙・記録を書く。work から再開できる。"""
    stopwatch = Stopwatch()
    work.mkdir(parents=True, exist_ok=True)
    documents = world_documents(recipe.documents, recipe.text_seed)
    tokenizer = AutoTokenizer.from_pretrained(TOKENIZER_FOLDER)
    vocabulary = Vocabulary.of(tokenizer)
    apart = recipe.held_out_documents
    train_documents = encode_documents(
        tokenizer, [doc for docs in documents.values() for doc in docs[:-apart]]
    )
    unseen = encode_documents(
        tokenizer, [doc for docs in documents.values() for doc in docs[-apart:]]
    )
    held_out = batch_at(0, unseen, vocabulary, recipe)

    model = initial_model(recipe, vocabulary.size)
    optimizer = matrix_decay_adamw(
        model, recipe.learning_rate, recipe.weight_decay, betas=(0.9, 0.98)
    )
    run_steps(
        model,
        optimizer,
        steps=recipe.steps,
        rate_at=lambda step: (
            recipe.learning_rate
            * linear_schedule(step, recipe.steps, recipe.warmup_steps)
        ),
        loss_at=lambda step: pretraining_loss(
            model, batch_at(step, train_documents, vocabulary, recipe)
        ),
        work=work,
        checkpoint_every=checkpoint_every,
        report=lambda: evaluate(model, held_out),
    )
    figures = evaluate(model, held_out) | stopwatch.seconds()
    save(model, recipe, output, documents, figures)


def save(
    model: XLMRobertaForMaskedLM,
    recipe: XlmRobertaRecipe,
    output: Path,
    documents: Documents,
    figures: dict[str, float],
) -> None:
    """fp32 の safetensors と、トークナイザと、レシピの記録を書く。"""
    model.config._attn_implementation = "sdpa"
    # 新しく足す分類ヘッドの初期値は、本物と同じ大きさにする。
    model.config.initializer_range = 0.02
    model.config.tinyhub = size_note(model, recipe.name())
    model.save_pretrained(output)
    for name in TOKENIZER_FILES:
        shutil.copyfile(TOKENIZER_FOLDER / name, output / name)
    write_record(
        output,
        recipe=asdict(recipe),
        fingerprint=recipe_hash(recipe),
        model=model,
        vocab_size=model.config.vocab_size,
        documents={name: len(docs) for name, docs in documents.items()},
        figures=figures,
    )


def is_current(folder: Path, recipe: XlmRobertaRecipe) -> bool:
    """folder の重みが、いまのレシピから作られたものか。"""
    return has_weights_of(folder, recipe_hash(recipe))
