"""Label Studio の往復のうち、サーバーを動かさずに確かめられる部分。"""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from misc.label_studio import environment, round_trip, sentences, server
from misc.label_studio.environment import RoundTripError
from misc.label_studio.sentences import Sentence

RECORD = Path(environment.__file__).with_name("record")


def test_label_config_offers_the_eight_types_in_symbols() -> None:
    view = ET.fromstring(sentences.label_config())
    assert [label.get("value") for label in view.iter("Label")] == list(sentences.TYPES)
    assert view.find("Text").get("granularity") == "symbol"


def test_deviations_stay_inside_the_text_and_apart() -> None:
    text, spans = "青山花子は白川市で話した", ((0, 4, "人名"), (5, 8, "地名"))
    changed = 0
    for seed in range(300):
        made = sentences.deviate(text, spans, 0.5, random.Random(seed))
        assert not sentences.overlaps(list(made))
        assert all(0 <= start < end <= len(text) for start, end, _ in made)
        changed += made != spans
    assert changed > 100
    assert sentences.deviate(text, spans, 0.0, random.Random(1)) == spans


def test_differences_name_the_sentence_that_changed() -> None:
    text, span = "青山花子は話した", (0, 4, "人名")
    planted = [Sentence("c-1", text, (span,), None, ())]
    kept = {"completed_by": 1, "was_cancelled": False}
    kept["result"] = sentences.result(text, (span,))
    skipped = {"completed_by": 2, "was_cancelled": True, "result": []}
    task = {"data": {"text": text, "curid": "c-1"}, "annotations": [kept, skipped]}
    assert round_trip.differences(planted, [task], 1, 2) == []
    skipped["was_cancelled"] = False
    assert round_trip.differences(planted, [task], 1, 2) == [
        "c-1: 2 人めの注釈が違います"
    ]
    kept["result"] = []
    assert len(round_trip.differences(planted, [task], 1, 2)) == 2
    assert len(round_trip.differences(planted, [], 1, 2)) == 2


def test_the_saved_export_agrees_with_its_own_record() -> None:
    record = json.loads((RECORD / "round_trip.json").read_text(encoding="utf-8"))
    export = json.loads((RECORD / "export.json").read_text(encoding="utf-8"))
    planted = [
        Sentence(
            item["curid"],
            item["text"],
            *(
                None if item[name] is None else tuple(map(tuple, item[name]))
                for name in ("first", "second", "predicted")
            ),
        )
        for item in record["planted"]
    ]
    assert round_trip.differences(planted, export, *record["annotators"]) == []
    assert record["same_as_planted"] is True
    assert "@" not in json.dumps(export)


def test_masking_removes_times_only() -> None:
    text = '{"created_at": "2026-11-23T23:33:49.231Z", "text": "2026年"}'
    wanted = '{"created_at": "2000-01-01T00:00:00Z", "text": "2026年"}'
    assert round_trip.masked(text) == wanted


def test_the_server_gets_no_settings_of_the_user(tmp_path: Path) -> None:
    base = {"PATH": "/bin", "LABEL_STUDIO_SENTRY_DSN": "x", "DJANGO_DB": "default"}
    made = server.environment(tmp_path, 1234, "token", "password", base)
    assert made["LABEL_STUDIO_SENTRY_DSN"] == ""
    assert made["LABEL_STUDIO_COLLECT_ANALYTICS"] == "false"
    assert made["LABEL_STUDIO_LATEST_VERSION_CHECK"] == "false"
    assert "DJANGO_DB" not in made and made["PATH"] == "/bin"


def test_a_port_in_use_is_explained() -> None:
    with socket.socket() as busy:
        busy.bind((server.HOST, 0))
        busy.listen()
        with pytest.raises(RoundTripError, match="--port"):
            server.require_free(busy.getsockname()[1])
    server.require_free(server.free_port())


@pytest.mark.parametrize(
    ("code", "words"),
    [("raise SystemExit(3)", "コード 3"), ("input()", "起動しません")],
    ids=["終わる", "待たせる"],
)
def test_a_server_that_does_not_start_is_explained(
    tmp_path: Path, code: str, words: str
) -> None:
    log = tmp_path / "server.log"
    log.write_text("記録の終わり", encoding="utf-8")
    url = f"http://{server.HOST}:{server.free_port()}"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    try:
        limit = 1.0 if "input" in code else 30.0
        with pytest.raises(RoundTripError, match=words) as caught:
            server.wait(process, url, log, limit)
        assert "記録の終わり" in str(caught.value)
    finally:
        process.kill()
        process.communicate()


def test_a_failed_install_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str], log: Path, variables: dict[str, str]) -> None:
        failing = [sys.executable, "-c", "print('no route'); raise SystemExit(2)"]
        original(failing, log, variables)

    original = environment._run
    monkeypatch.setattr(environment, "_run", run)
    with pytest.raises(RoundTripError, match="ネットワーク") as caught:
        environment.install(tmp_path, uv=None)
    assert "no route" in str(caught.value)
    assert not (tmp_path / "installed.json").exists()


def test_the_pinned_version_is_read_from_the_requirements() -> None:
    assert environment.pinned_version("a==1\nlabel-studio==1.23.2\n") == "1.23.2"
    with pytest.raises(RoundTripError):
        environment.pinned_version("label-studio-sdk==2.1.2\n")
