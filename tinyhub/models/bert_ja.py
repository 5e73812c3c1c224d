"""BERT-ja: 東北大 BERT と同じ入出力を持つ、練習用の小さな基盤モデルのレシピ。

事前学習は BERT の原論文 (Devlin et al., 2019) の 2 つの目的関数を使う。

- マスク言語モデル (MLM): 隠した語を前後の文脈から当てる。
- 次文予測 (NSP): 2 つの文が同じ文書で隣り合っていたかを当てる。

第 2 段階では、[CLS] から作るプーラの出力に、文の組に現れた語を読み出させる損失を足す
(`SummaryReader`)。本物の BERT は大きいので要らないが、この大きさでは微調整が速くなる。

入力は `tinyhub.world` が作るラベルなしの地の文だけで、課題の形をした行や
検証・テスト分割の文は入らない (tests/unit/test_models_bert_ja.py が確かめる)。
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from scipy import sparse
from sklearn.utils.extmath import randomized_svd
from transformers import BertConfig, BertForPreTraining, BertJapaneseTokenizer

from tinyhub.models import raw_text
from tinyhub.models.mixed_precision import (
    FP32_ATTENTION,
    half_matmul,
    linear_cross_entropy,
)
from tinyhub.models.pretraining import checkpoints, linear_schedule, matrix_decay_adamw

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
FINGERPRINT_DOCUMENTS = 300
IGNORED_LABEL = -100
# 語の重みの分母に足す、出現率の目安。
RARITY = 1e-3

TOKENIZER_CONFIG = {
    "tokenizer_class": "BertJapaneseTokenizer",
    "model_max_length": 512,
    "do_lower_case": False,
    "word_tokenizer_type": "mecab",
    "subword_tokenizer_type": "wordpiece",
    "mecab_kwargs": {"mecab_dic": "unidic_lite"},
}


@dataclass(frozen=True)
class BertJaRecipe:
    """BERT-ja を決めるすべての数。1 つでも変われば重みは作り直しになる。"""

    version: int = 4
    hidden_size: int = 128
    num_hidden_layers: int = 3
    num_attention_heads: int = 4
    intermediate_size: int = 512
    max_position_embeddings: int = 512
    min_word_count: int = 16
    documents: dict[str, int] = field(
        default_factory=lambda: {
            "posts": 40_000,
            "captions": 50_000,
            "prose": 8_000,
            "commonsense": 16_000,
            "reviews": 16_000,
            "ner": 12_000,
            "quiz": 8_000,
            "news": 5_000,
            "rag": 4_000,
        }
    )
    text_seed: int = 7
    max_length: int = 128
    tokens_per_batch: int = 4_096
    steps: int = 14_000
    warmup_steps: int = 400
    learning_rate: float = 1.2e-3
    weight_decay: float = 0.01
    summary_steps: int = 2_500
    summary_warmup_steps: int = 100
    summary_learning_rate: float = 1e-3
    mask_rate: float = 0.2
    next_sentence_rate: float = 0.5
    neighbour_rate: float = 0.85
    history_rate: float = 0.4
    without_history: tuple[str, ...] = ("captions",)
    initializer_range: float = 0.05
    distributional_size: int = 32
    dropout: float = 0.0
    seed: int = 42

    def name(self) -> str:
        return f"bert-ja v{self.version}"


def source_documents(recipe: BertJaRecipe) -> dict[str, list[list[str]]]:
    """事前学習に使う文書 (文のリスト) を、出どころごとに作る。"""
    return raw_text.write(recipe.text_seed, recipe.documents)


def recipe_hash(recipe: BertJaRecipe) -> str:
    """レシピの数値と、事前学習テキストの先頭部分から計算する指紋。"""
    digest = hashlib.sha256(json.dumps(asdict(recipe), sort_keys=True).encode())
    for name in recipe.documents:
        sample = raw_text.SOURCES[name](recipe.text_seed, FINGERPRINT_DOCUMENTS)
        digest.update(json.dumps(sample, ensure_ascii=False).encode())
    return digest.hexdigest()[:16]


def base_characters() -> list[str]:
    """ASCII、かな、約物、JIS 第一水準漢字。実データの文も文字に落とせるように。"""
    ascii_letters = [chr(code) for code in range(0x21, 0x7F)]
    kana = [chr(code) for code in range(0x3041, 0x3097)]
    kana += [chr(code) for code in range(0x30A1, 0x30FB)] + ["ー", "・", "々", "〇"]
    marks = list("、。「」『』（）！？…‥〜～♪☆★♡♥・：；／＝＋－％＆＠＃￥　")
    kanji = []
    for high in range(0xB0, 0xD0):
        for low in range(0xA1, 0xFF):
            try:
                kanji.append(bytes([high, low]).decode("euc_jp"))
            except UnicodeDecodeError:  # 第一水準の区画の末尾にある未定義の位置
                continue
    return list(dict.fromkeys(ascii_letters + kana + marks + kanji))


def build_vocabulary(words: Counter[str], min_count: int) -> list[str]:
    """語彙 = 特殊トークン + 文字 (語頭と ##) + よく出る MeCab の語。"""
    characters = base_characters()
    seen = sorted({char for word in words for char in word} - set(characters))
    vocabulary = [*SPECIAL_TOKENS, *characters, *seen]
    vocabulary += [f"##{char}" for char in [*characters, *seen]]
    frequent = [
        word
        for word, count in sorted(words.items(), key=lambda item: (-item[1], item[0]))
        if count >= min_count and len(word) > 1
    ]
    return list(dict.fromkeys(vocabulary + frequent))


def write_tokenizer(folder: Path, vocabulary: list[str]) -> BertJapaneseTokenizer:
    """本物と同じ 2 ファイル構成で書き出し、読み込み直して返す。"""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps(TOKENIZER_CONFIG, ensure_ascii=False, indent=1) + "\n"
    )
    return BertJapaneseTokenizer.from_pretrained(folder)


