"""実行の結果の形と、build/results.json の読み書き。"""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from runner.expect import Expectation

Status = Literal["ok", "failed", "timeout", "not_run"]

STATUS_TEXT: dict[str, str] = {
    "ok": "成功",
    "failed": "失敗",
    "timeout": "時間切れ",
    "not_run": "未実行",
}

_PACKAGES = (
    "torch",
    "transformers",
    "datasets",
    "huggingface-hub",
    "accelerate",
    "numpy",
    "pandas",
    "matplotlib",
    "scikit-learn",
    "papermill",
    "nbclient",
    "ipykernel",
)


class CellResult(BaseModel):
    """コードセル 1 つの実行。"""

    number: int
    """読者が見る In [n] の n。papermill が差し込んだセルは 0。"""
    id: str
    executed: bool
    seconds: float | None = None


class Failure(BaseModel):
    """失敗した場所と理由。セルに入る前の失敗では cell は None。"""

    cell_number: int | None = None
    cell_id: str | None = None
    source: str = ""
    error: str = ""


class NotebookResult(BaseModel):
    """ノートブック 1 冊の結果。"""

    id: str
    path: str
    title: str = ""
    status: Status
    reused: bool = False
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """カーネルとその子プロセスの CPU 秒。"""
    overhead_seconds: float = 0.0
    """seconds のうち、セルの実行でない時間 (プロセスとカーネルの起動と終了)。"""
    peak_memory_mb: float = 0.0
    cells: list[CellResult] = []
    metrics: dict[str, float] = {}
    expect: dict[str, Expectation] = {}
    asserted: bool = True
    """expect を合否に使ったか (実データや実モデルでは参考にとどめる)。"""
    parameters: dict[str, Any] = {}
    failure: Failure | None = None
    differences: list[str] = []
    """コミットされたノートブックとの、あってはならない違い。"""
    blocked: list[str] = []
    """接続しようとして止められた外部の宛先。"""
    key: str = ""
    pushed: dict[str, str] = {}
    """登録したリポジトリと、その中身のハッシュ。"""

    @property
    def passed(self) -> bool:
        """実行でき、基準を満たし、ソースが変わっていないか。"""
        expected = not self.asserted or all(item.ok for item in self.expect.values())
        return self.status == "ok" and expected and not self.differences

    @property
    def verdict(self) -> str:
        """表に書く判定。"""
        if self.status != "ok":
            return STATUS_TEXT[self.status]
        if self.differences:
            return "ソース不一致"
        return "成功" if self.passed else "基準未達"


class Results(BaseModel):
    """build/results.json の全体。"""

    versions: dict[str, str]
    machine: dict[str, Any]
    guard: str
    profile: str
    overlay: str | None = None
    seconds: float
    notebooks: list[NotebookResult]

    @property
    def passed(self) -> bool:
        """すべてのノートブックが通ったか。"""
        return bool(self.notebooks) and all(item.passed for item in self.notebooks)

    def save(self, path: Path) -> None:
        """JSON に書く。途中で止まっても壊れたファイルを残さない。"""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path) -> Results:
        """JSON から読む。"""
        return cls.model_validate_json(path.read_text(encoding="utf-8"))


def versions() -> dict[str, str]:
    """結果に残す Python と主なパッケージの版。"""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """計算機の種類 (時間の読み方に必要)。"""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
    }


def _cpu_name() -> str:
    """CPU の名前。Linux 以外では platform の答えを使う。"""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "不明"
