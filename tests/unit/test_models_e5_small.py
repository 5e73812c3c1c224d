"""E5-small のレシピ: 正例の組・対照損失・読み込みかた・再開を確かめる。"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, AutoTokenizer, BertModel

from tinyhub.models import contrastive_pairs, e5_small
from tinyhub.models.contrastive_pairs import PairShape
from tinyhub.models.masked_language import EncodedDocument, Vocabulary
from tinyhub.models.recipes import MODELS_FOLDER

WEIGHTS = MODELS_FOLDER / "e5-small"
MAX_BYTES = 3_200_000
SMALL = replace(
    e5_small.E5SmallRecipe(),
    vocab_size=1_100,
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=32,
    documents={"prose": 60, "posts": 60},
    tokenizer_documents=60,
    held_out_documents=10,
    tokens_per_batch=256,
    pairs_per_batch=8,
    masked_steps=3,
    contrastive_steps=4,
    warmup_steps=2,
)
VOCABULARY = Vocabulary(100, 0, 2, 1, 99, 4, (0, 1, 2, 3, 99))
# 3 文、10 + 5 + 8 トークン。id は位置ごとに違う。
DOCUMENT = EncodedDocument(np.arange(10, 33), np.array([0, 10, 15, 23]))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("e5")
    e5_small.train(SMALL, folder / "work", folder / "output", checkpoint_every=2)
    return folder / "output"


@pytest.mark.skipif(not WEIGHTS.exists(), reason="重みをまだ作っていない")
def test_committed_weights_are_current_and_small() -> None:
    assert e5_small.is_current(WEIGHTS, e5_small.E5SmallRecipe()), (
        "レシピか事前学習テキストが変わりました。make models で学習し直してください"
    )
    assert (WEIGHTS / "model.safetensors").stat().st_size <= MAX_BYTES


def test_full_recipe_fits_the_size_limit() -> None:
    recipe = e5_small.E5SmallRecipe()
    model = e5_small.initial_model(recipe, recipe.vocab_size).bert
    assert 4 * sum(p.numel() for p in model.parameters()) <= MAX_BYTES


def test_cloze_takes_one_sentence_out_of_its_document() -> None:
    shape = PairShape(cloze_rate=1.0, keep_sentence_rate=0.0)
    whole = set(DOCUMENT.ids.tolist())
    for seed in range(20):
        rng = np.random.default_rng(seed)
        query, passage = contrastive_pairs.positive_pair(
            DOCUMENT, VOCABULARY, shape, rng
        )
        asked, kept = set(query.tolist()) - {4}, set(passage.tolist()) - {4}
        assert asked | kept == whole and not asked & kept


def test_crops_are_contiguous_and_within_the_lengths() -> None:
    shape = PairShape(cloze_rate=0.0, shortest=3, query_tokens=6, passage_tokens=12)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        query, passage = contrastive_pairs.positive_pair(
            DOCUMENT, VOCABULARY, shape, rng
        )
        for row, longest in ((query, 6), (passage, 12)):
            body = row[row != VOCABULARY.lead]
            assert len(row) <= longest and np.all(np.diff(body) == 1)


def test_contrastive_loss_equals_the_definition() -> None:
    generator = torch.Generator().manual_seed(0)
    queries, passages = (
        torch.nn.functional.normalize(torch.randn(5, 8, generator=generator), dim=1)
        for _ in range(2)
    )
    loss = contrastive_pairs.contrastive_loss(queries, passages, 0.1)
    scores = (queries @ passages.T / 0.1).exp()
    there = (scores.diag() / scores.sum(dim=1)).log().mean()
    back = (scores.diag() / scores.sum(dim=0)).log().mean()
    torch.testing.assert_close(loss, -(there + back) / 2)
    same = contrastive_pairs.contrastive_loss(queries, queries, 0.1)
    assert same < loss


def test_mean_pooling_ignores_the_padding() -> None:
    hidden = torch.randn(2, 4, 3)
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    pooled = contrastive_pairs.mean_pooled(hidden, mask)
    expected = torch.nn.functional.normalize(hidden[1, :2].mean(dim=0), dim=0)
    torch.testing.assert_close(pooled[1], expected)
    torch.testing.assert_close(pooled.norm(dim=1), torch.ones(2))


def test_masked_loss_equals_the_reference_implementation() -> None:
    documents = [DOCUMENT] * 10
    corpus = e5_small.Corpus((tuple(documents),), VOCABULARY, (5,), (6,))
    batch = e5_small.masked_batch(2, documents, corpus, SMALL)
    model = e5_small.initial_model(SMALL, VOCABULARY.size).eval()
    logits = model(
        batch.input_ids, attention_mask=batch.attention_mask
    ).prediction_logits
    reference = torch.nn.functional.cross_entropy(
        logits[batch.chosen], batch.targets[batch.chosen]
    )
    ours = e5_small.masked_language_loss(model, batch)
    torch.testing.assert_close(ours, reference, rtol=1e-2, atol=1e-2)


def test_pairs_carry_the_two_prefixes() -> None:
    corpus = e5_small.Corpus(((DOCUMENT,) * 9,), VOCABULARY, (5, 7), (6, 7))
    batch = e5_small.pair_batch(0, corpus, SMALL)
    again = e5_small.pair_batch(0, corpus, SMALL)
    assert torch.equal(batch.queries[0], again.queries[0])
    assert batch.queries[0][:, :3].tolist() == [[0, 5, 7]] * 8
    assert batch.passages[0][:, :3].tolist() == [[0, 6, 7]] * 8


def test_transformers_and_sentence_transformers_agree(trained: Path) -> None:
    texts = ["query: 駅の近くの店はどこ?", "passage: 店は駅前にある。町は小さい。"]
    tokenizer = AutoTokenizer.from_pretrained(trained)
    assert type(tokenizer).__name__ == "XLMRobertaTokenizer"
    model = AutoModel.from_pretrained(trained)
    assert isinstance(model, BertModel)
    assert model.config.tinyhub.endswith("recipe e5-small v1")
    encoded = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = model(**encoded).last_hidden_state
    by_hand = contrastive_pairs.mean_pooled(hidden, encoded["attention_mask"])
    ready = SentenceTransformer(str(trained), device="cpu")
    assert ready.max_seq_length == 512
    np.testing.assert_allclose(ready.encode(texts), by_hand.numpy(), atol=1e-5)


def test_prefixes_are_whole_pieces(trained: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(trained)
    assert len(tokenizer) == SMALL.vocab_size
    for prefix in e5_small.PREFIXES:
        pieces = tokenizer.tokenize(prefix)
        assert pieces == [f"▁{prefix.removesuffix(': ')}", ":"]


def test_interrupted_training_continues_to_the_same_weights(
    trained: Path, tmp_path: Path
) -> None:
    class Killed(Exception):
        pass

    def stop_at_five(step: int, *arguments: object) -> e5_small.PairBatch:
        if step == 5:
            raise Killed
        return original(step, *arguments)

    original = e5_small.pair_batch
    work, output = tmp_path / "work", tmp_path / "output"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(e5_small, "pair_batch", stop_at_five)
        e5_small.train(SMALL, work, output, checkpoint_every=2)
    assert not output.exists()
    e5_small.train(SMALL, work, output, checkpoint_every=2)
    straight = (trained / "model.safetensors").read_bytes()
    assert (output / "model.safetensors").read_bytes() == straight
    assert e5_small.is_current(output, SMALL)
    assert not e5_small.is_current(output, replace(SMALL, contrastive_steps=5))
