"""シミュレータの ASGI アプリケーション。"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tinyhub.openai.batches import Desk, read_upload
from tinyhub.openai.chat import CREATED
from tinyhub.openai.draws import digest
from tinyhub.openai.errors import ApiError
from tinyhub.openai.faults import HEADER, Faults
from tinyhub.openai.launch import KEY
from tinyhub.openai.planted import MODELS, SEED
from tinyhub.openai.responses import ResponsesReply
from tinyhub.openai.service import (
    CHAT,
    EMBEDDINGS,
    RESPONSES,
    Attempt,
    Endpoint,
    Reply,
    Service,
    check_model,
)

_MAX_BODY = 100 << 20
_LOOK_SECONDS = 0.1


class Simulator:
    """URL ごとの受け口。"""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.desk = Desk(service.run)

    def routes(self) -> list[Route]:
        """URL の一覧。"""
        post, get, delete = ["POST"], ["GET"], ["DELETE"]
        return [
            Route("/", _front_page),
            Route(CHAT, self.chat, methods=post),
            Route(RESPONSES, self.responses, methods=post),
            Route(EMBEDDINGS, self.embeddings, methods=post),
            Route("/v1/responses/{id}", self.stored_response, methods=get),
            Route("/v1/responses/{id}", self.forget_response, methods=delete),
            Route("/v1/models", self.models, methods=get),
            Route("/v1/models/{id}", self.model, methods=get),
            Route("/v1/files", self.upload, methods=post),
            Route("/v1/files", self.files, methods=get),
            Route("/v1/files/{id}", self.file, methods=get),
            Route("/v1/files/{id}", self.remove_file, methods=delete),
            Route("/v1/files/{id}/content", self.file_content, methods=get),
            Route("/v1/batches", self.create_batch, methods=post),
            Route("/v1/batches", self.batches, methods=get),
            Route("/v1/batches/{id}", self.batch, methods=get),
            Route("/v1/batches/{id}/cancel", self.cancel_batch, methods=post),
        ]

    # 返事を書くもの ---------------------------------------------------------

    async def chat(self, request: Request) -> Response:
        """chat.completions。"""
        return await self._answered(request, CHAT)

    async def responses(self, request: Request) -> Response:
        """responses。"""
        return await self._answered(request, RESPONSES)

    async def embeddings(self, request: Request) -> Response:
        """embeddings。"""
        return await self._answered(request, EMBEDDINGS)

    async def _answered(self, request: Request, endpoint: Endpoint) -> Response:
        _authorize(request)
        body = await _json(request)
        attempt = self.service.attempt(endpoint, body, request.headers.get(HEADER))
        if attempt.fault == "timeout":
            await _hold(request, attempt.faults.hold)
        reply = self.service.answer(attempt, body)
        headers = {"x-request-id": f"req_simulator_{attempt.identity}"}
        streamed = body.get("stream") is True and not isinstance(reply, dict)
        if attempt.fault == "malformed" and not streamed:
            kind, text = attempt.broken_body()
            return Response(text, media_type=kind, headers=headers)
        if streamed:
            events = _events(reply, attempt)
            return StreamingResponse(
                events, media_type="text/event-stream", headers=headers
            )
        whole = reply if isinstance(reply, dict) else reply.whole()
        return _Json(whole, headers=headers)

    async def stored_response(self, request: Request) -> Response:
        """前に返した応答。"""
        _authorize(request)
        return _Json(self.service.stored(request.path_params["id"]).whole())

    async def forget_response(self, request: Request) -> Response:
        """前に返した応答を消す。"""
        _authorize(request)
        response_id = request.path_params["id"]
        self.service.forget(response_id)
        return _deleted(response_id, "response")

    # 一覧と、ファイルと batch -----------------------------------------------

    async def models(self, request: Request) -> Response:
        """model の一覧。"""
        _authorize(request)
        return _listed([_model(model) for model in MODELS])

    async def model(self, request: Request) -> Response:
        """model 1 つ。"""
        _authorize(request)
        model = request.path_params["id"]
        check_model(model)
        return _Json(_model(model))

    async def upload(self, request: Request) -> Response:
        """ファイルを受け取る。"""
        _authorize(request)
        kind = request.headers.get("content-type", "")
        stored = self.desk.add(*read_upload(kind, await _body(request)))
        return _Json(stored.shown())

    async def files(self, request: Request) -> Response:
        """ファイルの一覧。"""
        _authorize(request)
        wanted = request.query_params.get("purpose")
        every = [f for f in self.desk.files.values() if wanted in (None, f.purpose)]
        return _listed([stored.shown() for stored in every])

    async def file(self, request: Request) -> Response:
        """ファイル 1 つ。"""
        _authorize(request)
        return _Json(self.desk.file(request.path_params["id"]).shown())

    async def remove_file(self, request: Request) -> Response:
        """ファイルを消す。"""
        _authorize(request)
        stored = self.desk.file(request.path_params["id"])
        del self.desk.files[stored.id]
        return _deleted(stored.id, "file")

    async def file_content(self, request: Request) -> Response:
        """ファイルの中身。"""
        _authorize(request)
        stored = self.desk.file(request.path_params["id"])
        return Response(stored.content, media_type="application/octet-stream")

    async def create_batch(self, request: Request) -> Response:
        """batch を受け付ける。"""
        _authorize(request)
        return _Json(self.desk.create(await _json(request)).shown())

    async def batches(self, request: Request) -> Response:
        """batch の一覧。"""
        _authorize(request)
        return _listed([batch.shown() for batch in self.desk.batches.values()])

    async def batch(self, request: Request) -> Response:
        """batch の様子。"""
        _authorize(request)
        return _Json(self.desk.look(request.path_params["id"]).shown())

    async def cancel_batch(self, request: Request) -> Response:
        """batch を取り消す。"""
        _authorize(request)
        return _Json(self.desk.cancel(request.path_params["id"]).shown())


class _Json(JSONResponse):
    """日本語を読める形のまま送る JSON。"""

    def render(self, content: Any) -> bytes:
        """本文。"""
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")


def _authorize(request: Request) -> None:
    """API キーが違えば 401。"""
    given = request.headers.get("authorization")
    if given is None:
        raise ApiError(
            401,
            "シミュレータ: API キーがありません。環境変数 OPENAI_API_KEY を"
            "設定してください。",
        )
    if given != f"Bearer {KEY}":
        raise ApiError(
            401,
            "シミュレータ: API キーが正しくありません。ミニ環境のキーは環境変数 "
            "OPENAI_API_KEY に入っています。",
            "invalid_api_key",
        )


async def _body(request: Request) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > _MAX_BODY:
            raise ApiError(413, "シミュレータ: 送られた本文が大きすぎます。")
    return bytes(content)


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await _body(request))
    except ValueError as error:
        reason = "シミュレータ: 本文を JSON として読めません。"
        raise ApiError(400, reason) from error
    if not isinstance(body, dict):
        raise ApiError(400, "シミュレータ: 本文は JSON のオブジェクトにしてください。")
    return body


async def _hold(request: Request, seconds: float) -> None:
    """返事をせずに待つ。相手があきらめたら、すぐにやめる。"""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while loop.time() < deadline and not await request.is_disconnected():
        await asyncio.sleep(min(_LOOK_SECONDS, seconds))


async def _events(reply: Reply, attempt: Attempt) -> AsyncIterator[str]:
    """server-sent events。malformed なら、半分ほどで壊れて終わる。"""
    assert not isinstance(reply, dict)
    named = isinstance(reply, ResponsesReply)
    made: Iterator[dict[str, Any]] = reply.events() if named else reply.chunks()
    broken = attempt.fault == "malformed"
    if broken:
        every = list(made)
        made = islice(every, max(1, len(every) // 2))
    for event in made:
        head = f"event: {event['type']}\n" if named else ""
        yield f"{head}data: {json.dumps(event, ensure_ascii=False)}\n\n"
    if broken:
        yield 'data: {"id": "simulator-broken", "choi\n\n'
    elif not named:
        yield "data: [DONE]\n\n"


def _model(model: str) -> dict[str, Any]:
    return {
        "id": model,
        "object": "model",
        "created": CREATED,
        "owned_by": "tinyhub-simulator",
    }


def _listed(data: list[dict[str, Any]]) -> Response:
    ends = (data[0]["id"], data[-1]["id"]) if data else (None, None)
    return _Json(
        {
            "object": "list",
            "data": data,
            "first_id": ends[0],
            "last_id": ends[1],
            "has_more": False,
        }
    )


def _deleted(name: str, kind: str) -> Response:
    return _Json({"id": name, "object": kind, "deleted": True})


async def _front_page(_request: Request) -> Response:
    return _Json(
        {
            "name": "tinyhub OpenAI simulator",
            "message": "OpenAI 互換 API のシミュレータです。言語モデルではありません。"
            " base_url は、この URL に /v1 を付けたものです。",
        }
    )


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    request_id = digest("error", request.url.path, error.status, error.message)[:24]
    headers = {"x-request-id": f"req_simulator_{request_id}", **error.headers}
    return _Json(error.body(), error.status, headers)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    message = f"シミュレータ: {request.method} {path} はありません。"
    if not path.startswith("/v1/"):
        message += " base_url の終わりに /v1 を付けてください。"
    return await _api_error(request, ApiError(error.status_code, message))


def create_app(
    seed: int = SEED,
    faults: Faults | None = None,
    ledger: Path | None = None,
) -> Starlette:
    """シミュレータのアプリケーション。"""
    simulator = Simulator(Service(seed, faults or Faults(), ledger))
    handlers: Mapping[Any, Any] = {ApiError: _api_error, HTTPException: _http_error}
    return Starlette(routes=simulator.routes(), exception_handlers=handlers)
