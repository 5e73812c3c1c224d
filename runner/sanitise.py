"""出力を比べる前に、実行のたびに変わる部分をならす。

同じ規則を、自分たちの検査 (tests/notebooks) と nbval の両方で使う。
"""

from __future__ import annotations

import re

# (名前, 正規表現, 置き換え)。上から順に当てる。
RULES: tuple[tuple[str, str, str], ...] = (
    ("ansi", r"\x1b\[[0-9;]*[A-Za-z]", ""),
    ("kernel_file", r"ipykernel_\d+/\d+\.py", "ipykernel/cell.py"),
    ("work_folder", r"(/[^\s'\"<>()]*)?/llm-book-[A-Za-z0-9_]+/desk", "."),
    ("nbval_folder", r"(/[^\s'\"<>()]*)?/build/nbval/[a-z0-9-]+", "."),
    ("hub_address", r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:PORT"),
    ("object_address", r"\b0x[0-9a-fA-F]{6,}\b", "0xADDRESS"),
    ("clock", r"\b\d{1,2}:\d{2}:\d{2}(\.\d+)?\b", "CLOCK"),
    ("date", r"\b20\d{2}[-/]\d{2}[-/]\d{2}\b", "DATE"),
    (
        "duration",
        r"\b\d+(\.\d+)?(e-?\d+)? ?(秒|ミリ秒|ms|µs|us|s|sec)(?![A-Za-z0-9_])",
        "DURATION",
    ),
    ("styler_id", r"\bT_[0-9a-f]{5}", "T_ID"),
)

_COMPILED = [(re.compile(pattern), replacement) for _, pattern, replacement in RULES]


def sanitise(text: str) -> str:
    """比べるための形にする。"""
    for pattern, replacement in _COMPILED:
        text = pattern.sub(replacement, text)
    return text


def nbval_configuration() -> str:
    """同じ規則を、nbval の --nbval-sanitize-with の形で返す。"""
    sections = [
        f"[{name}]\nregex: {pattern}\nreplace: {replacement}\n"
        for name, pattern, replacement in RULES
        if replacement
    ]
    return "\n".join(sections)
