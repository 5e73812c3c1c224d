"""シミュレータの files と batches。中身はメモリーに置き、サーバーとともに消える。"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from tinyhub.openai.chat import CREATED
from tinyhub.openai.errors import ApiError, invalid
from tinyhub.openai.service import ENDPOINTS, Endpoint

_PURPOSES = frozenset({"assistants", "batch", "fine-tune", "vision", "user_data"})
_MAX_LINES = 50_000
_DAY = 86_400

Run = Callable[[Endpoint, Mapping[str, Any]], tuple[int, dict[str, Any]]]


@dataclass(frozen=True)
class StoredFile:
    """送られたファイルか、batch の結果。"""

    id: str
    name: str
    purpose: str
    content: bytes

    def shown(self) -> dict[str, Any]:
        """API が返す形。"""
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": CREATED,
            "expires_at": None,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
            "status_details": None,
        }


@dataclass
class Batch:
    """まとめて頼まれた仕事。"""

    id: str
    endpoint: Endpoint
    input_file: str
    metadata: Any
    status: str = "validating"
    counts: tuple[int, int, int] = (0, 0, 0)
    output_file: str | None = None
    error_file: str | None = None
    problems: list[dict[str, Any]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """API が返す形。"""
        total, done, failed = self.counts
        begun = self.status in ("in_progress", "completed")
        errors = {"object": "list", "data": self.problems} if self.problems else None
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "errors": errors,
            "input_file_id": self.input_file,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": self.output_file,
            "error_file_id": self.error_file,
            "created_at": CREATED,
            "expires_at": CREATED + _DAY,
            "in_progress_at": CREATED if begun else None,
            "completed_at": CREATED if self.status == "completed" else None,
            "failed_at": CREATED if self.status == "failed" else None,
            "cancelled_at": CREATED if self.status == "cancelled" else None,
            "request_counts": {"total": total, "completed": done, "failed": failed},
            "metadata": self.metadata,
        }


@dataclass
class Desk:
    """ファイルと batch の置き場。"""

    run: Run
    files: dict[str, StoredFile] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    _made: int = 0

    def add(self, name: str, purpose: str, content: bytes) -> StoredFile:
        """ファイルを置く。"""
        self._made += 1
        file_id = f"file-simulator-{self._made:06}"
        self.files[file_id] = StoredFile(file_id, name, purpose, content)
        return self.files[file_id]

    def file(self, file_id: str) -> StoredFile:
        """置いてあるファイル。"""
        if file_id not in self.files:
            raise ApiError(404, f"シミュレータ: ファイルがありません: {file_id}")
        return self.files[file_id]

    def create(self, body: Mapping[str, Any]) -> Batch:
        """batch を受け付ける。"""
        endpoint = body.get("endpoint")
        if endpoint not in ENDPOINTS:
            raise invalid("endpoint", f"endpoint は {'、'.join(ENDPOINTS)} です。")
        if body.get("completion_window") != "24h":
            raise invalid("completion_window", "completion_window は 24h だけです。")
        source = self.file(str(body.get("input_file_id")))
        if source.purpose != "batch":
            raise invalid("input_file_id", 'purpose="batch" のファイルが要ります。')
        self._made += 1
        name = f"batch_simulator_{self._made:06}"
        batch = Batch(name, endpoint, source.id, body.get("metadata"))
        self.batches[name] = batch
        return batch

    def batch(self, batch_id: str) -> Batch:
        """受け付けた batch。"""
        if batch_id not in self.batches:
            raise ApiError(404, f"シミュレータ: batch がありません: {batch_id}")
        return self.batches[batch_id]

    def look(self, batch_id: str) -> Batch:
        """batch の様子を見る。

        待つ処理を書けるように、見るたびに validating → in_progress → completed と進む。
        """
        batch = self.batch(batch_id)
        if batch.status == "validating":
            self._validate(batch)
        elif batch.status == "in_progress":
            self._finish(batch)
        return batch

    def cancel(self, batch_id: str) -> Batch:
        """終わっていない batch を取り消す。"""
        batch = self.batch(batch_id)
        if batch.status not in ("validating", "in_progress"):
            raise ApiError(409, f"シミュレータ: もう {batch.status} です。")
        batch.status = "cancelled"
        return batch

    def _validate(self, batch: Batch) -> None:
        seen: set[str] = set()
        lines = list(_lines(self.file(batch.input_file).content))
        if not lines or len(lines) > _MAX_LINES:
            problem = f"行の数は 1〜{_MAX_LINES:,} にしてください。"
            batch.problems.append(_problem("invalid_line_count", problem, None))
        for number, line in enumerate(lines, start=1):
            if problem := _line_problem(line, batch.endpoint, seen):
                batch.problems.append(_problem("invalid_request", problem, number))
        batch.counts = (len(lines), 0, 0)
        batch.status = "failed" if batch.problems else "in_progress"

    def _finish(self, batch: Batch) -> None:
        good, bad = [], []
        for number, line in enumerate(_lines(self.file(batch.input_file).content)):
            status, body = self.run(batch.endpoint, line["body"])
            result = {
                "id": f"batch_req_simulator_{number:06}",
                "custom_id": line["custom_id"],
                "response": {
                    "status_code": status,
                    "request_id": f"req_{batch.id}_{number:06}",
                    "body": body,
                },
                "error": None,
            }
            (good if status == 200 else bad).append(result)
        # 結果の順序は約束されていない。custom_id で突き合わせてもらうため、逆に並べる。
        for results, name in ((good, "output"), (bad, "error")):
            if not results:
                continue
            text = "".join(
                json.dumps(row, ensure_ascii=False) + "\n" for row in reversed(results)
            )
            stored = self.add(f"{batch.id}_{name}.jsonl", "batch_output", text.encode())
            setattr(batch, f"{name}_file", stored.id)
        batch.counts = (len(good) + len(bad), len(good), len(bad))
        batch.status = "completed"


def _problem(code: str, message: str, line: int | None) -> dict[str, Any]:
    return {
        "code": code,
        "message": f"シミュレータ: {message}",
        "line": line,
        "param": None,
    }


def _lines(content: bytes) -> Iterator[Any]:
    """JSONL の行。読めない行は None。"""
    for text in content.decode("utf-8", "replace").splitlines():
        if text.strip():
            try:
                yield json.loads(text)
            except json.JSONDecodeError:
                yield None


def _line_problem(line: Any, endpoint: str, seen: set[str]) -> str | None:
    """行に誤りがあれば、その説明。"""
    if not isinstance(line, dict) or not isinstance(line.get("body"), dict):
        return "custom_id・method・url・body のある JSON にしてください。"
    name = line.get("custom_id")
    if not isinstance(name, str) or name in seen:
        return f"custom_id は、重ならない文字列にしてください: {name}"
    seen.add(name)
    if line.get("method") != "POST" or line.get("url") != endpoint:
        return f"method は POST、url は {endpoint} にしてください。"
    return None


def read_upload(content_type: str, body: bytes) -> tuple[str, str, bytes]:
    """multipart/form-data から (名前, purpose, 中身) を読む。"""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    parsed = BytesParser(policy=HTTP).parsebytes(head + body)
    if not parsed.is_multipart():
        raise invalid("file", "multipart/form-data で送ってください。")
    purpose, upload = "", None
    for part in parsed.iter_parts():
        field_name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True) or b""
        if field_name == "purpose":
            purpose = value.decode("utf-8", "replace").strip()
        elif field_name == "file":
            upload = part.get_filename() or "upload", value
    if upload is None:
        raise invalid("file", "file がありません。")
    if purpose not in _PURPOSES:
        raise invalid("purpose", f"purpose は {'、'.join(sorted(_PURPOSES))} です。")
    return upload[0], purpose, upload[1]
