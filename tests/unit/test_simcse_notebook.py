"""8-3-simcse-training に書かれた関数を取り出し、独立な計算と突き合わせる。"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from misc import notebook_file
from runner.project import Project

ROOT = Project().root
NOTEBOOK = "chapter08/8-3-simcse-training.ipynb"
PREAMBLE = """
import math
from collections.abc import Sequence
from pathlib import Path
import numpy as np
import pandas as pd
import torch
from datasets import Dataset, Value, load_dataset
from scipy.stats import rankdata, spearmanr
from torch.nn import functional
from transformers import PreTrainedModel
temperature = 0.05
"""
CELLS = ("loaders", "jsnli", "loss", "embed", "pairs-index", "geometry", "bootstrap")


@pytest.fixture(scope="module")
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
    return SimpleNamespace(**namespace, namespace=namespace)


def double_loop(
    views: np.ndarray, temperature: float, groups: list[int] | None = None
) -> float:
    """対照損失の定義。groups が同じ文の正例は、負例に数えない。"""
    unit = views / np.linalg.norm(views, axis=-1, keepdims=True)
    anchors, positives, *hard = unit
    losses = []
    for i, anchor in enumerate(anchors):
        own = math.exp(float(anchor @ positives[i]) / temperature)
        total = own
        for j, other in enumerate(positives):
            if j != i and (groups is None or groups[i] != groups[j]):
                total += math.exp(float(anchor @ other) / temperature)
        for block in hard:
            total += sum(math.exp(float(anchor @ x) / temperature) for x in block)
        losses.append(-math.log(own / total))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("count", [2, 3], ids=["in-batch", "hard negatives"])
@pytest.mark.parametrize("temperature", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("groups", [None, [0, 1, 0, 2, 3, 3]])
def test_loss_equals_the_double_loop(
    lesson: SimpleNamespace, count: int, temperature: float, groups: list[int] | None
) -> None:
    views = torch.randn(count, 6, 8, generator=torch.Generator().manual_seed(count))
    numbers = None if groups is None else torch.tensor(groups)
    hard = views[2] if count == 3 else None
    ours = lesson.info_nce(views[0], views[1], temperature, hard, numbers).item()
    expected = double_loop(views.double().numpy(), temperature, groups)
    assert math.isclose(ours, expected, rel_tol=1e-6)


def test_loop_in_the_lesson_agrees_with_the_definition(lesson: SimpleNamespace) -> None:
    views = np.random.default_rng(0).normal(size=(3, 5, 4))
    assert math.isclose(lesson.loop_loss(*views), double_loop(views, 0.05))


def test_masked_row_gets_no_push_from_its_false_negative(
    lesson: SimpleNamespace,
) -> None:
    """同じ番号の正例には勾配が流れず、違う番号なら流れる。"""
    for groups, pushed in (([0, 0], False), ([0, 1], True)):
        anchors = torch.eye(2, 3)
        positives = torch.tensor([[1.0, 0.2, 0.1], [0.3, 1.0, 0.2]], requires_grad=True)
        numbers = torch.tensor(groups)
        lesson.info_nce(anchors, positives, 0.5, groups=numbers).backward()
        assert bool(positives.grad.abs().max() > 1e-6) is pushed


def test_hard_negative_of_the_same_premise_is_not_masked(
    lesson: SimpleNamespace,
) -> None:
    views = torch.randn(3, 4, 6, generator=torch.Generator().manual_seed(1))
    numbers = torch.zeros(4, dtype=torch.long)
    masked = lesson.info_nce(views[0], views[1], 0.2, views[2], numbers).item()
    expected = double_loop(views.double().numpy(), 0.2, [0, 0, 0, 0])
    assert math.isclose(masked, expected, rel_tol=1e-6)
    assert masked > 0


def test_alignment_and_uniformity_follow_their_formulas(
    lesson: SimpleNamespace,
) -> None:
    points = np.random.default_rng(3).normal(size=(2, 7, 5))
    points /= np.linalg.norm(points, axis=-1, keepdims=True)
    one, other = points
    pairs = [np.sum((a - b) ** 2) for a, b in zip(one, other, strict=True)]
    assert math.isclose(lesson.alignment(one, other), float(np.mean(pairs)))
    values = [
        math.exp(-2 * np.sum((one[i] - one[j]) ** 2))
        for i in range(7)
        for j in range(i + 1, 7)
    ]
    assert math.isclose(lesson.uniformity(one), math.log(np.mean(values)))
    assert lesson.uniformity(one[[0, 0, 0]]) == pytest.approx(0)


def test_resampled_spearman_equals_scipy(lesson: SimpleNamespace) -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(5)
    gold, predicted = rng.integers(0, 6, 40).astype(float), rng.normal(size=40)
    resamples = rng.integers(40, size=(9, 40))
    lesson.namespace.update(gold={"テスト": gold}, resamples=resamples)
    ours = lesson.resampled_spearman(predicted)
    expected = [spearmanr(predicted[r], gold[r])[0] for r in resamples]
    assert np.allclose(ours, expected)


def test_sentences_are_cut_and_filtered(lesson: SimpleNamespace) -> None:
    text = (
        "これは一つ目の文です。短い。\n二つ目の文はここで終わります。" + "長" * 10_000
    )
    assert lesson.split_sentences(text) == [
        "これは一つ目の文です。",
        "二つ目の文はここで終わります。",
    ]
    assert lesson.split_sentences("") == []


ROWS = pd.DataFrame(
    [
        ("犬が走る", "動物が走る", "entailment"),
        ("犬が走る", "犬が動く", "entailment"),
        ("犬が走る", "犬が寝る", "contradiction"),
        ("猫が鳴く", "動物が鳴く", "entailment"),
        ("猫が鳴く", "猫は三匹", "neutral"),
    ],
    columns=["premise", "hypothesis", "label"],
)


def test_triples_need_a_contradiction_of_the_same_premise(
    lesson: SimpleNamespace,
) -> None:
    triples = lesson.build_triples(ROWS, np.random.default_rng(0))
    assert triples.to_numpy().tolist() == [
        ["犬が走る", "動物が走る", "犬が寝る"],
        ["犬が走る", "犬が動く", "犬が寝る"],
    ]


@pytest.mark.parametrize("label", ["entailment", "contradiction"])
def test_missing_label_is_named(lesson: SimpleNamespace, label: str) -> None:
    with pytest.raises(ValueError, match=label):
        lesson.build_triples(ROWS[ROWS["label"] != label], np.random.default_rng(0))


class Stream:
    """段落を流し込むデータの代わり。"""

    def __init__(self, rows: list[dict[str, str]]) -> None:
        self.rows = rows

    def shuffle(self, *_: object, **__: object) -> Stream:
        """並べ替えない。"""
        return self

    def __iter__(self) -> Iterator[dict[str, str]]:
        return iter(self.rows)


def streaming(lesson: SimpleNamespace, rows: Any, count: int = 10) -> None:
    """load_dataset を、rows を返すものに差し替える。"""

    def load(*_: object, **__: object) -> Stream:
        if isinstance(rows, Exception):
            raise rows
        return Stream(rows)

    lesson.namespace.update(
        load_dataset=load,
        paragraphs_id="learner/no-such-dataset",
        paragraphs_revision="main",
        sentence_count=count,
        seed=0,
    )


def test_test_sentences_never_enter_training(lesson: SimpleNamespace) -> None:
    text = "これは訓練に使う文です。これはテストにある文です。"
    streaming(lesson, [{"text": text}, {"text": text}])
    known = {"これはテストにある文です。"}
    assert lesson.load_sentences(known) == ["これは訓練に使う文です。"]


@pytest.mark.parametrize(
    "rows",
    [
        [{"body": "列の名前が違う段落です。"}],
        ConnectionError("届かない"),
        OSError("ない"),
    ],
    ids=["wrong column", "unreachable", "unknown id"],
)
def test_bad_paragraphs_are_named(lesson: SimpleNamespace, rows: Any) -> None:
    streaming(lesson, rows)
    with pytest.raises(OSError, match="no-such-dataset を読み込めません"):
        lesson.load_sentences(set())


def test_empty_text_is_refused_before_the_model_runs(lesson: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="空の文"):
        lesson.embed(None, ["犬が走る。", " "])


class Counter:
    """トークナイザの代わり: 渡された文字数を覚える。"""

    longest = 0

    def __call__(self, texts: list[str], **_: object) -> Any:
        self.longest = max(map(len, texts))
        raise InterruptedError


def test_ten_thousand_characters_are_cut_before_tokenizing(
    lesson: SimpleNamespace,
) -> None:
    counter = Counter()
    lesson.namespace.update(tokenizer=counter, eval_batch_size=8, max_length=32)
    encoder = SimpleNamespace(eval=lambda: None, config=SimpleNamespace(hidden_size=4))
    with pytest.raises(InterruptedError):
        lesson.embed(encoder, ["長" * 10_000, "犬が走る。"])
    assert counter.longest == 32 * 16
