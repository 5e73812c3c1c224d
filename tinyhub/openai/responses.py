"""シミュレータの responses の要求と応答の形。chat と違い、n・stop・seed がない。"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tinyhub.openai import fields, tokens
from tinyhub.openai.chat import CREATED
from tinyhub.openai.completion import Message
from tinyhub.openai.errors import invalid
from tinyhub.openai.generation import Choice, Settings, generate, usage
from tinyhub.openai.planted import Planted

_LOGPROBS = "message.output_text.logprobs"
_KNOWN = frozenset(
    "model input instructions max_output_tokens temperature top_p stream"
    " stream_options text include top_logprobs previous_response_id store metadata user"
    " truncation service_tier parallel_tool_calls reasoning safety_identifier"
    " prompt_cache_key background".split()
)


@dataclass(frozen=True)
class ResponsesRequest:
    """読み取った要求。turns は instructions を除いた会話。"""

    instructions: str | None
    turns: tuple[Message, ...]
    settings: Settings
    alternatives: int | None
    stream: bool
    echoed: Mapping[str, Any]

    @property
    def messages(self) -> tuple[Message, ...]:
        """モデルに読ませる会話。"""
        if self.instructions is None:
            return self.turns
        return (Message("system", self.instructions), *self.turns)


def parse(
    body: Mapping[str, Any], earlier: tuple[Message, ...], repetition: int
) -> ResponsesRequest:
    """要求を読む。earlier は previous_response_id の会話。"""
    fields.check_names(body, _KNOWN)
    if fields.flag(body, "background"):
        raise fields.unsupported("background", "background は使えません。")
    given = body.get("input")
    turns = (Message("user", given),) if isinstance(given, str) else _turns(given)
    instructions = body.get("instructions")
    if instructions is not None and not isinstance(instructions, str):
        raise invalid("instructions", "instructions は文字列にしてください。")
    included = body.get("include") or []
    if not isinstance(included, list):
        raise invalid("include", "include は文字列の並びにしてください。")
    alternatives = fields.whole(body, "top_logprobs", 0, 20)
    if _LOGPROBS not in included:
        alternatives = None
    elif alternatives is None:
        alternatives = 0
    text = fields.table(body, "text") or {"format": {"type": "text"}}
    settings = Settings(
        temperature=fields.number(body, "temperature", 0, 2),
        limit=fields.whole(body, "max_output_tokens", 1, 1 << 20),
        form=fields.output_format(text.get("format"), "text.format"),
        repetition=repetition,
    )
    echoed = {
        "temperature": body.get("temperature", 1.0),
        "top_p": fields.number(body, "top_p", 0, 1) or 1.0,
        "max_output_tokens": settings.limit,
        "previous_response_id": body.get("previous_response_id"),
        "metadata": body.get("metadata") or {},
        "store": body.get("store", True) is not False,
        "text": text,
        "truncation": body.get("truncation") or "disabled",
        "user": body.get("user"),
    }
    return ResponsesRequest(
        instructions,
        (*earlier, *turns),
        settings,
        alternatives,
        fields.flag(body, "stream"),
        echoed,
    )


def _turns(given: Any) -> tuple[Message, ...]:
    if isinstance(given, list):
        for item in given:
            if isinstance(item, dict) and item.get("type", "message") != "message":
                kind = item["type"]
                raise fields.unsupported("input", f"{kind} は読めません。")
    return fields.messages(given, "input")


@dataclass(frozen=True)
class ResponsesReply:
    """書き終えた応答。"""

    id: str
    model: str
    request: ResponsesRequest
    choice: Choice

    @property
    def usage(self) -> dict[str, int]:
        """トークンの数 (名前は chat に合わせる)。"""
        read, written = usage(self.request.messages, [self.choice])
        return {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
        }

    @property
    def conversation(self) -> tuple[Message, ...]:
        """次の previous_response_id で続けられる会話。"""
        return (*self.request.turns, Message("assistant", self.choice.text))

    def whole(self) -> dict[str, Any]:
        """まとめて返す形。"""
        cut = self.choice.finish == "length"
        reason = {"reason": "max_output_tokens"} if cut else None
        status = "incomplete" if cut else "completed"
        count = self.usage
        return {
            **self._head(status),
            "incomplete_details": reason,
            "completed_at": None if cut else CREATED,
            "output": [self._item(status, [self._part()])],
            "usage": {
                "input_tokens": count["prompt_tokens"],
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens": count["completion_tokens"],
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": count["total_tokens"],
            },
        }

    def events(self) -> Iterator[dict[str, Any]]:
        """少しずつ返す形。[DONE] はなく、最後の出来事で終わる。"""
        for number, event in enumerate(self._events()):
            yield {**event, "sequence_number": number}

    def _events(self) -> Iterator[dict[str, Any]]:
        whole = self.whole()
        item = whole["output"][0]
        part = item["content"][0]
        started = {**self._head("in_progress"), "output": [], "usage": None}
        yield {"type": "response.created", "response": started}
        yield {"type": "response.in_progress", "response": started}
        place = {"output_index": 0}
        opened = self._item("in_progress", [])
        yield {"type": "response.output_item.added", **place, "item": opened}
        place = {**place, "item_id": item["id"], "content_index": 0}
        if part["type"] == "refusal":
            text, name = part["refusal"], "response.refusal"
            blank = {"type": "refusal", "refusal": ""}
            yield {"type": "response.content_part.added", **place, "part": blank}
            yield {"type": f"{name}.delta", **place, "delta": text}
            yield {"type": f"{name}.done", **place, "refusal": text}
        else:
            name = "response.output_text"
            blank = {**part, "text": "", "logprobs": []}
            yield {"type": "response.content_part.added", **place, "part": blank}
            for number, token in enumerate(self.choice.tokens):
                entries = (self.choice.logprobs or ())[number : number + 1]
                shown = [tokens.without_alternatives(entry) for entry in entries]
                delta = {"delta": token, "logprobs": shown}
                yield {"type": f"{name}.delta", **place, **delta}
            done = {"text": part["text"], "logprobs": []}
            yield {"type": f"{name}.done", **place, **done}
        yield {"type": "response.content_part.done", **place, "part": part}
        done_item = {"output_index": 0, "item": item}
        yield {"type": "response.output_item.done", **done_item}
        yield {"type": f"response.{whole['status']}", "response": whole}

    def _part(self) -> dict[str, Any]:
        if self.choice.refusal:
            return {"type": "refusal", "refusal": self.choice.refusal}
        return {
            "type": "output_text",
            "text": self.choice.text,
            "annotations": [],
            "logprobs": list(self.choice.logprobs or ()),
        }

    def _item(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id.replace("resp_", "msg_"),
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": content,
        }

    def _head(self, status: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "response",
            "created_at": CREATED,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": self.request.instructions,
            "model": self.model,
            "parallel_tool_calls": True,
            "reasoning": {"effort": None, "summary": None},
            "service_tier": "default",
            "tool_choice": "auto",
            "tools": [],
            **self.request.echoed,
        }


def reply(
    planted: Planted,
    model: str,
    request: ResponsesRequest,
    identity: str,
    empty: bool,
) -> ResponsesReply:
    """返事を書く。"""
    choices = generate(
        planted, request.messages, request.settings, request.alternatives, empty
    )
    return ResponsesReply(f"resp_simulator_{identity}", model, request, choices[0])
