"""入力から写す注意を、はじめから組み込んだ T5 の初期値。

乱数から始めた小さなモデルは、入力の語を出力へ写すことを覚えるまでに長い事前学習が
要る。そこで `tinyhub.models.induction` と同じ考えで、次の働きをする頭で始める。
ほかの重みは小さな乱数で、どの重みもそのあと普通に学習する。

- エンコーダ第 0 層の頭 0: 一つ前のトークンの符号を、残差の区画 1 に書く。
- エンコーダ第 0 層の頭 1: 手前の数トークンの平均を、区画 2 に書く (近くの語の袋)。
- デコーダ第 0 層の頭 1: 自分と手前の数トークンの平均を、区画 2 に書く。
- デコーダ最終層の交差注意の頭 0・1: 「一つ前が今のトークンと同じ」入力の位置を探し、
  そこのトークンを写す。頭 0 は符号の前半、頭 1 は後半を写す。
- 同じ層の頭 2・3: 「手前の語の袋が今と似た」入力の位置を探し、同じように写す。

どこを見るかは T5 の相対位置バイアスで決まる。バイアスはスタックの全層で共有される。
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from transformers import T5ForConditionalGeneration


@dataclass(frozen=True)
class Sharpness:
    """各頭の、はじめの注意の鋭さ (スコアの最大値) と、写しの強さ。"""

    previous: float = 8.0
    nearby: float = 5.0
    match_token: float = 14.0
    match_nearby: float = 8.0
    copy: float = 3.0


NEARBY_TOKENS = 6
# 組み込まない部分の乱数の、T5 の標準に対する大きさ。
QUIET = 0.3
# 残差には、符号と 2 つの区画の、長さがおよそ 1 の成分が 3 つある。
COMPONENTS = 3


def install(
    model: T5ForConditionalGeneration, sharpness: Sharpness | None = None
) -> None:
    """model の埋め込みと、上に挙げた頭を書き換える。

    頭が 4 つ未満、または残差が頭 3 つぶんより狭いときは ValueError。
    """
    sharp = sharpness or Sharpness()
    config = model.config
    size, head = config.d_model, config.d_kv
    if config.num_heads < 4 or size < 4 * head:
        raise ValueError("頭が 4 つ以上、残差の幅は頭 4 つぶん以上にします")
    basis, _ = torch.linalg.qr(torch.randn(size, size))
    width = size - 2 * head
    content, block1, block2 = basis.split([width, head, head], dim=1)
    first, second = content[:, :head].T, content[:, head : 2 * head].T
    scale = math.sqrt(size / COMPONENTS)

    encoder, decoder = model.encoder.block, model.decoder.block
    reader = encoder[0].layer[0].SelfAttention
    listener = decoder[0].layer[0].SelfAttention
    copier = decoder[-1].layer[1].EncDecAttention
    with torch.no_grad():
        _quieten(model)
        codes = torch.randn(config.vocab_size, width)
        model.shared.weight.copy_(codes / codes.norm(dim=1, keepdim=True) @ content.T)
        # 埋め込みの長さを 1 にしたぶん、出力の尺度を最後の正規化で戻す。
        model.decoder.final_layer_norm.weight.fill_(math.sqrt(size))

        _look_back(reader, 0, [1], sharp.previous)
        _look_back(reader, 1, range(1, NEARBY_TOKENS + 1), sharp.nearby)
        _look_back(listener, 1, range(NEARBY_TOKENS), sharp.nearby)
        # 第 0 層の入力は符号だけなので、正規化のあとの長さは sqrt(size) になる。
        _move(reader, 0, first, block1 * math.sqrt(width / head / size))
        bag = math.sqrt(NEARBY_TOKENS * width / head / size)
        _move(reader, 1, first, block2 * bag)
        _move(listener, 1, first, block2 * bag)

        # 符号の半分 (長さ sqrt(head / width)) を、長さ 1 に戻してから比べる。
        own = first * math.sqrt(width / head)
        copy = sharp.copy / scale
        for index, half in ((0, first), (1, second)):
            _match(copier, index, own, block1.T, sharp.match_token / scale**2)
            _move(copier, index, half, half.T * copy)
        for index, half in ((2, first), (3, second)):
            _match(copier, index, block2.T, block2.T, sharp.match_nearby / scale**2)
            _move(copier, index, half, half.T * copy)


def _quieten(model: T5ForConditionalGeneration) -> None:
    """長さ 1 の埋め込みに合わせて、残差に足すものを小さくする。"""
    factor = QUIET / math.sqrt(model.config.d_model)
    for name, weight in model.named_parameters():
        if name.endswith((".o.weight", ".wo.weight")):
            weight.mul_(factor)
        if name.endswith("relative_attention_bias.weight"):
            weight.zero_()


def _rows(attention: torch.nn.Module, index: int) -> slice:
    size = attention.key_value_proj_dim
    return slice(index * size, (index + 1) * size)


def _look_back(
    attention: torch.nn.Module, index: int, distances: range | list[int], score: float
) -> None:
    """中身によらず、distances トークン前だけを見る頭。"""
    rows = _rows(attention, index)
    attention.q.weight[rows] = 0.0
    # 近い距離は、そのままバケツの番号である。
    for distance in distances:
        attention.relative_attention_bias.weight[distance, index] = score


def _match(
    attention: torch.nn.Module,
    index: int,
    query: torch.Tensor,
    key: torch.Tensor,
    score: float,
) -> None:
    """query と key で読んだ符号の内積が大きい位置を見る頭。形 (d_kv, d_model)。"""
    rows = _rows(attention, index)
    attention.q.weight[rows] = math.sqrt(score) * query
    attention.k.weight[rows] = math.sqrt(score) * key


def _move(
    attention: torch.nn.Module, index: int, read: torch.Tensor, write: torch.Tensor
) -> None:
    """見た位置から read (d_kv, d_model) で読み、write (その転置の形) で書く。"""
    rows = _rows(attention, index)
    attention.v.weight[rows] = read
    attention.o.weight[:, rows] = write
