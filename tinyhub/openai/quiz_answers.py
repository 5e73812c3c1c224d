"""答えの決まった質問への、シミュレータの答え方。植えた値 (`QuizPlan`) の意味を決める。

正しい答えになる確率は、プロンプトの形で決まる。

- 正解の文字列が、プロンプトの質問以外の部分にある (資料が付いている): reading
- ほかの知っている質問が、先に並んでいる (解いた例がある): closed_book + few_shot_gain
- どちらでもない: closed_book。社内文書の質問なら unseen

同じ問題の当たり外れは、プロンプトを変えても 8 割は同じ乱数で決まる (やさしい問題は、
どのプロンプトでもやさしい)。だから、プロンプトの間の比べ方は対応のあるものになる。
正解のとき、余計な言葉を足さない答えの割合が tidy (例があれば tidy_few_shot) である。
正答かどうかは「認める答えのどれかを含む」で数える。誤答は、どれも含まない。
"""

from __future__ import annotations

from collections.abc import Sequence

from tinyhub.openai.draws import pick, uniform
from tinyhub.openai.knowledge import Known, normalise, rival_answers
from tinyhub.openai.planted import Planted, happens

ABSTENTION = "わかりません"
SHARED = 0.8

_FRAMES = (
    "答えは「{a}」です。",
    "{a}です。",
    "正解は{a}だと思います。",
    "「{a}」",
    "{a}。",
    "解答: {a}",
)


def chance(planted: Planted, known: Known, rest: str, examples: int) -> float:
    """この形のプロンプトで、正しく答える確率。"""
    plan = planted.quiz
    if not known.answers:
        return 0.0
    if contains(rest, known.answers):
        return plan.reading
    if known.family == "document":
        return plan.unseen
    return plan.closed_book + (plan.few_shot_gain if examples else 0.0)


def contains(text: str, answers: Sequence[str]) -> bool:
    """認める答えのどれかが、そのまま含まれるか。"""
    return any(normalise(answer) in text for answer in answers)


def answer(
    planted: Planted, known: Known, rest: str, examples: int, sample: object
) -> str:
    """答えの文。rest はプロンプトの質問以外の部分。"""
    key = (planted.seed, planted.model, "quiz", known.text, sample)
    shared = happens(SHARED, *key, "shared", rest)
    draw = uniform(*key) if shared else uniform(*key, "own", rest)
    if draw < chance(planted, known, rest, examples):
        text = known.answers[0]
        if happens(0.15, *key, "alias", rest):
            text = pick(known.answers, *key, "which", rest)
    elif not known.answers or happens(planted.quiz.abstain, *key, "abstain", rest):
        text = ABSTENTION
    else:
        text = wrong_answer(known, *key, rest)
    tidy = planted.quiz.tidy_few_shot if examples else planted.quiz.tidy
    if text == ABSTENTION or happens(tidy, *key, "tidy", rest):
        return text
    return pick(_FRAMES, *key, "frame", rest).format(a=text)


def wrong_answer(known: Known, *key: object) -> str:
    """同じ種類の別の答え。正解と紛れるものは使わない。"""
    rivals = rival_answers(known.kind)
    if not rivals:
        return ABSTENTION
    start = int(uniform(*key, "wrong") * len(rivals))
    for step in range(len(rivals)):
        rival = rivals[(start + step) % len(rivals)]
        if not any(gold in rival or rival in gold for gold in known.answers):
            return rival
    return ABSTENTION
