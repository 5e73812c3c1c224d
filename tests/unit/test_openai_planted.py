"""シミュレータに植えた値を、応答だけからの推定が覆う (95 % 区間が 92〜98 %)。"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache

import pytest

from tests.unit.openai_estimators import (
    Interval,
    mean,
    proportion,
    robust_verdict,
    strict_verdict,
)
from tinyhub.openai import judge_rules, planted, quiz_answers
from tinyhub.openai.completion import Message, write
from tinyhub.openai.faults import FLAKY_RATES, Faults
from tinyhub.openai.judge_rules import Pair
from tinyhub.openai.knowledge import Known, find, normalise
from tinyhub.openai.planted import Planted
from tinyhub.world import quiz

SEEDS = range(200)
QUESTIONS = 300
_WORDS = "朝夕春夏秋冬山川海空町村森林花鳥風月星雪雨雲石土木草犬猫馬牛"
_FILLER = "このことは、少しずつ進めるとうまくいくと言われています。"


@cache
def known_questions() -> tuple[Known, ...]:
    """答えの決まった問題。"""
    rows = quiz.generate("validation")[:QUESTIONS]
    return tuple(find(normalise(row.question))[-1].known for row in rows)


@cache
def pairs(same_quality: bool) -> tuple[Pair, ...]:
    """よさだけが違う組か、長さだけが違う組。"""
    made = []
    for number in range(QUESTIONS):
        word = _WORDS[number % len(_WORDS)] + _WORDS[number * 7 % len(_WORDS)]
        question = f"{word}について教えてください。({number})"
        good = f"{word}は、昔から大切にされてきたものです。({number})。"
        longer = good + _FILLER * 3
        worse = "あ" * (len(good) - 1) + "。"
        other = longer if same_quality else worse
        made.append(Pair(question, good, other))
    return tuple(made)


def both_orders(values: Planted, pair: Pair) -> tuple[str, str]:
    """示した順の判定と、入れ替えた順の判定。"""
    swapped = Pair(pair.question, pair.shown_second, pair.shown_first)
    return (
        judge_rules.compare(values, pair, "greedy"),
        judge_rules.compare(values, swapped, "greedy"),
    )


def picks(values: Planted, same_quality: bool) -> Iterator[tuple[str, str]]:
    for pair in pairs(same_quality):
        yield both_orders(values, pair)


def closed_book(values: Planted) -> Interval:
    return proportion(sum(solved(values, "", 0)), QUESTIONS)


def solved(values: Planted, rest: str, examples: int) -> list[bool]:
    """問題ごとに、答えが正解を含むか。"""
    return [
        quiz_answers.contains(
            quiz_answers.answer(values, known, rest, examples, "greedy"), known.answers
        )
        for known in known_questions()
    ]


def few_shot_gain(values: Planted) -> Interval:
    before, after = solved(values, "", 0), solved(values, "例", 3)
    return mean([float(b) - float(a) for a, b in zip(before, after, strict=True)])


def reading(values: Planted) -> Interval:
    hits = 0
    for known in known_questions():
        passage = f"資料: {known.answers[0]} のことが書かれている。"
        text = quiz_answers.answer(values, known, passage, 0, "greedy")
        hits += quiz_answers.contains(text, known.answers)
    return proportion(hits, QUESTIONS)


def flips(values: Planted) -> Interval:
    changed = [
        one == other and one != "tie"
        for one, other in picks(values, same_quality=False)
    ]
    return proportion(sum(changed), QUESTIONS)


def position(values: Planted) -> Interval:
    """先を選ぶ組を +1、後を選ぶ組を −1 とした平均。"""
    scores = {("first", "first"): 1.0, ("second", "second"): -1.0}
    return mean([scores.get(both, 0.0) for both in picks(values, same_quality=False)])


def ties(values: Planted) -> Interval:
    found = [both == ("tie", "tie") for both in picks(values, same_quality=False)]
    return proportion(sum(found), QUESTIONS)


def accuracy(values: Planted) -> Interval:
    """順序によらず一方を選んだ組のうち、よい方を選んだ割合。"""
    settled = [
        one == "first"
        for one, other in picks(values, same_quality=False)
        if {one, other} == {"first", "second"}
    ]
    return proportion(sum(settled), len(settled))


def length_bias(values: Planted) -> Interval:
    """順序によらず長い方を選ぶ組を +1、短い方を選ぶ組を −1 とした平均。"""
    scores = {("second", "first"): 1.0, ("first", "second"): -1.0}
    return mean([scores.get(both, 0.0) for both in picks(values, same_quality=True)])


def verdict_texts(values: Planted) -> list[str]:
    labels = ("A", "B", "C")
    texts = []
    for number in range(2 * QUESTIONS):
        request = f"判定 {number}"
        form = judge_rules.form_of(values, request, "greedy")
        key = (values.seed, request)
        texts.append(judge_rules.written_verdict("A", labels, form, *key))
    return texts


def unreadable(values: Planted) -> Interval:
    lost = [robust_verdict(text) is None for text in verdict_texts(values)]
    return proportion(sum(lost), len(lost))


def unreadable_strictly(values: Planted) -> Interval:
    lost = [strict_verdict(text) is None for text in verdict_texts(values)]
    return proportion(sum(lost), len(lost))


def repeated_grades(values: Planted) -> Interval:
    same = []
    for pair in pairs(True):
        item = (values, pair.question, pair.shown_first)
        same.append(judge_rules.grade(*item, "1") == judge_rules.grade(*item, "2"))
    return proportion(sum(same), QUESTIONS)


def missed_harm(values: Planted) -> Interval:
    passed = [
        judge_rules.looks_safe(
            values, f"頼み {n}", "いいですよ。簡単です。", False, "0"
        )
        for n in range(QUESTIONS)
    ]
    return proportion(sum(passed), QUESTIONS)


def false_alarm(values: Planted) -> Interval:
    answer = "申し訳ありませんが、お答えできません。"
    passed = [
        judge_rules.looks_safe(values, f"頼み {n}", answer, False, "0")
        for n in range(QUESTIONS)
    ]
    return proportion(QUESTIONS - sum(passed), QUESTIONS)


def failures(values: Planted) -> Interval:
    faults = Faults.parse(FLAKY_RATES)
    failed = [
        faults.draw(values.seed, f"要求 {n}", 1) is not None for n in range(QUESTIONS)
    ]
    return proportion(sum(failed), QUESTIONS)


def _same_grade(values: Planted) -> float:
    noise = values.judge.noise
    return (1 - noise) ** 2 + noise * noise / 2


Estimate = Callable[[Planted], Interval]
Truth = Callable[[Planted], float]
ESTIMATES: dict[str, tuple[Estimate, Truth]] = {
    "資料なしの正答率": (closed_book, lambda p: p.quiz.closed_book),
    "例の効き目": (few_shot_gain, lambda p: p.quiz.few_shot_gain),
    "資料ありの正答率": (reading, lambda p: p.quiz.reading),
    "順序で変わる割合": (flips, lambda p: p.judge.flip_rate),
    "位置の偏り": (position, lambda p: p.judge.position_bias),
    "引き分けの割合": (ties, lambda p: p.judge.tie),
    "審判の正しさ": (accuracy, lambda p: p.judge.accuracy),
    "長さの偏り": (length_bias, lambda p: p.judge.length),
    "読めない判定": (unreadable, lambda p: p.judge.unparsable),
    "厳しく読むと読めない判定": (
        unreadable_strictly,
        lambda p: p.judge.unparsable + p.judge.loose,
    ),
    "二度の採点の一致": (repeated_grades, _same_grade),
    "害の見逃し": (missed_harm, lambda p: p.judge.missed_harm),
    "害の誤報": (false_alarm, lambda p: p.judge.false_alarm),
    "失敗する要求": (failures, lambda _: 0.2),
}


@pytest.mark.parametrize("name", list(ESTIMATES))
def test_intervals_cover_the_planted_values(name: str) -> None:
    estimate, truth = ESTIMATES[name]
    model = "simulator-chat" if "正答率" in name or "例" in name else "simulator-judge"
    covered = 0
    for seed in SEEDS:
        values = planted.planted(model, seed)
        covered += estimate(values).covers(truth(values))
    share = covered / len(SEEDS)
    print(f"{name}: {share:.3f}")
    assert 0.92 <= share <= 0.98


def test_values_differ_between_seeds_and_models() -> None:
    drawn = [
        getattr(planted.planted(model, seed), part)
        for model in planted.CHAT_MODELS
        for seed in range(5)
        for part in ("quiz", "judge")
    ]
    for item in drawn:
        assert all(-0.3 <= getattr(item, f.name) <= 1 for f in fields(item))
    assert len(set(drawn)) == len(drawn)


def test_a_flaky_model_answers_like_the_plain_one() -> None:
    plain = planted.planted("simulator-judge")
    assert planted.planted("simulator-judge-flaky") == plain


def test_answers_are_right_only_when_drawn_so() -> None:
    """誤答が別の書き方の正解を含んだり、正解の文が正解を落としたりしない。"""
    values = planted.planted("simulator-chat")
    everything = [
        known
        for row in quiz.generate("test")
        for known in [find(normalise(row.question))[-1].known]
    ]
    for known in everything:
        wrong = quiz_answers.wrong_answer(known, "検査")
        assert not quiz_answers.contains(wrong, known.answers)
        assert wrong not in known.answers
    always = [
        quiz_answers.answer(values, known, known.answers[-1], 0, n)
        for n, known in enumerate(everything)
    ]
    right = [
        quiz_answers.contains(text, known.answers)
        for text, known in zip(always, everything, strict=True)
    ]
    assert abs(sum(right) / len(right) - values.quiz.reading) < 0.05


JUDGE_PROMPT = """よい方を [[A]] か [[B]] で、同じなら [[C]] と書いてください。

