"""どんなパスでも、木の外は 1 バイトも配られず、書き込まれず、5xx にもならない。"""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.hub_calls import call
from tinyhub import up
from tinyhub.hub import Hub, create_app

SECRET = "木の外の秘密 planted-secret-51c7"
INSIDE = "木の中のファイル"
LOOSE = settings(
    max_examples=600,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)

# 上や外へ出ようとする部分。符号化の形を変えたものも混ぜる。
EVIL = (
    "..",
    ".",
    "",
    "%2e%2e",
    "%2E%2e",
    ".%2e",
    "%252e%252e",
    "%2e%2e%2f",
    "..%2f..%2f..",
    "%2f",
    "%2fetc%2fpasswd",
    "..%5c..",
    "..\\..",
    "%5c",
    "%00",
    "secret.txt%00.json",
    "%ff%fe",
    "%c0%ae%c0%ae",
    "%u002e%u002e",
    "%",
    "%2",
    "..;",
    "...",
    "~",
    "%0d%0aX-Bad:%201",
    "a" * 300,
    quote("日本語"),
    "x@refs%2Fheads%2Fmain",
    ".tinyhub.json",
    ".commits",
    ".tmp",
    ".lfs",
)
KNOWN = (
    "api",
    "models",
    "datasets",
    "raw",
    "acme",
    "tiny",
    "rows",
    "old",
    "main",
    "resolve",
    "tree",
    "revision",
    "refs%2Fconvert%2Fparquet",
    "refs",
    "convert",
    "commits",
    "paths-info",
    "config.json",
    "escape-file",
    "escape-folder",
    "loop",
    "outside",
    "secret.txt",
    "example.org",
    "etc",
    "passwd",
)
PREFIXES = (
    "",
    "/raw",
    "/raw/example.org",
    "/acme/tiny/resolve/main",
    "/acme/tiny/resolve",
    "/acme/tiny/raw/main",
    "/datasets/acme/rows/resolve/refs%2Fconvert%2Fparquet",
    "/datasets/acme/rows/resolve",
    "/api/models",
    "/api/datasets",
    "/api/models/acme/tiny/tree/main",
    "/api/models/acme/tiny/tree",
    "/api/models/acme/tiny/revision",
    "/api/datasets/acme/rows/tree/refs%2Fconvert%2Fparquet",
    "/api/models/acme",
    "/api/models/learner/mine/tree/main",
    "/learner/mine/resolve/main",
    "/learner/mine/resolve",
)
segments = st.one_of(
    st.sampled_from(EVIL),
    st.sampled_from(KNOWN),
    st.text(max_size=8).map(lambda text: quote(text, safe="")),
    st.binary(max_size=6).map(lambda data: quote(data, safe="")),
)
paths = st.builds(
    lambda prefix, parts: f"{prefix}/{'/'.join(parts)}",
    st.sampled_from(PREFIXES),
    st.lists(segments, max_size=6),
)


@dataclass
class World:
    """木と、その外に置いた秘密。"""

    folder: Path
    hub: Hub

    def outside(self) -> dict[str, bytes]:
        """木の外 (state と root と overlay のほか) にあるファイル。"""
        trees = {"root", "state", "overlay"}
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.relative_to(self.folder).parts[0] not in trees
        }


def write(path: Path, text: str) -> None:
    """親のフォルダごとファイルを作る。"""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """外を指す記号リンクを、リポジトリ・版・raw・組織のすべてに仕込んだ木。"""
    folder = tmp_path_factory.mktemp("traversal")
    outside = folder / "outside"
    for place in (outside, folder, outside / "models/evil/repo"):
        write(place / "secret.txt", SECRET)
        write(place / "config.json", SECRET)
    root = folder / "root"
    write(root / "secret.txt", SECRET)
    tiny = root / "models/acme/tiny"
    write(tiny / "config.json", json.dumps({"note": INSIDE}))
    write(root / "models/acme/old/.tinyhub.json", '{"moved_to": "acme/tiny"}')
    convert = root / "datasets/acme/rows@refs%2Fconvert%2Fparquet"
    write(convert / "default/train/0000.parquet", INSIDE)
    write(root / "raw/example.org/data.json", INSIDE)
    write(folder / "overlay/raw/example.org/more.json", INSIDE)
    for place in (tiny, convert, root / "raw/example.org", folder / "overlay/raw"):
        (place / "escape-file").symlink_to(outside / "secret.txt")
        (place / "escape-folder").symlink_to(outside, target_is_directory=True)
        (place / "loop").symlink_to(place / "loop")
    (root / "models/outside").symlink_to(outside / "models/evil")
    (root / "models/acme/outside").symlink_to(outside)
    (root / "models/acme/tiny@outside").symlink_to(outside)
    (root / "raw/outside").symlink_to(outside)
    hub = create_app(root, folder / "state", folder / "overlay")
    assert call(hub, "POST", "/api/repos/create", b'{"name": "mine"}').status == 200
    return World(folder, hub)


