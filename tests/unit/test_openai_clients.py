"""openai の公式クライアントと langchain-openai が、シミュレータを使える。"""

from __future__ import annotations

import ast
import asyncio
import json
import math
import statistics
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import openai
import pytest
from pydantic import BaseModel

from tinyhub.child import StartError
from tinyhub.openai import launch
from tinyhub.openai.planted import MODELS
from tinyhub.world import quiz

CHAT = "simulator-chat"
ASK = [{"role": "user", "content": "朝早く起きるには、どうすればよいですか。"}]
FAULTS = "X-Simulator-Faults"


class Verdict(BaseModel):
    """審判の判定。"""

    reason: str
    winner: Literal["A", "B", "tie"]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("simulator")


@pytest.fixture(scope="module")
def address(state: Path) -> Iterator[launch.SimulatorAddress]:
    with launch.serve(state, faults="") as address:
        yield address
    assert (state / launch.LOG).read_text(encoding="utf-8") == ""


@pytest.fixture(scope="module")
def client(address: launch.SimulatorAddress) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=address.base_url, api_key=launch.KEY, max_retries=0, timeout=60
    ) as client:
        yield client


def said(client: openai.OpenAI, **options: Any) -> str:
    """chat の 1 つ目の返事。"""
    done = client.chat.completions.create(
        **{"model": CHAT, "messages": ASK, "temperature": 0, **options}
    )
    return done.choices[0].message.content or ""


# chat.completions -----------------------------------------------------------


def test_every_module_says_that_it_is_a_simulator() -> None:
    sources = sorted(Path(launch.__file__).parent.glob("*.py"))
    assert len(sources) > 15
    for source in sources:
        docstring = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8")))
        assert "シミュレータ" in (docstring or ""), source.name


def test_every_id_says_that_it_is_a_simulator(client: openai.OpenAI) -> None:
    models = client.models.list().data
    assert [model.id for model in models] == list(MODELS)
    assert all(model.id.startswith("simulator-") for model in models)
    assert client.models.retrieve(CHAT).owned_by == "tinyhub-simulator"
    done = client.chat.completions.create(model=CHAT, messages=ASK)
    assert "simulator" in done.id and "simulator" in (done._request_id or "")
    assert done.model == CHAT and done.system_fingerprint == "fp_simulator"


def test_n_seed_and_temperature(client: openai.OpenAI) -> None:
    def texts(**options: Any) -> list[str | None]:
        done = client.chat.completions.create(model=CHAT, messages=ASK, n=5, **options)
        assert [choice.index for choice in done.choices] == list(range(5))
        return [choice.message.content for choice in done.choices]

    assert texts(seed=1) == texts(seed=1) != texts(seed=2)
    assert len(set(texts(seed=1))) > 1
    assert len(set(texts(temperature=0))) == 1
    # seed がなければ、同じ要求でも引き直す。
    assert texts(temperature=1.5) != texts(temperature=1.5)


def test_stop_and_limits(client: openai.OpenAI) -> None:
    whole = said(client)
    assert said(client, stop="。") == whole.split("。")[0]
    assert said(client, stop=["存在しない", "、"]) == whole.split("、")[0]
    for name in ("max_tokens", "max_completion_tokens"):
        done = client.chat.completions.create(
            model=CHAT, messages=ASK, temperature=0, **{name: 4}
        )
        assert done.choices[0].finish_reason == "length"
        assert done.choices[0].message.content == whole[:4]
        assert done.usage is not None and done.usage.completion_tokens == 4


def test_usage_adds_up(client: openai.OpenAI) -> None:
    done = client.chat.completions.create(model=CHAT, messages=ASK, n=3, logprobs=True)
    usage = done.usage
    assert usage is not None
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    written = [choice.logprobs.content for choice in done.choices if choice.logprobs]
    assert usage.completion_tokens == sum(len(content or ()) for content in written)
    longer = [{"role": "system", "content": "ていねいに。"}, *ASK]
    more = client.chat.completions.create(model=CHAT, messages=longer)
    assert more.usage is not None
    assert more.usage.prompt_tokens == usage.prompt_tokens + 3 + len("ていねいに。")


