"""シミュレータを起動し、使い終わったら止める。"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tinyhub import child

# ノートブックの保存出力に URL が載るため、空いていれば毎回同じポートを使う。
PREFERRED_PORT = 18090
KEY = "sk-simulator-local"

LOG = "openai.log"
LEDGER = "openai-ledger.jsonl"

SEED_VARIABLE = "TINYHUB_OPENAI_SEED"
FAULTS_VARIABLE = "TINYHUB_OPENAI_FAULTS"


@dataclass(frozen=True)
class SimulatorAddress:
    """動いているシミュレータの場所。"""

    url: str

    @property
    def base_url(self) -> str:
        """クライアントに渡す base_url。"""
        return f"{self.url}/v1"


@contextmanager
def serve(
    state: Path,
    port: int = 0,
    seed: int | None = None,
    faults: str | None = None,
) -> Iterator[SimulatorAddress]:
    """シミュレータを別プロセスで動かし、with を抜けるときに止める。

    seed と faults (書き方は `faults` モジュール) を省くと、環境変数 TINYHUB_OPENAI_SEED
    と TINYHUB_OPENAI_FAULTS から読む。台帳とログは state に置く。
    """
    seed_text = os.environ.get(SEED_VARIABLE) if seed is None else str(seed)
    spec = os.environ.get(FAULTS_VARIABLE, "") if faults is None else faults
    state.mkdir(parents=True, exist_ok=True)
    ledger = state / LEDGER
    # 台帳は、サーバー 1 回の分だけを残す。
    ledger.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tinyhub.openai.server", "--port", str(port)]
    command += ["--faults", spec, "--ledger", str(ledger.resolve())]
    if seed_text:
        command += ["--seed", seed_text]
    name = "OpenAI 互換のシミュレータ"
    with child.started(command, state / LOG, name) as urls:
        yield SimulatorAddress(urls[0])


def environment(address: SimulatorAddress) -> dict[str, str]:
    """シミュレータを使わせるために、子プロセスへ足す環境変数。"""
    return {"OPENAI_BASE_URL": address.base_url, "OPENAI_API_KEY": KEY}
