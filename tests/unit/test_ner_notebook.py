"""6 章の 3 冊の関数を取り出し、独立な計算と突き合わせる。"""

from __future__ import annotations

import ast
import itertools
import re
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import spacy_alignments
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics import f1_score
from seqeval.metrics.sequence_labeling import get_entities
from torchcrf import CRF
from transformers import AutoTokenizer

from misc import notebook_file

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = (
    "chapter06/6-named-entity-recognition.ipynb",
    "chapter06/6-3b-viterbi-crf.ipynb",
    "chapter06/6-3c-ner-errors.ipynb",
)
BASE = ROOT / "tinyhub/models/bert-ja"
PREAMBLE = """
import unicodedata
from collections import Counter
import numpy as np
import torch
from torch import nn
Span = tuple[int, int]
Entity = tuple[int, int, str]
FORBIDDEN = -1e4
"""
LABELS = ["O", "B-人名", "I-人名", "B-地名", "I-地名"]


@pytest.fixture(scope="module")
def lesson() -> SimpleNamespace:
    """ノートブックの関数とクラスだけを、順に定義した名前空間。"""
    namespace: dict[str, Any] = {}
    exec(PREAMBLE, namespace)
    chosen = {
        *("check_rows", "normalise", "tokenize", "to_bio", "from_bio", "counts"),
        *("rates", "micro_f1", "illegal", "fits", "refusal"),
        *("constraints", "viterbi", "LinearChainCRF", "sort_errors"),
        "from_label_studio",
    }
    files = [notebook_file.read(ROOT, path) for path in NOTEBOOKS]
    for cell in itertools.chain.from_iterable(file.code_cells for file in files):
        for node in cell.tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                if node.name in chosen:
                    exec(ast.unparse(node), namespace)
                    chosen.discard(node.name)
    assert not chosen, f"ノートブックに見当たりません: {chosen}"
    namespace["entity_types"] = files[0].parameters()["entity_types"]
    namespace["tokenizer"] = AutoTokenizer.from_pretrained(BASE)
    return SimpleNamespace(**namespace)


def padded(
    lesson: SimpleNamespace, cases: int, longest: int, seed: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, tuple[torch.Tensor, ...]]:
    """無作為な放出スコア・mask・長さと、規則に乱数を足した遷移。"""
    generator = torch.Generator().manual_seed(seed)
    width = len(LABELS)
    scores = 3 * torch.randn(cases, longest, width, generator=generator)
    lengths = torch.randint(1, longest + 1, (cases,), generator=generator)
    mask = torch.arange(longest) < lengths[:, None]
    start, transitions = lesson.constraints(LABELS)
    transitions = transitions + torch.randn(width, width, generator=generator)
    return (
        scores,
        mask,
        lengths,
        (start, transitions, torch.randn(width, generator=generator)),
    )


def slow_best(row: torch.Tensor, setting: tuple[torch.Tensor, ...]) -> list[int]:
    """Python のループだけで書いた総当たり。"""
    start, transitions, end = (value.tolist() for value in setting)
    table = row.tolist()

    def total(path: tuple[int, ...]) -> float:
        moved = sum(transitions[a][b] for a, b in itertools.pairwise(path))
        emitted = sum(table[t][label] for t, label in enumerate(path))
        return start[path[0]] + emitted + moved + end[path[-1]]

    return list(max(itertools.product(range(len(LABELS)), repeat=len(row)), key=total))


def test_viterbi_equals_brute_force_on_short_padded_sequences(
    lesson: SimpleNamespace,
) -> None:
    """長さ 1〜4 の 150 文を 1 つの詰めたバッチで解いても、総当たりと同じ。"""
    scores, mask, lengths, setting = padded(lesson, 150, 4, seed=1)
    found = lesson.viterbi(scores, mask, *setting).tolist()

    for row, path, size in zip(scores, found, lengths.tolist(), strict=True):
        assert path[:size] == slow_best(row[:size], setting)
        assert path[size:] == [-1] * (len(path) - size)


