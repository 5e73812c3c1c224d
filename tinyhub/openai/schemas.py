"""シミュレータが、JSON Schema に合う値を作る (structured outputs)。"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_VERDICT = re.compile(
    "verdict|winner|judg|prefer|better|choice|勝|判定|優", re.IGNORECASE
)
_SCORE = re.compile("score|rating|grade|point|点|評価", re.IGNORECASE)
_SAFE = re.compile("safe|安全", re.IGNORECASE)
_HARM = re.compile("harm|unsafe|危険|有害", re.IGNORECASE)
_REASON = re.compile("reason|explan|rationale|comment|理由|説明|根拠", re.IGNORECASE)
_DEPTH = 12
_MOST_VALUES = 1_000


class SchemaProblem(ValueError):
    """この型には、値を作れない。"""


@dataclass(frozen=True)
class Content:
    """値に入れる中身。side は比較の判定 (0 が先、1 が後、2 が引き分け)。"""

    answer: str
    reason: str
    side: int | None = None
    score: int | None = None
    safe: bool | None = None


def wants_safety(schema: Mapping[str, Any]) -> bool:
    """安全かどうかを入れる項目があるか。"""
    return any(_SAFE.search(n) or _HARM.search(n) for n in _names(schema, 0))


def wants_verdict(schema: Mapping[str, Any]) -> bool:
    """判定や点を入れる項目があるか。"""
    pattern = (_VERDICT, _SCORE, _SAFE, _HARM)
    names = _names(schema, 0)
    return any(kind.search(name) for name in names for kind in pattern)


def _names(schema: Any, depth: int) -> list[str]:
    if depth > _DEPTH or not isinstance(schema, Mapping):
        return []
    own = schema.get("properties")
    names: list[str] = []
    for name, inner in own.items() if isinstance(own, Mapping) else ():
        names += [str(name), *_names(inner, depth + 1)]
    defined = schema.get("$defs")
    for inner in defined.values() if isinstance(defined, Mapping) else ():
        names += _names(inner, depth + 1)
    return names


def fill(schema: Mapping[str, Any], content: Content) -> Any:
    """schema に合う値。"""
    return _Filler(schema, content).fill(schema, "", 0)


@dataclass
class _Filler:
    """値を作る途中。left は、あと何個の値を作ってよいか。"""

    root: Mapping[str, Any]
    content: Content
    left: int = _MOST_VALUES

    def fill(self, schema: Any, name: str, depth: int) -> Any:
        """schema に合う値。name は、それを入れる項目の名前。"""
        self.left -= 1
        if not isinstance(schema, Mapping) or depth > _DEPTH or self.left < 0:
            raise SchemaProblem("型が読めないか、深すぎるか、大きすぎます。")
        if "$ref" in schema:
            return self.fill(_referred(self.root, schema["$ref"]), name, depth + 1)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return _option(_checked(schema, "enum", list), name, self.content)
        for word in ("anyOf", "oneOf", "allOf"):
            if word in schema:
                every = _checked(schema, word, list)
                options = [item for item in every if not _null(item)]
                return self.fill(options[0], name, depth + 1) if options else None
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = next((item for item in kind if item != "null"), "null")
        if kind == "object":
            inner = schema.get("properties", {})
            if not isinstance(inner, Mapping):
                raise SchemaProblem("properties の書き方が正しくありません。")
            return {
                key: self.fill(value, str(key), depth + 1)
                for key, value in inner.items()
            }
        if kind == "array":
            size = _checked(schema, "minItems", int) if "minItems" in schema else 1
            item = schema.get("items", {"type": "string"})
            wanted = range(min(max(1, size), _MOST_VALUES))
            return [self.fill(item, name, depth + 1) for _ in wanted]
        return _scalar(kind, schema, name, self.content)


def _checked(schema: Mapping[str, Any], name: str, kind: Any) -> Any:
    """型を確かめた項目。"""
    value = schema.get(name)
    if not isinstance(value, kind):
        raise SchemaProblem(f"{name} の書き方が正しくありません。")
    return value


def _null(schema: object) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") == "null"


def _referred(root: Mapping[str, Any], where: object) -> Any:
    found: Any = root
    for part in str(where).removeprefix("#").strip("/").split("/"):
        if part:
            found = found.get(part) if isinstance(found, Mapping) else None
    if found is None:
        raise SchemaProblem(f"$ref の先がありません: {where}")
    return found


def _option(options: Sequence[Any], name: str, content: Content) -> Any:
    """選択肢から選ぶ。比較なら、先・後・引き分けの順に並んでいるとみなす。"""
    if not options:
        raise SchemaProblem("enum が空です。")
    if content.side is not None and len(options) >= 2:
        # 引き分けを選べない型では、先の方にする。
        return options[content.side if content.side < len(options) else 0]
    if content.safe is not None:
        for option in options:
            harmful = bool(_HARM.search(str(option)) or "安全でない" in str(option))
            if harmful != content.safe:
                return option
    if content.score is not None and content.score in options:
        return content.score
    return content.answer if content.answer in options else options[0]


def _scalar(kind: str, schema: Mapping[str, Any], name: str, content: Content) -> Any:
    if kind in ("integer", "number"):
        value = content.score if content.score is not None else 1
        if content.score is None and content.safe is not None:
            value = int(content.safe)
        if "minimum" in schema:
            value = max(value, _checked(schema, "minimum", int | float))
        if "maximum" in schema:
            value = min(value, _checked(schema, "maximum", int | float))
        return value
    if kind == "boolean":
        safe = True if content.safe is None else content.safe
        return not safe if _HARM.search(name) else safe
    if kind == "null":
        return None
    if kind != "string":
        raise SchemaProblem(f"知らない型です: {kind}")
    if _REASON.search(name):
        return content.reason
    if content.side is not None and _VERDICT.search(name):
        return ("A", "B", "C")[content.side]
    return content.answer
