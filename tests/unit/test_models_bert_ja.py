"""BERT-ja のレシピ: 数学・再開・コミットした重みの鮮度を確かめる。"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertForPreTraining

from tinyhub.models import bert_ja
from tinyhub.models.pretraining import linear_schedule

FOLDER = Path(bert_ja.__file__).parent
WEIGHTS = FOLDER / "bert-ja"
MEGABYTE = 1_000_000
SMALL = replace(
    bert_ja.BertJaRecipe(),
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=32,
    documents={"posts": 60, "captions": 60, "prose": 60},
    tokens_per_batch=256,
    distributional_size=8,
    steps=6,
    warmup_steps=2,
    summary_steps=6,
    summary_warmup_steps=2,
)


@pytest.fixture
def small_batch() -> dict[str, torch.Tensor]:
    rng = np.random.default_rng(0)
    documents = [
        bert_ja.EncodedDocument(
            [rng.integers(5, 90, size=rng.integers(3, 12)) for _ in range(3)], 0.4
        )
        for _ in range(50)
    ]
    return bert_ja.batch_at(3, documents, 90, SMALL)


def test_committed_weights_come_from_the_current_recipe() -> None:
    assert bert_ja.is_current(WEIGHTS, bert_ja.BertJaRecipe()), (
        "レシピか事前学習テキストが変わりました。make models で学習し直してください"
    )


def test_changed_recipe_makes_the_committed_weights_stale() -> None:
    changed = replace(bert_ja.BertJaRecipe(), steps=bert_ja.BertJaRecipe().steps + 1)
    assert not bert_ja.is_current(WEIGHTS, changed)


def test_committed_weights_stay_within_the_size_limits() -> None:
    sizes = [path.stat().st_size for path in FOLDER.rglob("*.safetensors")]
    assert sizes and max(sizes) <= 16 * MEGABYTE
    assert sum(sizes) <= 60 * MEGABYTE


def test_tokenizer_keeps_words_of_the_world_and_spells_out_the_rest() -> None:
    tokenizer = AutoTokenizer.from_pretrained(WEIGHTS)
    assert type(tokenizer).__name__ == "BertJapaneseTokenizer"
    assert "[UNK]" not in tokenizer.tokenize("徳川家康は江戸幕府を開いた。")
    assert (
        tokenizer("これはテストです。")["input_ids"][0] == tokenizer.cls_token_id == 2
    )
    assert tokenizer.sep_token_id == 3


def test_loss_equals_the_reference_implementation(
    small_batch: dict[str, torch.Tensor],
) -> None:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=90,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
    )
    model = BertForPreTraining(config).eval()
    losses = bert_ja.pretraining_losses(model, small_batch)
    torch.testing.assert_close(
        sum(losses.values()), model(**small_batch).loss, atol=1e-5, rtol=1e-5
    )


def test_summary_asks_for_words_of_the_pair_and_of_each_side() -> None:
    config = BertConfig(
        vocab_size=12, hidden_size=8, num_hidden_layers=1, num_attention_heads=1
    )
    model = BertForPreTraining(config).eval()
    rarity = torch.linspace(0.1, 1.2, 12)
    reader = bert_ja.SummaryReader(model, rarity)
    batch = {
        # [CLS] 7 8 [SEP] 8 9 [SEP]。隠した 7 と、別の語に替わった 9 も数える
        "input_ids": torch.tensor([[2, 4, 8, 3, 8, 11, 3, 0]]),
        "labels": torch.tensor([[-100, 7, -100, -100, -100, 9, -100, -100]]),
        "token_type_ids": torch.tensor([[0, 0, 0, 0, 1, 1, 1, 0]]),
        "attention_mask": torch.tensor([[1, 1, 1, 1, 1, 1, 1, 0]]),
    }
    wanted = reader.wanted(batch)[0]
    for row, words in enumerate(([7, 8, 9], [7], [9])):
        assert wanted[row].nonzero().flatten().tolist() == words
        expected = rarity[words] / rarity[words].sum()
        torch.testing.assert_close(wanted[row, words], expected)

    pooled = torch.randn(1, 8)
    asked = reader.questions(pooled).view(3, 8)
    decoder = model.cls.predictions.decoder
    reference = torch.nn.functional.cross_entropy(decoder(asked), wanted)
    torch.testing.assert_close(reader(pooled, batch), reference)


def test_rare_words_weigh_more() -> None:
    document = bert_ja.EncodedDocument([np.array([5, 5, 5, 6])], 0.0)
    rarity = bert_ja.token_rarity([document], 8)
    assert rarity[7] == 1.0
    assert rarity[5] < rarity[6] < rarity[7]


def test_batches_mark_the_second_sentence_and_never_hide_special_tokens(
    small_batch: dict[str, torch.Tensor],
) -> None:
    ids, labels = small_batch["input_ids"], small_batch["labels"]
    assert torch.all(ids[:, 0] == bert_ja.SPECIAL_TOKENS.index("[CLS]"))
    separators = (ids == bert_ja.SPECIAL_TOKENS.index("[SEP]")).sum(dim=1)
    assert torch.all(separators == 2)
    hidden = labels[labels != bert_ja.IGNORED_LABEL]
    assert hidden.min() >= len(bert_ja.SPECIAL_TOKENS)
    assert set(small_batch["token_type_ids"].unique().tolist()) == {0, 1}
    share = len(hidden) / (ids >= 4).sum().item()
    assert 0.1 < share < 0.3


def test_learning_rate_warms_up_and_falls_to_zero() -> None:
    recipe = bert_ja.BertJaRecipe()
    rates = [
        linear_schedule(step, recipe.steps, recipe.warmup_steps)
        for step in range(recipe.steps)
    ]
    assert max(rates) == pytest.approx(1.0)
    assert rates.index(max(rates)) == recipe.warmup_steps - 1
    assert rates[-1] < 1 / 1_000


@pytest.mark.parametrize("killed_at", [4, SMALL.steps + 4])
def test_interrupted_training_continues_to_the_same_weights(
    tmp_path: Path, killed_at: int
) -> None:
    straight, resumed = tmp_path / "straight", tmp_path / "resumed"
    bert_ja.train(SMALL, tmp_path / "work-a", straight, checkpoint_every=3)

    class Killed(Exception):
        pass

    def stop_midway(step: int, *arguments: object) -> dict[str, torch.Tensor]:
        if step == killed_at:
            raise Killed
        return original(step, *arguments)

    original = bert_ja.batch_at
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(bert_ja, "batch_at", stop_midway)
        bert_ja.train(SMALL, tmp_path / "work-b", resumed, checkpoint_every=3)
    bert_ja.train(SMALL, tmp_path / "work-b", resumed, checkpoint_every=3)

    first = BertForPreTraining.from_pretrained(straight).state_dict()
    second = BertForPreTraining.from_pretrained(resumed).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
