"""計測をシードごとに行い、平均と標準偏差と対照を bench/results/probes.json に書く。"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from runner.results import machine

RESULTS = Path(__file__).resolve().parents[1] / "results/probes.json"
Figures = dict[str, float]
# (シード、学習率の倍率) から数値を作る。倍率 0 が、学習してはいけない対照である。
Probe = Callable[[int, float], Figures]


def spread(runs: list[Figures]) -> dict[str, dict[str, float]]:
    """数値ごとの平均と (標本) 標準偏差。"""
    return {
        name: {
            "mean": round(statistics.mean(run[name] for run in runs), 4),
            "sd": round(statistics.stdev([run[name] for run in runs]), 4)
            if len(runs) > 1
            else 0.0,
        }
        for name in runs[0]
    }


def record(
    name: str, probe: Probe, seeds: list[int], control: bool, subject: str = ""
) -> None:
    """計測して表示し、結果のファイルの name の項を置き換える。"""
    runs = [probe(seed, 1.0) for seed in seeds]
    entry = {
        "date": date.today().isoformat(),
        "machine": machine(),
        "seeds": seeds,
        "figures": spread(runs),
    }
    if control:
        still = probe(seeds[0], 0.0)
        entry["control"] = {name: round(value, 4) for name, value in still.items()}
    key = f"{name}/{subject}" if subject else name
    print(key, json.dumps(entry, ensure_ascii=False), flush=True)
    recorded = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    recorded[key] = entry
    text = json.dumps(recorded, ensure_ascii=False, indent=1, sort_keys=True)
    RESULTS.write_text(text + "\n")


def run(probes: Mapping[str, Probe]) -> None:
    """コマンドとして実行する。"""

    def measure(
        only: Annotated[str, typer.Option(help="計測の名前。カンマで並べる")] = "",
        seeds: Annotated[str, typer.Option(help="シード。カンマで並べる")] = "42,43,44",
        control: Annotated[bool, typer.Option(help="学習率 0 の対照も測る")] = True,
    ) -> None:
        for name in only.split(",") if only else probes:
            values = [int(seed) for seed in seeds.split(",")]
            record(name, probes[name], values, control)

    typer.run(measure)
