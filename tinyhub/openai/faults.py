"""シミュレータが、頼まれた割合で起こす障害。

書き方は `429=0.1,500=0.05,timeout=0.05,malformed=0.05,empty=0.05` で、名前は次のもの。

- 400〜599 の番号: その番号のエラー (429 には Retry-After が付く)
- quota: 残高切れの 429 (待っても直らない)
- timeout: hold 秒のあいだ返事をせず、その後 504
- malformed: 途中で切れた JSON・HTML・choices のない応答のどれか (200)
- empty: 中身が空の返事 (200)

`retry_after=秒` と `hold=秒` も書ける。割合は環境変数かサーバーの引数で決め、要求の
ヘッダー X-Simulator-Faults があればそちらを使う。`-flaky` の付いた model は、どちらも
なければ FLAKY_RATES で失敗する。どの試みが失敗するかは、要求の中身と、同じ要求の
何度目かだけで決まる。要求を送る順序や並列の数にはよらない。
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from tinyhub.openai.draws import uniform
from tinyhub.openai.errors import ApiError

HEADER = "x-simulator-faults"
FLAKY_RATES = "429=0.05,500=0.03,503=0.03,timeout=0.03,malformed=0.03,empty=0.03"

_NAMES = frozenset({"quota", "timeout", "malformed", "empty"})
_SETTINGS = ("retry_after", "hold")
_CODES = {
    401: ("invalid_api_key", "API キーが正しくありません。"),
    403: (None, "この操作は許されていません。"),
    404: ("model_not_found", "見つかりません。"),
    408: (None, "要求が時間切れになりました。"),
    409: (None, "ほかの要求とぶつかりました。"),
    429: ("rate_limit_exceeded", "要求が多すぎます。少し待ってください。"),
    500: ("server_error", "サーバーの内部エラーです。"),
    503: ("server_overloaded", "サーバーが混み合っています。"),
}


class FaultSpecProblem(ValueError):
    """障害の書き方に誤りがある。"""


@dataclass(frozen=True)
class Faults:
    """障害の種類ごとの割合。"""

    rates: Mapping[str, float] = field(default_factory=dict)
    retry_after: float = 1.0
    hold: float = 30.0

    @classmethod
    def parse(cls, text: str) -> Faults:
        """`429=0.1,timeout=0.05` の形から読む。"""
        rates: dict[str, float] = {}
        settings: dict[str, float] = {}
        for item in filter(None, (part.strip() for part in text.split(","))):
            name, _, value = item.partition("=")
            try:
                number = float(value)
            except ValueError:
                raise FaultSpecProblem(
                    f"「名前=数」の形にしてください: {item}"
                ) from None
            if not math.isfinite(number) or number < 0:
                raise FaultSpecProblem(f"0 以上の数にしてください: {item}")
            known = name in _NAMES or (name.isdecimal() and 400 <= int(name) <= 599)
            if name in _SETTINGS:
                settings[name] = number
            elif known:
                rates[name] = number
            else:
                raise FaultSpecProblem(f"知らない障害です: {name}")
        if sum(rates.values()) > 1 + 1e-9:
            raise FaultSpecProblem("割合の和は 1 までにしてください。")
        return cls(rates, **settings)

    def draw(self, seed: int, request: str, attempt: int) -> str | None:
        """この試みに起こす障害。なければ None。"""
        draw = uniform(seed, "fault", request, attempt)
        for name, rate in self.rates.items():
            if draw < rate:
                return name
            draw -= rate
        return None

    def error(self, name: str) -> ApiError:
        """エラー応答にする障害の、応答。"""
        if name == "quota":
            return ApiError(
                429,
                "シミュレータ: 残高が足りません (待っても直りません)。",
                "insufficient_quota",
                kind="insufficient_quota",
                headers={"x-should-retry": "false"},
            )
        status = 504 if name == "timeout" else int(name)
        code, message = _CODES.get(status, (None, "わざと起こしたエラーです。"))
        headers = {}
        if status in (429, 503):
            # Retry-After は整数の秒。細かい待ち時間は retry-after-ms で知らせる。
            headers = {
                "retry-after": str(math.ceil(self.retry_after)),
                "retry-after-ms": str(round(self.retry_after * 1000)),
            }
        kind = "server_error" if status >= 500 else "invalid_request_error"
        if status == 429:
            kind = "requests"
        return ApiError(
            status, f"シミュレータ: {message}", code, kind=kind, headers=headers
        )
