"""文脈から写す注意を、はじめから組み込んだ Llama の初期値。

乱数から始めた小さな言語モデルは、文脈の中の値を写すこと (induction head, Olsson et
al., 2022) を覚えるまでに、とても長い事前学習が要る。そこで最初の 2 層の頭を 2 つずつ、
次の働きをする行列で始める。ほかの重みは乱数で、どの重みもそのあと普通に学習する。

- 第 0 層の頭 0: 一つ前のトークンだけを見て、その符号を残差の区画 1 に書く。
- 第 0 層の頭 1: 直前の十トークンほどを平均して、区画 2 に書く (近くの語の袋)。
- 第 1 層の頭 0: 「一つ前が今のトークンと同じ」位置を探し、そこのトークンを写す。
- 第 1 層の頭 1: 「近くの語の袋が今と似た」位置を探し、そこのトークンを写す。

どの位置も同じ向きの成分 (定数方向) を埋め込みに足しておき、第 0 層の注意はそこだけを
見る。位置の区別は回転位置埋め込みの位相でつける。
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import LlamaForCausalLM


@dataclass(frozen=True)
class Sharpness:
    """各頭の、はじめの注意の鋭さ (スコアの最大値) と、写しの強さ。"""

    previous: float = 30.0
    nearby: float = 14.0
    match_token: float = 24.0
    match_nearby: float = 7.0
    copy: float = 4.0


# 近くの語の袋の中心 (何トークン前か)。
NEARBY_CENTRE = 4.0
# 隣だけを見分けるのに使う、速く回る組の重み。
PREVIOUS_WEIGHTS = (1.0, 1.0, 1.0, 0.7, 0.5)
NEARBY_FREQUENCIES = (0.03, 0.3)
# 文脈の長さにわたって向きがほとんど変わらない組だけを、内容の照合に使う。
SLOW_FREQUENCY = 0.012


def install(model: LlamaForCausalLM, sharpness: Sharpness | None = None) -> None:
    """model の埋め込みと、最初の 2 層の頭 0・1 を書き換える。

    頭が 2 つ未満、層が 2 つ未満、または残差が頭 3 つぶんより狭いときは ValueError。
    """
    sharp = sharpness or Sharpness()
    config = model.config
    size, head = config.hidden_size, config.head_dim
    if config.num_attention_heads < 2 or config.num_hidden_layers < 2:
        raise ValueError("頭と層が 2 つずつ必要です")
    if size < 3 * head or config.num_key_value_heads != config.num_attention_heads:
        raise ValueError("残差の幅は頭 3 つぶん以上、鍵の頭は問い合わせと同数にします")
    theta = config.rope_parameters["rope_theta"]
    frequency = theta ** (-torch.arange(head // 2) / (head // 2))

    basis, _ = torch.linalg.qr(torch.randn(size, size))
    constant = basis[:, 0]
    width = size - 1 - 2 * head
    content = basis[:, 1 : 1 + width]
    block1 = basis[:, 1 + width : 1 + width + head]
    block2 = basis[:, 1 + width + head :]
    lift = torch.eye(head, width)
    first, second = (model.model.layers[i].self_attn for i in (0, 1))
    # RMSNorm のあとの成分の大きさ。残差には 2 つ (第 1 層ではおよそ 3.5 個) の
    # 長さ 1 の成分がある。
    scale0, scale1 = math.sqrt(size / 2), math.sqrt(size / 3.5)

    with torch.no_grad():
        codes = torch.randn(config.vocab_size, width)
        codes /= codes.norm(dim=1, keepdim=True)
        model.model.embed_tokens.weight.copy_(codes @ content.T + constant)

        fast = range(len(PREVIOUS_WEIGHTS))
        _attend_by_distance(
            first,
            0,
            constant,
            frequency,
            fast,
            PREVIOUS_WEIGHTS,
            1.0,
            sharp.previous / scale0**2,
        )
        low, high = NEARBY_FREQUENCIES
        middle = [i for i, f in enumerate(frequency) if low < f < high]
        _attend_by_distance(
            first,
            1,
            constant,
            frequency,
            middle,
            [1.0] * len(middle),
            NEARBY_CENTRE,
            sharp.nearby / scale0**2,
        )
        _move(first, 0, lift @ content.T, block1 / scale0)
        _move(first, 1, lift @ content.T, block2 * math.sqrt(6) / scale0)

        spread = _spread_over_slow_pairs(frequency, head)
        own = spread @ lift @ content.T
        _match(second, 0, own, spread @ block1.T, sharp.match_token / scale1**2)
        nearby = spread @ block2.T
        _match(second, 1, nearby, nearby, sharp.match_nearby / scale1**2)
        for index in (0, 1):
            _move(
                second, index, lift @ content.T, content @ lift.T * sharp.copy / scale1
            )


def _rows(attention: torch.nn.Module, index: int) -> slice:
    return slice(index * attention.head_dim, (index + 1) * attention.head_dim)


def _attend_by_distance(
    attention: torch.nn.Module,
    index: int,
    constant: torch.Tensor,
    frequency: torch.Tensor,
    pairs: Sequence[int],
    weights: Sequence[float],
    centre: float,
    strength: float,
) -> None:
    """距離 d のスコアが sum_i w_i^2 cos((d - centre) f_i) に比例する頭。"""
    head, half = attention.head_dim, attention.head_dim // 2
    query, key = torch.zeros(head), torch.zeros(head)
    for pair, weight in zip(pairs, weights, strict=True):
        angle = centre * frequency[pair]
        query[pair] = weight
        key[pair] = weight * torch.cos(angle)
        key[pair + half] = weight * torch.sin(angle)
    gain = math.sqrt(strength * math.sqrt(head))
    rows = _rows(attention, index)
    attention.q_proj.weight[rows] = gain * torch.outer(query / query.norm(), constant)
    attention.k_proj.weight[rows] = gain * torch.outer(key / key.norm(), constant)


def _match(
    attention: torch.nn.Module,
    index: int,
    query: torch.Tensor,
    key: torch.Tensor,
    strength: float,
) -> None:
    """query と key で読んだ符号の内積が大きい位置を見る頭。形 (head_dim, hidden)。"""
    gain = math.sqrt(strength * math.sqrt(attention.head_dim))
    rows = _rows(attention, index)
    attention.q_proj.weight[rows] = gain * query
    attention.k_proj.weight[rows] = gain * key


def _move(
    attention: torch.nn.Module, index: int, read: torch.Tensor, write: torch.Tensor
) -> None:
    """見た位置から read (head_dim, hidden) で読み、write (その転置の形) で書く。"""
    rows = _rows(attention, index)
    attention.v_proj.weight[rows] = read
    attention.o_proj.weight[:, rows] = write


def _spread_over_slow_pairs(frequency: torch.Tensor, head: int) -> torch.Tensor:
    """符号を、長さを保って、ゆっくり回る次元だけに移す (head_dim, head_dim) の行列。"""
    half = head // 2
    slow = [i for i in range(half) if frequency[i] < SLOW_FREQUENCY]
    places = [*slow, *(i + half for i in slow)]
    mixed = torch.linalg.qr(torch.randn(head, head))[0][:, : len(places)]
    spread = torch.zeros(head, head)
    spread[places] = mixed.T * math.sqrt(head / len(places))
    return spread
