"""5-4-sts-analysis に書かれた関数を取り出し、答えの分かる入力で確かめる。"""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import rankdata

from misc import notebook_file

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = "chapter05/5-4-sts-analysis.ipynb"
PREAMBLE = """
import re, unicodedata
from collections.abc import Callable
import numpy as np
import pandas as pd
from scipy.stats import rankdata, spearmanr
seed, bootstrap_samples, probe_size = 42, 200, 100
"""
WITH_CONSTANTS = ("word-pattern", "attributes")


@pytest.fixture(scope="module")
def lesson() -> SimpleNamespace:
    """ノートブックの関数 (と、関数が読む定数) を順に定義した名前空間。"""
    namespace: dict[str, object] = {}
    exec(PREAMBLE, namespace)
    chosen = ("bootstrap", "bands", "binned", "width-signal", "cases", "wins")
    for cell in notebook_file.read(ROOT, NOTEBOOK).code_cells:
        if cell.id not in (*chosen, *WITH_CONSTANTS, "matched"):
            continue
        for node in cell.tree.body:
            constant = isinstance(node, ast.Assign) and ast.unparse(
                node.targets[0]
            ) in ("LETTERS", "DIGITS")
            if constant or isinstance(node, ast.FunctionDef):
                exec(ast.unparse(node), namespace)
    return SimpleNamespace(**namespace, namespace=namespace)


def test_interval_holds_the_value_and_repeats(lesson: SimpleNamespace) -> None:
    """区間は値をはさみ、同じ入力にはいつも同じ区間を返す。"""
    values = np.random.default_rng(0).normal(size=300)
    value, low, high = lesson.bootstrap(np.mean, values)
    assert value == pytest.approx(values.mean())
    assert low < value < high
    assert high - low == pytest.approx(4 / np.sqrt(300), rel=0.3)
    assert lesson.bootstrap(np.mean, values) == (value, low, high)


def test_rows_of_several_columns_are_drawn_together(lesson: SimpleNamespace) -> None:
    """2 つの列は、組のまま選び直される。"""
    column = np.arange(50.0)

    def gap(one: np.ndarray, other: np.ndarray) -> float:
        """組がくずれたら 0 でなくなる値。"""
        return float(np.abs(one - other).max())

    assert lesson.bootstrap(gap, column, column) == (0.0, 0.0, 0.0)


def test_bands_cover_the_scale_and_its_outside(lesson: SimpleNamespace) -> None:
    """5 点ちょうどと範囲の外は、端の区間に入る。"""
    values = np.array([-0.3, 0.0, 0.99, 1.0, 4.0, 5.0, 5.4])
    assert lesson.bands(values).tolist() == [0, 0, 0, 1, 4, 4, 4]


def test_binned_means_are_of_the_right_rows(lesson: SimpleNamespace) -> None:
    """区間ごとの平均と件数が合い、空の区間は現れない。"""
    table = lesson.binned(np.array([0.2, 0.4, 3.1]), np.array([1.0, 3.0, 9.0]))
    assert table["平均"].tolist() == [2.0, 9.0]
    assert table["件数"].tolist() == [2, 1]
    assert table.index.tolist() == [0, 3]


def test_group_differences_alone_do_not_correlate(lesson: SimpleNamespace) -> None:
    """群の高さの違いだけによる相関は、群をそろえると消える。"""
    rng, group = np.random.default_rng(1), np.repeat([0, 1, 2], 400)
    one, other = (10 * group + rng.normal(size=1200) for _ in range(2))
    assert np.corrcoef(rankdata(one), rankdata(other))[0, 1] > 0.8
    assert abs(lesson.matched_spearman(one, other, group)) < 0.1


def test_matched_gap_ignores_what_the_stratum_explains(
    lesson: SimpleNamespace,
) -> None:
    """誤差が層だけで決まれば差は 0、型のある対だけずれれば、そのずれになる。"""
    rng = np.random.default_rng(2)
    stratum = rng.integers(26, size=2000)
    flag = (rng.random(2000) < stratum / 26).astype(float)
    error = 2.5 - stratum / 5
    assert error[flag == 1].mean() < error[flag == 0].mean() - 0.5
    assert lesson.matched_gap(flag, error, stratum) == pytest.approx(0, abs=1e-9)
    shifted = error + 0.3 * flag
    assert lesson.matched_gap(flag, shifted, stratum) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("word", "text", "found"),
    [
        ("犬", "子犬と犬", "子犬と■"),
        ("犬", "犬小屋", "犬小屋"),
        ("バス", "バスケットとバス", "バスケットと■"),
        ("赤い", "赤い帽子", "■帽子"),
        ("大きな", "大きな犬", "■犬"),
    ],
)
def test_words_inside_other_words_are_left_alone(
    lesson: SimpleNamespace, word: str, text: str, found: str
) -> None:
    """ほかの語の一部は替えない。仮名で終わる語の後ろには何が来てもよい。"""
    assert lesson.word_pattern(word).sub("■", text) == found


def test_cases_differ_in_one_place_of_one_sentence(lesson: SimpleNamespace) -> None:
    """両方の文に語があるときだけ、後の文の一か所を替え、対ごとに 1 行にする。"""
    entries = [("動物", "犬", "いぬ", "猫"), ("数", "二匹", "2匹", "三匹")]
    lesson.namespace["patterns"] = [
        (lesson.word_pattern(entry[1]), entry) for entry in entries
    ]
    pairs = [
        ("二匹の犬が走る。", "犬が二匹、駆けている。"),
        ("犬と猫が寝ている。", "犬が寝ている。"),
        ("犬が走る。", "馬が走る。"),
    ]
    cases = lesson.find_cases(pairs)
    assert len(cases) == 1
    row = cases.iloc[0]
    assert (row["文"], row["そのまま"]) == pairs[0]
    assert row["句点"] == "犬が二匹、駆けている"
    edits = {row["言い換え"], row["別の語"]}
    assert edits in (
        {"いぬが二匹、駆けている。", "猫が二匹、駆けている。"},
        {"犬が2匹、駆けている。", "犬が三匹、駆けている。"},
    )


def test_a_tie_is_half_a_win(lesson: SimpleNamespace) -> None:
    """大きければ 1、同点は 0.5、小さければ 0。"""
    won = lesson.wins(np.array([2.0, 1.0, 0.0]), np.array([1.0, 1.0, 1.0]))
    assert won.tolist() == [1.0, 0.5, 0.0]


@pytest.mark.parametrize(
    ("text", "numbers", "colours"),
    [
        ("赤いシャツのふたりの男性と、三匹の犬", {"2", "3"}, {"赤"}),
        ("茶の間に２脚の白色の椅子", {"2"}, {"白"}),
        ("ピンクの花", set(), {"ピンク"}),
        ("青年が一人で緑茶を飲む", {"1"}, set()),
    ],
)
def test_numbers_and_colours_are_found(
    lesson: SimpleNamespace, text: str, numbers: set[str], colours: set[str]
) -> None:
    """数は助数詞つきのものだけ、色は色の言い方だけを拾う。"""
    assert lesson.mentions(text) == (numbers, colours)
