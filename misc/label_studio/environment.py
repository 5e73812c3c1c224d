"""Label Studio だけの環境を build/ に作る (.venv とは依存が両立しない)。"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_TAIL = 1_500


class RoundTripError(RuntimeError):
    """往復を続けられない。文面は、そのまま利用者に見せる。"""


@dataclass(frozen=True)
class Installed:
    """できた環境。seconds は、入れたときにかかった時間。"""

    requirements: str
    seconds: float


def pinned_version(requirements: str) -> str:
    """requirements.txt の本文から、label-studio の版を読む。"""
    for line in requirements.splitlines():
        name, _, version = line.partition("==")
        if name == "label-studio":
            return version.strip()
    raise RoundTripError(f"{REQUIREMENTS.name} に label-studio==… の行がありません。")


def digest(requirements: str) -> str:
    """入れ直すべきかを決める値。Python の版が変わっても入れ直す。"""
    return hashlib.sha256(f"{requirements}{sys.version}".encode()).hexdigest()


def _run(command: list[str], log: Path, variables: dict[str, str]) -> None:
    """コマンドを動かして log に残し、失敗したら、直し方を添えて知らせる。"""
    with log.open("ab") as file:
        code = subprocess.run(
            command, stdout=file, stderr=subprocess.STDOUT, env=variables, check=False
        ).returncode
    if code != 0:
        tail = log.read_text(encoding="utf-8", errors="replace")[-_TAIL:]
        raise RoundTripError(
            f"Label Studio を入れられませんでした (終了コード {code})。\n"
            "パッケージの置き場 (PyPI か社内の写し) へのネットワーク接続と、"
            f"空きディスク (およそ 1 GB) を確かめてください。\n{tail}"
        )


def _find_links() -> str:
    """pip に手元の置き場の設定があれば、その場所。uv は pip の設定を読まない。"""
    command = [sys.executable, "-m", "pip", "config", "get", "global.find-links"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout.strip()


def install(folder: Path, uv: str | None = shutil.which("uv")) -> Installed:
    """folder/venv に requirements.txt の版を入れる。同じものがあれば何もしない。"""
    folder.mkdir(parents=True, exist_ok=True)
    requirements = REQUIREMENTS.read_text(encoding="utf-8")
    wanted, stamp = digest(requirements), folder / "installed.json"
    if stamp.is_file():
        found = Installed(**json.loads(stamp.read_text(encoding="utf-8")))
        if found.requirements == wanted and python(folder).is_file():
            return found
    start = time.monotonic()
    log, variables = folder / "install.log", dict(os.environ)
    log.unlink(missing_ok=True)
    venv = folder / "venv"
    _run([sys.executable, "-m", "venv", "--clear", str(venv)], log, variables)
    installer = [str(python(folder)), "-m", "pip", "install"]
    if uv is not None:
        installer = [uv, "pip", "install"]
        variables["VIRTUAL_ENV"] = str(venv.resolve())
        if links := _find_links():
            variables.setdefault("UV_FIND_LINKS", links)
    _run([*installer, "-q", "-r", str(REQUIREMENTS)], log, variables)
    installed = Installed(wanted, time.monotonic() - start)
    stamp.write_text(json.dumps(asdict(installed)) + "\n", encoding="utf-8")
    return installed


def python(folder: Path) -> Path:
    """Label Studio の環境の Python。"""
    return folder / "venv" / "bin" / "python"