def test_viterbi_never_breaks_the_rules_on_long_padded_batches(
    lesson: SimpleNamespace,
) -> None:
    """長さ 1〜40 の 2,000 文で、規則に合わない並びが 0。貪欲な選び方では多数ある。"""
    scores, mask, lengths, setting = padded(lesson, 2000, 40, seed=2)
    found = lesson.viterbi(scores, mask, *setting).tolist()
    greedy = scores.argmax(-1).tolist()
    pairs = [*zip(found, lengths.tolist(), strict=True)]

    def names(path: list[int], size: int) -> list[str]:
        return [LABELS[i] for i in path[:size]]

    assert sum(lesson.illegal(names(*pair)) for pair in pairs) == 0
    rough = zip(greedy, lengths.tolist(), strict=True)
    assert sum(lesson.illegal(names(*pair)) > 0 for pair in rough) > 1000


def test_viterbi_does_not_depend_on_padding(lesson: SimpleNamespace) -> None:
    """詰め物を増やしても、その中身を変えても、答えは変わらない。"""
    scores, mask, _, setting = padded(lesson, 300, 12, seed=3)
    before = lesson.viterbi(scores, mask, *setting)
    wide = torch.cat([scores.masked_fill(~mask[..., None], 99.0), scores], dim=1)
    wide_mask = torch.cat([mask, torch.zeros_like(mask)], dim=1)

    after = lesson.viterbi(wide, wide_mask, *setting)

    assert torch.equal(after[:, :12], before)


def test_moving_pointers_in_the_padding_give_wrong_answers(
    lesson: SimpleNamespace,
) -> None:
    """逆ポインタを止めない書き方は、詰め物のある文で確かに壊れる。"""
    scores, mask, _, setting = padded(lesson, 300, 12, seed=4)
    right = lesson.viterbi(scores, mask, *setting)
    wrong = lesson.viterbi(scores, mask, *setting, hold=False)

    assert (right != wrong).any(dim=1).sum() > 30


@pytest.mark.parametrize("seed", range(3))
def test_crf_agrees_with_pytorch_crf_with_padding(
    lesson: SimpleNamespace, seed: int
) -> None:
    """対数尤度・勾配・復号が、詰め物のあるバッチで 1e-5 以内に一致する。"""
    width = len(LABELS)
    scores, mask, lengths, setting = padded(lesson, 40, 15, seed)
    labels = torch.randint(
        width, mask.shape, generator=torch.Generator().manual_seed(9)
    )
    mine, theirs = lesson.LinearChainCRF(width), CRF(width, batch_first=True)
    names = ("start", "start_transitions"), ("end", "end_transitions")
    with torch.no_grad():
        for own, other in (*names, ("transitions", "transitions")):
            value = torch.randn(getattr(mine, own).shape)
            getattr(mine, own).copy_(value)
            getattr(theirs, other).copy_(value)
    one = scores.clone().requires_grad_()
    two = scores.clone().requires_grad_()

    ours = mine(one, labels, mask)
    reference = theirs(two, labels, mask, reduction="none")
    ours.mean().backward()
    reference.mean().backward()

    assert torch.allclose(ours, reference, atol=1e-4, rtol=1e-5)
    assert torch.allclose(one.grad, two.grad, atol=1e-5)
    assert not one.grad[~mask].any()
    for own, other in (*names, ("transitions", "transitions")):
        assert torch.allclose(
            getattr(mine, own).grad, getattr(theirs, other).grad, atol=1e-5
        )
    paths = lesson.viterbi(scores, mask, mine.start, mine.transitions, mine.end)
    pairs = zip(paths.tolist(), lengths.tolist(), strict=True)
    assert [path[:size] for path, size in pairs] == theirs.decode(scores, mask)


def test_forbidden_transitions_receive_no_gradient(lesson: SimpleNamespace) -> None:
    """禁じた遷移の勾配は 0 なので、訓練しても禁じられたまま残る。"""
    scores, mask, _, setting = padded(lesson, 50, 10, seed=5)
    crf = lesson.LinearChainCRF(len(LABELS))
    start, transitions = lesson.constraints(LABELS)
    with torch.no_grad():
        crf.start.copy_(start)
        crf.transitions.copy_(transitions)
    legal = lesson.viterbi(scores, mask, *setting).clamp(min=0)
    crf(scores, legal, mask).sum().backward()

    assert not crf.transitions.grad[transitions < 0].any()
    assert crf.transitions.grad[transitions == 0].any()


