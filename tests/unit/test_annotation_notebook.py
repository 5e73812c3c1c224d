"""6-4-annotation の関数を取り出し、Label Studio の本物の書き出しと照合する。

書き出しは `make label-studio` が作ったもので、ここでは Label Studio を動かさない。
"""

from __future__ import annotations

import ast
import copy
import json
import random
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from misc import notebook_file
from misc.label_studio import sentences

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = "chapter06/6-4-annotation.ipynb"
RECORD = ROOT / "misc" / "label_studio" / "record"
CELLS = (
    "config",
    "read-entities",
    "read-export",
    "f1",
    "kappa",
    "disagreements",
    "load-export",
    "decode",
    "import-functions",
    "slip",
    "anchor",
)
PREAMBLE = """
import json, random
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
import numpy as np
import pandas as pd
import spacy_alignments.tokenizations as tokenizations
import torch
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError
slip_rate = 0.15
"""


@pytest.fixture(scope="module")
def lesson() -> SimpleNamespace:
    """ノートブックの関数と TYPES だけの名前空間。"""
    namespace: dict[str, Any] = {}
    exec(PREAMBLE, namespace)
    for cell in notebook_file.read(ROOT, NOTEBOOK).code_cells:
        for node in cell.tree.body if cell.id in CELLS else ():
            names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            types = isinstance(node, (ast.Assign, ast.AugAssign)) and names == {"TYPES"}
            if isinstance(node, ast.FunctionDef) or types:
                exec(ast.unparse(node), namespace)
    return SimpleNamespace(**namespace)


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    """往復の記録。"""
    return json.loads((RECORD / "round_trip.json").read_text(encoding="utf-8"))


def load(name: str) -> list[dict[str, Any]]:
    """本物の書き出し。"""
    return json.loads((RECORD / name).read_text(encoding="utf-8"))


def key(row: dict[str, Any]) -> tuple:
    """行の並べ替えに使う値。"""
    return row["curid"], row["annotator"]


def test_the_real_export_becomes_exactly_what_was_put_in(
    lesson: SimpleNamespace, record: dict[str, Any]
) -> None:
    rows, counts = lesson.read_export(load("export.json"))
    assert counts["飛ばした注釈"] == record["cancelled"] == 1
    found = {
        key(row): [(*entity["span"], entity["type"]) for entity in row["entities"]]
        for row in rows
    }
    first, second = record["annotators"]
    planted = {}
    for sentence in record["planted"]:
        for who, name in ((first, "first"), (second, "second")):
            if sentence[name] is not None:
                planted[sentence["curid"], who] = [tuple(s) for s in sentence[name]]
    assert len(record["planted"]) >= 20
    assert found == planted
    for row in rows:
        for entity in row["entities"]:
            start, end = entity["span"]
            assert row["text"][start:end] == entity["name"]


def test_json_min_gives_the_same_rows(lesson: SimpleNamespace) -> None:
    full, _ = lesson.read_export(load("export.json"))
    flat, counts = lesson.read_export(load("export_min.json"))
    assert sorted(flat, key=key) == sorted(full, key=key)
    # JSON_MIN では、飛ばした注釈は数えようがない。
    assert counts["飛ばした注釈"] == 0


def test_the_inline_export_is_part_of_the_real_one() -> None:
    source = next(
        cell
        for cell in notebook_file.read(ROOT, NOTEBOOK).code_cells
        if cell.id == "inline-export"
    ).tree
    text = next(
        node.value
        for node in ast.walk(source)
        if isinstance(node, ast.Constant) and str(node.value).startswith("[")
    )
    real = {task["id"]: task for task in load("export.json")}
    for task in json.loads(text):
        whole = real[task["id"]]
        assert task["data"] == whole["data"]
        for short, long in zip(task["annotations"], whole["annotations"], strict=True):
            for name in ("completed_by", "was_cancelled"):
                assert short[name] == long[name]
            assert [item["value"] for item in short["result"]] == [
                item["value"] for item in long["result"]
            ]


