"""yahoojapan/JGLUE の v1.3: GitHub の生ファイルとして配る。"""

import json
from dataclasses import asdict
from pathlib import Path

from tinyhub.sources import DatasetSource, write_text
from tinyhub.world import captions

JGLUE_ID = "yahoojapan/JGLUE"
JGLUE_FOLDER = (
    "raw.githubusercontent.com/yahoojapan/JGLUE/"
    "6f071c09316baae89c3d083a90985b4b1cb9968c/datasets"
)
JSTS_FOLDER = f"{JGLUE_FOLDER}/jsts-v1.3"
JSTS_ROWS = {"train": 5000, "valid": 1000}
JSTS_SEED = 2023


def _build_jsts(root: Path) -> None:
    for split, rows in JSTS_ROWS.items():
        lines = [
            json.dumps(asdict(row), ensure_ascii=False)
            for row in captions.generate(split, rows, JSTS_SEED)
        ]
        path = root / "raw" / JSTS_FOLDER / f"{split}-v1.3.json"
        write_text(path, "\n".join(lines) + "\n")


SOURCES = (DatasetSource(JGLUE_ID, JSTS_ROWS, _build_jsts),)
