"""`python -m tinyhub`: ローカル Hub とシミュレータの起動と、配るものの下見。"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tinyhub import child
from tinyhub import up as server
from tinyhub.openai import launch as simulator
from tinyhub.tree import Layer, Repo, Tree

BUILD = Path(__file__).resolve().parent.parent / "build" / "tinyhub"
_ROW_SUFFIXES = (".parquet", ".jsonl", ".json", ".csv", ".tsv", ".tar")
_SPLIT_WORDS = {"valid": "validation", "dev": "validation"}
# コマンドが見つからないときに、シェルが返す終了コード。
_NOT_FOUND = 127

app = typer.Typer(
    help="ノートブックがオフラインで話す、練習用の Hugging Face Hub。",
    no_args_is_help=True,
    add_completion=False,
)
console = Console()
errors = Console(stderr=True)

Root = Annotated[
    Path | None, typer.Option(help="配る木 (省くと目録から build/tinyhub に作ります)。")
]
Overlay = Annotated[
    Path | None,
    typer.Option(help="上に重ねる木。ここにあるものが優先して配られます。"),
]
State = Annotated[
    Path | None,
    typer.Option(help="push されたものの置き場 (省くと build/tinyhub/state)。"),
]


def _fail(message: str, code: int = 1) -> typer.Exit:
    errors.print(message, style="red", markup=False, highlight=False)
    return typer.Exit(code)


def _served(root: Path | None, overlay: Path | None) -> Path:
    """配る木。指定がなければ目録から (まだ無ければ) 作る。"""
    for folder in (root, overlay):
        if folder is not None and not folder.is_dir():
            raise _fail(f"フォルダがありません: {folder}", 2)
    if root is not None:
        return root
    # 世界の生成器は重いので、木が要るときにだけ読む。
    from tinyhub import catalog

    return catalog.tree(BUILD)


def _layered(root: Path | None, overlay: Path | None, state: Path | None) -> Tree:
    folders = (state or BUILD / "state", overlay, _served(root, overlay))
    return Tree([Layer(folder) for folder in folders if folder is not None])


@app.command()
def up(
    command: Annotated[
        list[str] | None,
        typer.Argument(
            help="-- に続けて、Hub を使わせるコマンド。省くと待ち続けます。"
        ),
    ] = None,
    root: Root = None,
    overlay: Overlay = None,
    state: State = None,
    port: Annotated[
        int, typer.Option(help="優先するポート。使用中なら空きポートにします。")
    ] = server.PREFERRED_PORT,
    openai_port: Annotated[
        int, typer.Option(help="OpenAI 互換のシミュレータの、優先するポート。")
    ] = simulator.PREFERRED_PORT,
    openai_faults: Annotated[
        str | None,
        typer.Option(help="シミュレータの障害。例: 429=0.1,timeout=0.05,empty=0.05"),
    ] = None,
    openai_seed: Annotated[
        int | None, typer.Option(help="シミュレータに植える値の seed。")
    ] = None,
) -> None:
    """Hub とシミュレータを起動し、COMMAND を動かし、終わったら止める。"""
    if command and shutil.which(command[0]) is None:
        raise _fail(f"コマンドが見つかりません: {command[0]}", _NOT_FOUND)
    tree = _served(root, overlay)
    try:
        folder = state or BUILD / "state"
        with (
            server.serve(tree, folder, overlay, port) as address,
            simulator.serve(
                folder, openai_port, openai_seed, openai_faults
            ) as simulated,
        ):
            home = BUILD / server.home_name(tree, overlay)
            variables = server.environment(address, home)
            variables |= simulator.environment(simulated)
            if command:
                code = _run(command, {**os.environ, **variables})
            else:
                code = _wait(address, simulated, variables)
    except child.StartError as error:
        raise _fail(str(error)) from error
    raise typer.Exit(code)


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    """コマンドを動かし、シェルと同じ終了コードを返す。"""
    process = subprocess.Popen(command, env=environment)
    with _signals_to(process):
        code = process.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _signals_to(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """止める合図をコマンドに渡す。Ctrl-C は端末が直接届けるので待つだけにする。"""

    def forward(number: int, _frame: object) -> None:
        process.send_signal(number)

    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
        signal.SIGTERM: signal.signal(signal.SIGTERM, forward),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(
    address: server.HubAddress,
    simulated: simulator.SimulatorAddress,
    variables: dict[str, str],
) -> int:
    console.print(f"練習用 Hub: {address.url} (Ctrl-C で止まります)", highlight=False)
    console.print(f"OpenAI 互換のシミュレータ: {simulated.base_url}", highlight=False)
    for name, value in variables.items():
        console.print(f"export {name}={value}", highlight=False, soft_wrap=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print("止めました。")
    return 0


@app.command()
def ls(root: Root = None, overlay: Overlay = None, state: State = None) -> None:
    """配っているモデルとデータセットの一覧。"""
    tree = _layered(root, overlay, state)
    table = Table(title="練習用 Hub が配るもの")
    for title in ("種類", "名前", "中身"):
        table.add_column(title, overflow="fold")
    for kind, noun in (("models", "モデル"), ("datasets", "データセット")):
        for repo in tree.repos(kind):
            if repo.meta.moved_to is None:
                table.add_row(noun, repo.id, _described(repo))
    for path in sorted(_raw_files(tree)):
        table.add_row("ファイル", path, "")
    console.print(table)


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(help="モデルかデータセットの名前。一部でも可。")
    ],
    rows: Annotated[int, typer.Option(min=1, help="表示する行数。")] = 5,
    split: Annotated[
        str | None, typer.Option(help="train など。省くとすべて。")
    ] = None,
    root: Root = None,
    overlay: Overlay = None,
    state: State = None,
) -> None:
    """データセットの行か、モデルの中身を表示する。"""
    tree = _layered(root, overlay, state)
    repo_id = _matching_name(tree, name)
    model = tree.find("models", repo_id)
    if model is not None:
        _show_model(tree, model)
        return
    tables = dict(_tables(tree, repo_id))
    if split is not None:
        known = "、".join(sorted({_split_of(label) for label in tables}))
        wanted = _SPLIT_WORDS.get(split, split)
        tables = {k: v for k, v in tables.items() if _split_of(k) == wanted}
        if not tables:
            raise _fail(f"{repo_id} に split「{split}」はありません。あるもの: {known}")
    if not tables:
        raise _fail(f"{repo_id} に表示できる表がありません。")
    for label, path in tables.items():
        console.rule(f"{repo_id} · {label}", style="cyan")
        for row in islice(_read_rows(path), rows):
            text = json.dumps(row, ensure_ascii=False, default=str)
            console.print(text, highlight=False, markup=False, soft_wrap=True)


def _matching_name(tree: Tree, name: str) -> str:
    """完全に一致する名前、なければ name を含むただ 1 つの名前。"""
    names = _known_names(tree)
    if name in names:
        return name
    partial = [known for known in names if name.lower() in known.lower()]
    if len(partial) == 1:
        return partial[0]
    if partial:
        raise _fail(f"「{name}」に当てはまるものが複数あります: {'、'.join(partial)}")
    raise _fail(f"「{name}」はありません。あるもの: {'、'.join(names)}")


def _known_names(tree: Tree) -> list[str]:
    from tinyhub import catalog

    repos = [repo for kind in ("models", "datasets") for repo in tree.repos(kind)]
    shown = [repo.id for repo in repos if repo.meta.moved_to is None]
    raw_only = [source.id for source in catalog.DATASETS]
    return list(dict.fromkeys([*shown, *raw_only]))


def _described(repo: Repo) -> str:
    from tinyhub import catalog

    try:
        return catalog.describe(repo.id)
    except KeyError:
        # 目録にないもの: push されたものか、overlay のもの。
        return "push されたもの" if repo.namespace == server.USER else "overlay"


def _show_model(tree: Tree, repo: Repo) -> None:
    console.print(f"{repo.id} · {_described(repo)}", highlight=False)
    table = Table("ファイル", "バイト数")
    snapshot = tree.snapshot(repo, "main")
    for entry in snapshot.entries.values() if snapshot is not None else ():
        table.add_row(entry.path, f"{entry.blob.size:,}")
    console.print(table)


def _tables(tree: Tree, repo_id: str) -> Iterator[tuple[str, Path]]:
    """(表示名, ファイル): リポジトリのすべての版と、名前を含む raw のファイル。"""
    repo = tree.find("datasets", repo_id)
    for branch in repo.branches() if repo is not None else ():
        folder = repo.branch_folder(branch)
        for path, entry in tree.entries("datasets", repo.layer, folder).items():
            if _is_table(path) and isinstance(entry.source, Path):
                yield f"{branch} · {path}", entry.source
    for where, path in sorted(_raw_files(tree).items()):
        if _mentions(where, repo_id) and _is_table(where):
            yield "/".join(where.rsplit("/", 2)[-2:]), path


def _mentions(where: str, repo_id: str) -> bool:
    """raw のパスに、リポジトリの名前のフォルダかファイルがあるか。"""
    name = repo_id.rsplit("/", 1)[-1]
    return f"/{name}/" in where or f"/{name}." in where


def _raw_files(tree: Tree) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for layer in reversed(tree.layers):
        top = layer.folder / "raw"
        for where in tree.entries("datasets", layer, top):
            found[where] = top / where
    return found


def _is_table(path: str) -> bool:
    return path.removesuffix(".gz").endswith(_ROW_SUFFIXES)


def _split_of(label: str) -> str:
    """表示名から分かる split。分からなければファイルの名前。"""
    for word in ("train", "validation", "valid", "dev", "test"):
        if word in label:
            return _SPLIT_WORDS.get(word, word)
    return label.rsplit("/", 1)[-1]


def _read_rows(path: Path) -> Iterator[Any]:
    """表のファイルを 1 行ずつ読む。"""
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        import pyarrow.parquet

        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(100):
            yield from batch.to_pylist()
        return
    if name.endswith(".tar"):
        yield from _read_texts(path)
        return
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    lines = io.StringIO(text.decode("utf-8"))
    if name.endswith((".csv", ".tsv")):
        yield from csv.DictReader(lines, delimiter="\t" if "tsv" in name else ",")
        return
    try:
        whole = json.loads(lines.getvalue())
    except json.JSONDecodeError:
        # 1 行に 1 つずつ書かれた JSON。
        for line in lines:
            if line.strip():
                yield json.loads(line)
        return
    yield from whole if isinstance(whole, list) else [whole]


def _read_texts(path: Path) -> Iterator[dict[str, str]]:
    """書庫の中のテキストを 1 つずつ読む。"""
    with tarfile.open(path) as archive:
        for member in archive:
            opened = archive.extractfile(member)
            if opened is not None and member.name.endswith(".txt"):
                yield {"path": member.name, "text": opened.read().decode("utf-8")}


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m tinyhub"))
