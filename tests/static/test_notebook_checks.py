"""検査の検査: 正しい見本は通り、1 か所の違反はその約束が見つける。"""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from typer.testing import CliRunner

from misc import checks, notebook_file
from misc.checks.__main__ import app

Break = Callable[[Any], object]

EARLIER = "chapter05/5-1-earlier.ipynb"


def share(draft: Any, mark: str, *, change: bool = False) -> None:
    """前のノートブックに同じ関数を置き、見本の側に印を付ける。"""
    earlier = type(draft)()
    earlier.path = EARLIER
    text = "".join(earlier.cell("count")["source"])
    longer = text.replace("    return", "    text = text.strip()\n    return")
    earlier.source("count", longer)
    draft.others[EARLIER] = earlier.file()
    mine = longer.replace(".strip()", ".lstrip()") if change else longer
    draft.source("count", f"{mark}{mine}")


def set_entry(name: str, value: object) -> Break:
    """curriculum の項目を書き換える。"""
    return lambda draft: draft.entry.__setitem__(name, value)


def train_with(draft: Any, old: str, new: str) -> None:
    """学習のセルを書き換える。"""
    draft.replace("train", old, new)


PLANTED: list[tuple[str, str, Break]] = [
    (
        "valid_nbformat",
        "古い形式",
        lambda d: d.data.__setitem__("nbformat_minor", 4),
    ),
    (
        "valid_nbformat",
        "種類のないセル",
        lambda d: d.cell("count").__setitem__("cell_type", "kode"),
    ),
    ("written_in_one_form", "末尾の空行", lambda d: setattr(d, "suffix", "\n")),
    (
        "exact_metadata",
        "余計な metadata",
        lambda d: d.data["metadata"].__setitem__("widgets", {}),
    ),
    ("exact_metadata", "GPU の食い違い", set_entry("colab_gpu", None)),
    (
        "cell_metadata_is_tags_only",
        "Colab の id",
        lambda d: d.cell("count")["metadata"].__setitem__("id", "aBc"),
    ),
    (
        "cell_metadata_is_tags_only",
        "知らないタグ",
        lambda d: d.cell("count")["metadata"]["tags"].append("nbval-skip"),
    ),
    (
        "meaningful_cell_ids",
        "乱数の id",
        lambda d: d.cell("count").__setitem__("id", "1a2b3c4d"),
    ),
    (
        "meaningful_cell_ids",
        "重なる id",
        lambda d: d.cell("load").__setitem__("id", "count"),
    ),
    ("cells_in_order", "学習目標がない", lambda d: d.remove("goals")),
    ("cells_in_order", "保存先のセルがない", lambda d: d.remove("drive")),
    ("cells_in_order", "表が後ろにある", lambda d: d.move("parameter-table", 10)),
    ("cells_in_order", "枠が 2 番目でない", lambda d: d.move("box", 2)),
    (
        "cells_in_order",
        "タグがない",
        lambda d: d.cell("summary").__setitem__("metadata", {}),
    ),
    (
        "cells_in_order",
        "タグが 2 つのセルにある",
        lambda d: d.cell("count")["metadata"]["tags"].append("metrics"),
    ),
    (
        "cells_in_order",
        "metrics が最後でない",
        lambda d: d.move("metrics", -3),
    ),
    (
        "title_has_purpose_and_badge",
        "バッジが別の場所を指す",
        lambda d: d.replace("title", "5-9-sample", "5-8-sample"),
    ),
    (
        "title_has_purpose_and_badge",
        "目的がない",
        lambda d: d.replace("title", "見本です。", ""),
    ),
    (
        "title_has_purpose_and_badge",
        "節番号がない",
        lambda d: d.replace("title", "# 5.9", "# "),
    ),
    (
        "goals_are_listed",
        "目標が 2 つ",
        lambda d: d.replace("goals", "- 三\n", ""),
    ),
    ("goals_are_listed", "前提がない", lambda d: d.replace("goals", "前提", "準備")),
    (
        "common_cells_are_verbatim",
        "表の書き方が違う",
        lambda d: d.replace("parameter-table", '"この実行の値"', '"値"'),
    ),
    (
        "common_cells_are_verbatim",
        "入れるパッケージが違う",
        lambda d: d.replace("install", "fugashi", "fugashi trl"),
    ),
    (
        "ends_with_summary_and_exercises",
        "ヒントが足りない",
        lambda d: d.source("exercises", "## 演習\n\n- 問い"),
    ),
    (
        "ends_with_summary_and_exercises",
        "限界がない",
        lambda d: d.source("limits", "### 注意"),
    ),
    (
        "ends_with_summary_and_exercises",
        "まとめがない",
        lambda d: d.source("summary-intro", "## 終わりに"),
    ),
    (
        "cell_sizes",
        "セルが長い",
        lambda d: d.source("count", "\n".join(f"a{n} = {n}" for n in range(41))),
    ),
    (
        "cell_sizes",
        "セルが多い",
        lambda d: d.data["cells"].extend(
            {**copy.deepcopy(d.cell("count")), "id": f"more-{chr(97 + n)}"}
            for n in range(20)
        ),
    ),
    (
        "cell_sizes",
        "短いセルばかり",
        lambda d: [
            d.source(cell["id"], "x = 1")
            for cell in d.data["cells"]
            if cell["id"].startswith("example") and cell["cell_type"] == "code"
        ],
    ),
    (
        "enough_prose",
        "説明が短い",
        lambda d: [
            d.source(cell["id"], "短い")
            for cell in d.data["cells"]
            if cell["id"].endswith("-intro")
        ],
    ),
    (
        "enough_prose",
        "説明のセルが少ない",
        lambda d: [
            d.remove(cell["id"])
            for cell in list(d.data["cells"])
            if cell["id"].startswith("example") and cell["id"].endswith("-intro")
        ],
    ),
    (
        "no_wide_lines",
        "全角で 90 桁",
        lambda d: d.add_line("count", "# " + "あ" * 44),
    ),
    (
        "half_width_letters",
        "全角の数字",
        lambda d: d.add_line("limits", "全部で\uff11\uff12件です。"),
    ),
    (
        "no_measured_numbers_in_prose",
        "測った値の書き写し",
        lambda d: d.add_line("train-intro", "正解率は 0.8765 でした。"),
    ),
    (
        "outputs_are_stored",
        "実行していないセル",
        lambda d: d.cell("count").__setitem__("execution_count", None),
    ),
    (
        "outputs_are_stored",
        "順序どおりでない",
        lambda d: d.cell("count").__setitem__("execution_count", 1),
    ),
    (
        "outputs_are_stored",
        "表の出力がない",
        lambda d: d.cell("summary").__setitem__("outputs", []),
    ),
    ("small_file", "大きい出力", lambda d: d.output("count", "あ" * 110_000)),
    (
        "outputs_are_clean",
        "エラー",
        lambda d: d.cell("count")["outputs"].append(
            {
                "output_type": "error",
                "ename": "KeyError",
                "evalue": "",
                "traceback": [],
            }
        ),
    ),
    (
        "outputs_are_clean",
        "標準エラー出力",
        lambda d: d.cell("count")["outputs"][0].__setitem__("name", "stderr"),
    ),
    (
        "outputs_are_clean",
        "widget",
        lambda d: d.cell("count")["outputs"].append(
            {
                "output_type": "display_data",
                "metadata": {},
                "data": {"application/vnd.jupyter.widget-view+json": {}},
            }
        ),
    ),
    (
        "outputs_are_clean",
        "進捗表示",
        lambda d: d.output("count", "100%|██████| 10/10 [00:01<00:00]\n"),
    ),
    (
        "outputs_are_clean",
        "絶対パス",
        lambda d: d.output("count", "saved to /" + "home/me/outputs\n"),
    ),
    (
        "outputs_are_clean",
        "番地",
        lambda d: d.output("count", "<object at 0x7f00aa11bb22>\n"),
    ),
    (
        "outputs_are_clean",
        "警告",
        lambda d: d.output("count", "x.py:1: FutureWarning: old\n"),
    ),
    (
        "no_author_identity",
        "Colab の利用者",
        lambda d: d.data["cells"][3]["metadata"].__setitem__(
            "executionInfo", {"user": {"userId": "123"}}
        ),
    ),
    (
        "metrics_are_finite_numbers",
        "出力がない",
        lambda d: d.cell("metrics").__setitem__("outputs", []),
    ),
    (
        "metrics_are_finite_numbers",
        "数でない",
        lambda d: d.cell("metrics")["outputs"][0]["data"]["application/json"].update(
            name="良い"
        ),
    ),
    (
        "metrics_are_finite_numbers",
        "有限でない",
        lambda d: d.cell("metrics")["outputs"][0]["data"]["application/json"].update(
            test_accuracy=float("nan")
        ),
    ),
    (
        "metrics_are_finite_numbers",
        "読める表がない",
        lambda d: d.cell("metrics")["outputs"][0]["data"].pop("text/html"),
    ),
    (
        "curriculum_parameters_are_declared",
        "宣言のない tiny",
        lambda d: d.entry["tiny"].update(batch_sise=4),
    ),
    (
        "curriculum_parameters_are_declared",
        "宣言のない control",
        lambda d: d.entry["control"]["parameters"].update(shuffle_labels=True),
    ),
    (
        "expected_metrics_are_printed",
        "出していない指標",
        lambda d: d.entry["expect"].update({"test_f1": [">= 0.5"]}),
    ),
    ("expected_metrics_are_printed", "基準がない", set_entry("expect", {})),
    (
        "summary_matches_curriculum",
        "基準が違う",
        lambda d: d.replace("summary", ">= 0.8", ">= 0.7"),
    ),
    (
        "summary_matches_curriculum",
        "参考値が違う",
        lambda d: d.replace("summary", "0.94", "0.95"),
    ),
    (
        "summary_matches_curriculum",
        "リテラルでない",
        lambda d: d.replace("summary", "references = {", "references = dict() or {"),
    ),
    (
        "training_is_compared_and_controlled",
        "差の基準がない",
        lambda d: (
            d.entry["expect"].pop("test_accuracy - majority_accuracy")
            and d.entry["control"].update(must_fail=["test_accuracy"])
        ),
    ),
    (
        "training_is_compared_and_controlled",
        "上限がない",
        lambda d: d.entry["expect"].update(test_accuracy=[">= 0.8"]),
    ),
    (
        "stored_metrics_meet_the_bounds",
        "基準に届かない",
        lambda d: d.cell("metrics")["outputs"][0]["data"]["application/json"].update(
            test_accuracy=0.7
        ),
    ),
    ("training_is_compared_and_controlled", "対照がない", set_entry("control", None)),
    ("fits_free_colab", "長すぎる", set_entry("minutes_t4", 50)),
    ("fits_free_colab", "GPU メモリ", set_entry("gpu_gb", 15)),
    ("fits_free_colab", "ダウンロード", set_entry("download_gb", 11)),
    ("fits_free_colab", "ディスク", set_entry("disk_gb", 26)),
    ("fits_free_colab", "根拠の書き方", set_entry("estimate_basis", "たぶん")),
    ("fits_cpu_budget", "測っていない", set_entry("cpu_seconds_tiny", None)),
    ("fits_cpu_budget", "長すぎる", set_entry("cpu_seconds_tiny", 151)),
    (
        "parameters_are_commented_literals",
        "コメントがない",
        lambda d: d.replace("parameters", "  # 乱数の種", ""),
    ),
    (
        "parameters_are_commented_literals",
        "式",
        lambda d: d.replace("parameters", "= 42", "= 40 + int('2')"),
    ),
    (
        "parameters_are_commented_literals",
        "辞書",
        lambda d: d.replace("parameters", "= 42", "= {}"),
    ),
    (
        "parameters_are_commented_literals",
        "代入でない",
        lambda d: d.add_line("parameters", "import os  # 環境"),
    ),
    (
        "required_parameters",
        "seed がない",
        lambda d: d.replace("parameters", "seed = 42", "start = 42"),
    ),
    (
        "required_parameters",
        "resume がない",
        lambda d: d.replace("parameters", "resume", "restart"),
    ),
    (
        "required_parameters",
        "登録先の既定値",
        lambda d: d.replace("parameters", "hub_user = None", 'hub_user = "me"'),
    ),
    (
        "functions_are_typed_and_described",
        "引数の型",
        lambda d: d.replace("count", "text: str", "text"),
    ),
    (
        "functions_are_typed_and_described",
        "戻り値の型",
        lambda d: d.replace("count", " -> int", ""),
    ),
    (
        "functions_are_typed_and_described",
        "docstring がない",
        lambda d: d.replace("count", '"""文字数を数える。"""', "pass"),
    ),
    (
        "functions_are_typed_and_described",
        "日本語でない",
        lambda d: d.replace("count", "文字数を数える。", "Count letters."),
    ),
    (
        "no_cell_is_wholly_conditional",
        "まるごと if",
        lambda d: d.source("example-b", "if seed:\n    print(seed)"),
    ),
    *[
        ("no_forbidden_code", line, lambda d, line=line: d.add_line("count", line))
        for line in (
            "!pip install trl",
            "%pip install -q trl",
            "import pickle",
            "import getpass",
            "from tinyhub import catalog",
            "from chapter05 import models",
            "from langchain_community import llms",
            'key = input("鍵: ")',
            "notebook_login()",
            "weights = torch.load('weights.pt')",
            "model = load('x', trust_remote_code=True)",
            "values = np.load('x.npy', allow_pickle=True)",
            "args = make(evaluation_strategy='epoch')",
            "torch.cuda.is_bf16_supported()",
        )
    ],
    *[
        (
            "no_branch_on_where_it_runs",
            line,
            lambda d, line=line: d.add_line("count", line),
        )
        for line in (
            'in_ci = os.environ.get("CI")',
            'hub = os.environ["HF_ENDPOINT"]',
            'rows = 10 if "tiny" in model_id else 100',
            'rows = 10 if data_url.startswith("http://127.0.0.1") else 100',
        )
    ],
    (
        "explicit_training_arguments",
        "精度がない",
        lambda d: train_with(d, "    fp16=False,\n", ""),
    ),
    (
        "explicit_training_arguments",
        "記録先がある",
        lambda d: train_with(d, '"none"', '"wandb"'),
    ),
    (
        "explicit_dtype",
        "dtype がない",
        lambda d: d.replace("load", "    dtype=torch.float32,\n", ""),
    ),
    (
        "figures_have_a_japanese_font",
        "フォントがない",
        lambda d: d.add_line("count", "import matplotlib.pyplot as plt"),
    ),
    (
        "fixed_vocabulary",
        "別の呼び名",
        lambda d: d.add_line("count", "val_dataset = []"),
    ),
    (
        "checked_outputs_do_not_depend_on_training",
        "学習の後",
        lambda d: d.cell("train").__setitem__(
            "metadata", {"tags": ["nbval-check-output"]}
        ),
    ),
    (
        "checked_outputs_do_not_depend_on_training",
        "学習した値",
        lambda d: (
            d.move("example-m", -3),
            d.source("example-m", "print(test_accuracy)"),
        ),
    ),
    (
        "checked_outputs_do_not_depend_on_training",
        "学習したモデル",
        lambda d: (
            d.move("example-m", -3),
            d.source("example-m", "print(model.bias)"),
        ),
    ),
    (
        "checked_outputs_do_not_depend_on_training",
        "学習する関数",
        lambda d: (
            d.source(
                "example-b",
                "def fit(network: Net) -> float:\n    network.loss().backward()",
            ),
            d.source("example-c", "loss = fit(network)\nprint(loss)"),
        ),
    ),
    (
        "checked_outputs_do_not_depend_on_training",
        "時刻",
        lambda d: d.add_line("count", "print(time.perf_counter())"),
    ),
    (
        "checked_outputs_do_not_depend_on_training",
        "接続先",
        lambda d: d.add_line("count", "print(data_url)"),
    ),
    (
        "repeated_code_equals_its_source",
        "違う中身",
        lambda d: share(d, f"# 出典: {EARLIER}\n", change=True),
    ),
    (
        "repeated_code_equals_its_source",
        "ない出典",
        lambda d: d.source(
            "count",
            "# 出典: chapter05/5-0-none.ipynb\n" + "".join(d.cell("count")["source"]),
        ),
    ),
    (
        "repeated_code_equals_its_source",
        "定義に付いていない印",
        lambda d: d.add_line("count", f"# 出典: {EARLIER}"),
    ),
    (
        "repeated_code_names_its_source",
        "印がない",
        lambda d: share(d, ""),
    ),
]


