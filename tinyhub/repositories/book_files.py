"""この教材のリポジトリに置く、答え合わせのためのファイル。

指示に従ったかを見る問題と、断りすぎ・断り漏れを見る質問は、本物のデータに当たるものが
ない。教材と同じ場所の生ファイルとして配り、どの環境でも同じ問題を使う。
"""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from tinyhub.sources import DatasetSource, write_text
from tinyhub.world import instructions, safety

BOOK_ID = "ghmagazine/llm-book"
BOOK_FOLDER = f"raw.githubusercontent.com/{BOOK_ID}/main"
CHECK_FILE = "chapter11/instruction-check-{split}.jsonl"
PROBE_FILE = "chapter12/refusal-probe.jsonl"
BOOK_ROWS = {
    **{f"instruction-check-{s}": n for s, n in instructions.CHECK_ROWS.items()},
    "refusal-probe": sum(safety.PROBE_ROWS.values()),
}


def _lines(rows: Iterable[instructions.CheckRow | safety.Probe]) -> str:
    return "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)


def contents() -> dict[str, str]:
    """リポジトリの中の場所と、ファイルの中身。"""
    checks = {
        CHECK_FILE.format(split=split): _lines(
            instructions.generate_checks(split, rows)
        )
        for split, rows in instructions.CHECK_ROWS.items()
    }
    return {**checks, PROBE_FILE: _lines(safety.probes())}


def _build_book_files(root: Path) -> None:
    for where, text in contents().items():
        write_text(root / "raw" / BOOK_FOLDER / where, text)


SOURCES = (DatasetSource(BOOK_ID, BOOK_ROWS, _build_book_files),)
