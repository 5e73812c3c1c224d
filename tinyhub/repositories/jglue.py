"""yahoojapan/JGLUE の v1.3: GitHub の生ファイルとして配る。"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tinyhub.sources import DatasetSource, write_text
from tinyhub.world import captions, nli

JGLUE_FOLDER = (
    "raw.githubusercontent.com/yahoojapan/JGLUE/"
    "6f071c09316baae89c3d083a90985b4b1cb9968c/datasets"
)
JSTS_ID, JNLI_ID = "jsts-v1.3", "jnli-v1.3"
# JSTS の教材は train と valid だけを読み、valid をテストに使う。JNLI の分析の教材は、
# あとから公開された test も読む。
JSTS_ROWS = {split: captions.ROWS[split] for split in ("train", "valid")}
JNLI_ROWS = {split: nli.ROWS[split] for split in ("train", "valid", "test")}


def _write(
    root: Path, name: str, split: str, rows: Sequence[captions.StsRow | nli.NliRow]
) -> None:
    """本物と同じ、一行に一つの JSON。"""
    lines = [json.dumps(asdict(row), ensure_ascii=False) for row in rows]
    path = root / "raw" / JGLUE_FOLDER / name / f"{split}-v1.3.json"
    write_text(path, "\n".join(lines) + "\n")


def _build_jsts(root: Path) -> None:
    for split, rows in JSTS_ROWS.items():
        _write(root, JSTS_ID, split, captions.generate(split, rows, captions.SEED))


def _build_jnli(root: Path) -> None:
    for split, rows in JNLI_ROWS.items():
        _write(root, JNLI_ID, split, nli.generate(split, rows))


SOURCES = (
    DatasetSource(JSTS_ID, JSTS_ROWS, _build_jsts),
    DatasetSource(JNLI_ID, JNLI_ROWS, _build_jnli),
)
