"""5-4-multiple-choice-qa の 2 冊に書かれた関数を、独立な計算と突き合わせる。"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset
from sklearn.metrics import accuracy_score

from misc import notebook_file

ROOT = Path(__file__).resolve().parents[2]
TRAINING = "chapter05/5-4-multiple-choice-qa-finetuning.ipynb"
ANALYSIS = "chapter05/5-4-multiple-choice-qa-analysis.ipynb"
PREAMBLE = """
import functools, re
import numpy as np
import pandas as pd
from datasets import Dataset, Value
choice_names = [f"choice{number}" for number in range(5)]
text_names = ["question", *choice_names]
names = ["input_ids", "token_type_ids", "attention_mask"]
max_characters, max_length, seed = 500, 16, 42
"""
GOOD = {
    "question": ["海にいるのは？", "空を飛ぶのは？"],
    **{f"choice{number}": [f"甲{number}", f"乙{number}"] for number in range(5)},
    "label": [1, 4],
}


class Letters:
    """1 文字を 1 トークンとする、検査のためのトークナイザ。"""

    cls_token_id, sep_token_id = 2, 3

    def tokenize(self, text: str) -> list[str]:
        return list(text)

    def convert_tokens_to_ids(self, tokens: list[str]) -> list[int]:
        return [ord(token) for token in tokens]


def functions(path: str) -> SimpleNamespace:
    """ノートブックの関数だけを、順に定義した名前空間。"""
    namespace: dict[str, object] = {"tokenizer": Letters()}
    exec(PREAMBLE, namespace)
    for cell in notebook_file.read(ROOT, path).code_cells:
        for node in cell.tree.body:
            if isinstance(node, ast.FunctionDef) and not node.decorator_list:
                exec(
                    "from __future__ import annotations\n" + ast.unparse(node),
                    namespace,
                )
    namespace["token_ids"] = lambda text: [ord(letter) for letter in text]
    return SimpleNamespace(**namespace, namespace=namespace)


@pytest.fixture(scope="module", params=[TRAINING, ANALYSIS])
def lesson(request: pytest.FixtureRequest) -> SimpleNamespace:
    return functions(request.param)


@pytest.fixture(scope="module")
def training() -> SimpleNamespace:
    return functions(TRAINING)


@pytest.fixture(scope="module")
def analysis() -> SimpleNamespace:
    return functions(ANALYSIS)


def test_good_rows_pass_and_labels_become_integers(lesson: SimpleNamespace) -> None:
    """五つの番号がすべて通り、ClassLabel でも整数になる。"""
    rows = {name: values[:1] * 5 for name, values in GOOD.items()}
    rows = Dataset.from_dict(rows | {"label": list(range(5))})
    rows = rows.cast_column("label", ClassLabel(names=list("abcde")))
    checked = lesson.check_questions(rows, "例")

    assert checked.features["label"].dtype == "int64"
    assert checked["label"][:] == list(range(5))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": [1, 5]}, "正解の番号が 0〜4 でない行が 1 行あります(最初は 2 行目)"),
        (
            {"label": [-1, 9]},
            "正解の番号が 0〜4 でない行が 2 行あります(最初は 1 行目)",
        ),
        ({"label": [1, None]}, "正解の番号が 0〜4 でない行が 1 行あります"),
        ({"label": ["1", "猫"]}, "正解の番号が 0〜4 でない行が 2 行あります"),
        ({"question": ["海？", " "]}, "空の行が 1 行あります(最初は 2 行目)"),
        ({"choice4": [None, "鳥"]}, "空の行が 1 行あります(最初は 1 行目)"),
        ({"question": ["海？", "長" * 10_000]}, "500 文字を超える行が 1 行あります"),
        ({"choice0": ["長" * 501, "鳥"]}, "500 文字を超える行が 1 行あります"),
    ],
)
def test_bad_rows_are_refused_with_their_place(
    lesson: SimpleNamespace, change: dict[str, list], message: str
) -> None:
    """壊れた行は、理由と件数と最初の行を示して拒まれる。"""
    with pytest.raises(ValueError, match=re.escape(message)):
        lesson.check_questions(Dataset.from_dict(GOOD | change), "例")


@pytest.mark.parametrize("column", list(GOOD))
def test_a_missing_column_is_named(lesson: SimpleNamespace, column: str) -> None:
    """足りない列の名前を示して拒む。"""
    rows = {name: values for name, values in GOOD.items() if name != column}

    with pytest.raises(ValueError, match=f"例: 列 {column} がありません"):
        lesson.check_questions(Dataset.from_dict(rows), "例")


def test_the_check_comes_before_any_training(training: SimpleNamespace) -> None:
    """検査を呼ぶセルは、モデルを読むセルと訓練するセルより前にある。"""
    cells = notebook_file.read(ROOT, TRAINING).code_cells
    place = {cell.id: number for number, cell in enumerate(cells)}

    assert "check_questions(dataset[split], split)" in cells[place["rows"]].source
    assert place["rows"] < place["hand"] < place["train"]


def test_hits_agree_with_accuracy_and_ties_are_spread(lesson: SimpleNamespace) -> None:
    """同点がなければ argmax の正解率、全部同点なら番号によらず 0.2 になる。"""
    rng = np.random.default_rng(0)
    scores, correct = rng.normal(size=(4_000, 5)), rng.integers(5, size=4_000)
    expected = accuracy_score(correct, scores.argmax(axis=1))

    assert lesson.hits(scores, correct).mean() == expected
    for number in range(5):
        rate = lesson.hits(np.zeros((4_000, 5)), np.full(4_000, number)).mean()
        assert rate == pytest.approx(0.2, abs=0.03)


def both_encodings(
    training: SimpleNamespace,
    analysis: SimpleNamespace,
    question: str,
    words: list[str],
) -> tuple[dict[str, list], list[dict[str, list[int]]]]:
    """同じ問題を、訓練編と分析編の関数で変換する。"""
    choices = {f"choice{number}": word for number, word in enumerate(words)}
    row = {"question": question, "label": 0, **choices}
    ids = [ord(letter) for letter in question]
    return training.encode(row), analysis.five_inputs(ids, np.array(words))


@pytest.mark.parametrize(
    "question", ["", "短い問い", "とても長い問いが続いていく場合の例です"]
)
@pytest.mark.parametrize("long", ["猫", "と" * 40])
def test_training_and_analysis_build_the_same_inputs(
    training: SimpleNamespace, analysis: SimpleNamespace, question: str, long: str
) -> None:
    """2 冊は同じ列を作り、上限を超えず、選択肢より先に問いを削る。"""
    words = ["犬", "鯨", long, "大きな馬", "牛"]
    ours, theirs = both_encodings(training, analysis, question, words)

    for number, word in enumerate(words):
        ids = ours["input_ids"][number]
        types = ours["token_type_ids"][number]
        assert theirs[number] == {
            name: ours[name][number]
            for name in ("input_ids", "token_type_ids", "attention_mask")
        }
        assert len(ids) == len(types) <= 16 and ids[0] == 2
        second = [i for i, t in zip(ids, types, strict=True) if t == 1]
        if len(word) <= 13:
            assert second == [*map(ord, word), 3]
            kept = question[: 13 - len(word)]
            assert ids == [2, *map(ord, kept), 3, *map(ord, word), 3]


def test_rates_and_calibration_agree_with_their_definitions(
    analysis: SimpleNamespace,
) -> None:
    """群ごとの正解率と ECE が、1 件ずつ数えた値と一致する。"""
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.2, 1, size=600)
    hit = rng.random(600) < confidence**2
    analysis.namespace["hit"] = hit
    groups = pd.Series(np.where(confidence > 0.6, "高い", "低い"))
    table = analysis.rate_table(groups)

    assert table.loc["高い", "正解率"] == hit[confidence > 0.6].mean()
    assert (table["下端"] < table["正解率"]).all()
    assert (table["正解率"] < table["上端"]).all()
    band = np.minimum(((confidence - 0.2) / 0.08).astype(int), 9)
    expected = sum(
        abs(hit[band == b].mean() - confidence[band == b].mean()) * (band == b).mean()
        for b in range(10)
    )
    assert analysis.ece(analysis.confidence_table(confidence, hit)) == pytest.approx(
        expected
    )