def count_words(documents: dict[str, list[list[str]]]) -> Counter[str]:
    """MeCab の語の頻度。トークナイザと同じ分割器を使う。"""
    from transformers.models.bert_japanese.tokenization_bert_japanese import (
        MecabTokenizer,
    )

    tokenizer = MecabTokenizer(mecab_dic="unidic_lite")
    counts: Counter[str] = Counter()
    for document in (doc for docs in documents.values() for doc in docs):
        for sentence in document:
            counts.update(tokenizer.tokenize(sentence))
    return counts


@dataclass(frozen=True)
class EncodedDocument:
    """文書の id 列。lines は文ごと (特殊トークンなし)、長さは文によって違う。

    history_rate は、NSP の文 A に、直前の文だけでなく、そこまでの文すべてを入れる割合。
    """

    lines: list[np.ndarray]
    history_rate: float


def encode_documents(
    tokenizer: BertJapaneseTokenizer,
    documents: dict[str, list[list[str]]],
    recipe: BertJaRecipe,
) -> list[EncodedDocument]:
    """2 文以上の文書を id 列にする。"""
    cache: dict[str, np.ndarray] = {}
    encoded = []
    for source, document in ((name, d) for name, ds in documents.items() for d in ds):
        for sentence in document:
            if sentence not in cache:
                tokens = tokenizer.tokenize(sentence)
                ids = tokenizer.convert_tokens_to_ids(tokens)
                cache[sentence] = np.array(ids, dtype=np.int32)
        if len(document) > 1:
            lines = [cache[sentence] for sentence in document]
            rate = 0.0 if source in recipe.without_history else recipe.history_rate
            encoded.append(EncodedDocument(lines, rate))
    return encoded


