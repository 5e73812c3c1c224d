"""8-4-simcse-faiss に書かれた関数を取り出し、独立な計算と突き合わせる。"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faiss
import numpy as np
import pandas as pd
import pytest
import torch

from misc import notebook_file
from runner.project import Project

ROOT = Project().root
NOTEBOOK = "chapter08/8-4-simcse-faiss.ipynb"
PREAMBLE = """
import hashlib, os, time
from collections.abc import Callable, Sequence
from pathlib import Path
import faiss
import numpy as np
import pandas as pd
import torch
from datasets import load_dataset
from torch.nn import functional
from tqdm import tqdm
max_length, batch_size, shard_size, resume, seed = 8, 3, 4, True, 0
kinds = ["題", "抜いた文"]
"""
CELLS = (
    "load-paragraphs",
    "make-questions",
    "embed",
    "shards",
    "top-k",
    "bm25",
    "hits",
    "measure",
    "binary",
)


class Tokenizer:
    """文字の番号を並べるだけのトークナイザ。渡された最も長い文を覚える。"""

    longest = 0

    def __call__(self, texts: Sequence[str], **_: object) -> Any:
        self.longest = max(self.longest, *map(len, texts))
        width = max(min(len(text), 8) for text in texts)
        ids = torch.zeros(len(texts), width, dtype=torch.long)
        for row, text in enumerate(texts):
            ids[row, : min(len(text), 8)] = torch.tensor([ord(c) for c in text[:8]])
        return Batch(input_ids=ids)


class Batch(dict[str, torch.Tensor]):
    """to() だけを持つ辞書。"""

    def to(self, _: object) -> Batch:
        """装置を移さない。"""
        return self


class Model:
    """番号から決まるベクトルを返すモデル。呼ばれた回数を数える。"""

    config = SimpleNamespace(hidden_size=16)
    calls = 0

    def __call__(self, input_ids: torch.Tensor) -> SimpleNamespace:
        self.calls += 1
        scale = torch.arange(1, 17)
        hidden = torch.sin(input_ids[..., None] * scale / 7)
        return SimpleNamespace(last_hidden_state=hidden)


@pytest.fixture
def lesson() -> SimpleNamespace:
    """ノートブックの関数だけを、順に定義した名前空間。"""
    namespace: dict[str, Any] = {}
    exec(PREAMBLE, namespace)
    for cell in notebook_file.read(ROOT, NOTEBOOK).code_cells:
        if cell.id in CELLS:
            for node in cell.tree.body:
                named = isinstance(node, ast.Assign) and "hub_help" in ast.unparse(node)
                if isinstance(node, ast.FunctionDef) or named:
                    exec(ast.unparse(node), namespace)
    namespace.update(tokenizer=Tokenizer(), model=Model(), device="cpu")
    return SimpleNamespace(**namespace, namespace=namespace)


def unit(rows: int, width: int, seed: int) -> np.ndarray:
    """長さ 1 の無作為なベクトル。"""
    values = np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


@pytest.mark.parametrize(("rows", "k"), [(50, 10), (50, 50), (7, 10), (1, 1)])
def test_top_k_equals_the_flat_index(
    lesson: SimpleNamespace, rows: int, k: int
) -> None:
    base, wanted = unit(rows, 16, 1), unit(9, 16, 2)
    index = faiss.IndexFlatIP(16)
    index.add(base)
    expected_scores, expected_ids = index.search(wanted, min(k, rows))
    scores, ids = lesson.top_k_search(base, wanted, k, rows=4)
    assert np.allclose(scores, expected_scores, atol=1e-5)
    assert (ids == expected_ids).all()


TEXTS = [f"{'段落' * (n % 5 + 1)}{n}番" for n in range(11)]


def test_resumed_shards_are_bit_equal(lesson: SimpleNamespace, tmp_path: Path) -> None:
    """途中で殺されても、残りだけを計算し、1 ビットも違わない。"""
    whole = lesson.read_shards(lesson.embed_shards(TEXTS, tmp_path / "a", "m")).copy()
    model, embed, calls = lesson.namespace["model"], lesson.embed_texts, []

    def dying(texts: Sequence[str]) -> np.ndarray:
        calls.append(len(texts))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return embed(texts)

    lesson.namespace["embed_texts"] = dying
    with pytest.raises(KeyboardInterrupt):
        lesson.embed_shards(TEXTS, tmp_path / "b", "m")
    lesson.namespace["embed_texts"] = embed
    assert len(list((tmp_path / "b").rglob("*.npy"))) == 1

    model.calls = 0
    paths = lesson.embed_shards(TEXTS, tmp_path / "b", "m")
    assert model.calls == 3  # 4 件と 3 件の分割を、3 件ずつのバッチで
    assert (lesson.read_shards(paths) == whole).all()


@pytest.mark.parametrize("change", ["model", "text", "length"])
def test_vectors_of_another_setting_are_not_reused(
    lesson: SimpleNamespace, tmp_path: Path, change: str
) -> None:
    first = lesson.embed_shards(TEXTS, tmp_path, "m")
    texts = [*TEXTS[:-1], "別の段落"] if change == "text" else TEXTS
    if change == "length":
        lesson.namespace["max_length"] = 4
    other = lesson.embed_shards(texts, tmp_path, "n" if change == "model" else "m")
    assert not set(first) & set(other)


def test_resume_false_computes_again(lesson: SimpleNamespace, tmp_path: Path) -> None:
    lesson.embed_shards(TEXTS, tmp_path, "m")
    lesson.namespace["resume"] = False
    lesson.namespace["model"].calls = 0
    lesson.embed_shards(TEXTS, tmp_path, "m")
    assert lesson.namespace["model"].calls == 5


def test_rows_keep_their_place_and_length_one(lesson: SimpleNamespace) -> None:
    """長さ順に計算しても、元の順番に戻り、長さは 1 になる。"""
    together = lesson.embed_texts(TEXTS)
    apart = np.concatenate([lesson.embed_texts([text]) for text in TEXTS])
    assert np.allclose(together, apart, atol=1e-6)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_empty_text_is_refused(lesson: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="空の文"):
        lesson.embed_texts(["段落です。", " \n"])


def test_ten_thousand_characters_are_cut(lesson: SimpleNamespace) -> None:
    vectors = lesson.embed_texts(["長" * 10_000, "短い段落"])
    assert vectors.shape == (2, 16)
    assert lesson.namespace["tokenizer"].longest == 8 * 16


def test_removed_sentence_is_not_in_the_rest(lesson: SimpleNamespace) -> None:
    rows = [
        ("海辺の町", "海辺の町は南にある。漁業が盛んである。毎年夏に祭りが開かれる。"),
        ("短い記事", "一文だけである。"),
        ("同じ題", "題が重なる記事。二つある。どちらも選ばれない。"),
        ("同じ題", "題が重なる記事。二つある。これも選ばれない。"),
    ]
    frame = pd.DataFrame(rows, columns=["title", "text"])
    questions = lesson.make_questions(frame, 10)
    assert questions.to_dict("index") == {
        0: {
            "題": "海辺の町",
            "抜いた文": "毎年夏に祭りが開かれる。",
            "残り": "海辺の町は南にある。漁業が盛んである。",
        }
    }


def test_hit_rate_and_recall_by_hand(lesson: SimpleNamespace) -> None:
    lesson.namespace.update(answers=np.array([5, 6]), truth=np.array([5, 6, 5, 6]))
    ids = np.array([[5, 1], [1, 6], [1, 2], [3, 6]])
    assert lesson.hit_rate(ids, "題", 1) == 0.5
    assert lesson.hit_rate(ids, "題", 2) == 1.0
    assert lesson.hit_rate(ids, "抜いた文", 2) == 0.5
    lesson.namespace["exact_ids"] = np.array([[5, 2], [6, 1], [8, 9], [6, 3]])
    assert lesson.recall(ids) == (1 + 2 + 0 + 2) / 8


def test_bits_are_signs_after_the_mean_is_removed(lesson: SimpleNamespace) -> None:
    values = unit(6, 16, 3) + 5
    lesson.namespace["center"] = values.mean(axis=0)
    bits = lesson.to_bits(values)
    assert bits.shape == (6, 2)
    assert (np.unpackbits(bits, axis=1) == (values > values.mean(axis=0))).all()


def test_rescoring_every_candidate_is_exact(lesson: SimpleNamespace) -> None:
    vectors, queries = unit(40, 16, 4), unit(5, 16, 5)
    lesson.namespace.update(center=vectors.mean(axis=0), vectors=vectors)
    binary = faiss.IndexBinaryFlat(16)
    binary.add(lesson.to_bits(vectors))
    lesson.namespace.update(
        binary=binary, query_bits=lesson.to_bits(queries), queries=queries, top_k=3
    )
    found = lesson.rescored_search(1000)
    assert (found == lesson.top_k_search(vectors, queries, 3)[1]).all()


@pytest.mark.parametrize(
    "rows",
    [[{"title": "列が足りない"}], ConnectionError("届かない"), OSError("ない")],
    ids=["wrong column", "unreachable", "unknown id"],
)
def test_bad_paragraphs_are_named(lesson: SimpleNamespace, rows: Any) -> None:
    def load(*_: object, **__: object) -> Any:
        if isinstance(rows, Exception):
            raise rows
        return rows

    names = {"paragraphs_id": "learner/none", "paragraphs_revision": "main"}
    lesson.namespace.update(load_dataset=load, paragraph_count=5, **names)
    with pytest.raises(OSError, match="learner/none を読み込めません"):
        lesson.load_paragraphs()


def test_only_leads_with_text_are_kept(lesson: SimpleNamespace) -> None:
    rows = [
        {"title": "甲", "text": " 本文。", "paragraph_index": 0},
        {"title": "甲", "text": "二段落目。", "paragraph_index": 1},
        {"title": "乙", "text": "  ", "paragraph_index": 0},
        {"title": "丙", "text": "丙の本文。", "paragraph_index": 0},
    ]
    lesson.namespace.update(
        load_dataset=lambda *_, **__: rows,
        paragraphs_id="x",
        paragraphs_revision="main",
        paragraph_count=2,
    )
    assert lesson.load_paragraphs().to_numpy().tolist() == [
        ["甲", "本文。"],
        ["丙", "丙の本文。"],
    ]
