"""curriculum と全冊にわたる検査が、食い違いを見つける。"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from misc.checks import agreement
from runner.curriculum import Notebook


def entry(draft: Any, **changes: object) -> Notebook:
    """見本の項目を書き換えたもの。"""
    return Notebook.model_validate({**copy.deepcopy(draft.entry), **changes})


def put(root: Path, path: str) -> None:
    """空のノートブックを置く。"""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text("{}", encoding="utf-8")


def test_notebook_missing_from_curriculum_is_reported(
    draft: Any, tmp_path: Path
) -> None:
    """curriculum にないノートブックを知らせる。"""
    put(tmp_path, draft.path)
    put(tmp_path, "chapter05/5-8-forgotten.ipynb")

    (problem,) = agreement.every_notebook_is_listed(tmp_path, [entry(draft)])

    assert "5-8-forgotten" in problem


def test_ready_notebook_without_a_file_is_reported(draft: Any, tmp_path: Path) -> None:
    """Ready なのにファイルがない項目を知らせる。"""
    (problem,) = agreement.every_notebook_is_listed(tmp_path, [entry(draft)])

    assert "ファイルがありません" in problem


def test_planned_notebook_with_a_file_is_reported(draft: Any, tmp_path: Path) -> None:
    """Planned なのにファイルがある項目を知らせる。"""
    put(tmp_path, draft.path)
    names = ("id", "path", "title", "section")
    planned = Notebook.model_validate(
        {**{name: draft.entry[name] for name in names}, "status": "planned"}
    )

    (problem,) = agreement.every_notebook_is_listed(tmp_path, [planned])

    assert "ready" in problem


@pytest.mark.parametrize(
    ("seconds", "count", "word"),
    [(45, 50, None), (46, 10, "平均"), (45.1, 51, "合計")],
)
def test_total_cpu_budget(
    draft: Any, seconds: float, count: int, word: str | None
) -> None:
    """平均 45 秒と合計 38 分を超えると知らせる。"""
    problems = agreement.total_budget([entry(draft, cpu_seconds_tiny=seconds)] * count)

    assert bool(problems) == (word is not None)
    assert word is None or any(word in problem for problem in problems)
