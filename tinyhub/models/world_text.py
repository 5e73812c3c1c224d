"""世界の地の文 (`raw_text`) を、指紋・語彙を作る行・トークンの列にする。"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache

import numpy as np
from transformers import PreTrainedTokenizerBase

from tinyhub.models import raw_text

Documents = dict[str, list[list[str]]]
FINGERPRINT_DOCUMENTS = 100


def world_documents(counts: dict[str, int], seed: int) -> Documents:
    """文書 (文のリスト) を、出どころごとに counts の件数だけ作る。"""
    return raw_text.write(seed, counts)


@cache
def _sample(name: str, seed: int) -> bytes:
    """出どころの先頭部分。いくつものレシピが同じものを指紋に使う。"""
    sample = raw_text.SOURCES[name](seed, FINGERPRINT_DOCUMENTS)
    return json.dumps(sample, ensure_ascii=False).encode()


def fingerprint(numbers: dict[str, object], names: Iterable[str], seed: int) -> str:
    """レシピの数値と、読む文章の先頭部分から計算する指紋。"""
    digest = hashlib.sha256(json.dumps(numbers, sort_keys=True).encode())
    for name in names:
        digest.update(_sample(name, seed))
    return digest.hexdigest()[:16]


def tokenizer_lines(documents: Documents, per_source: int) -> list[str]:
    """語彙を作るための行。出どころごとに同じ件数の文書を、1 行ずつにする。"""
    return [
        "".join(document)
        for docs in documents.values()
        for document in docs[:per_source]
    ]


def characters(documents: Documents) -> str:
    """文章に現れる、空白でない文字。"""
    found = {
        character
        for docs in documents.values()
        for document in docs
        for sentence in document
        for character in sentence
    }
    return "".join(sorted(one for one in found if not one.isspace()))


def token_stream(
    tokenizer: PreTrainedTokenizerBase, documents: Documents, seed: int
) -> np.ndarray:
    """すべての文書を混ぜ、「<s> 文書 </s>」をつなげた id 列。"""
    texts = ["".join(document) for docs in documents.values() for document in docs]
    encoded = tokenizer(texts, add_special_tokens=False)["input_ids"]
    order = np.random.default_rng(seed).permutation(len(encoded))
    bos, eos = tokenizer.bos_token_id, tokenizer.eos_token_id
    return np.concatenate([[bos, *encoded[i], eos] for i in order]).astype(np.int32)
