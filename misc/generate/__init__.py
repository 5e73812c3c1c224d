"""curriculum/ から README の表と、モデルの表と、ノートブックの枠・バッジを作る。"""

from __future__ import annotations

import difflib
from pathlib import Path

from misc.generate import box, models, tables
from runner import curriculum
from runner.curriculum import Notebook


class GenerateError(RuntimeError):
    """生成に必要なものが足りない。"""


def render(root: Path) -> dict[Path, str]:
    """生成されるすべてのファイルの、あるべき中身を返す。"""
    notebooks = curriculum.load(root / "curriculum")
    files = {
        root / "README.md": tables.replace(
            (root / "README.md").read_text(encoding="utf-8"), tables.japanese(notebooks)
        ),
        root / "README.en.md": tables.replace(
            (root / "README.en.md").read_text(encoding="utf-8"),
            tables.english(notebooks),
        ),
    }
    models_readme = root / "tinyhub/models/README.md"
    files[models_readme] = tables.replace(
        models_readme.read_text(encoding="utf-8"),
        models.table(models_readme.parent),
    )
    by_id = {notebook.id: notebook for notebook in notebooks}
    for notebook in notebooks:
        if notebook.status == "ready" and (root / notebook.path).is_file():
            files[root / notebook.path] = _notebook(root, notebook, by_id)
    return files


def _notebook(root: Path, notebook: Notebook, by_id: dict[str, Notebook]) -> str:
    """枠とバッジを入れたノートブックの中身。"""
    try:
        return box.render(root, notebook, by_id)
    except (ImportError, KeyError) as error:
        raise GenerateError(
            f"{notebook.path}: 枠に書くミニ環境の大きさが分かりません"
            f"({error.args[0]})。"
            "tinyhub.catalog に加えるか、curriculum の項目に tiny: を書いてください"
        ) from error


def write(root: Path) -> list[Path]:
    """古くなったファイルだけを書き直し、その一覧を返す。"""
    changed: list[Path] = []
    for path, text in render(root).items():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def stale(root: Path) -> dict[Path, str]:
    """古くなったファイルと、その差分の要約を返す。"""
    differences: dict[Path, str] = {}
    for path, text in render(root).items():
        current = path.read_text(encoding="utf-8")
        if current != text:
            diff = difflib.unified_diff(
                current.splitlines(), text.splitlines(), "今", "生成", lineterm="", n=0
            )
            differences[path] = "\n".join(
                line if len(line) <= 600 else line[:600] + "…"
                for line in list(diff)[:12]
            )
    return differences
