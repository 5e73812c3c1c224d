"""3-zero-shot-inference に書かれた関数を取り出し、独立な計算と突き合わせる。"""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from datasets import Dataset, DatasetDict
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    T5Config,
    T5ForConditionalGeneration,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
)

from misc import notebook_file

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = "chapter03/3-zero-shot-inference.ipynb"
PREAMBLE = """
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise, product
import numpy as np
import torch
from datasets import Dataset, DatasetDict
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel, PreTrainedTokenizerBase
seed, num_items, max_chars, batch_size, bootstrap_samples = 42, 50, 20, 3, 200
max_new_tokens, device, limits = 6, "cpu", {"max_new_tokens": 6, "do_sample": False}
wrime_templates, wrime_words = ["{text}気分は{choice}。"], [["上", "下"]]
"""
CELLS = {
    "data-functions",
    "cloze",
    "wiki-functions",
    "score",
    "ngram",
    "model-functions",
    "gpt-functions",
    "gpt-logprob",
    "mask-functions",
    "mask-logprob",
    "t5-functions",
}
CONSTANTS = {"WORD", "Row", "Logprob", "Scores"}
SIZE = 40


class Letters:
    """1 文字を 1 トークンとする、見本のトークナイザ。末尾に </s> を付ける。"""

    bos_token_id, eos_token_id, pad_token_id, mask_token_id = 1, 2, 0, 3
    cls_token_id, sep_token_id = 1, 2

    def __call__(
        self, text: str | list[str], add_special_tokens: bool = True
    ) -> dict[str, list]:
        """文字の番号の列。"""
        if isinstance(text, list):
            return {
                "input_ids": [self(x, add_special_tokens)["input_ids"] for x in text]
            }
        ids = [4 + ord(letter) % (SIZE - 6) for letter in text]
        return {"input_ids": [*ids, 2] if add_special_tokens else ids}


@pytest.fixture(scope="module")
def lesson() -> SimpleNamespace:
    """ノートブックの関数・クラス・型の名前を、順に定義した名前空間。"""
    namespace: dict[str, object] = {"__name__": __name__}
    exec(PREAMBLE, namespace)
    for cell in notebook_file.read(ROOT, NOTEBOOK).code_cells:
        for node in cell.tree.body if cell.id in CELLS else []:
            constant = (
                isinstance(node, ast.Assign)
                and ast.unparse(node.targets[0]) in CONSTANTS
            )
            if constant or isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                exec(ast.unparse(node), namespace)
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    sizes |= {"vocab_size": SIZE, "intermediate_size": 16}
    bert = BertForMaskedLM(BertConfig(**sizes)).eval()
    roberta = XLMRobertaForMaskedLM(XLMRobertaConfig(**sizes, pad_token_id=0)).eval()
    gpt = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=SIZE, n_embd=16, n_layer=2, n_head=2, initializer_range=0.5
        )
    ).eval()
    t5 = T5ForConditionalGeneration(
        T5Config(
            vocab_size=SIZE, d_model=16, d_kv=8, d_ff=16, num_layers=2, num_heads=2
        )
    ).eval()
    t5.config.decoder_start_token_id, t5.config.eos_token_id = 0, 2
    letters = Letters()
    namespace |= {
        "gpt": gpt,
        "t5": t5,
        "gpt_tokenizer": letters,
        "encoders": {"BERT": (letters, bert), "XLM-R": (letters, roberta)},
        "tokens": {"BERT": letters, "XLM-R": letters},
        "first": SIZE - 1,
        "stop": SIZE - 2,
    }
    namespace["t5_encode"] = namespace["encoder_of"](letters)
    return SimpleNamespace(**namespace, namespace=namespace)


# ---------------------------------------------------------------- 問題と採点


def test_template_puts_the_text_and_the_hole(lesson: SimpleNamespace) -> None:
    """本文に波括弧があっても、ひな形の穴だけが分かれ目になる。"""
    item = lesson.cloze("{text}答えは{choice}。", "{choice}とは?", ["犬", "猫"], 1)
    assert (item.left, item.right) == ("{choice}とは?答えは", "。")
    assert item.bare == ("答えは", "。") and item.choices == ("犬", "猫")


@pytest.mark.parametrize(
    "template", ["{text}だ。", "{choice}だ。", "{text}{choice}{choice}"]
)
def test_template_without_its_places_is_refused(
    lesson: SimpleNamespace, template: str
) -> None:
    with pytest.raises(ValueError, match="1 つずつ"):
        lesson.cloze(template, "問い", ["犬"], 0)


def posts(**columns: list) -> DatasetDict:
    """split が 1 つだけのデータ。"""
    return DatasetDict(test=Dataset.from_dict(columns))


