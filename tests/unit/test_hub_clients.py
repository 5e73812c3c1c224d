"""本物のクライアントライブラリが、ローカル Hub を Hub として使える。"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench import hub_speed
from bench.hub_speed import TARGET
from tests.unit import hub_client_steps
from tinyhub import up

TRIES, REPEATS = 3, 5


@dataclass(frozen=True)
class Run:
    """手順をまとめて動かした結果。"""

    failures: dict[str, str]
    speed: dict[str, dict[str, float]]
    output: str
    hub_log: str


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Hub を起動し、別のプロセスですべての手順を動かす。"""
    work = tmp_path_factory.mktemp("clients")
    (work / "root").mkdir()
    results = work / "results.jsonl"
    script = Path(hub_client_steps.__file__)
    with up.serve(work / "root", work / "state") as address:
        finished = subprocess.run(
            [sys.executable, script, work, results, address.raw_url],
            env={
                **os.environ,
                **up.environment(address, work / "home"),
                "OMP_NUM_THREADS": "1",
                "PYTHONPATH": str(script.parents[2]),
                "PYTHONWARNINGS": "ignore",
            },
            cwd=work,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )
        log = (work / "state" / "hub.log").read_text(encoding="utf-8")
    lines = results.read_text().splitlines() if results.exists() else []
    found = [json.loads(line) for line in lines]
    failures = {line["step"]: line["failure"] for line in found if "step" in line}
    speed = next((line["speed"] for line in found if "speed" in line), {})
    return Run(failures, speed, finished.stdout[-5000:], log)


@pytest.mark.parametrize("name", list(hub_client_steps.STEPS))
def test_client_step(run: Run, name: str) -> None:
    assert name in run.failures, (
        f"この手順まで進みませんでした。\n{run.output}{run.hub_log}"
    )
    assert run.failures[name] == ""


def test_the_suite_has_at_least_60_steps() -> None:
    assert len(hub_client_steps.STEPS) >= 60


def test_the_server_logged_no_internal_error(run: Run) -> None:
    assert run.hub_log == ""


@pytest.mark.parametrize("what", ["from_pretrained", "load_dataset"])
def test_warm_loads_are_close_to_a_local_folder(run: Run, what: str) -> None:
    """混んだ機械では片方だけが遅れるので、中央値と最速の良い方で見て、測り直しもする。"""
    tries = [run.speed[what]]
    while _best(tries) > TARGET and len(tries) < TRIES:
        tries.append(hub_speed.run(REPEATS)[what])
    print(what, tries)
    assert _best(tries) <= TARGET


def _best(tries: list[dict[str, float]]) -> float:
    return min(min(each["ratio"], each["fastest_ratio"]) for each in tries)
