"""どんな本文でも、シミュレータは API のエラーで断るか、返事をする。"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tinyhub.openai.batches import Desk, read_upload
from tinyhub.openai.errors import ApiError
from tinyhub.openai.service import CHAT, EMBEDDINGS, ENDPOINTS, RESPONSES, Service

MANY = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "あ", "user", "text", "json_schema", "[[A]]", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "role content type text json_schema schema name format properties"
                " items anyOf $ref $defs enum minItems minimum include_usage".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
NAMES = (
    "messages n stop seed temperature max_tokens stream stream_options logprobs"
    " top_logprobs response_format tools input instructions text include"
    " previous_response_id store metadata dimensions encoding_format model background"
    " max_output_tokens truncation"
).split()
GOOD: dict[str, dict[str, Any]] = {
    CHAT: {"model": "simulator-chat", "messages": [{"role": "user", "content": "海"}]},
    RESPONSES: {"model": "simulator-chat", "input": "海"},
    EMBEDDINGS: {"model": "simulator-embedding", "input": "海"},
}


def answered(endpoint: Any, body: dict[str, Any]) -> int:
    """応答の番号。ApiError のほかの例外は、そのまま出る。"""
    status, reply = Service().run(endpoint, body)
    json.dumps(reply)
    return status


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@MANY
@given(extra=st.dictionaries(st.sampled_from(NAMES), JSON_VALUES, max_size=3))
def test_any_body_is_answered_or_refused(endpoint: Any, extra: dict[str, Any]) -> None:
    assert answered(endpoint, {**GOOD[endpoint], **extra}) in (200, 400, 404)


@MANY
@given(
    schema=st.dictionaries(
        st.sampled_from(
            "type properties items anyOf $ref $defs enum const minimum".split()
        ),
        JSON_VALUES,
        max_size=4,
    )
)
def test_any_schema_is_answered_or_refused(schema: dict[str, Any]) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    assert answered(CHAT, {**GOOD[CHAT], "response_format": form}) in (200, 400)


@MANY
@given(
    body=st.dictionaries(
        st.sampled_from("endpoint completion_window input_file_id metadata".split()),
        JSON_VALUES,
        max_size=4,
    )
)
def test_any_batch_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ApiError):
        Desk(Service().run).create(body)


@MANY
@given(line=JSON_VALUES)
def test_any_batch_line_is_checked(line: Any) -> None:
    desk = Desk(Service().run)
    text = json.dumps(line)
    source = desk.add("a.jsonl", "batch", f"{text}\n{{\n".encode())
    batch = desk.create(
        {"endpoint": CHAT, "completion_window": "24h", "input_file_id": source.id}
    )
    assert desk.look(batch.id).status == "failed"


@MANY
@given(kind=st.text(max_size=40), body=st.binary(max_size=200))
def test_any_upload_is_refused(kind: str, body: bytes) -> None:
    for header in (kind, 'multipart/form-data; boundary="x"'):
        with pytest.raises(ApiError):
            read_upload(header, body)
