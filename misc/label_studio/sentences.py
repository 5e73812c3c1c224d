"""往復に使う人工の文、事前注釈、2 人の注釈者 (どちらもプログラムによる模擬)。"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

Span = tuple[int, int, str]
"""始まり、終わり (含まない)、型。"""

MODEL_VERSION = "simulated-v1"
TYPE_COLOURS = {
    "人名": "#FFB3BA",
    "法人名": "#BAE1FF",
    "政治的組織名": "#FFDFBA",
    "その他の組織名": "#E2F0CB",
    "地名": "#BAFFC9",
    "施設名": "#D5BAFF",
    "製品名": "#FFFFBA",
    "イベント名": "#FFC8F0",
}
TYPES = tuple(TYPE_COLOURS)


@dataclass(frozen=True)
class Sentence:
    """1 文と、置いた注釈。second が None なら、2 人めはその文を飛ばす。"""

    curid: str
    text: str
    first: tuple[Span, ...]
    second: tuple[Span, ...] | None
    predicted: tuple[Span, ...]


def label_config() -> str:
    """八つの型を、始まりと終わりで選ぶためのラベル設定。"""
    labels = "\n".join(
        f'    <Label value="{name}" background="{colour}" hotkey="{number}"/>'
        for number, (name, colour) in enumerate(TYPE_COLOURS.items(), start=1)
    )
    return (
        '<View>\n  <Labels name="label" toName="text">\n'
        f"{labels}\n"
        '  </Labels>\n  <Text name="text" value="$text" granularity="symbol"/>\n</View>'
    )


def overlaps(spans: list[Span]) -> bool:
    """重なる範囲があるか。"""
    ordered = sorted(spans)
    return any(a[1] > b[0] for a, b in zip(ordered, ordered[1:], strict=False))


def deviate(
    text: str, spans: tuple[Span, ...], rate: float, rng: random.Random
) -> tuple[Span, ...]:
    """それぞれの注釈を rate の割合で、落とす・範囲をずらす・型を取り違える。"""
    changed: list[Span] = []
    for start, end, kind in spans:
        if rng.random() >= rate:
            changed.append((start, end, kind))
            continue
        slip = rng.choice(("drop", "boundary", "type"))
        if slip == "boundary" and end - start > 2:
            changed.append((start, end - 1, kind))
        elif slip == "boundary" and end < len(text):
            changed.append((start, end + 1, kind))
        elif slip != "drop":
            changed.append((start, end, rng.choice([t for t in TYPES if t != kind])))
    return spans if overlaps(changed) else tuple(changed)


def draw(count: int, seed: int) -> list[Sentence]:
    """架空のニュースの文を count 件。いちばん短い文は、2 人めが飛ばす。"""
    # 世界の生成器は重いので、要るときにだけ読む。
    from tinyhub.world import ner

    rng = random.Random(seed)
    drawn = []
    rows = ner.generate("wikinews", count)
    shortest = min(rows, key=lambda row: len(row.text))
    for number, row in enumerate(rows, start=1):
        first = tuple((*entity.span, entity.type) for entity in row.entities)
        second = deviate(row.text, first, 0.3, rng)
        predicted = deviate(row.text, first, 0.4, rng)
        cancelled = row is shortest
        drawn.append(
            Sentence(
                curid=f"artificial-{number:03d}",
                text=row.text,
                first=first,
                second=None if cancelled else second,
                predicted=predicted,
            )
        )
    return drawn


def result(text: str, spans: tuple[Span, ...]) -> list[dict[str, Any]]:
    """注釈や事前注釈の result (Label Studio の形)。"""
    return [
        {
            "id": f"span-{number}",
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "value": {
                "start": start,
                "end": end,
                "text": text[start:end],
                "labels": [kind],
            },
        }
        for number, (start, end, kind) in enumerate(spans)
    ]


def import_task(sentence: Sentence) -> dict[str, Any]:
    """読み込ませる 1 件: 文と事前注釈。"""
    prediction = {
        "model_version": MODEL_VERSION,
        "score": 0.5,
        "result": result(sentence.text, sentence.predicted),
    }
    data = {"text": sentence.text, "curid": sentence.curid}
    return {"data": data, "predictions": [prediction]}