@given(path=paths, method=st.sampled_from(["GET", "HEAD"]))
@LOOSE
def test_no_path_reads_outside_the_tree(world: World, path: str, method: str) -> None:
    answer = call(world.hub, method, path)
    assert answer.status < 500
    assert SECRET.encode() not in answer.body
    assert b"root:" not in answer.body
    if ".." in path.replace("%2e", ".").replace("%2E", ".").split("/"):
        assert 400 <= answer.status < 500


@given(path=st.binary(max_size=40), method=st.sampled_from(["GET", "POST", "PUT"]))
@LOOSE
def test_no_bytes_break_the_server(world: World, path: bytes, method: str) -> None:
    assert call(world.hub, method, path, body=path).status < 500


@given(
    path=st.one_of(
        st.lists(
            st.sampled_from(("..", "a", ".", "", "outside", "b.txt")), max_size=5
        ).map("/".join),
        st.sampled_from(
            ("/etc/x", "../../outside/new.txt", "%2e%2e/x", "a\\..\\x", "x\0y", "🐱/é")
        ),
        st.text(max_size=12),
    ),
    key=st.sampled_from(["file", "lfsFile", "deletedFile", "deletedFolder"]),
)
@settings(LOOSE, max_examples=200)
def test_no_commit_writes_outside_the_tree(world: World, path: str, key: str) -> None:
    before = world.outside()
    value = {
        "path": path,
        "content": base64.b64encode(b"new").decode(),
        "oid": "0" * 64,
    }
    lines = [{"key": "header", "value": {"summary": "x"}}, {"key": key, "value": value}]
    body = "\n".join(json.dumps(line) for line in lines).encode()
    answer = call(world.hub, "POST", "/api/models/learner/mine/commit/main", body)
    assert answer.status < 500
    assert world.outside() == before
    if ".." in path.split("/") or path.startswith("/"):
        assert answer.status == 400


@given(
    name=st.one_of(
        st.sampled_from(("..", "../x", "a/b", "", ".git", "x@main")), st.text()
    ),
    organization=st.sampled_from([None, "learner", "..", "learner/..", ""]),
)
@settings(LOOSE, max_examples=100)
def test_no_repo_name_leaves_the_tree(
    world: World, name: str, organization: str | None
) -> None:
    before = world.outside()
    body = json.dumps({"name": name, "organization": organization}).encode()
    assert call(world.hub, "POST", "/api/repos/create", body).status < 500
    assert call(world.hub, "DELETE", "/api/repos/delete", body).status < 500
    assert world.outside() == before


@given(
    name=st.one_of(st.sampled_from(("..", "../../x", "%2e%2e", "a/../b")), st.text()),
    what=st.sampled_from(["branch", "tag"]),
    method=st.sampled_from(["POST", "DELETE"]),
)
@settings(LOOSE, max_examples=100)
def test_no_ref_name_leaves_the_tree(
    world: World, name: str, what: str, method: str
) -> None:
    before = world.outside()
    ref = quote(name, safe="", errors="replace")
    body = json.dumps({"tag": name}).encode() if what == "tag" else b""
    target = "main" if (what, method) == ("tag", "POST") else ref
    url = f"/api/models/learner/mine/{what}/{target}"
    assert call(world.hub, method, url, body).status < 500
    assert world.outside() == before


@given(body=st.one_of(st.binary(max_size=60), st.text(max_size=40).map(str.encode)))
@settings(LOOSE, max_examples=100)
def test_bad_bodies_are_client_errors(world: World, body: bytes) -> None:
    for method, path in (
        ("POST", "/api/repos/create"),
        ("POST", "/api/models/learner/mine/preupload/main"),
        ("POST", "/api/models/learner/mine/commit/main"),
        ("POST", "/api/models/learner/mine/paths-info/main"),
        ("POST", "/learner/mine.git/info/lfs/objects/batch"),
        ("POST", "/api/validate-yaml"),
        ("PUT", "/api/models/learner/mine/settings"),
        ("PUT", "/api/tinyhub-lfs/" + "0" * 64),
    ):
        assert call(world.hub, method, path, body).status < 500


