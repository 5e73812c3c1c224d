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
def test_Python_の接続は_分かる文で失敗する(options: list[str]) -> None:
    code = f"import urllib.request; urllib.request.urlopen('{OUTSIDE}', timeout=5)"
    result = guarded(options, sys.executable, "-c", code)
    assert result.returncode != 0
    assert "外部への接続を止めました: 192.0.2.1:80" in result.stderr or (
        # プロキシ変数が先に効いたときは、閉じたポートへの接続が断られる。
        options and "Connection refused" in result.stderr
    )


@pytest.mark.parametrize("options", LEVELS)
def test_Python_の名前解決も止まる(options: list[str]) -> None:
    code = "import socket; socket.getaddrinfo('example.com', 443)"
    result = guarded(options, sys.executable, "-c", code)
    assert result.returncode != 0
    assert "外部への接続を止めました: example.com:443" in result.stderr


@pytest.mark.parametrize("options", LEVELS)
def test_Python_でない子プロセスも外へ出られない(options: list[str]) -> None:
    curl = shutil.which("curl")
    assert curl is not None, "curl がありません (.ci/run が入れます)"
    code = f"import subprocess, sys; sys.exit(subprocess.call(['{curl}', '-sS', "
    code += f"'-m', '5', '{OUTSIDE}']))"
    result = guarded(options, sys.executable, "-c", code)
    assert result.returncode != 0
    assert "curl:" in result.stderr


@pytest.mark.skipif(not guard.namespace_available(), reason="名前空間が使えない環境")
def test_名前空間では_curl_が名前を引けない() -> None:
    result = guarded([], "curl", "-sS", "-m", "5", "http://example.com/")
    assert result.returncode == 6


@pytest.mark.parametrize("options", LEVELS)
def test_守りの中どうしの接続はできる(options: list[str], tmp_path: Path) -> None:
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
def test_名前空間からは_外側のサーバーにも届かない() -> None:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/"
        assert guarded([], "curl", "-sS", "-m", "5", url).returncode == 7
    finally:
        server.shutdown()
        server.server_close()


def test_守りの中でもう一度守りに入っても_そのまま動く() -> None:
    inner = f"{sys.executable} -m runner.guard -- printenv {guard.LEVEL_VARIABLE}"
    outer = guarded([], "sh", "-c", f"printenv {guard.LEVEL_VARIABLE}; {inner}")
    assert outer.returncode == 0, outer.stderr
    first, second = outer.stdout.split()
    assert first == second


def test_利用者のプロキシは引き継がない() -> None:
    base = {"HTTPS_PROXY": "http://proxy.example:3128", "PATH": "/bin"}
    inside = guard.environment("namespace", base)
    assert "HTTPS_PROXY" not in inside
    assert inside["PATH"] == "/bin"
    assert guard.environment("hook", base)["HTTPS_PROXY"] == "http://127.0.0.1:9"


def test_コマンドのない呼び出しは_使い方を出して失敗する() -> None:
    result = guarded([])
    assert result.returncode != 0
    assert "使い方" in result.stderr
