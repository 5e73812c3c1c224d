"""14 章の計測: 等しさの証明書の表、仕込んだ誤り、メモリと通信量、計画の採点。

    make bench CHAPTER=14                                すべて (8 プロセスを含む)
    .venv/bin/python -m bench.chapter14 --largest 4      4 プロセスまで
    .venv/bin/python -m bench.chapter14 --scores         計画の採点だけを書き直す

結果は bench/results/chapter14.json に書く。秒は、ほかの仕事の有無で大きく変わる。
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.table import Table

from runner.results import machine

sys.path.insert(0, str(Path(__file__).parents[1] / "chapter14"))

from bunsan import accounts, certify, hunt, seeded_bugs
from bunsan.engine import Layout
from bunsan.planner import published, speed
from bunsan.pool import Pool

RESULTS = Path(__file__).parent / "results" / "chapter14.json"
LAYOUTS = {
    "ddp": Layout(dp=4),
    "zero1": Layout(dp=4, zero=1, micro_batches=2),
    "zero2": Layout(dp=4, zero=2, micro_batches=2),
    "zero3": Layout(dp=4, zero=3, micro_batches=2),
    "tp": Layout(tp=4),
    "tp+sp": Layout(tp=4, sequence_parallel=True),
    "gpipe": Layout(pp=4, schedule="gpipe", micro_batches=8),
    "1f1b": Layout(pp=4, micro_batches=8),
    "interleaved": Layout(pp=4, schedule="interleaved", chunks=2, micro_batches=8),
    "tp2pp2": Layout(tp=2, pp=2, sequence_parallel=True, micro_batches=4),
    "dp2tp2": Layout(dp=2, tp=2, sequence_parallel=True, zero=1, micro_batches=2),
}

console = Console(highlight=False, soft_wrap=True)
app = typer.Typer(add_completion=False)


def certificates(pool: Pool) -> list[dict[str, Any]]:
    """このプロセスの数で試す行の証明書 (32 ビットと 64 ビット)。"""
    rows = []
    for cell in certify.CELLS:
        if pool.world_size not in certify.worlds(cell):
            continue
        for double in (False, True):
            began = time.perf_counter()
            certificate = pool.run(certify.certify_cell, cell, double)[0]
            seconds = time.perf_counter() - began
            row = {"cell": cell, "processes": pool.world_size}
            row["dtype"] = "float64" if double else "float32"
            row |= {**certificate.as_dict(), "seconds": round(seconds, 2)}
            rows.append(row)
            console.print(
                f"{cell:20} {pool.world_size} {row['dtype']} "
                f"{certificate.difference:.1e} {seconds:.1f} 秒"
            )
    return rows


def bug_rows(pool: Pool) -> dict[str, Any]:
    """仕込んだ誤りと、正しい並べ方の、証明書の差。"""
    bugs = {
        name: pool.run(hunt.certify_small, bug.cell, name)[0].as_dict()
        for name, bug in seeded_bugs.BUGS.items()
    }
    correct = {
        name: pool.run(hunt.certify_small, name, None, seed)[0].as_dict()
        for seed, name in enumerate(hunt.CORRECT)
    }
    return {
        "bugs": {name: row["difference"] for name, row in bugs.items()},
        "caught": sum(not row["passed"] for row in bugs.values()),
        "correct": {name: row["difference"] for name, row in correct.items()},
        "false_alarms": sum(not row["passed"] for row in correct.values()),
    }


def account_rows(pool: Pool) -> dict[str, Any]:
    """4 プロセスの、測った値と式の値。"""
    rows = {}
    for name, layout in LAYOUTS.items():
        ranks = pool.run(accounts.own, layout)
        worst = max(abs(r["state"] / r["state_formula"] - 1) for r in ranks)
        rows[name] = {
            "state_bytes": [rank["state"] for rank in ranks],
            "state_formula": [rank["state_formula"] for rank in ranks],
            "state_worst_error": worst,
            "sent_bytes": sum(rank["sent"] for rank in ranks),
            "sent_formula": ranks[0]["sent_formula_all_ranks"],
        }
    return rows


def score_rows() -> list[dict[str, Any]]:
    """公表された速さと計画の値。測らずに決まる。"""
    scores = speed.scoreboard(published.SC21, published.LLAMA_3, published.SC21_STRONG)
    return [{**asdict(score), "error": score.error} for score in scores]


def write(report: dict[str, Any]) -> None:
    """結果を書く。"""
    RESULTS.write_text(
        json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def show(rows: list[dict[str, Any]]) -> None:
    """差の最大値の表。"""
    table = Table(title="1 プロセスとの差の最大値")
    for title in ("行", "プロセス", "32 ビット", "64 ビット", "秒 (32)"):
        table.add_column(title)
    pairs: dict[tuple[str, int], dict[str, Any]] = {}
    for row in rows:
        pairs.setdefault((row["cell"], row["processes"]), {})[row["dtype"]] = row
    for (cell, count), found in pairs.items():
        single, double = found["float32"], found["float64"]
        table.add_row(
            cell,
            str(count),
            f"{single['difference']:.1e}",
            f"{double['difference']:.1e}",
            f"{single['seconds']:.1f}",
        )
    console.print(table)


@app.command()
def main(
    largest: Annotated[int, typer.Option(help="最も多いプロセスの数")] = 8,
    scores: Annotated[bool, typer.Option(help="採点だけを書き直す")] = False,
) -> None:
    """計測して、結果を書く。"""
    if scores:
        known = json.loads(RESULTS.read_text(encoding="utf-8"))
        write({**known, "scoreboard": score_rows()})
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    rows: list[dict[str, Any]] = []
    report: dict[str, Any] = {
        "date": date.today().isoformat(),
        "machine": machine(),
        "torch": torch.__version__,
        "load_average_at_start": round(os.getloadavg()[0], 1),
    }
    for world in (2, 4, 8):
        if world > largest:
            continue
        with Pool(world, timeout=300) as pool:
            rows += certificates(pool)
            if world == 2:
                report["hunt"] = bug_rows(pool)
            if world == 4:
                report["accounts"] = account_rows(pool)
    report["matrix"] = rows
    report["scoreboard"] = score_rows()
    write(report)
    show(rows)
    passed = all(row["passed"] for row in rows) and not report["hunt"]["false_alarms"]
    if not passed or report["hunt"]["caught"] < len(seeded_bugs.BUGS):
        console.print("証明書の破れた行か、見逃した誤りがあります。")
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
