"""余地を測る部品: 位置合わせ・答えだけの損失・対数尤度が、定義どおりかを確かめる。"""

from __future__ import annotations

import pytest
import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM
from transformers import PreTrainedTokenizerFast as Tokenizer

from bench.probes import entities, reading
from bench.probes.answering import (
    Example,
    Tuning,
    _batches,
    answer,
    fine_tune,
    log_likelihoods,
)
from tinyhub.models import tokenizers_multilingual
from tinyhub.world.rag.reader import compose


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return AutoTokenizer.from_pretrained(
        tokenizers_multilingual.FOLDER / "llm-jp--llm-jp-3-440m"
    )


@pytest.fixture
def model(tokenizer: Tokenizer) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
    )
    return LlamaForCausalLM(config).eval()


def test_every_token_of_the_entity_rows_is_found_in_its_text() -> None:
    tokenizer = AutoTokenizer.from_pretrained(entities.MODEL)
    _, _, test = entities.splits()
    for row in test[:100]:
        spans = entities.token_spans(tokenizer.tokenize(row.text), row.text)
        labels = entities.bio(row, spans)
        assert [start for start, _ in spans] == sorted(start for start, _ in spans)
        assert labels.count("O") < len(labels) or not row.entities
        begun = sum(label.startswith("B-") for label in labels)
        assert begun == len(row.entities)


def test_dictionary_finds_only_names_seen_in_training() -> None:
    train, _, test = entities.splits()
    known = {entity.name for row in train for entity in row.entities}
    for row, labels in zip(
        test[:50], entities.dictionary_labels(train, test[:50]), strict=True
    ):
        text = "".join(
            char for char, label in zip(row.text, labels, strict=True) if label != "O"
        )
        assert not text or any(name in row.text for name in known)


def test_log_likelihood_is_the_sum_over_the_answer(
    model: LlamaForCausalLM, tokenizer: Tokenizer
) -> None:
    examples = [Example("<s>海は", "青い"), Example("<s>山の上の空は", "とても高い")]
    batched = log_likelihoods(model, tokenizer, examples)
    for example, score in zip(examples, batched, strict=True):
        ids = [
            tokenizer(text, add_special_tokens=False)["input_ids"]
            for text in (example.prompt, example.answer)
        ]
        with torch.inference_mode():
            logs = model(torch.tensor([sum(ids, [])])).logits[0].log_softmax(dim=-1)
        start = len(ids[0]) - 1
        alone = sum(logs[start + i, token].item() for i, token in enumerate(ids[1]))
        assert score == pytest.approx(alone, abs=1e-4)


def test_fine_tuning_teaches_the_answer_and_the_end(
    model: LlamaForCausalLM, tokenizer: Tokenizer
) -> None:
    examples = [Example("<s>空は", "青い"), Example("<s>雪は", "白い")] * 8
    before = answer(model, tokenizer, ["<s>空は", "<s>雪は"], 8)
    losses = fine_tune(
        model, tokenizer, examples, Tuning(steps=60, batch_size=8, learning_rate=1e-2)
    )
    assert losses[-1] < 0.1 < losses[0]
    assert answer(model, tokenizer, ["<s>空は", "<s>雪は"], 8) == ["青い", "白い"]
    assert before != ["青い", "白い"]


def test_zero_learning_rate_changes_no_answer(
    model: LlamaForCausalLM, tokenizer: Tokenizer
) -> None:
    before = answer(model, tokenizer, ["<s>空は"], 8)
    tuning = Tuning(steps=3, batch_size=2, learning_rate=0.0)
    fine_tune(model, tokenizer, [Example("<s>空は", "青い")] * 4, tuning)
    assert answer(model, tokenizer, ["<s>空は"], 8) == before


def test_batches_show_every_row_once_a_round_and_keep_lengths_together() -> None:
    rows = [([1] * length, [2]) for length in range(1, 65)]
    tuning = Tuning(batch_size=4)
    made = _batches(rows, tuning)
    batches = [next(made) for _ in range(16)]
    lengths = [[len(prompt) for prompt, _ in batch] for batch in batches]
    assert sorted(sum(lengths, [])) == list(range(1, 65))
    assert all(max(batch) - min(batch) == 3 for batch in lengths)
    assert [batch[0] for batch in lengths] != sorted(batch[0] for batch in lengths)


def test_reading_baselines_know_only_the_type_of_the_value() -> None:
    drafts = [
        draft for draft in compose("test", 60) if draft.row.positive_passage_indices
    ]
    sizes = [len(draft.candidates) for draft in drafts]
    chance = reading.any_value_accuracy(drafts)
    assert 1 / max(sizes) <= chance <= 1 / min(sizes)
    assert all(draft.row.answers[0] in draft.candidates for draft in drafts)
    assert reading.usual_value_accuracy(compose("train", 60), drafts) < 0.2
    told, closed = (reading.prompt(drafts[0].row, told) for told in (True, False))
    assert drafts[0].row.passages[0].text in told
    assert told.endswith(closed.removeprefix("<s>"))