def test_bad_rows_are_refused_with_their_place(lesson: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="列 \\['label'\\] がありません"):
        lesson.check_rows(posts(sentence=["あ"]), "test", "sentence", "label")
    for empty in (["あ", "  "], ["あ", None]):
        with pytest.raises(ValueError, match="1 行あります\\(最初は 2 行目\\)"):
            lesson.check_rows(posts(sentence=empty), "test", "sentence")


def test_a_very_long_post_is_cut_and_counted(
    lesson: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = posts(sentence=["あ" * 10_000, "短い"])
    checked = lesson.check_rows(rows, "test", "sentence")
    assert sorted(map(len, checked["sentence"])) == [2, 20]
    assert "切った行 1" in capsys.readouterr().out


def test_wiki_items_hide_one_word_among_words_of_its_kind(
    lesson: SimpleNamespace,
) -> None:
    names = [a + b for a in "東西南北中" for b in "山川海村町"]
    lines = [f"{name}には{other}という所がある。" for name in names for other in names]
    items = lesson.wiki_items(lines[::7], 40)
    assert len(items) == 40
    for item in items:
        word = item.choices[item.answer]
        assert f"{item.left}{word}{item.right}" in lines
        assert len(set(item.choices)) == 5 and {len(x) for x in item.choices} == {2}
        assert not any(x in item.left + item.right for x in item.choices)
    assert len({item.answer for item in items}) == 5


def test_too_few_sentences_are_refused(lesson: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="num_test_articles を増やしてください"):
        lesson.wiki_items(["東山には西川という所がある。"], 1)


def test_sentences_are_split_filtered_and_unique(lesson: SimpleNamespace) -> None:
    long = "これは十五文字より長い日本語の文です。"
    texts = [f"{long}短い。\n{long}", "英字 ABC の入った十五文字より長い文です。"]
    assert lesson.split_sentences(texts) == [long]


def test_score_asks_every_distinct_row_once_and_keeps_the_order(
    lesson: SimpleNamespace,
) -> None:
    items = [lesson.cloze("{text}は{choice}。", t, "犬猫", 0) for t in "あいう"]
    asked: list[tuple[str, str, str]] = []

    def count(rows: list[tuple[str, str, str]]) -> np.ndarray:
        asked.extend(rows)
        return np.array([hash(row) % 1000 for row in rows])

    scores = lesson.score(count, items, ("raw", "bare", "other"))
    assert len(asked) == 6 + 2 + 6
    expected = [[hash((x.left, c, x.right)) % 1000 for c in x.choices] for x in items]
    assert scores["raw"].tolist() == expected
    assert scores["other"].tolist() == [*expected[1:], expected[0]]
    assert (scores["bare"] == scores["bare"][0]).all()


def test_prior_undoes_a_word_that_is_always_likely(lesson: SimpleNamespace) -> None:
    items = [
        lesson.cloze("{text}は{choice}。", t, "犬猫", n) for n, t in enumerate("あい")
    ]
    scores = {"raw": np.array([[-5.0, -1.0], [-7.0, -1.0]])}
    scores["bare"] = np.array([[-6.0, -1.0], [-6.0, -1.0]])
    assert lesson.hits(scores, items, "sum").tolist() == [False, True]
    assert lesson.hits(scores, items, "prior").tolist() == [True, True]
    assert lesson.hits(scores, items, "sum", "bare").tolist() == [False, True]


# ---------------------------------------------------------------- 文字 n-gram


def test_ngram_probabilities_sum_to_one(lesson: SimpleNamespace) -> None:
    """5000 種類の文字にわたる和は、どの履歴の後でも 1 になる。"""
    model = lesson.CharNgram(["犬が走る。", "犬が寝る。", "猫が走る。"])
    seen = sorted(set("\n犬猫が走寝る。"))
    for history in ("", "犬", "が走", "\n\n\n\n", "知らない"):
        known = sum(model.probability((history + c)[-5:]) for c in seen)
        unseen = model.probability((history + "穴")[-5:])
        assert known + unseen * (5000 - len(seen)) == pytest.approx(1)


def test_ngram_prefers_what_it_has_counted(lesson: SimpleNamespace) -> None:
    model = lesson.CharNgram(["犬が走る。"] * 3 + ["猫が寝る。"])
    values = model.logprob([("犬が", "走", "る。"), ("犬が", "寝", "る。")])
    assert values[0] > values[1]
    sentence = "\n\n\n\n犬が走る。"
    parts = [sentence[i : i + 5] for i in range(len(sentence) - 4)]
    assert values[0] == pytest.approx(sum(np.log(model.probability(x)) for x in parts))


# ---------------------------------------------------------------- トークンの分け方

WORDS = st.text(alphabet="あいう", max_size=6)


@settings(deadline=None)
@given(
    left=WORDS, choice=st.text(alphabet="あいう", min_size=1, max_size=4), right=WORDS
)
def test_letters_are_split_exactly_at_the_hole(
    lesson: SimpleNamespace, left: str, choice: str, right: str
) -> None:
    encode = lesson.encoder_of(Letters())
    a, b, c = lesson.split_tokens(encode, (left, choice, right))
    assert (a, b, c) == (encode(left), encode(choice), encode(right))


@settings(deadline=None)
@given(
    left=WORDS, choice=st.text(alphabet="あいう", min_size=1, max_size=4), right=WORDS
)
def test_merged_tokens_lose_nothing_and_leave_a_hole(
    lesson: SimpleNamespace, left: str, choice: str, right: str
) -> None:
    """2 文字ずつ 1 トークンになる切り方でも、つなげば元に戻り、穴は空にならない。"""

    def encode(text: str) -> list[int]:
        return [hash(text[i : i + 2]) for i in range(0, len(text), 2)]

    a, b, c = lesson.split_tokens(encode, (left, choice, right))
    assert [*a, *b, *c] == encode(left + choice + right) and b
    assert (
        a == encode(left)[: len(a)]
        and c == encode(right)[len(encode(right)) - len(c) :]
    )


# ---------------------------------------------------------------- 3 種類のモデル

ROWS = [("犬が", "走る", "。"), ("", "猫", "は寝ているのだ。"), ("鳥", "飛ぶ", "")]


def test_gpt_score_equals_the_library_loss(lesson: SimpleNamespace) -> None:
    values = lesson.gpt_logprob(ROWS)
    expected = [lesson.library_logprob("".join(row)) for row in ROWS]
    assert values == pytest.approx(expected, abs=1e-4)


def test_shown_examples_give_the_conditional_score(lesson: SimpleNamespace) -> None:
    """例文の後の点は、つないだ文の点から例文の点を引いたものになる。"""
    shown = "例えば、犬は走る。"
    values = lesson.gpt_logprob(ROWS, shown)
    joined = lesson.gpt_logprob([(shown, *row[:1], "".join(row[1:])) for row in ROWS])
    assert values == pytest.approx(
        joined - lesson.gpt_logprob([(shown, "", "")]), abs=1e-4
    )


def test_greedy_equals_generate_and_next_logits_ignore_padding(
    lesson: SimpleNamespace,
) -> None:
    for text in ("犬が走る", "猫"):
        hand, generated = lesson.hand_and_generated(text)
        assert hand == generated
    both = lesson.next_logits([[1, 5, 6], [1, 7]])
    assert torch.allclose(both[1], lesson.next_logits([[1, 7]])[0], atol=1e-5)


def test_cut_sentences_differ_only_in_special_tokens(lesson: SimpleNamespace) -> None:
    ways, gold, previous = lesson.cut_sentences(["犬が走っている。", "猫が寝ている。"])
    first, bare, ended = ways.values()
    for i in range(2):
        assert first[i] == [1, *bare[i]] and ended[i] == [*bare[i], 2]
        assert bare[i][-1] == previous[i]
        text = ["犬が走っている。", "猫が寝ている。"][i]
        assert lesson.gpt_ids(text)[len(first[i])] == gold[i]


def test_counted_next_is_the_most_frequent_follower(lesson: SimpleNamespace) -> None:
    train = [[1, 5, 6], [1, 5, 6], [1, 5, 7], [1, 6, 9]]
    assert lesson.counted_next(train, [1, 5, 8]).tolist() == [5, 6, 5]


@pytest.mark.parametrize("name", ["BERT", "XLM-R"])
def test_mask_score_equals_the_whole_model(lesson: SimpleNamespace, name: str) -> None:
    """マスクの位置だけの射影は、全体のロジットから計算した値と一致する。"""
    tokenizer, model = lesson.encoders[name]
    values = lesson.mask_logprob(name, ROWS)
    for (left, choice, right), value in zip(ROWS, values, strict=True):
        a, b, c = (tokenizer(x, False)["input_ids"] for x in (left, choice, right))
        ids = torch.tensor([[1, *a, *[3] * len(b), *c, 2]])
        with torch.inference_mode():
            p = model(input_ids=ids).logits[0].log_softmax(dim=1)
        places = range(len(a) + 1, len(a) + 1 + len(b))
        total = sum(float(p[i, t]) for i, t in zip(places, b, strict=True))
        assert value == pytest.approx(total, abs=1e-4)


def test_t5_score_equals_writing_token_by_token(lesson: SimpleNamespace) -> None:
    values = lesson.t5_logprob(ROWS)
    for row, value in zip(ROWS, values, strict=True):
        source, target = lesson.t5_pair(row)
        total, written = 0.0, [0]
        for token in target:
            with torch.inference_mode():
                logits = lesson.t5(
                    input_ids=torch.tensor([source]),
                    decoder_input_ids=torch.tensor([written]),
                ).logits[0, -1]
            total += float(logits.log_softmax(dim=0)[token])
            written.append(token)
        assert source.count(SIZE - 1) == 1 and target[-1] == SIZE - 2
        assert value == pytest.approx(total, abs=1e-4)
