"""カリキュラムを実行し、結果と報告を書く。"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rich.console import Console

from runner import curriculum, expect, guard, reuse, schedule
from runner.curriculum import Notebook
from runner.errors import RunnerError
from runner.execute import TIMEOUT_SECONDS, Execution, Workers, execute
from runner.html import export_html
from runner.progress import Reporter
from runner.project import Project
from runner.results import Failure, NotebookResult, Results, machine, versions
from runner.world import World, WorldError, open_world

Profile = Literal["tiny", "full"]

# 実モデルの既定値は T4 で 45 分以内という約束なので、それより十分に長くする。
FULL_TIMEOUT_SECONDS = 4 * 60 * 60


@dataclass(frozen=True)
class Options:
    """実行のしかた。"""

    only: str | None = None
    profile: Profile = "tiny"
    overlay: Path | None = None
    tree: Path | None = None
    jobs: int = 2
    fresh: bool = False
    keep_output: Path | None = None
    timeout_seconds: float = TIMEOUT_SECONDS
    html: bool = True


class UnlistedNotebook(RunnerError):
    """curriculum/ にないノートブックがある。"""


def check_listed(project: Project, notebooks: list[Notebook]) -> None:
    """chapterNN/ にあるのに curriculum/ で ready でないノートブックがあれば止める。"""
    listed = {item.path for item in notebooks if item.status == "ready"}
    found = {
        str(path.relative_to(project.root))
        for path in project.root.glob("chapter[0-9][0-9]/*.ipynb")
    }
    unlisted = sorted(found - listed)
    if unlisted:
        raise UnlistedNotebook(
            "次のノートブックが curriculum/ に (status: ready で) 書かれていません: "
            + ", ".join(unlisted)
        )


@contextmanager
def world_for(project: Project, options: Options) -> Iterator[World | None]:
    """tiny ならミニ環境を開く。full では何も開かない。"""
    if options.profile == "full":
        if options.overlay is not None:
            raise WorldError("--overlay は --profile full とは一緒に使えません")
        yield None
        return
    with open_world(
        project, project.state, overlay=options.overlay, tree=options.tree
    ) as world:
        yield world


@dataclass
class Runner:
    """1 回の実行に共通するもの。"""

    project: Project
    options: Options
    world: World | None
    notebooks: list[Notebook]
    workers: Workers = field(default_factory=Workers)

    def __post_init__(self) -> None:
        """鍵に使うハッシュは、1 回の実行で 1 度だけ計算する。"""
        self._lock = threading.Lock()
        self._running: dict[str, set[str]] = {}
        self._execution_hash = reuse.execution_hash()
        self._sources = {
            notebook.id: path.read_text(encoding="utf-8")
            for notebook in self.notebooks
            if (path := self.project.root / notebook.path).exists()
        }

    def one(
        self, notebook: Notebook, done: dict[str, NotebookResult]
    ) -> NotebookResult:
        """1 冊を実行する。変わっていなければ前回の結果を使う。"""
        parameters = dict(notebook.tiny) if self.world else {}
        key = self._key(notebook, done)
        result: NotebookResult | None = None
        if key and not self.options.fresh and self.options.keep_output is None:
            result = reuse.reusable(self.project, notebook, key, self.project.state)
        if result is None:
            if self.world is not None:
                try:
                    parameters = self.world.resolve(parameters)
                except WorldError as error:
                    return _failed(notebook, str(error))
            result = self._execute(notebook, parameters)
            result.key = key
            reuse.save_record(self.project, result)
        self._judge(notebook, result)
        return result

    def _key(self, notebook: Notebook, done: dict[str, NotebookResult]) -> str:
        """内容の鍵。実際の Hub を使う実行は、中身を知りえないので再利用しない。"""
        if self.world is None or notebook.id not in self._sources:
            return ""
        return reuse.content_key(
            self.project,
            notebook,
            notebook.tiny,
            [done[name].key for name in notebook.depends_on if name in done],
            self.world.content_hash,
            self._execution_hash,
        )

    def _execute(self, notebook: Notebook, parameters: dict) -> NotebookResult:
        """実行し、登録したリポジトリを調べる。"""
        project, options = self.project, self.options
        before = reuse.pushed_repositories(project.state)
        alongside = self._enter(notebook.id)
        result = execute(
            notebook,
            Execution(
                project=project,
                output=project.executed / notebook.path,
                log=project.logs / f"{notebook.id}.log",
                parameters=parameters,
                world=self.world,
                timeout_seconds=options.timeout_seconds
                if self.world
                else FULL_TIMEOUT_SECONDS,
                keep_output=options.keep_output,
            ),
            self.workers,
        )
        self._running.pop(notebook.id)
        failure = result.failure if result.cells else None
        if failure and self.world:
            for line in self.world.silent_servers():
                failure.error += f"\n{line}"
        output = project.executed / notebook.path
        if options.html and output.exists():
            export_html(output, output.with_suffix(".html"))
        result.pushed = reuse.pushed_between(
            before,
            reuse.pushed_repositories(project.state),
            self._sources.get(notebook.id, ""),
            [self._sources.get(name, "") for name in alongside],
        )
        return result

    def _enter(self, notebook_id: str) -> set[str]:
        """動き始めたことを記し、並んで動いた id が入っていく集合を返す。"""
        with self._lock:
            alongside = set(self._running)
            for others in self._running.values():
                others.add(notebook_id)
            self._running[notebook_id] = alongside
        return alongside

    def _judge(self, notebook: Notebook, result: NotebookResult) -> None:
        """expect と比べる。基準はミニ環境のものなので、他では参考にとどめる。"""
        result.asserted = self.world is not None and self.world.overlay is None
        if result.status == "ok" and self.world is not None:
            result.expect = expect.check_all(notebook.expect, result.metrics)


def _failed(notebook: Notebook, message: str) -> NotebookResult:
    """実行を始める前に分かった失敗。"""
    return NotebookResult(
        id=notebook.id,
        path=notebook.path,
        title=notebook.title,
        status="failed",
        failure=Failure(error=message),
    )


def clear(project: Project, notebooks: Sequence[Notebook] | None) -> None:
    """前回の結果を消す。notebooks が None ならすべて (登録されたものも) 消す。"""
    if notebooks is None:
        for folder in (project.state, project.records, project.executed, project.logs):
            shutil.rmtree(folder, ignore_errors=True)
    else:
        # 一部だけの実行では、他のノートブックが登録したものを残す。
        for notebook in notebooks:
            (project.records / f"{notebook.id}.json").unlink(missing_ok=True)
    for file in (project.results, project.report):
        file.unlink(missing_ok=True)


def run_curriculum(project: Project, options: Options, console: Console) -> Results:
    """選んだノートブックを実行し、結果を返す (書き出しは呼ぶ側で行う)。"""
    notebooks = curriculum.load(project.curriculum)
    if options.only is None:
        check_listed(project, notebooks)
    selected = schedule.select(notebooks, options.only)
    if options.fresh:
        clear(project, None if options.only is None else selected)
    console.print("ミニ環境を用意しています" if options.profile == "tiny" else "準備中")
    with world_for(project, options) as world:
        return run_in_world(project, options, world, selected, console)


def run_in_world(
    project: Project,
    options: Options,
    world: World | None,
    selected: list[Notebook],
    console: Console,
) -> Results:
    """開いてあるミニ環境 (None なら実際の Hub) で実行する。"""
    runner = Runner(project, options, world, selected)
    reporter = Reporter(console, len(selected))
    console.print(
        f"{len(selected)} 冊を実行します (並列 {options.jobs}、"
        f"外部接続の遮断: {guard.DESCRIPTIONS[guard.current_level()]})"
    )
    start = time.monotonic()
    actions = schedule.Actions(
        execute=runner.one,
        started=reporter.started,
        finished=reporter.finished,
        abort=runner.workers.stop_all,
    )
    with reporter.live():
        found = schedule.run_in_order(selected, actions, options.jobs)
    return Results(
        versions=versions(),
        machine=machine(),
        guard=guard.current_level(),
        profile=options.profile,
        overlay=str(options.overlay) if options.overlay else None,
        seconds=round(time.monotonic() - start, 1),
        notebooks=found,
    )
