"""外部への接続を止める守り。"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from runner import guard
from runner.project import ROOT

LEVELS = [
    pytest.param(
        [],
        marks=pytest.mark.skipif(
            not guard.namespace_available(), reason="名前空間が使えない環境"
        ),
        id="namespace",
    ),
    pytest.param(["--hook-only"], id="hook"),
]
OUTSIDE = "http://192.0.2.1/"  # RFC 5737 の例示用アドレス。誰も使っていない。


def guarded(options: list[str], *command: str) -> subprocess.CompletedProcess[str]:
    """守りの中で command を動かす。"""
    return subprocess.run(
        [sys.executable, "-m", "runner.guard", *options, "--", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("options", LEVELS)
def test_python_connections_fail_with_a_clear_message(options: list[str]) -> None:
    code = f"import urllib.request; urllib.request.urlopen('{OUTSIDE}', timeout=5)"
    result = guarded(options, sys.executable, "-c", code)
    assert result.returncode != 0
    assert "外部への接続を止めました: 192.0.2.1:80" in result.stderr or (
        # プロキシ変数が先に効いたときは、閉じたポートへの接続が断られる。
        options and "Connection refused" in result.stderr
    )


@pytest.mark.parametrize("options", LEVELS)
def test_python_name_resolution_is_stopped_too(options: list[str]) -> None:
    code = "import socket; socket.getaddrinfo('example.com', 443)"
    result = guarded(options, sys.executable, "-c", code)
    assert result.returncode != 0
    assert "外部への接続を止めました: example.com:443" in result.stderr


@pytest.mark.parametrize("options", LEVELS)
def test_child_processes_other_than_python_cannot_leave(options: list[str]) -> None:
    curl = shutil.which("curl")
    assert curl is not None, "curl がありません (.ci/run が入れます)"
    code = f"import subprocess, sys; sys.exit(subprocess.call(['{curl}', '-sS', "
    code += f"'-m', '5', '{OUTSIDE}']))"
    result = guarded(options, sys.executable, "-c", code)
    assert result.returncode != 0
    assert "curl:" in result.stderr


@pytest.mark.skipif(not guard.namespace_available(), reason="名前空間が使えない環境")
def test_curl_cannot_resolve_names_in_the_namespace() -> None:
    result = guarded([], "curl", "-sS", "-m", "5", "http://example.com/")
    assert result.returncode == 6


@pytest.mark.parametrize("options", LEVELS)
def test_connections_inside_the_guard_work(options: list[str], tmp_path: Path) -> None:
    script = tmp_path / "local.py"
    script.write_text(
        "import http.server, threading, urllib.request, subprocess\n"
        "server = http.server.HTTPServer(\n"
        "    ('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)\n"
        "threading.Thread(target=server.serve_forever, daemon=True).start()\n"
        "url = f'http://localhost:{server.server_port}/'\n"
        "assert urllib.request.urlopen(url, timeout=10).status == 200\n"
        "url = f'http://127.0.0.1:{server.server_port}/'\n"
        "subprocess.run(['curl', '-sSf', '-m', '10', '-o', '/dev/null', url],\n"
        "    check=True)\n"
        "print('届いた')\n",
        encoding="utf-8",
    )
    result = guarded(options, sys.executable, str(script))
    assert result.returncode == 0, result.stderr
    assert "届いた" in result.stdout


@pytest.mark.skipif(not guard.namespace_available(), reason="名前空間が使えない環境")
def test_servers_outside_cannot_be_reached_from_the_namespace() -> None:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/"
        assert guarded([], "curl", "-sS", "-m", "5", url).returncode == 7
    finally:
        server.shutdown()
        server.server_close()


def test_entering_the_guard_inside_the_guard_changes_nothing() -> None:
    inner = f"{sys.executable} -m runner.guard -- printenv {guard.LEVEL_VARIABLE}"
    outer = guarded([], "sh", "-c", f"printenv {guard.LEVEL_VARIABLE}; {inner}")
    assert outer.returncode == 0, outer.stderr
    first, second = outer.stdout.split()
    assert first == second


def test_proxies_of_the_user_are_not_inherited() -> None:
    base = {"HTTPS_PROXY": "http://proxy.example:3128", "PATH": "/bin"}
    inside = guard.environment("namespace", base)
    assert "HTTPS_PROXY" not in inside
    assert inside["PATH"] == "/bin"
    assert guard.environment("hook", base)["HTTPS_PROXY"] == "http://127.0.0.1:9"


def test_call_without_a_command_prints_the_usage_and_fails() -> None:
    result = guarded([])
    assert result.returncode != 0
    assert "使い方" in result.stderr