def broken_rules(draft: Any) -> set[str]:
    """違反した約束の名前。"""
    return {violation.rule for violation in checks.check(draft.subject())}


def test_good_notebook_breaks_no_rule(draft: Any) -> None:
    """見本は、どの約束も破らない。"""
    assert [str(found) for found in checks.check(draft.subject())] == []


@pytest.mark.parametrize(
    ("rule", "change"),
    [(rule, change) for rule, _, change in PLANTED],
    ids=[f"{rule}-{name}" for rule, name, _ in PLANTED],
)
def test_planted_violation_is_reported(draft: Any, rule: str, change: Break) -> None:
    """植えた違反を、その約束が見つける。"""
    change(draft)

    assert rule in broken_rules(draft)


def test_every_rule_has_a_planted_violation() -> None:
    """どの約束にも、それを破る例がある。"""
    assert {rule for rule, _, _ in PLANTED} == set(checks.RULES)


def test_marked_copy_of_an_earlier_function_is_accepted(draft: Any) -> None:
    """出典の印の付いた、同じ定義は通る。docstring の中の印でもよい。"""
    share(draft, f"# 出典: {EARLIER}\n")

    assert broken_rules(draft) == set()


def test_syntax_error_is_reported_with_its_cell(draft: Any) -> None:
    """読めないセルは、セルの id を付けて知らせる。"""
    draft.source("count", "def broken(:")

    (violation,) = checks.check(draft.subject())

    assert "count" in violation.message


