"""ノートブック 1 冊を、空のフォルダに 1 つだけ置いて実行する。"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from runner import guard, notebook_file
from runner.curriculum import Notebook
from runner.project import ROOT, Project
from runner.results import Failure, NotebookResult
from runner.worker import KERNEL_START_SECONDS, Job, Outcome
from runner.world import World

TIMEOUT_SECONDS = 15 * 60
_GRACE_SECONDS = KERNEL_START_SECONDS + 60
"""ワーカーが自分で締め切りを守るのを待つ秒数。過ぎたら外から止める。"""

# どの計算機でも同じ値になるように、スレッド数と乱数の種を固定する。
FIXED_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONHASHSEED": "0",
    # 利用者が登録した同名のカーネルではなく、.venv のカーネルを使う。
    "JUPYTER_PREFER_ENV_PATH": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    # datasets が読み込みの回数を外部へ知らせるのを止める。
    "HF_UPDATE_DOWNLOAD_COUNTS": "0",
}


@dataclass(frozen=True)
class Workplace:
    """1 冊の実行に使うフォルダ。"""

    base: Path

    @property
    def work(self) -> Path:
        """カーネルの作業フォルダ。始めはノートブックが 1 つあるだけ。"""
        return self.base / "desk"

    @property
    def home(self) -> Path:
        """このノートブック専用の HF_HOME。"""
        return self.base / "hf-home"


@dataclass
class Workers:
    """動いているワーカー。中断されたときに残さず止める。"""

    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def stop_all(self) -> None:
        """すべてのワーカーを、カーネルごと止める。"""
        for process in list(self.running):
            kill_tree(process.pid)


@dataclass(frozen=True)
class Execution:
    """1 冊の実行のしかた。"""

    project: Project
    output: Path
    log: Path
    parameters: dict[str, Any]
    world: World | None
    """None なら実際の Hub を使う (PROFILE=full)。"""
    timeout_seconds: float = TIMEOUT_SECONDS
    keep_output: Path | None = None


def kill_tree(pid: int) -> None:
    """プロセスと、その子孫をすべて止める。"""
    try:
        root = psutil.Process(pid)
        family = [*root.children(recursive=True), root]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family[:-1], timeout=10)


@contextmanager
def _workplace(notebook: Notebook, keep_output: Path | None) -> Iterator[Workplace]:
    """作業フォルダを作る。keep_output があれば残し、前の中身も引き継ぐ。"""
    if keep_output is not None:
        place = Workplace(keep_output.resolve() / notebook.id)
        place.work.mkdir(parents=True, exist_ok=True)
        yield place
        return
    # リポジトリの外に置く: 相対パスで他のファイルを読むノートブックは、ここで失敗する。
    with tempfile.TemporaryDirectory(
        prefix="llm-book-", ignore_cleanup_errors=True
    ) as base:
        place = Workplace(Path(base).resolve())
        place.work.mkdir()
        yield place


def kernel_environment(
    base: Mapping[str, str],
    place: Workplace,
    blocked_log: Path,
    project: Project,
    notebook: Notebook,
) -> dict[str, str]:
    """ワーカーとカーネルの環境変数。"""
    variables = {**base, **FIXED_ENVIRONMENT}
    variables["IPYTHONDIR"] = str(place.base / "ipython")
    # リポジトリのモジュールを import できないように、守りのフックと章のパッケージ
    # だけを残す。
    variables.pop("PYTHONPATH", None)
    others: list[Path] = []
    if guard.current_level() != "none":
        others.append(guard.SITE)
        variables[guard.LOG_VARIABLE] = str(blocked_log)
    return variables | project.python_path([notebook.path], *others)


def execute(
    notebook: Notebook,
    execution: Execution,
    workers: Workers | None = None,
) -> NotebookResult:
    """実行して結果を返す。ノートブックの失敗では例外を出さない。"""
    result = NotebookResult(
        id=notebook.id,
        path=notebook.path,
        title=notebook.title,
        status="failed",
        parameters=execution.parameters,
    )
    source = execution.project.root / notebook.path
    if not source.exists():
        result.failure = Failure(
            error=f"curriculum/ にある {notebook.path} のファイルがありません"
        )
        return result
    committed = notebook_file.read(source)
    try:
        notebook_file.check_parameters(committed, execution.parameters)
    except notebook_file.NotebookError as error:
        result.failure = Failure(error=str(error))
        return result
    with _workplace(notebook, execution.keep_output) as place:
        outcome = _run_worker(notebook, execution, place, workers or Workers(), result)
    if outcome is not None:
        result.status = outcome.status
        result.cpu_seconds = round(outcome.cpu_seconds, 2)
        result.peak_memory_mb = round(outcome.peak_memory_mb, 1)
        result.cells = outcome.cells
        result.metrics = outcome.metrics
        result.failure = outcome.failure
    spent = sum(cell.seconds or 0.0 for cell in result.cells)
    result.overhead_seconds = round(max(0.0, result.seconds - spent), 2)
    if execution.output.exists():
        executed = notebook_file.read(execution.output)
        result.differences = notebook_file.source_differences(committed, executed)
    return result


def _run_worker(
    notebook: Notebook,
    execution: Execution,
    place: Workplace,
    workers: Workers,
    result: NotebookResult,
) -> Outcome | None:
    """ワーカーを起動して待つ。答えが残らなかったときは result に理由を書く。"""
    source = execution.project.root / notebook.path
    copy = place.work / source.name
    shutil.copyfile(source, copy)
    for path in (execution.output, execution.log):
        path.parent.mkdir(parents=True, exist_ok=True)
    execution.output.unlink(missing_ok=True)
    blocked_log = place.base / "blocked.txt"
    job = Job(
        notebook=copy,
        output=execution.output.resolve(),
        outcome=place.base / "outcome.json",
        parameters=execution.parameters,
        timeout_seconds=execution.timeout_seconds,
    )
    job.outcome.unlink(missing_ok=True)
    blocked_log.unlink(missing_ok=True)
    job_file = place.base / "job.json"
    job_file.write_text(job.model_dump_json(), encoding="utf-8")
    environment = kernel_environment(
        os.environ, place, blocked_log, execution.project, notebook
    )
    if execution.world is not None:
        environment |= execution.world.environment(place.home)
    start = time.monotonic()
    with execution.log.open("wb") as log:
        # 標準入力は命綱: 実行器が異常終了すると閉じ、ワーカーも終わる。
        process = subprocess.Popen(
            [sys.executable, "-m", "runner.worker", str(job_file)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        workers.running.append(process)
        try:
            process.wait(timeout=execution.timeout_seconds + _GRACE_SECONDS)
            timed_out = False
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            kill_tree(process.pid)
            process.wait()
            workers.running.remove(process)
    result.seconds = round(time.monotonic() - start, 2)
    if blocked_log.exists():
        lines = blocked_log.read_text(encoding="utf-8").splitlines()
        result.blocked = sorted(set(lines))
    if job.outcome.exists():
        return Outcome.model_validate_json(job.outcome.read_text(encoding="utf-8"))
    if timed_out:
        result.status = "timeout"
        result.failure = Failure(
            error=f"制限時間 {execution.timeout_seconds:.0f} 秒を超えたため止めました。"
        )
        return None
    tail = execution.log.read_text(encoding="utf-8", errors="replace")[-4000:]
    result.failure = Failure(
        error=f"実行プロセスが結果を残さずに終わりました "
        f"(終了コード {process.returncode})。\n{tail}"
    )
    return None
