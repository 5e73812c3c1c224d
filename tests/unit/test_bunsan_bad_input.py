"""悪い入力と、死んだ・止まったランクを、はっきりした日本語で知らせる。"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bunsan import ports
from bunsan.engine import Layout
from bunsan.errors import ParallelError
from bunsan.pool import Pool
from tests.unit import bunsan_jobs as jobs
from tests.unit.bunsan_pools import pool

CHAPTER = Path(__file__).parents[2] / "chapter14"


@pytest.mark.parametrize(
    ("layout", "rows", "words"),
    [
        (Layout(tp=3), 8, ["プロセス数 4", "割り切れません"]),
        (Layout(pp=3), 8, ["プロセス数 4", "割り切れません"]),
        (Layout(dp=4, micro_batches=3), 8, ["行数 8", "12", "割り切れません"]),
        (Layout(pp=4, schedule="zb"), 8, ["zb", "1f1b"]),
        (Layout(dp=4, zero=4), 8, ["zero=4", "0 から 3"]),
        (Layout(pp=4, chunks=2, schedule="interleaved"), 8, ["層の数 4", "4×2"]),
    ],
)
def test_impossible_layout_is_explained(
    layout: Layout, rows: int, words: list[str]
) -> None:
    """合わない数と、その理由を挙げて断る。"""
    with pytest.raises(ParallelError) as caught:
        pool(4).run(jobs.build, layout, rows)

    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_heads_that_tp_does_not_divide_are_named() -> None:
    """キーと値のヘッド数 4 は、tp=8 では分けられない。"""
    from bunsan import certify
    from bunsan.tensor_parallel import check

    with pytest.raises(ParallelError, match=r"num_key_value_heads\) 4 は tp=8"):
        check(certify.CONFIG, 8)


def test_sequence_that_tp_does_not_divide_is_named() -> None:
    """系列並列では、系列の長さも tp で割り切れなければならない。"""
    layout = Layout(tp=4, sequence_parallel=True)

    with pytest.raises(ParallelError, match="系列の長さ 18 は tp=4"):
        pool(4).run(jobs.build, layout, 8, 18)


def test_port_in_use_is_named() -> None:
    """使用中のポートを、番号を挙げて断る。"""
    with socket.socket() as taken:
        taken.bind((ports.LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(ParallelError, match=f"ポート {port} は使用中"):
            Pool(2, port=port)
        command = [sys.executable, "-m", "bunsan.ports", str(port)]
        done = subprocess.run(
            command, cwd=CHAPTER, capture_output=True, text=True, timeout=60
        )

    assert done.returncode == 1
    assert done.stderr.strip().startswith(f"ポート {port} は使用中")


def test_pool_does_not_lose_the_port_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """空いている番号を調べてから開くまでの間に取られても、待機所は起動する。"""
    with socket.socket() as taken:
        taken.bind((ports.LOOPBACK, 0))
        taken.listen()
        monkeypatch.setattr(ports, "free", lambda: taken.getsockname()[1])

        with Pool(2, timeout=60) as two:
            assert two.run(jobs.rank_of) == [0, 1]


@pytest.mark.parametrize("rank", [0, 1])
def test_rank_that_dies_is_named(rank: int) -> None:
    """突然終わったランクを、番号と終了コードで挙げる。"""
    with Pool(2, timeout=60) as two:
        with pytest.raises(ParallelError, match=rf"ランク {rank} .*終了コード 7"):
            two.run(jobs.die, rank)

        assert not any(process.is_alive() for process in two.processes)


@pytest.mark.parametrize("rank", [0, 1])
def test_rank_that_hangs_is_named(rank: int) -> None:
    """通信に来ないランクだけを、止まったランクとして挙げる。"""
    with Pool(2, timeout=60) as two:
        two.run(jobs.rank_of)
        two.timeout = 8
        began = time.monotonic()
        with pytest.raises(ParallelError, match=rf"^ランク {rank} が 8 秒") as caught:
            two.run(jobs.hang, rank)

    assert "始めた通信" in str(caught.value)
    assert time.monotonic() - began < 60


def test_rank_that_fails_is_named_with_its_error() -> None:
    """例外を出したランクの番号と、その文が分かる。"""
    with Pool(2, timeout=60) as two:
        with pytest.raises(ParallelError, match="ランク 1 が失敗") as caught:
            two.run(jobs.fail, 1)

    assert "KeyError" in str(caught.value)


@pytest.mark.parametrize("inside", [False, True])
def test_watchdog_names_the_rank_that_stopped(inside: bool) -> None:
    """学習中の見張りは、来ないランクの番号を挙げる。"""
    with Pool(3, timeout=60) as three:
        texts = three.run(jobs.stop_at_watchdog, 2, inside)

    assert texts[0].startswith("ランク 2 が 4 秒たっても応答しません"), texts


def test_pool_starts_from_standard_input() -> None:
    """__main__ がファイルでなくても (標準入力、ノートブック) 使える。"""
    code = (
        "from bunsan.pool import Pool\n"
        "from os import getppid\n"
        "with Pool(2, timeout=60) as two:\n"
        "    print(len(two.run(getppid)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-"],
        input=code,
        cwd=CHAPTER,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.stdout.strip() == "2", done.stderr


def test_pool_listens_on_loopback_only() -> None:
    """待ち合わせのポートは、ほかの計算機から見えない。"""
    port = ports.free()
    with Pool(2, timeout=60, port=port) as two:
        two.run(jobs.rank_of)
        tables = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
        if not tables[0].is_file():
            pytest.skip("Linux でだけ確かめられる")
        rows = [r.split() for t in tables for r in t.read_text().splitlines()[1:]]

    listening = [row[1] for row in rows if row[3] == "0A"]
    assert f"0100007F:{port:04X}" in listening
    others = [row for row in listening if row.endswith(f":{port:04X}")]
    assert others == [f"0100007F:{port:04X}"]


def test_failure_on_every_rank_leaves_the_pool_usable() -> None:
    """全ランクが同じ理由で断ったときは、プロセスを起動し直さずに続けられる。"""
    before = pool(4)
    with pytest.raises(ParallelError):
        before.run(jobs.build, Layout(tp=3))

    assert pool(4) is before
    assert before.run(jobs.rank_of) == [0, 1, 2, 3]


def test_pool_answers_in_rank_order() -> None:
    """正しい仕事なら、ランクの順に答えが返る。"""
    assert pool(4).run(jobs.rank_of) == [0, 1, 2, 3]


def test_train_without_torchrun_is_explained(tmp_path: Path) -> None:
    """torchrun なしで始めると、始め方を示して終わる。"""
    command = [sys.executable, "train.py", "--data", "x", "--save", str(tmp_path)]
    done = subprocess.run(
        command, cwd=CHAPTER, capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 1
    assert "torchrun で起動してください" in done.stderr
    assert "Traceback" not in done.stderr