TEXTS = [
    "㈱さくら食品は5㌔の米を売る。",
    "ＡＢＣ株式会社と､ｶﾞｽ会社。",
    "空白 の　ある  文です。",
    "か\u3099くせい新聞社が発表した。",
    "😀と𠮷野家は語彙にない。",
    "[SEP]や[UNK]という文字がある。",
]


@pytest.mark.parametrize("text", TEXTS)
def test_alignment_points_at_the_characters_of_the_token(
    lesson: SimpleNamespace, text: str
) -> None:
    """NFKC・空白・未知語・結合文字があっても、位置は元の文字を指す。"""
    tokens, spans = lesson.tokenize(text)

    assert spans == sorted(spans)
    for token, (start, end) in zip(tokens, spans, strict=True):
        surface = unicodedata.normalize("NFKC", text[start:end])
        assert 0 <= start < end <= len(text)
        if token != "[UNK]":
            assert token.removeprefix("##") in surface
    covered = {i for start, end in spans for i in range(start, end)}
    assert all(text[i].isspace() for i in set(range(len(text))) - covered)


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="㈱①ｶﾞか\u3099\u309a한ᄀ\u1161Åe\u0301 ㌔ﬁab漢", max_size=12))
def test_normalise_equals_nfkc_of_the_whole_text(
    lesson: SimpleNamespace, text: str
) -> None:
    """塊ごとの正規化をつなぐと、文全体の NFKC に等しい。"""
    normal, origin = lesson.normalise(text)

    assert normal == unicodedata.normalize("NFKC", text)
    assert len(origin) == len(normal) and origin == sorted(origin)


def test_alignment_agrees_with_spacy_alignments(lesson: SimpleNamespace) -> None:
    """未知語のない文では、spacy-alignments の答えと同じ。"""
    text = "大谷さんは岩手県の出身で、東京の会社に勤めている。"
    tokens, spans = lesson.tokenize(text)
    pieces = [token.removeprefix("##") for token in tokens]
    _, back = spacy_alignments.get_alignments(list(text), pieces)

    assert "[UNK]" not in tokens
    assert [(places[0], places[-1] + 1) for places in back] == spans


def test_a_long_text_is_aligned_to_its_end(lesson: SimpleNamespace) -> None:
    """1 万文字の文でも、最後の文字まで位置が付く。"""
    text = "東京都に住む。" * 1500
    _, spans = lesson.tokenize(text)

    assert spans[-1][1] == len(text)


def characters(size: int) -> list[tuple[int, int]]:
    """1 文字ずつの位置。"""
    return [(i, i + 1) for i in range(size)]


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(LABELS), min_size=1), min_size=1, max_size=8))
def test_reading_bio_is_the_lenient_reading_of_seqeval(
    lesson: SimpleNamespace, rows: list[list[str]]
) -> None:
    """規則に合わない並びも、seqeval の既定と同じように読む。"""
    for row in rows:
        found = lesson.from_bio(row, characters(len(row)))
        expected = {(start, end + 1, kind) for kind, start, end in get_entities(row)}
        assert found == expected


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(*[st.lists(st.sampled_from(LABELS), min_size=5, max_size=5)] * 2),
        min_size=1,
        max_size=6,
    )
)
def test_micro_f1_equals_seqeval(
    lesson: SimpleNamespace, pairs: list[tuple[list[str], list[str]]]
) -> None:
    """文字の位置の集合で数えた F1 が、seqeval の F1 と一致する。"""
    tables = [[*side] for side in zip(*pairs, strict=True)]
    gold, found = (
        [lesson.from_bio(row, characters(5)) for row in side] for side in tables
    )

    assert lesson.micro_f1(gold, found) == pytest.approx(
        f1_score(*tables, zero_division=0)
    )


def test_errors_are_sorted_into_five_kinds(lesson: SimpleNamespace) -> None:
    """手で作った例が、名前のとおりの種類に数えられる。"""
    truth = {(0, 2, "人名"), (3, 6, "地名"), (8, 9, "人名"), (10, 12, "人名")}
    found = {(0, 2, "地名"), (3, 5, "地名"), (8, 10, "地名"), (20, 21, "人名")}

    assert +lesson.sort_errors(truth, found) == {
        "型": 1,
        "境界": 1,
        "境界と型": 1,
        "余計": 1,
        "見逃し": 1,
    }
    assert +lesson.sort_errors(truth, truth) == {"正しい": 4}


