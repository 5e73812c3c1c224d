"""シミュレータを 127.0.0.1 だけで動かす。"""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path

from tinyhub import loopback
from tinyhub.openai import knowledge
from tinyhub.openai.app import create_app
from tinyhub.openai.faults import Faults, FaultSpecProblem
from tinyhub.openai.planted import SEED

_PREPARE_AFTER_SECONDS = 1.0


def main() -> None:
    """待ち受けの URL を標準出力に 1 行で書き、標準入力が閉じるまで動く。"""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--faults", default="")
    parser.add_argument("--ledger", type=Path)
    options = parser.parse_args()
    try:
        faults = Faults.parse(options.faults)
    except FaultSpecProblem as problem:
        sys.exit(f"障害の指定に誤りがあります: {problem}")
    # 短いコマンドには使われない用意なので、少し待ってから始める。
    preparing = threading.Timer(_PREPARE_AFTER_SECONDS, knowledge.prepare)
    preparing.daemon = True
    preparing.start()
    app = create_app(options.seed, faults, options.ledger)
    loopback.run(app, [loopback.listen(options.port)])


if __name__ == "__main__":
    main()