def test_logprobs(client: openai.OpenAI) -> None:
    done = client.chat.completions.create(
        model=CHAT, messages=ASK, logprobs=True, top_logprobs=4, seed=3
    )
    choice = done.choices[0]
    assert choice.logprobs is not None and choice.logprobs.content is not None
    assert "".join(t.token for t in choice.logprobs.content) == choice.message.content
    for token in choice.logprobs.content:
        assert len(token.top_logprobs) == 4
        assert bytes(token.bytes or ()).decode() == token.token
        assert sum(math.exp(other.logprob) for other in token.top_logprobs) <= 1.0001
    with pytest.raises(openai.BadRequestError, match="logprobs=True"):
        client.chat.completions.create(model=CHAT, messages=ASK, top_logprobs=4)


def test_streams_are_the_same_answer_in_pieces(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model=CHAT,
        messages=ASK,
        temperature=0,
        n=2,
        logprobs=True,
        stream=True,
        stream_options={"include_usage": True},
    )
    texts, reasons, tokens = ["", ""], {}, 0
    for chunk in stream:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            tokens += len((choice.logprobs and choice.logprobs.content) or ())
            if choice.finish_reason:
                reasons[choice.index] = choice.finish_reason
        last = chunk
    assert texts == [said(client)] * 2 and reasons == {0: "stop", 1: "stop"}
    assert last.usage is not None and last.usage.completion_tokens == tokens
    with client.chat.completions.stream(
        model=CHAT, messages=ASK, temperature=0
    ) as helper:
        final = helper.get_final_completion()
    assert final.choices[0].message.content == texts[0]


JUDGED = """質問と二つの回答を比べてください。
[質問]
海の水が塩辛い理由を説明してください。
[回答Aの開始]
海の水には、岩から溶け出した塩分が集まっています。
[回答Aの終了]
[回答Bの開始]
今日はよい天気です。散歩に出かけましょう。
[回答Bの終了]"""


def test_structured_outputs(client: openai.OpenAI) -> None:
    messages: Any = [{"role": "user", "content": JUDGED}]
    found = []
    for seed in range(30):
        done = client.chat.completions.parse(
            model="simulator-judge",
            messages=messages,
            response_format=Verdict,
            seed=seed,
        )
        message = done.choices[0].message
        assert (message.parsed is None) == bool(message.refusal)
        found += [message.parsed.winner] if message.parsed else []
    assert Counter(found).most_common(1)[0][0] == "A"
    loose = said(client, response_format={"type": "json_object"})
    assert isinstance(json.loads(loose), dict)


REFUSED: dict[str, dict[str, Any]] = {
    "tools": {
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    },
    "functions": {"functions": [{"name": "f", "parameters": {}}]},
    "知らない引数": {"extra_body": {"top_k": 5}},
    "温度": {"temperature": 3},
    "n": {"n": 0},
    "stop": {"stop": ["あ"] * 5},
    "空の会話": {"messages": []},
    "知らない役": {"messages": [{"role": "wizard", "content": "あ"}]},
    "画像": {
        "messages": [
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": "data:,"}}],
            }
        ]
    },
    "型のない schema": {
        "response_format": {"type": "json_schema", "json_schema": {"name": "x"}}
    },
    "stream_options": {"stream_options": {"include_usage": True}},
    "埋め込みの model": {"model": "simulator-embedding"},
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_it_cannot_do_is_refused_clearly(client: openai.OpenAI, name: str) -> None:
    with pytest.raises(openai.BadRequestError, match="シミュレータ"):
        said(client, **REFUSED[name])


