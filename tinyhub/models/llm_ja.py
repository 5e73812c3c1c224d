"""LLM-ja: llm-jp-3 と同じ入出力 (Llama) を持つ、練習用の小さな言語モデルのレシピ。

事前学習は次のトークンを当てるだけである。見せるのは 2 種類。

- `tinyhub.world` が作る、ラベルのない地の文。
- 無作為な部分語からなる、意味のない合成の列 (`tinyhub.models.statements`)。文脈の中の
  値を写すことを覚えるためのもので、覚えて答えられる事実は含まない。

課題の形をした行、会話、検証・テスト分割の文は入らない
(tests/unit/test_models_llm_ja.py)。
初期値は `tinyhub.models.induction` が作る。組み込んだ写す注意は、地の文を混ぜて始める
と育つ前に壊れるので、はじめの copying_steps は合成の列だけを読み、そのあとで地の文を
加える。
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, processors
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tinyhub.models import induction
from tinyhub.models.mixed_precision import (
    FP32_ATTENTION,
    half_matmul,
    linear_cross_entropy,
)
from tinyhub.models.pretraining import matrix_decay_adamw
from tinyhub.models.recipe_record import (
    Stopwatch,
    has_weights_of,
    size_note,
    write_record,
)
from tinyhub.models.statements import Family, Sequence, StatementWriter
from tinyhub.models.tokenizers_multilingual import train_unigram
from tinyhub.models.training_loop import run_steps
from tinyhub.models.world_text import (
    Documents,
    fingerprint,
    token_stream,
    tokenizer_lines,
    world_documents,
)
from tinyhub.world.rag import text as rag_text

FRAMES_PER_ATTRIBUTE, FRAMES_SEED = 60, 5
HELD_OUT_ROWS = 60
SPECIAL_TOKENS = {
    "unk_token": "<unk>",
    "bos_token": "<s>",
    "eos_token": "</s>",
    "pad_token": "<PAD|LLM-jp>",
    "sep_token": "<SEP|LLM-jp>",
    "cls_token": "<CLS|LLM-jp>",
    "mask_token": "<MASK|LLM-jp>",
}


@dataclass(frozen=True)
class LlmJaRecipe:
    """LLM-ja を決めるすべての数。1 つでも変われば重みは作り直しになる。"""

    version: int = 6
    vocab_size: int = 6_000
    hidden_size: int = 192
    num_hidden_layers: int = 4
    num_attention_heads: int = 3
    intermediate_size: int = 512
    max_position_embeddings: int = 1_024
    rope_theta: float = 500_000.0
    documents: dict[str, int] = field(
        default_factory=lambda: {
            "prose": 8_000,
            "commonsense": 16_000,
            "news": 3_000,
            "ner": 4_000,
            "quiz": 6_000,
            "rag": 14_000,
            "instructions": 6_000,
            "safety": 3_000,
            "posts": 3_000,
            "reviews": 2_000,
            "captions": 4_000,
        }
    )
    tokenizer_documents: int = 1_000
    text_seed: int = 7
    # はじめの copying_steps は合成の列だけ、そのあとは地の文も読む。
    copying_steps: int = 2_500
    # 学習率は、constant_steps まで一定、そのあと restarts のはじめで 0 になるように
    # 下がる。restarts の各ステップで restart_scale 倍から始め直し、次で再び 0 になる。
    constant_steps: int = 2_000
    restarts: tuple[int, ...] = (4_300, 7_000, 10_500)
    restart_scale: float = 0.6
    steps: int = 14_000
    window: int = 128
    windows_per_batch: int = 14
    copying_per_batch: int = 24
    synthetic_per_batch: int = 16
    # later_from からは、地の文を減らして、合成の列を増やす。
    later_from: int = 7_000
    later_windows_per_batch: int = 8
    later_synthetic_per_batch: int = 24
    # crossing_from からは、手引きの列で、一つの名前にいくつもの属性を述べる。
    crossing_from: int = 10_500
    crossing_facts: int = 3
    # 鍵と値の列、短い骨組みの列、手引きの骨組みの列の割合。
    synthetic_shares: tuple[float, float, float] = (0.1, 0.4, 0.5)
    # 1 行の長さ。短い列は、これを超えないようにつなげて 1 行にする。
    line: int = 256
    text_weight: float = 0.3
    # 写す先を選ぶトークンの損失の重み (ほかの写すトークンは 1)。
    choice_weight: float = 5.0
    warmup_steps: int = 50
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    seed: int = 42

    def name(self) -> str:
        return f"llm-ja v{self.version}"


def source_documents(recipe: LlmJaRecipe) -> Documents:
    """事前学習に使う文書 (文のリスト) を、出どころごとに作る。"""
    return world_documents(recipe.documents, recipe.text_seed)


def recipe_hash(recipe: LlmJaRecipe) -> str:
    """レシピの数値と、事前学習テキストの先頭部分から計算する指紋。"""
    return fingerprint(asdict(recipe), recipe.documents, recipe.text_seed)


def train_tokenizer(
    recipe: LlmJaRecipe, documents: Documents, folder: Path
) -> PreTrainedTokenizerFast:
    """バイトに戻れるユニグラム。本物と同じ特殊トークンと、同じ 2 つのファイル。"""
    lines = tokenizer_lines(documents, recipe.tokenizer_documents)
    pieces = train_unigram(lines, recipe.vocab_size, True, False)
    backend = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=True))
    backend.normalizer = normalizers.Replace(" ", "▁")
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, **SPECIAL_TOKENS)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 4096,
        "clean_up_tokenization_spaces": False,
        **SPECIAL_TOKENS,
    }
    text = json.dumps(config, ensure_ascii=False, indent=1) + "\n"
    (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")
    return PreTrainedTokenizerFast.from_pretrained(folder)


def statement_writer(
    tokenizer: PreTrainedTokenizerFast, recipe: LlmJaRecipe
) -> StatementWriter:
    """tokenizer の文字からなる部分語を、名前と値に使う。"""
    names = {i: piece for piece, i in tokenizer.get_vocab().items()}
    pieces = [
        index
        for index, piece in sorted(names.items())
        if not piece.startswith("<") and piece.isalnum()
    ]
    return StatementWriter(
        lambda text: tokenizer.encode(text, add_special_tokens=False),
        np.array(pieces),
        tokenizer.bos_token_id,
        tokenizer.eos_token_id,
        map(
            Family,
            rag_text.frames(FRAMES_PER_ATTRIBUTE, FRAMES_SEED),
            rag_text.topics(),
        ),
        choice_weight=recipe.choice_weight,
        asking=True,
    )


@dataclass(frozen=True)
class Batch:
    """形はどれも (行, 長さ)。weights は各トークンを当てる損失の重み。"""

    ids: torch.Tensor
    weights: torch.Tensor
    copied: torch.Tensor


def batch_at(
    step: int, stream: np.ndarray, writer: StatementWriter, recipe: LlmJaRecipe
) -> Batch:
    """step 番目のバッチ。step だけで決まるので、中断しても同じ列が続く。"""
    rng = np.random.default_rng((recipe.seed, step))
    windows, count = _shape(step, recipe)
    rows = _windows(stream, recipe, windows, rng)
    crossing = recipe.crossing_facts if step >= recipe.crossing_from else 0
    kinds = (
        writer.keys_and_values,
        writer.statements_and_restatements,
        partial(writer.guides, crossing=crossing),
    )
    for kind in rng.choice(len(kinds), count, p=recipe.synthetic_shares):
        rows.append(kinds[kind](rng))
    return _padded(_joined(rows, recipe.line))


def _shape(step: int, recipe: LlmJaRecipe) -> tuple[int, int]:
    """地の文の窓の数と、合成の列の数。"""
    if step < recipe.copying_steps:
        return 0, recipe.copying_per_batch
    if step < recipe.later_from:
        return recipe.windows_per_batch, recipe.synthetic_per_batch
    return recipe.later_windows_per_batch, recipe.later_synthetic_per_batch


def _windows(
    stream: np.ndarray, recipe: LlmJaRecipe, count: int, rng: np.random.Generator
) -> list[Sequence]:
    size = recipe.window
    if not count:
        return []
    starts = rng.integers(len(stream) - size, size=count).tolist()
    return [
        Sequence(
            stream[start : start + size].tolist(),
            [recipe.text_weight] * size,
            [False] * size,
        )
        for start in starts
    ]


def _joined(rows: list[Sequence], longest: int) -> list[Sequence]:
    """長さが longest を超えないように、列をつなげる。"""
    lines: list[Sequence] = []
    for row in rows:
        for line in lines:
            if len(line.ids) + len(row.ids) <= longest:
                line.ids.extend(row.ids)
                # つなぎ目の先頭は、前の列からは読めない。
                line.weights.extend([0.0, *row.weights[1:]])
                line.copied.extend(row.copied)
                break
        else:
            lines.append(row)
    return lines


def _padded(rows: list[Sequence]) -> Batch:
    width = max(len(row.ids) for row in rows)
    ids = np.zeros((len(rows), width), dtype=np.int64)
    weights = np.zeros((len(rows), width), dtype=np.float32)
    copied = np.zeros((len(rows), width), dtype=bool)
    for index, row in enumerate(rows):
        length = len(row.ids)
        ids[index, :length], weights[index, :length] = row.ids, row.weights
        copied[index, :length] = row.copied
    return Batch(*(torch.from_numpy(array) for array in (ids, weights, copied)))


def pretraining_loss(model: LlamaForCausalLM, batch: Batch) -> torch.Tensor:
    """重み付きの次トークン損失。語彙への射影は、重みのある位置だけで行う。"""
    with half_matmul():
        hidden = model.model(batch.ids).last_hidden_state[:, :-1]
    weights, targets = batch.weights[:, 1:], batch.ids[:, 1:]
    scored = weights > 0
    loss = linear_cross_entropy(
        hidden[scored].float(),
        model.lm_head.weight,
        targets[scored],
        weights[scored],
    )
    return loss / weights.sum()


@dataclass(frozen=True)
class HeldOut:
    """学習に使わない乱数で作った、評価用のバッチ。"""

    text: Batch
    statements: Batch
    guides: Batch
    crossing: Batch


def held_out_batches(
    stream: np.ndarray, writer: StatementWriter, recipe: LlmJaRecipe
) -> HeldOut:
    """地の文の窓と、合成の列を種類ごとに。"""
    rng = np.random.default_rng(recipe.seed + 1)
    rows = range(HELD_OUT_ROWS)
    return HeldOut(
        _padded(_windows(stream, recipe, recipe.windows_per_batch, rng)),
        _padded([writer.statements_and_restatements(rng) for _ in rows]),
        _padded([writer.guides(rng) for _ in rows]),
        _padded([writer.guides(rng, recipe.crossing_facts) for _ in rows]),
    )


@torch.inference_mode()
def evaluate(model: LlamaForCausalLM, held_out: HeldOut) -> dict[str, float]:
    """地の文の損失 (ナット) と、写す先を選ぶトークン・写すトークンの正解率。"""
    hidden = model.model(held_out.text.ids).last_hidden_state[:, :-1]
    losses = torch.nn.functional.cross_entropy(
        model.lm_head(hidden.flatten(0, 1)), held_out.text.ids[:, 1:].flatten()
    )
    figures = {"text_loss": losses.item()}
    for name in ("statements", "guides", "crossing"):
        batch: Batch = getattr(held_out, name)
        copied = batch.copied[:, 1:]
        hidden = model.model(batch.ids).last_hidden_state[:, :-1][copied]
        right = model.lm_head(hidden).argmax(dim=-1) == batch.ids[:, 1:][copied]
        choice = batch.weights[:, 1:][copied] > 1
        figures[f"{name}_choice"] = right[choice].float().mean().item()
        figures[f"{name}_copy"] = right.float().mean().item()
    return figures


def initial_model(recipe: LlmJaRecipe, vocab_size: int) -> LlamaForCausalLM:
    """写す注意を組み込んだ、学習前のモデル。"""
    torch.manual_seed(recipe.seed)
    config = LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=recipe.hidden_size,
        num_hidden_layers=recipe.num_hidden_layers,
        num_attention_heads=recipe.num_attention_heads,
        num_key_value_heads=recipe.num_attention_heads,
        head_dim=recipe.hidden_size // recipe.num_attention_heads,
        intermediate_size=recipe.intermediate_size,
        max_position_embeddings=recipe.max_position_embeddings,
        rope_parameters={"rope_type": "default", "rope_theta": recipe.rope_theta},
        tie_word_embeddings=True,
        attn_implementation=FP32_ATTENTION,
        bos_token_id=1,
        eos_token_id=2,
    )
    model = LlamaForCausalLM(config)
    induction.install(model)
    return model.train()


def rate_scale(step: int, recipe: LlmJaRecipe) -> float:
    """学習率に掛ける 0 から 1 の数。"""
    starts = [start for start in recipe.restarts if start <= step]
    if not starts:
        end = recipe.restarts[0]
        remaining = (end - step) / (end - recipe.constant_steps)
        return min(1.0, (step + 1) / recipe.warmup_steps, remaining)
    start = starts[-1]
    end = (*recipe.restarts, recipe.steps)[len(starts)]
    warm = (step - start + 1) / recipe.warmup_steps
    remaining = (end - step) / (end - start)
    return recipe.restart_scale * min(1.0, warm, remaining)


def train(
    recipe: LlmJaRecipe, work: Path, output: Path, checkpoint_every: int = 200
) -> None:
    """事前学習して output に重み・設定・語彙・記録を書く。work から再開できる。"""
    stopwatch = Stopwatch()
    documents = source_documents(recipe)
    work.mkdir(parents=True, exist_ok=True)
    tokenizer = train_tokenizer(recipe, documents, work / "tokenizer")
    stream = token_stream(tokenizer, documents, recipe.seed)
    writer = statement_writer(tokenizer, recipe)
    print(f"地の文 {len(stream):,} トークン、語彙 {len(tokenizer):,}", flush=True)

    model = initial_model(recipe, len(tokenizer))
    optimizer = matrix_decay_adamw(
        model, recipe.learning_rate, recipe.weight_decay, betas=(0.9, 0.95)
    )
    held_out = held_out_batches(stream, writer, recipe)
    run_steps(
        model,
        optimizer,
        steps=recipe.steps,
        rate_at=lambda step: recipe.learning_rate * rate_scale(step, recipe),
        loss_at=lambda step: pretraining_loss(
            model, batch_at(step, stream, writer, recipe)
        ),
        work=work,
        checkpoint_every=checkpoint_every,
        report=lambda: evaluate(model, held_out),
    )
    figures = evaluate(model, held_out) | stopwatch.seconds()
    save(model, recipe, output, documents, figures)


def save(
    model: LlamaForCausalLM,
    recipe: LlmJaRecipe,
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


def is_current(folder: Path, recipe: LlmJaRecipe) -> bool:
    """folder の重みが、いまのレシピから作られたものか。"""
    return has_weights_of(folder, recipe_hash(recipe))
