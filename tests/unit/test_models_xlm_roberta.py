"""XLM-R のレシピと MLM の部品: 損失・マスク・再開・古い重みの検出を確かめる。"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase, XLMRobertaForMaskedLM

from tinyhub.models import masked_language, xlm_roberta
from tinyhub.models.masked_language import Vocabulary
from tinyhub.models.recipes import MODELS_FOLDER

WEIGHTS = MODELS_FOLDER / "xlm-roberta"
MAX_BYTES = 3_200_000
SMALL = replace(
    xlm_roberta.XlmRobertaRecipe(),
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=32,
    documents={"prose": 60, "posts": 60},
    held_out_documents=10,
    tokens_per_batch=256,
    steps=6,
    warmup_steps=2,
)
DOCUMENTS = [["雨が降った。", "道がぬれた。", "駅まで歩いた。"], ["晴れた。"]] * 8


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(xlm_roberta.TOKENIZER_FOLDER)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("xlm-roberta")
    xlm_roberta.train(SMALL, folder / "work", folder / "output", checkpoint_every=3)
    return folder / "output"


@pytest.mark.skipif(not WEIGHTS.exists(), reason="重みをまだ作っていない")
def test_committed_weights_are_current_and_small() -> None:
    assert xlm_roberta.is_current(WEIGHTS, xlm_roberta.XlmRobertaRecipe()), (
        "レシピか事前学習テキストが変わりました。make models で学習し直してください"
    )
    assert (WEIGHTS / "model.safetensors").stat().st_size <= MAX_BYTES


def test_full_recipe_fits_the_size_limit(tokenizer: PreTrainedTokenizerBase) -> None:
    recipe = xlm_roberta.XlmRobertaRecipe()
    model = xlm_roberta.initial_model(recipe, len(tokenizer))
    assert 4 * sum(p.numel() for p in model.parameters()) <= MAX_BYTES


def test_sentences_are_found_again_in_the_tokens(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    vocabulary = Vocabulary.of(tokenizer)
    (document,) = masked_language.encode_documents(tokenizer, DOCUMENTS[:1])
    assert document.sentences == 3
    pieces = [
        tokenizer.decode(vocabulary.cut(document, int(first), int(last)))
        for first, last in zip(document.starts, document.starts[1:], strict=False)
    ]
    assert pieces == DOCUMENTS[0]
    whole = tokenizer("".join(DOCUMENTS[0]), add_special_tokens=False).input_ids
    assert document.ids.tolist() == whole


def test_masks_change_with_the_step_and_spare_special_tokens(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    vocabulary = Vocabulary.of(tokenizer)
    documents = masked_language.encode_documents(tokenizer, DOCUMENTS)
    batch, again, later = (
        xlm_roberta.batch_at(step, documents, vocabulary, SMALL) for step in (3, 3, 4)
    )
    assert torch.equal(batch.input_ids, again.input_ids)
    assert batch.chosen.shape != later.chosen.shape or not torch.equal(
        batch.chosen, later.chosen
    )
    special = torch.isin(batch.targets, torch.tensor(vocabulary.special))
    assert not (batch.chosen & special).any()
    assert torch.equal(batch.input_ids[~batch.chosen], batch.targets[~batch.chosen])
    assert torch.all(batch.targets[:, 0] == tokenizer.bos_token_id)
    assert torch.equal(
        batch.attention_mask == 0, batch.targets == tokenizer.pad_token_id
    )


def test_mask_rule_is_80_10_10() -> None:
    vocabulary = Vocabulary(500, 0, 2, 1, 499, 4, (0, 1, 2, 3, 499))
    rng = np.random.default_rng(0)
    ids = rng.integers(4, 499, size=(200, 200))
    masked, chosen = masked_language.mask_tokens(ids, vocabulary, 0.2, rng)
    assert chosen.mean() == pytest.approx(0.2, abs=0.01)
    assert (masked[chosen] == 499).mean() == pytest.approx(0.8, abs=0.02)
    assert (masked[chosen] == ids[chosen]).mean() == pytest.approx(0.1, abs=0.02)
    assert not np.isin(masked[chosen], (0, 1, 2, 3)).any()


def test_loss_equals_the_reference_implementation(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    vocabulary = Vocabulary.of(tokenizer)
    documents = masked_language.encode_documents(tokenizer, DOCUMENTS)
    batch = xlm_roberta.batch_at(1, documents, vocabulary, SMALL)
    model = xlm_roberta.initial_model(SMALL, vocabulary.size).eval()
    torch.nn.init.normal_(model.lm_head.bias)
    labels = torch.where(batch.chosen, batch.targets, -100)
    reference = model(
        batch.input_ids, attention_mask=batch.attention_mask, labels=labels
    ).loss
    ours = xlm_roberta.pretraining_loss(model, batch)
    torch.testing.assert_close(ours, reference, rtol=1e-2, atol=1e-2)


def test_output_carries_the_tokenizer_of_the_same_id(
    trained: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    loaded = AutoTokenizer.from_pretrained(trained)
    assert type(loaded).__name__ == "XLMRobertaTokenizer"
    assert loaded.get_vocab() == tokenizer.get_vocab()
    model = XLMRobertaForMaskedLM.from_pretrained(trained)
    assert model.config.vocab_size == len(loaded)
    assert model.config.tinyhub.endswith("recipe xlm-roberta v1")


def test_interrupted_training_continues_to_the_same_weights(
    trained: Path, tmp_path: Path
) -> None:
    class Killed(Exception):
        pass

    def stop_at_four(step: int, *arguments: object) -> masked_language.MaskedBatch:
        if step == 4:
            raise Killed
        return original(step, *arguments)

    original = xlm_roberta.batch_at
    work, output = tmp_path / "work", tmp_path / "output"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(xlm_roberta, "batch_at", stop_at_four)
        xlm_roberta.train(SMALL, work, output, checkpoint_every=3)
    assert not output.exists()
    xlm_roberta.train(SMALL, work, output, checkpoint_every=3)
    straight = (trained / "model.safetensors").read_bytes()
    assert (output / "model.safetensors").read_bytes() == straight
    assert xlm_roberta.is_current(output, SMALL)
    assert not xlm_roberta.is_current(output, replace(SMALL, steps=7))
