"""リポジトリ全体: 文字、ファイルの種類、依存の固定、検査の実行。"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

TOP_LEVEL = {
    ".ci",
    ".github",
    ".gitignore",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.en.md",
    "README.md",
    "bench",
    "curriculum",
    "misc",
    "pyproject.toml",
    "requirements.in",
    "requirements.txt",
    "runner",
    "tests",
    "tinyhub",
    *(f"chapter{number:02}" for number in range(1, 15)),
}
VAGUE_NAMES = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py"}
FORBIDDEN_SUFFIXES = {
    ".pkl": "pickle は置きません",
    ".pickle": "pickle は置きません",
    ".pt": "重みは safetensors にしてください",
    ".pth": "重みは safetensors にしてください",
    ".bin": "重みは safetensors にしてください",
    ".pyc": "作業用の出力です",
    ".log": "作業用の出力です",
}
MAX_FILE_MB = 16
MAX_WEIGHTS_MB = 60

EXEMPT_TEXT = {
    "runner/normalise.py": "出力から計算機のパスを除く正規表現そのもの",
}
"""clean_text が見ないファイルと、その理由。"""

# この検査のファイル自身に当たらないよう、決め手の文字は組み立てて書く。
_SLASH = "/"
_PRIVATE_TEXT = {
    "特定の計算機のパス": re.compile(
        rf"(?<![\w{_SLASH}.:~-]){_SLASH}(?:root|work|Users|home{_SLASH}(?!someone\b|user\b)[a-z]\w*){_SLASH}"
    ),
    "内部の計算機の名前": re.compile(
        r"https?:" + _SLASH * 2 + r"(?:[\w.-]+\.(?:internal|intranet|corp|lan|local)\b"
        r"|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+)"
    ),
    "鍵らしい文字列": re.compile(
        r"\bhf_[A-Za-z0-9]{30,}|\bsk-(?:proj-)?[A-Za-z0-9]{20,}|\bgh[pousr]_[A-Za-z0-9]{30,}"
        r"|\bAKIA[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    ),
}
_TEST = re.compile(r"^(?:async )?def test_", re.MULTILINE)
_PINNED = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>[0-9][\w.]*)")
_GPU_PACKAGES = re.compile(r"(?:nvidia|cuda|cupy)\b|triton")


def tracked(root: Path) -> list[Path]:
    """コミットされる (git が無視しない) ファイル。"""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    ).stdout.decode()
    paths = (root / name for name in listed.split("\0") if name)
    return sorted({path for path in paths if path.is_file() or path.is_symlink()})


def known_top_level(root: Path, files: Iterable[Path]) -> list[str]:
    """最上位に、知らない名前がない。"""
    names = {path.relative_to(root).parts[0] for path in files}
    return [
        f"最上位の {name} は知らない名前です。理由があれば"
        " misc/checks/repository.py の TOP_LEVEL に加えてください"
        for name in sorted(names - TOP_LEVEL)
    ]


def clean_files(root: Path, files: Iterable[Path]) -> list[str]:
    """置いてはいけない種類・大きさ・名前のファイルがない。"""
    problems: list[str] = []
    weights = 0
    for path in files:
        name = path.relative_to(root)
        if path.is_symlink():
            problems.append(f"{name}: シンボリックリンクは置きません")
            continue
        size = path.stat().st_size
        if path.name in VAGUE_NAMES:
            problems.append(f"{name}: 中身の分かる名前にしてください")
        if path.suffix in FORBIDDEN_SUFFIXES:
            problems.append(f"{name}: {FORBIDDEN_SUFFIXES[path.suffix]}")
        if size > MAX_FILE_MB * 1e6:
            problems.append(f"{name}: {size / 1e6:.0f} MB は大きすぎます")
        if path.suffix == ".safetensors":
            weights += size
    if weights > MAX_WEIGHTS_MB * 1e6:
        problems.append(
            f"重みの合計が {weights / 1e6:.0f} MB です。"
            f"{MAX_WEIGHTS_MB} MB 以下にしてください"
        )
    return problems


def clean_text(root: Path, files: Iterable[Path]) -> list[str]:
    """計算機のパス、内部の名前、鍵が書かれていない。"""
    problems: list[str] = []
    for path in files:
        if path.is_symlink() or path.suffix in {".safetensors", ".png", ".model"}:
            continue
        if path.relative_to(root).as_posix() in EXEMPT_TEXT:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            problems.append(
                f"{path.relative_to(root)}: UTF-8 の文字ではありません。"
                "二値のファイルなら misc/checks/repository.py に拡張子を加えてください"
            )
            continue
        for name, pattern in _PRIVATE_TEXT.items():
            found = pattern.search(text)
            if found:
                line = text.count("\n", 0, found.start()) + 1
                problems.append(
                    f"{path.relative_to(root)}:{line}: {name} {found.group()!r} を"
                    "除いてください"
                )
    return problems


def requirements_lock(direct: str, lock: str) -> list[str]:
    """requirements.txt は、直接の依存をすべて含む、固定だけの一覧である。"""
    problems: list[str] = []
    pins: dict[str, str] = {}
    for number, line in enumerate(lock.splitlines(), start=1):
        text = line.split("#")[0].strip()
        if not text:
            continue
        found = _PINNED.fullmatch(text)
        if not found:
            problems.append(
                f"requirements.txt:{number}: 「名前==版」だけを書きます: {text!r}"
            )
            continue
        if found["name"] in pins:
            problems.append(
                f"requirements.txt:{number}: {found['name']} が 2 回あります"
            )
        pins[found["name"]] = found["version"]
        if _GPU_PACKAGES.match(found["name"]):
            problems.append(
                f"requirements.txt:{number}: GPU 用の {found['name']} を除いてください"
            )
    for line in direct.splitlines():
        text = line.split("#")[0].strip()
        if not text:
            continue
        name, _, version = text.partition("==")
        normal = re.sub(r"[-_.]+", "-", name).lower()
        if normal not in pins:
            problems.append(
                f"requirements.in の {name} が requirements.txt にありません"
            )
        elif version and pins[normal] != version:
            problems.append(
                f"{name} の版が違います: requirements.in は {version}、"
                f"requirements.txt は {pins[normal]}"
            )
    return problems


def every_test_folder_runs(
    arguments: Iterable[str], folders: Iterable[str]
) -> list[str]:
    """tests/ の下のフォルダは、すべて make test の段で実行される。"""
    run = set(arguments)
    return [
        f"tests/{name} を runner/stages.py の段に加えてください"
        for name in sorted(folders)
        if f"tests/{name}" not in run
    ]


def every_test_file_is_collected(root: Path, files: Iterable[Path]) -> list[str]:
    """検査のファイルは、pytest が集める名前と場所にある。"""
    problems: list[str] = []
    for path in files:
        name = path.relative_to(root)
        if path.suffix != ".py" or not _TEST.search(path.read_text(encoding="utf-8")):
            continue
        if name.parts[0] != "tests" or not path.name.startswith("test_"):
            problems.append(f"{name}: 検査は tests/<層>/test_….py に置いてください")
    return problems
