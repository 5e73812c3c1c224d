"""7 章の計測: 生成方法と速さを、100 記事以上で測る。

    make bench CHAPTER=07
    .venv/bin/python -m bench.chapter07 measure --rows 200

7 のノートブックを一度訓練し、7-5 のノートブックのコードをそのまま、記事と温度と種だけを
増やして実行する。表 (ビーム幅、温度と切り落とし、反復の抑制、長さの強制) と、
書き方ごとの CPU 秒を bench/results/chapter07.json に書く。速さは、交互に書いたときの
CPU 秒の中央値で比べ、貪欲法の見出しがどの書き方でも同じであることを確かめる。
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from misc import notebook_file
from runner import curriculum, guard
from runner.execute import Execution, execute
from runner.project import Project
from runner.results import machine
from runner.world import World, build_tree, open_world

if TYPE_CHECKING:
    import pandas as pd

RESULTS = Path(__file__).parent / "results" / "chapter07.json"
TRAINING, DECODING = "7", "7-5"
# まとめより後ろは、ミニ環境の基準と比べるところなので使わない。
SKIPPED_CELLS = {"install", "parameters", "parameter-table", "summary", "metrics"}
LOOP, UNSORTED, SORTED = "1 記事ずつ", "そのまま", "長さ順"
TARGET = 3.0

console = Console(highlight=False, soft_wrap=True)
app = typer.Typer(add_completion=False)


def train(project: Project, world: World) -> dict[str, float]:
    """7 のノートブックを実行し、metrics を返す。モデルは world の Hub に入る。"""
    notebook = next(
        item for item in curriculum.load(Project().curriculum) if item.id == TRAINING
    )
    result = execute(
        notebook,
        Execution(
            project=project,
            output=project.executed / notebook.path,
            log=project.logs / f"{notebook.id}.log",
            parameters=world.resolve(notebook.tiny),
            world=world,
        ),
    )
    if result.status != "ok":
        console.print(f"{notebook.id}: {result.failure}")
        raise typer.Exit(1)
    return result.metrics


def run_cells(values: dict[str, Any]) -> dict[str, Any]:
    """7-5 のコードセルを、このプロセスの中で順に実行し、名前空間を返す。"""
    import matplotlib as mpl
    import pandas as pd

    mpl.use("Agg")
    root = Project().root
    notebook = next(
        item for item in curriculum.load(Project().curriculum) if item.id == DECODING
    )
    file = notebook_file.read(root, notebook.path)
    namespace: dict[str, Any] = {"pd": pd, **file.parameters(), **values}
    for cell in file.code_cells:
        if cell.id not in SKIPPED_CELLS:
            exec(compile(cell.tree, cell.id, "exec"), namespace)
    return namespace


def measure_speed(space: dict[str, Any], rows: int, repeats: int) -> dict[str, Any]:
    """三つの書き方を交互に repeats 回測る。見出しの食い違いも数える。"""
    texts = space["articles"][space["first"] :]["content"].tolist()[:rows]
    ways = {LOOP: {"batch": 1}, UNSORTED: {"sort": False}, SORTED: {}}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    written: dict[str, list[list[int]]] = {}
    for _ in range(repeats):
        for name, options in ways.items():
            start = time.process_time()
            written[name] = space["write_ids"](texts, **options)
            seconds[name].append(time.process_time() - start)
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    different = sum(
        len({tuple(ids) for ids in row}) > 1
        for row in zip(*written.values(), strict=True)
    )
    return {
        "articles": len(texts),
        "repeats": repeats,
        "cpu_seconds": {name: round(value, 3) for name, value in medians.items()},
        "ratio": round(medians[LOOP] / medians[SORTED], 3),
        "ratio_unsorted": round(medians[UNSORTED] / medians[SORTED], 3),
        "different_texts": different,
    }


def as_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """表を、行ごとの辞書にする。"""
    return json.loads(table.round(4).reset_index().to_json(orient="records"))


@app.command()
def decode(
    parameters: Annotated[str, typer.Argument(help="7-5 のパラメータ (JSON)")],
    rows: Annotated[int, typer.Argument(help="速さを比べる記事の数")],
    repeats: Annotated[int, typer.Argument(help="速さを測る回数")],
    output: Annotated[Path, typer.Argument(help="結果を書くファイル")],
) -> None:
    """世界の環境変数の中で動き、7-5 のコードで測る (measure が呼ぶ)。"""
    import torch

    torch.set_num_threads(1)
    space = run_cells(json.loads(parameters))
    names = ("beam_table", "sweep_table", "repeat_table", "length_table")
    found = {
        "model": f"{space['model_id']} ({space['model'].num_parameters() / 1e6:.1f} M)",
        "tables": {name: as_rows(space[name]) for name in names},
        "filter_mismatches": space["mismatches"],
        "filter_comparisons": space["compared"],
        "speed": measure_speed(space, rows, repeats),
    }
    output.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


@app.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    """命令を書かなければ measure を行う。"""
    if context.invoked_subcommand is None:
        measure()


@app.command()
def measure(
    rows: Annotated[int, typer.Option(help="比べる記事の数 (100 以上)")] = 120,
    speed_rows: Annotated[int, typer.Option(help="速さを比べる記事の数")] = 120,
    seeds: Annotated[str, typer.Option(help="サンプリングの種")] = "42,43,44",
    repeats: Annotated[int, typer.Option(help="速さを測る回数")] = 3,
) -> None:
    """訓練し、生成方法と速さを測り、bench/results/chapter07.json に書く。"""
    project = Project().within("bench/chapter07")
    changes = {
        "sweep_rows": rows,
        "speed_rows": 8,
        "temperatures": [0.3, 0.7, 1.0, 1.3, 1.6],
        "max_new_tokens": 40,
        "sampling_seeds": [int(seed) for seed in seeds.split(",")],
        "output_dir": str(project.executed / "decoding"),
    }
    notebook = next(
        item for item in curriculum.load(Project().curriculum) if item.id == DECODING
    )
    found = project.executed / "decoding.json"
    with open_world(project, project.state, tree=build_tree(Project())) as world:
        trained = train(project, world)
        values = world.resolve(notebook.tiny) | changes
        # Hub の場所は、ライブラリを読み込むときに決まる。別のプロセスで測る。
        command = [sys.executable, "-m", "bench.chapter07", "decode"]
        subprocess.run(
            [*command, json.dumps(values), str(speed_rows), str(repeats), str(found)],
            env=os.environ | world.environment(project.executed / "home"),
            check=True,
        )
    measured = json.loads(found.read_text(encoding="utf-8"))
    speed = measured["speed"]
    report = {
        "date": date.today().isoformat(),
        "machine": machine(),
        "threads": 1,
        "articles": rows,
        "seeds": changes["sampling_seeds"],
        "test_rougeL": round(trained["test_rougeL"], 4),
        **measured,
    }
    RESULTS.write_text(
        json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    console.print(
        f"長さ順のバッチは 1 記事ずつの {speed['ratio']:.2f} 倍 (目標 {TARGET} 以上)、"
        f"食い違う見出し {speed['different_texts']}"
    )
    if speed["ratio"] < TARGET or speed["different_texts"]:
        raise typer.Exit(1)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if guard.current_level() == "none":
        guard.run_guarded([sys.executable, "-m", "bench.chapter07", *sys.argv[1:]])
    app()
