"""目録に載るもの一つ一つの型と、木にファイルを書くための部品。"""

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from datasets import Features

PARQUET_BRANCH = "refs/convert/parquet"
# レシピのフォルダにあっても、Hub の利用者には配らない覚え書き。
_NOT_SERVED = frozenset({"recipe.json"})


@dataclass(frozen=True)
class DatasetSource:
    """データ一つ。build は木の根を受け取り、ファイルを書く。"""

    id: str
    splits: Mapping[str, int]
    build: Callable[[Path], None]
    revision_folders: tuple[str, ...] = ()

    def describe(self) -> str:
        """split ごとの件数。"""
        return " · ".join(f"{name} {rows:,}" for name, rows in self.splits.items())


@dataclass(frozen=True)
class ModelSource:
    """モデル一つ。folder のファイルをそのまま配る。moved_from は以前の id。"""

    id: str
    recipe: str
    folder: Path
    moved_from: tuple[str, ...] = field(default=())

    @property
    def files(self) -> tuple[Path, ...]:
        """配るファイル。下のフォルダ (1_Pooling など) のものも含む。"""
        return tuple(
            path
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.name not in _NOT_SERVED
        )

    def parameters(self) -> int:
        """重みのパラメータ数。重みを読み込まず、見出しの形だけから数える。"""
        weights = self.folder / "model.safetensors"
        if not weights.exists():
            return 0
        with weights.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(size))
        total = 0
        for name, tensor in header.items():
            if name == "__metadata__":
                continue
            count = 1
            for length in tensor["shape"]:
                count *= length
            total += count
        return total

    def describe(self) -> str:
        """「1.0 M パラメータ」。トークナイザだけのものは「トークナイザのみ」。"""
        count = self.parameters()
        return f"{count / 1e6:.1f} M パラメータ" if count else "トークナイザのみ"


def repo_folder(kind: str, repo_id: str, revision: str = "") -> Path:
    """木の根から見た、リポジトリ(の版)のフォルダ。"""
    suffix = f"@{quote(revision, safe='')}" if revision else ""
    return Path(kind) / f"{repo_id}{suffix}"


def write_text(path: Path, text: str) -> None:
    """親のフォルダごと、UTF-8 で書く。"""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_meta(folder: Path, **meta: object) -> None:
    """tinyhub だけが読む、リポジトリの設定 (版の別名・ゲートなど) を書く。"""
    write_text(folder / ".tinyhub.json", json.dumps(meta, ensure_ascii=False, indent=1))


def write_parquet(
    path: Path, rows: Sequence[Mapping[str, object]], features: "Features"
) -> None:
    """列の型とラベルの名前を付けて、Hub の変換済みファイルと同じ形で書く。"""
    from datasets import (
        Dataset,
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    path.parent.mkdir(parents=True, exist_ok=True)
    shown = not are_progress_bars_disabled()
    disable_progress_bars()
    Dataset.from_list(list(rows), features=features).to_parquet(path)
    if shown:
        enable_progress_bars()
