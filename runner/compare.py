"""保存された出力と、実行して得た出力を比べる。

どのセルも出力の種類と数が一致しなければならない。タグ nbval-check-output の付いた
セルは、ならした中身まで一致しなければならない。nbval は画像を比べないので、画像は
ここで画素まで比べる。
"""

from __future__ import annotations

import base64
import difflib
import io
import json
from typing import Any

import numpy as np
from nbformat import NotebookNode
from PIL import Image

from runner import notebook_file
from runner.normalise import normalise
from runner.sanitise import sanitise

IMAGE_TOLERANCE = 4.0
"""画素 (0-255) の差の二乗平均平方根の上限。描線のわずかな違いだけを許す。"""


def kinds(cell: NotebookNode) -> list[str]:
    """出力の種類を順に並べたもの。"""
    found: list[str] = []
    for output in cell.outputs:
        if output.output_type == "stream":
            found.append(f"stream:{output.name}")
        elif output.output_type == "error":
            found.append(f"error:{output.ename}")
        else:
            found.append(f"{output.output_type}:{'+'.join(sorted(output.data))}")
    return found


def differences(stored: NotebookNode, executed: NotebookNode) -> list[str]:
    """保存された出力と実行結果の、あってはならない違いを返す。"""
    before, after = normalise(stored), normalise(executed)
    if len(before.cells) != len(after.cells):
        return [f"セルの数が違います: {len(before.cells)} → {len(after.cells)}"]
    found: list[str] = []
    for old, new in zip(before.cells, after.cells, strict=True):
        if old.cell_type != "code":
            continue
        if kinds(old) != kinds(new):
            found.append(
                f"セル {old.id}: 出力の種類か数が違います: "
                f"保存 {kinds(old)} → 実行 {kinds(new)}"
            )
        elif notebook_file.CHECK_OUTPUT in notebook_file.tags(old):
            found += [f"セル {old.id}: {text}" for text in _contents(old, new)]
    return found


def _contents(old: NotebookNode, new: NotebookNode) -> list[str]:
    """種類の一致した 2 つのセルの、中身の違い。"""
    found: list[str] = []
    for before, after in zip(old.outputs, new.outputs, strict=True):
        for (mime, left), (_, right) in zip(_parts(before), _parts(after), strict=True):
            if mime.startswith("image/") and mime != "image/svg+xml":
                distance = image_distance(left, right)
                if distance > IMAGE_TOLERANCE:
                    found.append(f"{mime} が違います (画素の差 {distance:.1f})")
            elif _text(left) != _text(right):
                found.append(f"{mime} が違います\n{_diff(_text(left), _text(right))}")
    return found


def _parts(output: NotebookNode) -> list[tuple[str, Any]]:
    """1 つの出力を (種類, 中身) に分ける。"""
    if output.output_type == "stream":
        return [("標準出力", output.text)]
    if output.output_type == "error":
        return [("例外", f"{output.ename}: {output.evalue}")]
    return sorted(output.data.items())


def _text(value: Any) -> str:
    """比べるための文字列。"""
    if isinstance(value, str):
        return sanitise(value)
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)


def _diff(before: str, after: str) -> str:
    """行ごとの違い。"""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "保存", "実行", lineterm="", n=1
    )
    return "\n".join(list(lines)[:40])


def image_distance(left: str, right: str) -> float:
    """base64 の画像 2 つの画素の差 (二乗平均平方根)。大きさが違えば無限大。"""
    first, second = _pixels(left), _pixels(right)
    if first.shape != second.shape:
        return float("inf")
    return float(np.sqrt(np.mean((first - second) ** 2)))


def _pixels(encoded: str) -> np.ndarray:
    """(高さ, 幅, 4) の実数配列。"""
    image = Image.open(io.BytesIO(base64.b64decode(encoded)))
    return np.asarray(image.convert("RGBA"), dtype=np.float64)
