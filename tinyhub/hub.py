"""Hugging Face Hub のプロトコルを話す ASGI アプリケーション。

パスは復号の前に `/` で分ける。`refs%2Fconvert%2Fparquet` のような版の名前を
1 つの部分として受け取るためと、符号化された `..` を見落とさないためである。
"""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qs, quote

from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from tinyhub.access import (
    auth_check,
    refuse_gated,
    require_owner,
    require_token,
    viewer,
    whoami,
)
from tinyhub.cards import (
    FIXED_DATE,
    card_problem,
    file_item,
    folder_item,
    repo_info,
)
from tinyhub.commits import Store
from tinyhub.protocol import (
    JSON_OBJECT,
    BranchRequest,
    CardToCheck,
    LfsBatch,
    PreuploadRequest,
    RepoRequest,
    Settings,
    TagRequest,
    base_url,
    path_segments,
    read_body,
    read_json,
    split_id,
    split_revision,
    wanted_repo,
)
from tinyhub.tree import (
    MAIN,
    Kind,
    Layer,
    PathRefused,
    Repo,
    Snapshot,
    Tree,
    TreeFault,
    checked_parts,
    is_large,
    valid_repo_id,
)
from tinyhub.wire import FileReply, HubError, Reply

_NOUN = {"models": "モデル", "datasets": "データセット"}


