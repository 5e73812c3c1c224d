"""raw のファイル、Range、層の重なり、版の名前の決まりごと。"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.hub_calls import Answer, call
from tinyhub.hub import Hub, create_app
from tinyhub.tree import git_blob_oid

BYTES = bytes(range(256)) * 40 + b"\r\n\x00"
SHA = "e4d2dd3957122a481ca24ef4919bbd7239e8e7b9"
RAW = "/raw/example.org/data.bin"


def write(folder: Path, files: dict[str, bytes]) -> Path:
    """フォルダにファイルを置く。"""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """root と overlay。"""
    folder = tmp_path_factory.mktemp("layers")
    meta = {"revisions": {SHA: "refs/convert/parquet", "v1": "main"}}
    write(
        folder / "root",
        {
            "raw/example.org/data.bin": BYTES,
            "raw/example.org/空 の/表#1.json": b"{}",
            "raw/example.org/empty": b"",
            "raw/example.org/archive.tsv.gz": b"\x1f\x8b\x08",
            "raw/example.org/both.txt": b"root",
            "models/acme/both/config.json": b'{"from": "root"}',
            "models/acme/both/only-root.txt": b"root",
            "models/acme/alone/config.json": b'{"from": "root"}',
            "models/learner/seed/config.json": b'{"from": "root"}',
            "datasets/acme/rows/.tinyhub.json": json.dumps(meta).encode(),
            "datasets/acme/rows@refs%2Fconvert%2Fparquet/a/train/0000.parquet": BYTES,
        },
    )
    (folder / "root/models/acme/linked").symlink_to(folder / "root/models/acme/alone")
    write(
        folder / "overlay",
        {
            "raw/example.org/both.txt": b"overlay",
            "raw/example.org/only-overlay.txt": b"overlay",
            "models/acme/both/config.json": b'{"from": "overlay"}',
            "models/acme/broken/.tinyhub.json": b'{"gated": "maybe?"}',
            "models/acme/broken/config.json": b"{}",
        },
    )
    return folder


@pytest.fixture
def hub(folder: Path, tmp_path: Path) -> Hub:
    """書き込みを検査ごとに分けた Hub。"""
    return create_app(folder / "root", tmp_path / "state", folder / "overlay")


def get(hub: Hub, path: str, **headers: str) -> Answer:
    """GET する。"""
    return call(hub, "GET", path, **headers)


def pushed(hub: Hub, repo: str, files: dict[str, bytes], branch: str = "main") -> str:
    """ファイルを push して、コミット id を返す。"""
    lines = [{"key": "header", "value": {"summary": "push"}}]
    for path, content in files.items():
        value = {"path": path, "content": base64.b64encode(content).decode()}
        lines.append({"key": "file", "value": value})
    body = "\n".join(json.dumps(line) for line in lines).encode()
    answer = call(hub, "POST", f"/api/{repo}/commit/{quote(branch, safe='')}", body)
    assert answer.status == 200, answer.body.decode()
    return json.loads(answer.body)["commitOid"]


def test_raw_file_is_served_byte_for_byte(hub: Hub) -> None:
    answer = get(hub, RAW)
    assert answer.body == BYTES
    assert answer.headers["content-length"] == str(len(BYTES))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == f'"{hashlib.sha256(BYTES).hexdigest()}"'


def test_raw_needs_no_token_and_ignores_the_query(hub: Hub) -> None:
    assert call(hub, "GET", f"{RAW}?download=1", token=None).body == BYTES


def test_head_sends_the_same_headers_without_a_body(hub: Hub) -> None:
    head, full = call(hub, "HEAD", RAW), get(hub, RAW)
    assert head.headers == full.headers and head.body == b""


def test_quoted_names_and_compressed_files_are_untouched(hub: Hub) -> None:
    path = quote("/raw/example.org/空 の/表#1.json")
    assert get(hub, path).body == b"{}"
    archive = get(hub, "/raw/example.org/archive.tsv.gz")
    assert archive.body == b"\x1f\x8b\x08"
    assert "content-encoding" not in archive.headers


def test_empty_file(hub: Hub) -> None:
    answer = get(hub, "/raw/example.org/empty")
    assert (answer.status, answer.body) == (200, b"")
    assert get(hub, "/raw/example.org/empty", range="bytes=0-").status == 416


@given(first=st.integers(0, len(BYTES) - 1), length=st.integers(1, len(BYTES)))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_ranges_return_exactly_that_part(folder: Path, first: int, length: int) -> None:
    hub = create_app(folder / "root", folder / "unused")
    last = first + length - 1
    answer = get(hub, RAW, range=f"bytes={first}-{last}")
    assert answer.status == 206
    assert answer.body == BYTES[first : last + 1]
    stop = min(last, len(BYTES) - 1)
    assert answer.headers["content-range"] == f"bytes {first}-{stop}/{len(BYTES)}"
    assert get(hub, RAW, range=f"bytes=-{length}").body == BYTES[-length:]
    assert get(hub, RAW, range=f"bytes={first}-").body == BYTES[first:]


@pytest.mark.parametrize("asked", ["bytes=99999-", "bytes=5-2", "bytes=-0", "bytes=-"])
def test_impossible_ranges_are_416(hub: Hub, asked: str) -> None:
    answer = get(hub, RAW, range=asked)
    assert answer.status == 416
    assert answer.headers["content-range"] == f"bytes */{len(BYTES)}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=a-b"])
def test_other_ranges_are_ignored(hub: Hub, asked: str) -> None:
    answer = get(hub, RAW, range=asked)
    assert (answer.status, answer.body) == (200, BYTES)


def test_known_etag_is_not_sent_again(hub: Hub) -> None:
    etag = get(hub, RAW).headers["etag"]
    again = get(hub, RAW, if_none_match=etag)
    assert (again.status, again.body) == (304, b"")


def test_missing_raw_file_says_where_to_put_it(hub: Hub) -> None:
    answer = get(hub, "/raw/example.org/none.json")
    assert answer.status == 404
    message = json.loads(answer.body)["error"]
    assert "overlay の raw/example.org/none.json に置く" in message
    assert answer.headers["x-error-message"] == message


def test_overlay_replaces_raw_files_one_by_one(hub: Hub) -> None:
    assert get(hub, "/raw/example.org/both.txt").body == b"overlay"
    assert get(hub, "/raw/example.org/only-overlay.txt").body == b"overlay"
    assert get(hub, RAW).body == BYTES


def test_overlay_replaces_a_repo_as_a_whole(hub: Hub) -> None:
    config = get(hub, "/acme/both/resolve/main/config.json")
    assert json.loads(config.body) == {"from": "overlay"}
    gone = get(hub, "/acme/both/resolve/main/only-root.txt")
    assert gone.headers["x-error-code"] == "EntryNotFound"
    alone = get(hub, "/acme/alone/resolve/main/config.json")
    assert json.loads(alone.body) == {"from": "root"}


def test_links_inside_the_tree_are_followed(hub: Hub) -> None:
    linked = get(hub, "/acme/linked/resolve/main/config.json")
    assert json.loads(linked.body) == {"from": "root"}


def test_a_mistake_in_the_overlay_is_explained(hub: Hub) -> None:
    answer = get(hub, "/acme/broken/resolve/main/config.json")
    assert answer.status == 400
    assert "acme/broken/.tinyhub.json を読めません" in json.loads(answer.body)["error"]


def test_a_push_covers_the_lower_layers_and_leaves_them_unchanged(
    hub: Hub, folder: Path, tmp_path: Path
) -> None:
    repo = "models/learner/seed"
    pushed(hub, repo, {"config.json": b'{"from": "push"}', "new.txt": b"1"})
    config = get(hub, "/learner/seed/resolve/main/config.json")
    assert json.loads(config.body) == {"from": "push"}
    seed = folder / "root/models/learner/seed"
    assert [path.name for path in seed.iterdir()] == ["config.json"]
    assert seed.joinpath("config.json").read_bytes() == b'{"from": "root"}'
    again = create_app(folder / "root", tmp_path / "state")
    assert get(again, "/learner/seed/resolve/main/new.txt").body == b"1"


def test_commit_id_depends_on_the_content_alone(hub: Hub, tmp_path: Path) -> None:
    twin = create_app(write(tmp_path / "empty", {}), tmp_path / "twin")
    ids = []
    for app in (hub, twin):
        call(app, "POST", "/api/repos/create", b'{"name": "same"}')
        pushed(app, "models/learner/same", {"a.txt": b"1", "b/c.txt": b"2"})
        ids.append(pushed(app, "models/learner/same", {"a.txt": b"3"}))
    assert ids[0] == ids[1] and len(ids[0]) == 40
    back = pushed(hub, "models/learner/same", {"a.txt": b"1"})
    assert back != ids[0]


def test_older_commits_and_their_listing_stay_readable(hub: Hub) -> None:
    call(hub, "POST", "/api/repos/create", b'{"name": "old"}')
    first = pushed(hub, "models/learner/old", {"a.txt": b"1"})
    second = pushed(hub, "models/learner/old", {"a.txt": b"2"})
    for commit, content in ((first, b"1"), (second, b"2"), (first[:39] + "x", None)):
        answer = get(hub, f"/learner/old/resolve/{commit}/a.txt")
        if content is None:
            assert answer.headers["x-error-code"] == "RevisionNotFound"
        else:
            assert answer.body == content
            assert answer.headers["x-repo-commit"] == commit
    log = json.loads(get(hub, "/api/models/learner/old/commits/main").body)
    assert [entry["id"] for entry in log][:2] == [second, first]


def test_pinned_revisions_and_tags(hub: Hub) -> None:
    path = "a/train/0000.parquet"
    for revision in (SHA, "refs%2Fconvert%2Fparquet", "refs/convert/parquet"):
        answer = get(hub, f"/datasets/acme/rows/resolve/{revision}/{path}")
        assert answer.body == BYTES
        assert answer.headers["etag"] == f'"{hashlib.sha256(BYTES).hexdigest()}"'
    pinned = get(hub, f"/datasets/acme/rows/resolve/{SHA}/{path}")
    assert pinned.headers["x-repo-commit"] == SHA
    readme = get(hub, "/datasets/acme/rows/resolve/v1/README.md").body
    assert readme.startswith(b"# acme/rows")


def test_regular_files_carry_the_git_oid_as_etag(hub: Hub) -> None:
    answer = get(hub, "/acme/alone/resolve/main/config.json")
    assert answer.headers["etag"] == f'"{git_blob_oid(answer.body)}"'


def test_absent_file_tells_the_commit(hub: Hub) -> None:
    answer = call(hub, "HEAD", "/acme/alone/resolve/main/none.json")
    info = json.loads(get(hub, "/api/models/acme/alone").body)
    assert answer.status == 404 and answer.body == b""
    assert answer.headers["x-error-code"] == "EntryNotFound"
    assert answer.headers["x-repo-commit"] == info["sha"]


def test_unknown_features_are_explained(hub: Hub) -> None:
    for method, path in (
        ("GET", "/api/spaces/acme/app"),
        ("POST", "/api/models/acme/alone/discussions"),
        ("PATCH", "/acme/alone/resolve/main/config.json"),
        ("GET", "/acme/alone/blob/main/config.json"),
    ):
        answer = call(hub, method, path)
        assert answer.status in (403, 404)
        assert "練習用 Hub" in answer.body.decode() or answer.status == 403


def test_lfs_upload_is_checked(hub: Hub) -> None:
    name = json.dumps({"name": "table", "type": "dataset"}).encode()
    assert call(hub, "POST", "/api/repos/create", name).status == 200
    content, oid = b"rows", hashlib.sha256(b"rows").hexdigest()
    objects = [{"oid": oid, "size": len(content)}]
    batch = json.dumps({"operation": "upload", "objects": objects}).encode()
    where = "/datasets/learner/table.git/info/lfs/objects/batch"
    assert call(hub, "POST", where, batch, token=None).status == 401
    answer = json.loads(call(hub, "POST", where, batch).body)["objects"][0]
    href = answer["actions"]["upload"]["href"].removeprefix("http://127.0.0.1:18080")
    assert call(hub, "PUT", href, b"rowz", token=None).status == 400
    assert call(hub, "PUT", href, b"rows and more", token=None).status == 413
    assert call(hub, "PUT", href, content, token=None).status == 200
    assert call(hub, "PUT", href, content, token=None).status == 403
    again = json.loads(call(hub, "POST", where, batch).body)["objects"][0]
    assert "actions" not in again
    lines = [
        {"key": "header", "value": {"summary": "s"}},
        {"key": "lfsFile", "value": {"path": "t.parquet", "oid": oid, "size": 4}},
    ]
    body = "\n".join(map(json.dumps, lines)).encode()
    commit = "/api/datasets/learner/table/commit/main"
    assert call(hub, "POST", commit, body).status == 200
    assert get(hub, "/datasets/learner/table/resolve/main/t.parquet").body == content


def test_file_cannot_be_a_folder_too(hub: Hub) -> None:
    call(hub, "POST", "/api/repos/create", b'{"name": "clash"}')
    pushed(hub, "models/learner/clash", {"a": b"1"})
    value = {"path": "a/b", "content": ""}
    lines = [{"key": "header", "value": {}}, {"key": "file", "value": value}]
    body = "\n".join(map(json.dumps, lines)).encode()
    answer = call(hub, "POST", "/api/models/learner/clash/commit/main", body)
    assert answer.status == 400
    assert get(hub, "/learner/clash/resolve/main/a").body == b"1"
