"""計画の式は、実際のモデルと公表された値に合う。"""

from __future__ import annotations

import pytest
import torch

from bunsan import measure
from bunsan.engine import Layout
from bunsan.errors import ParallelError
from bunsan.llama import DecoderLayer, Llama, LlamaConfig
from bunsan.planner import (
    failures,
    flags,
    flops,
    memory,
    parameters,
    published,
    search,
    speed,
)

EXACT = {
    "llama-2-7b": 6_738_415_616,
    "llama-2-13b": 13_015_864_320,
    "llama-2-70b": 68_976_648_192,
    "llama-3-405b": 405_853_388_800,
}


@pytest.mark.parametrize("name", list(parameters.PRESETS))
def test_parameter_count_equals_the_meta_model(name: str) -> None:
    """式の数は、meta デバイスのモデルと 1 個も違わない。"""
    config = parameters.PRESETS[name]
    with torch.device("meta"):
        model = Llama(config)

    assert parameters.total(config) == sum(p.numel() for p in model.parameters())
    assert parameters.total(config) == EXACT.get(name, parameters.total(config))


@pytest.mark.parametrize(("tp", "pp", "chunks"), [(1, 1, 1), (2, 4, 1), (8, 4, 2)])
def test_shares_sum_to_the_model(tp: int, pp: int, chunks: int) -> None:
    """全部のランクの分を足すと、複製された正規化の分だけ多い。"""
    config = parameters.LLAMA_2_70B
    shares = [
        parameters.local(config, tp=tp, pp=pp, chunks=chunks, stage=stage)
        for stage in range(pp)
    ]
    norms = (2 * config.num_hidden_layers + 1) * config.hidden_size

    assert tp * sum(shares) - (tp - 1) * norms == parameters.total(config)


@pytest.mark.parametrize(("zero", "gib"), [(0, 100.4), (1, 34.5), (2, 23.5), (3, 12.6)])
def test_zero_memory_of_7b(zero: int, gib: float) -> None:
    """7B を 8 ランクで分けたときの、1 ランクのモデルの状態。"""
    layout = Layout(dp=8, zero=zero)
    found = memory.state(parameters.LLAMA_2_7B, layout, memory.MIXED) / memory.GIB

    assert found == pytest.approx(gib, abs=0.05)


@pytest.mark.parametrize(("heads", "kv_heads"), [(4, 4), (8, 2)])
def test_activation_formula_equals_the_saved_tensors(heads: int, kv_heads: int) -> None:
    """層が逆伝播のために残すバイト数を、そのまま書いた層の式が 1 % の中で当てる。"""
    config = LlamaConfig(64, 256, 640, 1, heads, kv_heads)
    layer = DecoderLayer(config).to(torch.bfloat16)
    x = torch.randn(2, 64, 256, dtype=torch.bfloat16, requires_grad=True)
    measured = measure.activation_bytes(layer, x)

    assert measured == pytest.approx(
        memory.llama_layer_as_written(config, s=64, b=2), rel=0.01
    )
    assert measured > memory.llama_layer(config, s=64, b=2)


@pytest.mark.parametrize("row", published.SC21, ids=lambda row: f"{row.billions}B")
def test_sc21_row_is_consistent(row: published.GPTRow) -> None:
    """パラメータ数、ピーク比、全体の PFLOP/s が、表の桁まで再現できる。"""
    count = flops.sc21_parameters(row.layers, row.hidden) / 1e9

    assert round(count, 1) == row.billions
    assert round(100 * row.tflops / 312) == row.percent
    assert row.tflops * row.gpus / 1000 == pytest.approx(row.petaflops, rel=0.004)
    assert row.dp * row.tp * row.pp == row.gpus


def test_sc21_training_times() -> None:
    """論文の日数: 1T を 84 日、GPT-3 を 34 日。"""
    trillion = flops.sc21_parameters(128, 25_600)

    assert flops.days(450e9, trillion, 3072, 163) == pytest.approx(84, abs=1)
    assert flops.days(300e9, 175e9, 1024, 140) == pytest.approx(34, abs=1)
    work = flops.sc21_iteration(3072, 128, 25_600)
    assert work / (163e12 * 3072) == pytest.approx(102.6, rel=0.01)


def test_flop_conventions_differ_as_stated() -> None:
    """7B、s=4096 の 1 トークンあたりの FLOP は、数え方で 15 % 違う。"""
    config = parameters.LLAMA_2_7B

    assert flops.six_n(config) == pytest.approx(4.04e10, rel=0.002)
    assert flops.per_token(config, 4096, "causal") == pytest.approx(4.29e10, rel=0.002)
    assert flops.per_token(config, 4096, "full") == pytest.approx(4.61e10, rel=0.002)


