"""ローカル Hub 経由の読み込みは、手元のフォルダから読むのと比べてどれだけ遅いか。

    python bench/hub_speed.py [--repeats N] [--json FILE]

2 回目以降 (手元に写しがある) の from_pretrained と load_dataset を、Hub の id と
フォルダの両方で交互に測り、中央値の比を印字する。
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
TARGET = 2.5


def measure(root: Path, repeats: int) -> dict[str, dict[str, float]]:
    """Hub とフォルダを交互に repeats 回ずつ測った、秒の中央値と比。"""
    import datasets
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    datasets.disable_progress_bars()
    model = "tohoku-nlp/bert-base-japanese-v3"
    table = "acme/rows"

    def load_model(where: str) -> None:
        AutoTokenizer.from_pretrained(where)
        AutoModel.from_pretrained(where)

    pairs: dict[str, tuple[Callable[[str], object], str, str]] = {
        "from_pretrained": (load_model, model, str(root / "models" / model)),
        "load_dataset": (
            datasets.load_dataset,
            table,
            str(root / "datasets" / table),
        ),
    }
    results: dict[str, dict[str, float]] = {}
    for name, (load, served, local) in pairs.items():
        seconds: dict[str, list[float]] = {served: [], local: []}
        for where in (served, local):
            load(where)
        for _ in range(repeats):
            for where in (served, local):
                started = time.perf_counter()
                load(where)
                seconds[where].append(time.perf_counter() - started)
        hub, folder = (statistics.median(seconds[where]) for where in (served, local))
        results[name] = {
            "hub": hub,
            "folder": folder,
            "ratio": hub / folder,
            "fastest_ratio": min(seconds[served]) / min(seconds[local]),
        }
    return results


def run(repeats: int) -> dict[str, dict[str, float]]:
    """木を作り、Hub を起動して、別のプロセスで測る。"""
    from tinyhub import up

    steps = REPOSITORY / "tests" / "unit" / "hub_client_steps.py"
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        (work / "root").mkdir()
        with up.serve(work / "root", work / "state") as address:
            environment = {
                **os.environ,
                **up.environment(address, work / "home"),
                "OMP_NUM_THREADS": "1",
            }
            subprocess.run(
                [sys.executable, steps, work, os.devnull, "", "--tree-only"],
                env={**environment, "PYTHONPATH": str(REPOSITORY)},
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            measured = subprocess.run(
                [sys.executable, __file__, "--measure", work / "root"]
                + ["--repeats", str(repeats)],
                env=environment,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
    return json.loads(measured.stdout.splitlines()[-1])


def main() -> None:
    """測って、表を印字する。"""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        print(json.dumps(measure(options.measure, options.repeats)))
        return
    sys.path.insert(0, str(REPOSITORY))
    results = run(options.repeats)
    for name, row in results.items():
        print(
            f"{name}: Hub {row['hub']:.3f} 秒 · フォルダ {row['folder']:.3f} 秒 · "
            f"比 {row['ratio']:.2f} (最速どうし {row['fastest_ratio']:.2f}、"
            f"目標 {TARGET} 以下)"
        )
    if options.json is not None:
        machine = f"{platform.machine()} · {os.cpu_count()} cores"
        report = {"date": date.today().isoformat(), "machine": machine, **results}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
