"""生成されるファイルが古くなく、古ければ見つかる。"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from misc import generate, notebook_file
from misc.generate import box, tables
from misc.generate.__main__ import app
from runner import curriculum
from runner.curriculum import Notebook


def test_generated_files_are_up_to_date(root: Path) -> None:
    """README の表と、ノートブックの枠・バッジが curriculum と合う。"""
    stale = generate.stale(root)

    assert not stale, "`python -m misc.generate` で作り直してください\n" + "\n".join(
        f"{path.relative_to(root)}\n{difference}" for path, difference in stale.items()
    )


@pytest.fixture
def project(draft: Any, root: Path, tmp_path: Path) -> Path:
    """ノートブックが 1 冊だけのリポジトリ。"""
    (tmp_path / "curriculum").mkdir()
    entry = {
        **draft.entry,
        "models": [{"id": "llm-book/x", "params": "111 M", "tiny": "小型 (1 M)"}],
    }
    text = yaml.safe_dump([entry], allow_unicode=True, sort_keys=False)
    (tmp_path / "curriculum" / "05.yml").write_text(text, encoding="utf-8")
    models = Path("tinyhub/models")
    (tmp_path / models / "bert-ja").mkdir(parents=True)
    for name in (
        "README.md",
        "README.en.md",
        models / "README.md",
        models / "bert-ja/recipe.json",
    ):
        shutil.copy(root / name, tmp_path / name)
    (tmp_path / "chapter05").mkdir()
    (tmp_path / draft.path).write_text(
        notebook_file.dumps(draft.data), encoding="utf-8"
    )
    generate.write(tmp_path)
    return tmp_path


def run_check(project: Path) -> Result:
    """`python -m misc.generate --check` を、同じプロセスの中で呼ぶ。"""
    return CliRunner().invoke(app, ["--check", "--root", str(project)])


def test_writing_twice_changes_nothing(project: Path) -> None:
    """作り直しても、2 度目は何も変わらない。"""
    assert generate.write(project) == []
    assert generate.stale(project) == {}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("README.md", "見本", "みほん"),
        ("README.en.md", "about 6 min", "about 5 min"),
        ("tinyhub/models/README.md", "bert-ja v", "bert-ja w"),
        ("chapter05/5-9-sample.ipynb", "人工データ 10 件", "人工データ 20 件"),
        ("chapter05/5-9-sample.ipynb", "main/chapter05/5-9", "main/chapter5/5-9"),
    ],
)
def test_stale_file_is_reported(project: Path, name: str, old: str, new: str) -> None:
    """手で変えた生成物を、差分を付けて知らせ、0 でない値で終わる。"""
    text = (project / name).read_text(encoding="utf-8")
    assert old in text
    (project / name).write_text(text.replace(old, new), encoding="utf-8")

    found = run_check(project)

    assert found.exit_code == 1
    assert name in found.stdout and new in found.stdout


def test_changed_curriculum_makes_the_box_stale(project: Path) -> None:
    """curriculum を変えると、表と枠が古くなる。"""
    path = project / "curriculum" / "05.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("minutes_t4: 6", "minutes_t4: 7"), encoding="utf-8")

    assert {path.name for path in generate.stale(project)} == {
        "README.md",
        "README.en.md",
        "5-9-sample.ipynb",
    }


def test_readme_without_markers_is_refused(project: Path) -> None:
    """表を入れる目印がなければ、そう知らせて失敗する。"""
    (project / "README.md").write_text("# 題\n", encoding="utf-8")

    found = run_check(project)

    assert found.exit_code == 2
    assert "目印" in found.stdout


def test_broken_curriculum_is_refused(project: Path) -> None:
    """curriculum の誤りは、場所を示して失敗する。"""
    (project / "curriculum" / "05.yml").write_text("- id: x\n", encoding="utf-8")

    found = run_check(project)

    assert found.exit_code == 2
    assert "05.yml: id x" in found.stdout


def make_box(draft: Any, **changes: object) -> str:
    """見本の枠。"""
    notebook = Notebook.model_validate({**draft.entry, **changes})
    return box.box(notebook, draft.file().parameters(), {notebook.id: notebook})


def test_box_shows_both_worlds(draft: Any) -> None:
    """枠に、既定値と保存された出力の、モデル・データ・時間が並ぶ。"""
    text = make_box(draft)

    assert "| モデル | llm-book/sample-model (111 M) |" in text
    assert "**人工データ 10 件**" in text
    assert "Colab T4・約 6 分(見積もり)・4 GB(見積もり) | CPU 2 コア・20 秒" in text
    assert "実モデルの性能ではありません" in text


def test_box_lists_only_parameters_that_differ(draft: Any) -> None:
    """変えたパラメータだけを、既定値と並べて折りたたむ。"""
    text = make_box(draft, tiny={"num_train_epochs": 1, "seed": 42})

    assert "(1 個)" in text
    assert "| `num_train_epochs` | `3` | `1` |" in text
    assert "`seed`" not in text


def test_long_value_is_shortened_in_the_middle(draft: Any) -> None:
    """長い値は、両端を残して縮める。"""
    address = "{hub}/raw/example.com/" + "long/" * 30 + "data.json"

    text = make_box(draft, tiny={"data_url": address})

    assert "{hub}/raw/example.com/" in text and "data.json'`" in text
    assert address not in text


def test_box_names_keys_and_earlier_notebooks(draft: Any) -> None:
    """鍵と、先に動かすノートブックが分かる。"""
    text = make_box(draft, needs_key=["OPENAI_API_KEY"], depends_on=["5-9"])

    assert "OPENAI_API_KEY" in text
    assert "(5-9-sample.ipynb)" in text


def test_measured_values_are_not_called_estimates(draft: Any) -> None:
    """実測した値に「見積もり」と付けない。"""
    text = make_box(draft, estimate_basis="実測: T4、2026-11-01")

    assert "見積もり" not in text


def test_box_asks_for_an_unknown_tiny_size(
    project: Path,
) -> None:
    """目録にないモデルの大きさは、どうすればよいかを示して失敗する。"""
    path = project / "curriculum" / "05.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("    tiny: 小型 (1 M)\n", ""), encoding="utf-8")

    found = run_check(project)

    assert found.exit_code == 2
    assert "tinyhub.catalog" in found.stdout


def test_planned_rows_say_so(root: Path) -> None:
    """まだないノートブックの行は、準備中と書かれ、リンクがない。"""
    notebooks = curriculum.load(root / "curriculum")
    planned = [item for item in notebooks if item.status == "planned"]
    rows = tables.japanese(planned).splitlines()[2:]

    assert all("準備中" in row and "](" not in row for row in rows)


def test_every_row_has_an_english_title(root: Path) -> None:
    """英語の表に、日本語のままの題がない。"""
    table = tables.english(curriculum.load(root / "curriculum"))
    titles = [row.split("|")[3] for row in table.splitlines()[2:]]

    assert [title for title in titles if not title.isascii()] == []
