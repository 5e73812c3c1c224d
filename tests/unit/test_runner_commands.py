"""命令の終わり方: 誤りは 1 つの文と 0 以外の終了コードになる。"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runner.project import ROOT
from runner.world import WorldError, check_overlay
from tests.unit import toy_curriculum as toy

GOOD = "chapter05/good.ipynb"


def runner(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m runner` を、小さなカリキュラムに対して呼ぶ。"""
    command, *rest = arguments
    tree = toy.world(root).tree
    return subprocess.run(
        [
            *(sys.executable, "-m", "runner", command),
            *("--root", str(root), "--tree", str(tree)),
            *rest,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """通るノートブックが 1 冊だけあるカリキュラム。"""
    toy.write_notebook(tmp_path, GOOD, [toy.PARAMETERS, toy.METRICS])
    toy.write_curriculum(tmp_path, [toy.entry("good", GOOD)])
    return tmp_path


def test_cell_that_connects_outside_fails_in_python_and_curl(tmp_path: Path) -> None:
    python = "import urllib.request\nurllib.request.urlopen('http://example.com/')"
    curl = (
        "import subprocess\n"
        "subprocess.run(['curl', '-sSf', '-m', '5', 'http://example.com/'], check=True)"
    )
    for name, source in {"python": python, "curl": curl}.items():
        cells = [toy.PARAMETERS, ("outside", source), toy.METRICS]
        toy.write_notebook(tmp_path, f"chapter05/{name}.ipynb", cells)
    entries = [
        toy.entry(name, f"chapter05/{name}.ipynb") for name in ("python", "curl")
    ]
    toy.write_curriculum(tmp_path, entries)
    result = runner(tmp_path, "run")
    assert result.returncode == 1
    assert "外部への接続を止めました: example.com:80" in result.stdout
    assert "chapter05/curl.ipynb · セル In [2] (id: outside)" in result.stdout
    assert "returned non-zero exit status" in result.stdout
    assert "python: 止めた外部接続: example.com:80" in result.stdout
    report = (tmp_path / "build/report.html").read_text(encoding="utf-8")
    assert "外部への接続を止めました" in report


def test_notebook_missing_from_curriculum_fails_naming_it(good: Path) -> None:
    extra = "chapter05/forgotten.ipynb"
    toy.write_notebook(good, extra, [toy.PARAMETERS, toy.METRICS])
    result = runner(good, "run")
    assert result.returncode == 2
    assert f"書かれていません: {extra}" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "zzz"], "zzz にあたるノートブックは"),
        (["--overlay", "/nonexistent"], "--overlay のフォルダがありません"),
        (["--profile", "huge"], "profile は tiny か full です"),
    ],
)
def test_wrong_usage_is_told_in_one_sentence(
    good: Path, arguments: list[str], message: str
) -> None:
    result = runner(good, "run", *arguments)
    assert result.returncode == 2
    assert message in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_symbolic_links_in_the_overlay_are_refused(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/data.json").symlink_to("/etc/hostname")
    with pytest.raises(WorldError, match="シンボリックリンク"):
        check_overlay(tmp_path)


def test_overlay_of_another_shape_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text("{}")
    with pytest.raises(WorldError, match="どれもありません"):
        check_overlay(tmp_path)


def test_hash_marker_looks_at_the_overlay_first(tmp_path: Path) -> None:
    world = toy.world(tmp_path)
    overlay = tmp_path / "overlay"
    for folder, text in ((world.tree, "人工"), (overlay, "実物")):
        (folder / "raw/example.com").mkdir(parents=True)
        (folder / "raw/example.com/a.txt").write_text(text, encoding="utf-8")
    value = {"url": "{hub}/raw/example.com/a.txt", "hash": "{sha256:example.com/a.txt}"}
    plain = world.resolve(value)
    real = toy.world(tmp_path, overlay=overlay).resolve(value)
    assert plain["url"] == f"{toy.CLOSED_RAW}/raw/example.com/a.txt"
    assert len(plain["hash"]) == 64
    assert plain["hash"] != real["hash"]


def test_simulator_marker_is_its_base_url(tmp_path: Path) -> None:
    world = toy.world(tmp_path)
    given = {"openai_base_url": "{openai}", "other": ["{openai}/models"]}
    url = f"{toy.CLOSED_SIMULATOR}/v1"
    assert world.resolve(given) == {
        "openai_base_url": url,
        "other": [f"{url}/models"],
    }
    assert world.environment(tmp_path)["OPENAI_BASE_URL"] == url
    assert [line.split()[0] for line in world.silent_servers()] == [
        "ローカルの",
        "OpenAI",
    ]


def test_hash_marker_without_its_file_fails(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match=r"sha256:nowhere\.example/a"):
        toy.world(tmp_path).resolve({"hash": "{sha256:nowhere.example/a}"})
