"""商品レビューの 2 冊 (5-2, 5-3): WRIME でも動き、誤った入力では訓練の前に止まる。"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset, DatasetDict
from sklearn.metrics import balanced_accuracy_score, f1_score

from misc import notebook_file
from runner import curriculum
from runner.execute import Execution, Workers, execute
from runner.project import Project
from runner.results import NotebookResult
from runner.world import World, build_tree, open_world

PROJECT = Project()
ENTRIES = {item.id: item for item in curriculum.load(PROJECT.curriculum)}
TRAINING, ANALYSIS = ENTRIES["5-2-marc-ja"], ENTRIES["5-3-marc-ja"]
# データを替えるのに要るのは、この 2 つだけ。
WRIME = {
    "dataset_id": "llm-book/wrime-sentiment",
    "columns": ["sentence", "label", "positive,negative"],
}
SMALL = {"eval_size": 120, "max_length": 48, "bootstrap_samples": 50}
SHORT_TRAINING = {
    "train_size": 300,
    "num_train_epochs": 1,
    "model_name": "small-wrime",
}
SHORT_ANALYSIS = {
    "model_id": "learner/small-wrime",
    "probe_size": 30,
    "short_length": 24,
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with open_world(PROJECT, folder / "state", tree=build_tree(PROJECT)) as opened:
        yield opened


def run(
    notebook: curriculum.Notebook, world: World, folder: Path, changes: dict[str, Any]
) -> NotebookResult:
    """ミニ環境の値に changes を重ねて、1 冊を実行する。"""
    execution = Execution(
        project=PROJECT,
        output=folder / f"{notebook.id}.ipynb",
        log=folder / f"{notebook.id}.txt",
        parameters={**notebook.tiny, **SMALL, **changes},
        world=world,
    )
    return execute(notebook, execution, Workers())


def test_two_parameters_turn_both_notebooks_to_wrime(
    world: World, tmp_path: Path
) -> None:
    """訓練と分析が WRIME で最後まで動き、2 冊の正解率が一致する。"""
    trained = run(TRAINING, world, tmp_path, {**WRIME, **SHORT_TRAINING})
    assert trained.status == "ok", trained.failure
    analysed = run(ANALYSIS, world, tmp_path, {**WRIME, **SHORT_ANALYSIS})
    assert analysed.status == "ok", analysed.failure

    assert trained.metrics["majority_accuracy"] == pytest.approx(0.85, abs=0.01)
    assert analysed.metrics["reported_gap"] <= 1e-6
    assert analysed.metrics["test_accuracy"] == pytest.approx(
        trained.metrics["test_accuracy"], abs=1e-6
    )
    assert analysed.metrics["removal_rows"] == 0  # WRIME は星を名乗らない


def test_wrong_label_meanings_stop_the_training_notebook_before_training(
    world: World, tmp_path: Path
) -> None:
    """ラベルの意味の数がデータに足りなければ、訓練の前に日本語で止まる。"""
    columns = ["text", "label", "negative,positive"]
    result = run(TRAINING, world, tmp_path, {"columns": columns})
    assert result.status == "failed" and result.failure is not None
    assert result.failure.cell_id == "resample"
    assert "想定外のラベル" in result.failure.error


@pytest.mark.parametrize("notebook", [TRAINING, ANALYSIS], ids=lambda item: item.id)
def test_unknown_label_meanings_are_named(
    world: World, tmp_path: Path, notebook: curriculum.Notebook
) -> None:
    """意味のつづりを間違えれば、その語を示して止まる。"""
    columns = ["text", "label", "negativ,negative,,positive,positive"]
    result = run(notebook, world, tmp_path, {"columns": columns})
    assert result.status == "failed" and result.failure is not None
    assert result.failure.cell_id == "resample"
    assert "['negativ']" in result.failure.error


# --- ノートブックに書かれた関数 ------------------------------------------------

PREAMBLE = """
import re, unicodedata
import numpy as np
import pandas as pd
from datasets import Dataset, DatasetDict
"""
SETTINGS: dict[str, object] = {
    "columns": ["text", "label", "negative,negative,,positive,positive"],
    "max_characters": 5000,
    "seed": 42,
    "train_split": "train",
    "valid_split": "train",
    "test_split": "train",
}
ROWS = {
    "text": [
        f"{stars} 番の感想 {number}" for stars in range(5) for number in range(40)
    ],
    "label": [stars for stars in range(5) for _ in range(40)],
}


@pytest.fixture
def lesson() -> SimpleNamespace:
    """5-2 の関数と、関数が読む名前だけを定義した名前空間。"""
    namespace: dict[str, object] = dict(SETTINGS)
    exec(PREAMBLE, namespace)
    for cell in notebook_file.read(PROJECT.root, TRAINING.path).code_cells:
        if cell.id in ("resample", "scores", "star-rule", "threshold-curve"):
            for node in cell.tree.body:
                names = [ast.unparse(t) for t in getattr(node, "targets", [])]
                constant = {"STAR", "DIGITS", "label_names", "new_label"} & set(names)
                unpacked = names == ["(text_column, label_column, meanings)"]
                if isinstance(node, ast.FunctionDef) or constant or unpacked:
                    exec(ast.unparse(node), namespace)
    return SimpleNamespace(**namespace, namespace=namespace)


def dataset(**changes: list) -> DatasetDict:
    """ROWS の列を changes で替えたデータ。"""
    return DatasetDict({"train": Dataset.from_dict({**ROWS, **changes})})


def test_good_rows_pass(lesson: SimpleNamespace) -> None:
    lesson.check_dataset(dataset(), ["train"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": [*ROWS["label"][:-1], 5]}, "想定外のラベル ['5']"),
        ({"label": [*ROWS["label"][:-1], -1]}, "想定外のラベル ['-1']"),
        ({"label": [*ROWS["label"][:-1], None]}, "想定外のラベル ['None']"),
        ({"text": ["", *ROWS["text"][1:]]}, "本文が空の行が 1 件(最初は 1 行目)"),
        ({"text": ["あ", " \n", None, *ROWS["text"][3:]]}, "空の行が 2 件(最初は 2"),
        (
            {"text": [*ROWS["text"][:-1], "長" * 10_000]},
            "5,000 文字を超える行が 1 件(最初は 200 行目)",
        ),
    ],
)
def test_bad_rows_are_refused_with_their_place(
    lesson: SimpleNamespace, changes: dict[str, list], message: str
) -> None:
    """壊れた行は、理由と件数と最初の行を示して拒まれる。"""
    with pytest.raises(ValueError, match=re.escape(message)):
        lesson.check_dataset(dataset(**changes), ["train"])


@pytest.mark.parametrize("column", ["text", "label"])
def test_a_missing_column_is_named(lesson: SimpleNamespace, column: str) -> None:
    with pytest.raises(ValueError, match=f"列 \\['{column}'\\] がありません"):
        lesson.check_dataset(
            DatasetDict({"train": dataset()["train"].remove_columns(column)}), ["train"]
        )


def test_a_missing_split_is_named(lesson: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="split 'valid' がありません"):
        lesson.check_dataset(dataset(), ["train", "valid"])


@pytest.mark.parametrize("size", [None, 60])
def test_resampling_keeps_the_share_and_drops_three_stars(
    lesson: SimpleNamespace, size: int | None
) -> None:
    """割合は 85 対 15 になり、星 3 は消え、ラベルは本文の星と合う。"""
    lesson.namespace["dataset"] = dataset()
    rows = lesson.resample("train", size, 0.15)
    texts, labels = rows["text"][:], rows["label"][:]

    assert len(rows) == (size or 94)
    assert np.mean(labels) == pytest.approx(0.15, abs=0.01)
    assert len(set(texts)) == len(texts)
    assert all((int(t[0]) < 2) == k for t, k in zip(texts, labels, strict=True))
    assert not [text for text in texts if text.startswith("2")]
    assert lesson.resample("train", size, 0.15)["text"][:] == texts


@pytest.mark.parametrize(
    ("text", "stars"),
    [
        ("星1つです。", 1),
        ("星４つ。", 4),
        ("☆5。", 5),
        ("評価は☆２です。", 2),
        ("★★☆☆☆", 2),
        ("よい品です。★★★★★", 5),
        ("五つ星です。", 5),
        ("ほかの方は星二つでした。", 2),
        ("星柄の袋で届きました。", None),
        ("注文番号の末尾は3です。", None),
        ("10点満点で2点です。", None),
    ],
)
def test_told_stars_reads_the_usual_notations(
    lesson: SimpleNamespace, text: str, stars: int | None
) -> None:
    assert lesson.told_stars(text) == stars


def test_scores_agree_with_scikit_learn(lesson: SimpleNamespace) -> None:
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 2, (2, 200))
    values = lesson.scores(lesson.confusion(labels, predicted))

    assert values["正解率"] == pytest.approx((labels == predicted).mean())
    assert values["マクロ F1"] == pytest.approx(
        f1_score(labels, predicted, average="macro")
    )
    assert values["バランス正解率"] == pytest.approx(
        balanced_accuracy_score(labels, predicted)
    )


def test_threshold_curve_equals_counting_at_every_threshold(
    lesson: SimpleNamespace,
) -> None:
    """同じ値の p があっても、どの行も、そのしきい値で数え直した値と一致する。"""
    rng = np.random.default_rng(1)
    labels, p = rng.integers(0, 2, 80), rng.integers(1, 20, 80) / 20
    curve: pd.DataFrame = lesson.threshold_curve(labels, p)

    assert len(curve) == len(set(p))
    for _, row in curve.iterrows():
        called = (p >= row["しきい値"]).astype(int)
        expected = lesson.scores(lesson.confusion(labels, called))
        assert {name: row[name] for name in expected} == pytest.approx(expected)
