"""T5-ja のレシピ: 穴埋めの問題・組み込んだ写し・トークナイザ・再開を確かめる。"""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    AutoTokenizer,
    T5Config,
    T5ForConditionalGeneration,
    T5Tokenizer,
)

from tinyhub.models import cross_copy, t5_ja
from tinyhub.models.infilling import (
    Infilling,
    SpanMasker,
    long_span,
    random_spans,
    recurring_spans,
    repeated_pieces,
    restatement,
)
from tinyhub.models.infilling_batches import EOS, PAD, Batch, Mixture
from tinyhub.models.statements import StatementWriter

SENTINELS = tuple(range(999, 899, -1))
SMALL = replace(
    t5_ja.T5JaRecipe(),
    vocab_size=1_400,
    d_model=32,
    d_kv=8,
    d_ff=32,
    documents={"prose": 80, "posts": 80},
    mixture=Mixture(window=32, text_rows=3, synthetic_rows=3),
    steps=6,
    warmup_steps=2,
)


@pytest.fixture(scope="module")
def masker() -> SpanMasker:
    return SpanMasker(SENTINELS, EOS)


@pytest.fixture(scope="module")
def writer() -> StatementWriter:
    codes: dict[str, int] = {}

    def encode(text: str) -> list[int]:
        return [codes.setdefault(char, 10 + len(codes)) for char in text]

    return StatementWriter(encode, np.arange(300, 900), bos=PAD, eos=EOS)


def _filled(row: Infilling) -> list[int]:
    """目印を、目的の列に書かれたトークンで埋め戻す。"""
    answers: dict[int, list[int]] = {}
    for index in row.target[:-1]:
        if index in SENTINELS:
            answers[index] = current = []
        else:
            current.append(index)
    whole = [[*answers[i]] if i in SENTINELS else [i] for i in row.source[:-1]]
    return [index for part in whole for index in part]


# --- 何を隠すか ------------------------------------------------------------------


def test_masked_spans_can_be_put_back(masker: SpanMasker) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        ids = rng.integers(10, 800, int(rng.integers(8, 90))).tolist()
        for spans in (
            random_spans(len(ids), 0.15, 3.0, rng),
            long_span(len(ids), 0.2, rng),
        ):
            row = masker.mask(ids, spans)
            assert _filled(row) == ids
            assert row.source[-1] == row.target[-1] == EOS
            assert row.target[-2] == SENTINELS[len(spans)]
            assert len(row.copied) == len(row.target)


def test_random_spans_hide_fifteen_percent_in_spans_of_three() -> None:
    rng = np.random.default_rng(1)
    hidden, spans = 0, 0
    for _ in range(300):
        found = random_spans(100, 0.15, 3.0, rng)
        assert all(a[1] < b[0] for a, b in zip(found, found[1:], strict=False))
        hidden += sum(end - start for start, end in found)
        spans += len(found)
    assert hidden == 300 * 15
    assert hidden / spans == pytest.approx(3.0, abs=0.05)


def test_every_recurring_span_is_still_written_in_the_source(
    masker: SpanMasker,
) -> None:
    rng = np.random.default_rng(2)
    plain = frozenset(range(10, 14))
    total = 0
    for _ in range(300):
        ids = rng.integers(10, 40, 60).tolist()
        spans = recurring_spans(ids, 4, 8, plain, rng)
        row = masker.mask(ids, spans, copied=True)
        assert _filled(row) == ids
        text = " ".join(map(str, row.source))
        for start, end in spans:
            assert not set(ids[start:end]) <= plain
            assert f" {' '.join(map(str, ids[start:end]))} " in f" {text} "
        total += len(spans)
    assert total > 300


def test_text_without_repetition_has_no_recurring_span() -> None:
    rng = np.random.default_rng(3)
    assert recurring_spans(range(10, 60), 4, 8, frozenset(), rng) == []
    common = frozenset({10})
    assert recurring_spans([10, 11, 10, 12, 10], 4, 8, common, rng) == []


def test_synthetic_answers_are_all_in_the_source(
    masker: SpanMasker, writer: StatementWriter
) -> None:
    rng = np.random.default_rng(4)
    for _ in range(200):
        for row in (
            restatement(writer, masker, rng),
            repeated_pieces(writer.pieces, masker, rng),
        ):
            target, copied = np.array(row.target), np.array(row.copied)
            assert copied.any()
            assert set(target[copied]) <= set(row.source)
            assert set(target[~copied]) <= {*SENTINELS, EOS}


# --- 写す注意 -------------------------------------------------------------------


@pytest.fixture(scope="module")
def model() -> T5ForConditionalGeneration:
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=1_000,
        d_model=128,
        d_kv=32,
        d_ff=128,
        num_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        dropout_rate=0.0,
        decoder_start_token_id=PAD,
        attn_implementation="eager",
    )
    made = T5ForConditionalGeneration(config).eval()
    cross_copy.install(made)
    return made


@pytest.fixture(scope="module")
def ids() -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.choice(np.arange(5, 1_000), (4, 40), replace=False))


