"""構成: 形式、メタデータ、共通のセルの順序と中身。"""

from __future__ import annotations

import re
from collections.abc import Iterator

import nbformat
from nbformat.validator import iter_validate

from misc import notebook_file
from misc.checks.subject import Subject, rule
from misc.generate import tables

BASE_METADATA = {
    "kernelspec": {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
GPU_METADATA = {
    "accelerator": "GPU",
    "colab": {"gpuType": "T4", "provenance": []},
}
KNOWN_TAGS = {
    "parameters",
    "summary",
    "metrics",
    "nbval-check-output",
    "nbval-ignore-output",
    "raises-exception",
}
PARAMETER_TABLE = """\
import pandas as pd

parameters = {
    name: value
    for name, value in list(globals().items())
    if not name.startswith("_")
    and name not in ("In", "Out")
    and (value is None or isinstance(value, (bool, int, float, str, list)))
}
pd.set_option("display.max_colwidth", 100)
pd.DataFrame(
    {"この実行の値": [str(value) for value in parameters.values()]},
    index=pd.Index(parameters, name="パラメータ"),
)"""
INSTALL = """\
import sys

if "google.colab" in sys.modules:
    %pip install -q {packages}"""

_SLUG = re.compile(r"[a-z][a-z0-9-]{1,63}")
_MEANINGLESS = re.compile(r"(cell-?|c|md-?|code-?)?\d+|[0-9a-f]{8}|.*[0-9a-f]{12}.*")
_TAG_OF = {"parameters": "parameters", "summary": "summary", "metrics": "metrics"}


@rule
def valid_nbformat(subject: Subject) -> Iterator[str]:
    """nbformat 4.5 として正しい。"""
    data = subject.file.data
    if (data.get("nbformat"), data.get("nbformat_minor")) != (4, 5):
        yield "nbformat 4.5 で保存してください"
        return
    for error in iter_validate(nbformat.from_dict(data), version=4, version_minor=5):
        yield f"nbformat として正しくありません: {str(error).splitlines()[0]}"


@rule
def written_in_one_form(subject: Subject) -> Iterator[str]:
    """ファイルの書き方 (字下げ、キーの順、末尾の改行) が決まった形である。"""
    if subject.file.text != notebook_file.dumps(subject.file.data):
        yield "書き方が決まった形ではありません。make outputs で保存し直してください"


@rule
def exact_metadata(subject: Subject) -> Iterator[str]:
    """メタデータは決まったものだけで、GPU の指定は curriculum と合う。"""
    expected = dict(BASE_METADATA)
    if subject.entry.colab_gpu:
        expected |= GPU_METADATA
    if subject.file.data.get("metadata") != expected:
        yield (
            "notebook の metadata が決まった形ではありません。"
            f"{sorted(expected)} だけにしてください"
        )


@rule
def cell_metadata_is_tags_only(subject: Subject) -> Iterator[str]:
    """セルのメタデータは、知っているタグだけである。"""
    for cell in subject.file.cells:
        extra = set(cell.data.get("metadata", {})) - {"tags"}
        if extra:
            yield f"セル {cell.id} の metadata から {sorted(extra)} を除いてください"
        unknown = set(cell.tags) - KNOWN_TAGS
        if unknown:
            yield f"セル {cell.id} のタグ {sorted(unknown)} は使いません"


@rule
def meaningful_cell_ids(subject: Subject) -> Iterator[str]:
    """セルの id は重ならず、意味が読める。"""
    seen: set[str] = set()
    for cell in subject.file.cells:
        if cell.id in seen:
            yield f"セルの id {cell.id} が重なっています"
        seen.add(cell.id)
        if not _SLUG.fullmatch(cell.id) or _MEANINGLESS.fullmatch(cell.id):
            yield (
                f"セルの id {cell.id} を、中身の分かる英小文字とハイフンにしてください"
            )


@rule
def cells_in_order(subject: Subject) -> Iterator[str]:
    """共通のセルがすべてあり、種類と順序とタグが決まったとおりである。"""
    kinds = {
        "title": "markdown",
        "box": "markdown",
        "goals": "markdown",
        "install": "code",
        "parameters": "code",
        "parameter-table": "code",
        "drive": "code",
        "environment": "code",
        "summary": "code",
        "metrics": "code",
    }
    saves = subject.entry.trains and subject.entry.models
    if not saves and subject.file.cell("drive") is None:
        del kinds["drive"]
    positions: list[tuple[int, str]] = []
    for cell_id, kind in kinds.items():
        cell = subject.file.cell(cell_id)
        if cell is None:
            yield f"id が {cell_id} の{_kind_name(kind)}セルがありません"
            continue
        positions.append((cell.position, cell_id))
        if cell.data.get("cell_type") != kind:
            yield f"セル {cell_id} は{_kind_name(kind)}セルにしてください"
        tag = _TAG_OF.get(cell_id)
        if tag and tag not in cell.tags:
            yield f"セル {cell_id} にタグ {tag} を付けてください"
    if positions != sorted(positions):
        order = " → ".join(kinds)
        yield f"共通のセルの順序は {order} です"
    for tag in _TAG_OF.values():
        tagged = [cell.id for cell in subject.file.cells if tag in cell.tags]
        if len(tagged) > 1:
            yield f"タグ {tag} は 1 つのセルだけに付けます (今は {tagged})"
    if [cell.id for cell in subject.file.cells[:2]] != ["title", "box"]:
        yield "最初の 2 つのセルは title と box にしてください"
    if subject.file.code_cells and subject.file.code_cells[-1].id != "metrics":
        yield "最後のコードセルは metrics にしてください"


def _kind_name(kind: str) -> str:
    """セルの種類の呼び名。"""
    return "コード" if kind == "code" else "説明の"


@rule
def title_has_purpose_and_badge(subject: Subject) -> Iterator[str]:
    """題のセルは、節番号の付いた見出し、目的の 1 文、自分を指すバッジから成る。"""
    cell = subject.file.cell("title")
    if cell is None:
        return
    lines = [line for line in cell.source.splitlines() if line.strip()]
    if not lines or not lines[0].startswith("# "):
        yield "題のセルは「# 」の見出しで始めてください"
    if lines and subject.entry.section.split("-")[0] not in lines[0]:
        yield f"題の見出しに節番号 {subject.entry.section} を入れてください"
    if cell.source.count("colab-badge.svg") != 1 or (
        tables.badge(subject.entry) not in cell.source
    ):
        yield (
            "バッジが自分の場所を指していません。"
            "python -m misc.generate で入れ直してください"
        )
    if len(lines) < 3:
        yield "題のセルに、このノートブックの目的を 1 文で書いてください"


@rule
def goals_are_listed(subject: Subject) -> Iterator[str]:
    """学習目標が 3-5 個と、前提がある。"""
    cell = subject.file.cell("goals")
    if cell is None:
        return
    if "学習目標" not in cell.source or "前提" not in cell.source:
        yield "goals のセルに「学習目標」と「前提」を書いてください"
        return
    goals = cell.source.split("前提")[0]
    count = len(re.findall(r"^\s*(?:[-*]|\d+\.)\s", goals, re.MULTILINE))
    if not 3 <= count <= 5:
        yield f"学習目標は 3-5 個の箇条書きにしてください (今は {count} 個)"


@rule
def common_cells_are_verbatim(subject: Subject) -> Iterator[str]:
    """パラメータの表とインストールのセルは、どのノートブックでも同じ書き方である。"""
    table = subject.file.cell("parameter-table")
    if table is not None and table.source.strip() != PARAMETER_TABLE:
        yield (
            "parameter-table のセルが共通の書き方と違います"
            "(misc/checks/structure.py の PARAMETER_TABLE)"
        )
    install = subject.file.cell("install")
    packages = subject.entry.colab_packages
    if install is not None:
        expected = INSTALL.format(packages=" ".join(packages))
        if install.source.strip() != expected:
            yield (
                "install のセルが共通の書き方、または curriculum の colab_packages と"
                f"違います。%pip install -q {' '.join(packages)} にしてください"
            )


@rule
def ends_with_summary_and_exercises(subject: Subject) -> Iterator[str]:
    """まとめ・限界・演習があり、演習は 3 問以上でヒントを折りたたむ。"""
    headings = [
        line.lstrip("#").strip()
        for cell in subject.file.markdown_cells
        for line in cell.source.splitlines()
        if line.startswith("#")
    ]
    for word in ("まとめ", "演習"):
        if not any(word in heading for heading in headings):
            yield f"「{word}」の見出しがありません"
    summary = next(
        (
            cell.position
            for cell in subject.file.markdown_cells
            if re.search(r"^#+ .*まとめ", cell.source, re.MULTILINE)
        ),
        None,
    )
    if summary is None:
        return
    after = "\n".join(
        cell.source for cell in subject.file.markdown_cells if cell.position >= summary
    )
    if "限界" not in after:
        yield "まとめに、この結果の限界を書いてください"
    hints = after.count("<details>")
    if hints < 3 or after.count("</details>") != hints:
        yield (
            "演習は 3 問以上とし、それぞれのヒントを <details>…</details> に"
            f"入れてください (今は {hints} 個)"
        )
