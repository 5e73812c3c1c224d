"""ノートブックの冒頭の枠。読者の実行と、保存された出力の違いを示す。"""

from __future__ import annotations

import copy
import os
import re
from pathlib import Path
from typing import Any

from misc import notebook_file
from misc.generate import tables
from runner.curriculum import Notebook

BOX_ID = "box"
MAX_VALUE = 60
_BADGE_LINE = re.compile(r"^\[!\[Open In Colab\]\(.*\)\]\(.*\)$", re.MULTILINE)


def render(root: Path, notebook: Notebook, by_id: dict[str, Notebook]) -> str:
    """枠とバッジを入れ直したノートブックの中身を返す。"""
    file = notebook_file.read(root, notebook.path)
    data = copy.deepcopy(file.data)
    for cell in data["cells"]:
        if cell.get("id") == BOX_ID:
            text = box(notebook, file.parameters(), by_id)
            cell["source"] = notebook_file.lines(text)
        elif cell.get("id") == "title":
            source = notebook_file.joined(cell["source"])
            fixed = _BADGE_LINE.sub(lambda _: tables.badge(notebook), source)
            cell["source"] = notebook_file.lines(fixed)
    return notebook_file.dumps(data)


def box(
    notebook: Notebook, defaults: dict[str, Any], by_id: dict[str, Notebook]
) -> str:
    """枠の Markdown。"""
    rows = [
        "| | 既定値で実行したとき | いま保存されている出力 |",
        "|---|---|---|",
        *_models(notebook),
        *_datasets(notebook),
        _machine(notebook),
        _meaning(notebook),
    ]
    return "\n".join(
        [*rows, "", *_needs(notebook, by_id), "", *_changed(notebook, defaults)]
    )


def _tiny_size(use_id: str, written: str | None) -> str:
    """ミニ環境での大きさ。書かれていなければ tinyhub の目録から取る。"""
    if written is not None:
        return written
    # 目録を読むのは必要なときだけ (README の表だけなら要らない)。
    from tinyhub import catalog

    return catalog.describe(use_id).replace(" パラメータ", "")


def _models(notebook: Notebook) -> list[str]:
    """モデルの行。"""
    if not notebook.models:
        return []
    real = "<br>".join(f"{model.id} ({model.params})" for model in notebook.models)
    tiny = "<br>".join(
        f"**{model.tiny}**"
        if model.tiny is not None
        else f"**同じ名前の練習用小型モデル ({_tiny_size(model.id, None)})**"
        for model in notebook.models
    )
    return [f"| モデル | {real} | {tiny} |"]


def _datasets(notebook: Notebook) -> list[str]:
    """データの行。"""
    if not notebook.datasets:
        return []
    real = "<br>".join(
        f"{dataset.name or dataset.id} {dataset.rows}" for dataset in notebook.datasets
    )
    tiny = "<br>".join(
        f"**{_artificial(_tiny_size(dataset.id, dataset.tiny))}**"
        for dataset in notebook.datasets
    )
    return [f"| データ | {real} | {tiny} |"]


def _artificial(size: str) -> str:
    """件数の前に、人工データであることを書く。"""
    return size if size.startswith("人工データ") else f"人工データ {size}"


def _machine(notebook: Notebook) -> str:
    """環境・時間・GPU メモリの行。"""
    estimate = "(見積もり)" if notebook.is_estimate else ""
    time = f"約 {tables.minutes(notebook.minutes_t4)} 分{estimate}"
    if notebook.colab_gpu:
        real = f"Colab {notebook.colab_gpu}・{time}・{notebook.gpu_gb:g} GB{estimate}"
    else:
        real = f"Colab CPU・{time}・GPU は使いません"
    seconds = (
        "時間は計測前"
        if notebook.cpu_seconds_tiny is None
        else f"{notebook.cpu_seconds_tiny:.0f} 秒"
    )
    return f"| 環境・時間・GPU メモリ | {real} | CPU 2 コア・{seconds} |"


def _meaning(notebook: Notebook) -> str:
    """値の意味の行。"""
    if notebook.models or notebook.datasets:
        real = "参考値は「まとめ」の表"
        tiny = "**動作と学習の確認用。実モデルの性能ではありません**"
    else:
        real = "計算した値はどこで動かしても同じ。秒数は機械による"
        if notebook.trains:
            real = "検算はどこでも同じ値。訓練の結果は小数第 2〜3 位が動く"
        tiny = (
            "**既定値で実行したときと同じ設定の値**"
            if not notebook.tiny
            else "**動作の確認用**"
        )
    return f"| 値の意味 | {real} | {tiny} |"


def _needs(notebook: Notebook, by_id: dict[str, Notebook]) -> list[str]:
    """鍵、先に動かすもの、容量。"""
    estimate = f"({notebook.estimate_basis})" if notebook.estimate_basis else ""
    return [
        f"- **必要な鍵**: {'、'.join(notebook.needs_key) or 'なし'}",
        f"- **先に動かすノートブック**: {_before(notebook, by_id)}",
        f"- **ダウンロードと空きディスク**: {notebook.download_gb:g} GB と"
        f" {notebook.disk_gb:g} GB{estimate}",
    ]


def _before(notebook: Notebook, by_id: dict[str, Notebook]) -> str:
    """保存された出力が前提にするノートブック。既定値では公開モデルを使う。"""
    if not notebook.depends_on:
        return "なし"
    here = Path(notebook.path).parent
    links = "、".join(
        f"[{by_id[name].section} {by_id[name].title}]"
        f"({os.path.relpath(by_id[name].path, here)})"
        for name in notebook.depends_on
    )
    return (
        f"既定値では不要(公開済みのモデルを使います)。保存されている出力は {links} の後"
    )


def _changed(notebook: Notebook, defaults: dict[str, Any]) -> list[str]:
    """既定値から変えたパラメータを折りたたんで並べる。"""
    changed = {
        name: value
        for name, value in notebook.tiny.items()
        if name not in defaults or defaults[name] != value
    }
    if not changed:
        return ["保存されている出力は、すべてのパラメータが既定値のときのものです。"]
    lines = [
        "<details><summary>保存されている出力で既定値から変えたパラメータ "
        f"({len(changed)} 個)</summary>",
        "",
        "| パラメータ | 既定値 | 保存されている出力での値 |",
        "|---|---|---|",
    ]
    for name, value in changed.items():
        default = _value(defaults[name]) if name in defaults else "(宣言なし)"
        lines.append(f"| `{name}` | {default} | {_value(value)} |")
    if any("{hub}" in str(value) for value in changed.values()):
        lines += ["", "`{hub}` はミニ環境の Hub のアドレスです。"]
    if any("{openai}" in str(value) for value in changed.values()):
        lines += [
            "",
            "`{openai}` は、ミニ環境の OpenAI 互換シミュレータ"
            "(言語モデルではありません)のアドレスです。",
        ]
    return [*lines, "", "</details>"]


def _value(value: Any) -> str:
    """パラメータの値の書き方。"""
    if isinstance(value, str) and value.startswith("{sha256:"):
        return "ミニ環境のファイルの SHA-256"
    text = repr(value).replace("|", "\\|")
    if len(text) > MAX_VALUE:
        # 長い URL は、違いの出る両端だけを見せる。全体はパラメータのセルにある。
        text = f"{text[: MAX_VALUE // 2]}…{text[-MAX_VALUE // 2 :]}"
    return f"`{text}`"