SENTENCE = "山田花子は東京都に住む。"


def item(name: str, start: int, end: int, kind: str = "人名") -> dict[str, Any]:
    """注釈 1 つ。"""
    return {"name": name, "span": [start, end], "type": kind}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"entities": [item("山田花子", 0, 4), item("花子は", 2, 5)]},
            "「花子は」が前の固有表現と重なっています",
            id="overlapping spans",
        ),
        pytest.param(
            {"entities": [item("住む。", 10, 13)]},
            "「住む。」の位置 [10, 13) が文(12 文字)の外にあります",
            id="offset beyond the text",
        ),
        pytest.param(
            {"entities": [item("山田", -2, 2)]},
            "の位置 [-2, 2) が文(12 文字)の外にあります",
            id="negative offset",
        ),
        pytest.param({"entities": [item("", 3, 3)]}, "の外にあります", id="empty span"),
        pytest.param(
            {"entities": [item("東京都", 5, 8, "県名")]},
            "「東京都」の型 県名 は",
            id="unknown type",
        ),
        pytest.param(
            {"entities": [item("山田花子", 1, 5)]},
            "「山田花子」の位置にあるのは「田花子は」です",
            id="name differs from the text",
        ),
        pytest.param({"text": " "}, "文が空です", id="empty text"),
        pytest.param({"text": None}, "文が空です", id="no text"),
    ],
)
def test_a_bad_row_is_named_with_its_place(
    lesson: SimpleNamespace, change: dict[str, Any], message: str
) -> None:
    """壊れた行は、何行目の何がおかしいかを示して拒まれる。"""
    good = {"curid": "1", "text": SENTENCE, "entities": [item("東京都", 5, 8, "地名")]}
    lesson.check_rows([good], "例")

    with pytest.raises(ValueError, match=re.escape(message)) as refused:
        lesson.check_rows([good, good | change], "例")
    assert str(refused.value).startswith("例 の 2 行目")


@pytest.mark.parametrize("column", ["curid", "text", "entities"])
def test_a_missing_column_is_named(lesson: SimpleNamespace, column: str) -> None:
    """足りない列の名前を示して拒む。"""
    row = {"curid": "1", "text": SENTENCE, "entities": []}
    row.pop(column)

    with pytest.raises(ValueError, match=f"列 {column} がありません"):
        lesson.check_rows([row], "例")


def test_label_studio_tasks_become_rows(lesson: SimpleNamespace) -> None:
    """取り消した注釈と注釈のない文は飛ばし、名前は位置から取り直す。"""
    value = {"start": 5, "end": 8, "text": "東京都", "labels": ["地名"]}
    done = {"result": [{"type": "labels", "value": value}], "was_cancelled": False}
    tasks = [
        {"id": 1, "data": {"text": SENTENCE}, "annotations": []},
        {
            "id": 2,
            "data": {"text": SENTENCE},
            "annotations": [{**done, "was_cancelled": True}],
        },
        {"id": 3, "data": {"text": SENTENCE}, "annotations": [done]},
    ]

    assert lesson.from_label_studio(tasks) == [
        {"curid": "3", "text": SENTENCE, "entities": [item("東京都", 5, 8, "地名")]}
    ]

    shifted = {**done, "result": [{"type": "labels", "value": value | {"start": 6}}]}
    with pytest.raises(ValueError, match="3 番の注釈の位置が文と合いません"):
        lesson.from_label_studio([{**tasks[2], "annotations": [shifted]}])


def test_piece_may_point_only_at_its_own_characters(lesson: SimpleNamespace) -> None:
    """形の変わらない文字なら、広すぎる範囲も拒む。"""
    assert lesson.fits("東京", "東京") and lesson.fits("##都", "都")
    assert lesson.fits("(株)", "㈱") and lesson.fits("(", "㈱")
    assert lesson.fits("[UNK]", "𠮷野")
    assert not lesson.fits("東京", "東京都")


def test_refusal_names_the_reason_and_stops_when_nothing_is_wrong(
    lesson: SimpleNamespace,
) -> None:
    assert "重なって" in lesson.refusal(("山田花子", 0, "人名"), ("花子", 2, "人名"))
    with pytest.raises(AssertionError, match="止まるべき注釈"):
        lesson.refusal(("山田花子", 0, "人名"))
