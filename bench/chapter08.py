"""8 章の計測: 近似検索の釣り合い (合成ベクトル) と、温度・バッチサイズの表。

    make bench CHAPTER=08                        両方
    .venv/bin/python -m bench.chapter08 search   Faiss の索引だけ (20 万件)
    .venv/bin/python -m bench.chapter08 study    温度とバッチサイズだけ

search のベクトルは**合成**である (かたまりのある、長さ 1 のベクトル。文の意味とは
関係がない)。文の埋め込みに似せて、かたまりの大きさを不ぞろいにし、次元ごとの散らばりを
減衰させてある。厳密な検索の上位 k 件を正解として、再現率・1 質問あたりの時間・1 件
あたりのバイト数を、1 スレッドで測る。結果は bench/results/chapter08.json に書く。
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from runner.results import machine

if TYPE_CHECKING:
    import numpy as np

RESULTS = Path(__file__).parent / "results" / "chapter08.json"
TOP_K = 10
NPROBES = (1, 2, 4, 8, 16, 32, 64)
EF_SEARCHES = (16, 32, 64, 128, 256)
CANDIDATES = (100, 500)
TEMPERATURES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
BATCH_SIZES = (8, 16, 32, 64, 128)

console = Console(highlight=False, soft_wrap=True)
app = typer.Typer(invoke_without_command=True, add_completion=False)


def synthetic(rows: int, width: int, seed: int) -> np.ndarray:
    """かたまりのある、長さ 1 の合成ベクトル (rows, width)。"""
    import numpy as np

    rng = np.random.default_rng(seed)
    scale = np.arange(1, width + 1, dtype=np.float32) ** -0.3
    centers = rng.normal(size=(max(rows // 100, 1), width)).astype(np.float32)
    share = rng.dirichlet(np.full(len(centers), 0.5))
    chosen = rng.choice(len(centers), size=rows, p=share)
    noise = rng.normal(size=(rows, width)).astype(np.float32)
    vectors = (centers[chosen] + 0.8 * noise) * scale
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def recall(found: np.ndarray, exact: np.ndarray) -> float:
    """厳密な検索の上位のうち、found に含まれる割合。"""
    return float((found[:, :, None] == exact[:, None]).any(axis=1).mean())


@dataclass
class Bench:
    """1 組のベクトルと質問に対する計測。"""

    base: np.ndarray
    queries: np.ndarray
    exact: np.ndarray
    repeats: int
    rows: list[dict[str, Any]]

    def add(
        self,
        name: str,
        size: float,
        search: Callable[[], np.ndarray],
        built: float,
    ) -> None:
        """search を repeats 回測り、中央値の行を加える。"""
        seconds = []
        found = search()
        for _ in range(self.repeats):
            started = time.perf_counter()
            found = search()
            seconds.append(time.perf_counter() - started)
        row = {
            "index": name,
            "recall": round(recall(found, self.exact), 4),
            "milliseconds": 1000 * statistics.median(seconds) / len(self.queries),
            "bytes_per_row": round(size, 2),
            "build_seconds": round(built, 2),
        }
        row["milliseconds"] = round(row["milliseconds"], 4)
        self.rows.append(row)
        console.print(json.dumps(row, ensure_ascii=False))


def stored_bytes(index: Any, rows: int) -> float:
    """索引を保存したときの大きさを、件数で割る。"""
    import faiss

    return len(faiss.serialize_index(index)) / rows


def build(index: Any, base: np.ndarray) -> tuple[Any, float]:
    """索引を訓練し、base を入れる。かかった秒も返す。"""
    started = time.perf_counter()
    if not index.is_trained:
        index.train(base)
    index.add(base)
    return index, time.perf_counter() - started


def float_indexes(bench: Bench, nlist: int) -> None:
    """IVF・HNSW・PQ を測る。"""
    import faiss

    rows, width = bench.base.shape
    inner = faiss.METRIC_INNER_PRODUCT
    ivf, seconds = build(
        faiss.index_factory(width, f"IVF{nlist},Flat", inner), bench.base
    )
    size = stored_bytes(ivf, rows)
    for nprobe in [value for value in NPROBES if value <= nlist]:
        ivf.nprobe = nprobe
        bench.add(
            f"IVF nprobe={nprobe}",
            size,
            lambda: ivf.search(bench.queries, TOP_K)[1],
            seconds,
        )
    hnsw = faiss.IndexHNSWFlat(width, 32, inner)
    hnsw.hnsw.efConstruction = 80
    hnsw, seconds = build(hnsw, bench.base)
    size = stored_bytes(hnsw, rows)
    for width_of_search in EF_SEARCHES:
        hnsw.hnsw.efSearch = width_of_search
        bench.add(
            f"HNSW ef={width_of_search}",
            size,
            lambda: hnsw.search(bench.queries, TOP_K)[1],
            seconds,
        )
    for parts in (width // 8, width // 4, width // 2):
        pq, seconds = build(faiss.IndexPQ(width, parts, 8, inner), bench.base)
        bench.add(
            f"PQ m={parts}",
            stored_bytes(pq, rows),
            lambda pq=pq: pq.search(bench.queries, TOP_K)[1],
            seconds,
        )


def binary_indexes(bench: Bench) -> None:
    """2 値化と、候補の選び直しを測る。"""
    import faiss
    import numpy as np

    started = time.perf_counter()
    center = bench.base.mean(axis=0)
    codes = np.packbits(bench.base > center, axis=1)
    bits = np.packbits(bench.queries > center, axis=1)
    index = faiss.IndexBinaryFlat(bench.base.shape[1])
    index.add(codes)
    built = time.perf_counter() - started

    def rescored(count: int) -> np.ndarray:
        found = index.search(bits, count)[1]
        scores = np.einsum("qd,qcd->qc", bench.queries, bench.base[found])
        order = np.argsort(-scores, axis=1, kind="stable")[:, :TOP_K]
        return np.take_along_axis(found, order, axis=1)

    size = codes.nbytes / len(codes)
    bench.add("2 値", size, lambda: index.search(bits, TOP_K)[1], built)
    for count in CANDIDATES:
        if count <= len(codes):
            bench.add(
                f"2 値 + 選び直し {count}",
                size,
                lambda count=count: rescored(count),
                built,
            )


def write(name: str, result: dict[str, Any]) -> None:
    """結果の 1 項目を、機械の種類と日付を添えて書く。"""
    known = {}
    if RESULTS.exists():
        known = json.loads(RESULTS.read_text(encoding="utf-8"))
    known[name] = {"date": date.today().isoformat(), "machine": machine()} | result
    text = json.dumps(known, ensure_ascii=False, indent=1)
    RESULTS.write_text(text + "\n", encoding="utf-8")


@app.command()
def search(
    rows: Annotated[int, typer.Option(help="合成ベクトルの件数")] = 200_000,
    width: Annotated[int, typer.Option(help="次元")] = 128,
    questions: Annotated[int, typer.Option(help="質問の数")] = 500,
    nlist: Annotated[int, typer.Option(help="IVF の区画の数")] = 1024,
    repeats: Annotated[int, typer.Option(help="くり返す回数")] = 3,
    save: Annotated[bool, typer.Option(help="結果を書く")] = True,
) -> None:
    """合成ベクトルで、索引ごとの再現率・時間・メモリを測る。"""
    import faiss

    faiss.omp_set_num_threads(1)
    everything = synthetic(rows + questions, width, 42)
    base, queries = everything[:rows], everything[rows:]
    flat, seconds = build(faiss.IndexFlatIP(width), base)
    exact = flat.search(queries, TOP_K)[1]
    bench = Bench(base, queries, exact, repeats, [])
    bench.add(
        "Flat",
        stored_bytes(flat, rows),
        lambda: flat.search(queries, TOP_K)[1],
        seconds,
    )
    float_indexes(bench, nlist)
    binary_indexes(bench)
    assert bench.rows[0]["recall"] == 1.0, "総当たりが自分自身と一致しません"
    if save:
        setting = {"rows": rows, "width": width, "questions": questions, "nlist": nlist}
        note = "合成ベクトル (文の埋め込みではない)"
        write("search", {"note": note, "threads": 1, **setting, "results": bench.rows})


def train_once(temperature: float, batch_size: int, steps: int, seed: int) -> float:
    """教師なしで短く訓練し、JSTS 形式のテストのスピアマンを返す。"""
    import numpy as np
    import torch
    from torch.nn import functional

    from bench.probes import embeddings
    from bench.probes.tuning import tune

    encoder = embeddings.Encoder(seed)
    rows = encoder.ids(embeddings.sentences(6000))
    rng = np.random.default_rng(seed)
    target = torch.arange(batch_size)

    def loss_at(_: int) -> torch.Tensor:
        chosen = rng.choice(len(rows), batch_size, replace=False)
        both = functional.normalize(encoder.embed([rows[i] for i in chosen] * 2))
        one, other = both.split(batch_size)
        return functional.cross_entropy(one @ other.T / temperature, target)

    encoder.model.train()
    tune(
        list(encoder.model.parameters()),
        loss_at,
        steps=steps,
        learning_rate=embeddings.UNSUPERVISED_RATE,
        warmup_steps=max(steps // 10, 1),
        weight_decay=0.0,
    )
    return embeddings.spearman(encoder)


@app.command()
def study(
    steps: Annotated[int, typer.Option(help="更新の回数")] = 60,
    seeds: Annotated[str, typer.Option(help="シード。カンマで並べる")] = "42,43,44",
    save: Annotated[bool, typer.Option(help="結果を書く")] = True,
) -> None:
    """練習用小型モデルで、温度 (バッチ 64) とバッチサイズ (温度 0.2) を比べる。"""
    import torch

    torch.set_num_threads(1)
    settings = [(value, 64) for value in TEMPERATURES]
    settings += [(0.2, size) for size in BATCH_SIZES if size != 64]
    rows = []
    for temperature, size in settings:
        found = [train_once(temperature, size, steps, int(s)) for s in seeds.split(",")]
        row = {"temperature": temperature, "batch_size": size}
        row["spearman"] = round(statistics.mean(found), 4)
        row["sd"] = round(statistics.stdev(found), 4) if len(found) > 1 else 0.0
        rows.append(row)
        console.print(json.dumps(row, ensure_ascii=False))
    if save:
        write("study", {"steps": steps, "seeds": seeds, "results": rows})


@app.callback()
def main(context: typer.Context) -> None:
    """命令を省くと、両方を測る。"""
    if context.invoked_subcommand is None:
        search(200_000, 128, 500, 1024, 3, True)
        study(60, "42,43,44", True)


if __name__ == "__main__":
    app()
