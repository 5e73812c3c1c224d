"""10-2b と 10-2b2 に書かれた指標を取り出し、独立な計算と突き合わせる。"""

from __future__ import annotations

import ast
import itertools
import math
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import sacrebleu
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import f1_score

from misc import notebook_file

ROOT = Path(__file__).resolve().parents[2]
METRICS = "chapter10/10-2b-llm-jp-eval-metrics.ipynb"
SCORING = "chapter10/10-2b2-metric-evaluation.ipynb"
PREAMBLE = """
import math, re, unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
import numpy as np
import pandas as pd
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from torch.nn.utils.rnn import pad_sequence
Metric = Callable[[str, str], float]
dataset_id, dataset_revision, seed = "some/id", "main", 42
max_chars, rows_per_task, train_rows = 50, 3, 2
"""
LETTERS = st.text(alphabet="あいう 12。", max_size=8)
NUMBERS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=12
)


def functions(path: str) -> SimpleNamespace:
    """ノートブックの関数だけを、順に定義した名前空間。"""
    namespace: dict[str, object] = {}
    exec(PREAMBLE, namespace)
    for cell in notebook_file.read(ROOT, path).code_cells:
        for node in cell.tree.body:
            names = [ast.unparse(t) for t in getattr(node, "targets", [])]
            names += [ast.unparse(node.target)] if hasattr(node, "target") else []
            if isinstance(node, ast.FunctionDef) or names in (["steps"], ["habits"]):
                exec(ast.unparse(node), namespace)
            elif names == ["wide"]:
                exec(ast.unparse(node), namespace)
    return SimpleNamespace(**namespace, namespace=namespace)


@pytest.fixture(scope="module")
def lesson() -> SimpleNamespace:
    return functions(METRICS)


@pytest.fixture(scope="module")
def scoring() -> SimpleNamespace:
    return functions(SCORING)


def longest_common(one: str, other: str) -> int:
    """部分列を総当たりして、最長の共通部分列の長さを求める。"""
    for size in range(min(len(one), len(other)), 0, -1):
        parts = {"".join(part) for part in itertools.combinations(one, size)}
        if any("".join(p) in parts for p in itertools.combinations(other, size)):
            return size
    return 0


@settings(max_examples=60, deadline=None)
@given(LETTERS, LETTERS)
def test_overlap_metrics_are_symmetric_and_bounded(one: str, other: str) -> None:
    lesson = functions(METRICS)
    for name in ("exact_match", "char_f1", "lcs_ratio", "rouge_2", "set_f1"):
        metric = getattr(lesson, name)
        assert metric(one, other) == pytest.approx(metric(other, one), abs=1e-12)
        assert 0 <= metric(one, other) <= 1
    assert lesson.exact_match(one, one) == 1
    assert lesson.char_f1(one, one) == float(one != "")


@settings(max_examples=40, deadline=None)
@given(LETTERS.map(lambda t: t[:6]), LETTERS.map(lambda t: t[:6]))
def test_lcs_equals_brute_force(one: str, other: str) -> None:
    total = len(one) + len(other)
    expected = 2 * longest_common(one, other) / total if total else 0.0
    assert functions(METRICS).lcs_ratio(one, other) == pytest.approx(expected)


def test_char_f1_equals_vectorised_counts(lesson: SimpleNamespace) -> None:
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("あいうえお"), 6)) for _ in range(40)]
    for one, other in itertools.pairwise(texts):
        counts = [[text.count(c) for c in "あいうえお"] for text in (one, other)]
        expected = 2 * np.minimum(*counts).sum() / np.sum(counts)
        assert lesson.char_f1(one, other) == pytest.approx(expected, abs=1e-12)


def test_set_f1_equals_scikit_learn_and_ignores_blank_lines(
    lesson: SimpleNamespace,
) -> None:
    assert lesson.set_f1("a\n\n b \n", "b\na\na") == 1
    assert lesson.set_f1("", "a") == 0
    gold, answer = [[1, 1, 0, 1]], [[1, 0, 1, 1]]
    expected = f1_score(gold, answer, average="samples")
    assert lesson.set_f1("a\nc\nd", "a\nb\nd") == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(LETTERS, LETTERS.filter(str.strip)), min_size=1, max_size=4))
def test_bleu_equals_sacrebleu(rows: list[tuple[str, str]]) -> None:
    lesson = functions(METRICS)
    answers, golds = map(list, zip(*rows, strict=True))
    library = sacrebleu.corpus_bleu(answers, [golds], tokenize="char").score
    pooled = sum(map(lesson.bleu_statistics, answers, golds))
    assert lesson.bleu(pooled) == pytest.approx(library, abs=1e-9)
    scorer = sacrebleu.BLEU(tokenize="char", effective_order=True)
    for answer, gold in rows:
        expected = scorer.sentence_score(answer, [gold]).score / 100
        assert lesson.sentence_bleu(answer, gold) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(NUMBERS)
def test_correlations_equal_scipy_with_ties(rows: list[tuple[int, int]]) -> None:
    lesson = functions(METRICS)
    one, other = np.array(rows, dtype=float).T
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        assert math.isnan(lesson.pearson(one, other))
        assert math.isnan(lesson.spearman(one, other))
        return
    assert lesson.pearson(one, other) == pytest.approx(
        pearsonr(one, other)[0], abs=1e-9
    )
    assert lesson.spearman(one, other) == pytest.approx(
        spearmanr(one, other)[0], abs=1e-9
    )


def test_scoring_refuses_lists_of_different_length(lesson: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="shorter"):
        lesson.score_all(lesson.exact_match, ["a", "b"], ["a"])


