"""指示に従った出力かどうかを、形まで含めて確かめる。

人の手も言語モデルも要らない指示だけを集めてあるので、出力の文字列だけで判定できる。
説明を書き足した出力は、答えが合っていても「従った」とは数えない。
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

_SEPARATORS = re.compile(r"[、,・\s]+")


def normalise(text: str) -> str:
    """全角と半角の違い、前後の空白、文末の句点をそろえる。"""
    return unicodedata.normalize("NFKC", text).strip().removesuffix("。").strip()


def _as_json(text: str) -> Any:
    """JSON として読む。読めなければ None。"""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def check(row: Mapping[str, Any], output: str) -> bool:
    """row の指示どおりの出力なら True。row には check と answer の列が要る。

    exact は文字列、list は区切りの記号によらない並び、json は JSON の値を比べる。
    """
    expected, given = normalise(row["answer"]), normalise(output)
    if row["check"] == "exact":
        return given == expected
    if row["check"] == "list":
        return _SEPARATORS.split(given) == _SEPARATORS.split(expected)
    if row["check"] == "json":
        return _as_json(given) == json.loads(expected)
    raise ValueError(f"check の種類が分かりません: {row['check']}")
