"""curriculum/NN.yml の書き間違いが、場所の分かる知らせになる。"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner import curriculum
from runner.curriculum import CurriculumError


def write(folder: Path, entries: object, name: str = "05.yml") -> None:
    """1 章分を書く。"""
    text = yaml.safe_dump(entries, allow_unicode=True, sort_keys=False)
    (folder / name).write_text(text, encoding="utf-8")


def planned(number: int, **changes: object) -> dict[str, object]:
    """準備中の項目。"""
    return {
        "id": f"5-{number}",
        "path": f"chapter05/5-{number}-x.ipynb",
        "title": "題",
        "section": f"5.{number}",
        "status": "planned",
        **changes,
    }


def test_ready_and_planned_entries_are_read_in_order(
    draft: Any, tmp_path: Path
) -> None:
    """正しい項目は、記載の順に読める。"""
    write(tmp_path, [planned(1), draft.entry])

    first, second = curriculum.load(tmp_path)

    assert (first.id, second.id) == ("5-1", "5-9")
    assert second.chapter == 5
    assert second.expected_texts["test_accuracy"] == ">= 0.8 かつ < 1.0"
    assert second.reference_texts == {"test_accuracy": "0.94(出典)"}
    assert second.badge_url.endswith(f"/blob/main/{draft.path}")


CHANGES: list[tuple[str, dict[str, object], list[str]]] = [
    ("知らない項目", {"colab_gpuu": "T4"}, ["colab_gpuu", "書き間違い"]),
    ("知らない状態", {"status": "done"}, ["status", "ready", "planned"]),
    ("章の違う path", {"path": "chapter06/6-1-x.ipynb"}, ["path", "章"]),
    ("path の形", {"path": "5-9.ipynb"}, ["path", "形"]),
    ("数でない分", {"minutes_t4": "六分"}, ["minutes_t4"]),
    ("数の節番号", {"section": 5.9}, ["section", "引用符"]),
    ("書き落とし", {"minutes_t4": None}, ["minutes_t4", "必要"]),
    ("基準の書き方", {"expect": {"a": ["0.8 以上"]}}, ["expect", ">= 0.88"]),
    ("式の書き方", {"expect": {"open('x')": [">= 0"]}}, ["expect", "abs"]),
    ("式の文法", {"expect": {"a -": [">= 0"]}}, ["expect", "式"]),
    ("指標のない式", {"expect": {"1 + 2": [">= 0"]}}, ["expect", "指標"]),
    (
        "expect にない対照",
        {"control": {"parameters": {"a": 1}, "must_fail": ["test_f1"]}},
        ["must_fail", "test_f1"],
    ),
    ("空の対照", {"control": {"parameters": {}, "must_fail": ["a"]}}, ["parameters"]),
    ("知らない依存", {"depends_on": ["5-7"]}, ["depends_on", "5-7"]),
    ("準備中への依存", {"depends_on": ["5-1"]}, ["depends_on", "planned"]),
    ("自分への依存", {"depends_on": ["5-9"]}, ["輪"]),
    ("id の重なり", {"id": "5-1"}, ["5-1", "重なって"]),
]


@pytest.mark.parametrize(
    ("changes", "words"),
    [(changes, words) for _, changes, words in CHANGES],
    ids=[name for name, _, _ in CHANGES],
)
def test_mistake_is_reported_with_its_place(
    draft: Any, tmp_path: Path, changes: dict[str, object], words: list[str]
) -> None:
    """誤りの知らせに、項目の id と名前と理由がある。"""
    write(tmp_path, [planned(1), {**copy.deepcopy(draft.entry), **changes}])

    with pytest.raises(CurriculumError) as caught:
        curriculum.load(tmp_path)

    message = str(caught.value)
    assert all(word in message for word in words), message
    assert str(changes.get("id", "5-9")) in message


def test_planned_entry_with_estimates_is_refused(tmp_path: Path) -> None:
    """準備中の項目に、見積もりは書けない。"""
    write(tmp_path, [planned(1, minutes_t4=5)])

    with pytest.raises(CurriculumError, match="minutes_t4"):
        curriculum.load(tmp_path)


def test_cycle_of_dependencies_is_shown(draft: Any, tmp_path: Path) -> None:
    """依存の輪を、順にたどって示す。"""
    other = {
        **copy.deepcopy(draft.entry),
        "id": "5-8",
        "path": "chapter05/5-8-x.ipynb",
        "depends_on": ["5-9"],
    }
    write(tmp_path, [{**draft.entry, "depends_on": ["5-8"]}, other])

    with pytest.raises(CurriculumError, match="5-9 → 5-8 → 5-9"):
        curriculum.load(tmp_path)


@pytest.mark.parametrize("text", ["a: [1", "id: 5-9", "- 文字列"])
def test_broken_file_is_named(tmp_path: Path, text: str) -> None:
    """読めないファイルは、名前を挙げて知らせる。"""
    (tmp_path / "05.yml").write_text(text, encoding="utf-8")

    with pytest.raises(CurriculumError, match=r"05\.yml"):
        curriculum.load(tmp_path)


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    """NN.yml がなければ失敗する。"""
    with pytest.raises(CurriculumError, match=r"NN\.yml"):
        curriculum.load(tmp_path)
