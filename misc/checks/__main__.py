"""`python -m misc.checks [chapterNN/….ipynb …]`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from misc import checks

ROOT = Path(__file__).resolve().parents[2]
app = typer.Typer(add_completion=False)


@app.command()
def main(
    paths: Annotated[
        list[str] | None, typer.Argument(help="調べるノートブック (省けば全部)")
    ] = None,
) -> None:
    """ノートブックの約束を調べ、直すところを示す。"""
    console = Console(soft_wrap=True, markup=False, highlight=False)
    subjects = checks.subjects(ROOT)
    known = {str(subject.file.path) for subject in subjects}
    unknown = sorted(set(paths or []) - known)
    if unknown:
        console.print(
            f"curriculum で ready の、実在するノートブックではありません: {unknown}"
        )
        raise typer.Exit(2)
    chosen = [s for s in subjects if not paths or str(s.file.path) in paths]
    violations = [found for subject in chosen for found in checks.check(subject)]
    for violation in violations:
        console.print(str(violation))
    console.print(
        f"{len(chosen)} 冊・{len(checks.RULES)} 個の約束・違反 {len(violations)}"
    )
    if violations:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
