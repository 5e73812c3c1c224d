"""保存された出力: そろっていて、小さく、余計なものを含まない。"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from misc.checks.subject import Subject, rule
from misc.notebook_file import Cell, NotebookFile, joined

MAX_BYTES = 300_000

_RESIDUE = {
    "進捗表示": re.compile(
        r"\d+%\|[ #█▏▎▍▌▋▊▉]|\d(?:it/s|s/it)|\r(?!\n)|<progress\b|━{5,}"
    ),
    "ファイルの絶対パス": re.compile(
        r"(?<![\w.:/~-])/(?:root|home|tmp|work|Users|private|var|opt|usr|content|mnt)/"
        r"|[A-Z]:\\Users\\"
    ),
    "オブジェクトの番地": re.compile(r"\bat 0x[0-9a-f]{6,}"),
    "端末の色の記号": re.compile(r"\x1b\["),
    "警告": re.compile(r"^.*\b\w*Warning: ", re.MULTILINE),
}
_WIDGET_MIME = ("application/vnd.jupyter.widget", "application/vnd.google.colab")
_IDENTITY = re.compile(r'"(?:userId|user_tz|displayName|photoUrl|outputId)"\s*:')


def stored_metrics(file: NotebookFile) -> dict[str, Any] | None:
    """metrics のセルに保存された指標。なければ None。"""
    cell = file.cell("metrics")
    for output in cell.outputs if cell else []:
        bundle = output.get("data", {}).get("application/json")
        if isinstance(bundle, dict):
            return bundle
    return None


def texts(cell: Cell) -> Iterator[str]:
    """出力に含まれる文字 (画像を除く)。"""
    for output in cell.outputs:
        if "text" in output:
            yield joined(output["text"])
        for mime, content in output.get("data", {}).items():
            if mime.startswith("image/") and mime != "image/svg+xml":
                continue
            yield (
                joined(content)
                if isinstance(content, (str, list))
                else json.dumps(content, ensure_ascii=False)
            )


@rule
def outputs_are_stored(subject: Subject) -> Iterator[str]:
    """すべてのコードセルが順に実行され、表や図が保存されている。"""
    counts = [cell.data.get("execution_count") for cell in subject.file.code_cells]
    if None in counts:
        missing = [
            cell.id
            for cell in subject.file.code_cells
            if cell.data.get("execution_count") is None
        ]
        yield f"make outputs で実行してください。出力のないセル: {missing}"
    elif counts != sorted(set(counts)):
        yield "セルが上から順に実行されていません。make outputs を使ってください"
    for cell_id in ("parameter-table", "environment", "summary"):
        cell = subject.file.cell(cell_id)
        if cell is not None and not cell.outputs:
            yield f"セル {cell_id} の出力が保存されていません"


@rule
def small_file(subject: Subject) -> Iterator[str]:
    """ファイルが 300 KB 以下である。"""
    size = len(subject.file.text.encode("utf-8"))
    if size > MAX_BYTES:
        yield f"{size / 1000:.0f} KB あります。図を減らして 300 KB 以下にしてください"


@rule
def outputs_are_clean(subject: Subject) -> Iterator[str]:
    """エラー・標準エラー・widget・進捗・絶対パスなどが残っていない。"""
    for cell in subject.file.code_cells:
        for output in cell.outputs:
            if output.get("output_type") == "error":
                yield f"セル {cell.id} がエラー {output.get('ename')} で終わっています"
            if output.get("name") == "stderr":
                yield f"セル {cell.id} に標準エラー出力が残っています"
            if any(mime.startswith(_WIDGET_MIME) for mime in output.get("data", {})):
                yield f"セル {cell.id} に widget の出力が残っています"
            if set(output.get("metadata", {})) - {"image/png"}:
                yield f"セル {cell.id} の出力に metadata が残っています"
        for text in texts(cell):
            for name, pattern in _RESIDUE.items():
                found = pattern.search(text)
                if found:
                    yield f"セル {cell.id} の出力に{name}があります: {found.group()!r}"


@rule
def no_author_identity(subject: Subject) -> Iterator[str]:
    """Colab が書く利用者の情報が残っていない。"""
    found = _IDENTITY.search(subject.file.text)
    if found:
        yield f"利用者の情報 {found.group()} が残っています。除いてください"


@rule
def metrics_are_finite_numbers(subject: Subject) -> Iterator[str]:
    """metrics の出力が、平らな有限の数の辞書と、読める表である。"""
    metrics = stored_metrics(subject.file)
    if not metrics:
        yield (
            "metrics のセルに application/json の出力がありません。"
            "display({…}, raw=True) で出してください"
        )
        return
    for name, value in metrics.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            yield f"指標 {name} が有限の数ではありません: {value!r}"
    cell = subject.file.cell("metrics")
    kinds = {mime for output in cell.outputs for mime in output.get("data", {})}
    for mime in ("text/plain", "text/html"):
        if mime not in kinds:
            yield f"metrics の出力に {mime} も入れてください"
