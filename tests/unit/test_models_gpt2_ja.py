"""GPT2-ja のレシピ: 損失・トークナイザ・再開・古くなった重みの検出を確かめる。"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, GPT2LMHeadModel

from tinyhub.models import gpt2_ja
from tinyhub.models.recipes import MODELS_FOLDER
from tinyhub.models.world_text import tokenizer_lines, world_documents

WEIGHTS = MODELS_FOLDER / "gpt2-ja"
MAX_BYTES = 3_200_000
SMALL = replace(
    gpt2_ja.Gpt2JaRecipe(),
    vocab_size=1_100,
    n_embd=16,
    n_layer=1,
    n_head=2,
    n_positions=32,
    documents={"prose": 60, "posts": 60},
    tokenizer_documents=60,
    window=16,
    windows_per_batch=2,
    held_out_windows=2,
    steps=6,
    warmup_steps=2,
)


def _stop_at(step: int, patch: pytest.MonkeyPatch) -> type[Exception]:
    """step 番目のバッチを作るところで、学習を止める。"""

    class Killed(Exception):
        pass

    original = gpt2_ja.batch_at

    def stopping(number: int, *arguments: object) -> torch.Tensor:
        if number == step:
            raise Killed
        return original(number, *arguments)

    patch.setattr(gpt2_ja, "batch_at", stopping)
    return Killed


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gpt2")
    gpt2_ja.train(SMALL, folder / "work", folder / "output", checkpoint_every=3)
    return folder / "output"


@pytest.mark.skipif(not WEIGHTS.exists(), reason="重みをまだ作っていない")
def test_committed_weights_are_current_and_small() -> None:
    assert gpt2_ja.is_current(WEIGHTS, gpt2_ja.Gpt2JaRecipe()), (
        "レシピか事前学習テキストが変わりました。make models で学習し直してください"
    )
    assert (WEIGHTS / "model.safetensors").stat().st_size <= MAX_BYTES


def test_loss_equals_the_reference_implementation() -> None:
    model = gpt2_ja.initial_model(SMALL, 300).eval()
    ids = torch.from_numpy(np.random.default_rng(0).integers(300, size=(3, 16)))
    ours = gpt2_ja.pretraining_loss(model, ids)
    reference = model(ids, labels=ids).loss
    torch.testing.assert_close(ours, reference, rtol=1e-2, atol=1e-2)


def test_batches_depend_on_the_step_alone_and_avoid_the_held_out_tail() -> None:
    stream = np.arange(400, dtype=np.int32)
    train_part, held_out = gpt2_ja.split_stream(stream, SMALL)
    assert held_out.shape == (2, 16) and held_out.min() == len(train_part)
    batch = gpt2_ja.batch_at(5, train_part, SMALL)
    assert torch.equal(batch, gpt2_ja.batch_at(5, train_part, SMALL))
    assert not torch.equal(batch, gpt2_ja.batch_at(6, train_part, SMALL))
    assert torch.all(batch.diff(dim=1) == 1)


def test_tokenizer_has_the_files_and_the_class_of_the_real_one(trained: Path) -> None:
    names = {path.name for path in trained.iterdir()}
    assert {"spiece.model", "tokenizer_config.json", "special_tokens_map.json"} <= names
    assert "tokenizer.json" not in names
    tokenizer = AutoTokenizer.from_pretrained(trained)
    assert type(tokenizer).__name__ == "T5Tokenizer"
    assert len(tokenizer) == SMALL.vocab_size
    special = [tokenizer.unk_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id]
    assert special == [0, 1, 2] and tokenizer.pad_token_id == 3
    assert tokenizer("駅前").input_ids[-1] == tokenizer.eos_token_id


def test_tokenizer_spells_the_world_without_unknown_characters(trained: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(trained)
    # 検証に使う文書の文字も、語彙を作る行にない文字も落とさない。
    documents = world_documents(SMALL.documents, SMALL.text_seed)
    for line in tokenizer_lines(documents, 60):
        ids = tokenizer(line, add_special_tokens=False).input_ids
        assert not {0, 1, 2, 3} & set(ids)


def test_config_names_the_recipe_and_generation_runs(trained: Path) -> None:
    model = GPT2LMHeadModel.from_pretrained(trained)
    assert model.config.tinyhub.endswith("recipe gpt2-ja v1")
    assert model.config._attn_implementation == "sdpa"
    made = model.generate(torch.tensor([[5, 6]]), max_new_tokens=4, do_sample=False)
    assert made.shape[1] <= 6


def test_interrupted_training_continues_to_the_same_weights(
    trained: Path, tmp_path: Path
) -> None:
    work, output = tmp_path / "work", tmp_path / "output"
    with pytest.MonkeyPatch.context() as patch:
        killed = _stop_at(4, patch)
        with pytest.raises(killed):
            gpt2_ja.train(SMALL, work, output, checkpoint_every=3)
    assert not output.exists()
    gpt2_ja.train(SMALL, work, output, checkpoint_every=3)
    straight = (trained / "model.safetensors").read_bytes()
    assert (output / "model.safetensors").read_bytes() == straight
    assert gpt2_ja.is_current(output, SMALL)
    assert not gpt2_ja.is_current(output, replace(SMALL, steps=7))