def test_scoreboard_of_rows_not_used_for_fitting() -> None:
    """合わせるのに使わなかった行の誤差が、述べた範囲に収まる。"""
    scores = speed.scoreboard(published.SC21, published.LLAMA_3, published.SC21_STRONG)
    held_out = [score for score in scores if not score.fitted]
    gpt = [abs(s.error) for s in held_out if s.name.startswith("GPT")]
    llama = [abs(s.error) for s in held_out if s.name.startswith("Llama")]

    assert len(gpt) == 5 + 6 and len(llama) == 2
    assert max(gpt) < 0.08
    assert max(llama) < 0.08
    assert [s.name for s in scores if s.unverified] == [
        "Llama 3 405B, H100 × 16384, s=131072"
    ]


@pytest.mark.parametrize("row", [*published.SC21, *published.SC21_STRONG], ids=str)
def test_micro_batches_of_a_gpt_row_are_whole(row: published.GPTRow) -> None:
    """マイクロバッチの数と、部分ごとの層の数は整数になる。"""
    assert row.batch % (row.dp * row.rows) == 0
    assert row.layers % (row.pp * row.chunks) == 0


@pytest.mark.parametrize(
    "row", published.LLAMA_3, ids=lambda row: f"{row.gpus}-{row.s}"
)
def test_llama_row_is_consistent(row: published.LlamaRow) -> None:
    """並べ方の積は枚数になり、1 回の更新は表のとおり約 16 M トークンになる。"""
    assert row.tp * row.cp * row.pp * row.dp == row.gpus
    assert row.s * row.batch == 16 * 2**20
    assert bool(row.note) == row.unverified
    assert round(100 * row.tflops / 989) == pytest.approx(row.percent, abs=1)


def test_search_returns_fitting_plans_fastest_first() -> None:
    """載る案だけを、速い順に返す。どの案も枚数とバッチに合う。"""
    job = search.Job(parameters.LLAMA_2_7B, 4096, 1024, 105e9, 8)
    efficiency = speed.Efficiency(0.6, 350)
    plans = search.search(job, speed.A100, efficiency)

    assert [p.seconds for p in plans] == sorted(p.seconds for p in plans)
    for plan in plans:
        layout = plan.layout
        assert plan.memory <= speed.A100.memory
        assert layout.world_size == job.gpus
        assert plan.rows * layout.micro_batches * layout.dp == job.batch
        assert 0.2 < plan.mfu < 0.62


def test_search_finds_the_published_layout_of_405b() -> None:
    """405B・16,384 枚では、公表された tp8・pp16・dp128 が上位に入る。"""
    job = search.Job(parameters.LLAMA_3_405B, 8192, 2048, 15.6e12, 16_384)
    plans = search.search(job, speed.H100, speed.Efficiency(0.6, 350))
    shapes = [(p.layout.tp, p.layout.pp, p.layout.dp) for p in plans]

    assert (8, 16, 128) in shapes


def test_model_that_does_not_fit_is_explained() -> None:
    """載らなければ、最も少ない案のメモリを挙げて断る。"""
    job = search.Job(parameters.LLAMA_2_70B, 4096, 64, 1e9, 2)

    with pytest.raises(ParallelError, match="2 枚では載りません"):
        search.search(job, speed.A100, speed.Efficiency(0.6, 350))


def test_memory_of_the_seed_job() -> None:
    """7B・tp2・pp2・dp2 の仕事は、状態 18.8 GiB と活性値 11.4 GiB で 40 GB に載る。"""
    layout = Layout(tp=2, pp=2, dp=2, zero=1, micro_batches=512)
    config = parameters.LLAMA_2_7B
    state = memory.state(config, layout, memory.MEGATRON) / memory.GIB
    held = memory.activations(config, layout, s=4096, b=1) / memory.GIB

    assert state == pytest.approx(18.8, abs=0.05)
    assert held == pytest.approx(11.4, abs=0.05)


def test_flags_describe_the_seed_job() -> None:
    """7B の tp2・pp2・dp2 を、Megatron と torchtitan の引数に書き直す。"""
    layout = Layout(tp=2, pp=2, dp=2, zero=1, micro_batches=512)
    found = flags.megatron(parameters.LLAMA_2_7B, layout, 1, 4096, False)

    assert "--tensor-model-parallel-size=2" in found
    assert "--global-batch-size=1024" in found
    assert "--use-distributed-optimizer" in found
    assert not any(flag.startswith("--num-query-groups") for flag in found)
    assert "tensor_parallel_degree = 2" in flags.torchtitan(layout, 1, 4096)
    assert "--global-batch=1024" in flags.bunsan(layout, 1)


@pytest.mark.parametrize(
    ("gpus", "minutes", "percent"), [(16_384, 19, 10.4), (1024, 77, 2.6), (8, 870, 0.2)]
)
def test_save_interval_and_loss(gpus: int, minutes: float, percent: float) -> None:
    """保存に 60 秒かかるときの、最もよい間隔と、失う割合。"""
    found = failures.plan(gpus, 60)

    assert found.between_saves / 60 == pytest.approx(minutes, rel=0.03)
    assert 100 * found.lost == pytest.approx(percent, abs=0.05)
