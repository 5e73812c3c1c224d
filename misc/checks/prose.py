"""分量と文章: セルの大きさ、行の幅、説明の割合、用字。"""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections.abc import Iterator

from misc.checks import outputs
from misc.checks.subject import Subject, rule

MAX_WIDTH = 88
_UNBREAKABLE = re.compile(r"https?://\S{20,}|[0-9a-f]{40,}")
_FULL_WIDTH = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]+")
_CODE_SPAN = re.compile(r"```.*?```|`[^`\n]*`|「[^」\n]{1,12}」", re.DOTALL)


def width(text: str) -> int:
    """半角を 1 桁、全角を 2 桁と数えた幅。"""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _sizes(subject: Subject) -> list[int]:
    """コードセルごとの、空でない行の数。"""
    return [
        sum(1 for line in cell.source.splitlines() if line.strip())
        for cell in subject.file.code_cells
    ]


@rule
def cell_sizes(subject: Subject) -> Iterator[str]:
    """コードセルの数と大きさが、読みやすい範囲にある。"""
    sizes = _sizes(subject)
    if not 20 <= len(sizes) <= 40:
        yield f"コードセルは 20-40 個にしてください (今は {len(sizes)} 個)"
    if not sizes:
        return
    median = statistics.median(sizes)
    if not 4 <= median <= 7:
        yield f"コードセルの行数の中央値は 4-7 行にしてください (今は {median:g} 行)"
    # 「上位 1 割を除けば 25 行以下」: 25 行を超えるセルが全体の 1 割以下。
    long = [size for size in sizes if size > 25]
    if len(long) > len(sizes) / 10:
        yield f"25 行を超えるセルは 1 割までです (今は {len(long)} 個)"
    for cell, size in zip(subject.file.code_cells, sizes, strict=True):
        if size > 40:
            yield f"セル {cell.id} は {size} 行あります。40 行以下に分けてください"


@rule
def enough_prose(subject: Subject) -> Iterator[str]:
    """コードに対して、説明のセルと文字が十分にある。"""
    code, markdown = subject.file.code_cells, subject.file.markdown_cells
    if len(markdown) < 0.8 * len(code):
        yield (
            f"説明のセルをコードセルの 0.8 倍以上にしてください "
            f"(今は {len(markdown)} / {len(code)})"
        )
    written = sum(len(cell.source) for cell in markdown if cell.id != "box")
    coded = sum(len(cell.source) for cell in code)
    if coded and written / coded < 0.5:
        yield (
            "説明の文字数をコードの 0.5 倍以上にしてください "
            f"(今は {written / coded:.2f} 倍)"
        )


@rule
def no_wide_lines(subject: Subject) -> Iterator[str]:
    """コードの行が 88 桁に収まる。切れない URL やハッシュのある行は除く。"""
    for cell in subject.file.code_cells:
        for number, line in enumerate(cell.source.splitlines(), start=1):
            if width(line) > MAX_WIDTH and not _UNBREAKABLE.search(line):
                yield (
                    f"セル {cell.id} の {number} 行目が {width(line)} 桁あります。"
                    f"{MAX_WIDTH} 桁 (全角は 2 桁) に収めてください"
                )


@rule
def half_width_letters(subject: Subject) -> Iterator[str]:
    """文章の数字と英字は半角である。例として引いた `…` と「…」の中は除く。"""
    for cell in subject.file.markdown_cells:
        found = _FULL_WIDTH.search(_CODE_SPAN.sub("", cell.source))
        if found:
            yield f"セル {cell.id} の「{found.group()}」を半角にしてください"


@rule
def no_measured_numbers_in_prose(subject: Subject) -> Iterator[str]:
    """まとめより前の文章に、この実行で測った値を書き写していない。"""
    metrics = outputs.stored_metrics(subject.file) or {}
    shown = {
        text: name
        for name, value in metrics.items()
        if isinstance(value, float) and not value.is_integer()
        for text in (f"{value:.3f}", f"{value:.4f}", f"{value:.1%}", f"{value:.2%}")
    }
    for cell in subject.file.markdown_cells:
        if re.search(r"^#+ .*まとめ", cell.source, re.MULTILINE):
            return
        if cell.id == "box":
            continue
        plain = cell.source.replace(" %", "%").replace("\uff05", "%")
        for number in re.findall(r"\d+\.\d+%?", plain):
            if number in shown:
                yield (
                    f"セル {cell.id} に測った値 {number} ({shown[number]}) があります。"
                    "値はコードで表示し、文章には読み方だけを書いてください"
                )