@pytest.mark.parametrize(
    "path",
    [
        "/acme/tiny/resolve/main/escape-file",
        "/acme/tiny/resolve/main/escape-folder/secret.txt",
        "/acme/tiny/resolve/main/loop",
        "/acme/tiny/resolve/outside/secret.txt",
        "/acme/outside/resolve/main/secret.txt",
        "/outside/repo/resolve/main/secret.txt",
        "/datasets/acme/rows/resolve/refs%2Fconvert%2Fparquet/escape-file",
        "/raw/example.org/escape-file",
        "/raw/example.org/escape-folder/secret.txt",
        "/raw/outside/secret.txt",
        "/raw/escape-folder/secret.txt",
        "/raw/../secret.txt",
        "/raw/example.org/../../secret.txt",
        "/raw//etc/passwd",
        "/acme/tiny/resolve/main//etc/passwd",
        "/acme/tiny/resolve/main/%2Fetc%2Fpasswd",
        "/acme/tiny/resolve/main/..%2F..%2F..%2F..%2Fsecret.txt",
        "/acme/tiny/resolve/..%2F..%2Foutside/secret.txt",
        "/api/models/..%2F../tree/main",
    ],
)
def test_escape_is_refused(world: World, path: str) -> None:
    answer = call(world.hub, "GET", path)
    assert 400 <= answer.status < 500
    assert SECRET.encode() not in answer.body


def test_files_inside_the_tree_are_served(world: World) -> None:
    """上の検査が「何も配らない」ことで通っているのではない。"""
    for path in (
        "/acme/tiny/resolve/main/config.json",
        "/acme/tiny/resolve/main/%63onfig.json",
        "/datasets/acme/rows/resolve/refs%2Fconvert%2Fparquet/default/train/0000.parquet",
        "/datasets/acme/rows/resolve/refs/convert/parquet/default/train/0000.parquet",
        "/raw/example.org/data.json",
        "/raw/example.org/more.json",
    ):
        answer = call(world.hub, "GET", path)
        assert answer.status == 200
        assert INSIDE in json.dumps(answer.body.decode(), ensure_ascii=False) or (
            json.loads(answer.body) == {"note": INSIDE}
        )


def test_listings_hide_escaping_links(world: World) -> None:
    for path in (
        "/api/models/acme/tiny/tree/main?recursive=true",
        "/api/models/acme/tiny",
        "/api/models",
        "/",
    ):
        answer = call(world.hub, "GET", path)
        assert answer.status == 200
        assert b"escape" not in answer.body and b"outside" not in answer.body


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[up.HubAddress]:
    """同じ木を配る、本物のサーバー。"""
    folder = world.folder
    with up.serve(folder / "root", folder / "served", folder / "overlay") as address:
        yield address


@pytest.mark.parametrize(
    "line",
    [
        b"GET /raw/../secret.txt HTTP/1.1",
        b"GET /../../../../etc/passwd HTTP/1.1",
        b"GET //etc/passwd HTTP/1.1",
        b"GET http://127.0.0.1/raw/../../secret.txt HTTP/1.1",
        b"GET /acme/tiny/resolve/main/%2e%2e/%2e%2e/%2e%2e/secret.txt HTTP/1.1",
        b"GET /acme/tiny/resolve/main/escape-file HTTP/1.1",
        b"GET /raw/..\\..\\secret.txt HTTP/1.1",
        b"GET /raw/example.org/%00 HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"GET /%ff HTTP/1.1",
        b"GET " + b"/a" * 30000 + b" HTTP/1.1",
        b"\x16\x03\x01\x00",
    ],
    ids=lambda line: ascii(line[:40]),
)
def test_raw_socket_requests_are_refused(address: up.HubAddress, line: bytes) -> None:
    port = int(address.url.rsplit(":", 1)[1])
    request = line + b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionResetError:
            # 長すぎる要求は、読み終える前に切られることがある。
            assert len(line) > 10000
    assert SECRET.encode() not in received and b"root:" not in received
    if received:
        assert received.split(b" ")[1].startswith(b"4")


def test_only_loopback_is_listening(address: up.HubAddress) -> None:
    port = int(address.url.rsplit(":", 1)[1])
    listening = [
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    ]
    assert listening == [f"0100007F:{port:04X}"]