@dataclass
class Hub:
    """ASGI アプリケーション。"""

    tree: Tree
    store: Store
    # PUT を待っている LFS の oid と大きさ。PUT には token が付かない。
    expected: dict[str, int] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """要求 1 つを処理する。"""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            reply = await self._reply(request)
        except HubError as error:
            reply = error.reply()
        except (PathRefused, TreeFault) as error:
            reply = HubError(400, str(error)).reply()
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            reply = HubError(400, f"要求の本文を読めません: {reason}").reply()
        except ClientDisconnect:
            return
        await reply(scope, receive, send)

    async def _reply(self, request: Request) -> Reply | FileReply:
        method = "GET" if request.method == "HEAD" else request.method
        segments = path_segments(request)
        match method, segments:
            case "GET", []:
                return self._front_page()
            case "GET", ["api", "whoami-v2"]:
                return whoami(request)
            case "POST", ["api", "validate-yaml"]:
                card = CardToCheck.model_validate(await read_json(request))
                return _validate_yaml(card.content)
            case "POST", ["api", "repos", "create"]:
                return self._create(request, await read_json(request))
            case "DELETE", ["api", "repos", "delete"]:
                return self._delete(request, await read_json(request))
            case "PUT", ["api", "tinyhub-lfs", oid]:
                return await self._receive_lfs(request, oid)
            case "GET", ["api", ("models" | "datasets") as kind]:
                return self._list(request, kind)
            case _, ["api", ("models" | "datasets") as kind, *rest]:
                return await self._api(request, method, kind, rest)
            case "GET", ["raw", _, _, *_]:
                return self._raw(checked_parts("/".join(segments[1:])))
            case "POST", [*prefix, "info", "lfs", "objects", "batch"]:
                return self._lfs_batch(request, prefix, await read_json(request))
            case "GET", ["datasets", *rest]:
                return self._resolve(request, "datasets", rest)
            case "GET", [first, *_] if first not in ("api", "spaces", "raw"):
                return self._resolve(request, "models", segments)
        raise _unsupported(request)

    async def _api(
        self, request: Request, method: str, kind: Kind, rest: list[str]
    ) -> Reply:
        repo_id, action = split_id(rest)
        if method != "GET":
            require_token(request)
        repo = self._repo(request, kind, repo_id)
        if method not in ("GET",) and action[:1] != ["paths-info"]:
            require_owner(repo.id)
        match method, action:
            case "GET", []:
                return self._info(request, repo, MAIN)
            case "GET", ["revision", *rev]:
                return self._info(request, repo, "/".join(rev))
            case "GET", ["tree", *where]:
                return self._listing(request, repo, *split_revision(where))
            case "POST", ["paths-info", *rev]:
                return await self._paths_info(request, repo, "/".join(rev))
            case "GET", ["refs"]:
                return self._refs(repo)
            case "GET", ["commits", *rev]:
                return self._commits(repo, "/".join(rev))
            case "GET", ["discussions"]:
                return Reply.of_json({"discussions": [], "count": 0, "start": 0})
            case "GET", ["auth-check", *level]:
                return auth_check(request, repo, write=level == ["write"])
            case "POST", ["preupload", *rev]:
                wanted = PreuploadRequest.model_validate(await read_json(request))
                return self._preupload(request, repo, "/".join(rev), wanted)
            case "POST", ["commit", *rev]:
                return await self._commit(request, repo, "/".join(rev))
            case "POST", ["branch", *name]:
                start = BranchRequest.model_validate(await read_json(request))
                self.store.create_branch(repo, "/".join(name), start.starting_point)
            case "DELETE", ["branch", *name]:
                self.store.delete_branch(repo, "/".join(name))
            case "POST", ["tag", *rev]:
                tag = TagRequest.model_validate(await read_json(request)).tag
                self.store.create_tag(repo, tag, "/".join(rev))
            case "DELETE", ["tag", *name]:
                self.store.delete_tag(repo, "/".join(name))
            case "PUT", ["settings"]:
                self._settings(repo, Settings.model_validate(await read_json(request)))
            case _:
                raise _unsupported(request)
        return Reply.of_json({"success": True})

    # 読む側 -----------------------------------------------------------------

    def _repo(self, request: Request, kind: Kind, repo_id: str) -> Repo:
        """見てよいリポジトリ。無ければ移転先へ回すか、Hub と同じエラーにする。"""
        who = viewer(request)
        repo = self.tree.find(kind, repo_id)
        if repo is not None and repo.meta.moved_to is None:
            if not repo.meta.private or who == repo.namespace:
                return repo
        elif moved := self.tree.moved_to(kind, repo_id):
            _redirect(request, repo_id, moved)
        raise self._missing(kind, repo_id, who)

    def _missing(self, kind: Kind, repo_id: str, who: str | None) -> HubError:
        names = [repo.id for repo in self.tree.repos(kind) if not repo.meta.private]
        near = difflib.get_close_matches(repo_id, names, n=1)
        hint = f"もしかして「{near[0]}」ですか。" if near else ""
        return HubError(
            401 if who is None else 404,
            f"{_NOUN[kind]}「{repo_id}」は練習用 Hub にありません。{hint}"
            "名前のつづりを確かめてください"
            " (一覧は python -m tinyhub ls で見られます)。",
            "RepoNotFound",
        )

    def _snapshot(self, repo: Repo, revision: str) -> Snapshot:
        snapshot = self.tree.snapshot(repo, revision)
        if snapshot is None:
            branches = "、".join([*repo.branches(), *repo.meta.revisions])
            raise HubError(
                404,
                f"{repo.id} に版「{revision}」はありません (あるもの: {branches})。",
                "RevisionNotFound",
            )
        return snapshot

    def _info(self, request: Request, repo: Repo, revision: str) -> Reply:
        snapshot = self._snapshot(repo, revision)
        log = self.store.log(repo)
        blobs = request.query_params.get("blobs", "").lower() in ("1", "true")
        return Reply.of_json(
            repo_info(repo, snapshot, log[0].date if log else FIXED_DATE, blobs)
        )

    def _list(self, request: Request, kind: Kind) -> Reply:
        """条件に合うリポジトリの一覧 (list_models, list_datasets)。"""
        query = request.query_params
        who = viewer(request)
        limit = query.get("limit", "1000")
        if not limit.isdecimal():
            raise HubError(400, "limit は 0 以上の整数にしてください。")
        shown = [
            repo
            for repo in self.tree.repos(kind)
            if repo.meta.moved_to is None
            and (not repo.meta.private or repo.namespace == who)
            and query.get("search", "").lower() in repo.id.lower()
            and query.get("author", repo.namespace) == repo.namespace
        ]
        return Reply.of_json(
            [
                repo_info(repo, self._snapshot(repo, MAIN), FIXED_DATE, blobs=False)
                for repo in shown[: int(limit)]
            ]
        )

    def _listing(self, request: Request, repo: Repo, revision: str, path: str) -> Reply:
        """フォルダの中身。recursive なら下の階層もすべて。"""
        snapshot = self._snapshot(repo, revision)
        if path:
            path = "/".join(checked_parts(path))
            if not snapshot.folder_exists(path):
                raise _no_entry(repo, snapshot, path)
        recursive = request.query_params.get("recursive", "").lower() in ("1", "true")
        start = f"{path}/" if path else ""
        items: dict[str, dict[str, Any]] = {}
        for entry in snapshot.entries.values():
            if not entry.path.startswith(start):
                continue
            inner = entry.path.removeprefix(start).split("/")
            depths = range(1, len(inner)) if recursive else range(1, min(2, len(inner)))
            for depth in depths:
                folder = start + "/".join(inner[:depth])
                items.setdefault(folder, folder_item(folder, snapshot))
            if recursive or len(inner) == 1:
                items[entry.path] = file_item(entry)
        headers = {"X-Repo-Commit": snapshot.commit}
        return Reply.of_json(list(items.values()), headers=headers)

    async def _paths_info(self, request: Request, repo: Repo, revision: str) -> Reply:
        body = await read_body(request)
        if "json" in request.headers.get("content-type", ""):
            paths = JSON_OBJECT.validate_json(body).get("paths", [])
        else:
            paths = parse_qs(body.decode("utf-8", "replace")).get("paths", [])
        if not isinstance(paths, list):
            paths = [paths]
        snapshot = self._snapshot(repo, revision)
        items = []
        for path in (str(path).strip("/") for path in paths):
            if path in snapshot.entries:
                items.append(file_item(snapshot.entries[path]))
            elif snapshot.folder_exists(path):
                items.append(folder_item(path, snapshot))
        return Reply.of_json(items, headers={"X-Repo-Commit": snapshot.commit})

    def _refs(self, repo: Repo) -> Reply:
        refs: dict[str, list[dict[str, str]]]
        refs = {"branches": [], "converts": [], "tags": [], "pullRequests": []}
        for branch in repo.branches():
            commit = self._snapshot(repo, branch).commit
            if branch.startswith("refs/convert/"):
                name = branch.removeprefix("refs/convert/")
                item = {"name": name, "ref": branch, "targetCommit": commit}
                refs["converts"].append(item)
            elif not branch.startswith("refs/"):
                ref = f"refs/heads/{branch}"
                item = {"name": branch, "ref": ref, "targetCommit": commit}
                refs["branches"].append(item)
        for tag in repo.meta.revisions:
            commit = self._snapshot(repo, tag).commit
            if commit != tag:
                ref = f"refs/tags/{tag}"
                item = {"name": tag, "ref": ref, "targetCommit": commit}
                refs["tags"].append(item)
        return Reply.of_json(refs)

    def _commits(self, repo: Repo, revision: str) -> Reply:
        snapshot = self._snapshot(repo, revision)
        log = [
            {"id": e.oid, "title": e.title, "message": e.message, "date": e.date}
            for e in self.store.log(repo)
            if e.branch == snapshot.branch
        ]
        fallback = {"id": snapshot.commit, "title": "練習用の配布物", "message": ""}
        commits = log or [{**fallback, "date": FIXED_DATE}]
        authors = [{"user": repo.namespace}]
        return Reply.of_json([{**commit, "authors": authors} for commit in commits])

    def _resolve(self, request: Request, kind: Kind, rest: list[str]) -> FileReply:
        """`/ID/resolve/版/パス` のファイル。"""
        legacy = len(rest) >= 2 and rest[1] in ("resolve", "raw")
        id_length = 1 if legacy else 2
        if len(rest) < id_length + 3 or rest[id_length] not in ("resolve", "raw"):
            raise _unsupported(request)
        repo_id = "/".join(rest[:id_length])
        revision, path = split_revision(rest[id_length + 1 :])
        path = "/".join(checked_parts(path))
        repo = self._repo(request, kind, repo_id)
        refuse_gated(request, repo)
        snapshot = self._snapshot(repo, revision)
        entry = snapshot.entries.get(path)
        if entry is None:
            raise _no_entry(repo, snapshot, path)
        headers = {"X-Repo-Commit": snapshot.commit}
        return FileReply(entry.source, entry.path, entry.etag, headers)

    def _raw(self, parts: tuple[str, ...]) -> FileReply:
        """Hub 以外の場所のファイル。"""
        path = self.tree.raw_file(parts)
        if path is None:
            where = "/".join(parts)
            raise HubError(
                404,
                f"https://{where} の練習用の写しがありません。"
                f"overlay の raw/{where} に置くと配られます。",
                "EntryNotFound",
            )
        return FileReply(path, parts[-1], self.tree.blob(path).sha256)

    def _front_page(self) -> Reply:
        lines = [
            "練習用の Hugging Face Hub です (このコンピューターの中だけで動きます)。"
        ]
        for kind in ("models", "datasets"):
            lines += ["", _NOUN[kind]]
            lines += [
                f"  {repo.id}"
                for repo in self.tree.repos(kind)
                if not repo.meta.private and repo.meta.moved_to is None
            ]
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        return Reply("\n".join([*lines, ""]).encode(), headers=headers)

    # 書く側 -----------------------------------------------------------------

    def _create(self, request: Request, body: dict[str, Any]) -> Reply:
        require_token(request)
        wanted = RepoRequest.model_validate(body)
        kind, repo_id = wanted_repo(wanted)
        require_owner(repo_id)
        if not valid_repo_id(repo_id):
            raise HubError(400, f"「{repo_id}」はリポジトリの名前に使えません。")
        prefix = "datasets/" if kind == "datasets" else ""
        url = f"{base_url(request)}/{prefix}{repo_id}"
        if self.tree.find(kind, repo_id) is not None:
            raise HubError(
                409,
                f"{_NOUN[kind]}「{repo_id}」はすでにあります。"
                f" (You already created this {kind.removesuffix('s')} repo)",
                extra={"url": url},
            )
        private = bool(wanted.private) or wanted.visibility == "private"
        repo = self.store.create(kind, repo_id, private=private)
        sha = self._snapshot(repo, MAIN).commit
        return Reply.of_json({"url": url, "name": repo_id, "id": sha[:24]})

    def _delete(self, request: Request, body: dict[str, Any]) -> Reply:
        require_token(request)
        kind, repo_id = wanted_repo(RepoRequest.model_validate(body))
        repo = self._repo(request, kind, repo_id)
        require_owner(repo_id)
        self.store.delete(repo)
        return Reply.of_json({"success": True})

    def _settings(self, repo: Repo, settings: Settings) -> None:
        changes: dict[str, bool] = {}
        if settings.visibility is not None:
            changes["private"] = settings.visibility == "private"
        if settings.private is not None:
            changes["private"] = settings.private
        if settings.gated is not None:
            changes["gated"] = settings.gated not in (False, "false")
        self.store.update_meta(repo, **changes)

    def _preupload(
        self, request: Request, repo: Repo, revision: str, wanted: PreuploadRequest
    ) -> Reply:
        """送り方を決める。同じ内容なら送らずに済むよう、今の oid も返す。"""
        _refuse_pull_request(request)
        entries = self._snapshot(repo, revision).entries
        files = []
        for file in wanted.files:
            current = entries.get(file.path)
            large = is_large(repo.kind, file.path) and file.size > 0
            answer = {
                "path": file.path,
                "uploadMode": "lfs" if large else "regular",
                "shouldIgnore": False,
            }
            if current is not None:
                blob = current.blob
                answer["oid"] = blob.sha256 if large else blob.git_oid
            files.append(answer)
        return Reply.of_json({"files": files})

    async def _commit(self, request: Request, repo: Repo, revision: str) -> Reply:
        _refuse_pull_request(request)
        body = await read_body(request)
        branch = revision.removeprefix("refs/heads/")
        oid, header = self.store.commit(repo, branch, body)
        prefix = "datasets/" if repo.kind == "datasets" else ""
        url = f"{base_url(request)}/{prefix}{repo.id}/commit/{oid}"
        return Reply.of_json(
            {
                "success": True,
                "commitOid": oid,
                "commitUrl": url,
                "hookOutput": header.summary,
            }
        )

    def _lfs_batch(
        self, request: Request, prefix: list[str], body: dict[str, Any]
    ) -> Reply:
        """LFS のファイルごとに、送り先か「もうある」を答える。"""
        require_token(request)
        kind: Kind = "datasets" if prefix[:1] == ["datasets"] else "models"
        path = "/".join(prefix[1:] if kind == "datasets" else prefix)
        repo = self._repo(request, kind, path.removesuffix(".git"))
        require_owner(repo.id)
        batch = LfsBatch.model_validate(body)
        if batch.operation != "upload":
            raise HubError(400, "LFS の operation は upload だけを受け付けます。")
        objects = []
        for item in batch.objects:
            answer: dict[str, Any] = {"oid": item.oid, "size": item.size}
            if not self.store.lfs_path(item.oid).is_file():
                self.expected[item.oid] = item.size
                href = f"{base_url(request)}/api/tinyhub-lfs/{item.oid}"
                answer["actions"] = {"upload": {"href": href}}
            objects.append(answer)
        return Reply.of_json({"transfer": "basic", "objects": objects})

    async def _receive_lfs(self, request: Request, oid: str) -> Reply:
        size = self.expected.get(oid)
        if size is None:
            raise HubError(403, "LFS batch で予告されていないファイルです。")
        digest = hashlib.sha256()
        received = 0
        with self.store.receiving() as path:
            with path.open("wb") as file:
                async for chunk in request.stream():
                    received += len(chunk)
                    if received > size:
                        raise HubError(413, "予告された大きさを超えています。")
                    digest.update(chunk)
                    file.write(chunk)
            if received != size or digest.hexdigest() != oid:
                raise HubError(400, "届いた内容が sha256 と一致しません。")
            target = self.store.lfs_path(oid)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
        self.expected.pop(oid, None)
        return Reply(b"")


