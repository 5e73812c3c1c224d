"""5-4-sts-finetuning に書かれた関数を取り出し、独立な計算と突き合わせる。"""

from __future__ import annotations

import ast
import hashlib
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr

from misc import notebook_file

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = "chapter05/5-4-sts-finetuning.ipynb"
PREAMBLE = """
import hashlib, http.client, math, urllib.request
from pathlib import Path
import numpy as np
import pandas as pd
from datasets import Dataset, Value, load_dataset
from scipy.stats import pearsonr, rankdata, spearmanr
"""


@pytest.fixture(scope="module")
def lesson() -> SimpleNamespace:
    """ノートブックの関数だけを、順に定義した名前空間。"""
    namespace: dict[str, object] = {}
    exec(PREAMBLE, namespace)
    chosen = ("download", "check", "groups", "metric-functions", "jaccard", "bootstrap")
    for cell in notebook_file.read(ROOT, NOTEBOOK).code_cells:
        if cell.id in chosen:
            for node in cell.tree.body:
                if isinstance(node, ast.FunctionDef):
                    exec(ast.unparse(node), namespace)
    return SimpleNamespace(**namespace, namespace=namespace)


def digest(content: bytes) -> str:
    """内容の SHA-256。"""
    return hashlib.sha256(content).hexdigest()


def test_download_saves_exactly_the_expected_bytes(
    lesson: SimpleNamespace, tmp_path: Path
) -> None:
    """想定どおりの内容だけが保存され、2 度目は取得しない。"""
    source, saved = tmp_path / "source.json", tmp_path / "data" / "saved.json"
    source.write_bytes(b"abc")
    lesson.download(source.as_uri(), digest(b"abc"), saved)
    source.unlink()

    assert lesson.download(source.as_uri(), digest(b"abc"), saved) == saved
    assert saved.read_bytes() == b"abc"


def test_download_refuses_other_content_and_keeps_nothing(
    lesson: SimpleNamespace, tmp_path: Path
) -> None:
    """内容が違えば、両方の SHA-256 を示して止まり、ファイルを残さない。"""
    source, saved = tmp_path / "source.json", tmp_path / "saved.json"
    source.write_bytes(b"changed")

    with pytest.raises(RuntimeError, match="内容が想定と違います") as refused:
        lesson.download(source.as_uri(), digest(b"abc"), saved)

    assert digest(b"abc") in str(refused.value)
    assert digest(b"changed") in str(refused.value)
    assert not saved.exists()


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/train.json", "file:///nowhere/train.json", "train.json"],
)
def test_download_names_an_unreachable_address(
    lesson: SimpleNamespace, tmp_path: Path, url: str
) -> None:
    """届かないアドレスは、そのアドレスを示して止まる。"""
    with pytest.raises(RuntimeError, match=f"取得できませんでした: {re.escape(url)}"):
        lesson.download(url, digest(b""), tmp_path / "saved.json")


ROWS = {
    "sentence1": ["犬が走る。", "猫が寝る。"],
    "sentence2": ["犬が駆ける。", "猫が鳴く。"],
    "label": [4.2, 1.0],
}


def test_good_rows_pass_and_scores_become_float32(lesson: SimpleNamespace) -> None:
    """26 種類のスコアがすべて通り、float32 になる。"""
    scores = [step / 5 for step in range(26)]
    rows = {"sentence1": ["あ"] * 26, "sentence2": ["い"] * 26, "label": scores}
    checked = lesson.check_pairs(Dataset.from_dict(rows), "例")

    assert checked.features["label"].dtype == "float32"
    assert np.allclose(checked["label"], scores)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"sentence1": ["犬が走る。", "  "]},
            "文が空の行が 1 行あります(最初は 2 行目)",
        ),
        ({"sentence2": [None, "猫"]}, "文が空の行が 1 行あります(最初は 1 行目)"),
        ({"label": [4.2, -0.2]}, "0〜5 の数でない行が 1 行あります(最初は 2 行目)"),
        ({"label": [5.2, 6.0]}, "0〜5 の数でない行が 2 行あります(最初は 1 行目)"),
        ({"label": [4.2, None]}, "0〜5 の数でない行が 1 行あります(最初は 2 行目)"),
        ({"label": ["四", "1.0"]}, "0〜5 の数でない行が 1 行あります(最初は 1 行目)"),
        ({"label": [4.3, 1.0]}, "0.2 刻みでない行が 1 行あります(最初は 1 行目)"),
    ],
)
def test_bad_rows_are_refused_with_their_place(
    lesson: SimpleNamespace, change: dict[str, list], message: str
) -> None:
    """壊れた行は、理由と件数と最初の行を示して拒まれる。"""
    with pytest.raises(ValueError, match=re.escape(message)):
        lesson.check_pairs(Dataset.from_dict(ROWS | change), "例")


