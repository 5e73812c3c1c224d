"""ミニ環境の実行で得た出力を、コミットするノートブックに書き入れる。"""

from __future__ import annotations

import math
import re
from pathlib import Path

from rich.console import Console

from misc import generate
from misc.generate.tables import MarkerError
from runner import curriculum, notebook_file, schedule
from runner.errors import RunnerError
from runner.normalise import check_size, normalise
from runner.project import Project
from runner.results import Results

_ROUND_TO = 5


class OutputsError(RunnerError):
    """出力を書き入れられない。"""


def write_outputs(
    project: Project, results: Results, only: str | None, console: Console
) -> None:
    """通ったノートブックの出力と CPU 秒を書き入れ、枠と README を作り直す。"""
    failed = [item.id for item in results.notebooks if not item.passed]
    if failed:
        raise OutputsError(
            "通らなかったノートブックがあるので、出力は書き換えません: "
            + ", ".join(failed)
        )
    ready = curriculum.load(project.curriculum)
    chosen = {item.id for item in schedule.matching(ready, only)}
    texts: dict[Path, str] = {}
    for result in results.notebooks:
        if result.id not in chosen:
            continue
        executed = notebook_file.read(project.executed / result.path)
        text = notebook_file.to_text(normalise(executed))
        check_size(Path(result.path), text)
        texts[project.root / result.path] = text
    # すべての大きさを確かめてから書く: 一部だけ新しい状態を作らない。
    for path, text in texts.items():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            console.print(f"書き入れました: {path.relative_to(project.root)}")
    for result in results.notebooks:
        if result.id in chosen:
            set_cpu_seconds(project.curriculum, result.id, result.cpu_seconds)
    try:
        changed = generate.write(project.root)
    except (generate.GenerateError, MarkerError) as error:
        raise OutputsError(f"枠と README を作り直せません: {error}") from error
    for path in changed:
        console.print(f"作り直しました: {path.relative_to(project.root)}")


def rounded_up(seconds: float) -> int:
    """5 秒単位に切り上げる (計測の揺れで差分が出ないように)。"""
    return max(_ROUND_TO, math.ceil(seconds / _ROUND_TO) * _ROUND_TO)


def set_cpu_seconds(folder: Path, notebook_id: str, seconds: float) -> None:
    """curriculum/NN.yml の cpu_seconds_tiny を書き換える。

    注釈と並びを残すため、YAML としてではなく、その項目の行だけを置き換える。
    計測の揺れで行き来しないよう、1 段 (5 秒) の違いは書き換えない。
    """
    entry = re.compile(
        rf"(^- id: [\"']?{re.escape(notebook_id)}[\"']?\n(?:(?!- id:).*\n)*?"
        r"  cpu_seconds_tiny: )(\S+)",
        re.MULTILINE,
    )
    for file in sorted(folder.glob("[0-9][0-9].yml")):
        text = file.read_text(encoding="utf-8")
        match = entry.search(text)
        if match is None:
            continue
        new = rounded_up(seconds)
        old = None if match[2] == "null" else float(match[2])
        if old is None or abs(old - new) > _ROUND_TO:
            start, end = match.span(2)
            file.write_text(f"{text[:start]}{new}{text[end:]}", encoding="utf-8")
        return
    raise OutputsError(
        f"curriculum/ の id {notebook_id} に cpu_seconds_tiny の行がありません"
    )
