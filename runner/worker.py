"""ノートブック 1 冊を papermill で 1 回だけ実行するプロセス。

`python -m runner.worker JOB.json` として runner.execute から起動される。
1 冊に 1 プロセスなので、RUSAGE_CHILDREN がカーネルとその子プロセスの CPU 時間になる。
親に待たれずに終わるプロセス (multiprocessing の forkserver の子など) は、そこに入らない
ので、動いている間に測る。
"""

from __future__ import annotations

import logging
import os
import re
import resource
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import psutil
from pydantic import BaseModel

from runner import notebook_file
from runner.notebook_file import NotebookNode
from runner.results import CellResult, Failure, Status

KERNEL = "python3"
KERNEL_START_SECONDS = 180
CPU_SAMPLE_SECONDS = 0.5
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Job(BaseModel):
    """ワーカーへの依頼。"""

    notebook: Path
    """空のフォルダに 1 つだけ置いた写し。カーネルもここで動く。"""
    output: Path
    outcome: Path
    parameters: dict[str, Any]
    timeout_seconds: float


class Outcome(BaseModel):
    """ワーカーの答え。"""

    status: Status
    seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    cells: list[CellResult]
    metrics: dict[str, float]
    failure: Failure | None


class _Deadline:
    """ノートブック全体の締め切り。nbclient にはセルごとの残り時間として渡す。

    混んだ機械でのカーネルの起動待ちを数えないように、最初のセルから数え始める。
    """

    def __init__(self, seconds: float) -> None:
        """まだ数え始めない。"""
        self._seconds = seconds
        self._end: float | None = None
        self.current: NotebookNode | None = None

    def remaining(self, cell: NotebookNode) -> int:
        """残り秒数。0 は nbclient では「無期限」なので 1 を下限にする。"""
        if self._end is None:
            self._end = time.monotonic() + self._seconds
        return max(1, int(self._end - time.monotonic()))

    def cell_started(self, cell: NotebookNode, cell_index: int) -> None:
        """いま動いているセルを覚える (カーネルが死んだときに名指しするため)。"""
        self.current = cell


class _TreeCpu(threading.Thread):
    """動いている子孫の CPU 時間を、ときどき見て覚える。"""

    def __init__(self) -> None:
        """まだ始めない。"""
        super().__init__(daemon=True)
        self._seconds: dict[tuple[int, float], float] = {}
        self._end = threading.Event()

    def run(self) -> None:
        """終わりを告げられるまで繰り返す。"""
        while not self._end.wait(CPU_SAMPLE_SECONDS):
            for process in psutil.Process().children(recursive=True):
                try:
                    times = process.cpu_times()
                    key = (process.pid, process.create_time())
                except psutil.Error:
                    # 見る前に終わった。前に見たときの値が残っている。
                    continue
                self._seconds[key] = times.user + times.system

    def total(self) -> float:
        """測り終え、見えたすべてのプロセスの合計を返す (最後の 0.5 秒ほどは欠ける)。"""
        self._end.set()
        self.join()
        return sum(self._seconds.values())


def run(job: Job) -> Outcome:
    """実行し、結果をまとめる。ノートブックの失敗では例外を出さない。"""
    # papermill と nbclient の読み込みは遅いので、このプロセスでだけ行う。
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.engines import papermill_engines
    from papermill.execute import prepare_notebook_metadata, remove_error_markers
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    notebook = load_notebook_node(str(job.notebook))
    if job.parameters:
        notebook = parameterize_notebook(
            notebook, job.parameters, kernel_name=KERNEL, language="python"
        )
    notebook = remove_error_markers(
        prepare_notebook_metadata(notebook, job.notebook.name, str(job.output))
    )
    deadline = _Deadline(job.timeout_seconds)
    status: Status = "ok"
    failure: Failure | None = None
    start = time.monotonic()
    tree_cpu = _TreeCpu()
    tree_cpu.start()
    os.chdir(job.notebook.parent)
    try:
        papermill_engines.execute_notebook_with_engine(
            None,
            notebook,
            kernel_name=KERNEL,
            output_path=str(job.output),
            progress_bar=False,
            log_output=False,
            start_timeout=KERNEL_START_SECONDS,
            timeout_func=deadline.remaining,
            on_cell_start=deadline.cell_started,
            resources={"metadata": {"path": str(job.notebook.parent)}},
        )
    except CellTimeoutError:
        status = "timeout"
        failure = _failure_at(
            notebook,
            deadline.current,
            f"制限時間 {job.timeout_seconds:.0f} 秒を超えたため止めました。",
        )
    except DeadKernelError:
        status = "failed"
        failure = _failure_at(
            notebook,
            deadline.current,
            "カーネルが停止しました (メモリ不足や強制終了など)。",
        )
    seconds = time.monotonic() - start
    if failure is None:
        failure = _first_error(notebook)
        status = "failed" if failure else "ok"
    metrics: dict[str, float] = {}
    if status == "ok":
        try:
            metrics = notebook_file.read_metrics(notebook)
        except notebook_file.NotebookError as error:
            status, failure = "failed", Failure(error=str(error))
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Outcome(
        status=status,
        seconds=seconds,
        cpu_seconds=max(usage.ru_utime + usage.ru_stime, tree_cpu.total()),
        # ru_maxrss の単位は Linux では KiB、macOS ではバイト。
        peak_memory_mb=usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10),
        cells=_cell_results(notebook),
        metrics=metrics,
        failure=failure,
    )


def _failure_at(
    notebook: NotebookNode, cell: NotebookNode | None, message: str
) -> Failure:
    """止まったときに動いていたセルを名指しする。"""
    if cell is None:
        return Failure(error=message)
    numbers = {id(code): n for n, code in notebook_file.numbered_code_cells(notebook)}
    return Failure(
        cell_number=numbers.get(id(cell)),
        cell_id=cell.get("id"),
        source=cell.source,
        error=message,
    )


def _first_error(notebook: NotebookNode) -> Failure | None:
    """例外を許すタグのないセルで起きた、最初の例外。"""
    for number, cell in notebook_file.numbered_code_cells(notebook):
        if "raises-exception" in notebook_file.tags(cell):
            continue
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                traceback = _ANSI.sub("", "\n".join(output.traceback))
                return Failure(
                    cell_number=number,
                    cell_id=cell.get("id"),
                    source=cell.source,
                    error=traceback or f"{output.ename}: {output.evalue}",
                )
    return None


def _cell_results(notebook: NotebookNode) -> list[CellResult]:
    """papermill が残した実行の記録を読む。"""
    results: list[CellResult] = []
    for number, cell in notebook_file.numbered_code_cells(notebook):
        record = cell.metadata.get("papermill", {})
        results.append(
            CellResult(
                number=number,
                id=cell.get("id", ""),
                executed=cell.get("execution_count") is not None,
                seconds=record.get("duration"),
            )
        )
    return results


def _end_with_parent() -> None:
    """標準入力が閉じたら (実行器が異常終了したら) このプロセスも終わる。

    カーネルは親の終了を見張っているので、続いて止まる。
    """
    while os.read(0, 1):
        pass
    os._exit(1)


def main(path: Path) -> None:
    """依頼を読み、実行し、答えを書く。"""
    job = Job.model_validate_json(path.read_text(encoding="utf-8"))
    # papermill の進行の記録は結果に入っているので、警告以上だけをログに残す。
    logging.getLogger("papermill").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module=r"papermill|nbformat|traitlets")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    outcome = run(job)
    job.outcome.write_text(outcome.model_dump_json(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
