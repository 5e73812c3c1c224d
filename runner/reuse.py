"""変わっていないノートブックを実行し直さないための、内容の鍵。"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from runner import notebook_file
from runner.curriculum import Notebook
from runner.project import ROOT, Project
from runner.results import NotebookResult
from runner.world import SIMULATOR_MARK, file_sha256, folder_hash
from tinyhub.openai import launch

# 実行のしかたを決めるモジュール。表示や集計を直しても、実行し直すことはない。
_EXECUTION_SOURCES = (
    "runner/execute.py",
    "runner/guard.py",
    "runner/guard_site/sitecustomize.py",
    "runner/notebook_file.py",
    "runner/worker.py",
    "tinyhub/child.py",
    "tinyhub/hub.py",
    "tinyhub/up.py",
)
_STATE_NOISE = frozenset({"hub.log"})


def execution_hash(root: Path = ROOT) -> str:
    """固定した版と、実行のしかたを決めるソースのハッシュ。"""
    digest = hashlib.sha256()
    for name in ("requirements.txt", *_EXECUTION_SOURCES):
        path = root / name
        digest.update(f"{name}\0".encode())
        digest.update(file_sha256(path).encode() if path.exists() else b"-")
    return digest.hexdigest()


def simulator_hash(root: Path = ROOT) -> str:
    """シミュレータのソースと、植える値と障害の指定のハッシュ。"""
    digest = hashlib.sha256()
    for path in sorted((root / "tinyhub" / "openai").glob("*.py")):
        digest.update(f"{path.name}\0{file_sha256(path)}\n".encode())
    for name in (launch.SEED_VARIABLE, launch.FAULTS_VARIABLE):
        digest.update(f"{name}={os.environ.get(name, '')}\n".encode())
    return digest.hexdigest()


def content_key(
    project: Project,
    notebook: Notebook,
    parameters: Mapping[str, Any],
    dependency_keys: Iterable[str],
    world_hash: str,
    execution: str,
) -> str:
    """これが同じなら、実行の結果も同じになるはずの鍵。"""
    source = notebook_file.source_hash(notebook_file.read(project.root / notebook.path))
    package = project.package_folder(notebook.path)
    content = [
        notebook.path,
        source,
        dict(parameters),
        list(dependency_keys),
        world_hash,
        execution,
        *([] if package is None else [package_hash(package)]),
    ]
    # シミュレータの規則を変えても、使わないノートブックは実行し直さない。
    if SIMULATOR_MARK in str(parameters):
        content.append(simulator_hash())
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def package_hash(folder: Path) -> str:
    """章のパッケージのソースのハッシュ。"""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{file_sha256(path)}\n".encode())
    return digest.hexdigest()


def pushed_repositories(state: Path) -> dict[str, str]:
    """登録先フォルダにあるリポジトリと、中身のハッシュ。"""
    found: dict[str, str] = {}
    for kind in ("models", "datasets"):
        for folder in sorted(path for path in state.glob(f"{kind}/*/*")):
            if folder.is_dir():
                name = f"{kind}/{folder.parent.name}/{folder.name}"
                found[name] = folder_hash(folder, _STATE_NOISE)
    return found


def pushed_between(
    before: Mapping[str, str],
    after: Mapping[str, str],
    source: str,
    sources_alongside: Iterable[str],
) -> dict[str, str]:
    """実行の前後で変わったリポジトリのうち、このノートブックが登録したもの。

    並んで動いたノートブックのソースにだけ名前が出てくるものは、そちらのものとする。
    分からないものは自分のものに数える (多めに実行し直すだけで済む)。登録したものを
    読むノートブックは、依存するので並んでは動かない。
    """
    texts = list(sources_alongside)
    mine: dict[str, str] = {}
    for name, digest in after.items():
        if before.get(name) == digest:
            continue
        short = re.sub(r"@.*$", "", name.rsplit("/", 1)[1])
        if short in source or not any(short in text for text in texts):
            mine[name] = digest
    return mine


def load_record(project: Project, notebook: Notebook) -> NotebookResult | None:
    """前回の結果。なければ、あるいは形が古ければ None。"""
    path = project.records / f"{notebook.id}.json"
    if not path.exists():
        return None
    try:
        return NotebookResult.model_validate_json(path.read_text(encoding="utf-8"))
    except ValueError:
        # 形の古い記録は使えないだけで、誤りではない。実行し直せば書き換わる。
        return None


def save_record(project: Project, result: NotebookResult) -> None:
    """次回のために結果を残す。"""
    path = project.records / f"{result.id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(result.model_dump_json(indent=1) + "\n", encoding="utf-8")


def reusable(
    project: Project, notebook: Notebook, key: str, state: Path
) -> NotebookResult | None:
    """前回の結果がそのまま使えるなら返す。"""
    record = load_record(project, notebook)
    if record is None or record.key != key or record.status != "ok":
        return None
    if not (project.executed / notebook.path).exists():
        return None
    present = pushed_repositories(state) if record.pushed else {}
    if any(present.get(name) != digest for name, digest in record.pushed.items()):
        return None
    return record.model_copy(update={"reused": True})
