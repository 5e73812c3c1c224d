"""`python -m tinyhub up -- COMMAND` は、Hub を起動し、後片付けをして終わる。"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tinyhub import up
from tinyhub.__main__ import app

REPOSITORY = Path(__file__).resolve().parents[2]
REPORT = """
import json, os, sys, urllib.request
kinds = ("HF_", "TRANSFORMERS_", "NO_PROXY", "OPENAI_")
names = [n for n in os.environ if n.startswith(kinds)]
print(json.dumps({name: os.environ[name] for name in names}), flush=True)
request = urllib.request.Request(
    os.environ["HF_ENDPOINT"] + "/api/whoami-v2",
    headers={"Authorization": "Bearer " + os.environ["HF_TOKEN"]},
)
print(urllib.request.urlopen(request).read().decode(), flush=True)
request = urllib.request.Request(
    os.environ["OPENAI_BASE_URL"] + "/models",
    headers={"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]},
)
print(urllib.request.urlopen(request).read().decode(), flush=True)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """モデルと表が 1 つずつの木。"""
    files = {
        "models/acme/tiny/config.json": "{}",
        "datasets/acme/rows/train.jsonl": '{"文": "一行目"}\n{"文": "二行目"}\n',
        "datasets/acme/rows/valid.csv": "文\n検証の行\n",
        "raw/example.org/acme/pairs/test.json": '[{"文": "生のファイル"}]',
    }
    for path, text in files.items():
        target = tmp_path / "root" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return tmp_path / "root"


def tinyhub(root: Path, *arguments: str) -> list[str]:
    """`python -m tinyhub` の引数。"""
    command, *rest = arguments
    state = str(root.parent / "state")
    options = ["--root", str(root), "--state", state]
    return [sys.executable, "-m", "tinyhub", command, *options, *rest]


def invoked(root: Path, *arguments: str) -> Result:
    """同じプロセスの中で動かす (起動の時間を省く)。"""
    options = tinyhub(root, *arguments)[4:]
    environment = {"COLUMNS": "200", "TERMINAL_WIDTH": "200"}
    return CliRunner().invoke(app, [arguments[0], *options], env=environment)


def finished(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """終わるまで動かす。"""
    return subprocess.run(
        tinyhub(root, *arguments),
        cwd=REPOSITORY,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def answers(url: str) -> bool:
    """url で Hub が動いているか。"""
    try:
        urllib.request.urlopen(url, timeout=10).close()
    except (urllib.error.URLError, ConnectionError):
        return False
    return True


def wait_until_stopped(url: str) -> None:
    """止まるのを待つ。30 秒たっても動いていれば失敗。"""
    deadline = time.monotonic() + 30
    while answers(url):
        assert time.monotonic() < deadline, "Hub が止まりません。"
        time.sleep(0.1)


def test_command_sees_the_hub_and_the_hub_stops(root: Path) -> None:
    done = finished(root, "up", "--", sys.executable, "-c", REPORT)
    assert done.returncode == 0, done.stderr
    variables, whoami, models = map(json.loads, done.stdout.splitlines())
    assert variables["HF_HUB_DISABLE_XET"] == "1"
    assert variables["HF_HUB_DISABLE_TELEMETRY"] == "1"
    assert "/build/tinyhub/home-" in variables["HF_HOME"]
    assert "127.0.0.1" in variables["NO_PROXY"]
    assert whoami["name"] == "learner"
    assert models["data"][0]["id"] == "simulator-chat"
    assert not answers(variables["HF_ENDPOINT"])
    assert not answers(variables["OPENAI_BASE_URL"].removesuffix("/v1"))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise SystemExit(7)", 7),
        ("raise ValueError('わざと')", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
    ],
)
def test_exit_status_is_passed_through(root: Path, code: str, expected: int) -> None:
    assert finished(root, "up", "--", sys.executable, "-c", code).returncode == expected


def test_missing_command_and_folder_are_explained(root: Path) -> None:
    missing = invoked(root, "up", "--", "no-such-command-51c7")
    assert missing.exit_code == 127
    assert "コマンドが見つかりません" in missing.stderr
    nowhere = invoked(root, "up", "--overlay", "/nowhere/51c7", "--", "true")
    assert nowhere.exit_code == 2
    assert "フォルダがありません" in nowhere.stderr


def test_taken_port_is_replaced_by_a_free_one(root: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with up.serve(root, tmp_path / "state", port=port) as address:
            assert address.url != f"http://127.0.0.1:{port}"
            assert answers(address.url) and answers(address.raw_url)
            assert not address.raw_url.startswith(address.url)
    assert not answers(address.url) and not answers(address.raw_url)


def test_a_kept_connection_answers_without_the_delayed_ack(
    root: Path, tmp_path: Path
) -> None:
    """TCP_NODELAY がないと、どの応答も 40 ミリ秒より速くならない。"""
    seconds = []
    with up.serve(root, tmp_path / "state") as address:
        connection = http.client.HTTPConnection(address.url.removeprefix("http://"))
        for _ in range(30):
            started = time.perf_counter()
            connection.request("GET", "/acme/tiny/resolve/main/config.json")
            assert connection.getresponse().read() == b"{}"
            seconds.append(time.perf_counter() - started)
        connection.close()
    assert min(seconds) < 0.03


def test_server_that_cannot_start_is_explained(root: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(up.HubStartError, match="フォルダがありません: .*nowhere"),
        up.serve(tmp_path / "nowhere", tmp_path / "state"),
    ):
        pytest.fail("起動しないはず")


@pytest.fixture
def running(root: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """長いコマンドを動かしている up と、その Hub の URL。"""
    code = (
        "import os, time; print(os.environ['HF_ENDPOINT'], flush=True); time.sleep(600)"
    )
    process = subprocess.Popen(
        tinyhub(root, "up", "--", sys.executable, "-c", code),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        # 自分で作ったセッションのプロセスだけを片付ける。
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            assert process.poll() is not None
        process.wait()
        process.stdout.close()


def test_terminating_up_stops_its_own_processes_only(
    running: tuple[subprocess.Popen[str], str],
) -> None:
    process, url = running
    with subprocess.Popen(["sleep", "600"]) as bystander:
        assert answers(url)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 128 + signal.SIGTERM
        wait_until_stopped(url)
        assert bystander.poll() is None
        bystander.kill()


def test_killing_up_does_not_leave_the_hub_behind(
    running: tuple[subprocess.Popen[str], str],
) -> None:
    process, url = running
    assert answers(url)
    process.kill()
    wait_until_stopped(url)


def test_show_prints_rows_of_a_split(root: Path) -> None:
    done = invoked(root, "show", "rows", "--split", "train", "--rows", "1")
    assert done.exit_code == 0, done.stderr
    assert "一行目" in done.stdout
    assert "二行目" not in done.stdout and "検証の行" not in done.stdout
    validation = invoked(root, "show", "acme/rows", "--split", "validation")
    assert "検証の行" in validation.stdout and "一行目" not in validation.stdout


def test_show_explains_unknown_names_and_splits(root: Path) -> None:
    unknown = invoked(root, "show", "no-such-name")
    assert unknown.exit_code == 1
    assert "「no-such-name」はありません" in unknown.stderr
    assert "acme/rows" in unknown.stderr
    split = invoked(root, "show", "rows", "--split", "test")
    assert split.exit_code == 1
    assert "split「test」はありません" in split.stderr
    assert "train、validation" in split.stderr


def test_show_and_ls_name_the_models(root: Path) -> None:
    shown = invoked(root, "show", "acme/tiny")
    assert shown.exit_code == 0 and "config.json" in shown.stdout
    listed = invoked(root, "ls").stdout
    for name in ("acme/tiny", "acme/rows", "example.org/acme/pairs/test.json"):
        assert name in listed


def test_home_changes_with_the_overlay(root: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    names = [up.home_name(root), up.home_name(root, overlay)]
    (overlay / "a.txt").write_text("1")
    names.append(up.home_name(root, overlay))
    assert names[0] == up.home_name(root) and names[1] != names[2]


def test_environment_keeps_the_users_proxy_exceptions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "example.org")
    address = up.HubAddress("http://127.0.0.1:1", "http://127.0.0.1:2")
    variables = up.environment(address, tmp_path)
    assert variables["NO_PROXY"] == "example.org,127.0.0.1,localhost"
