"""シミュレータのエラー応答。形と番号は OpenAI と同じで、文は日本語にする。"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class ApiError(Exception):
    """クライアントが例外に読み替えるエラー。"""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    kind: str = "invalid_request_error"
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """応答の本文。"""
        return {
            "error": {
                "message": self.message,
                "type": self.kind,
                "param": self.param,
                "code": self.code,
            }
        }


def unsupported(param: str, reason: str) -> ApiError:
    """シミュレータにない機能を頼まれた。"""
    return ApiError(400, f"シミュレータ: {reason}", "unsupported_parameter", param)


def invalid(param: str, reason: str) -> ApiError:
    """値が正しくない。"""
    return ApiError(400, f"シミュレータ: {reason}", "invalid_value", param)
