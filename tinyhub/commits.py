"""push されたものを state に書く: 作成・コミット・枝・札・LFS。

コミットは新しいフォルダを組み立ててから main と入れ替える。変わらない
ファイルはハードリンクで共有し、前の main は `.commits/` に残すので、
古いコミット id でも読み続けられる。
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from tinyhub.tree import (
    MAIN,
    META_FILE,
    Entry,
    Kind,
    Layer,
    PathRefused,
    Repo,
    RepoMeta,
    Tree,
    checked_parts,
    content_commit_id,
    is_commit,
)
from tinyhub.wire import HubError

# Hub が新しいリポジトリに必ず置くファイル。
_GIT_ATTRIBUTES = "".join(
    f"*.{suffix} filter=lfs diff=lfs merge=lfs -text\n"
    for suffix in ("arrow", "bin", "parquet", "safetensors")
)


class Header(BaseModel):
    """コミットの見出し。"""

    summary: str = ""
    description: str = ""
    parent_commit: str | None = Field(None, alias="parentCommit")


class AddedFile(BaseModel):
    """本文ごと送られてきたファイル。"""

    path: str
    content: str
    encoding: Literal["base64", "utf-8"] = "base64"


class AddedLfsFile(BaseModel):
    """先に PUT された LFS のファイル。"""

    path: str
    oid: str = Field(pattern=r"^[0-9a-f]{64}$")


class Deleted(BaseModel):
    """消すファイルかフォルダ。"""

    path: str


class HeaderLine(BaseModel):
    """NDJSON の 1 行: 見出し。"""

    key: Literal["header"]
    value: Header


class FileLine(BaseModel):
    """NDJSON の 1 行: 通常のファイル。"""

    key: Literal["file"]
    value: AddedFile


class LfsLine(BaseModel):
    """NDJSON の 1 行: LFS のファイル。"""

    key: Literal["lfsFile"]
    value: AddedLfsFile


class DeletedLine(BaseModel):
    """NDJSON の 1 行: 削除。"""

    key: Literal["deletedFile", "deletedFolder"]
    value: Deleted


Line = Annotated[
    HeaderLine | FileLine | LfsLine | DeletedLine, Field(discriminator="key")
]
_LINE = TypeAdapter[Line](Line)


class LogEntry(BaseModel):
    """コミットの記録 1 件。"""

    oid: str
    branch: str
    title: str
    message: str
    date: str


_LOG = TypeAdapter(list[LogEntry])


@dataclass
class Store:
    """push を受け取る層。"""

    tree: Tree
    layer: Layer

    def create(self, kind: Kind, repo_id: str, *, private: bool) -> Repo:
        """空のリポジトリを作る。"""
        folder = self.layer.folder / kind / repo_id
        with self._workspace() as work:
            (work / ".gitattributes").write_text(_GIT_ATTRIBUTES, encoding="utf-8")
            _write_meta(work, RepoMeta(private=private))
            folder.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(self.layer.folder / ".commits" / kind / repo_id, True)
            os.rename(work, folder)
        repo = self._own(kind, repo_id)
        self._record(repo, self._content_id(repo, MAIN), MAIN, "initial commit", "")
        return repo

    def delete(self, repo: Repo) -> None:
        """push されたリポジトリを、過去のコミットごと消す。"""
        self._require_own(repo)
        for branch in repo.branches():
            shutil.rmtree(repo.branch_folder(branch), ignore_errors=True)
        shutil.rmtree(self.tree.history_folder(repo), ignore_errors=True)

    def update_meta(self, repo: Repo, **changes: Any) -> None:
        """公開範囲などの設定を変える。"""
        repo = self._adopt(repo)
        _write_meta(repo.folder, repo.meta.model_copy(update=changes))

    def commit(self, repo: Repo, branch: str, body: bytes) -> tuple[str, Header]:
        """NDJSON のコミットを当て、新しいコミット id を返す。"""
        header, lines = _parsed(body)
        repo = self._adopt(repo)
        if branch not in repo.branches():
            raise HubError(
                404,
                f"{repo.id} に「{branch}」という枝はありません。",
                "RevisionNotFound",
            )
        current = self.tree.entries(repo.kind, self.layer, repo.branch_folder(branch))
        before = content_commit_id(current.values())
        if header.parent_commit is not None and header.parent_commit != before:
            raise HubError(
                412,
                "送信の準備をしている間に、ほかの変更が登録されました。"
                "もう一度 push してください。"
                " (A commit has happened since. Please refresh and try again.)",
            )
        files = self._applied(current, lines)
        _refuse_folder_clashes(files)
        with self._workspace() as work:
            for path, source in files.items():
                _place(source, work.joinpath(*checked_parts(path)))
            if branch == MAIN:
                _write_meta(work, repo.meta)
            self._swap(repo, branch, work, before)
        after = self._content_id(repo, branch)
        if after != before:
            self._record(repo, after, branch, header.summary, header.description)
        return after, header

    def create_branch(self, repo: Repo, branch: str, start: str) -> None:
        """start の内容から枝を作る。"""
        repo = self._adopt(repo)
        if branch in repo.branches():
            raise HubError(409, f"枝「{branch}」はすでにあります。")
        _refuse_bad_ref(branch)
        snapshot = self.tree.snapshot(repo, start)
        if snapshot is None:
            raise HubError(404, f"版「{start}」がありません。", "RevisionNotFound")
        with self._workspace() as work:
            for path, entry in snapshot.entries.items():
                _place(entry.source, work.joinpath(*checked_parts(path)))
            os.rename(work, repo.branch_folder(branch))

    def delete_branch(self, repo: Repo, branch: str) -> None:
        """枝を消す。main は消せない。"""
        self._require_own(repo)
        if branch == MAIN:
            raise HubError(403, "main は消せません。")
        if branch not in repo.branches():
            raise HubError(404, f"枝「{branch}」がありません。", "RevisionNotFound")
        shutil.rmtree(repo.branch_folder(branch))

    def create_tag(self, repo: Repo, tag: str, revision: str) -> None:
        """revision のコミットに札を付ける。"""
        repo = self._adopt(repo)
        if tag in repo.meta.revisions:
            raise HubError(409, f"札「{tag}」はすでにあります。")
        _refuse_bad_ref(tag)
        snapshot = self.tree.snapshot(repo, revision)
        if snapshot is None:
            raise HubError(404, f"版「{revision}」がありません。", "RevisionNotFound")
        self.update_meta(
            repo, revisions={**repo.meta.revisions, tag: snapshot.content_id}
        )

    def delete_tag(self, repo: Repo, tag: str) -> None:
        """札を外す。"""
        if tag not in repo.meta.revisions:
            raise HubError(404, f"札「{tag}」がありません。", "RevisionNotFound")
        left = {k: v for k, v in repo.meta.revisions.items() if k != tag}
        self.update_meta(repo, revisions=left)

    def log(self, repo: Repo) -> list[LogEntry]:
        """新しい順のコミットの記録。読み取り専用の層には無い。"""
        path = self.tree.history_folder(repo) / "log.json"
        return _LOG.validate_json(path.read_bytes()) if path.is_file() else []

    def lfs_path(self, oid: str) -> Path:
        """LFS の中身の置き場所。"""
        return self.layer.folder / ".lfs" / oid

    @contextmanager
    def receiving(self) -> Iterator[Path]:
        """受信中のファイルの一時的な置き場所。"""
        folder = self.layer.folder / ".tmp"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / uuid.uuid4().hex
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _applied(
        self, current: dict[str, Entry], lines: Iterable[Line]
    ) -> dict[str, Path | bytes]:
        files: dict[str, Path | bytes] = {p: e.source for p, e in current.items()}
        by_sha256 = {e.blob.sha256: e.source for e in current.values()}
        for line in lines:
            path = line.value.path.rstrip("/") if line.key != "header" else ""
            if line.key == "file":
                files[_checked(path)] = _content(line.value)
            elif line.key == "lfsFile":
                stored: Path | bytes | None = self.lfs_path(line.value.oid)
                if not self.lfs_path(line.value.oid).is_file():
                    stored = by_sha256.get(line.value.oid)
                if stored is None:
                    raise HubError(
                        400, f"{path} の LFS の中身 {line.value.oid} が届いていません。"
                    )
                files[_checked(path)] = stored
            elif line.key == "deletedFile":
                if files.pop(_checked(path), None) is None:
                    raise HubError(
                        404,
                        f"消そうとしたファイル「{path}」がありません。"
                        " (A file with this name doesn't exist)",
                        "EntryNotFound",
                    )
            elif line.key == "deletedFolder":
                prefix = f"{_checked(path)}/"
                gone = [name for name in files if name.startswith(prefix)]
                if not gone:
                    raise HubError(
                        404,
                        f"消そうとしたフォルダ「{path}」がありません。"
                        " (A file with this name doesn't exist)",
                        "EntryNotFound",
                    )
                for name in gone:
                    del files[name]
        return files

    def _swap(self, repo: Repo, branch: str, work: Path, before: str) -> None:
        folder = repo.branch_folder(branch)
        past = self.tree.history_folder(repo) / before
        if past.exists():
            shutil.rmtree(folder)
        else:
            past.parent.mkdir(parents=True, exist_ok=True)
            os.rename(folder, past)
        os.rename(work, folder)

    def _adopt(self, repo: Repo) -> Repo:
        """下の層のリポジトリなら、書き換えられるよう state に写す。"""
        if repo.layer is self.layer:
            return repo
        target = self.layer.folder / repo.kind / repo.id
        target.parent.mkdir(parents=True, exist_ok=True)
        target.mkdir()
        for branch in repo.branches():
            folder = target.with_name(repo.branch_folder(branch).name)
            entries = self.tree.entries(
                repo.kind, repo.layer, repo.branch_folder(branch)
            )
            for path, entry in entries.items():
                _place(entry.source, folder.joinpath(*checked_parts(path)))
        _write_meta(target, repo.meta)
        return self._own(repo.kind, repo.id)

    def _own(self, kind: Kind, repo_id: str) -> Repo:
        repo = self.tree.find_in(self.layer, kind, repo_id)
        if repo is None:
            raise HubError(404, f"{repo_id} がありません。", "RepoNotFound")
        return repo

    def _require_own(self, repo: Repo) -> None:
        if repo.layer is not self.layer:
            raise HubError(403, f"{repo.id} は配布物なので消せません。")

    def _content_id(self, repo: Repo, branch: str) -> str:
        folder = repo.branch_folder(branch)
        entries = self.tree.entries(repo.kind, self.layer, folder)
        return content_commit_id(entries.values())

    def _record(
        self, repo: Repo, oid: str, branch: str, title: str, message: str
    ) -> None:
        date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        entry = LogEntry(
            oid=oid, branch=branch, title=title, message=message, date=date
        )
        log = [entry, *self.log(repo)]
        folder = self.tree.history_folder(repo)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "log.json").write_bytes(_LOG.dump_json(log))

    @contextmanager
    def _workspace(self) -> Iterator[Path]:
        work = self.layer.folder / ".tmp" / uuid.uuid4().hex
        work.mkdir(parents=True)
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _parsed(body: bytes) -> tuple[Header, list[Line]]:
    lines: list[Line] = []
    for number, text in enumerate(body.splitlines(), start=1):
        if not text.strip():
            continue
        try:
            lines.append(_LINE.validate_json(text))
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise HubError(
                400, f"コミットの {number} 行目を読めません: {reason}"
            ) from error
    headers = [line.value for line in lines if line.key == "header"]
    if len(headers) != 1:
        raise HubError(400, "コミットには header の行がちょうど 1 つ必要です。")
    return headers[0], lines


def _content(added: AddedFile) -> bytes:
    if added.encoding == "utf-8":
        return added.content.encode("utf-8", "replace")
    try:
        return base64.b64decode(added.content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise HubError(400, f"{added.path} の base64 を読めません。") from error


def _checked(path: str) -> str:
    try:
        parts = checked_parts(path)
    except PathRefused as error:
        raise HubError(400, f"送られたパスを受け付けられません: {error}") from error
    if parts[0] == META_FILE or ".git" in parts or len(path.encode()) > 1024:
        raise HubError(400, f"「{path}」という名前では保存できません。")
    return path


def _refuse_folder_clashes(files: Iterable[str]) -> None:
    """同じ名前がファイルにもフォルダにもなるコミットを拒む。"""
    names = set(files)
    for name in names:
        parents = name.split("/")[:-1]
        for depth in range(1, len(parents) + 1):
            clash = "/".join(parents[:depth])
            if clash in names:
                raise HubError(400, f"「{clash}」はファイルとフォルダの両方です。")


def _refuse_bad_ref(name: str) -> None:
    checked = name.split("/")
    bad = not name or is_commit(name) or any(p in ("", ".", "..") for p in checked)
    if bad or len(quote(name, safe="")) > 100 or not name.isprintable():
        raise HubError(400, f"「{name}」は版の名前に使えません。")


def _place(source: Path | bytes, target: Path) -> None:
    """中身を置く。ファイルはできればハードリンクにする。"""
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(source, bytes):
        target.write_bytes(source)
        return
    try:
        os.link(source, target)
    except OSError:
        # 別のファイルシステムにある、リンクの許されない場所など。
        shutil.copy2(source, target)


def _write_meta(folder: Path, meta: RepoMeta) -> None:
    # 共有されたハードリンクの中身を変えないよう、新しいファイルと入れ替える。
    path = folder / META_FILE
    fresh = path.with_name(f"{META_FILE}.new")
    fresh.write_text(
        json.dumps(meta.model_dump(exclude_defaults=True), ensure_ascii=False),
        encoding="utf-8",
    )
    os.replace(fresh, path)
