"""5-5 の 2 冊 (LoRA) に書かれた関数とクラスを取り出し、独立な計算と突き合わせる。"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from sklearn.metrics import f1_score, recall_score
from torch import nn

from misc import notebook_file

ROOT = Path(__file__).resolve().parents[2]
WRIME = "chapter05/5-5-sentiment-analysis-finetuning-LoRA-wrime.ipynb"
REVIEWS = "chapter05/5-5-sentiment-analysis-finetuning-LoRA.ipynb"
PREAMBLE = """
from pathlib import Path
import numpy as np
import pandas as pd
import peft
import torch
import transformers
from datasets import ClassLabel, Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from sklearn.metrics import f1_score, precision_score, recall_score
from torch import nn
from transformers import PreTrainedModel
"""


def lesson(path: str, cells: set[str]) -> SimpleNamespace:
    """選んだセルの関数とクラスだけを定義した名前空間。"""
    namespace: dict[str, object] = {}
    exec(PREAMBLE, namespace)
    for cell in notebook_file.read(ROOT, path).code_cells:
        if cell.id in cells:
            for node in cell.tree.body:
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                    exec(ast.unparse(node), namespace)
    return SimpleNamespace(**namespace, namespace=namespace)


@pytest.fixture(scope="module")
def wrime() -> SimpleNamespace:
    """WRIME の 1 冊。"""
    chosen = {"load-dataset", "low-rank-layer", "paired-interval", "training-memory"}
    return lesson(WRIME, chosen | {"insert-layers", "base-model"})


@pytest.fixture(scope="module")
def reviews() -> SimpleNamespace:
    """商品レビューの 1 冊。"""
    chosen = {"load-reviews", "resample", "scores", "macro-f1", "weighted-loss"}
    return lesson(REVIEWS, chosen | {"targets"})


def posts(**changes: list) -> Dataset:
    """点検を通る 2 件に、変更を重ねた投稿。"""
    rows = {"sentence": ["楽しい", "つらい"], "label": [0, 1]} | changes
    names = ClassLabel(names=["positive", "negative"])
    return Dataset.from_dict(
        rows, features=Features({"sentence": Value("string"), "label": names})
    )


def test_low_rank_layer_equals_its_formula(wrime: SimpleNamespace) -> None:
    """はじめは元の層と等しく、B を動かすと (α / r) B A を足した層と等しい。"""
    torch.manual_seed(0)
    base, x = nn.Linear(6, 5), torch.randn(3, 6)
    layer = wrime.LowRankLinear(base, rank=2, alpha=8)
    assert torch.equal(layer(x), base(x))

    nn.init.normal_(layer.B)
    weight = base.weight + 4 * layer.B @ layer.A
    torch.testing.assert_close(layer(x), x @ weight.T + base.bias)


def test_only_the_two_factors_are_trained(wrime: SimpleNamespace) -> None:
    """勾配が届くのは A と B だけで、その数は r(入力 + 出力)。"""
    layer = wrime.LowRankLinear(nn.Linear(6, 5), rank=2, alpha=2)
    trained = {n: p for n, p in layer.named_parameters() if p.requires_grad}

    assert set(trained) == {"A", "B"}
    assert sum(p.numel() for p in trained.values()) == 2 * (6 + 5)


class Tower(nn.Module):
    """名前の末尾が同じ層を持つ、差し替えを試すためのモデル。"""

    def __init__(self) -> None:
        """query と、2 か所の dense。"""
        super().__init__()
        self.base_model = nn.ModuleDict(
            {
                "query": nn.Linear(3, 3),
                "output": nn.ModuleDict({"dense": nn.Linear(3, 3)}),
                "pooler": nn.ModuleDict({"dense": nn.Linear(3, 3)}),
            }
        )


@pytest.mark.parametrize(
    ("targets", "replaced"),
    [
        (["query"], ["query"]),
        (["query", "dense"], ["query", "output.dense", "pooler.dense"]),
        (["output.dense"], ["output.dense"]),
        (["dense", "output.dense"], ["output.dense", "pooler.dense"]),
    ],
)
def test_layers_are_replaced_by_the_ends_of_their_names(
    wrime: SimpleNamespace, targets: list[str], replaced: list[str]
) -> None:
    """peft と同じく名前の末尾で選び、2 つの名前に合う層も 1 度だけ差し替える。"""
    settings = {"lora_rank": 2, "lora_alpha": 4, "device": "cpu"}
    wrime.namespace.update(settings, target_modules=targets)
    tower = Tower()
    wrime.insert_low_rank(tower)
    found = {
        name.removeprefix("base_model.")
        for name, module in tower.named_modules()
        if isinstance(module, wrime.LowRankLinear)
    }
    assert found == set(replaced)
    assert not any(p.requires_grad for n, p in tower.named_parameters() if "base." in n)


def test_one_unknown_layer_among_known_ones_is_named(wrime: SimpleNamespace) -> None:
    """合う名前に混じった、合わない名前を示す。"""
    settings = {"lora_rank": 2, "lora_alpha": 4, "device": "cpu"}
    wrime.namespace.update(settings, target_modules=["query", "quary"])
    with pytest.raises(ValueError, match="'quary' に合う層がありません"):
        wrime.check_targets(Tower())


class Toy(nn.Module):
    """loss を返す、いちばん小さなモデル。"""

    def __init__(self) -> None:
        """10 × 10 の重みを 2 つ持ち、下の 1 つは凍結する。"""
        super().__init__()
        self.below = nn.Linear(10, 10, bias=False).requires_grad_(False)
        self.above = nn.Linear(10, 10, bias=False)

    def forward(self, x: torch.Tensor) -> SimpleNamespace:
        """二乗の平均を損失とする。"""
        return SimpleNamespace(loss=self.above(self.below(x)).square().mean())


def test_training_memory_counts_only_what_is_trained(wrime: SimpleNamespace) -> None:
    """勾配は 4 バイト、AdamW の状態は 8 バイト + 歩数。重みは活性に数えない。"""
    wrime.namespace["batch"] = {"x": torch.randn(7, 10)}
    found = wrime.training_memory(Toy())

    assert found["重み"] == 2 * 100 * 4
    assert found["勾配"] == 100 * 4
    assert found["最適化器の状態"] == 2 * 100 * 4 + 4
    # 上の層の入力 (7, 10) と、二乗する前の出力 (7, 10)
    assert found["活性"] == 2 * 7 * 10 * 4


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (posts(sentence=["", "つらい"]), ValueError, "[1] 行目など 1 行が空です"),
        (posts(sentence=["楽しい", "  "]), ValueError, "[2] 行目など 1 行が空です"),
        (posts(sentence=["楽しい", None]), ValueError, "[2] 行目など 1 行が空です"),
        (posts(label=[0, -1]), ValueError, "想定外のラベル {-1}"),
        (posts().remove_columns("label"), ValueError, "列 ['label'] がありません"),
        (posts().remove_columns("sentence"), ValueError, "列 ['sentence'] が"),
        (posts().cast_column("label", Value("int64")), TypeError, "ClassLabel に"),
    ],
)
def test_bad_posts_are_refused(
    wrime: SimpleNamespace, rows: Dataset, error: type[Exception], message: str
) -> None:
    """壊れた投稿は、split の名前と理由を示して拒まれる。"""
    with pytest.raises(error, match=re.escape(message)) as refused:
        wrime.check_posts(rows, "train")
    assert "train" in str(refused.value)


def test_good_posts_pass_even_when_very_long(wrime: SimpleNamespace) -> None:
    """1 万字の投稿は、拒まずに通す (あとで切り捨てる)。"""
    wrime.check_posts(posts(sentence=["長" * 10_000, "つらい"]), "train")


def test_paired_interval_covers_the_true_difference(wrime: SimpleNamespace) -> None:
    """真の差が分かっている標本 200 組で、95 % 区間の被覆率が 0.90-0.99。"""
    rng = np.random.default_rng(0)
    wrime.namespace.update(seed=1, bootstrap_samples=300)
    covered = 0
    for _ in range(200):
        hits = {"LoRA": rng.random(300) < 0.9, "LR": rng.random(300) < 0.8}
        wrime.namespace["hits"] = pd.DataFrame(hits)
        mean, low, high = wrime.paired_interval("LR")
        assert low <= mean <= high
        covered += low <= 0.1 <= high
    assert 0.90 <= covered / 200 <= 0.99


def stars(rows: int) -> DatasetDict:
    """星 0〜4 が同じ数だけある表。"""
    table = {"text": [f"本文{i}" for i in range(rows)]}
    table["label"] = [i % 5 for i in range(rows)]
    return DatasetDict(train=Dataset.from_dict(table))


@pytest.mark.parametrize("size", [100, 100_000])
def test_resampling_gives_the_wanted_share(reviews: SimpleNamespace, size: int) -> None:
    """割合は 85 対 15 になり、足りなければ割合を守って減らし、星 3 を含まない。"""
    dataset = stars(1000)
    reviews.namespace.update(dataset=dataset, negative_share=0.15, seed=3)
    table = reviews.resample("train", size)
    star = dict(zip(dataset["train"]["text"], dataset["train"]["label"], strict=True))

    assert table["labels"].mean() == pytest.approx(0.15, abs=0.005)
    assert len(table) == min(size, int(400 / 0.85))
    assert [int(star[t] < 2) for t in table["text"]] == table["labels"].tolist()
    assert all(star[t] != 2 for t in table["text"])
    assert table["text"].is_unique


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": [0, 5]}, "0〜4 でない値"),
        ({"label": [0, None]}, "0〜4 でない値"),
        ({"text": ["よい", " "]}, "本文が空の行が 1 行"),
        ({"text": [None, "よい"]}, "本文が空の行が 1 行"),
    ],
)
def test_bad_reviews_are_refused(
    reviews: SimpleNamespace, change: dict[str, list], message: str
) -> None:
    """壊れたレビューは、理由を示して拒まれる。"""
    table = pd.DataFrame({"text": ["よい", "悪い"], "label": [4, 0]} | change)
    with pytest.raises(ValueError, match=message):
        reviews.check_reviews(table, "train")


@pytest.mark.parametrize("column", ["text", "label"])
def test_a_missing_column_of_reviews_is_named(
    reviews: SimpleNamespace, column: str
) -> None:
    """足りない列の名前を示す。"""
    table = pd.DataFrame({"text": ["よい"], "label": [4]}).drop(columns=column)
    with pytest.raises(ValueError, match=column):
        reviews.check_reviews(table, "train")


def test_an_unknown_split_is_named(reviews: SimpleNamespace) -> None:
    """ない split は、あるものと一緒に示す。"""
    reviews.namespace["dataset"] = stars(20)
    with pytest.raises(ValueError, match="'trian' がありません"):
        reviews.resample("trian", 10)


def test_unknown_target_modules_are_named(reviews: SimpleNamespace) -> None:
    """合う層のない名前を示す。合う名前なら、倍率 α / r を変えずに設定をつくる。"""
    base = nn.ModuleDict({"query": nn.Linear(2, 2)})
    reviews.namespace.update(base=base, lora_alpha=32, lora_rank=8)
    with pytest.raises(ValueError, match="'quary' に合う層がありません"):
        reviews.lora_config(["query", "quary"], 4)
    config = reviews.lora_config(["query"], 2)
    assert config.lora_alpha / config.r == 4


def test_vectorised_macro_f1_equals_sklearn(reviews: SimpleNamespace) -> None:
    """引き直した標本ごとの値が、scikit-learn と一致する。"""
    rng = np.random.default_rng(4)
    truth, answer = rng.random(60) < 0.15, rng.random(60) < 0.2
    reviews.namespace["truth"] = truth.astype(int)
    rows = rng.integers(60, size=(40, 60))
    found = reviews.macro_f1(answer.astype(int), rows)
    for row, value in zip(rows, found, strict=True):
        expected = f1_score(truth[row], answer[row], average="macro", zero_division=0)
        assert value == pytest.approx(expected)


def test_scores_and_weighted_loss_follow_their_definitions(
    reviews: SimpleNamespace,
) -> None:
    """再現率は否定 (1) についての値。重みは、少数派の損失を件数の逆数で増やす。"""
    labels = pd.Series([1, 1, 0, 0])
    found = reviews.score(np.array([0.9, 0.1, 0.2, 0.5]), labels)
    assert found["再現率"] == recall_score(labels, [1, 0, 0, 1])
    assert found["適合率"] == 0.5
    assert found["正解率"] == 0.5

    weights = torch.tensor([0.5, 2.0])
    reviews.namespace["weights"] = weights
    logits, gold = torch.randn(6, 2), torch.tensor([0, 1, 0, 0, 1, 0])
    losses = -logits.log_softmax(1)[torch.arange(6), gold] * weights[gold]
    expected = losses.sum() / weights[gold].sum()
    actual = reviews.weighted_loss({"logits": logits}, gold, num_items_in_batch=6)
    torch.testing.assert_close(actual, expected)
