"""`python -m misc.label_studio`: Label Studio を入れ、往復し、結果の表を出す。"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from misc.label_studio import environment
from misc.label_studio.environment import Installed, RoundTripError
from runner import guard

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "label-studio"
RECORD = Path(__file__).with_name("record")
_LOG = "outside.log"

app = typer.Typer(
    help="Label Studio を入れ、127.0.0.1 で動かし、6.4 節の手順を往復する。",
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

Count = Annotated[int, typer.Option(min=20, help="読み込ませる文の数")]
Seed = Annotated[int, typer.Option(help="模擬の注釈者の乱数の種")]
Port = Annotated[int | None, typer.Option(help="ポート (省くと空いているもの)")]
Timeout = Annotated[float, typer.Option(min=1, help="起動を待つ秒数")]


def table(record: dict, installed: Installed, attempts: int, level: str) -> Table:
    """結果の表。"""
    made = Table("項目", "値", title="Label Studio の往復")
    made.add_row("Label Studio の版", record["label_studio"])
    made.add_row("入れるのにかかった時間", f"{installed.seconds:.1f} 秒")
    made.add_row("起動", f"{record['start_seconds']:.1f} 秒")
    made.add_row("プロジェクトと読み込み", f"{record['import_seconds']:.1f} 秒")
    made.add_row("注釈 (2 人の模擬)", f"{record['annotate_seconds']:.1f} 秒")
    made.add_row("書き出し (3 形式)", f"{record['export_seconds']:.1f} 秒")
    made.add_row("文 · 注釈", f"{record['sentences']} · {record['annotations']}")
    made.add_row("飛ばした注釈", str(record["cancelled"]))
    made.add_row("外への接続の試み", f"{attempts} 回 ({guard.DESCRIPTIONS[level]})")
    same = "入れたものと一致" if record["same_as_planted"] else "一致しません"
    made.add_row("往復の結果", same)
    return made


@app.command()
def run(
    count: Count = 24,
    seed: Seed = 6,
    port: Port = None,
    start_timeout: Timeout = 300,
    save: Annotated[
        bool, typer.Option("--save", help="書き出しを record/ に保存し直す")
    ] = False,
    inside: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """環境を作り (初回だけネットワークを使う)、守りの中で往復する。"""
    try:
        if inside:
            from misc.label_studio import round_trip

            round_trip.travel(FOLDER, count, seed, port, start_timeout)
            return
        console.print("Label Studio の環境を用意します (初回は数分かかります)。")
        installed = environment.install(FOLDER)
    except RoundTripError as error:
        errors.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    console.print("サーバーを起動して往復します (1〜2 分)。")
    log = FOLDER / _LOG
    log.write_text("")
    level = "namespace" if guard.namespace_available() else "hook"
    # 守りの中でもう一度自分を動かす。サーバーはその子なので、外へ出られない。
    command = [sys.executable, "-m", "runner.guard", "--"]
    command += [sys.executable, "-m", "misc.label_studio", *sys.argv[1:], "--inside"]
    variables = {**os.environ, guard.LOG_VARIABLE: str(log.resolve())}
    code = subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode
    if code != 0:
        raise typer.Exit(code)
    out = FOLDER / "out"
    record = json.loads((out / "round_trip.json").read_text(encoding="utf-8"))
    attempts = log.read_text(encoding="utf-8").splitlines()
    console.print(table(record, installed, len(attempts), level))
    if attempts:
        text = "外への接続を試みました (止めました): " + "、".join(
            sorted(set(attempts))
        )
        errors.print(text, style="red", markup=False)
        raise typer.Exit(1)
    if save:
        shutil.copytree(out, RECORD, dirs_exist_ok=True)
        saved = {
            "date": date.today().isoformat(),
            "machine": f"CPU {os.cpu_count()} コア",
            "install_seconds": installed.seconds,
        }
        text = json.dumps(record | saved, ensure_ascii=False)
        (RECORD / "round_trip.json").write_text(text + "\n", encoding="utf-8")
        console.print(f"{RECORD.relative_to(ROOT)}/ に保存しました。")


if __name__ == "__main__":
    app(prog_name="python -m misc.label_studio")
