"""シミュレータへの要求の本文の読み方。値の型を確かめ、知らない名前を断る。"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from tinyhub.openai.completion import Format, Message
from tinyhub.openai.errors import ApiError, invalid, unsupported

_ROLES = frozenset({"system", "developer", "user", "assistant"})
_TOOLS = ("tools", "tool_choice", "functions", "function_call", "web_search_options")
_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})


def check_names(body: Mapping[str, Any], known: Collection[str]) -> None:
    """知らない名前と、シミュレータにない機能を断る。"""
    for name, value in body.items():
        if name in _TOOLS:
            # 空の tools や tool_choice="none" は、使わないという意味である。
            if value not in (None, [], "none", "auto"):
                raise unsupported(name, f"道具の呼び出し ({name}) はできません。")
        elif name not in known:
            raise ApiError(
                400,
                f"シミュレータ: 知らない引数です: {name}",
                "unknown_parameter",
                name,
            )


def number(body: Mapping[str, Any], name: str, low: float, high: float) -> float | None:
    """範囲の中の数。省かれていれば None。"""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(name, f"{name} は数にしてください。")
    if not low <= value <= high:
        raise invalid(name, f"{name} は {low:g} から {high:g} までにしてください。")
    return value


def whole(body: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    """範囲の中の整数。省かれていれば None。"""
    value = number(body, name, low, high)
    if value is None or isinstance(value, int):
        return value
    raise invalid(name, f"{name} は整数にしてください。")


def flag(body: Mapping[str, Any], name: str) -> bool:
    """真偽値。省かれていれば偽。"""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid(name, f"{name} は true か false にしてください。")
    return bool(value)


def table(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """JSON のオブジェクト。省かれていれば空。"""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise invalid(name, f"{name} は JSON のオブジェクトにしてください。")
    return value or {}


def stops(body: Mapping[str, Any]) -> tuple[str, ...]:
    """打ち切る文字列。"""
    given = body.get("stop")
    found = [given] if isinstance(given, str) else given or []
    strings = isinstance(found, list) and all(isinstance(s, str) and s for s in found)
    if not strings or len(found) > 4:
        raise invalid("stop", "stop は空でない文字列 4 個までにしてください。")
    return tuple(found)


def messages(given: Any, param: str) -> tuple[Message, ...]:
    """会話。"""
    if not isinstance(given, list) or not given:
        raise invalid(param, f"{param} は空でない並びにしてください。")
    return tuple(
        _message(item, f"{param}[{place}]") for place, item in enumerate(given)
    )


def _message(item: Any, where: str) -> Message:
    if not isinstance(item, dict) or item.get("role") not in _ROLES:
        raise invalid(where, f"role は {'、'.join(sorted(_ROLES))} のどれかです。")
    return Message(item["role"], _text(item.get("content"), where))


def _text(content: Any, where: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise invalid(where, "content は文字列か、部分の並びにしてください。")
    texts = []
    for part in content:
        if not isinstance(part, dict) or part.get("type") not in _TEXT_PARTS:
            raise unsupported(where, "文章でない部分 (画像や音声) は読めません。")
        texts.append(str(part.get("text", "")))
    return "\n".join(texts)


def output_format(given: Any, where: str) -> Format:
    """出力の形。given は response_format か text.format。"""
    if given is None:
        return Format()
    kind = given.get("type") if isinstance(given, dict) else None
    if kind == "text":
        return Format()
    if kind == "json_object":
        return Format(json=True)
    if kind != "json_schema":
        raise invalid(where, "type は text、json_object、json_schema のどれかです。")
    # chat は json_schema の中に、responses は同じ段に、name と schema を書く。
    inner = given.get("json_schema", given)
    schema = inner.get("schema") if isinstance(inner, dict) else None
    if not isinstance(schema, dict) or not isinstance(inner.get("name"), str):
        raise invalid(where, "json_schema には name と schema が要ります。")
    return Format(json=True, schema=schema)
