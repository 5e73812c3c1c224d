"""インストールの行が、Colab に入っているものを入れ替えない。

コミットした記録 (misc/colab) だけを読む。調べ直しは make colab-check。
"""

from __future__ import annotations

from pathlib import Path

import pytest

from misc import checks
from misc.checks.subject import Subject
from misc.colab import packages
from misc.colab.packages import Allowance, Resolution, Resolved

ROOT = Path(__file__).resolve().parents[2]
PINS = {"datasets": "4.0.0", "numpy": "2.1.3", "torch": "2.11.0"}
ALLOWED = [Allowance(when="trl", packages=["datasets"], reason="新しい版が要る")]


def resolution(*items: Resolved, lines: list[str] | None = None) -> Resolution:
    """記録の形にする。lines は、調べたときのインストールの行。"""
    wanted = [item.line for item in items] if lines is None else lines
    return Resolution(
        date="2026-01-01", inputs_sha256=packages.inputs_hash(wanted), lines=list(items)
    )


def resolved(line: str, **changed: tuple[str, str]) -> Resolved:
    """1 通りの行の記録。"""
    return Resolved(
        line=line, notebooks=["5-9"], added={"fugashi": "1.5.2"}, changed=changed
    )


def test_recorded_resolution_matches_the_notebooks() -> None:
    """今のインストールの行は調べてあり、許されない変更がない。"""
    lines = packages.install_lines(checks.subjects(ROOT))

    assert (
        packages.problems(
            lines,
            packages.read_resolution(),
            packages.constraints(),
            packages.allowances(),
        )
        == []
    )


@pytest.mark.parametrize(
    "subject", checks.subjects(ROOT), ids=lambda subject: subject.entry.id
)
def test_every_import_is_available_on_colab(subject: Subject) -> None:
    """Import するものは、Colab に入っているか、インストールの行で入る。"""
    assert (
        packages.missing_imports(
            subject, packages.read_resolution(), packages.constraints()
        )
        == []
    )


def test_constraints_say_when_and_where_they_come_from() -> None:
    """Colab の版の一覧に、日付と出典がある。"""
    text = packages.CONSTRAINTS.read_text(encoding="utf-8")

    assert "2026-" in text and "googlecolab/backend-info" in text
    assert packages.constraints()["transformers"]


def test_changed_install_line_is_stale() -> None:
    """調べていない行があれば、調べ直すように知らせる。"""
    record = resolution(resolved("fugashi"))

    problems = packages.problems({"fugashi ipadic": ["5-9"]}, record, PINS, ALLOWED)

    assert any("fugashi ipadic" in problem for problem in problems)
    assert all("make colab-check" in problem for problem in problems)


def test_removed_install_line_is_stale() -> None:
    """なくなった行が記録に残っていても、調べ直すように知らせる。"""
    record = resolution(resolved("fugashi"), resolved("ipadic"))

    (problem,) = packages.problems({"fugashi": ["5-9"]}, record, PINS, ALLOWED)

    assert "make colab-check" in problem


def test_changed_preinstalled_package_is_reported() -> None:
    """Colab に入っているものが変わるなら知らせる。"""
    line = "fugashi"
    record = resolution(resolved(line, numpy=("2.1.3", "2.4.0")))

    (problem,) = packages.problems({line: ["5-9"]}, record, PINS, ALLOWED)

    assert "numpy 2.1.3" in problem and "allowed.yml" in problem


def test_allowed_change_is_accepted_only_with_its_reason() -> None:
    """例外は、それを必要とするパッケージを入れる行だけに効く。"""
    change = {"datasets": ("4.0.0", "4.8.0")}
    with_trl = resolution(resolved("trl>=1", **change))
    without = resolution(resolved("fugashi", **change))

    assert packages.problems({"trl>=1": ["11-2"]}, with_trl, PINS, ALLOWED) == []
    assert packages.problems({"fugashi": ["5-9"]}, without, PINS, ALLOWED)


def test_preinstalled_package_in_the_line_is_reported() -> None:
    """Colab に入っているものを、行に書かない。"""
    record = resolution(resolved("fugashi numpy"))

    (problem,) = packages.problems({"fugashi numpy": ["5-9"]}, record, PINS, ALLOWED)

    assert "numpy" in problem and "除いて" in problem


def test_every_allowance_has_a_reason() -> None:
    """例外には、読める理由がある。"""
    assert all(len(item.reason) >= 20 for item in packages.allowances())


def test_pins_skip_gpu_packages_urls_and_local_versions() -> None:
    """解決に使えない行を除き、版の末尾の「+cu128」を落とす。"""
    text = (
        "torch==2.11.0+cu128\nnvidia-nccl-cu12==2.31.2\ntriton==3.6.0\n"
        "# 注\nspacy_model @ https://example.com/m.whl\nPyYAML==6.0.3\n"
    )

    assert packages.read_pins(text) == {"torch": "2.11.0", "pyyaml": "6.0.3"}


@pytest.fixture
def fake_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """ネットワークを使わない uv。answer.txt を返し、制約を seen.txt に写す。"""
    script = tmp_path / "uv"
    script.write_text(
        "#!/bin/sh\n"
        f'while [ $# -gt 1 ]; do [ "$1" = --constraint ] && cat "$2" '
        f"> {tmp_path}/seen.txt; shift; done\n"
        f"cat {tmp_path}/answer.txt\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def test_resolution_separates_added_from_changed(fake_uv: Path) -> None:
    """新しく入るものと、例外として変わるものを分ける。例外は制約から外す。"""
    (fake_uv / "answer.txt").write_text(
        "datasets==4.8.0\nnumpy==2.1.3\ntrl==1.16.0\n", encoding="utf-8"
    )

    found = packages.resolve("trl>=1", ["11-2"], PINS, ALLOWED)

    assert found.added == {"trl": "1.16.0"}
    assert found.changed == {"datasets": ("4.0.0", "4.8.0")}
    seen = (fake_uv / "seen.txt").read_text(encoding="utf-8")
    assert "numpy==2.1.3" in seen and "datasets" not in seen


def test_missing_uv_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uv がなければ、入れ方を示して失敗する。"""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(packages.ColabError, match="pip install uv"):
        packages.compile_line("fugashi", PINS)


def test_import_missing_on_colab_is_reported() -> None:
    """Colab にも行にもないものの import を知らせる。"""
    subject = checks.subjects(ROOT)[0]
    record = resolution(resolved("fugashi"))

    problems = packages.missing_imports(subject, record, {})

    assert problems and "colab_packages" in problems[0]
