"""配るファイルの木: root・overlay・state の 3 層を重ねて読む。

どの層も形は同じで、`models/<org>/<name>/` と `datasets/<org>/<name>/` に
main のファイル、`<name>@<quote した版>/` に別の版、`raw/<host>/<path>` に
Hub 以外のファイルを置く。読むときは state、overlay、root の順に探す。
リポジトリは丸ごと、raw はファイル単位で、上の層が下の層を隠す。
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

from pydantic import BaseModel, ConfigDict, ValidationError

Kind = Literal["models", "datasets"]
KINDS: tuple[Kind, ...] = ("models", "datasets")
META_FILE = ".tinyhub.json"
MAIN = "main"

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,95}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LARGE_SUFFIXES = (".parquet", ".arrow")
_MAX_SEGMENT_BYTES = 255


class PathRefused(ValueError):
    """木の外を指しうるパスを拒んだ。"""


class TreeFault(ValueError):
    """木の中身が約束の形になっていない (利用者の overlay の書き間違いなど)。"""


class RepoMeta(BaseModel):
    """`.tinyhub.json` の中身。"""

    model_config = ConfigDict(extra="forbid")

    gated: bool = False
    private: bool = False
    moved_to: str | None = None
    revisions: dict[str, str] = {}
    pipeline_tag: str | None = None


@dataclass(frozen=True)
class Blob:
    """ファイル 1 つ分の内容の指紋。"""

    size: int
    git_oid: str
    sha256: str


@dataclass(frozen=True)
class Entry:
    """ある版に含まれるファイル 1 つ。source はファイルか、生成した中身そのもの。"""

    path: str
    source: Path | bytes
    blob: Blob
    large: bool

    @property
    def etag(self) -> str:
        """Hub と同じく、大きなファイルは sha256、それ以外は git の oid。"""
        return self.blob.sha256 if self.large else self.blob.git_oid

    @property
    def tree_oid(self) -> str:
        """木の一覧に出す git の oid (大きなファイルは LFS ポインタの oid)。"""
        return git_blob_oid(self.pointer) if self.large else self.blob.git_oid

    @property
    def pointer(self) -> bytes:
        """git LFS のポインタ。"""
        return (
            "version https://git-lfs.github.com/spec/v1\n"
            f"oid sha256:{self.blob.sha256}\nsize {self.blob.size}\n"
        ).encode()


@dataclass(frozen=True)
class Snapshot:
    """リポジトリのある版。revision は求められた名前、branch は実体の名前。"""

    revision: str
    branch: str
    entries: dict[str, Entry]
    pinned: str | None = None

    @cached_property
    def content_id(self) -> str:
        """中身だけで決まるコミット id。"""
        return content_commit_id(self.entries.values())

    @property
    def commit(self) -> str:
        """応答に載せるコミット id。固定された sha で求められたらそれを返す。"""
        return self.pinned or self.content_id

    def folder_exists(self, path: str) -> bool:
        """path がこの版のフォルダか。"""
        prefix = f"{path}/"
        return any(name.startswith(prefix) for name in self.entries)


@dataclass(frozen=True)
class Layer:
    """重ねる木の 1 枚。"""

    folder: Path

    @cached_property
    def real_folder(self) -> str:
        """記号リンクを解いた置き場。"""
        return os.path.realpath(self.folder)

    def inside(self, path: Path | str) -> str | None:
        """path の実体がこの層の中にあればその実パス、外や不在なら None。"""
        try:
            real = os.path.realpath(path, strict=True)
        except (OSError, ValueError):
            return None
        if real == self.real_folder or real.startswith(self.real_folder + os.sep):
            return real
        return None


@dataclass(frozen=True)
class Repo:
    """ある層で見つかったリポジトリ。"""

    kind: Kind
    id: str
    layer: Layer
    folder: Path
    meta: RepoMeta

    @property
    def namespace(self) -> str:
        """組織または利用者の名前。"""
        return self.id.split("/")[0]

    def branch_folder(self, branch: str) -> Path:
        """branch のファイルがあるはずのフォルダ。"""
        if branch == MAIN:
            return self.folder
        return self.folder.with_name(f"{self.folder.name}@{quote(branch, safe='')}")

    def branches(self) -> list[str]:
        """main を先頭とする、版の名前の一覧。"""
        prefix = f"{self.folder.name}@"
        others = [
            unquote(entry.name.removeprefix(prefix))
            for entry in sorted(self.folder.parent.iterdir())
            if entry.name.startswith(prefix) and self.layer.inside(entry)
        ]
        return [MAIN, *others]


def checked_parts(path: str) -> tuple[str, ...]:
    """復号済みの相対パスを調べて部分に分ける。怪しければ PathRefused。"""
    parts = tuple(path.split("/"))
    for part in parts:
        if part in ("", ".", ".."):
            raise PathRefused("パスに空の部分や「.」「..」は使えません。")
        if "\\" in part or any(ord(c) < 32 or ord(c) == 127 for c in part):
            raise PathRefused("パスに使えない文字があります。")
        if len(part.encode("utf-8", "surrogatepass")) > _MAX_SEGMENT_BYTES:
            raise PathRefused("パスの名前が長すぎます。")
    return parts


def valid_repo_id(repo_id: str) -> bool:
    """`org/name` の形で、木の中だけを指す名前か。"""
    parts = repo_id.split("/")
    return len(parts) == 2 and all(_NAME.fullmatch(part) for part in parts)


def is_commit(revision: str) -> bool:
    """40 桁のコミット id の形か。"""
    return _COMMIT.fullmatch(revision) is not None


def is_large(kind: Kind, path: str) -> bool:
    """LFS で扱うファイルか。データセットの表だけを LFS にする。

    datasets の push_to_hub は preupload と commit の間に一時ファイルを消すため、
    表を通常のファイルとして受け取ることはできない。
    """
    return kind == "datasets" and path.endswith(_LARGE_SUFFIXES)


def git_blob_oid(content: bytes) -> str:
    """git がその内容に付ける oid。"""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def content_commit_id(entries: Iterable[Entry]) -> str:
    """同じ内容なら必ず同じになるコミット id。"""
    lines = sorted(f"{entry.path}\0{entry.blob.sha256}\n" for entry in entries)
    return hashlib.sha1("".join(lines).encode()).hexdigest()


@dataclass
class Tree:
    """重ねた木全体。layers は優先する順。"""

    layers: list[Layer]
    _blobs: dict[tuple[int, int, int, int], Blob] = field(default_factory=dict)
    _metas: dict[Path, tuple[int, RepoMeta]] = field(default_factory=dict)

    def find(self, kind: Kind, repo_id: str) -> Repo | None:
        """優先順に探して、最初に見つかった層のリポジトリ。"""
        for layer in self.layers:
            if repo := self.find_in(layer, kind, repo_id):
                return repo
        return None

    def find_in(self, layer: Layer, kind: Kind, repo_id: str) -> Repo | None:
        """1 つの層でリポジトリを探す。"""
        if not valid_repo_id(repo_id):
            return None
        folder = layer.folder / kind / repo_id
        if layer.inside(folder) is None:
            if layer.inside(folder.parent) is None:
                return None
            prefix = f"{folder.name}@"
            if not any(n.startswith(prefix) for n in os.listdir(folder.parent)):
                return None
        return Repo(kind, repo_id, layer, folder, self._meta(layer, folder))

    def moved_to(self, kind: Kind, old_id: str) -> str | None:
        """名前が変わった id (組織名のない古い id も) の新しい名前。"""
        parts = old_id.split("/")
        if len(parts) > 2 or not all(_NAME.fullmatch(part) for part in parts):
            return None
        for layer in self.layers:
            folder = layer.folder / kind / old_id
            if layer.inside(folder / META_FILE) is not None:
                return self._meta(layer, folder).moved_to
        return None

    def repos(self, kind: Kind) -> list[Repo]:
        """見えるリポジトリすべて (id 順)。"""
        found: dict[str, Repo] = {}
        for layer in self.layers:
            for folder in sorted((layer.folder / kind).glob("*/*")):
                repo_id = f"{folder.parent.name}/{folder.name.split('@')[0]}"
                if repo_id in found:
                    continue
                if repo := self.find_in(layer, kind, repo_id):
                    found[repo_id] = repo
        return [found[repo_id] for repo_id in sorted(found)]

    def snapshot(self, repo: Repo, revision: str) -> Snapshot | None:
        """版の名前 (branch・tag・コミット id) から中身を引く。無ければ None。"""
        name = revision.removeprefix("refs/heads/").removeprefix("refs/tags/")
        if name in (MAIN, "HEAD"):
            return Snapshot(revision, MAIN, self._entries_of_branch(repo, MAIN))
        if self._has_branch(repo, name):
            return Snapshot(revision, name, self._entries_of_branch(repo, name))
        target = repo.meta.revisions.get(name)
        if target is not None and target != name:
            found = self.snapshot(repo, target)
            if found is None:
                raise TreeFault(
                    f"{repo.id} の {META_FILE} にある版 {name} の"
                    f"行き先 {target} がありません。"
                )
            pinned = name if is_commit(name) else found.pinned
            return Snapshot(revision, found.branch, found.entries, pinned)
        return self._snapshot_by_commit(repo, name) if is_commit(name) else None

    def raw_file(self, parts: tuple[str, ...]) -> Path | None:
        """`raw/` のファイル。上の層を優先する。"""
        for layer in self.layers:
            real = layer.inside(layer.folder.joinpath("raw", *parts))
            if real is not None and os.path.isfile(real):
                return Path(real)
        return None

    def blob(self, path: Path | str) -> Blob:
        """ファイルの指紋。内容が変わらないかぎり計算し直さない。"""
        stat = os.stat(path)
        key = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
        if key not in self._blobs:
            with open(path, "rb") as file:
                git = hashlib.sha1(b"blob %d\0" % stat.st_size)
                sha256 = hashlib.sha256()
                while chunk := file.read(1 << 20):
                    git.update(chunk)
                    sha256.update(chunk)
            blob = Blob(stat.st_size, git.hexdigest(), sha256.hexdigest())
            self._blobs[key] = blob
        return self._blobs[key]

    def entries(self, kind: Kind, layer: Layer, folder: Path) -> dict[str, Entry]:
        """フォルダ以下のファイル。層の外を指す記号リンクは無いものとして扱う。"""
        return {
            path: Entry(path, Path(real), self.blob(real), is_large(kind, path))
            for path, real in _files_under(layer, folder)
        }

    def history_folder(self, repo: Repo) -> Path:
        """過去のコミットの置き場 (push できる層だけにある)。"""
        return repo.layer.folder / ".commits" / repo.kind / repo.id

    def _entries_of_branch(self, repo: Repo, branch: str) -> dict[str, Entry]:
        entries = self.entries(repo.kind, repo.layer, repo.branch_folder(branch))
        if not entries and branch == MAIN:
            # 変換済みの版だけを持つ、Hub のスクリプト型データセットに当たる。
            content = f"# {repo.id}\n".encode()
            sha256 = hashlib.sha256(content).hexdigest()
            blob = Blob(len(content), git_blob_oid(content), sha256)
            return {"README.md": Entry("README.md", content, blob, large=False)}
        return entries

    def _has_branch(self, repo: Repo, branch: str) -> bool:
        folder = repo.branch_folder(branch)
        if len(folder.name.encode()) > _MAX_SEGMENT_BYTES:
            return False
        real = repo.layer.inside(folder)
        return real is not None and os.path.isdir(real)

    def _snapshot_by_commit(self, repo: Repo, commit: str) -> Snapshot | None:
        for branch in repo.branches():
            found = Snapshot(commit, branch, self._entries_of_branch(repo, branch))
            if found.content_id == commit:
                return found
        past = self.history_folder(repo) / commit
        if past.is_dir():
            entries = self.entries(repo.kind, repo.layer, past)
            return Snapshot(commit, commit, entries, commit)
        return None

    def _meta(self, layer: Layer, folder: Path) -> RepoMeta:
        path = folder / META_FILE
        if layer.inside(path) is None:
            return RepoMeta()
        mtime = path.stat().st_mtime_ns
        cached = self._metas.get(path)
        if cached is None or cached[0] != mtime:
            try:
                meta = RepoMeta.model_validate_json(path.read_bytes())
            except ValidationError as error:
                raise TreeFault(f"{path} を読めません: {error}") from error
            cached = self._metas[path] = (mtime, meta)
        return cached[1]


def _files_under(layer: Layer, folder: Path) -> Iterator[tuple[str, str]]:
    """(相対パス, 実パス) を名前順に。ドットで始まる印のファイルは除く。"""
    top = layer.inside(folder)
    if top is None:
        return
    for current, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(current, name)
            relative = os.path.relpath(path, top).replace(os.sep, "/")
            if relative == META_FILE:
                continue
            real = layer.inside(path) if os.path.islink(path) else path
            if real is not None and os.path.isfile(real):
                yield relative, real
