"""実行済みノートブックを HTML にする。"""

from __future__ import annotations

import threading
from pathlib import Path

# 変換器は重いので 1 つを使い回す。並んで終わったノートブックは 1 冊ずつ変換する。
_LOCK = threading.Lock()


def export_html(source: Path, target: Path) -> None:
    """外部のファイルを読まない HTML を書く (数式は TeX のまま表示される)。"""
    # nbconvert の読み込みは遅いので、使うときだけ読む。
    from nbconvert import HTMLExporter

    with _LOCK:
        exporter = HTMLExporter(
            embed_images=True,
            language_code="ja",
            mathjax_url="",
            require_js_url="",
            jquery_url="",
            theme="light",
        )
        body, _ = exporter.from_filename(str(source))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(body, encoding="utf-8")
