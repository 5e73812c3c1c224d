"""ミニ環境を開く: 木を用意し、ローカルの Hub と OpenAI のシミュレータを動かす。"""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from runner.errors import RunnerError
from runner.project import Project
from tinyhub import up
from tinyhub.openai import launch

SIMULATOR_MARK = "{openai}"
_PLACEHOLDER = re.compile(r"\{hub\}(/raw/)?|\{sha256:([^{}]+)\}|(\{openai\})")


class WorldError(RunnerError):
    """ミニ環境の指定に誤りがある。"""


@dataclass(frozen=True)
class World:
    """動いているミニ環境。"""

    address: up.HubAddress
    tree: Path
    state: Path
    overlay: Path | None
    content_hash: str
    """木と上書きの中身から決まる。変わればすべて実行し直す。"""
    simulator: launch.SimulatorAddress
    """OpenAI 互換のシミュレータ。"""

    def environment(self, home: Path) -> dict[str, str]:
        """ノートブックに渡す環境変数。"""
        return {
            **up.environment(self.address, home),
            **launch.environment(self.simulator),
        }

    def silent_servers(self) -> list[str]:
        """応答しないサーバーについての、端末に出す説明。"""
        servers = (
            ("ローカルの Hub", self.address.url, "hub.log"),
            ("OpenAI のシミュレータ", self.simulator.url, launch.LOG),
        )
        return [
            f"{name} ({url}) が応答していません。build/state/{log} を見てください。"
            for name, url, log in servers
            if not _answers(url)
        ]

    def resolve(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """値の中の {hub}・{openai}・{sha256:…} を、この環境での値に置き換える。"""
        return {name: self._resolve(value) for name, value in parameters.items()}

    def _resolve(self, value: Any) -> Any:
        """1 つの値を置き換える (リストは中まで)。"""
        if isinstance(value, list):
            return [self._resolve(item) for item in value]
        if isinstance(value, str):
            return _PLACEHOLDER.sub(self._replacement, value)
        return value

    def _replacement(self, match: re.Match[str]) -> str:
        """目印 1 つの値。"""
        if match[2]:
            return self.raw_sha256(match[2])
        if match[3]:
            return self.simulator.base_url
        # ファイルの配布は、Hub とは別のポートで待ち受けている。
        return f"{self.address.raw_url}/raw/" if match[1] else self.address.url

    def raw_sha256(self, path: str) -> str:
        """Hub が /raw/ で返すファイルの SHA-256 (上書きがあればそちら)。"""
        for root in filter(None, (self.overlay, self.tree)):
            file = root / "raw" / path
            if file.is_file():
                return file_sha256(file)
        raise WorldError(f"tiny の {{sha256:{path}}} にあたるファイルがありません")


def _answers(url: str) -> bool:
    """url でサーバーが動いているか。"""
    place = urlsplit(url)
    try:
        address = (place.hostname or "", place.port or 80)
        with socket.create_connection(address, timeout=5):
            return True
    except OSError:
        return False


def file_sha256(path: Path) -> str:
    """ファイルの SHA-256。"""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_hash(root: Path, ignored: frozenset[str] = frozenset()) -> str:
    """フォルダの中身 (相対パスと内容) から決まる SHA-256。"""
    digest = hashlib.sha256()
    for path in sorted(item for item in root.rglob("*") if item.is_file()):
        if path.name in ignored:
            continue
        digest.update(f"{path.relative_to(root)}\0{file_sha256(path)}\n".encode())
    return digest.hexdigest()


def check_overlay(overlay: Path) -> Path:
    """--overlay に渡されたフォルダを調べ、絶対パスで返す。"""
    if not overlay.is_dir():
        raise WorldError(f"--overlay のフォルダがありません: {overlay}")
    for folder, names, files in os.walk(overlay):
        for name in [*names, *files]:
            path = Path(folder) / name
            if path.is_symlink():
                raise WorldError(
                    "--overlay にシンボリックリンクは置けません "
                    f"(実体を写してください): {path}"
                )
    known = {"models", "datasets", "raw"}
    if not known & {item.name for item in overlay.iterdir()}:
        raise WorldError(
            f"--overlay の直下に models・datasets・raw のどれもありません: {overlay}"
        )
    return overlay.resolve()


def build_tree(project: Project) -> Path:
    """人工データと小型モデルの木を作り (あれば使い)、その場所を返す。"""
    # 世界の生成は重いモジュールを読むので、要るときだけ読み込む。
    from tinyhub import catalog

    # 中身の指紋が名前に付くので、生成物を別の場所に置く実行とも共有できる。
    return catalog.tree(project.root / "build" / "tinyhub")


@contextmanager
def open_world(
    project: Project,
    state: Path,
    overlay: Path | None = None,
    tree: Path | None = None,
) -> Iterator[World]:
    """Hub とシミュレータを動かし、with を抜けるときに止める。"""
    if overlay is not None:
        overlay = check_overlay(overlay)
    tree = tree or build_tree(project)
    content = [folder_hash(tree)] + ([folder_hash(overlay)] if overlay else [])
    with (
        up.serve(tree, state, overlay, port=up.PREFERRED_PORT) as address,
        launch.serve(state, port=launch.PREFERRED_PORT) as simulator,
    ):
        yield World(address, tree, state, overlay, "-".join(content), simulator)
