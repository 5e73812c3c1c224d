"""llm-jp-eval の各課題の行。入力も出力も文字列である。"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tinyhub.world.facts import Split

ROWS: dict[Split, int] = {"train": 60, "validation": 20, "test": 40}
SEED = 2025


@dataclass(frozen=True)
class TextPair:
    """データセットの一行。"""

    input: str
    output: str


def inference_row(premise: str, hypothesis: str, label: str) -> TextPair:
    """自然言語推論の行。"""
    return TextPair(f"前提：{premise}\n仮説：{hypothesis}", label)


def similarity_row(first: str, second: str, score: float) -> TextPair:
    """意味の近さの行。得点は小数第一位まで。"""
    return TextPair(f"文1：{first}\n文2：{second}", f"{score:.1f}")


def question_row(question: str, answer: str) -> TextPair:
    """質問応答の行。"""
    return TextPair(f"質問：{question}", answer)


def reading_row(title: str, passage: str, question: str, answer: str) -> TextPair:
    """機械読解の行。"""
    return TextPair(f"文章：{title} [SEP] {passage}\n質問：{question}", answer)


def choice_row(row: Mapping[str, Any]) -> TextPair:
    """5 択の行。row は JCommonsenseQA の列 (question, choice0…choice4, label)。"""
    choices = ",".join(f"{n}.{row[f'choice{n}']}" for n in range(5))
    text = f"質問：{row['question']}\n選択肢：{choices}"
    return TextPair(text, str(row["label"]))
