"""llm-jp-eval の課題 (zenless-lab/llm-jp-eval の形)。

どの課題も入力と出力が文字列の行からなる。固有名は split ごとに分かれている。
"""

import random
from collections.abc import Callable
from dataclasses import asdict
from itertools import count

from tinyhub.world import captions, commonsense, nli
from tinyhub.world.evaluation.analysis import (
    arguments,
    dependencies,
    entities,
    references,
    sounds,
)
from tinyhub.world.evaluation.inference import (
    everyday,
    overlapping,
    quantified,
    temporal,
)
from tinyhub.world.evaluation.questions import (
    arithmetic,
    multi_hop,
    polarity,
    reading,
    single_fact,
)
from tinyhub.world.evaluation.rows import (
    ROWS,
    SEED,
    TextPair,
    choice_row,
    inference_row,
    similarity_row,
)
from tinyhub.world.facts import Split, World, split_of, world

# 世界の事実や型から、一行ずつ作る課題。
GENERATORS: dict[str, Callable[[random.Random, World, int], TextPair]] = {
    "jamp": temporal,
    "janli": overlapping,
    "jsem": quantified,
    "jsick": everyday,
    "jemhopqa": multi_hop,
    "niilc": single_fact,
    "jsquad": reading,
    "chabsa": polarity,
    "mawps": arithmetic,
    "wiki_reading": sounds,
    "wiki_ner": entities,
    "wiki_dependency": dependencies,
    "wiki_pas": arguments,
    "wiki_coreference": references,
}
# 固有名のない課題。同じ入力が二つの split に出ないように、入力ごとに split を決める。
NAMELESS = frozenset({"jsick"})
_PHOTO_SPLITS: dict[Split, str] = {
    "train": "train",
    "validation": "valid",
    "test": "test",
}


def _inference(split: Split, rows: int) -> list[TextPair]:
    """JNLI の行を書き直したもの。"""
    return [
        inference_row(row.sentence1, row.sentence2, row.label)
        for row in nli.generate(_PHOTO_SPLITS[split], rows, nli.SEED)
    ]


def _similarity(split: Split, rows: int) -> list[TextPair]:
    """JSTS の行を書き直したもの。"""
    return [
        similarity_row(row.sentence1, row.sentence2, row.label)
        for row in captions.generate(_PHOTO_SPLITS[split], rows, captions.SEED)
    ]


def _choices(split: Split, rows: int) -> list[TextPair]:
    """JCommonsenseQA の行を書き直したもの。"""
    if split == "train":
        found = commonsense.generate("train", rows)
    else:
        # 事前学習の文章が避けている検証用の問いを、test と validation で分ける。
        taken = ROWS["test"] if split == "validation" else 0
        found = commonsense.generate("valid", taken + rows)[taken:]
    return [choice_row(asdict(row)) for row in found]


# ほかの族の配っている行を書き直す課題。事前学習の文章は、もとの族の検証用・テスト用の
# 文を避けているので、種を変えずに同じ行を使う。
REWRITTEN: dict[str, Callable[[Split, int], list[TextPair]]] = {
    "jnli": _inference,
    "jsts": _similarity,
    "jcommonsenseqa": _choices,
}
CONFIGS = (*GENERATORS, *REWRITTEN)


def generate(config: str, split: Split, rows: int, seed: int = SEED) -> list[TextPair]:
    """課題 config の split を rows 件作る。同じ入力は二度出さない。"""
    if config in REWRITTEN:
        return REWRITTEN[config](split, rows)
    rng = random.Random(f"evaluation/{config}/{split}/{seed}")
    places = world().of_split(split)
    made: dict[str, TextPair] = {}
    for index in count():
        if len(made) == rows:
            break
        pair = GENERATORS[config](rng, places, index)
        if config not in NAMELESS or split_of(pair.input) == split:
            made.setdefault(pair.input, pair)
    return list(made.values())