def create_app(root: Path | None, state: Path, overlay: Path | None = None) -> Hub:
    """state・overlay・root を重ねたサーバー。"""
    state_layer = Layer(state)
    lower = [Layer(folder) for folder in (overlay, root) if folder is not None]
    tree = Tree([state_layer, *lower])
    return Hub(tree, Store(tree, state_layer))


def _redirect(request: Request, old_id: str, new_id: str) -> NoReturn:
    """名前の変わったリポジトリへの 307。Hub と同じく相対の行き先を返す。"""
    path = request.scope["raw_path"].split(b"?", 1)[0].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    location = path.replace(f"/{quote(old_id)}", f"/{quote(new_id)}", 1)
    if location == path:
        raise PathRefused("リポジトリの名前を符号化せずに書いてください。")
    if query:
        location += f"?{query}"
    message = f"{old_id} は {new_id} に移りました。"
    raise HubError(307, message, headers={"Location": location})


def _refuse_pull_request(request: Request) -> None:
    if request.query_params.get("create_pr"):
        raise HubError(400, "練習用 Hub は pull request を受け付けません。")


def _no_entry(repo: Repo, snapshot: Snapshot, path: str) -> HubError:
    return HubError(
        404,
        f"{repo.id} の版 {snapshot.revision} に「{path}」はありません。",
        "EntryNotFound",
        commit=snapshot.commit,
    )


def _unsupported(request: Request) -> HubError:
    path = request.scope["raw_path"].decode("latin-1")
    return HubError(404, f"練習用 Hub にはない機能です: {request.method} {path[:200]}")


def _validate_yaml(content: str) -> Reply:
    problem = card_problem(content)
    if problem is not None:
        details = {"errors": [{"message": problem}], "warnings": []}
        raise HubError(400, problem, extra=details)
    return Reply.of_json({"errors": [], "warnings": []})
