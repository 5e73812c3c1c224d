"""起動の命令は、本物の torchrun を動かして学習を終える。Slurm はまねる。

まねた srun は、ノードごとに 1 つずつ、本当に torchrun を始める。torchrun の待ち合わせは
すべてのインタフェースで待ち受けるので、ループバックしかない名前空間の中で動かす。
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bunsan import ports

CHAPTER = Path(__file__).parents[2] / "chapter14"
LAUNCH = CHAPTER / "launch"
# プロセスを入れ替えるだけなので、番号も信号もそのまま届く。
GUARDED = [sys.executable, str(CHAPTER.parent / "runner/guard.py"), "--"]

FAKES = {
    # 引数の #SBATCH を読まず、2 ノードの割り当てが済んだことにする。
    "sbatch": """\
#!/usr/bin/env bash
set -eu
export SLURM_JOB_ID=42 SLURM_JOB_NUM_NODES=2 SLURM_GPUS_ON_NODE=1
export SLURM_JOB_NODELIST='node[0-1]' SLURM_SUBMIT_DIR=$PWD
exec bash "$@"
""",
    "scontrol": """\
#!/usr/bin/env bash
echo "$@" >> "$FAKE_LOG/scontrol"
case "$1 ${2:-}" in
  # ノードの多いときと同じように、1 行ずつ時間をかけて書く。
  "show hostnames") for i in 1 2 3; do echo 127.0.0.1; sleep 0.05; done ;;
  "requeue 42") ;;
  *) exit 1 ;;
esac
""",
    # ノードごとに、SLURM_NODEID を変えて同じ命令を始める。
    "srun": """\
#!/usr/bin/env bash
while [[ $1 == --* ]]; do shift; done
pids=()
trap 'kill "${pids[@]}" 2>/dev/null' TERM EXIT
for ((node = 0; node < SLURM_JOB_NUM_NODES; node++)); do
  SLURM_NODEID=$node "$@" > "$FAKE_LOG/node$node" 2>&1 &
  pids+=($!)
  echo "$!" >> "$FAKE_LOG/agents"
