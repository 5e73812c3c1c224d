"""シミュレータの chat.completions の要求と応答の形。"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tinyhub.openai import fields
from tinyhub.openai.completion import Message
from tinyhub.openai.errors import invalid
from tinyhub.openai.generation import Choice, Settings, details, generate, usage
from tinyhub.openai.planted import Planted

# 応答に日時を入れると、実行のたびに保存される出力が変わってしまう。
CREATED = 1_767_225_600
_KNOWN = frozenset(
    "model messages n stop seed temperature top_p max_tokens max_completion_tokens"
    " stream stream_options logprobs top_logprobs response_format user metadata store"
    " presence_penalty frequency_penalty logit_bias service_tier parallel_tool_calls"
    " reasoning_effort verbosity safety_identifier prompt_cache_key".split()
)


@dataclass(frozen=True)
class ChatRequest:
    """読み取った要求。"""

    messages: tuple[Message, ...]
    settings: Settings
    alternatives: int | None
    stream: bool
    include_usage: bool


def parse(body: Mapping[str, Any], repetition: int) -> ChatRequest:
    """要求を読む。"""
    fields.check_names(body, _KNOWN)
    fields.number(body, "top_p", 0, 1)
    short = fields.whole(body, "max_completion_tokens", 1, 1 << 20)
    limit = fields.whole(body, "max_tokens", 1, 1 << 20) if short is None else short
    alternatives = fields.whole(body, "top_logprobs", 0, 20)
    if not fields.flag(body, "logprobs"):
        if alternatives is not None:
            raise invalid("top_logprobs", "logprobs=True と一緒に使ってください。")
    elif alternatives is None:
        alternatives = 0
    stream = fields.flag(body, "stream")
    options = fields.table(body, "stream_options")
    if options and not stream:
        raise invalid("stream_options", "stream=True と一緒に使ってください。")
    settings = Settings(
        n=fields.whole(body, "n", 1, 128) or 1,
        temperature=fields.number(body, "temperature", 0, 2),
        seed=fields.whole(body, "seed", -(1 << 63), 1 << 63),
        stop=fields.stops(body),
        limit=limit,
        form=fields.output_format(body.get("response_format"), "response_format"),
        repetition=repetition,
    )
    messages = fields.messages(body.get("messages"), "messages")
    return ChatRequest(
        messages, settings, alternatives, stream, bool(options.get("include_usage"))
    )


@dataclass(frozen=True)
class ChatReply:
    """書き終えた応答。"""

    id: str
    model: str
    request: ChatRequest
    choices: Sequence[Choice]

    @property
    def usage(self) -> dict[str, int]:
        """トークンの数。"""
        read, written = usage(self.request.messages, self.choices)
        return {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
        }

    def whole(self) -> dict[str, Any]:
        """まとめて返す形。"""
        choices = [
            {
                "index": index,
                "message": {
                    "role": "assistant",
                    "content": None if choice.refusal else choice.text,
                    "refusal": choice.refusal,
                    "annotations": [],
                },
                "logprobs": _logprobs(choice.logprobs),
                "finish_reason": choice.finish,
            }
            for index, choice in enumerate(self.choices)
        ]
        return {
            **self._head("chat.completion"),
            "choices": choices,
            "usage": details(self.usage),
        }

    def chunks(self) -> Iterator[dict[str, Any]]:
        """少しずつ返す形。"""
        head = self._head("chat.completion.chunk")
        if self.request.include_usage:
            head["usage"] = None
        for index, choice in enumerate(self.choices):
            start = {"role": "assistant", "content": "", "refusal": None}
            yield {**head, "choices": [_delta(index, start)]}
            if choice.refusal:
                refusal = {"refusal": choice.refusal}
                yield {**head, "choices": [_delta(index, refusal)]}
            for place, token in enumerate(choice.tokens):
                entries = choice.logprobs
                part = None if entries is None else entries[place : place + 1]
                delta = _delta(index, {"content": token}, _logprobs(part))
                yield {**head, "choices": [delta]}
            yield {**head, "choices": [_delta(index, {}, finish=choice.finish)]}
        if self.request.include_usage:
            yield {**head, "choices": [], "usage": details(self.usage)}

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": CREATED,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": "fp_simulator",
        }


def _delta(
    index: int,
    delta: dict[str, Any],
    logprobs: dict[str, Any] | None = None,
    finish: str | None = None,
) -> dict[str, Any]:
    return {
        "index": index,
        "delta": delta,
        "logprobs": logprobs,
        "finish_reason": finish,
    }


def _logprobs(entries: Sequence[dict[str, Any]] | None) -> dict[str, Any] | None:
    return None if entries is None else {"content": list(entries), "refusal": None}


def reply(
    planted: Planted, model: str, request: ChatRequest, identity: str, empty: bool
) -> ChatReply:
    """返事を書く。"""
    choices = generate(
        planted, request.messages, request.settings, request.alternatives, empty
    )
    return ChatReply(f"chatcmpl-simulator-{identity}", model, request, choices)
