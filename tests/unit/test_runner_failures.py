"""失敗の知らせ方: 止まったセル、死んだカーネル、時間切れ、指標のないノートブック。"""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.results import NotebookResult, Results
from tests.unit import toy_curriculum as toy

PATHS = {
    "good": "chapter05/good.ipynb",
    "broken": "chapter05/broken.ipynb",
    "after": "chapter05/after.ipynb",
    "dead": "chapter05/dead.ipynb",
    "slow": "chapter05/slow.ipynb",
    "silent": "chapter05/silent.ipynb",
    "undeclared": "chapter05/undeclared.ipynb",
    "absent": "chapter05/absent.ipynb",
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, str, Path]:
    """いろいろに失敗するノートブックを、まとめて 1 回だけ実行したもの。"""
    root = tmp_path_factory.mktemp("failures")
    body = {
        "good": "from pathlib import Path\nprint(sorted(map(str, Path().iterdir())))",
        "broken": "prices = [1, 2]\nprices[10]",
        "after": "print('動いてはいけない')",
        "dead": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
        "slow": "import time\ntime.sleep(600)",
    }
    for name, source in body.items():
        toy.write_notebook(
            root, PATHS[name], [toy.PARAMETERS, ("body", source), toy.METRICS]
        )
    toy.write_notebook(root, PATHS["silent"], [toy.PARAMETERS])
    toy.write_notebook(root, PATHS["undeclared"], [toy.PARAMETERS, toy.METRICS])
    expect = {"good": {"accuracy": [">= 0.7"], "f1 - accuracy": [">= 0.1"]}}
    tiny = {"good": {"value": 1.5}, "undeclared": {"value": 1.0, "epochs": 2}}
    depends = {"after": ["broken"]}
    toy.write_curriculum(
        root,
        [
            toy.entry(
                name,
                path,
                tiny=tiny.get(name, {}),
                expect=expect.get(name, {}),
                depends_on=depends.get(name, []),
            )
            for name, path in PATHS.items()
        ],
    )
    results, text = toy.run(root, timeout_seconds=8)
    return results, text, root


def result_of(finished: tuple[Results, str, Path], name: str) -> NotebookResult:
    """名前で結果を選ぶ。"""
    return next(item for item in finished[0].notebooks if item.id == name)


def test_failed_cell_is_reported_with_notebook_number_source_and_error(
    finished: tuple[Results, str, Path],
) -> None:
    text = finished[1]
    assert "失敗: chapter05/broken.ipynb · セル In [2] (id: body)" in text
    assert "prices[10]" in text
    assert "IndexError: list index out of range" in text
    failure = result_of(finished, "broken").failure
    assert failure is not None
    assert (failure.cell_number, failure.cell_id) == (2, "body")


def test_one_failure_fails_the_whole_while_others_continue(
    finished: tuple[Results, str, Path],
) -> None:
    assert not finished[0].passed
    assert result_of(finished, "good").status == "ok"


def test_dependents_of_a_failure_do_not_run(
    finished: tuple[Results, str, Path],
) -> None:
    after = result_of(finished, "after")
    assert after.status == "not_run"
    assert after.failure is not None and "broken" in after.failure.error


def test_killed_kernel_is_reported_with_the_cell_it_stopped_at(
    finished: tuple[Results, str, Path],
) -> None:
    dead = result_of(finished, "dead")
    assert dead.status == "failed"
    assert dead.failure is not None
    assert dead.failure.cell_id == "body"
    assert "カーネルが停止しました" in dead.failure.error


def test_running_over_the_limit_is_a_timeout(
    finished: tuple[Results, str, Path],
) -> None:
    slow = result_of(finished, "slow")
    assert slow.status == "timeout"
    assert slow.failure is not None
    assert "制限時間 8 秒を超えた" in slow.failure.error
    assert slow.seconds < 300


def test_notebook_without_a_metrics_cell_fails(
    finished: tuple[Results, str, Path],
) -> None:
    silent = result_of(finished, "silent")
    assert silent.status == "failed"
    assert silent.failure is not None
    assert "タグ metrics の付いたセルがありません" in silent.failure.error


def test_undeclared_parameter_fails_before_running_and_is_named(
    finished: tuple[Results, str, Path],
) -> None:
    undeclared = result_of(finished, "undeclared")
    assert undeclared.status == "failed"
    assert undeclared.cells == []
    assert undeclared.failure is not None
    assert undeclared.failure.error.endswith("宣言されていません: epochs")


def test_missing_notebook_file_fails(
    finished: tuple[Results, str, Path],
) -> None:
    absent = result_of(finished, "absent")
    assert absent.status == "failed"
    assert absent.failure is not None
    assert "chapter05/absent.ipynb のファイルがありません" in absent.failure.error


def test_expected_metric_that_is_not_printed_misses_its_bound(
    finished: tuple[Results, str, Path],
) -> None:
    good = result_of(finished, "good")
    assert good.metrics == {"accuracy": 0.75}
    assert good.expect["accuracy"].ok
    missing = good.expect["f1 - accuracy"]
    assert not missing.ok
    assert "指標 f1 が metrics セルに出ていません" in (missing.message or "")
    assert good.verdict == "基準未達"


def test_notebook_runs_alone_in_an_empty_folder(
    finished: tuple[Results, str, Path],
) -> None:
    executed = (finished[2] / "build/executed/chapter05/good.ipynb").read_text("utf-8")
    assert "['good.ipynb']" in executed


def test_cpu_seconds_and_seconds_per_cell_are_recorded(
    finished: tuple[Results, str, Path],
) -> None:
    good = result_of(finished, "good")
    assert good.cpu_seconds > 0
    assert [cell.number for cell in good.cells] == [1, 0, 2, 3]
    assert all(cell.executed and cell.seconds is not None for cell in good.cells)


def test_unreachable_hub_is_added_to_the_failure(
    finished: tuple[Results, str, Path],
) -> None:
    failure = result_of(finished, "broken").failure
    assert failure is not None
    assert f"ローカルの Hub ({toy.CLOSED_PORT}) が応答していません" in failure.error
