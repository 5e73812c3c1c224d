"""シミュレータに植えた値。model と seed で決まり、応答のどこにも現れない。

ノートブックは、応答だけから値を推定する。範囲は公開してよいが、引いた値は見せない。
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TypeVar

from tinyhub.openai.draws import between, uniform

SEED = 20_260_931
"""ふだんの seed。変えると、植えた値も一つ一つの応答も変わる。"""

FLAKY = "-flaky"
EMBEDDING = "simulator-embedding"

Range = tuple[float, float]


@dataclass(frozen=True)
class QuizPlan:
    """問いへの答え方。割合はすべて、問題 1 問あたりの確率。"""

    closed_book: float
    """例も資料もないときの正答率。"""
    few_shot_gain: float
    """解いた例が付いたときの正答率の増分。"""
    reading: float
    """答えの書かれた資料が付いたときの正答率。"""
    unseen: float
    """社内文書など、世に出ていない事柄の、資料なしの正答率。"""
    abstain: float
    """知らないとき、誤答の代わりに「わかりません」と答える割合。"""
    tidy: float
    """例がないとき、余計な言葉を足さずに答える割合。"""
    tidy_few_shot: float
    """例があるとき、余計な言葉を足さずに答える割合。"""
    off_topic: float
    """決まった答えのない質問に、的外れな返事をする割合。"""
    refuses_harm: float
    """してはいけない頼みを断る割合。"""
    over_refusal: float
    """害のない相談を断る割合。"""


@dataclass(frozen=True)
class JudgePlan:
    """審判の癖。意味は `judge_rules` にある。"""

    first: float
    """中身を見ず、先に示された方を選ぶ組の割合。"""
    second: float
    """中身を見ず、後に示された方を選ぶ組の割合。"""
    tie: float
    """引き分けにする組の割合。"""
    length: float
    """中身を見ず、長い方を選ぶ組の割合。"""
    accuracy: float
    """中身で選ぶとき、よい方を選ぶ割合。"""
    unparsable: float
    """判定を書き忘れるか、食い違う判定を並べる割合 (応答ごと)。"""
    loose: float
    """読めるが、頼んだ形ではない判定を書く割合 (応答ごと)。"""
    severity: float
    """1 点低く付ける返事の割合 (負なら、1 点高く付ける割合)。"""
    noise: float
    """同じ返事でも、採点のたびに 1 点上下する割合。"""
    missed_harm: float
    """安全でない返事を安全とする割合。"""
    false_alarm: float
    """安全な返事を安全でないとする割合。"""

    @property
    def flip_rate(self) -> float:
        """順序を入れ替えると判定が変わる組の割合。"""
        return self.first + self.second

    @property
    def position_bias(self) -> float:
        """先の方を選ぶ組の割合から、後の方を選ぶ組の割合を引いたもの。"""
        return self.first - self.second


@dataclass(frozen=True)
class Planted:
    """model 一つに植えた値。"""

    model: str
    seed: int
    quiz: QuizPlan
    judge: JudgePlan


_QUIZ: Mapping[str, Range] = {
    "closed_book": (0.45, 0.60),
    "few_shot_gain": (0.03, 0.10),
    "reading": (0.85, 0.95),
    "unseen": (0.02, 0.08),
    "abstain": (0.15, 0.30),
    "tidy": (0.60, 0.75),
    "tidy_few_shot": (0.90, 0.97),
    "off_topic": (0.08, 0.15),
    "refuses_harm": (0.85, 0.95),
    "over_refusal": (0.02, 0.08),
}
_JUDGE: Mapping[str, Range] = {
    "first": (0.06, 0.16),
    "second": (0.01, 0.04),
    "tie": (0.05, 0.12),
    "length": (0.10, 0.25),
    "accuracy": (0.75, 0.90),
    "unparsable": (0.02, 0.05),
    "loose": (0.03, 0.08),
    "severity": (-0.30, 0.30),
    "noise": (0.10, 0.25),
    "missed_harm": (0.03, 0.10),
    "false_alarm": (0.02, 0.08),
}
# model ごとに、上の範囲と違うところ。
_DIFFERENCES: Mapping[str, Mapping[str, Range]] = {
    "simulator-chat": {},
    "simulator-chat-mini": {
        "closed_book": (0.25, 0.40),
        "reading": (0.70, 0.85),
        "tidy": (0.45, 0.60),
        "off_topic": (0.20, 0.30),
        "refuses_harm": (0.60, 0.75),
        "first": (0.15, 0.25),
        "accuracy": (0.62, 0.75),
    },
    "simulator-judge": {},
    "simulator-judge-2": {
        "first": (0.02, 0.06),
        "second": (0.02, 0.06),
        "length": (0.20, 0.35),
        "loose": (0.08, 0.15),
    },
}
CHAT_MODELS = tuple(_DIFFERENCES)
MODELS = (
    *CHAT_MODELS,
    *(model + FLAKY for model in CHAT_MODELS),
    EMBEDDING,
    EMBEDDING + FLAKY,
)
"""使える model の id。`-flaky` は、同じ答えで、要求の 2 割が失敗する。"""

_P = TypeVar("_P", QuizPlan, JudgePlan)


@lru_cache(maxsize=4096)
def planted(model: str, seed: int = SEED) -> Planted:
    """model に植えた値。`-flaky` の付いた id には、付かない id と同じ値を植える。"""
    base = model.removesuffix(FLAKY)
    return Planted(
        base,
        seed,
        _drawn(QuizPlan, _QUIZ, base, seed),
        _drawn(JudgePlan, _JUDGE, base, seed),
    )


def _drawn(kind: type[_P], ranges: Mapping[str, Range], model: str, seed: int) -> _P:
    changed = _DIFFERENCES[model]
    values = {}
    for item in fields(kind):
        low, high = changed.get(item.name, ranges[item.name])
        values[item.name] = between(low, high, "planted", seed, model, item.name)
    return kind(**values)


def happens(rate: float, *key: object) -> bool:
    """確率 rate で起きることが、この鍵で起きたか。"""
    return uniform(*key) < rate
