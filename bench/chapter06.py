"""6 章の計測: 辞書・BERT・ビタビ・CRF のマイクロ F1 を、複数のシードで測る。

    make bench CHAPTER=06
    .venv/bin/python -m bench.chapter06 --seeds 42,43,44

シードごとに 3 冊 (6、6-3b、6-3c) を同じシードでそのまま実行し、テストの F1 と、
規則に合わない並びを含む文の数を、平均と標準偏差にまとめる。結果は機械の種類と日付を添えて
bench/results/chapter06.json に書く。手法どうしは同じシードの差で比べ、その平均が
標準偏差の 2 倍より小さい組は「差が見えない」と印字する。
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bench import seeds as seed_study
from runner import curriculum, guard
from runner.curriculum import Notebook
from runner.execute import Execution, execute
from runner.project import Project
from runner.results import machine
from runner.world import build_tree, open_world

RESULTS = Path(__file__).parent / "results" / "chapter06.json"
NOTEBOOKS = ("6", "6-3b", "6-3c")
SYSTEMS = {
    "dictionary": "辞書",
    "rules": "辞書 + 規則",
    "bert": "BERT",
    "viterbi": "BERT + ビタビ",
    "crf": "BERT-CRF",
}
DECODERS = ("bert", "viterbi", "crf")
# 設計の目標: 最も強い辞書は 0.60 以下、小型モデルは 0.85 以上、崩れた並びは 0。
BASELINE_AT_MOST, TINY_AT_LEAST = 0.60, 0.85
# 「辞書 + 規則」は 6 だけ、BERT-CRF は 6-3b だけで測る。
FIGURES = (
    *(f"{name}_f1" for name in SYSTEMS),
    *(f"{name}_unseen" for name in ("dictionary", *DECODERS)),
    *(f"{name}_news_f1" for name in ("dictionary", "bert", "viterbi")),
    *(f"{name}_illegal" for name in DECODERS),
    "cpu_seconds",
)

console = Console(highlight=False, soft_wrap=True)
Figures = dict[str, dict[str, float]]


def paired_gaps(runs: dict[str, dict[str, float]]) -> Figures:
    """隣り合う手法の、同じシードどうしの F1 の差。"""
    pairs = [*itertools.pairwise(SYSTEMS)]
    return seed_study.spread(
        [
            {
                f"{SYSTEMS[after]} − {SYSTEMS[before]}": run[f"{after}_f1"]
                - run[f"{before}_f1"]
                for before, after in pairs
            }
            for run in runs.values()
        ]
    )


def metrics_of_all(
    project: Project, notebooks: list[Notebook], tree: Path, seed: int
) -> dict[str, float]:
    """同じシードで 3 冊を順に実行し、metrics と CPU 時間を合わせて返す。"""
    place = project.within(f"seeds/6-{seed}")
    together: dict[str, float] = {"cpu_seconds": 0.0}
    with open_world(place, place.state, tree=tree) as world:
        for notebook in notebooks:
            result = execute(
                notebook,
                Execution(
                    project=place,
                    output=place.executed / notebook.path,
                    log=place.logs / f"{notebook.id}.log",
                    parameters=world.resolve({**notebook.tiny, "seed": seed}),
                    world=world,
                ),
            )
            if result.status != "ok":
                console.print(f"{notebook.id} (シード {seed}): {result.failure}")
                raise typer.Exit(1)
            seconds = together["cpu_seconds"] + (result.cpu_seconds or 0.0)
            together |= {**result.metrics, "cpu_seconds": seconds}
    return together


def show(figures: Figures, gaps: Figures) -> None:
    """手法ごとの F1 と、隣り合う手法の差を印字する。"""
    for name, japanese in SYSTEMS.items():
        parts = [f"F1 {text(figures[f'{name}_f1'])}"]
        for key, words in (
            ("unseen", "見ていない名前の再現率"),
            ("news_f1", "ニュース"),
            ("illegal", "崩れた文"),
        ):
            if figure := figures.get(f"{name}_{key}"):
                parts.append(f"{words} {text(figure)}")
        console.print(f"{japanese}: " + " · ".join(parts))
    for name, gap in gaps.items():
        remark = " (差が見えない)" if abs(gap["mean"]) < 2 * gap["sd"] else ""
        console.print(f"{name}: {text(gap)}{remark}")


def text(figure: dict[str, float]) -> str:
    """「平均 ± 標準偏差」。"""
    return f"{figure['mean']:.4f} ± {figure['sd']:.4f}"


def goals_missed(figures: Figures) -> list[str]:
    """設計の目標に届かなかったもの。"""
    strongest = max(figures[f"{name}_f1"]["mean"] for name in ("dictionary", "rules"))
    checks = {
        f"辞書の F1 {strongest:.4f} > {BASELINE_AT_MOST}": strongest > BASELINE_AT_MOST,
        f"ビタビの F1 < {TINY_AT_LEAST}": figures["viterbi_f1"]["mean"] < TINY_AT_LEAST,
        f"CRF の F1 < {TINY_AT_LEAST}": figures["crf_f1"]["mean"] < TINY_AT_LEAST,
        "ビタビに崩れた文がある": figures["viterbi_illegal"]["mean"] > 0,
        "CRF に崩れた文がある": figures["crf_illegal"]["mean"] > 0,
    }
    return [name for name, missed in checks.items() if missed]


def measure(
    seeds: Annotated[str, typer.Option(help="シード。カンマで並べる")] = "42,43,44",
) -> None:
    """シードごとに実行して bench/results/chapter06.json に書き、目標と比べる。"""
    project = Project()
    every = curriculum.load(project.curriculum)
    notebooks = [item for item in every if item.id in NOTEBOOKS]
    tree, values = build_tree(project), [int(seed) for seed in seeds.split(",")]
    runs: dict[str, dict[str, Any]] = {}
    for seed in values:
        found = metrics_of_all(project, notebooks, tree, seed)
        runs[str(seed)] = {name: round(found[name], 4) for name in FIGURES}
        console.print(f"シード {seed}: {runs[str(seed)]}")
    figures = seed_study.spread(list(runs.values()))
    gaps = paired_gaps(runs)
    report = {
        "date": date.today().isoformat(),
        "machine": machine(),
        "seeds": values,
        "parameters": {item.id: item.tiny for item in notebooks},
        "runs": runs,
        "figures": figures,
        "paired_gaps": gaps,
    }
    RESULTS.write_text(
        json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    show(figures, gaps)
    missed = goals_missed(figures)
    for item in missed:
        console.print(f"目標に届いていません: {item}")
    if missed:
        raise typer.Exit(1)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if guard.current_level() == "none":
        guard.run_guarded([sys.executable, "-m", "bench.chapter06", *sys.argv[1:]])
    typer.run(measure)