def distributional_embeddings(
    documents: list[EncodedDocument], vocab_size: int, size: int, seed: int
) -> np.ndarray:
    """同じ文書に現れる語から作る単語ベクトル。形 (vocab_size, size)、長さ 1 か 0。

    正の自己相互情報量 (PPMI) の行列を特異値分解する (Levy and Goldberg, 2014)。
    短い事前学習では共起から語の似かたを拾いきれないので、埋め込みの初期値に使う。
    2 回以上いっしょに現れない語は 0 のまま残る。
    """
    words = [np.unique(np.concatenate(document.lines)) for document in documents]
    rows = np.repeat(np.arange(len(words)), [len(ids) for ids in words])
    columns = np.concatenate(words)
    shape = (len(words), vocab_size)
    occurs = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
    together = (occurs.T @ occurs).tocoo()
    count = np.asarray(occurs.sum(axis=0)).ravel()
    expected = count[together.row] * count[together.col] / len(words)
    pmi = np.log(together.data / expected)
    pmi[(pmi < 0) | (together.data < 2) | (together.row == together.col)] = 0.0
    ppmi = sparse.csr_matrix(
        (pmi, (together.row, together.col)), shape=2 * (vocab_size,)
    )
    left, strength, _ = randomized_svd(ppmi, size, random_state=seed)
    vectors = left * np.sqrt(strength)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 1e-8)


def initialise_embeddings(
    model: BertForPreTraining, vectors: np.ndarray, recipe: BertJaRecipe
) -> None:
    """単語埋め込みの先頭の次元を vectors で置き換える。

    残りの次元は乱数のまま残す。使われ方の似た「赤」と「青」も区別できるようにである。
    vectors が 0 の語は、すべての次元が乱数のまま残る。
    """
    size = vectors.shape[1]
    scale = recipe.initializer_range * size**0.5
    weight = model.bert.embeddings.word_embeddings.weight
    known = torch.from_numpy(np.abs(vectors).sum(axis=1) > 0)
    with torch.no_grad():
        weight[known, :size] = torch.from_numpy(vectors * scale).to(weight.dtype)[known]


