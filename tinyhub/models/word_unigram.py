"""語の相対頻度をそのまま確率にした、SentencePiece のユニグラム。

世界の文章は語彙が限られていて、EM で部分語を選ぶと、よく出る語まで 1 文字ずつに
切れてしまう。そこで形態素解析で切った語を数え、多い順に部分語にする。切り方が決まって
いるときの最尤推定であり、読むときは普通の SentencePiece と同じように、確率の最も高い
切り方を選ぶ。部分語が語の境目をまたがないので、同じ名前はどこに出てもほぼ同じに切れる。
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable

import fugashi
import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from tinyhub.models.small_unigram import required_characters

_Piece = sentencepiece_model_pb2.ModelProto.SentencePiece
# 語としては現れなかった文字の、数えたことにする回数。
_UNSEEN = 0.1


def word_counts(lines: Iterable[str]) -> Counter[str]:
    """NFKC で正規化して語に切り、数える。"""
    tagger = fugashi.Tagger("-Owakati")
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(tagger.parse(unicodedata.normalize("NFKC", line)).split())
    return counts


def word_unigram(lines: list[str], size: int) -> sentencepiece_model_pb2.ModelProto:
    """部分語がちょうど size の、T5 の並び (<pad>、</s>、<unk>、▁、…) のモデル。

    文章に現れた文字はすべて入れ、残りを多い語から選ぶ。語が足りなければ ValueError。
    """
    counts = word_counts(lines)
    letters = {*required_characters(), *"".join(counts)}
    words = [word for word, _ in counts.most_common() if len(word) > 1]
    room = size - 4 - len(letters)
    if not 0 <= room <= len(words):
        least = 4 + len(letters)
        raise ValueError(f"部分語の数は {least} から {least + len(words)} までです")
    total = counts.total()
    scores = {
        piece: math.log(max(counts[piece], _UNSEEN) / total)
        for piece in (*words[:room], *letters)
    }

    normalizer = sentencepiece.SentencePieceNormalizer(rule_name="nfkc")
    proto = sentencepiece_model_pb2.ModelProto.FromString(
        normalizer.serialized_model_proto()
    )
    trainer = proto.trainer_spec
    trainer.vocab_size = size
    trainer.pad_id, trainer.eos_id, trainer.unk_id, trainer.bos_id = 0, 1, 2, -1
    del proto.pieces[:]
    proto.pieces.add(piece="<pad>", type=_Piece.CONTROL)
    proto.pieces.add(piece="</s>", type=_Piece.CONTROL)
    proto.pieces.add(piece="<unk>", type=_Piece.UNKNOWN)
    # 行の先頭に必ず一つ付く。
    proto.pieces.add(piece="▁", score=math.log(len(lines) / total))
    for piece, score in sorted(scores.items(), key=lambda item: (-item[1], item[0])):
        proto.pieces.add(piece=piece, score=round(score, 4))
    return proto
