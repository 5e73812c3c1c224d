"""実行の進み具合と結果を端末に出す。"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from runner.curriculum import Notebook
from runner.expect import Expectation
from runner.results import NotebookResult, Results

_ERROR_LINES = 30
_COLUMNS: tuple[tuple[str, Literal["left", "right"]], ...] = (
    ("判定", "left"),
    ("ノートブック", "left"),
    ("秒", "right"),
    ("CPU 秒", "right"),
    ("式", "left"),
    ("値", "right"),
    ("基準", "left"),
    ("", "left"),
)


class Reporter:
    """始まりと終わりを 1 行ずつ知らせる。端末では進捗の棒も動かす。"""

    def __init__(self, console: Console, total: int) -> None:
        """total 冊を実行する。"""
        self.console = console
        self.total = total
        self._finished = 0
        self._running: list[str] = []
        self._lock = threading.Lock()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("準備中", total=total)

    @contextmanager
    def live(self) -> Iterator[None]:
        """進捗の棒を出している間。"""
        with self._progress:
            yield

    def started(self, notebook: Notebook) -> None:
        """1 冊を始めた。"""
        with self._lock:
            self._running.append(notebook.id)
            self._describe()

    def finished(self, result: NotebookResult) -> None:
        """1 冊が終わった。"""
        with self._lock:
            self._finished += 1
            if result.id in self._running:
                self._running.remove(result.id)
            self._describe()
            self._progress.advance(self._task)
            self.console.print(self._line(result))
        if result.failure is not None and result.status != "not_run":
            print_failure(self.console, result)

    def _describe(self) -> None:
        """棒の見出しを、いま動いているものにする。"""
        text = "、".join(self._running) or "待機中"
        self._progress.update(self._task, description=f"実行中: {text}")

    def _line(self, result: NotebookResult) -> str:
        """終わった 1 冊の要約。"""
        color = "green" if result.passed else "red"
        detail = ""
        if result.reused:
            detail = "前回の結果を使用"
        elif result.status != "not_run":
            detail = f"{result.seconds:.1f} 秒 (CPU {result.cpu_seconds:.1f} 秒)"
        return (
            f"[{self._finished}/{self.total}] [{color}]{result.verdict}[/] "
            f"{escape(result.id)}  {detail}"
        )


def print_failure(console: Console, result: NotebookResult) -> None:
    """失敗したセルを、ノートブック・番号・ソース・エラーとともに出す。"""
    failure = result.failure
    if failure is None:
        return
    where = result.path
    if failure.cell_id is not None:
        number = failure.cell_number
        place = "差し込まれたセル" if number == 0 else f"セル In [{number}]"
        where += f" · {place} (id: {failure.cell_id})"
    console.print(f"[bold red]失敗:[/] {escape(where)}")
    if failure.source:
        console.print("  ソース:", style="bold")
        for line in failure.source.splitlines():
            console.print(f"    {line}", markup=False, highlight=False)
    console.print("  エラー:", style="bold")
    lines = failure.error.splitlines()
    if len(lines) > _ERROR_LINES:
        lines = ["… (全文は build/report.html)", *lines[-_ERROR_LINES:]]
    for line in lines:
        console.print(f"    {line}", markup=False, highlight=False)


def _expectation(expression: str, item: Expectation) -> list[str]:
    """式 1 つ分の欄。"""
    value = "—" if item.value is None else f"{item.value:.4f}"
    mark = "[green]○[/]" if item.ok else "[red]×[/]"
    return [escape(expression), value, escape(item.bound), mark]


def print_summary(console: Console, results: Results) -> None:
    """指標と基準の表を出す。"""
    table = Table()
    for name, justify in _COLUMNS:
        table.add_column(name, justify=justify)
    for notebook in results.notebooks:
        color = "green" if notebook.passed else "red"
        head = [
            f"[{color}]{notebook.verdict}[/]",
            escape(notebook.id),
            f"{notebook.seconds:.1f}",
            f"{notebook.cpu_seconds:.1f}",
        ]
        rows = [_expectation(name, item) for name, item in notebook.expect.items()]
        for place, row in enumerate(rows or [["", "", "", ""]]):
            table.add_row(*(head if place == 0 else [""] * len(head)), *row)
        table.add_section()
    console.print(table)
    if any(not notebook.asserted for notebook in results.notebooks):
        console.print(
            "基準はミニ環境のものなので、この実行では合否に使っていません (参考)。"
        )
    for notebook in results.notebooks:
        for expression, item in notebook.expect.items():
            if item.message:
                console.print(f"{notebook.id}: {expression}: {item.message}")
        for difference in notebook.differences:
            console.print(f"{notebook.id}: コミットされたものとの違い: {difference}")
        if notebook.blocked:
            console.print(
                f"{notebook.id}: 止めた外部接続: {'、'.join(notebook.blocked)}"
            )
