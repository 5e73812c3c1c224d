"""Label Studio のサーバーを 127.0.0.1 で起動し、自分が起動したものだけを止める。"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from misc.label_studio.environment import RoundTripError, python

HOST = "127.0.0.1"
FIRST_EMAIL = "annotator@example.com"
_STOP_SECONDS = 15
_TAIL = 1_500
# 利用者の LABEL_STUDIO_* や DATABASE_* を、練習用のサーバーに混ぜない。
_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH")
_QUIET = {
    # 外へ知らせる機能を、すべて切る (名前は 1.23.2 の core/settings で確かめた)。
    "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
    "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
    "LABEL_STUDIO_SENTRY_DSN": "",
    "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
    "LABEL_STUDIO_FEATURE_FLAGS_OFFLINE": "true",
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
    # API を固定の鍵で使えるようにする (鍵は毎回作り、どこにも残さない)。
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
}


@dataclass(frozen=True)
class Running:
    """動いているサーバー。token は、1 人めの注釈者の鍵。"""

    url: str
    token: str = field(repr=False)
    start_seconds: float


def environment(
    data: Path, port: int, token: str, password: str, base: Mapping[str, str]
) -> dict[str, str]:
    """サーバーに渡す環境変数。"""
    kept = {
        name: value
        for name, value in base.items()
        if name in _INHERITED or name.startswith("LLM_BOOK_GUARD")
    }
    return kept | {
        **_QUIET,
        "HOME": str(data),
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "LABEL_STUDIO_PORT": str(port),
        "LABEL_STUDIO_USERNAME": FIRST_EMAIL,
        "LABEL_STUDIO_PASSWORD": password,
        "LABEL_STUDIO_USER_TOKEN": token,
        "LABEL_STUDIO_LOG_LEVEL": "WARNING",
    }


def free_port() -> int:
    """いま空いているポート。"""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def require_free(port: int) -> None:
    """指定されたポートが使用中なら、起動する前に知らせる。"""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise RoundTripError(
                f"ポート {port} は使えません ({error.strerror})。"
                "--port に別の番号を渡すか、省いて空いているポートを使ってください。"
            ) from error


def _failed(reason: str, log: Path) -> RoundTripError:
    """サーバーの記録の終わりを添えた失敗。"""
    tail = log.read_text(encoding="utf-8", errors="replace")[-_TAIL:]
    return RoundTripError(f"{reason}\n{tail}")


def wait(
    process: subprocess.Popen[bytes], url: str, log: Path, timeout: float
) -> float:
    """/health が UP と答えるまで待ち、かかった秒数を返す。"""
    start = time.monotonic()
    with httpx.Client(trust_env=False, timeout=5) as client:
        while (elapsed := time.monotonic() - start) < timeout:
            if process.poll() is not None:
                reason = f"Label Studio が終了しました (コード {process.returncode})。"
                raise _failed(reason, log)
            try:
                if client.get(f"{url}/health").json().get("status") == "UP":
                    return elapsed
            except (httpx.HTTPError, ValueError):
                pass  # まだ待ち受けていない。
            time.sleep(0.3)
    raise _failed(
        f"Label Studio が {timeout:.0f} 秒たっても起動しません。"
        "混んでいる計算機では --start-timeout を長くしてください。",
        log,
    )


@contextmanager
def started(folder: Path, port: int | None, timeout: float) -> Iterator[Running]:
    """空のデータでサーバーを起動し、with を抜けるときに止める。"""
    chosen = port or free_port()
    require_free(chosen)
    data, log = folder / "data", folder / "server.log"
    data.mkdir(parents=True)
    token, password = secrets.token_hex(20), secrets.token_urlsafe(16)
    command = [str(python(folder).absolute()), "-m", "label_studio.server", "start"]
    command += ["--no-browser", "--internal-host", HOST, "--port", str(chosen)]
    variables = environment(data.resolve(), chosen, token, password, os.environ)
    url = f"http://{HOST}:{chosen}"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=variables,
            cwd=data,
            start_new_session=True,
        )
    try:
        yield Running(url, token, wait(process, url, log, timeout))
    finally:
        process.terminate()
        try:
            process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
