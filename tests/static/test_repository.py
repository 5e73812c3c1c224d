"""コミットされるファイルが約束を守り、違反は見つかる。"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from misc.checks import repository
from runner import stages

SLASH = "/"


@pytest.fixture(scope="module")
def files(root: Path) -> list[Path]:
    """コミットされるファイル。"""
    return repository.tracked(root)


def put(root: Path, name: str, text: str = "") -> Path:
    """ファイルを置く。"""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_top_level_names_are_known(root: Path, files: list[Path]) -> None:
    """最上位の名前は、設計にあるものだけである。"""
    assert repository.known_top_level(root, files) == []


def test_unknown_top_level_name_is_reported(tmp_path: Path) -> None:
    """知らない最上位の名前を知らせる。"""
    (problem,) = repository.known_top_level(tmp_path, [put(tmp_path, "notes/a.md")])

    assert "notes" in problem


def test_no_unwanted_file_is_committed(root: Path, files: list[Path]) -> None:
    """置いてはいけないファイルがない。"""
    assert repository.clean_files(root, files) == []


@pytest.mark.parametrize(
    "name", ["misc/utils.py", "tinyhub/models/w.bin", "misc/cache.pkl", "run.log"]
)
def test_unwanted_file_is_reported(tmp_path: Path, name: str) -> None:
    """置いてはいけないファイルを知らせる。"""
    (problem,) = repository.clean_files(tmp_path, [put(tmp_path, name)])

    assert name in problem


def test_large_file_and_symlink_are_reported(tmp_path: Path) -> None:
    """大きなファイルとシンボリックリンクを知らせる。"""
    large = put(tmp_path, "misc/large.json")
    os.truncate(large, 17_000_000)
    link = tmp_path / "link"
    link.symlink_to(large)

    problems = repository.clean_files(tmp_path, [large, link])

    assert len(problems) == 2


def test_no_private_text_is_committed(root: Path, files: list[Path]) -> None:
    """計算機のパス、内部の名前、鍵がない。"""
    assert repository.clean_text(root, files) == []


@pytest.mark.parametrize(
    "text",
    [
        f"cd {SLASH}work{SLASH}main",
        f"path = '{SLASH}home{SLASH}taro{SLASH}x'",
        f"{SLASH}Users{SLASH}taro",
        f"{SLASH}root{SLASH}.cache",
        f"https:{SLASH * 2}pypi.example.internal{SLASH}simple",
        f"http:{SLASH * 2}192.168.1.20{SLASH}simple",
        "token = 'hf_" + "a" * 34 + "'",
        "key = 'sk-" + "b" * 40 + "'",
        "-----BEGIN RSA PRIVATE" + " KEY-----",
    ],
)
def test_private_text_is_reported(tmp_path: Path, text: str) -> None:
    """書いてはいけない文字を、行番号を付けて知らせる。"""
    problems = repository.clean_text(tmp_path, [put(tmp_path, "a.md", f"\n{text}/")])

    assert problems and "a.md:2" in problems[0]


@pytest.mark.parametrize(
    "text",
    [
        f"https:{SLASH * 2}example.com{SLASH}work{SLASH}home{SLASH}x",
        f"http:{SLASH * 2}127.0.0.1:18080",
        "HF_TOKEN=hf_learner_local",
        f"{SLASH}home{SLASH}someone{SLASH}x",
    ],
)
def test_public_text_is_accepted(tmp_path: Path, text: str) -> None:
    """紛らわしいだけの文字は通る。"""
    assert repository.clean_text(tmp_path, [put(tmp_path, "a.md", text)]) == []


def test_requirements_are_locked(root: Path) -> None:
    """直接の依存がすべて固定され、URL や GPU 用のパッケージがない。"""
    direct = (root / "requirements.in").read_text(encoding="utf-8")
    lock = (root / "requirements.txt").read_text(encoding="utf-8")

    assert repository.requirements_lock(direct, lock) == []


@pytest.mark.parametrize(
    ("direct", "lock", "word"),
    [
        ("torch", "torch==2.13.0+cpu", "torch"),
        ("torch==2.13.0", "torch==2.12.0", "2.12.0"),
        ("datasets", "torch==2.13.0", "datasets"),
        ("torch", "torch==2.13.0\ntorch==2.13.0", "2 回"),
        ("torch", "torch==2.13.0\nnvidia-nccl-cu13==2.28.9", "nvidia"),
        ("torch", "torch==2.13.0\ntriton==3.5.0", "triton"),
        ("torch", "--extra-index-url https://example.com\ntorch==2.13.0", "extra"),
        ("torch", "torch @ https://example.com/torch.whl", "torch"),
    ],
)
def test_bad_lock_is_reported(direct: str, lock: str, word: str) -> None:
    """固定の一覧の誤りを知らせる。"""
    problems = repository.requirements_lock(direct, lock)

    assert problems and word in problems[0]


def test_every_test_folder_is_run_by_make(root: Path) -> None:
    """tests/ の下は、すべて make test の段で実行される。"""
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    arguments = [
        argument
        for stage in stages.stages(jobs=2, everything=False)
        for command in stage.commands
        for argument in command
    ]
    folders = {path.parent.name for path in (root / "tests").glob("*/test_*.py")}

    assert "-m runner test" in makefile
    assert folders
    assert repository.every_test_folder_runs(arguments, folders) == []


def test_forgotten_test_folder_is_reported() -> None:
    """どの段にもないフォルダを知らせる。"""
    (problem,) = repository.every_test_folder_runs(
        ["-m", "pytest", "tests/static", "tests/united"], ["static", "unit"]
    )

    assert "tests/unit" in problem


def test_every_test_file_is_collected(root: Path, files: list[Path]) -> None:
    """検査は、pytest が集める名前と場所にある。"""
    assert repository.every_test_file_is_collected(root, files) == []


def test_misplaced_test_is_reported(tmp_path: Path) -> None:
    """集められない検査を知らせる。"""
    path = put(tmp_path, "tests/unit/check_x.py", "def " + "test_x():\n    ...\n")

    assert repository.every_test_file_is_collected(tmp_path, [path])


def test_continuous_integration_runs_make_test(root: Path) -> None:
    """CI は make test を呼ぶ。"""
    run = root / ".ci" / "run"

    assert os.access(run, os.X_OK), ".ci/run を実行可能にしてください"
    assert "make test" in run.read_text(encoding="utf-8")