@pytest.mark.parametrize("column", ["sentence1", "sentence2", "label"])
def test_a_missing_column_is_named(lesson: SimpleNamespace, column: str) -> None:
    """足りない列の名前を示して拒む。"""
    rows = {name: values for name, values in ROWS.items() if name != column}

    with pytest.raises(ValueError, match=f"列 {column} がありません"):
        lesson.check_pairs(Dataset.from_dict(rows), "例")


def components(pairs: list[tuple[str, str]]) -> list[set[str]]:
    """集合を合併し続けて求める連結成分。"""
    found: list[set[str]] = []
    for pair in pairs:
        touching = [group for group in found if group & set(pair)]
        found = [group for group in found if group not in touching]
        found.append(set(pair).union(*touching))
    return found


SENTENCE = st.sampled_from("あいうえおかきくけこ")


@settings(deadline=None)
@given(pairs=st.lists(st.tuples(SENTENCE, SENTENCE), min_size=1, max_size=20))
def test_groups_are_the_connected_components(
    lesson: SimpleNamespace, pairs: list[tuple[str, str]]
) -> None:
    """同じ番号の対は、文をたどってつながる対にちょうど一致する。"""
    numbers = lesson.sentence_groups(pairs)
    expected = components(pairs)
    place = [next(i for i, g in enumerate(expected) if one in g) for one, _ in pairs]

    assert len(set(numbers)) == len(expected)
    assert len(set(zip(numbers, place, strict=True))) == len(expected)


def test_jaccard_counts_sets_of_ngrams(lesson: SimpleNamespace) -> None:
    """手で数えた値と一致し、n より短い文どうしは 0 になる。"""
    assert lesson.jaccard("犬が走る", "犬が寝る", 1) == pytest.approx(3 / 5)
    assert lesson.jaccard("犬が走る", "犬が寝る", 2) == pytest.approx(1 / 5)
    assert lesson.jaccard("犬", "猫", 2) == 0


def test_metrics_agree_with_their_definitions(lesson: SimpleNamespace) -> None:
    """相関は scipy、誤差は定義と一致し、定数の予測に相関はない。"""
    rng = np.random.default_rng(0)
    predicted, correct = rng.normal(size=50), rng.normal(size=50)
    values = lesson.score_metrics(predicted, correct)
    constant = lesson.score_metrics(np.full(50, 2.0), correct)

    assert values["spearman"] == pytest.approx(
        np.corrcoef(pd.Series(predicted).rank(), pd.Series(correct).rank())[0, 1]
    )
    assert values["pearson"] == pytest.approx(np.corrcoef(predicted, correct)[0, 1])
    assert values["rmse"] ** 2 == pytest.approx(values["mse"])
    assert np.isnan(constant["pearson"]) and np.isnan(constant["spearman"])


def test_vectorised_bootstrap_equals_a_loop(lesson: SimpleNamespace) -> None:
    """行列で計算した各反復が、1 回ずつ scipy で計算した値と一致する。"""
    rng = np.random.default_rng(1)
    correct = rng.integers(0, 26, size=40) / 5
    predicted = correct + rng.normal(size=40)
    rows = rng.integers(40, size=(30, 40))
    lesson.namespace.update(test_gold=correct, resamples=rows)
    samples = lesson.bootstrap(predicted)

    for row, sample in zip(rows, samples.itertuples(), strict=True):
        p, c = predicted[row], correct[row]
        assert sample.pearson == pytest.approx(pearsonr(p, c)[0])
        assert sample.spearman == pytest.approx(spearmanr(p, c)[0])
        assert sample.mse == pytest.approx(np.mean((p - c) ** 2))
        assert sample.mae == pytest.approx(np.mean(np.abs(p - c)))


def test_bootstrap_interval_covers_the_true_value(lesson: SimpleNamespace) -> None:
    """母集団の相関が分かっている標本 200 組で、95 % 区間の被覆率が 0.90-0.99。"""
    rng = np.random.default_rng(2)
    truth, size, covered = 0.8, 200, 0
    for _ in range(200):
        correct = rng.normal(size=size)
        predicted = truth * correct + np.sqrt(1 - truth**2) * rng.normal(size=size)
        rows = rng.integers(size, size=(200, size))
        lesson.namespace.update(test_gold=correct, resamples=rows)
        bounds = lesson.interval(lesson.bootstrap(predicted)[["pearson"]])
        low, high = bounds.loc["pearson"]
        covered += low <= truth <= high

    assert 0.90 <= covered / 200 <= 0.99


def test_bootstrap_of_a_constant_has_no_correlation(lesson: SimpleNamespace) -> None:
    """定数の予測は、相関だけが欠け、警告を出さない。"""
    correct = np.array([0.0, 1.0, 2.0, 3.0])
    lesson.namespace.update(test_gold=correct, resamples=np.array([[0, 1, 2, 3]] * 5))
    with np.errstate(all="raise"):
        samples = lesson.bootstrap(np.full(4, 1.5))

    assert samples["spearman"].isna().all() and samples["mse"].notna().all()
