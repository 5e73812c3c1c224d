"""公開しているノートブックが、約束と予算を守っている。"""

from __future__ import annotations

from pathlib import Path

import pytest

from misc import checks
from misc.checks import agreement
from misc.checks.subject import Subject
from runner import curriculum

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "subject", checks.subjects(ROOT), ids=lambda subject: subject.entry.id
)
def test_notebook_keeps_the_rules(subject: Subject) -> None:
    """1 冊が、すべての約束を守っている。"""
    violations = checks.check(subject)

    assert not violations, "\n".join(["", *map(str, violations)])


def test_every_notebook_is_listed_and_every_ready_one_exists() -> None:
    """curriculum と、実在するノートブックが対応する。"""
    entries = curriculum.load(ROOT / "curriculum")

    assert agreement.every_notebook_is_listed(ROOT, entries) == []


def test_all_notebooks_together_keep_the_cpu_budget() -> None:
    """全冊の CPU 時間が、予算に収まる。"""
    assert agreement.total_budget(curriculum.load(ROOT / "curriculum")) == []


def test_curriculum_has_every_row_of_the_plan() -> None:
    """38 冊のノートブックと 14 章が、1 つも欠けていない。"""
    entries = curriculum.load(ROOT / "curriculum")
    per_chapter = {
        chapter: sum(1 for entry in entries if entry.chapter == chapter)
        for chapter in range(1, 15)
    }
    least = dict.fromkeys(range(1, 15), 1) | {
        3: 2,
        4: 0,
        5: 12,
        8: 2,
        9: 4,
        10: 6,
        11: 2,
        12: 2,
        13: 4,
    }

    assert {c: n for c, n in per_chapter.items() if n < least[c]} == {}
    assert sum(least.values()) == 39
