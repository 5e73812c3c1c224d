"""約束をすべて満たす小さなノートブック。検査の検査は、これを 1 か所だけ壊して使う。"""

from __future__ import annotations

import copy
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from misc import notebook_file
from misc.checks import Subject
from misc.checks.structure import BASE_METADATA, GPU_METADATA, INSTALL, PARAMETER_TABLE
from misc.generate import tables
from misc.notebook_file import NotebookFile
from runner.curriculum import Notebook

PATH = "chapter05/5-9-sample.ipynb"

ENTRY: dict[str, Any] = {
    "id": "5-9",
    "path": PATH,
    "title": "見本",
    "section": "5.9",
    "status": "ready",
    "colab_gpu": "T4",
    "minutes_t4": 6,
    "gpu_gb": 4,
    "disk_gb": 5,
    "download_gb": 0.5,
    "estimate_basis": "見積もり: 演算量から計算",
    "cpu_seconds_tiny": 20,
    "datasets": [{"id": "llm-book/sample", "rows": "100 件", "tiny": "10 件"}],
    "models": [{"id": "llm-book/sample-model", "params": "111 M", "tiny": "1 M"}],
    "colab_packages": ["fugashi", "unidic-lite"],
    "trains": True,
    "tiny": {"num_train_epochs": 1, "data_url": "{hub}/raw/example.com/data.json"},
    "control": {
        "parameters": {"learning_rate": 0.0},
        "must_fail": ["test_accuracy - majority_accuracy"],
    },
    "expect": {
        "test_accuracy": [">= 0.8", "< 1.0"],
        "test_accuracy - majority_accuracy": [">= 0.1"],
    },
    "reference": {"test_accuracy": {"value": 0.94, "source": "出典"}},
}

PARAMETERS = """\
model_id = "llm-book/sample-model"  # 事前学習済みモデル
data_url = "https://example.com/data.json"  # データの場所
num_train_epochs = 3  # 訓練の周回数
learning_rate = 2e-5  # 学習率
seed = 42  # 乱数の種
output_dir = "outputs/5-9"  # 結果の置き場所
save_to_drive = False  # Google ドライブに保存するか
hub_user = None  # 登録先の利用者名
resume = False  # 途中から続けるか"""

DRIVE = """\
if save_to_drive:
    from google.colab import drive

    drive.mount("/content/drive")
    output_dir = f"/content/drive/MyDrive/llm-book/{output_dir}"
    print(output_dir)"""

ENVIRONMENT = """\
import torch
from transformers import AutoModelForSequenceClassification, Trainer
from transformers import TrainingArguments

print(torch.__version__)"""

LOAD = """\
model = AutoModelForSequenceClassification.from_pretrained(
    model_id,
    dtype=torch.float32,
)
print(model_id)"""

COUNT = """\
def count_letters(text: str) -> int:
    \"\"\"文字数を数える。\"\"\"
    return len(text)


print(count_letters("見本"))"""

TRAIN = """\
training_args = TrainingArguments(
    output_dir=output_dir,
    num_train_epochs=num_train_epochs,
    learning_rate=learning_rate,
    bf16=False,
    fp16=False,
    report_to="none",
    save_total_limit=2,
    seed=seed,
)
trainer = Trainer(model=model, args=training_args)
trainer.train()
test_accuracy = trainer.evaluate()["eval_accuracy"]"""

FILLER = """\
# 何番目の例かを確かめる
example_{0:02} = {0}
doubled_{0:02} = 2 * example_{0:02}
print(doubled_{0:02})"""

SUMMARY = """\
expected = {
    "test_accuracy": ">= 0.8 かつ < 1.0",
    "test_accuracy - majority_accuracy": ">= 0.1",
}
references = {"test_accuracy": "0.94(出典)"}
pd.DataFrame({"ミニ環境の基準": expected, "参考値": references})"""

METRICS = """\
metrics = {"test_accuracy": test_accuracy, "majority_accuracy": 0.5}
display(
    {"application/json": metrics, "text/plain": "…", "text/html": "…"},
    raw=True,
)"""

PROSE = (
    "この節では、直前の結果のどこを見ればよいか、値が大きいときと小さいときに何を疑うかを、"
    "順に説明します。まず全体の傾向を見て、次に例外を探し、最後に理由を考えます。"
)
HINT = "- 問い\n<details><summary>ヒント</summary>\n\n手がかり\n\n</details>\n"


def markdown(cell_id: str, source: str) -> dict[str, Any]:
    """説明のセル。"""
    return {
        "cell_type": "markdown",
        "id": cell_id,
        "metadata": {},
        "source": notebook_file.lines(source),
    }


def code(
    cell_id: str, source: str, text: str | None = None, *tags: str
) -> dict[str, Any]:
    """実行済みのコードセル。text は標準出力。"""
    outputs = []
    if text is not None:
        outputs = [{"name": "stdout", "output_type": "stream", "text": [text]}]
    return {
        "cell_type": "code",
        "execution_count": 0,
        "id": cell_id,
        "metadata": {"tags": list(tags)} if tags else {},
        "outputs": outputs,
        "source": notebook_file.lines(source),
    }