def test_the_real_conll_export_has_one_word_a_sentence() -> None:
    texts = {task["data"]["text"] for task in load("export.json")}
    lines = (RECORD / "export.conll").read_text(encoding="utf-8").splitlines()
    words = [line.split(" ")[0] for line in lines[1:] if line]
    assert words and set(words) == texts


def test_the_record_is_of_the_pinned_version(record: dict[str, Any]) -> None:
    requirements = RECORD.parent / "requirements.txt"
    assert f"label-studio=={record['label_studio']}\n" in requirements.read_text()


def test_types_are_those_of_the_tool(lesson: SimpleNamespace) -> None:
    assert set(lesson.TYPES) == set(sentences.TYPES)


TEXT = "青山花子は白川市で話した。"


def task(*values: dict[str, Any], text: str | None = TEXT) -> list[dict[str, Any]]:
    """範囲の値から、1 件の書き出しを作る。"""
    result = [{"type": "labels", "value": value} for value in values]
    annotation = {"completed_by": 1, "was_cancelled": False, "result": result}
    return [{"id": 7, "data": {"text": text}, "annotations": [annotation]}]


def value(start: Any, end: Any, kind: str = "人名", **more: Any) -> dict[str, Any]:
    """範囲 1 つの値。"""
    return {"start": start, "end": end, "labels": [kind], **more}


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        pytest.param(task(value(0, 99)), ["id 7", "[0, 99)", "文"], id="文の外"),
        pytest.param(task(value(-1, 2)), ["[-1, 2)"], id="負の位置"),
        pytest.param(task(value(3, 3)), ["[3, 3)"], id="空の範囲"),
        pytest.param(task(value(0, "4")), ["整数"], id="文字列の位置"),
        pytest.param(task(value(0, 4, "人物")), ["人物", "型"], id="知らない型"),
        pytest.param(task(value(0, 4) | {"labels": []}), ["型"], id="型がない"),
        pytest.param(task(value(0, 4, text="白川市")), ["白川市"], id="文字列の違い"),
        pytest.param(
            task(value(0, 5), value(4, 8, "地名")), ["重なって"], id="重なる範囲"
        ),
        pytest.param(task(text=None), ["id 7", "text"], id="文がない"),
        pytest.param(task(text=""), ["text"], id="空の文"),
    ],
)
def test_broken_exports_stop_with_a_clear_message(
    lesson: SimpleNamespace, tasks: list[dict[str, Any]], words: list[str]
) -> None:
    with pytest.raises(ValueError) as caught:
        lesson.read_export(tasks)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_missing_text_is_made_from_the_offsets(lesson: SimpleNamespace) -> None:
    rows, counts = lesson.read_export(task(value(5, 8, "地名"), value(0, 4)))
    names = [entity["name"] for entity in rows[0]["entities"]]
    assert names == ["青山花子", "白川市"]
    assert counts["補った文字列"] == 2


def test_cancelled_is_not_the_same_as_nothing_found(lesson: SimpleNamespace) -> None:
    tasks = task() + copy.deepcopy(task())
    tasks[0]["annotations"][0]["was_cancelled"] = True
    tasks.append({"id": 8, "data": {"text": TEXT}, "annotations": []})
    rows, counts = lesson.read_export(tasks)
    assert len(rows) == 1 and rows[0]["entities"] == []
    assert (counts["飛ばした注釈"], counts["注釈のない文"]) == (1, 1)


