"""ノートブックを 1 冊ずつ動かす検査の、共通の準備。"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runner.project import Project
from runner.world import World, build_tree, open_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """検査のファイルごとに新しい、push の置き場が空のミニ環境。"""
    project = Project()
    folder = tmp_path_factory.mktemp("world")
    with open_world(project, folder / "state", tree=build_tree(project)) as opened:
        yield opened
