"""リポジトリの中の場所を 1 か所にまとめる。"""

from __future__ import annotations

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
