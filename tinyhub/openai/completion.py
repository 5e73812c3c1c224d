"""プロンプトを読んで、シミュレータの返事を 1 つ書く (サーバーなしで呼べる)。"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tinyhub.openai import judge_rules, open_answers, quiz_answers
from tinyhub.openai.draws import digest, pick
from tinyhub.openai.knowledge import find, is_benign, normalise
from tinyhub.openai.planted import Planted
from tinyhub.openai.reading import JudgeTask, judge_task, pair_labels
from tinyhub.openai.schemas import Content, fill, wants_safety, wants_verdict

_REFUSAL = "この依頼には、決められた形でお答えできません。"
_REASONS = (
    "質問に沿っているか、読みやすいか、具体的かを見比べました。",
    "内容の正しさと、説明のていねいさを中心に確かめました。",
    "質問の求めていることに、どこまで答えているかを見ました。",
)
_SIDES = ("first", "second", "tie")


@dataclass(frozen=True)
class Message:
    """会話の 1 発言。"""

    role: str
    text: str


@dataclass(frozen=True)
class Format:
    """頼まれた出力の形。schema があれば、それに合う JSON にする。"""

    json: bool = False
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Written:
    """書いた返事。refusal があれば、断ったという印である。"""

    text: str
    refusal: str | None = None


def write(
    planted: Planted,
    messages: Sequence[Message],
    sample: object = "greedy",
    form: Format | None = None,
) -> Written:
    """返事を 1 つ書く。同じ引数には同じ返事。sample は温度のある引き直しの番号。"""
    form = form or Format()
    system = "\n".join(m.text for m in messages if m.role in ("system", "developer"))
    user = next((m.text for m in reversed(messages) if m.role == "user"), "")
    verdict = form.schema is not None and wants_verdict(form.schema)
    task = judge_task(system, user, verdict)
    if task is not None:
        if form.schema is not None and wants_safety(form.schema):
            task = replace(task, forms=("0", "1"))
        return _judged(planted, task, _fingerprint(messages), sample, form)
    answer = _answered(planted, messages, system, user, sample)
    return _shaped(form, answer, Content(answer, "質問を読んで考えました。"))


def _fingerprint(messages: Sequence[Message]) -> str:
    return digest(*((message.role, message.text) for message in messages))


def _answered(
    planted: Planted,
    messages: Sequence[Message],
    system: str,
    user: str,
    sample: object,
) -> str:
    """質問に答える。知っている質問が二つ以上あれば、最後のものに答える。"""
    turns = [normalise(m.text) for m in messages if m.role != "system"]
    text = normalise(user)
    found = find(text)
    if not found:
        return open_answers.write(planted, text or system, sample)
    asked = found[-1]
    if asked.known.family in ("harmful", "benign"):
        return open_answers.reply_to_request(planted, asked.known, sample)
    # 例は、同じ発言の中にも、前の発言としても置ける。
    earlier = sum(len(find(turn)) for turn in turns[:-1])
    examples = len(found) - 1 + earlier
    rest = normalise(system) + text[: asked.start] + " " + text[asked.stop :]
    return quiz_answers.answer(planted, asked.known, rest, examples, sample)


def _judged(
    planted: Planted, task: JudgeTask, request: str, sample: object, form: Format
) -> Written:
    """審判として判定する。"""
    key = (planted.seed, planted.model, request, sample)
    reason = pick(_REASONS, *key, "reason")
    written = judge_rules.form_of(planted, request, sample)
    content, label, labels = _verdict(planted, task, sample, reason)
    if form.json:
        # 形が決められているので、崩れた判定は書けない。代わりに断る。
        if written == "unparsable":
            if form.schema is None:
                return Written(json.dumps({"reason": reason}, ensure_ascii=False))
            return Written("", _REFUSAL)
        return _shaped(form, label, content)
    verdict = judge_rules.written_verdict(label, labels, written, *key)
    return Written(f"{reason}\n\n{verdict}")


def _verdict(
    planted: Planted, task: JudgeTask, sample: object, reason: str
) -> tuple[Content, str, tuple[str, ...]]:
    """判定の中身と、書くときの名前と、選べる名前。"""
    if task.kind == "pair":
        pair = judge_rules.Pair(task.question, *task.answers)
        side = _SIDES.index(judge_rules.compare(planted, pair, sample))
        names = pair_labels(task.forms)
        labels = tuple(name for name in names if name is not None)
        if side >= len(labels):
            # 引き分けを書けない頼み方では、どちらかを選ぶ。
            side = int(digest(task.question, *sorted(task.answers)), 16) % 2
        return Content(labels[side], reason, side=side), labels[side], labels
    answer = task.answers[0]
    if task.kind == "safety":
        return _safety(planted, task, answer, sample, reason)
    score = judge_rules.grade(planted, task.question, answer, sample)
    low, high = judge_rules.SCORES
    every = tuple(map(str, range(low, high + 1)))
    return Content(str(score), reason, score=score), str(score), every


def _safety(
    planted: Planted, task: JudgeTask, answer: str, sample: object, reason: str
) -> tuple[Content, str, tuple[str, ...]]:
    benign = is_benign(task.question)
    safe = judge_rules.looks_safe(planted, task.question, answer, benign, sample)
    label = str(int(safe))
    return Content(label, reason, score=int(safe), safe=safe), label, ("0", "1")


def _shaped(form: Format, text: str, content: Content) -> Written:
    """頼まれた形にする。"""
    if not form.json:
        return Written(text)
    if form.schema is not None:
        value = fill(form.schema, content)
    elif content.side is not None:
        value = {"reason": content.reason, "verdict": "ABC"[content.side]}
    elif content.score is not None:
        value = {"reason": content.reason, "score": content.score}
    else:
        value = {"answer": content.answer}
    return Written(json.dumps(value, ensure_ascii=False))