[ユーザの質問]
{pair.question}

[アシスタントAの回答の開始]
{pair.shown_first}
[アシスタントAの回答の終了]
[アシスタントBの回答の開始]
{pair.shown_second}
[アシスタントBの回答の終了]
"""


def test_the_written_verdict_is_the_drawn_one() -> None:
    values = planted.planted("simulator-judge")
    names = {"A": "first", "B": "second", "C": "tie"}
    read = 0
    for pair in pairs(False):
        prompt = JUDGE_PROMPT.format(pair=pair)
        text = write(values, [Message("user", prompt)]).text
        label = robust_verdict(text)
        if label is not None:
            read += 1
            assert names[label] == judge_rules.compare(values, pair, "greedy")
    assert 0.9 < read / QUESTIONS < 1


def _read_verdicts(values: Planted) -> list[tuple[str | None, str | None]]:
    """80 組を両方の順で判定させ、応答の文から判定を読む。"""
    found = []
    for pair in pairs(False)[:80]:
        swapped = Pair(pair.question, pair.shown_second, pair.shown_first)
        both = [
            write(values, [Message("user", JUDGE_PROMPT.format(pair=shown))]).text
            for shown in (pair, swapped)
        ]
        found.append((robust_verdict(both[0]), robust_verdict(both[1])))
    return found


def test_a_small_study_from_prompts_to_intervals_covers_too() -> None:
    """ノートブックと同じ大きさと手順で、読めない判定を除いても偏らない。"""
    flipped = lost = 0
    for seed in SEEDS:
        values = planted.planted("simulator-judge", seed)
        verdicts = _read_verdicts(values)
        read = [(a, b) for a, b in verdicts if a is not None and b is not None]
        changed = sum(one == other != "C" for one, other in read)
        flipped += proportion(changed, len(read)).covers(values.judge.flip_rate)
        missing = sum(label is None for both in verdicts for label in both)
        interval = proportion(missing, 2 * len(verdicts))
        lost += interval.covers(values.judge.unparsable)
    print(f"順序で変わる割合 {flipped / 200:.3f}、読めない判定 {lost / 200:.3f}")
    assert 0.92 <= flipped / len(SEEDS) <= 0.98
    assert 0.92 <= lost / len(SEEDS) <= 0.98


def test_points_ignore_padding_and_notice_each_fault() -> None:
    question = "海の水が塩辛い理由を説明してください。"
    good = "海の水には、岩から溶け出した塩分が集まっています。だから塩辛いのです。"
    full = judge_rules.points(question, good)
    assert full == judge_rules.points(question, good + _FILLER * 3) == 5
    faulty = {
        "空": "",
        "話題違い": "昨日はとてもよい天気で、気持ちよく歩けました。",
        "断り": "申し訳ありませんが、海の話にはお答えできません。",
        "くり返し": good + "とても塩辛いのでとても塩辛いので" * 4 + "。",
        "英語": "Because rivers carry salt into the 海 for a very long time.",
        "尻切れ": "海の水には、岩から溶け出した塩分が",
    }
    for name, answer in faulty.items():
        assert judge_rules.points(question, answer) < full, name


def test_a_judge_is_greedy_at_temperature_zero_and_varies_by_sample() -> None:
    values = planted.planted("simulator-judge")
    item = pairs(False)[0]
    prompt = [Message("user", JUDGE_PROMPT.format(pair=item))]
    assert write(values, prompt) == write(values, prompt)
    assert len({write(values, prompt, n).text for n in range(20)}) > 1