def test_first_head_of_the_encoder_looks_at_the_previous_token(
    model: T5ForConditionalGeneration, ids: torch.Tensor
) -> None:
    with torch.inference_mode():
        attention = model.encoder(ids, output_attentions=True).attentions[0][:, 0]
    assert attention.diagonal(offset=-1, dim1=1, dim2=2).min() > 0.9


def _copy_share(model: T5ForConditionalGeneration, ids: torch.Tensor) -> float:
    """入力の 11 語目から書き写させたとき、次の語を当てる割合。"""
    written = torch.nn.functional.pad(ids[:, 10:30], (1, 0), value=PAD)
    with torch.inference_mode():
        logits = model(input_ids=ids, decoder_input_ids=written).logits
    guesses = logits[:, 1:-1].argmax(dim=-1)
    return (guesses == ids[:, 11:30]).float().mean().item()


def test_untrained_model_copies_what_follows_in_the_source(
    model: T5ForConditionalGeneration, ids: torch.Tensor
) -> None:
    assert _copy_share(model, ids) > 0.6
    random_weights = T5ForConditionalGeneration(model.config).eval()
    assert _copy_share(random_weights, ids) < 0.1


def test_too_narrow_model_is_refused() -> None:
    config = T5Config(vocab_size=50, d_model=32, d_kv=16, d_ff=8, num_heads=4)
    with pytest.raises(ValueError, match="残差の幅"):
        cross_copy.install(T5ForConditionalGeneration(config))


def test_loss_is_the_library_loss(model: T5ForConditionalGeneration) -> None:
    rng = np.random.default_rng(5)
    source = torch.from_numpy(rng.integers(5, 1_000, (3, 12)))
    target = torch.from_numpy(rng.integers(5, 1_000, (3, 7)))
    source[1, 8:], target[2, 4:] = PAD, PAD
    batch = Batch(source, target, target > 500)
    mine = t5_ja.pretraining_loss(model, batch)
    library = model(
        input_ids=source,
        attention_mask=(source != PAD).long(),
        labels=target.masked_fill(target == PAD, -100),
    ).loss
    assert mine.item() == pytest.approx(library.item(), rel=0.01)


# --- トークナイザと学習 -----------------------------------------------------------


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("t5-ja")
    t5_ja.train(SMALL, folder / "work", folder / "output", checkpoint_every=3)
    return folder / "output"


def test_tokenizer_is_the_class_and_layout_of_the_real_one(straight: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(straight)
    assert isinstance(tokenizer, T5Tokenizer)
    assert (straight / "spiece.model").exists()
    assert not (straight / "tokenizer.json").exists()
    assert len(tokenizer) == SMALL.vocab_size
    names = [f"<extra_id_{index}>" for index in range(100)]
    last = SMALL.vocab_size - 1
    assert tokenizer.convert_tokens_to_ids(names) == list(range(last, last - 100, -1))
    assert tokenizer.convert_tokens_to_ids(["<pad>", "</s>", "<unk>"]) == [0, 1, 2]
    assert tokenizer("町")["input_ids"][-1] == EOS


def test_tokenizer_normalises_to_nfkc_and_keeps_sentinels_whole(straight: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(straight)
    text = "ＡＢＣの１２は、①！"
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids) == unicodedata.normalize("NFKC", text)
    pieces = tokenizer.tokenize("代表は<extra_id_0>である")
    assert pieces.count("<extra_id_0>") == 1


def test_pieces_do_not_cross_word_edges(straight: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(straight)
    long = [piece for piece in tokenizer.get_vocab() if len(piece.strip("▁")) > 1]
    assert len(long) > 120
    # 単語に切らずに作ると、「です。」「は、」のような部分語が必ずできる。
    assert not [piece for piece in long if {"、", "。"} & set(piece)]


def test_config_says_that_it_is_a_practice_model(straight: Path) -> None:
    model = T5ForConditionalGeneration.from_pretrained(straight)
    assert model.config.tinyhub.endswith("recipe t5-ja v1")
    assert model.config.feed_forward_proj == "gated-gelu"
    assert model.lm_head.weight is model.shared.weight
    full = t5_ja.initial_model(t5_ja.T5JaRecipe(), t5_ja.T5JaRecipe().vocab_size)
    assert sum(p.numel() for p in full.parameters()) * 4 <= 6_500_000


def test_interrupted_training_continues_to_the_same_weights(
    straight: Path, tmp_path: Path
) -> None:
    class Killed(Exception):
        pass

    def stop_at_four(step: int, *arguments: object) -> Batch:
        if step == 4:
            raise Killed
        return original(step, *arguments)

    original = t5_ja.batch_at
    work, resumed = tmp_path / "work", tmp_path / "resumed"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(t5_ja, "batch_at", stop_at_four)
        t5_ja.train(SMALL, work, resumed, checkpoint_every=3)
    assert not resumed.exists()
    t5_ja.train(SMALL, work, resumed, checkpoint_every=3)

    first = T5ForConditionalGeneration.from_pretrained(straight).state_dict()
    second = T5ForConditionalGeneration.from_pretrained(resumed).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    for name in ("spiece.model", "tokenizer_config.json", "special_tokens_map.json"):
        assert (straight / name).read_bytes() == (resumed / name).read_bytes()
    assert t5_ja.is_current(straight, SMALL)
    assert not t5_ja.is_current(straight, replace(SMALL, steps=7))
