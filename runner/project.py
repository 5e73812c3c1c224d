"""リポジトリの中の場所を 1 か所にまとめる。"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Project:
    """ノートブックと curriculum/ がある根。テストは一時フォルダを根にする。"""

    root: Path = ROOT
    build_folder: Path | None = None
    """生成物の置き場所を変えるとき (対照実行や再現性の確認)。"""

    @property
    def curriculum(self) -> Path:
        """curriculum/NN.yml の置き場所。"""
        return self.root / "curriculum"

    def package_folder(self, notebook_path: str) -> Path | None:
        """その章のパッケージを import できるフォルダ。持つのは 14 章だけ。

        読者は install のセルで入れるので、ここではその代わりに場所を教える。
        """
        folder = self.root / Path(notebook_path).parent
        return folder if (folder / "pyproject.toml").is_file() else None

    def python_path(
        self, notebook_paths: Iterable[str], *others: Path
    ) -> dict[str, str]:
        """カーネルに渡す PYTHONPATH。何もなければ空。"""
        found = [self.package_folder(path) for path in notebook_paths]
        folders = dict.fromkeys([*others, *(item for item in found if item)])
        if not folders:
            return {}
        return {"PYTHONPATH": os.pathsep.join(str(item) for item in folders)}

    @property
    def build(self) -> Path:
        """生成物の置き場所 (git は見ない)。"""
        return self.build_folder or self.root / "build"

    def within(self, name: str) -> Project:
        """同じノートブックを、build/ の下の別の場所で実行するための根。"""
        return Project(self.root, self.build / name)

    @property
    def executed(self) -> Path:
        """実行済みノートブックと、その HTML。"""
        return self.build / "executed"

    @property
    def logs(self) -> Path:
        """カーネルと実行プロセスの標準エラー出力。"""
        return self.build / "logs"

    @property
    def records(self) -> Path:
        """前回の結果 (内容の鍵つき)。変わっていなければ再利用する。"""
        return self.build / "records"

    @property
    def state(self) -> Path:
        """ノートブックがローカルの Hub に登録したもの。"""
        return self.build / "state"

    @property
    def results(self) -> Path:
        """機械が読む結果。"""
        return self.build / "results.json"

    @property
    def report(self) -> Path:
        """人が読む結果。"""
        return self.build / "report.html"
