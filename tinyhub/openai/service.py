"""シミュレータの、要求 1 つの扱い: model を確かめ、障害を引き、返事を書き、台帳に書く。

HTTP を知らないので、batch の 1 行も同じ道を通る。
"""

from __future__ import annotations

import json
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tinyhub.openai import chat, embeddings, responses
from tinyhub.openai.completion import Message
from tinyhub.openai.draws import digest, pick
from tinyhub.openai.errors import ApiError, invalid, unsupported
from tinyhub.openai.faults import FLAKY_RATES, Faults, FaultSpecProblem
from tinyhub.openai.planted import (
    CHAT_MODELS,
    EMBEDDING,
    FLAKY,
    MODELS,
    SEED,
    planted,
)

Endpoint = Literal["/v1/chat/completions", "/v1/responses", "/v1/embeddings"]
CHAT: Endpoint = "/v1/chat/completions"
RESPONSES: Endpoint = "/v1/responses"
EMBEDDINGS: Endpoint = "/v1/embeddings"
ENDPOINTS: tuple[Endpoint, ...] = (CHAT, RESPONSES, EMBEDDINGS)

# 返事の中身に影響しない引数。同じ要求かどうかを見るときに外す。
_IGNORED = frozenset({"stream", "stream_options", "user", "metadata", "store"})
_STORED_RESPONSES = 10_000

Reply = chat.ChatReply | responses.ResponsesReply | dict[str, Any]


@dataclass(frozen=True)
class Attempt:
    """要求の試み 1 回と、起こす障害。"""

    endpoint: Endpoint
    model: str
    request: str
    number: int
    faults: Faults
    fault: str | None

    @property
    def identity(self) -> str:
        """応答の id に使う文字列。"""
        return digest(self.request, self.number)[:24]

    def broken_body(self) -> tuple[str, str]:
        """malformed の応答の (Content-Type, 本文)。"""
        cut = '{"id": "simulator-broken", "object": "chat.completion", "choices": [{'
        page = "<html><body>502 Bad Gateway (simulator)</body></html>"
        hollow = {"id": "simulator-hollow", "model": self.model, "choices": None}
        bodies = [
            ("application/json", cut),
            ("text/html; charset=utf-8", page),
            ("application/json", json.dumps({**hollow, "output": None, "data": None})),
        ]
        return pick(bodies, "broken", self.request, self.number)


@dataclass
class Service:
    """シミュレータの状態。"""

    seed: int = SEED
    faults: Faults = field(default_factory=Faults)
    ledger: Path | None = None
    _attempts: Counter[str] = field(default_factory=Counter)
    _delivered: Counter[str] = field(default_factory=Counter)
    _stored: OrderedDict[str, responses.ResponsesReply] = field(
        default_factory=OrderedDict
    )

    def attempt(
        self, endpoint: Endpoint, body: Mapping[str, Any], spec: str | None = None
    ) -> Attempt:
        """要求を受け付ける。spec は、要求のヘッダーにあった障害の割合。"""
        model = self._model(endpoint, body)
        kept = {name: body[name] for name in body if name not in _IGNORED}
        request = digest(endpoint, json.dumps(kept, sort_keys=True, default=str))
        self._attempts[request] += 1
        faults = self.faults
        if spec is not None:
            try:
                faults = Faults.parse(spec)
            except FaultSpecProblem as problem:
                raise invalid("X-Simulator-Faults", str(problem)) from problem
        elif model.endswith(FLAKY):
            faults = Faults.parse(FLAKY_RATES)
        number = self._attempts[request]
        fault = faults.draw(self.seed, request, number)
        return Attempt(endpoint, model, request, number, faults, fault)

    def _model(self, endpoint: Endpoint, body: Mapping[str, Any]) -> str:
        model = body.get("model")
        if not isinstance(model, str) or not model:
            raise ApiError(400, "シミュレータ: model がありません。", param="model")
        check_model(model)
        embeds = model.removesuffix(FLAKY) == EMBEDDING
        if embeds != (endpoint == EMBEDDINGS):
            raise unsupported("model", f"{model} は {endpoint} では使えません。")
        return model

    def answer(self, attempt: Attempt, body: Mapping[str, Any]) -> Reply:
        """返事を書く。起こす障害がエラー応答なら、それを投げる。"""
        fault = attempt.fault
        if fault not in (None, "malformed", "empty"):
            self._record(attempt, fault, {})
            raise attempt.faults.error(fault)
        reply = self._write(attempt, body, empty=fault == "empty")
        total = reply["usage"] if isinstance(reply, dict) else reply.usage
        if fault is None:
            self._delivered[attempt.request] += 1
        self._record(attempt, fault or "ok", total)
        return reply

    def _write(self, attempt: Attempt, body: Mapping[str, Any], empty: bool) -> Reply:
        # 失敗した試みは数えない。障害があってもなくても、同じ返事が同じ順に届く。
        repetition = self._delivered[attempt.request]
        if attempt.endpoint == EMBEDDINGS:
            return embeddings.reply(body, attempt.model)
        values = planted(attempt.model, self.seed)
        if attempt.endpoint == CHAT:
            request = chat.parse(body, repetition)
            return chat.reply(values, attempt.model, request, attempt.identity, empty)
        earlier = self._conversation(body.get("previous_response_id"))
        asked = responses.parse(body, earlier, repetition)
        reply = responses.reply(values, attempt.model, asked, attempt.identity, empty)
        if asked.echoed["store"] and attempt.fault is None:
            self._stored[reply.id] = reply
            while len(self._stored) > _STORED_RESPONSES:
                self._stored.popitem(last=False)
        return reply

    def _conversation(self, response_id: Any) -> tuple[Message, ...]:
        if response_id is None:
            return ()
        return self.stored(response_id).conversation

    def stored(self, response_id: Any) -> responses.ResponsesReply:
        """前に返した応答。"""
        if not isinstance(response_id, str) or response_id not in self._stored:
            raise ApiError(404, f"シミュレータ: 応答がありません: {response_id}")
        return self._stored[response_id]

    def forget(self, response_id: str) -> None:
        """前に返した応答を消す。"""
        self.stored(response_id)
        del self._stored[response_id]

    def run(
        self, endpoint: Endpoint, body: Mapping[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        """batch の 1 行。エラーも応答として返す。"""
        try:
            attempt = self.attempt(endpoint, body)
            if attempt.fault == "malformed":
                raise attempt.faults.error("500")
            reply = self.answer(attempt, body)
        except ApiError as error:
            return error.status, error.body()
        return 200, reply if isinstance(reply, dict) else reply.whole()

    def _record(self, attempt: Attempt, outcome: str, total: Mapping[str, int]) -> None:
        """台帳に 1 行書く。何を聞かれ、何を返したかは書かない。"""
        if self.ledger is None:
            return
        line = {
            "endpoint": attempt.endpoint,
            "model": attempt.model,
            "request": attempt.request,
            "attempt": attempt.number,
            "outcome": outcome,
            "usage": dict(total),
        }
        with self.ledger.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def check_model(model: str) -> None:
    """使えない model なら 404。"""
    if model not in MODELS:
        raise ApiError(
            404,
            f"シミュレータに model「{model}」はありません。使えるのは "
            f"{'、'.join((*CHAT_MODELS, EMBEDDING))} と、それぞれに {FLAKY} を"
            "付けたものです。",
            "model_not_found",
            "model",
        )
