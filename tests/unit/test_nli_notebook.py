"""5-4 の自然言語推論のノートブックの関数を、独立な計算と突き合わせる。"""

from __future__ import annotations

import ast
import hashlib
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from datasets import ClassLabel, Dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from misc import notebook_file

ROOT = Path(__file__).resolve().parents[2]
TRAINING = "chapter05/5-4-nli-finetuning.ipynb"
ANALYSIS = "chapter05/5-4-nli-analysis.ipynb"
PREAMBLE = """
import hashlib, http.client, re, urllib.request
from pathlib import Path
import datasets
import numpy as np
import pandas as pd
from datasets import ClassLabel, Dataset, load_dataset
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
"""
NAMES = ["entailment", "contradiction", "neutral"]


def functions(path: str, cells: set[str], **names: object) -> SimpleNamespace:
    """ノートブックの、選んだセルの関数だけを定義した名前空間。"""
    namespace: dict[str, object] = {}
    exec(PREAMBLE, namespace)
    namespace |= names
    for cell in notebook_file.read(ROOT, path).code_cells:
        if cell.id in cells:
            for node in cell.tree.body:
                if isinstance(node, ast.FunctionDef):
                    exec(ast.unparse(node), namespace)
    return SimpleNamespace(**namespace, namespace=namespace)


@pytest.fixture
def lesson(tmp_path: Path) -> SimpleNamespace:
    """訓練のノートブックの関数。"""
    return functions(
        TRAINING,
        {"download", "check", "groups", "overlap-features", "class-scores"},
        label_names=NAMES,
        max_characters=500,
        output_path=tmp_path,
    )


def digest(content: bytes) -> str:
    """内容の SHA-256。"""
    return hashlib.sha256(content).hexdigest()


def test_without_a_digest_any_content_is_kept(
    lesson: SimpleNamespace, tmp_path: Path
) -> None:
    source, saved = tmp_path / "source.json", tmp_path / "data" / "saved.json"
    source.write_bytes(b"abc")
    assert lesson.fetch(source.as_uri(), None, saved).read_bytes() == b"abc"


def test_other_content_is_refused_and_not_kept(
    lesson: SimpleNamespace, tmp_path: Path
) -> None:
    source, saved = tmp_path / "source.json", tmp_path / "saved.json"
    source.write_bytes(b"changed")
    with pytest.raises(RuntimeError, match="内容が想定と違います") as refused:
        lesson.fetch(source.as_uri(), digest(b"abc"), saved)
    assert digest(b"changed") in str(refused.value)
    assert not saved.exists()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/train.json", "file:///nowhere.json", "train.json"]
)
def test_an_unreachable_address_is_named(
    lesson: SimpleNamespace, tmp_path: Path, url: str
) -> None:
    with pytest.raises(RuntimeError, match=f"取得できませんでした: {re.escape(url)}"):
        lesson.fetch(url, None, tmp_path / "saved.json")


def test_a_file_that_is_not_json_lines_is_named(
    lesson: SimpleNamespace, tmp_path: Path
) -> None:
    source = tmp_path / "source.json"
    source.write_text("これは JSON ではない", encoding="utf-8")
    with pytest.raises(ValueError, match=r"source\.json: 1 行 1 件の JSON"):
        lesson.load_nli(source.as_uri(), None)


ROWS = {
    "sentence1": ["犬が走る。", "猫が寝る。", "鳥が飛ぶ。"],
    "sentence2": ["犬が駆ける。", "猫が走る。", "鳥が鳴く。"],
    "label": NAMES,
}


def test_good_rows_pass_and_keep_the_order_of_labels(lesson: SimpleNamespace) -> None:
    checked = lesson.check_nli(Dataset.from_dict(ROWS), "例")
    assert checked.features["label"] == ClassLabel(names=NAMES)
    assert checked["label"][:] == [0, 1, 2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sentence1": ["犬", " ", "鳥"]}, "文が空の行が 1 行あります(最初は 2 行目)"),
        ({"sentence2": [None, "猫", ""]}, "文が空の行が 2 行あります(最初は 1 行目)"),
        ({"label": ["含意", "neutral", "neutral"]}, "どれでもない行が 1 行あります"),
        ({"label": ["neutral", None, "other"]}, "行が 2 行あります(最初は 2 行目)"),
        ({"label": [0, 1, 2]}, "どれでもない行が 3 行あります(最初は 1 行目)"),
        (
            {"sentence2": ["犬", "猫", "鳥" * 10_000]},
            "500 文字を超える行が 1 行あります(最初は 3 行目)",
        ),
    ],
)
def test_bad_rows_are_refused_with_their_place(
    lesson: SimpleNamespace, change: dict[str, list], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        lesson.check_nli(Dataset.from_dict(ROWS | change), "例")


@pytest.mark.parametrize("column", ["sentence1", "sentence2", "label"])
def test_a_missing_column_is_named(lesson: SimpleNamespace, column: str) -> None:
    rows = {name: values for name, values in ROWS.items() if name != column}
    with pytest.raises(ValueError, match=f"列 {column} がありません"):
        lesson.check_nli(Dataset.from_dict(rows), "例")


def merged(pairs: list[tuple[str, str]]) -> list[set[str]]:
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
def test_groups_are_the_connected_components(pairs: list[tuple[str, str]]) -> None:
    numbers = functions(TRAINING, {"groups"}).linked_groups(pairs)
    expected = merged(pairs)
    place = [next(i for i, g in enumerate(expected) if one in g) for one, _ in pairs]
    assert len(set(zip(numbers, place, strict=True))) == len(expected)
    assert len(set(numbers)) == len(expected)


def test_overlap_counts_sets_of_words(lesson: SimpleNamespace) -> None:
    values = lesson.overlap_features({1, 2, 3, 4}, {3, 4, 5})
    assert values == pytest.approx([2 / 3, 2 / 4, 2 / 5, np.log(3), np.log(4)])
    assert lesson.difference_text({1, 2, 3}, {3, 4}) == "b3 p1 p2 h4"
    assert np.isfinite(lesson.overlap_features(set(), set())).all()


def test_class_scores_agree_with_scikit_learn(lesson: SimpleNamespace) -> None:
    rng = np.random.default_rng(0)
    correct, answer = rng.integers(0, 3, (2, 5, 40))
    measured = lesson.class_scores(correct, answer)
    for i in range(5):
        truth = precision_recall_fscore_support(
            correct[i], answer[i], labels=[0, 1, 2], zero_division=0
        )
        assert measured[:, i] == pytest.approx(np.array(truth[:3]))


def test_rewriting_leaves_parts_of_longer_words_alone() -> None:
    edges = r"(?<![一-龥ァ-ヶー]){}(?![一-龥ァ-ヶー])"
    rules = [(re.compile(edges.format("猫")), "ネコ", "犬")]
    analysis = functions(ANALYSIS, {"notation-edits"}, rules=rules)
    assert analysis.rewrite("白い猫が寝る。") == (
        "白い猫が寝る",
        "白いネコが寝る。",
        "白い犬が寝る。",
    )
    assert analysis.rewrite("子猫が寝る。") is None
    assert analysis.rewrite("猫が寝る") is None
