"""E5-small: intfloat/multilingual-e5-small と同じ入出力の、練習用の小さな文埋め込み。

本物と同じく BertModel を平均プーリングで使い、入力の先頭に "query: " か "passage: " を
付ける。学習は 2 段階で、どちらもラベルのない地の文だけを使う。

1. マスク言語モデル (MLM)。
2. 対照学習。同じ文書から取った 2 つの部分を近づける (`contrastive_pairs`)。
   クイズや手引きの「問題と正解の文書」の組は使わない。
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForPreTraining,
    PreTrainedTokenizerBase,
    XLMRobertaTokenizer,
)

from tinyhub.models.contrastive_pairs import (
    PairShape,
    contrastive_loss,
    mean_pooled,
    positive_pair,
)
from tinyhub.models.masked_language import (
    EncodedDocument,
    MaskedBatch,
    Vocabulary,
    encode_documents,
    masked_batch_at,
    masked_figures,
    masked_loss,
    pad_rows,
)
from tinyhub.models.mixed_precision import FP32_ATTENTION, half_matmul
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
    tokenizer_lines,
    world_documents,
)

PREFIXES = ("query: ", "passage: ")
PREFIX_PIECES = ("▁query", "▁passage")
MAX_SEQUENCE_LENGTH = 512


@dataclass(frozen=True)
class E5SmallRecipe:
    """E5-small を決めるすべての数。1 つでも変われば重みは作り直しになる。"""

    version: int = 1
    vocab_size: int = 4_000
    hidden_size: int = 96
    num_hidden_layers: int = 3
    num_attention_heads: int = 4
    intermediate_size: int = 384
    initializer_range: float = 0.05
    documents: dict[str, int] = field(
        default_factory=lambda: {
            "prose": 8_000,
            "commonsense": 4_000,
            "news": 3_000,
            "ner": 3_000,
            "quiz": 8_000,
            "rag": 4_000,
            "instructions": 2_000,
            "safety": 1_000,
            "posts": 3_000,
            "reviews": 2_000,
            "captions": 3_000,
        }
    )
    tokenizer_documents: int = 1_000
    held_out_documents: int = 30
    text_seed: int = 7
    max_length: int = 128
    tokens_per_batch: int = 2_048
    mask_rate: float = 0.2
    part_rate: float = 0.5
    pairs: PairShape = PairShape()
    pairs_per_batch: int = 64
    temperature: float = 0.05
    masked_steps: int = 2_400
    contrastive_steps: int = 2_400
    warmup_steps: int = 200
    learning_rate: float = 2e-3
    contrastive_learning_rate: float = 1e-3
    weight_decay: float = 0.01
    seed: int = 42

    @property
    def steps(self) -> int:
        return self.masked_steps + self.contrastive_steps

    def name(self) -> str:
        return f"e5-small v{self.version}"


def recipe_numbers(recipe: E5SmallRecipe) -> dict[str, object]:
    """記録に残す数。steps は 2 段階の合計。"""
    return asdict(recipe) | {"steps": recipe.steps}


def recipe_hash(recipe: E5SmallRecipe) -> str:
    """レシピの数値と、事前学習テキストの先頭部分から計算する指紋。"""
    return fingerprint(recipe_numbers(recipe), recipe.documents, recipe.text_seed)


def train_tokenizer(
    recipe: E5SmallRecipe, documents: Documents, folder: Path
) -> PreTrainedTokenizerBase:
    """XLM-R と同じ並びのユニグラムを書き、読み込み直して返す。"""
    pieces = train_small_unigram(
        tokenizer_lines(documents, recipe.tokenizer_documents),
        recipe.vocab_size - len(PREFIX_PIECES) - 2,
        characters(documents),
        normalization_rule_name="identity",
    ).pieces
    specials = [(name, 0.0) for name in ("<s>", "<pad>", "</s>", "<unk>")]
    learnt = [(piece.piece, round(piece.score, 4)) for piece in pieces[3:]]
    # 接頭辞の 2 語は地の文に現れない。文字に割れないよう、いちばん高い点で足しておく。
    best = max(score for _, score in learnt)
    learnt += [(piece, best) for piece in PREFIX_PIECES]
    tokenizer = XLMRobertaTokenizer(vocab=[*specials, *learnt, ("<mask>", 0.0)])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    names = {
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "cls_token": "<s>",
        "mask_token": "<mask>",
    }
    kind = {"tokenizer_class": "XLMRobertaTokenizer"}
    length = {"model_max_length": MAX_SEQUENCE_LENGTH}
    _write_json(folder / "tokenizer_config.json", kind | length | names)
    _write_json(folder / "special_tokens_map.json", names)
    return AutoTokenizer.from_pretrained(folder)


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Corpus:
    """出どころごとの id 列と、二つの接頭辞の id 列。"""

    sources: tuple[tuple[EncodedDocument, ...], ...]
    vocabulary: Vocabulary
    query_prefix: tuple[int, ...]
    passage_prefix: tuple[int, ...]

    @property
    def documents(self) -> list[EncodedDocument]:
        return [document for source in self.sources for document in source]


def encode_corpus(
    tokenizer: PreTrainedTokenizerBase, sources: Sequence[list[list[str]]]
) -> Corpus:
    """地の文を id 列にする。"""
    query, passage = (
        tuple(tokenizer(prefix, add_special_tokens=False)["input_ids"])
        for prefix in PREFIXES
    )
    encoded = (tuple(encode_documents(tokenizer, source)) for source in sources)
    return Corpus(tuple(encoded), Vocabulary.of(tokenizer), query, passage)


def masked_batch(
    step: int, documents: list[EncodedDocument], corpus: Corpus, recipe: E5SmallRecipe
) -> MaskedBatch:
    """MLM の step 番目のバッチ。"""
    return masked_batch_at(
        step,
        documents,
        corpus.vocabulary,
        tokens=recipe.tokens_per_batch,
        max_length=recipe.max_length,
        mask_rate=recipe.mask_rate,
        part_rate=recipe.part_rate,
        seed=recipe.seed,
    )


@dataclass(frozen=True)
class PairBatch:
    """問い合わせと文書の (id, 注意のマスク)。i 行目どうしが正例。"""

    queries: tuple[torch.Tensor, torch.Tensor]
    passages: tuple[torch.Tensor, torch.Tensor]


def pair_batch(step: int, corpus: Corpus, recipe: E5SmallRecipe) -> PairBatch:
    """対照学習の step 番目のバッチ。

    一つの出どころから集めるので、負例も文体や話題の近い文書になる。
    """
    rng = np.random.default_rng((recipe.seed, step))
    sizes = np.array([len(source) for source in corpus.sources])
    source = corpus.sources[int(rng.choice(len(sizes), p=sizes / sizes.sum()))]
    size = min(recipe.pairs_per_batch, len(source))
    queries, passages = [], []
    for index in rng.choice(len(source), size=size, replace=False):
        query, passage = positive_pair(
            source[int(index)], corpus.vocabulary, recipe.pairs, rng
        )
        queries.append(np.concatenate([corpus.query_prefix, query]))
        passages.append(np.concatenate([corpus.passage_prefix, passage]))
    return PairBatch(
        pad_rows(queries, corpus.vocabulary), pad_rows(passages, corpus.vocabulary)
    )


def masked_language_loss(model: BertForPreTraining, batch: MaskedBatch) -> torch.Tensor:
    """MLM の損失。語彙への射影は、隠した位置だけで行う。"""
    head = model.cls.predictions
    with half_matmul():
        hidden = model.bert(
            batch.input_ids, attention_mask=batch.attention_mask
        ).last_hidden_state
        turned = head.transform(hidden[batch.chosen])
    return masked_loss(turned, batch, head.decoder.weight, head.decoder.bias)


def embed(
    model: BertForPreTraining, rows: tuple[torch.Tensor, torch.Tensor]
) -> torch.Tensor:
    """長さ 1 の文埋め込み、形 (行, 幅)。"""
    ids, attention_mask = rows
    hidden = model.bert(ids, attention_mask=attention_mask).last_hidden_state
    return mean_pooled(hidden.float(), attention_mask)


def pair_loss(
    model: BertForPreTraining, batch: PairBatch, temperature: float
) -> torch.Tensor:
    """対照学習の損失。"""
    with half_matmul():
        queries, passages = embed(model, batch.queries), embed(model, batch.passages)
    with torch.autocast("cpu", enabled=False):
        return contrastive_loss(queries, passages, temperature)


@torch.inference_mode()
def evaluate(
    model: BertForPreTraining, masked: MaskedBatch, pairs: PairBatch
) -> dict[str, float]:
    """学習に使わなかった文書での、MLM の値と、対の相手を 1 位に引けた割合。"""
    logits = model(masked.input_ids, attention_mask=masked.attention_mask)
    figures = masked_figures(logits.prediction_logits, masked)
    scores = embed(model, pairs.queries) @ embed(model, pairs.passages).T
    right = scores.argmax(dim=1) == torch.arange(len(scores))
    return figures | {"pair_accuracy": right.float().mean().item()}


def initial_model(recipe: E5SmallRecipe, vocab_size: int) -> BertForPreTraining:
    """学習前のモデル。配るのは、この中の BertModel だけである。"""
    torch.manual_seed(recipe.seed)
    config = BertConfig(
        vocab_size=vocab_size,
        hidden_size=recipe.hidden_size,
        num_hidden_layers=recipe.num_hidden_layers,
        num_attention_heads=recipe.num_attention_heads,
        intermediate_size=recipe.intermediate_size,
        max_position_embeddings=MAX_SEQUENCE_LENGTH,
        initializer_range=recipe.initializer_range,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=1,
        attn_implementation=FP32_ATTENTION,
    )
    return BertForPreTraining(config).train()


def rate_at(step: int, recipe: E5SmallRecipe) -> float:
    """学習率。段階ごとに、暖めてから 0 まで下げる。"""
    if step < recipe.masked_steps:
        scale = linear_schedule(step, recipe.masked_steps, recipe.warmup_steps)
        return recipe.learning_rate * scale
    scale = linear_schedule(
        step - recipe.masked_steps, recipe.contrastive_steps, recipe.warmup_steps
    )
    return recipe.contrastive_learning_rate * scale


def train(
    recipe: E5SmallRecipe, work: Path, output: Path, checkpoint_every: int = 300
) -> None:
    """事前学習して output に重み・設定・語彙・記録を書く。work から再開できる。"""
    stopwatch = Stopwatch()
    documents = world_documents(recipe.documents, recipe.text_seed)
    tokenizer = train_tokenizer(recipe, documents, work / "tokenizer")
    apart = recipe.held_out_documents
    corpus = encode_corpus(tokenizer, [docs[:-apart] for docs in documents.values()])
    unseen = encode_corpus(
        tokenizer, [[doc for docs in documents.values() for doc in docs[-apart:]]]
    )
    train_documents = corpus.documents
    held_out = (
        masked_batch(0, unseen.documents, unseen, recipe),
        pair_batch(0, unseen, recipe),
    )
    model = initial_model(recipe, corpus.vocabulary.size)
    optimizer = matrix_decay_adamw(
        model, recipe.learning_rate, recipe.weight_decay, betas=(0.9, 0.98)
    )

    def loss_at(step: int) -> torch.Tensor:
        if step < recipe.masked_steps:
            batch = masked_batch(step, train_documents, corpus, recipe)
            return masked_language_loss(model, batch)
        return pair_loss(model, pair_batch(step, corpus, recipe), recipe.temperature)

    run_steps(
        model,
        optimizer,
        steps=recipe.steps,
        rate_at=lambda step: rate_at(step, recipe),
        loss_at=loss_at,
        work=work,
        checkpoint_every=checkpoint_every,
        report=lambda: evaluate(model, *held_out),
    )
    # 対照学習のあとの MLM ヘッドは使わないので、その値は残さない。
    pair_accuracy = evaluate(model, *held_out)["pair_accuracy"]
    figures = {"pair_accuracy": pair_accuracy} | stopwatch.seconds()
    save(model, recipe, output, documents, figures)


def write_sentence_transformers_files(folder: Path, width: int) -> None:
    """SentenceTransformer(id) でも読めるようにする、本物と同じ設定ファイル。"""
    package = "sentence_transformers.models"
    modules = (
        ("", "Transformer"),
        ("1_Pooling", "Pooling"),
        ("2_Normalize", "Normalize"),
    )
    _write_json(
        folder / "modules.json",
        [
            {"idx": i, "name": str(i), "path": path, "type": f"{package}.{name}"}
            for i, (path, name) in enumerate(modules)
        ],
    )
    _write_json(
        folder / "sentence_bert_config.json",
        {"max_seq_length": MAX_SEQUENCE_LENGTH, "do_lower_case": False},
    )
    _write_json(
        folder / "1_Pooling" / "config.json",
        {
            "word_embedding_dimension": width,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
    )


def save(
    model: BertForPreTraining,
    recipe: E5SmallRecipe,
    output: Path,
    documents: Documents,
    figures: dict[str, float],
) -> None:
    """fp32 の safetensors と、トークナイザと、レシピの記録を書く。"""
    encoder = model.bert
    encoder.config._attn_implementation = "sdpa"
    encoder.config.initializer_range = 0.02
    encoder.config.tinyhub = size_note(encoder, recipe.name())
    encoder.save_pretrained(output)
    train_tokenizer(recipe, documents, output)
    write_sentence_transformers_files(output, recipe.hidden_size)
    write_record(
        output,
        recipe=recipe_numbers(recipe),
        fingerprint=recipe_hash(recipe),
        model=encoder,
        vocab_size=encoder.config.vocab_size,
        documents={name: len(docs) for name, docs in documents.items()},
        figures=figures,
    )


def is_current(folder: Path, recipe: E5SmallRecipe) -> bool:
    """folder の重みが、いまのレシピから作られたものか。"""
    return has_weights_of(folder, recipe_hash(recipe))
