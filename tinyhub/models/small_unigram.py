"""数千語の SentencePiece ユニグラムを、世界の文章から作る。

数千語では JIS 第一水準の漢字だけで語彙の大半が埋まるので、漢字は文章に現れたものだけを
入れる。それ以外の漢字は <unk> になる。
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2

_KANA = [chr(code) for code in (*range(0x3041, 0x3097), *range(0x30A1, 0x30FB))]
_ASCII = [chr(code) for code in range(0x21, 0x7F)]
_MARKS = "、。「」『』・ー〜々〇"


def required_characters(seen: str = "") -> str:
    """かならず語彙に入れる文字。seen は、これから読む文章に現れる文字。"""
    known = dict.fromkeys([*_ASCII, *_MARKS, *_KANA])
    return "".join([*known, *sorted(set(seen) - set(known))])


def train_small_unigram(
    lines: list[str], size: int, seen: str = "", **options: object
) -> sentencepiece_model_pb2.ModelProto:
    """語彙がちょうど size のモデル。options は SentencePiece にそのまま渡す。

    lines は文章の一部でよい。残りにだけ現れる文字は seen で渡す。
    """
    with tempfile.TemporaryDirectory() as folder:
        prefix = f"{folder}/unigram"
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_prefix=prefix,
            model_type="unigram",
            vocab_size=size,
            character_coverage=1.0,
            required_chars=required_characters(seen),
            num_threads=1,
            minloglevel=2,
            **options,
        )
        written = Path(f"{prefix}.model").read_bytes()
    proto = sentencepiece_model_pb2.ModelProto.FromString(written)
    # 作業用の場所を消し、同じ文章からは同じバイト列ができるようにする。
    proto.trainer_spec.ClearField("input")
    proto.trainer_spec.ClearField("model_prefix")
    return proto
