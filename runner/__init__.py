"""ノートブックを実行し、結果を調べる。"""

import sys

# jsonschema は IRI の検査のためだけに、この構文解析器を読み込む (毎回 1 秒以上)。
# ノートブックの検証では使わないので、なかったことにする。
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
