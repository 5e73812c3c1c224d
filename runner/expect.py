"""expect の式を指標の値で計算し、基準と比べる。

式は Python の構文木を辿って計算する。eval は使わず、指標名・数値・四則・abs・min・max
だけを受け付ける。
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence

from pydantic import BaseModel

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}


class ExpectError(ValueError):
    """式が計算できない。"""


class Expectation(BaseModel):
    """1 つの式の結果。"""

    bound: str
    value: float | None
    ok: bool
    message: str | None = None
    """計算できなかったときの理由。"""


def evaluate(expression: str, metrics: Mapping[str, float]) -> float:
    """式の値を返す。指標がない、0 で割る、有限でないときは ExpectError。"""
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError as error:
        raise ExpectError(f"式として読めません: {expression!r}") from error
    try:
        value = _value(tree.body, metrics)
    except ZeroDivisionError as error:
        raise ExpectError(f"0 で割りました: {expression}") from error
    except OverflowError as error:
        raise ExpectError(f"値が大きすぎます: {expression}") from error
    if not math.isfinite(value):
        raise ExpectError(f"値が有限ではありません: {expression} = {value}")
    return value


def _value(node: ast.expr, metrics: Mapping[str, float]) -> float:
    """構文木 1 節の値。"""
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            if name not in metrics:
                known = "、".join(sorted(metrics)) or "なし"
                raise ExpectError(
                    f"指標 {name} が metrics セルに出ていません (出ている指標: {known})"
                )
            return metrics[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, metrics)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left, metrics), _value(right, metrics))
        case ast.Call(func=ast.Name(id="abs"), args=[argument], keywords=[]):
            return abs(_value(argument, metrics))
        case ast.Call(
            func=ast.Name(id="min" | "max" as name), args=[_, *_] as items, keywords=[]
        ):
            values = [_value(item, metrics) for item in items]
            return min(values) if name == "min" else max(values)
        case _:
            pass
    raise ExpectError(
        f"expect では使えない書き方です: {ast.unparse(node)} "
        "(指標名・数値・+ - * /・abs・min・max だけが使えます)"
    )


def holds(value: float, bound: str) -> bool:
    """`>= 0.88` のような 1 つの基準を満たすか。"""
    sign, _, limit = bound.partition(" ")
    if sign not in _COMPARISONS:
        raise ExpectError(f"基準は「>= 0.88」のように書きます: {bound!r}")
    try:
        number = float(limit)
    except ValueError as error:
        raise ExpectError(f"基準は「>= 0.88」のように書きます: {bound!r}") from error
    return _COMPARISONS[sign](value, number)


def check(
    expression: str, bounds: Sequence[str], metrics: Mapping[str, float]
) -> Expectation:
    """1 つの式を、すべての基準と比べる。"""
    text = " かつ ".join(bounds)
    try:
        value = evaluate(expression, metrics)
        ok = all(holds(value, bound) for bound in bounds)
    except ExpectError as error:
        return Expectation(bound=text, value=None, ok=False, message=str(error))
    return Expectation(bound=text, value=value, ok=ok)


def check_all(
    expect: Mapping[str, Sequence[str]], metrics: Mapping[str, float]
) -> dict[str, Expectation]:
    """ノートブック 1 冊分の expect を調べる。"""
    return {
        expression: check(expression, bounds, metrics)
        for expression, bounds in expect.items()
    }