def test_model_train_mode_is_not_a_training(draft: Any) -> None:
    """model.train() と装置の選択だけでは、出力は左右されない。"""
    draft.add_line("count", "model.train()")
    draft.add_line("count", 'device = "cuda" if torch.cuda.is_available() else "cpu"')

    assert broken_rules(draft) == set()


def test_long_url_line_is_not_too_wide(draft: Any) -> None:
    """切れない URL のある行は、幅に数えない。"""
    draft.replace("parameters", "example.com/data", "example.com/" + "x" * 90)

    assert "no_wide_lines" not in broken_rules(draft)


def test_full_width_letters_quoted_as_examples_are_accepted(draft: Any) -> None:
    """例として引いた全角の文字は通る。"""
    draft.add_line("limits", "`\uff21\uff22` と「\uff11\uff12」を比べます。")

    assert "half_width_letters" not in broken_rules(draft)


def test_written_form_is_what_nbformat_writes(draft: Any) -> None:
    """決まった形は、nbformat が書く形と同じである。"""
    text = notebook_file.dumps(draft.data)
    notebook = nbformat.reads(text, as_version=4)

    assert nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n" == text


def test_command_refuses_an_unlisted_notebook() -> None:
    """curriculum にないノートブックを調べようとすると、そう知らせる。"""
    found = CliRunner().invoke(app, ["chapter05/no-such.ipynb"])

    assert found.exit_code == 2
    assert "no-such" in found.output


def test_checks_do_not_need_torch() -> None:
    """静的な検査は、重いライブラリを読み込まない。"""
    program = "import sys, misc.checks, misc.generate; print('torch' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    found = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout.strip() == "False"