def test_slip_forgets_everything_after_an_empty_answer(lesson: SimpleNamespace) -> None:
    answers, golds = ["夏", "", "冬", "春"], ["夏", "秋", "冬", "春"]
    assert lesson.mean_with_slip(answers, golds) == 1.0
    assert lesson.score_all(lesson.char_f1, answers, golds).mean() == 0.75


@pytest.mark.parametrize(
    ("text", "value"),
    [("3.5 点です", 3.5), ("−2", -2.0), ("１２", 12.0), ("なし", math.nan)],
)
def test_number_is_read_or_missing(
    lesson: SimpleNamespace, text: str, value: float
) -> None:
    assert lesson.parse_number(text) == pytest.approx(value, nan_ok=True)


def test_tool_char_f1_ignores_punctuation_and_word_order(
    lesson: SimpleNamespace,
) -> None:
    assert lesson.tool_char_f1("B a。", "a b") == 1.0
    assert lesson.tool_char_f1("石漱目夏", "夏目漱石") == 0.25


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"input": ["問"]}), "列 output がありません"),
        (pd.DataFrame({"input": ["問"], "output": ["答" * 51]}), "51 文字の行"),
        (pd.DataFrame({"input": ["問"], "output": [" "]}), "正解のある行がありません"),
        (pd.DataFrame({"input": [], "output": []}), "正解のある行がありません"),
    ],
)
@pytest.mark.parametrize("path", [METRICS, SCORING])
def test_bad_rows_are_explained(path: str, frame: pd.DataFrame, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        functions(path).check_rows(frame, "課題")


def test_rows_without_an_answer_are_dropped(lesson: SimpleNamespace) -> None:
    frame = pd.DataFrame({"input": ["a", "b"], "output": [None, "x"], "extra": [1, 2]})
    assert lesson.check_rows(frame, "課題").to_dict("list") == {
        "input": ["b"],
        "output": ["x"],
    }


def test_extract_prefers_a_chunk_of_the_same_type(lesson: SimpleNamespace) -> None:
    assert lesson.extract("星渡県の町で1936年にできた", "2000年") == "1936年"
    assert lesson.extract("星渡県の町", "chess") == "chess"


def test_normalisation_is_idempotent(scoring: SimpleNamespace) -> None:
    for text in ("「２０００年」。", "ＹＥＳ no", "x²", "夏目　漱石"):
        once = scoring.normalize(text)
        assert scoring.normalize(once) == once
        assert scoring.normalize(text, 0) == text


@pytest.mark.parametrize("gold", ["2000年", "リーベシステムズ", "塩", "YES", "999"])
def test_variants_are_right_or_wrong_as_labelled(
    scoring: SimpleNamespace, gold: str
) -> None:
    made = scoring.variants(gold, ["1999年", "味噌"])
    assert made["そのまま"] == (gold, True)
    others = [text for name, (text, _) in made.items() if name != "そのまま"]
    assert gold not in others and "" not in others
    for text, right in made.values():
        assert (scoring.normalize(gold) in scoring.normalize(text)) or not right
    assert {right for _, right in made.values()} == {True, False}


def test_order_accuracy_counts_pairs(scoring: SimpleNamespace) -> None:
    good, bad = np.array([1.0, 0.5, 0.0]), np.array([0.5, 0.2])
    pairs = [(g > b) + 0.5 * (g == b) for g in good for b in bad]
    assert scoring.order_accuracy(good, bad) == pytest.approx(np.mean(pairs))


def test_bert_score_equals_loops_and_is_zero_for_empty(
    scoring: SimpleNamespace,
) -> None:
    generator = torch.Generator().manual_seed(0)
    one, other = (
        torch.nn.functional.normalize(
            torch.randn(n, 7, generator=generator, dtype=torch.float64), dim=1
        )
        for n in (6, 5)
    )
    precision = np.mean([max(float(a @ b) for b in other) for a in one[1:-1]])
    recall = np.mean([max(float(a @ b) for a in one) for b in other[1:-1]])
    expected = 2 * precision * recall / (precision + recall)
    assert scoring.bert_score_f1(one, other) == pytest.approx(expected, abs=1e-12)
    assert scoring.bert_score_f1(one[:2], other) == 0.0


def test_bootstrap_interval_covers_the_mean(scoring: SimpleNamespace) -> None:
    """正規近似の区間と幅が合い、95% 前後の割合で真の平均を含む。"""
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(150):
        values = rng.normal(0.3, 1.0, 60)
        low, high = np.quantile(scoring.bootstrap_means(values, 200), [0.025, 0.975])
        covered += low <= 0.3 <= high
    assert 0.88 <= covered / 150 <= 0.99
    width = 2 * 1.96 * values.std() / math.sqrt(60)
    assert high - low == pytest.approx(width, rel=0.25)


def test_sign_flip_equals_full_enumeration(scoring: SimpleNamespace) -> None:
    difference = np.array([0.5, 0.2, -0.1, 0.4, 0.3, 0.0, 0.6])
    sums = [
        abs(np.dot(signs, difference))
        for signs in itertools.product([-1, 1], repeat=len(difference))
    ]
    exact = np.mean(np.array(sums) >= abs(difference.sum()) - 1e-9)
    assert scoring.sign_flip_test(difference, 20_000) == pytest.approx(exact, abs=0.01)
    assert scoring.sign_flip_test(np.zeros(5), 100) == 1.0


def test_repeated_counts_agree(lesson: SimpleNamespace) -> None:
    assert lesson.ngrams("ああい", 2) == Counter({("あ", "あ"): 1, ("あ", "い"): 1})
    assert lesson.ngrams("あ", 2) == Counter()