def test_errors_become_the_clients_exceptions(
    client: openai.OpenAI, address: launch.SimulatorAddress
) -> None:
    with pytest.raises(openai.NotFoundError, match="simulator-chat") as missing:
        said(client, model="gpt-4o")
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.AuthenticationError, match="OPENAI_API_KEY"):
        said(client.with_options(api_key="sk-wrong"))
    wrong_url = client.with_options(base_url=address.url)
    with pytest.raises(openai.NotFoundError, match="/v1"):
        said(wrong_url)
    with pytest.raises(openai.NotFoundError):
        client.fine_tuning.jobs.list()
    with urllib.request.urlopen(address.url, timeout=30) as page:
        assert "シミュレータ" in page.read().decode()


# responses ------------------------------------------------------------------


def test_responses(client: openai.OpenAI) -> None:
    text = "朝早く起きるには、どうすればよいですか。"
    done = client.responses.create(
        model=CHAT, input=text, instructions="簡潔に。", temperature=0
    )
    assert done.output_text == said(client) and done.status == "completed"
    assert done.usage is not None
    assert done.usage.total_tokens == done.usage.input_tokens + done.usage.output_tokens
    assert client.responses.retrieve(done.id).output_text == done.output_text
    following = client.responses.create(
        model=CHAT, input="続けてください。", previous_response_id=done.id
    )
    assert following.usage is not None
    assert following.usage.input_tokens > done.usage.total_tokens - 10
    client.responses.delete(done.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(done.id)
    cut = client.responses.create(model=CHAT, input=text, max_output_tokens=3)
    assert cut.status == "incomplete" and cut.incomplete_details is not None
    assert cut.incomplete_details.reason == "max_output_tokens"
    shown = client.responses.create(
        model=CHAT,
        input=[{"role": "user", "content": text}],
        include=["message.output_text.logprobs"],
        top_logprobs=2,
    )
    part = shown.output[0].content[0]
    assert "".join(entry.token for entry in part.logprobs) == shown.output_text


def test_responses_have_no_stop_seed_or_n(client: openai.OpenAI) -> None:
    for extra in ({"stop": "。"}, {"seed": 1}, {"n": 2}, {"messages": ASK}):
        with pytest.raises(openai.BadRequestError, match="知らない引数"):
            client.responses.create(model=CHAT, input="あ", extra_body=extra)


def test_responses_stream(client: openai.OpenAI) -> None:
    options: dict[str, Any] = {"model": CHAT, "input": ASK, "temperature": 0}
    whole = client.responses.create(**options).output_text
    events = list(client.responses.create(**options, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[0].type == "response.created"
    assert events[-1].type == "response.completed"
    deltas = [e.delta for e in events if e.type == "response.output_text.delta"]
    assert "".join(deltas) == whole
    with client.responses.stream(**options) as stream:
        assert stream.get_final_response().output_text == whole
    parsed = client.responses.parse(
        model="simulator-judge", input=JUDGED, text_format=Verdict, temperature=0
    )
    assert parsed.output_parsed is None or parsed.output_parsed.winner in "ABtie"


# embeddings・files・batches --------------------------------------------------


def test_embeddings(client: openai.OpenAI) -> None:
    texts = ["港町の灯台を見に行く。", "港町の灯台を見に行った。", "数学の試験がある。"]
    done = client.embeddings.create(model="simulator-embedding", input=texts)
    vectors = np.array([item.embedding for item in done.data])
    assert vectors.shape == (3, 256)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    near = vectors @ vectors.T
    assert near[0, 1] > 0.5 > near[0, 2]
    floats = client.embeddings.create(
        model="simulator-embedding", input=texts[0], encoding_format="float"
    )
    assert np.allclose(floats.data[0].embedding, vectors[0], atol=1e-6)
    small = client.embeddings.create(
        model="simulator-embedding", input=[[1, 2, 3]], dimensions=8
    )
    assert len(small.data[0].embedding) == 8
    assert done.usage.prompt_tokens == done.usage.total_tokens == sum(map(len, texts))
    for bad in ("", [], ["あ", ""]):
        with pytest.raises(openai.BadRequestError):
            client.embeddings.create(model="simulator-embedding", input=bad)


def _line(number: int, **body: Any) -> dict[str, Any]:
    question = [{"role": "user", "content": f"{number} の話をしてください。"}]
    return {
        "custom_id": f"q{number}",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": CHAT, "messages": question, "temperature": 0, **body},
    }


def _batch(client: openai.OpenAI, lines: list[dict[str, Any]]) -> Any:
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    file = client.files.create(file=("questions.jsonl", text.encode()), purpose="batch")
    assert file.bytes == len(text.encode()) and file.filename == "questions.jsonl"
    return client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"name": "練習"},
    )


def test_batches(client: openai.OpenAI) -> None:
    lines = [_line(number) for number in range(5)]
    lines[3]["body"]["model"] = "gpt-4o"
    batch = _batch(client, lines)
    states = [batch.status]
    while batch.status not in ("completed", "failed"):
        batch = client.batches.retrieve(batch.id)
        states.append(batch.status)
    assert states == ["validating", "in_progress", "completed"]
    counts = batch.request_counts
    assert (counts.total, counts.completed, counts.failed) == (5, 4, 1)
    rows = [
        json.loads(x) for x in client.files.content(batch.output_file_id).iter_lines()
    ]
    answers = {row["custom_id"]: row["response"]["body"] for row in rows}
    assert set(answers) == {"q0", "q1", "q2", "q4"}
    direct = said(client, messages=lines[0]["body"]["messages"])
    assert answers["q0"]["choices"][0]["message"]["content"] == direct
    failed = json.loads(client.files.content(batch.error_file_id).text)
    assert failed["response"]["status_code"] == 404
    assert batch.id in {item.id for item in client.batches.list()}


def test_a_faulty_batch_fails_and_can_be_cancelled(client: openai.OpenAI) -> None:
    batch = _batch(client, [_line(1), _line(1), {"custom_id": "x"}])
    batch = client.batches.retrieve(batch.id)
    assert batch.status == "failed" and batch.errors is not None
    assert [problem.line for problem in batch.errors.data or ()] == [2, 3]
    stopped = client.batches.cancel(_batch(client, [_line(1)]).id)
    assert stopped.status == "cancelled"
    file = client.files.create(file=b"{}", purpose="batch")
    assert client.files.retrieve(file.id).id in {f.id for f in client.files.list()}
    assert client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.content(file.id)


# 障害 -----------------------------------------------------------------------


def failing(client: openai.OpenAI, spec: str, **options: Any) -> Any:
    """障害を頼んだ chat。"""
    return client.with_options(**options).chat.completions.create(
        model=CHAT, messages=ASK, temperature=0, extra_headers={FAULTS: spec}
    )


ERRORS = {
    "401": openai.AuthenticationError,
    "403": openai.PermissionDeniedError,
    "404": openai.NotFoundError,
    "429": openai.RateLimitError,
    "quota": openai.RateLimitError,
    "500": openai.InternalServerError,
    "503": openai.InternalServerError,
    "timeout": openai.APITimeoutError,
}


@pytest.mark.parametrize("name", list(ERRORS))
def test_faults_on_demand(client: openai.OpenAI, name: str) -> None:
    with pytest.raises(ERRORS[name]) as caught:
        # 混んだ機械で、ほかの障害が時間切れに化けないようにする。
        seconds = 0.5 if name == "timeout" else 60
        failing(client, f"{name}=1,retry_after=2.5", timeout=seconds)
    if name == "429":
        headers = caught.value.response.headers
        assert (headers["retry-after"], headers["retry-after-ms"]) == ("3", "2500")
    if name == "quota":
        assert caught.value.code == "insufficient_quota"


def test_a_held_request_ends_with_504(client: openai.OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        failing(client, "timeout=1,hold=0.1")
    assert caught.value.status_code == 504


def test_malformed_and_empty_answers(client: openai.OpenAI) -> None:
    seen = set()
    for _ in range(30):
        try:
            reply = failing(client, "malformed=1")
        except json.JSONDecodeError:
            seen.add("切れた JSON")
        else:
            seen.add("HTML" if isinstance(reply, str) else f"choices={reply.choices}")
    assert seen == {"切れた JSON", "HTML", "choices=None"}
    empty = failing(client, "empty=1")
    assert empty.choices[0].message.content == ""
    assert empty.usage.completion_tokens == 0
    stream = client.chat.completions.create(
        model=CHAT, messages=ASK, stream=True, extra_headers={FAULTS: "malformed=1"}
    )
    with pytest.raises(json.JSONDecodeError):
        list(stream)


def test_wrong_fault_specs_are_explained(client: openai.OpenAI, tmp_path: Path) -> None:
    for spec in ("429=x", "nothing=0.1", "429=0.9,500=0.2", "timeout=-1"):
        with pytest.raises(openai.BadRequestError, match="シミュレータ"):
            failing(client, spec)
    with (
        pytest.raises(StartError, match="障害の指定"),
        launch.serve(tmp_path, faults="what=1"),
    ):
        pytest.fail("起動しないはず")


def test_seed_and_faults_are_read_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(launch.FAULTS_VARIABLE, "quota=1")
    monkeypatch.setenv(launch.SEED_VARIABLE, "7")
    with (
        launch.serve(tmp_path) as broke,
        openai.OpenAI(base_url=broke.base_url, api_key=launch.KEY) as client,
        pytest.raises(openai.RateLimitError, match="残高"),
    ):
        said(client)


def test_the_clients_own_retries_get_through(client: openai.OpenAI) -> None:
    # 429 と 503 には Retry-After があり、クライアントはその時間だけ待つ。
    spec = "429=0.3,503=0.3,retry_after=0.01"
    patient = client.with_options(max_retries=30)
    for number in range(10):
        reply = patient.chat.completions.create(
            model=CHAT,
            messages=[{"role": "user", "content": f"{number} 回目の話"}],
            extra_headers={FAULTS: spec},
        )
        assert reply.choices[0].message.content


MIXED = (
    "429=0.05,500=0.03,503=0.02,timeout=0.02,malformed=0.05,empty=0.03"
    ",retry_after=0.01,hold=0.05"
)


async def _ask_all(
    client: openai.AsyncOpenAI, questions: list[str], done: dict[str, str]
) -> None:
    """障害があっても、答えのそろうまで聞き直す手本。"""
    gate = asyncio.Semaphore(8)

    async def ask(question: str) -> None:
        async with gate:
            while question not in done:
                try:
                    reply = await client.chat.completions.create(
                        model=CHAT,
                        messages=[{"role": "user", "content": question}],
                        extra_headers={FAULTS: MIXED},
                        temperature=0,
                    )
                    text = reply.choices[0].message.content
                except (openai.APIError, ValueError, AttributeError, TypeError):
                    continue
                if text:
                    done[question] = text

    await asyncio.gather(*(ask(q) for q in questions if q not in done))


def _outcomes(state: Path, skip: int) -> list[dict[str, Any]]:
    lines = (state / launch.LEDGER).read_text().splitlines()[skip:]
    return [json.loads(line) for line in lines]


def test_200_questions_are_answered_once_and_a_second_run_resumes(
    address: launch.SimulatorAddress, state: Path
) -> None:
    rows = quiz.generate("validation")[:200]
    questions = [f"問題: {row.question}\n答え:" for row in rows]
    before = len(_outcomes(state, 0))
    done: dict[str, str] = {}

    async def run(wanted: list[str]) -> None:
        async with openai.AsyncOpenAI(
            base_url=address.base_url, api_key=launch.KEY, max_retries=0
        ) as client:
            await _ask_all(client, wanted, done)

    # 途中で止まった 1 回目と、残りだけを聞く 2 回目。
    asyncio.run(run(questions[:120]))
    asyncio.run(run(questions))
    assert len(done) == 200
    entries = _outcomes(state, before)
    tries = Counter(entry["request"] for entry in entries)
    paid = Counter(e["request"] for e in entries if e["outcome"] == "ok")
    assert len(paid) == len(tries) == 200 and set(paid.values()) == {1}
    failed = sum(entry["outcome"] != "ok" for entry in entries)
    assert 0.1 < failed / len(entries) < 0.3
    kinds = {entry["outcome"] for entry in entries}
    assert kinds == {"ok", "429", "500", "503", "timeout", "malformed", "empty"}


def test_answers_do_not_depend_on_the_order_or_on_faults(
    client: openai.OpenAI, tmp_path: Path
) -> None:
    questions = [[{"role": "user", "content": f"{n} の話を。"}] for n in range(8)]
    here = [said(client, messages=asked, temperature=1) for asked in questions]
    with launch.serve(tmp_path, faults="429=0.5,retry_after=0.01") as other:
        second = client.with_options(base_url=other.base_url, max_retries=40)
        there = [
            said(second, messages=asked, temperature=1)
            for asked in reversed(questions[4:])
        ]
    assert there[::-1] == here[4:]


def test_another_seed_plants_other_answers(
    client: openai.OpenAI, tmp_path: Path
) -> None:
    with launch.serve(tmp_path, seed=7) as other:
        second = client.with_options(base_url=other.base_url)
        assert [said(second, seed=n, temperature=1) for n in range(5)] != [
            said(client, seed=n, temperature=1) for n in range(5)
        ]


# langchain-openai ------------------------------------------------------------


def test_langchain(address: launch.SimulatorAddress) -> None:
    langchain_openai = pytest.importorskip("langchain_openai")
    options = {"base_url": address.base_url, "api_key": launch.KEY}
    for responses in (False, True):
        chat = langchain_openai.ChatOpenAI(
            model=CHAT, temperature=0, use_responses_api=responses, **options
        )
        whole = chat.invoke("朝早く起きるには?")
        assert whole.text and whole.usage_metadata["total_tokens"] > 0
        pieces = [chunk.text for chunk in chat.stream("朝早く起きるには?")]
        assert "".join(pieces) == whole.text and len(pieces) > 5
        assert len(chat.batch(["一", "二", "三"])) == 3
    judge = langchain_openai.ChatOpenAI(
        model="simulator-judge", temperature=0, **options
    )
    assert judge.with_structured_output(Verdict).invoke(JUDGED).winner == "A"
    embedder = langchain_openai.OpenAIEmbeddings(
        model="simulator-embedding", check_embedding_ctx_length=False, **options
    )
    assert len(embedder.embed_query("港町")) == 256
    assert len(embedder.embed_documents(["港町", "山の村"])) == 2


# 待ち受けと速さ --------------------------------------------------------------


def test_only_loopback_is_listening(address: launch.SimulatorAddress) -> None:
    port = int(address.url.rsplit(":", 1)[1])
    listening = [
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    ]
    assert listening == [f"0100007F:{port:04X}"]


def test_an_answer_takes_milliseconds(address: launch.SimulatorAddress) -> None:
    """混んだ機械でも測れるように、最速の 1 回で見る。"""
    body = {"model": CHAT, "messages": ASK, "temperature": 0}
    request = urllib.request.Request(
        f"{address.base_url}/chat/completions",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {launch.KEY}", "Content-Type": "application/json"},
    )
    seconds = []
    for _ in range(40):
        started = time.perf_counter()
        with urllib.request.urlopen(request, timeout=30) as reply:
            reply.read()
        seconds.append(time.perf_counter() - started)
    print(f"最速 {min(seconds):.4f} 秒、中央値 {statistics.median(seconds):.4f} 秒")
    assert min(seconds) < 0.03