def cells(entry: Notebook) -> list[dict[str, Any]]:
    """見本のセル。"""
    fillers: list[dict[str, Any]] = []
    for number in range(1, 13):
        name = f"example-{chr(ord('a') + number)}"
        fillers += [
            markdown(f"{name}-intro", f"## 例 {number}\n\n{PROSE}"),
            code(name, FILLER.format(number), f"{2 * number}\n", "nbval-check-output"),
        ]
    metrics = code("metrics", METRICS, None, "metrics")
    metrics["outputs"] = [
        {
            "data": {
                "application/json": {
                    "majority_accuracy": 0.5,
                    "test_accuracy": 0.8765,
                },
                "text/html": ["<table></table>"],
                "text/plain": ["test_accuracy: 0.8765"],
            },
            "metadata": {},
            "output_type": "display_data",
        }
    ]
    made = [
        markdown("title", f"# 5.9 見本\n\n見本です。\n\n{tables.badge(entry)}"),
        markdown("box", "<!-- box -->"),
        markdown("goals", "## 学習目標\n\n- 一\n- 二\n- 三\n\n## 前提\n\n- なし"),
        code("install", INSTALL.format(packages="fugashi unidic-lite")),
        code("parameters", PARAMETERS, None, "parameters"),
        code("parameter-table", PARAMETER_TABLE, "表\n"),
        code("drive", DRIVE),
        markdown("environment-intro", PROSE),
        code("environment", ENVIRONMENT, "2.13.0\n"),
        markdown("load-intro", PROSE),
        code("load", LOAD, "llm-book/sample-model\n"),
        markdown("count-intro", PROSE),
        code("count", COUNT, "2\n", "nbval-check-output"),
        *fillers,
        markdown("train-intro", PROSE),
        code("train", TRAIN),
        markdown("summary-intro", "## まとめ\n\n表に値を並べます。"),
        code("summary", SUMMARY, "表\n", "summary"),
        markdown("limits", "### 限界\n\n見本です。"),
        markdown("exercises", "## 演習\n\n" + HINT * 3),
        metrics,
    ]
    number = 0
    for cell in made:
        if cell["cell_type"] == "code":
            number += 1
            cell["execution_count"] = number
    return made


class Draft:
    """書き換えてから検査にかける見本。"""

    def __init__(self) -> None:
        self.entry = copy.deepcopy(ENTRY)
        self.path = PATH
        self.data: dict[str, Any] = {
            "cells": cells(Notebook.model_validate(self.entry)),
            "metadata": {**BASE_METADATA, **GPU_METADATA},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        self.suffix = ""
        """ファイルの末尾に足す文字。書き方の検査に使う。"""
        self.others: dict[str, NotebookFile] = {}

    def cell(self, cell_id: str) -> dict[str, Any]:
        """id でセルを取り出す。"""
        return next(cell for cell in self.data["cells"] if cell["id"] == cell_id)

    def source(self, cell_id: str, source: str) -> None:
        """セルの中身を入れ替える。"""
        self.cell(cell_id)["source"] = notebook_file.lines(source)

    def replace(self, cell_id: str, old: str, new: str) -> None:
        """セルの中身の一部を書き換える。"""
        source = "".join(self.cell(cell_id)["source"])
        assert old in source, f"{cell_id} に {old!r} がありません"
        self.source(cell_id, source.replace(old, new))

    def add_line(self, cell_id: str, line: str) -> None:
        """セルの末尾に 1 行を足す。"""
        self.source(cell_id, "".join(self.cell(cell_id)["source"]) + "\n" + line)

    def remove(self, cell_id: str) -> None:
        """セルを除く。"""
        self.data["cells"].remove(self.cell(cell_id))

    def move(self, cell_id: str, place: int) -> None:
        """セルを別の場所へ移す。"""
        cell = self.cell(cell_id)
        self.data["cells"].remove(cell)
        self.data["cells"].insert(place, cell)

    def output(self, cell_id: str, text: str) -> None:
        """セルの出力を標準出力 1 つにする。"""
        self.cell(cell_id)["outputs"] = code("x", "", text)["outputs"]

    def file(self) -> NotebookFile:
        """読み込んだのと同じ形。"""
        text = notebook_file.dumps(self.data) + self.suffix
        return NotebookFile(PurePosixPath(self.path), self.data, text)

    def subject(self) -> Subject:
        """検査にかける形。"""
        file = self.file()
        return Subject(
            file,
            Notebook.model_validate(self.entry),
            {**self.others, self.path: file},
        )


@pytest.fixture
def draft() -> Draft:
    """約束をすべて満たす見本。"""
    return Draft()


@pytest.fixture(scope="session")
def root() -> Path:
    """リポジトリの根。"""
    return Path(__file__).resolve().parents[2]