done
status=0
for pid in "${pids[@]}"; do wait "$pid" || status=$?; done
exit $status
""",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """prepare_data.py の練習用の文書から作ったデータ。"""
    folder = tmp_path_factory.mktemp("launch")
    for arguments in (
        ["sample", "--input", folder / "text.jsonl"],
        ["build", "--input", folder / "text.jsonl", "--output", folder / "tiny"],
    ):
        command = [sys.executable, "prepare_data.py", *map(str, arguments)]
        subprocess.run(command, cwd=CHAPTER, check=True, timeout=120)
    return folder / "tiny"


def environment(**extra: object) -> dict[str, str]:
    """ループバックだけを使う環境変数。"""
    return {
        **os.environ,
        "PYTHON": sys.executable,
        "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "lo",
        **{name: str(value) for name, value in extra.items()},
    }


def arguments(data: Path, save: Path, *more: object) -> list[str]:
    """train.py の引数。"""
    common = ["--data", data, "--save", save, "--steps", 4, "--save-every", 2]
    return [str(value) for value in (*common, "--layers", 2, *more)]


def log(save: Path) -> list[dict]:
    """学習の記録。"""
    text = (save / "log.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def run(command: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """chapter14 で、外へつながらない名前空間の中で動かす。"""
    return subprocess.run(
        [*GUARDED, *command],
        cwd=CHAPTER,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize("name", ["local.sh", "slurm.sbatch", "two_nodes_emulated.sh"])
def test_script_has_no_syntax_error(name: str) -> None:
    """bash が文法の誤りなしに読め、実行できる。"""
    subprocess.run(["bash", "-n", str(LAUNCH / name)], check=True, timeout=30)
    assert os.access(LAUNCH / name, os.X_OK)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", str(LAUNCH / name)], check=True, timeout=60)


def fake_slurm(folder: Path) -> Path:
    """PATH の先頭に置く、まねた命令。"""
    folder.mkdir()
    for name, text in FAKES.items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    return folder


def slurm_environment(tmp_path: Path) -> dict[str, str]:
    """まねた Slurm の環境変数。"""
    commands = fake_slurm(tmp_path / "bin")
    return environment(
        PATH=f"{commands}:{os.environ['PATH']}",
        FAKE_LOG=tmp_path,
        BUNSAN_HOME=CHAPTER,
        MASTER_PORT=ports.free(),
        PER_NODE=1,
    )


def test_slurm_script_trains_on_two_torchrun_agents(data: Path, tmp_path: Path) -> None:
    """sbatch に渡すと、ノードごとに 1 つの torchrun が始まり、いっしょに学習する。"""
    save = tmp_path / "save"
    options = arguments(data, save, "--pp", 2, "--micro-batches", 2)
    command = ["sbatch", str(LAUNCH / "slurm.sbatch"), *options]
    done = run(command, slurm_environment(tmp_path))

    nodes = [(tmp_path / f"node{i}").read_text() for i in (0, 1)]
    assert done.returncode == 0, done.stderr + "".join(nodes)
    assert len((tmp_path / "agents").read_text().split()) == 2
    assert [row["step"] for row in log(save) if "step" in row] == [1, 2, 3, 4]
    # ランク 0 のいるノードだけが記録を表示する。
    assert '"step": 4' in nodes[0] and '"step"' not in nodes[1]


def test_slurm_script_fails_when_training_fails(data: Path, tmp_path: Path) -> None:
    """学習が失敗すれば、仕事も失敗し、理由がノードの出力に残る。"""
    options = arguments(data, tmp_path / "save", "--tp", 3)
    command = ["sbatch", str(LAUNCH / "slurm.sbatch"), *options]
    done = run(command, slurm_environment(tmp_path))

    assert done.returncode != 0
    assert (tmp_path / "node0").is_file(), done.stderr
    text = (tmp_path / "node0").read_text()
    assert "エラー: プロセス数 2 は tp×pp = 3×1 = 3 で割り切れません" in text


@pytest.mark.slow
def test_two_emulated_nodes_continue_in_another_layout(
    data: Path, tmp_path: Path
) -> None:
    """2 ノードのまねで学習し、1 台の 4 プロセスで続ける。"""
    save = tmp_path / "save"
    two = environment(PORT=ports.free(), PER_NODE=1)
    first = arguments(data, save, "--tp", 2, "--sequence-parallel")
    done = run([str(LAUNCH / "two_nodes_emulated.sh"), *first], two)
    assert done.returncode == 0, done.stderr

    four = environment(PORT=ports.free(), NPROC=4)
    more = [*arguments(data, save, "--tp", 2, "--pp", 2, "--micro-batches", 2)]
    more[more.index("--steps") + 1] = "8"
    done = run([str(LAUNCH / "local.sh"), *more], four)

    assert done.returncode == 0, done.stderr
    steps = [row["step"] for row in log(save) if "step" in row]
    assert steps == [1, 2, 3, 4, 5, 6, 7, 8]
    assert {"resumed": 4} in log(save)
    losses = [row["loss"] for row in log(save) if "loss" in row]
    assert losses[-1] < losses[0]


@pytest.mark.slow
def test_local_script_restarts_a_killed_rank(data: Path, tmp_path: Path) -> None:
    """ランクを kill -9 しても、local.sh が最後の保存から続けて終える。"""
    save, port = tmp_path / "save", ports.free()
    options = arguments(data, save)
    options[options.index("--steps") + 1] = "60"
    process = subprocess.Popen(
        [*GUARDED, str(LAUNCH / "local.sh"), *options],
        cwd=CHAPTER,
        env=environment(PORT=port, NPROC=2),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 120
        while not (save / "log.jsonl").is_file() or len(log(save)) < 6:
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.02)
        victim = descendants(process.pid)[-1]
        os.kill(victim, 9)
        errors = process.communicate(timeout=240)[1]
    finally:
        process.kill()

    assert process.returncode == 0, errors
    assert "最後の保存から続けます (1 回目)" in errors
    assert any("resumed" in row for row in log(save))
    assert log(save)[-1] == {"saved": 60}


def descendants(pid: int) -> list[int]:
    """このプロセスの子孫。train.py を動かしているものだけ。"""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            line = Path(f"/proc/{child}/cmdline").read_bytes().decode()
            if re.search(r"train\.py", line) and "torch.distributed.run" not in line:
                found.append(int(child))
            found += descendants(int(child))
    return found