@pytest.mark.parametrize("content", ["{", "{}", "[]", "[1"])
def test_a_file_that_is_not_an_export_is_explained(
    lesson: SimpleNamespace, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "export.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"export\.json"):
        lesson.load_json(path)


@pytest.mark.parametrize("seed", range(20))
def test_kappa_equals_sklearn_on_random_labels(
    lesson: SimpleNamespace, seed: int
) -> None:
    rng = random.Random(seed)
    kinds = ["O", *lesson.TYPES][: rng.randint(2, 9)]
    one = rng.choices(kinds, k=200)
    other = [kind if rng.random() < 0.6 else rng.choice(kinds) for kind in one]
    wanted = cohen_kappa_score(one, other)
    assert lesson.cohen_kappa(one, other) == pytest.approx(wanted, abs=1e-12)


def test_kappa_is_undefined_when_there_is_one_label(lesson: SimpleNamespace) -> None:
    assert np.isnan(lesson.cohen_kappa(["O"] * 5, ["O"] * 5))
    with pytest.raises(ValueError):
        lesson.cohen_kappa(["O"], ["O", "O"])


def entity(start: int, end: int, kind: str) -> dict[str, Any]:
    """TEXT の固有表現。"""
    return {"name": TEXT[start:end], "span": [start, end], "type": kind}


def row(*entities: dict[str, Any]) -> dict[str, Any]:
    """TEXT の注釈。"""
    return {"curid": "1", "text": TEXT, "entities": list(entities)}


def test_f1_and_disagreements_of_a_hand_made_pair(lesson: SimpleNamespace) -> None:
    one = [row(entity(0, 4, "人名"), entity(5, 8, "地名"))]
    other = [row(entity(0, 4, "法人名"), entity(5, 7, "地名"))]
    assert lesson.f1_of(lesson.match_counts(one, other)) == 0
    assert lesson.f1_of(lesson.match_counts(one, other, typed=False)) == 0.5
    assert list(lesson.disagreements(one, other)["種類"]) == ["型", "境界"]
    assert list(lesson.disagreements(one, [row()])["種類"]) == ["有無", "有無"]
    assert list(lesson.disagreements([row()], other)["種類"]) == ["有無", "有無"]
    assert lesson.disagreements(one, one).empty
    with pytest.raises(ValueError, match="別の文"):
        lesson.match_counts(one, [row() | {"text": "別の文"}])


def test_edits_counts_each_operation_once(lesson: SimpleNamespace) -> None:
    gold = row(entity(0, 4, "人名"), entity(5, 8, "地名"))
    draft = row(entity(0, 4, "法人名"), entity(10, 12, "人名"))
    assert lesson.edits(draft, gold) == {"直す": 1, "消す": 1, "加える": 1}
    assert lesson.edits(gold, gold) == Counter()
    assert lesson.edits(row(), gold) == {"加える": 2}


def test_import_tasks_can_be_read_back(lesson: SimpleNamespace) -> None:
    entities = [entity(0, 4, "人名") | {"score": 0.75}]
    made = lesson.import_task(
        {"curid": "7", "text": TEXT, "entities": entities}, "model-v1"
    )
    assert made["data"] == {"curid": "7", "text": TEXT}
    draft = made["predictions"][0]
    assert (draft["model_version"], draft["score"]) == ("model-v1", 0.75)
    found = lesson.read_entities(draft["result"], TEXT, "下書き", Counter())
    assert found == [entity(0, 4, "人名")]


def test_decode_returns_character_spans(lesson: SimpleNamespace) -> None:
    tokens = ["[CLS]", "青山", "##花子", "は", "白川", "##市", "[SEP]"]
    labels = ["B-人名", "B-人名", "I-人名", "O", "I-地名", "B-施設名", "B-人名"]
    found = lesson.decode(TEXT, tokens, labels, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3])
    kept = [(e["name"], e["span"], e["type"], e["score"]) for e in found]
    assert kept == [
        ("青山花子", [0, 4], "人名", 0.7),
        ("白川", [5, 7], "地名", 0.5),
        ("市", [7, 8], "施設名", 0.4),
    ]


def test_simulated_annotators_stay_valid_and_anchor(lesson: SimpleNamespace) -> None:
    gold = row(entity(0, 4, "人名"), entity(5, 8, "地名"))
    rng = random.Random(0)
    for _ in range(200):
        made = lesson.slip(gold, 0.5, rng)
        for found in made["entities"]:
            start, end = found["span"]
            assert found["name"] == TEXT[start:end] != ""
    assert lesson.slip(gold, 0.0, rng)["entities"] == gold["entities"]
    draft = row(entity(0, 2, "法人名"))
    copied = lesson.anchored(gold, draft, 1.0, rng, rng)
    assert copied["entities"] == draft["entities"]
