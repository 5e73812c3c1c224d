"""Hub のサーバーを 127.0.0.1 だけで動かす。"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tinyhub import loopback
from tinyhub.hub import create_app


def main() -> None:
    """待ち受けの URL を標準出力に 1 行で書き、標準入力が閉じるまで動く。"""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--overlay", type=Path)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    for folder in (options.root, options.overlay):
        if folder is not None and not folder.is_dir():
            sys.exit(f"フォルダがありません: {folder}")
    options.state.mkdir(parents=True, exist_ok=True)
    app = create_app(options.root, options.state, options.overlay)
    # datasets は HF_ENDPOINT で始まる URL をすべて Hub のリポジトリと見なすので、
    # raw のファイルは別のポートの URL で配る (どちらでも同じものを返す)。
    hub = loopback.listen(options.port)
    raw = loopback.listen(options.port + 1 if options.port else 0)
    loopback.run(app, [hub, raw])


if __name__ == "__main__":
    main()
