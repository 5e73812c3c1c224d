"""実行済みノートブックを、コミットする形に整える。

値は書き換えない。落とすのは、差し込まれたセル、実行の記録、標準エラー出力、進捗の
表示とその残り、ウィジェットの状態で、置き換えるのは個人や計算機に固有の場所だけ。
2 回当てても結果は変わらない。
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from runner import notebook_file
from runner.errors import RunnerError
from runner.images import compact_png
from tinyhub.openai.launch import PREFERRED_PORT as SIMULATOR_PORT
from tinyhub.up import PREFERRED_PORT

MAX_BYTES = 300_000
_WIDGET = "application/vnd.jupyter.widget-view+json"
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PROGRESS_LINE = re.compile(
    r"^.*\d+%\|.*\|.*\[.*\]\s*$|^.*\d+(it|ba|examples?) \[\d\d:\d\d, .*\]\s*$"
)
_PROGRESS_HTML = re.compile(r"<progress\b")
_PLACES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(/[^\s'\"<>()]*)?/llm-book-[A-Za-z0-9_]+/desk/"), ""),
    (re.compile(r"(/[^\s'\"<>()]*)?/llm-book-[A-Za-z0-9_]+/desk"), "."),
    (
        re.compile(r"(/[^\s'\"<>()]*)?/llm-book-[A-Za-z0-9_]+/hf-home"),
        "~/.cache/huggingface",
    ),
    (re.compile(r"(/[^\s'\"<>()]*)?/ipykernel_\d+/\d+\.py"), "ipykernel/cell.py"),
    # 優先するポートが空いていなかったときも、保存する形は同じにする。
    (
        re.compile(r"http://127\.0\.0\.1:\d+(?=/raw/)"),
        f"http://127.0.0.1:{PREFERRED_PORT + 1}",
    ),
    (
        re.compile(r"http://127\.0\.0\.1:\d+(?=/v1\b)"),
        f"http://127.0.0.1:{SIMULATOR_PORT}",
    ),
    (
        re.compile(r"http://127\.0\.0\.1:\d+(?!\d|/raw/|/v1\b)"),
        f"http://127.0.0.1:{PREFERRED_PORT}",
    ),
    (re.compile(r"\b0x[0-9a-f]{8,}\b"), "0x…"),
    (re.compile(r"\bT_[0-9a-f]{5}(?=\b|_)"), "T_00000"),
)
_METADATA_KEYS = ("accelerator", "colab")


class NormaliseError(RunnerError):
    """このままではコミットできない。"""


def normalise(notebook: NotebookNode) -> NotebookNode:
    """コミットする形の写しを返す。"""
    result = copy.deepcopy(notebook)
    result.cells = notebook_file.authored_cells(result)
    result.nbformat, result.nbformat_minor = 4, 5
    kept = {k: result.metadata[k] for k in _METADATA_KEYS if k in result.metadata}
    result.metadata = nbformat.from_dict(
        {
            **kept,
            "kernelspec": {
                "display_name": "Python 3",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        }
    )
    count = 0
    for cell in result.cells:
        tags = notebook_file.tags(cell)
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        cell.outputs = normalise_outputs(cell.outputs, count)
    return result


def normalise_outputs(outputs: list[NotebookNode], count: int) -> list[NotebookNode]:
    """1 つのセルの出力を整える。"""
    kept: list[NotebookNode] = []
    for output in outputs:
        if _is_transient(output):
            continue
        output = copy.deepcopy(output)
        output.pop("transient", None)
        if output.output_type == "stream":
            previous = kept[-1] if kept else None
            if previous is not None and previous.output_type == "stream":
                # 間の標準エラー出力を落とすと、標準出力どうしが隣り合う。
                previous.text += output.text
            else:
                kept.append(output)
            continue
        if output.output_type == "execute_result":
            output.execution_count = count
        if output.output_type == "error":
            output.traceback = [_clean(line) for line in output.traceback]
            output.evalue = _clean(output.evalue)
        else:
            output.metadata = nbformat.from_dict({})
            output.data = nbformat.from_dict(
                {mime: _clean_value(mime, value) for mime, value in output.data.items()}
            )
        kept.append(output)
    for output in kept:
        if output.output_type == "stream":
            output.text = _clean_stream(output.text)
    return [
        output
        for output in kept
        if output.output_type != "stream" or output.text.strip()
    ]


def _is_transient(output: NotebookNode) -> bool:
    """実行の途中だけ意味のある出力か。"""
    if output.output_type == "stream":
        return output.name != "stdout"
    data = output.get("data", {})
    if _WIDGET in data:
        return True
    return bool(_PROGRESS_HTML.search(str(data.get("text/html", ""))))


def _clean_value(mime: str, value: Any) -> Any:
    """文章の出力を整え、図を軽くする。ほかの画像の base64 には触れない。"""
    if mime == "image/png" and isinstance(value, str):
        return compact_png(value)
    if isinstance(value, str) and not mime.startswith("image/"):
        return _clean(value)
    return value


def _clean(text: str) -> str:
    """色の指定を落とし、固有の場所を置き換える。"""
    text = _ANSI.sub("", text)
    for pattern, replacement in _PLACES:
        text = pattern.sub(replacement, text)
    home = str(Path.home())
    return text.replace(home + "/", "~/") if home != "/" else text


def _clean_stream(text: str) -> str:
    """行頭に戻る文字で上書きされた部分と、進捗の行を落とす。"""
    lines: list[str] = []
    for line in text.split("\n"):
        # "\r\n" の改行は残し、途中の "\r" では最後に表示された部分だけを残す。
        shown = line.rstrip("\r").rsplit("\r", 1)[-1]
        if not _PROGRESS_LINE.match(shown):
            lines.append(_clean(shown))
    return "\n".join(lines)


def check_size(path: Path, text: str) -> None:
    """大きすぎるファイルをコミットさせない。"""
    size = len(text.encode("utf-8"))
    if size > MAX_BYTES:
        raise NormaliseError(
            f"{path}: 出力を入れると {size:,} バイトになります "
            f"(上限 {MAX_BYTES:,})。図の大きさか表の行数を減らしてください"
        )
