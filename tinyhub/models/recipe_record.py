"""重みの隣に置くレシピの記録 (recipe.json) の読み書き。"""

from __future__ import annotations

import json
import time
from pathlib import Path

import torch


class Stopwatch:
    """作ったときから測り始める、壁時計と CPU の秒。"""

    def __init__(self) -> None:
        self._wall, self._cpu = time.time(), time.process_time()

    def seconds(self) -> dict[str, int]:
        """この実行にかかった秒。再開した学習では、再開してからの秒になる。"""
        return {
            "seconds_of_last_run": round(time.time() - self._wall),
            "cpu_seconds_of_last_run": round(time.process_time() - self._cpu),
        }


def write_record(
    folder: Path,
    *,
    recipe: dict[str, object],
    fingerprint: str,
    model: torch.nn.Module,
    vocab_size: int,
    documents: dict[str, int],
    figures: dict[str, float],
) -> None:
    """何から、どの数で、どこまで学習したか。documents は出どころごとの件数。"""
    record = {
        "recipe": recipe,
        "hash": fingerprint,
        "parameters": sum(p.numel() for p in model.parameters()),
        "vocab_size": vocab_size,
        "saw": {name: {"documents": count} for name, count in documents.items()},
        "final": {name: round(value, 4) for name, value in figures.items()},
        "machine": f"CPU, torch {torch.__version__}, {torch.get_num_threads()} threads",
    }
    text = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
    (folder / "recipe.json").write_text(text, encoding="utf-8")


def size_note(model: torch.nn.Module, recipe_name: str) -> str:
    """設定ファイルの tinyhub 欄に書く、大きさとレシピの名前。"""
    parameters = sum(p.numel() for p in model.parameters())
    return f"{parameters / 1e6:.2f}M params, recipe {recipe_name}"


def has_weights_of(folder: Path, fingerprint: str) -> bool:
    """folder の重みが、その指紋のレシピから作られたものか。"""
    record = folder / "recipe.json"
    if not (record.exists() and (folder / "model.safetensors").exists()):
        return False
    return json.loads(record.read_text(encoding="utf-8"))["hash"] == fingerprint
