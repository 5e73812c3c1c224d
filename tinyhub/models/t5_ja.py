"""T5-ja: retrieva-jp の T5 v1.1 と同じ入出力を持つ、練習用の小さな符号化・復号モデル。

事前学習は穴埋めだけである (`tinyhub.models.infilling`)。見せるのは 2 種類。

- `tinyhub.world` が作る、ラベルのない地の文 (LLM-ja と同じ出どころ)。
- 無作為な部分語からなる、意味のない合成の列。入力の値を写すことを覚えるためのもの。

記事と見出しの組など、課題の形をした行や、検証・テスト分割の文は入らない。
初期値は `tinyhub.models.cross_copy` が作る。

本物の T5 v1.1 は入力の埋め込みと出力の射影を分けているが、ここでは大きさの上限のために
共有する (T5 の元の版と同じ形になる)。
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

from tinyhub.models import cross_copy
from tinyhub.models.infilling_batches import (
    EOS,
    EXTRA_IDS,
    PAD,
    Batch,
    InfillingWriter,
    Mixture,
    batch_at,
)
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
from tinyhub.models.training_loop import run_steps
from tinyhub.models.word_unigram import word_unigram
from tinyhub.models.world_text import (
    Documents,
    fingerprint,
    tokenizer_lines,
    world_documents,
)

SPECIAL_TOKENS = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


@dataclass(frozen=True)
class T5JaRecipe:
    """T5-ja を決めるすべての数。1 つでも変われば重みは作り直しになる。"""

    version: int = 1
    vocab_size: int = 6_000
    d_model: int = 128
    d_kv: int = 32
    d_ff: int = 256
    num_layers: int = 2
    num_decoder_layers: int = 2
    num_heads: int = 4
    documents: dict[str, int] = field(
        default_factory=lambda: {
            "prose": 8_000,
            "commonsense": 4_000,
            "news": 14_000,
            "ner": 4_000,
            "quiz": 6_000,
            "rag": 4_000,
            "instructions": 2_000,
            "safety": 1_000,
            "posts": 3_000,
            "reviews": 2_000,
            "captions": 3_000,
        }
    )
    tokenizer_documents: int = 2_000
    text_seed: int = 7
    mixture: Mixture = Mixture()
    steps: int = 5_000
    warmup_steps: int = 200
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    seed: int = 42

    def name(self) -> str:
        return f"t5-ja v{self.version}"


def recipe_hash(recipe: T5JaRecipe) -> str:
    """レシピの数値と、事前学習テキストの先頭部分から計算する指紋。"""
    return fingerprint(asdict(recipe), recipe.documents, recipe.text_seed)


def train_tokenizer(
    recipe: T5JaRecipe, documents: Documents, folder: Path
) -> T5Tokenizer:
    """NFKC で正規化するユニグラム。本物と同じ 3 つのファイルを書き、読み込み直す。"""
    proto = word_unigram(
        tokenizer_lines(documents, recipe.tokenizer_documents),
        recipe.vocab_size - EXTRA_IDS,
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spiece.model").write_bytes(proto.SerializeToString(deterministic=True))
    extra = [f"<extra_id_{index}>" for index in range(EXTRA_IDS)]
    special = {"additional_special_tokens": extra, **SPECIAL_TOKENS}
    kind = {"extra_ids": EXTRA_IDS, "tokenizer_class": "T5Tokenizer"}
    _write_json(folder / "special_tokens_map.json", special)
    _write_json(folder / "tokenizer_config.json", kind | special)
    return T5Tokenizer.from_pretrained(folder)


def _write_json(path: Path, content: object) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def pretraining_loss(model: T5ForConditionalGeneration, batch: Batch) -> torch.Tensor:
    """目的の列の平均損失。語彙への射影は、詰め物でない位置だけで行う。"""
    shifted = torch.nn.functional.pad(batch.target[:, :-1], (1, 0), value=PAD)
    mask = (batch.source != PAD).long()
    with half_matmul():
        memory = model.encoder(batch.source, attention_mask=mask).last_hidden_state
        hidden = model.decoder(
            shifted,
            encoder_hidden_states=memory,
            encoder_attention_mask=mask,
            use_cache=False,
        ).last_hidden_state
    scored = batch.target != PAD
    targets = batch.target[scored]
    # 埋め込みを共有する T5 は、出力に掛ける前に隠れ状態をこの倍率で縮める。
    states = hidden[scored].float() * model.config.d_model**-0.5
    loss = linear_cross_entropy(
        states, model.shared.weight, targets, torch.ones(len(targets))
    )
    return loss / len(targets)


@torch.inference_mode()
def evaluate(model: T5ForConditionalGeneration, batch: Batch) -> dict[str, float]:
    """写せないトークンの損失 (ナット) と、写せるトークンの正解率。"""
    logits = model(
        input_ids=batch.source,
        attention_mask=(batch.source != PAD).long(),
        labels=batch.target,
    ).logits
    other = (batch.target != PAD) & ~batch.copied
    loss = torch.nn.functional.cross_entropy(logits[other], batch.target[other])
    right = logits[batch.copied].argmax(dim=-1) == batch.target[batch.copied]
    return {
        "infilling_loss": loss.item(),
        "copy_accuracy": right.float().mean().item(),
    }


def initial_model(recipe: T5JaRecipe, vocab_size: int) -> T5ForConditionalGeneration:
    """写す注意を組み込んだ、学習前のモデル。

    ドロップアウトは 0 のまま渡す (この大きさでは、微調整でも要らない)。
    """
    torch.manual_seed(recipe.seed)
    config = T5Config(
        vocab_size=vocab_size,
        d_model=recipe.d_model,
        d_kv=recipe.d_kv,
        d_ff=recipe.d_ff,
        num_layers=recipe.num_layers,
        num_decoder_layers=recipe.num_decoder_layers,
        num_heads=recipe.num_heads,
        feed_forward_proj="gated-gelu",
        dropout_rate=0.0,
        pad_token_id=PAD,
        eos_token_id=EOS,
        decoder_start_token_id=PAD,
        attn_implementation=FP32_ATTENTION,
    )
    model = T5ForConditionalGeneration(config)
    cross_copy.install(model)
    return model.train()


def train(
    recipe: T5JaRecipe, work: Path, output: Path, checkpoint_every: int = 200
) -> None:
    """事前学習して output に重み・設定・語彙・記録を書く。work から再開できる。"""
    stopwatch = Stopwatch()
    documents = world_documents(recipe.documents, recipe.text_seed)
    tokenizer = train_tokenizer(recipe, documents, work / "tokenizer")
    writer = InfillingWriter(recipe.mixture, tokenizer, documents)
    tokens = sum(map(len, writer.documents))
    print(f"地の文 {tokens:,} トークン、語彙 {len(tokenizer):,}", flush=True)

    model = initial_model(recipe, len(tokenizer))
    optimizer = matrix_decay_adamw(
        model, recipe.learning_rate, recipe.weight_decay, betas=(0.9, 0.98)
    )
    held_out = batch_at(0, writer, recipe.seed + 1)
    run_steps(
        model,
        optimizer,
        steps=recipe.steps,
        rate_at=lambda step: (
            recipe.learning_rate
            * linear_schedule(step, recipe.steps, recipe.warmup_steps)
        ),
        loss_at=lambda step: pretraining_loss(
            model, batch_at(step, writer, recipe.seed)
        ),
        work=work,
        checkpoint_every=checkpoint_every,
        report=lambda: evaluate(model, held_out),
    )
    figures = evaluate(model, held_out) | stopwatch.seconds()
    save(model, recipe, output, documents, figures)


def save(
    model: T5ForConditionalGeneration,
    recipe: T5JaRecipe,
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


def is_current(folder: Path, recipe: T5JaRecipe) -> bool:
    """folder の重みが、いまのレシピから作られたものか。"""
    return has_weights_of(folder, recipe_hash(recipe))
