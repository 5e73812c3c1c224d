"""配るものの目録と、ファイルの木の組み立て。"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tinyhub import catalog
from tinyhub.repositories import jglue
from tinyhub.sources import DatasetSource
from tinyhub.world import posts


@pytest.fixture(scope="module")
def tree() -> Path:
    """runner が使うのと同じ木。指紋が名前に付くので、古いものは使われない。"""
    return catalog.tree(Path(__file__).resolve().parents[2] / "build" / "tinyhub")


def _convert_folder(tree: Path) -> Path:
    name = "wrime-sentiment@refs%2Fconvert%2Fparquet"
    return tree / "datasets/llm-book" / name / "default"


def test_wrime_is_parquet_with_the_columns_and_label_names_of_the_real_one(
    tree: Path,
) -> None:
    for split, rows in posts.ROWS.items():
        table = pq.read_table(_convert_folder(tree) / split / "0000.parquet")
        assert table.num_rows == rows
        names = ["sentence", "label", "user_id", "datetime"]
        assert table.schema.names == names
        assert [str(table.schema.field(name).type) for name in names] == [
            "string",
            "int64",
            "int64",
            "string",
        ]
        features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
        assert features["label"]["names"] == ["positive", "negative"]
        assert features["label"]["_type"] == "ClassLabel"


def test_pinned_commit_of_wrime_points_at_the_parquet_branch(tree: Path) -> None:
    meta = tree / "datasets/llm-book/wrime-sentiment/.tinyhub.json"
    assert json.loads(meta.read_text())["revisions"] == {
        "e4d2dd3957122a481ca24ef4919bbd7239e8e7b9": "refs/convert/parquet"
    }


def test_jsts_raw_files_have_the_real_keys_and_labels_in_steps(tree: Path) -> None:
    for split, rows in jglue.JSTS_ROWS.items():
        path = tree / "raw" / jglue.JGLUE_FOLDER / jglue.JSTS_ID / f"{split}-v1.3.json"
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) == rows
        for line in lines[:200]:
            row = json.loads(line)
            keys = "sentence_pair_id yjcaptions_id sentence1 sentence2 label"
            assert list(row) == keys.split()
            assert 0 <= row["label"] <= 5
            assert row["label"] * 5 == pytest.approx(round(row["label"] * 5))


def test_every_listed_model_is_served_and_old_ids_point_to_the_new_one(
    tree: Path,
) -> None:
    for model in catalog.MODELS:
        folder = tree / "models" / model.id
        assert {path.relative_to(model.folder) for path in model.files} == {
            path.relative_to(folder)
            for path in folder.rglob("*")
            if path.is_file() and path.name != ".tinyhub.json"
        }
        for old in model.moved_from:
            meta = tree / "models" / old / ".tinyhub.json"
            assert json.loads(meta.read_text())["moved_to"] == model.id


def test_tree_has_no_symbolic_links(tree: Path) -> None:
    assert not [path for path in tree.rglob("*") if path.is_symlink()]


def test_complete_tree_is_reused(tree: Path) -> None:
    readme = tree / "datasets/llm-book/wrime-sentiment/README.md"
    before = readme.stat().st_mtime_ns
    catalog.build_tree(tree)
    assert readme.stat().st_mtime_ns == before
    assert tree.name == f"tree-{catalog.content_hash()}"


def test_tree_of_the_same_content_has_the_same_bytes(
    tree: Path, tmp_path: Path
) -> None:
    """文字列のハッシュの種が違う、別のプロセスで作っても同じになる。"""
    again = tmp_path / "again"
    code = (
        "import sys; from pathlib import Path; from tinyhub import catalog; "
        "catalog.build_tree(Path(sys.argv[1]))"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(again)],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
    )
    files = sorted(p.relative_to(tree) for p in tree.rglob("*") if p.is_file())
    assert files == sorted(
        p.relative_to(again) for p in again.rglob("*") if p.is_file()
    )
    different = [
        f for f in files if (tree / f).read_bytes() != (again / f).read_bytes()
    ]
    assert different == []


def test_stale_tree_is_replaced_but_a_foreign_folder_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "MODELS", [])
    monkeypatch.setattr(catalog, "content_hash", lambda: "new")
    source = DatasetSource("a/b", {}, lambda root: root.mkdir(parents=True))
    monkeypatch.setattr(catalog, "DATASETS", [source])
    stale = tmp_path / "stale"
    stale.mkdir()
    (stale / ".tinyhub-tree").write_text("old")
    (stale / "left-over").write_text("")
    catalog.build_tree(stale)
    assert [path.name for path in stale.iterdir()] == [".tinyhub-tree"]

    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "precious").write_text("")
    with pytest.raises(OSError):
        catalog.build_tree(foreign)
    assert (foreign / "precious").exists()


def test_describe_names_sizes_and_refuses_unknown_ids() -> None:
    assert catalog.describe("llm-book/wrime-sentiment").startswith("train ")
    with pytest.raises(KeyError, match="目録にありません"):
        catalog.describe("nobody/nothing")
