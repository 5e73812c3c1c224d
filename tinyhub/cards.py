"""リポジトリの中身から、Hub が一覧や情報に載せる項目を読み取る。"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

from tinyhub.tree import Entry, Repo, Snapshot

# 読み取り専用の層には履歴がないので、日付は決まった値にする。
FIXED_DATE = "2026-01-01T00:00:00.000Z"

# Hub は config.json の architectures から pipeline_tag を決める。
_TASK_BY_HEAD = {
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": "token-classification",
    "ForQuestionAnswering": "question-answering",
    "ForMultipleChoice": "multiple-choice",
    "ForMaskedLM": "fill-mask",
    "ForPreTraining": "fill-mask",
    "ForCausalLM": "text-generation",
    "LMHeadModel": "text-generation",
    "ForConditionalGeneration": "text2text-generation",
    "Model": "feature-extraction",
}
_TASK_BY_ADAPTER = {
    "SEQ_CLS": "text-classification",
    "TOKEN_CLS": "token-classification",
    "CAUSAL_LM": "text-generation",
    "SEQ_2_SEQ_LM": "text2text-generation",
    "FEATURE_EXTRACTION": "feature-extraction",
}


def repo_info(repo: Repo, snapshot: Snapshot, date: str, blobs: bool) -> dict[str, Any]:
    """`GET /api/models/ID` と `GET /api/datasets/ID` の本文。"""
    card = card_data(snapshot.entries.get("README.md"))
    tags = card.get("tags")
    info: dict[str, Any] = {
        "_id": snapshot.content_id[:24],
        "id": repo.id,
        "author": repo.namespace,
        "sha": snapshot.commit,
        "lastModified": date,
        "createdAt": date,
        "private": repo.meta.private,
        "gated": "manual" if repo.meta.gated else False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": tags if isinstance(tags, list) else [],
        "cardData": card,
        "siblings": [_sibling(entry, blobs) for entry in snapshot.entries.values()],
        "usedStorage": sum(entry.blob.size for entry in snapshot.entries.values()),
    }
    if repo.kind == "models":
        config = _json(snapshot.entries.get("config.json"))
        kept = {k: config[k] for k in ("architectures", "model_type") if k in config}
        info |= {"modelId": repo.id, "config": kept}
        if task := pipeline_tag(repo, snapshot, card):
            info["pipeline_tag"] = task
        if library := _library_name(snapshot, card):
            info["library_name"] = library
    return info


def file_item(entry: Entry) -> dict[str, Any]:
    """木の一覧のファイル 1 行。"""
    item: dict[str, Any] = {
        "type": "file",
        "path": entry.path,
        "size": entry.blob.size,
        "oid": entry.tree_oid,
    }
    if entry.large:
        item["lfs"] = {
            "oid": entry.blob.sha256,
            "size": entry.blob.size,
            "pointerSize": len(entry.pointer),
        }
    return item


def folder_item(folder: str, snapshot: Snapshot) -> dict[str, Any]:
    """木の一覧のフォルダ 1 行。"""
    oid = hashlib.sha1(f"{snapshot.content_id}/{folder}".encode()).hexdigest()
    return {"type": "directory", "path": folder, "size": 0, "oid": oid}


def card_problem(content: str) -> str | None:
    """README の見出しが YAML の「名前: 値」として読めないときの理由。"""
    try:
        found = yaml.safe_load(front_matter(content) or "{}")
    except yaml.YAMLError as error:
        return f"README.md の見出しを YAML として読めません: {error}"
    if not isinstance(found, dict):
        return "README.md の見出しは「名前: 値」の並びにしてください。"
    return None


def card_data(readme: Entry | None) -> dict[str, Any]:
    """README.md の先頭の YAML。無いときや読めないときは空。"""
    if readme is None:
        return {}
    try:
        found = yaml.safe_load(front_matter(_text(readme)) or "")
    except yaml.YAMLError:
        # Hub も、壊れた見出しのカードを持つリポジトリは見出しなしとして配る。
        return {}
    return found if isinstance(found, dict) else {}


def front_matter(text: str) -> str | None:
    """README の `---` で囲まれた部分。"""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].strip() != "---" or "---" not in lines[1:]:
        return None
    return "\n".join(lines[1 : lines.index("---", 1)])


def pipeline_tag(repo: Repo, snapshot: Snapshot, card: dict[str, Any]) -> str | None:
    """pipeline(model=ID) に task を省いたときに使われる値。"""
    for stated in (repo.meta.pipeline_tag, card.get("pipeline_tag")):
        if isinstance(stated, str):
            return stated
    if "modules.json" in snapshot.entries:
        return "sentence-similarity"
    adapter = _json(snapshot.entries.get("adapter_config.json"))
    if isinstance(adapter.get("task_type"), str):
        return _TASK_BY_ADAPTER.get(adapter["task_type"])
    architectures = _json(snapshot.entries.get("config.json")).get("architectures")
    if isinstance(architectures, list) and architectures:
        for head, task in _TASK_BY_HEAD.items():
            if str(architectures[0]).endswith(head):
                return task
    return None


def _library_name(snapshot: Snapshot, card: dict[str, Any]) -> str | None:
    if isinstance(card.get("library_name"), str):
        return card["library_name"]
    for marker, library in (
        ("adapter_config.json", "peft"),
        ("modules.json", "sentence-transformers"),
        ("config.json", "transformers"),
    ):
        if marker in snapshot.entries:
            return library
    return None


def _sibling(entry: Entry, blobs: bool) -> dict[str, Any]:
    sibling: dict[str, Any] = {"rfilename": entry.path}
    if blobs:
        sibling |= {"size": entry.blob.size, "blobId": entry.tree_oid}
        if entry.large:
            sibling["lfs"] = {
                "sha256": entry.blob.sha256,
                "size": entry.blob.size,
                "pointerSize": len(entry.pointer),
            }
    return sibling


def _text(entry: Entry) -> str:
    source = entry.source
    content = source.read_bytes() if isinstance(source, Path) else source
    return content.decode("utf-8", "replace")


def _json(entry: Entry | None) -> dict[str, Any]:
    if entry is None:
        return {}
    try:
        found = json.loads(_text(entry))
    except json.JSONDecodeError:
        # 壊れた設定ファイルも配る (読めるかどうかは利用者の側の話)。
        return {}
    return found if isinstance(found, dict) else {}