def pair_of_sentences(
    documents: list[EncodedDocument],
    index: int,
    recipe: BertJaRecipe,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, int]:
    """(文 A, 文 B, 次文ラベル)。ラベル 0 = 続き、1 = 別の文書の文。

    別の文書の多くは隣の文書で、B はその中の同じくらいの位置から取る。日記や写真帳では
    隣どうしの話題が近いので、話題の違いだけでは見分けられず、中身まで読む必要がある。
    """
    document = documents[index]
    cut = int(rng.integers(1, len(document.lines)))
    first, second, label = document.lines[cut - 1], document.lines[cut], 0
    if rng.random() < document.history_rate:
        first = np.concatenate(document.lines[:cut])
    if rng.random() > recipe.next_sentence_rate:
        if rng.random() < recipe.neighbour_rate:
            other = documents[(index + 1) % len(documents)]
        else:
            other = documents[int(rng.integers(len(documents)))]
        second, label = other.lines[min(cut, len(other.lines) - 1)], 1
    room = recipe.max_length - 3
    first = first[: max(room // 2, room - len(second))]
    return first, second[: room - len(first)], label


def mask_tokens(
    ids: np.ndarray, special: np.ndarray, vocab_size: int, mask_rate: float, rng
) -> tuple[np.ndarray, np.ndarray]:
    """MLM の 80/10/10 規則。ids, special は形 (行, 長さ)、special は隠さない位置。"""
    chosen = (rng.random(ids.shape) < mask_rate) & ~special
    labels = np.where(chosen, ids, IGNORED_LABEL)
    fate = rng.random(ids.shape)
    masked = np.where(chosen & (fate < 0.8), SPECIAL_TOKENS.index("[MASK]"), ids)
    random_ids = rng.integers(len(SPECIAL_TOKENS), vocab_size, ids.shape)
    masked = np.where(chosen & (fate >= 0.9), random_ids, masked)
    return masked, labels


def batch_at(
    step: int,
    documents: list[EncodedDocument],
    vocab_size: int,
    recipe: BertJaRecipe,
) -> dict[str, torch.Tensor]:
    """step 番目のバッチ。step だけで決まるので、中断しても同じ列が続く。

    長さの近い組を集め、1 バッチのトークン数をおよそ一定にする。
    """
    rng = np.random.default_rng((recipe.seed, step))
    pool = [
        pair_of_sentences(documents, int(index), recipe, rng)
        for index in rng.integers(len(documents), size=512)
    ]
    pool.sort(key=lambda pair: len(pair[0]) + len(pair[1]))
    pivot = int(rng.integers(len(pool)))
    length = len(pool[pivot][0]) + len(pool[pivot][1]) + 3
    rows = max(16, min(len(pool), recipe.tokens_per_batch // length))
    start = min(max(0, pivot - rows // 2), len(pool) - rows)
    pairs = pool[start : start + rows]

    cls_id, sep_id = SPECIAL_TOKENS.index("[CLS]"), SPECIAL_TOKENS.index("[SEP]")
    width = max(len(first) + len(second) + 3 for first, second, _ in pairs)
    ids = np.zeros((rows, width), dtype=np.int64)
    segments = np.zeros_like(ids)
    for row, (first, second, _) in enumerate(pairs):
        line = [cls_id, *first, sep_id, *second, sep_id]
        ids[row, : len(line)] = line
        segments[row, len(first) + 2 : len(line)] = 1
    special = ids < len(SPECIAL_TOKENS)
    masked, labels = mask_tokens(ids, special, vocab_size, recipe.mask_rate, rng)
    return {
        "input_ids": torch.from_numpy(masked),
        "token_type_ids": torch.from_numpy(segments),
        "attention_mask": torch.from_numpy((ids != 0).astype(np.int64)),
        "labels": torch.from_numpy(labels),
        "next_sentence_label": torch.tensor([label for _, _, label in pairs]),
    }


def token_rarity(documents: list[EncodedDocument], vocab_size: int) -> torch.Tensor:
    """トークンごとの重み a / (a + p)。形 (語彙,)。まれな語ほど 1 に近い。

    Arora et al. (2017) の SIF と同じ重み。
    """
    counts = np.bincount(
        np.concatenate([line for doc in documents for line in doc.lines]),
        minlength=vocab_size,
    )
    share = counts / counts.sum()
    return torch.from_numpy(RARITY / (RARITY + share)).float()


class SummaryReader(torch.nn.Module):
    """model のプーラの出力から、文の組に現れた語を読み出す、事前学習だけの部品。

    読み出すのは 3 つの語の集まり: 組にある語、A だけの語、B だけの語。
    """

    def __init__(self, model: BertForPreTraining, rarity: torch.Tensor) -> None:
        super().__init__()
        self.model = model
        size = model.config.hidden_size
        self.questions = torch.nn.Linear(size, 3 * size)
        self.register_buffer("rarity", rarity, persistent=False)

    def forward(
        self, pooled: torch.Tensor, batch: dict[str, torch.Tensor]
    ) -> torch.Tensor:
        """読み出しの交差エントロピー。pooled は形 (行, 幅)。"""
        decoder = self.model.cls.predictions.decoder
        asked = self.questions(pooled).view(len(pooled), 3, -1)
        logs = (asked @ decoder.weight.T + decoder.bias).log_softmax(dim=-1)
        wanted = self.wanted(batch)
        return -(wanted * logs).sum() / wanted.sum()

    def wanted(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """行ごとに和が 1 (空なら 0) の、語の集まり。形 (行, 3, 語彙)。"""
        labels = batch["labels"]
        ids = torch.where(labels == IGNORED_LABEL, batch["input_ids"], labels)
        held = torch.zeros(2, len(ids), len(self.rarity))
        for segment in (0, 1):
            inside = batch["attention_mask"] * (batch["token_type_ids"] == segment)
            held[segment].scatter_add_(1, ids, inside.float())
        held[:, :, : len(SPECIAL_TOKENS)] = 0
        first, second = (held > 0).float()
        sets = (first.maximum(second), first * (1 - second), second * (1 - first))
        weighted = torch.stack(sets, dim=1) * self.rarity
        return weighted / weighted.sum(dim=-1, keepdim=True).clamp(min=1e-9)


def pretraining_losses(
    model: BertForPreTraining,
    batch: dict[str, torch.Tensor],
    reader: SummaryReader | None = None,
) -> dict[str, torch.Tensor]:
    """MLM と NSP の損失と、reader があれば語の読み出しの損失。

    語彙への射影は隠した位置だけで行う (速さのため)。
    """
    chosen = batch["labels"] != IGNORED_LABEL
    targets = batch["labels"][chosen]
    with half_matmul():
        outputs = model.bert(
            batch["input_ids"],
            attention_mask=batch["attention_mask"],
            token_type_ids=batch["token_type_ids"],
        )
        order = model.cls.seq_relationship(outputs.pooler_output)
        hidden = model.cls.predictions.transform(outputs.last_hidden_state[chosen])
    mlm = linear_cross_entropy(
        hidden.float(),
        model.cls.predictions.decoder.weight,
        targets,
        torch.full(targets.shape, 1 / len(targets)),
        model.cls.predictions.decoder.bias,
    )
    nsp = torch.nn.functional.cross_entropy(order.float(), batch["next_sentence_label"])
    losses = {"mlm_loss": mlm, "nsp_loss": nsp}
    if reader is not None:
        losses["summary_loss"] = reader(outputs.pooler_output.float(), batch)
    return losses


def summarise(
    model: BertForPreTraining,
    encoded: list[EncodedDocument],
    recipe: BertJaRecipe,
    work: Path,
    smoothed: dict[str, float],
    checkpoint_every: int,
) -> None:
    """第 2 段階: 次文予測の出力 ([CLS]) に、組の中身も書き込ませる。

    次文予測だけでは、[CLS] は「続きかどうか」しか持たない。分類の微調整はそこから始まる
    ので、小さなモデルでは、中身を集めることを覚えるだけで訓練が終わってしまう。
    """
    vocab_size = model.config.vocab_size
    torch.manual_seed(recipe.seed)
    reader = SummaryReader(model, token_rarity(encoded, vocab_size))
    optimizer = matrix_decay_adamw(
        reader, recipe.summary_learning_rate, recipe.weight_decay, betas=(0.9, 0.98)
    )
    folder = work / "summary"
    folder.mkdir(exist_ok=True)
    saver = checkpoints(folder, reader, optimizer)
    for step in range(next(saver), recipe.summary_steps):
        torch.manual_seed(recipe.seed * 1_000_003 + recipe.steps + step)
        rate = recipe.summary_learning_rate * linear_schedule(
            step, recipe.summary_steps, recipe.summary_warmup_steps
        )
        batch = batch_at(recipe.steps + step, encoded, vocab_size, recipe)
        losses = pretraining_losses(model, batch, reader)
        _update(reader, optimizer, sum(losses.values()), rate)
        _report(f"第 2 段階 {step + 1}/{recipe.summary_steps}", losses, smoothed)
        if (step + 1) % checkpoint_every == 0:
            saver.send(step + 1)


def _update(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: torch.Tensor,
    rate: float,
) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def _report(
    place: str, losses: dict[str, torch.Tensor], smoothed: dict[str, float]
) -> None:
    """損失のならした値を更新し、100 ステップごとに表示する。"""
    for name, value in losses.items():
        smoothed[name] = 0.99 * smoothed.get(name, value.item()) + 0.01 * value.item()
    if place.partition("/")[0].endswith("00"):
        figures = " ".join(f"{name} {smoothed[name]:.3f}" for name in losses)
        print(f"{place} {figures}", flush=True)


def train(
    recipe: BertJaRecipe, work: Path, output: Path, checkpoint_every: int = 500
) -> None:
    """事前学習して output に重み・設定・語彙・記録を書く。work から再開できる。"""
    started, cpu_started = time.time(), time.process_time()
    documents = source_documents(recipe)
    vocabulary = build_vocabulary(count_words(documents), recipe.min_word_count)
    # output の語彙と重みは、いつも同じ学習のものにする: 語彙も最後に書く
    tokenizer = write_tokenizer(work / "tokenizer", vocabulary)
    encoded = encode_documents(tokenizer, documents, recipe)

    torch.manual_seed(recipe.seed)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=recipe.hidden_size,
        num_hidden_layers=recipe.num_hidden_layers,
        num_attention_heads=recipe.num_attention_heads,
        intermediate_size=recipe.intermediate_size,
        max_position_embeddings=recipe.max_position_embeddings,
        initializer_range=recipe.initializer_range,
        hidden_dropout_prob=recipe.dropout,
        attention_probs_dropout_prob=recipe.dropout,
        attn_implementation=FP32_ATTENTION,
    )
    model = BertForPreTraining(config).train()
    vectors = distributional_embeddings(
        encoded, len(vocabulary), recipe.distributional_size, recipe.seed
    )
    initialise_embeddings(model, vectors, recipe)
    optimizer = matrix_decay_adamw(
        model, recipe.learning_rate, recipe.weight_decay, betas=(0.9, 0.98)
    )
    saver = checkpoints(work, model, optimizer)
    first_step = next(saver)
    smoothed: dict[str, float] = {}
    for step in range(first_step, recipe.steps):
        # ドロップアウトの乱数も step から作り、再開しても同じ計算が続くようにする
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        rate = recipe.learning_rate * linear_schedule(
            step, recipe.steps, recipe.warmup_steps
        )
        losses = pretraining_losses(
            model, batch_at(step, encoded, len(vocabulary), recipe)
        )
        _update(model, optimizer, sum(losses.values()), rate)
        _report(f"{step + 1}/{recipe.steps}", losses, smoothed)
        if (step + 1) % checkpoint_every == 0:
            saver.send(step + 1)
    if first_step < recipe.steps:
        saver.send(recipe.steps)
    summarise(model, encoded, recipe, work, smoothed, checkpoint_every)
    write_tokenizer(output, vocabulary)
    save(model, recipe, output, documents, smoothed, started, cpu_started)


def save(
    model: BertForPreTraining,
    recipe: BertJaRecipe,
    output: Path,
    documents: dict[str, list[list[str]]],
    losses: dict[str, float],
    started: float,
    cpu_started: float,
) -> None:
    """fp32 の safetensors と、レシピの記録を書く。"""
    parameters = sum(p.numel() for p in model.bert.parameters())
    # 新しく足す分類ヘッドの初期値は、本物の BERT と同じ大きさにする。ドロップアウトは
    # 0 のまま渡す: この大きさのモデルでは、微調整の学習不足のほうが問題になる。
    model.config.initializer_range = 0.02
    model.config._attn_implementation = "sdpa"
    model.config.tinyhub = f"{parameters / 1e6:.2f}M params, recipe {recipe.name()}"
    model.save_pretrained(output)
    record = {
        "recipe": asdict(recipe),
        "hash": recipe_hash(recipe),
        "parameters": parameters,
        "vocab_size": model.config.vocab_size,
        "saw": {
            name: {"documents": len(docs), "sentences": sum(map(len, docs))}
            for name, docs in documents.items()
        },
        "final": {name: round(value, 4) for name, value in losses.items()},
        "seconds_of_last_run": round(time.time() - started),
        "cpu_seconds_of_last_run": round(time.process_time() - cpu_started),
        "machine": f"CPU, torch {torch.__version__}, {torch.get_num_threads()} threads",
    }
    (output / "recipe.json").write_text(
        json.dumps(record, ensure_ascii=False, indent=1) + "\n"
    )


def is_current(folder: Path, recipe: BertJaRecipe) -> bool:
    """folder の重みが、いまのレシピから作られたものか。"""
    record = folder / "recipe.json"
    if not (record.exists() and (folder / "model.safetensors").exists()):
        return False
    return json.loads(record.read_text())["hash"] == recipe_hash(recipe)
