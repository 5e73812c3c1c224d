"""シードを変えて同じノートブックを実行し、基準線と結果の平均と標準偏差を測る。

    .venv/bin/python -m bench.seeds --only 5-2-wrime,5-4-sts-train

結果は bench/results/seeds.json に、機械の種類と日付を添えて書く。
CI の下限 (curriculum/ の expect) は、ここで得た「平均 − 2 標準偏差」から決める。
"""

from __future__ import annotations

import json
import statistics
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from runner import curriculum, guard, schedule
from runner.curriculum import Notebook
from runner.execute import Execution, execute
from runner.project import Project
from runner.results import machine
from runner.world import build_tree, open_world

RESULTS = Path(__file__).parent / "results" / "seeds.json"
# シードを 1 つ受け取るパラメータの名前と、その値の形。
SEED_PARAMETERS = {"seeds": lambda seed: [seed], "seed": lambda seed: seed}

console = Console(highlight=False, soft_wrap=True)


def with_seed(notebook: Notebook, seed: int) -> dict[str, Any]:
    """notebook の tiny パラメータに、シードを重ねる。"""
    text = (Project().root / notebook.path).read_text(encoding="utf-8")
    names = [name for name in SEED_PARAMETERS if f'"{name} = ' in text]
    # 複数シードのノートブックでは seeds だけを変え、データの選び方 (seed) はそのまま。
    name = names[0]
    return {**notebook.tiny, name: SEED_PARAMETERS[name](seed)}


def metrics_of_one_run(
    project: Project, notebooks: list[Notebook], tree: Path, seed: int
) -> dict[str, float]:
    """順に 1 回ずつ実行し、最後の 1 冊の metrics を返す。失敗したら止める。

    最後の 1 冊だけが調べる対象で、その前は、先に要るもの (シードは変えない)。
    """
    target = notebooks[-1]
    place = project.within(f"seeds/{target.id}-{seed}")
    with open_world(place, place.state, tree=tree) as world:
        for notebook in notebooks:
            chosen = with_seed(notebook, seed) if notebook is target else notebook.tiny
            result = execute(
                notebook,
                Execution(
                    project=place,
                    output=place.executed / notebook.path,
                    log=place.logs / f"{notebook.id}.log",
                    parameters=world.resolve(chosen),
                    world=world,
                ),
            )
            if result.status != "ok":
                console.print(f"{notebook.id} (シード {seed}): {result.failure}")
                raise typer.Exit(1)
    return {**result.metrics, "cpu_seconds": result.cpu_seconds}


def spread(runs: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """指標ごとの平均と標準偏差。"""
    return {
        name: {
            "mean": round(statistics.mean(run[name] for run in runs), 4),
            "sd": round(statistics.stdev(run[name] for run in runs), 4),
        }
        for name in runs[0]
    }


def measure(
    only: Annotated[str, typer.Option(help="id かパスの先頭。カンマで並べられる")],
    seeds: Annotated[str, typer.Option(help="シード。カンマで並べる")] = "42,43,44",
) -> None:
    """シードごとに実行し、表を出して bench/results/seeds.json に書く。"""
    project = Project()
    tree = build_tree(project)
    every = schedule.matching(curriculum.load(project.curriculum), None)
    for notebook in schedule.matching(every, only):
        values = [int(seed) for seed in seeds.split(",")]
        needed = schedule.with_dependencies(every, [notebook.id])
        needed = [item for item in needed if item != notebook] + [notebook]
        runs = [metrics_of_one_run(project, needed, tree, seed) for seed in values]
        figures = spread(runs)
        for name, figure in figures.items():
            console.print(
                f"{notebook.id}  {name}: {figure['mean']:.4f} ± {figure['sd']:.4f}"
            )
        recorded = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        recorded[notebook.id] = {
            "date": date.today().isoformat(),
            "machine": machine(),
            "seeds": values,
            "figures": figures,
        }
        RESULTS.write_text(
            json.dumps(recorded, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        )


if __name__ == "__main__":
    if guard.current_level() == "none":
        guard.run_guarded([sys.executable, "-m", "bench.seeds", *sys.argv[1:]])
    typer.run(measure)
