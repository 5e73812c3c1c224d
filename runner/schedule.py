"""実行する順番を決め、いくつか並べて動かす。"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from runner.curriculum import Notebook
from runner.errors import RunnerError
from runner.results import Failure, NotebookResult

_UNKNOWN_SECONDS = 30.0


class SelectionError(RunnerError):
    """選んだノートブックがない。"""


def matching(notebooks: Sequence[Notebook], only: str | None) -> list[Notebook]:
    """実行できるノートブックのうち、only で始まるものを返す。

    only は id かパスの先頭 (例: 5-2、chapter05)。カンマで並べられる。
    """
    ready = [notebook for notebook in notebooks if notebook.status == "ready"]
    if only is None:
        return ready
    prefixes = tuple(part.strip() for part in only.split(",") if part.strip())
    chosen = [item for item in ready if _starts_with(item, prefixes)]
    if not chosen:
        planned = any(_starts_with(item, prefixes) for item in notebooks)
        reason = "まだ準備中です" if planned else "curriculum/ にありません"
        raise SelectionError(f"{only} にあたるノートブックは{reason}")
    return chosen


def _starts_with(notebook: Notebook, prefixes: tuple[str, ...]) -> bool:
    """id かパスが、どれかで始まるか。"""
    return notebook.id.startswith(prefixes) or notebook.path.startswith(prefixes)


def select(notebooks: Sequence[Notebook], only: str | None) -> list[Notebook]:
    """only で始まるものと、それらが先に必要とするものを返す。"""
    chosen = {notebook.id for notebook in matching(notebooks, only)}
    ready = [notebook for notebook in notebooks if notebook.status == "ready"]
    return with_dependencies(ready, chosen)


def with_dependencies(
    notebooks: Sequence[Notebook], chosen: Iterable[str]
) -> list[Notebook]:
    """選んだものと、それらが先に必要とするものを、元の順で返す。"""
    by_id = {notebook.id: notebook for notebook in notebooks}
    needed: set[str] = set()
    waiting = list(chosen)
    while waiting:
        name = waiting.pop()
        if name in needed:
            continue
        needed.add(name)
        waiting += by_id[name].depends_on
    return [notebook for notebook in notebooks if notebook.id in needed]


@dataclass(frozen=True)
class Actions:
    """順に実行する間に呼ぶもの。"""

    execute: Callable[[Notebook, dict[str, NotebookResult]], NotebookResult]
    """1 冊を実行する。2 つ目の引数は、すでに終わったものの結果。"""
    started: Callable[[Notebook], None]
    finished: Callable[[NotebookResult], None]
    abort: Callable[[], None]
    """中断されたときに、動いているものを止める。"""


def run_in_order(
    notebooks: Sequence[Notebook], actions: Actions, jobs: int
) -> list[NotebookResult]:
    """依存するものから順に、jobs 冊ずつ実行する。結果は notebooks の順に返す。

    失敗したものに依存するノートブックは実行せず、not_run とする。他は続ける。
    """
    done: dict[str, NotebookResult] = {}
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        try:
            _run_all(notebooks, actions, jobs, pool, done)
        except BaseException:
            # with を抜けるときに実行中のものを待つので、その前に止める。
            actions.abort()
            raise
    return [done[notebook.id] for notebook in notebooks]


def _run_all(
    notebooks: Sequence[Notebook],
    actions: Actions,
    jobs: int,
    pool: ThreadPoolExecutor,
    done: dict[str, NotebookResult],
) -> None:
    """すべての結果が done に入るまで続ける。"""
    selected = {notebook.id for notebook in notebooks}
    pending = sorted(notebooks, key=_longest_first)
    running: dict[Future[NotebookResult], Notebook] = {}
    while pending or running:
        for notebook in list(pending):
            needs = [name for name in notebook.depends_on if name in selected]
            failed = [
                name for name in needs if name in done and done[name].status != "ok"
            ]
            if failed:
                pending.remove(notebook)
                done[notebook.id] = _not_run(notebook, failed)
                actions.finished(done[notebook.id])
            elif len(running) < jobs and all(name in done for name in needs):
                pending.remove(notebook)
                actions.started(notebook)
                running[pool.submit(actions.execute, notebook, done)] = notebook
        if not running:
            # 失敗の連鎖は 1 周で 1 段ずつ伝わるので、残りがある間は続ける。
            continue
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            notebook = running.pop(future)
            done[notebook.id] = future.result()
            actions.finished(done[notebook.id])


def _longest_first(notebook: Notebook) -> float:
    """時間のかかるものから始めると、最後に 1 冊だけ残る時間が短い。"""
    return -float(notebook.cpu_seconds_tiny or _UNKNOWN_SECONDS)


def _not_run(notebook: Notebook, failed: list[str]) -> NotebookResult:
    """先に必要なノートブックが失敗したときの結果。"""
    return NotebookResult(
        id=notebook.id,
        path=notebook.path,
        title=notebook.title,
        status="not_run",
        failure=Failure(
            error=f"先に必要な {', '.join(failed)} が成功しなかったため、"
            "実行していません。"
        ),
    )
