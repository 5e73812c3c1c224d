"""往復: 作る → 読み込む → 注釈する → 書き出す → 元と照合する。"""

from __future__ import annotations

import json
import re
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from misc.label_studio import sentences, server
from misc.label_studio.api import Account
from misc.label_studio.environment import REQUIREMENTS, RoundTripError, pinned_version
from misc.label_studio.sentences import Sentence, Span

SECOND_EMAIL = "annotator2@example.com"
EXPORTS = {
    "JSON": "export.json",
    "JSON_MIN": "export_min.json",
    "CONLL2003": "export.conll",
}
_DATE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)")


@dataclass
class Outcome:
    """往復の記録。時間の単位は秒。"""

    label_studio: str
    sentences: int
    cancelled: int
    annotations: int
    start_seconds: float
    import_seconds: float
    annotate_seconds: float
    export_seconds: float
    same_as_planted: bool


def rows_of(export: list[dict[str, Any]], annotator: int) -> dict[str, list[Span]]:
    """JSON の書き出しから、1 人の注釈を {curid: 範囲の一覧} で読む。

    照合のための最小の読み方。検査のある読み方は 6.4 節のノートブックにある。
    """
    found = {}
    for task in export:
        for annotation in task["annotations"]:
            if annotation["completed_by"] == annotator:
                if not annotation["was_cancelled"]:
                    values = [item["value"] for item in annotation["result"]]
                    found[task["data"]["curid"]] = sorted(
                        (value["start"], value["end"], value["labels"][0])
                        for value in values
                    )
    return found


def differences(
    planted: list[Sentence], export: list[dict[str, Any]], first: int, second: int
) -> list[str]:
    """入れたものと書き出しの食い違い (なければ空)。"""
    problems = []
    texts = {task["data"]["curid"]: task["data"]["text"] for task in export}
    for who, annotator in (("1 人め", first), ("2 人め", second)):
        found = rows_of(export, annotator)
        for sentence in planted:
            wanted = sentence.first if annotator == first else sentence.second
            expected = None if wanted is None else sorted(wanted)
            if found.get(sentence.curid) != expected:
                problems.append(f"{sentence.curid}: {who}の注釈が違います")
    for sentence in planted:
        if texts.get(sentence.curid) != sentence.text:
            problems.append(f"{sentence.curid}: 文が違います")
    return problems


def masked(text: str) -> str:
    """書き出しから、毎回変わる日時を除く (保存しても差分が出ないように)。"""
    return _DATE.sub("2000-01-01T00:00:00Z", text)


def travel(
    folder: Path, count: int, seed: int, port: int | None, start_timeout: float
) -> Outcome:
    """サーバーを動かして往復し、書き出しと記録を folder/out に置く。"""
    planted = sentences.draw(count, seed)
    for stale in (folder / "data", folder / "out"):
        shutil.rmtree(stale, ignore_errors=True)
    out = folder / "out"
    with server.started(folder, port, start_timeout) as running:
        one = Account(running.url, running.token)
        version = one.version()
        wanted = pinned_version(REQUIREMENTS.read_text(encoding="utf-8"))
        if version != wanted:
            raise RoundTripError(f"版が違います: {version} (想定は {wanted})")
        two = one.invite(SECOND_EMAIL)
        clock = [time.monotonic()]
        project = one.create_project("固有表現 (人工の文)", sentences.label_config())
        one.import_tasks(project, [sentences.import_task(s) for s in planted])
        tasks = one.tasks(project)
        clock.append(time.monotonic())
        by_curid = {sentence.curid: sentence for sentence in planted}
        for task in tasks:
            sentence = by_curid[task["data"]["curid"]]
            one.annotate(task["id"], sentences.result(sentence.text, sentence.first))
            spans = sentence.second
            result = sentences.result(sentence.text, spans or ())
            two.annotate(task["id"], result, cancelled=spans is None)
        clock.append(time.monotonic())
        texts = {kind: one.export(project, kind) for kind in EXPORTS}
        clock.append(time.monotonic())
        first, second = one.user_id(), two.user_id()
    out.mkdir()
    for kind, name in EXPORTS.items():
        (out / name).write_text(masked(texts[kind]), encoding="utf-8")
    export = json.loads(texts["JSON"])
    problems = differences(planted, export, first, second)
    outcome = Outcome(
        label_studio=version,
        sentences=len(export),
        cancelled=sum(s.second is None for s in planted),
        annotations=sum(len(task["annotations"]) for task in export),
        start_seconds=running.start_seconds,
        import_seconds=clock[1] - clock[0],
        annotate_seconds=clock[2] - clock[1],
        export_seconds=clock[3] - clock[2],
        same_as_planted=not problems,
    )
    record = asdict(outcome) | {
        "annotators": [first, second],
        "planted": [asdict(sentence) for sentence in planted],
    }
    text = json.dumps(record, ensure_ascii=False)
    (out / "round_trip.json").write_text(text + "\n", encoding="utf-8")
    if problems:
        raise RoundTripError("往復で変わったものがあります:\n" + "\n".join(problems))
    return outcome
