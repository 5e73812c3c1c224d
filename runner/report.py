"""build/report.html を作る。"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from runner.guard import DESCRIPTIONS
from runner.project import Project
from runner.results import CellResult, NotebookResult, Results

_TEMPLATES = Path(__file__).resolve().parent
_SHOWN = 8


def write_report(project: Project, results: Results) -> Path:
    """結果を 1 つの HTML にまとめ、その場所を返す。"""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    links = {
        notebook.id: f"executed/{html}"
        for notebook in results.notebooks
        if (project.executed / (html := _html(notebook.path))).exists()
    }
    text = environment.get_template("report.html.j2").render(
        results=results,
        links=links,
        slowest={notebook.id: _slowest(notebook) for notebook in results.notebooks},
        passed=sum(notebook.passed for notebook in results.notebooks),
        reused=sum(notebook.reused for notebook in results.notebooks),
        cpu_seconds=sum(notebook.cpu_seconds for notebook in results.notebooks),
        guard_text=DESCRIPTIONS[results.guard],
        profile_text=_profile_text(results),
    )
    project.report.parent.mkdir(parents=True, exist_ok=True)
    project.report.write_text(text, encoding="utf-8")
    return project.report


def _slowest(notebook: NotebookResult) -> list[CellResult]:
    """時間のかかったセルを、長い順に。"""
    timed = [cell for cell in notebook.cells if cell.seconds is not None]
    return sorted(timed, key=lambda cell: cell.seconds or 0.0, reverse=True)[:_SHOWN]


def _html(path: str) -> str:
    """ノートブックのパスに対応する HTML の相対パス。"""
    return str(Path(path).with_suffix(".html"))


def _profile_text(results: Results) -> str:
    """どの世界で実行したか。"""
    if results.profile == "full":
        return "実際の Hub と既定値"
    if results.overlay:
        return f"ミニ環境に {results.overlay} を重ねた実行"
    return "ミニ環境"
