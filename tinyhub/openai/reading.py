"""シミュレータが、プロンプトから、頼まれた仕事とその材料を読み取る。

審判のプロンプトは書き手によって違うので、区切りの書き方をいくつか認める。

- `[アシスタントAの回答の開始]` … `[アシスタントAの回答の終了]` のような、始まりと
  終わりの行。始まりは 開始・始まり・start、終わりは 終了・終わり・end。
- `<answer_a>` … `</answer_a>` のような、それだけの行のタグ。
- `## 回答A` や `[ユーザの質問]` や `【質問】` のような見出しの行 (次の見出しまで)。
- `質問: …` や `回答A: …` のような、行の初めの名前。

始まりと終わりのある区切りの中では、ほかの区切りを読まない。返事の中に見出しがあっても
取り違えない、この書き方を勧める。
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Role = Literal["question", "answer", "reference", "other"]

_BRACKETS = re.compile(r"\s*[\[【<(](?P<label>[^\[\]【】<>]{1,40})[\]】>)]\s*")
_HEADING = re.compile(r"\s*(?:#{1,6}|■|\*\*)\s*(?P<label>[^#*]{1,40}?)[\s:：*]*")
_NAMED = re.compile(
    r"\s*(?P<label>(?:ユーザー?の|アシスタント\s*[A-D1-4]?\s*の)?"
    r"(?:質問|問題|参考回答|正解例|回答|返答|応答|答え|question|answer|response)"
    r"\s*[A-D1-4]?)\s*[:：](?P<rest>.*)",
    re.IGNORECASE,
)
_START = re.compile(
    r"の?\s*(開始|始まり|はじまり|ここから|start|begin)$", re.IGNORECASE
)
_ENDS = "終了|終わり|おわり|ここまで|end"
_REFERENCE = re.compile("参考|参照|正解|模範|reference", re.IGNORECASE)
_QUESTION = re.compile(
    "質問|指示文|問題|依頼|question|instruction|prompt", re.IGNORECASE
)
_ANSWER = re.compile(
    "回答|返答|返事|応答|答え|アシスタント|answer|response|assistant|reply",
    re.IGNORECASE,
)
# 材料の外の見出し。これ以外の見出しは、返事の中にあるものとみなす。
_OUTSIDE = re.compile("指示|出力|評価|基準|判定|形式|手順|format", re.IGNORECASE)
_ASKED_FORM = re.compile(r"\[\[\s*([^\[\]]{1,12}?)\s*\]\]")
_ONE_TO_TEN = re.compile(r"1\s*(?:点)?\s*(?:から|[〜~\-–])\s*10")


@dataclass(frozen=True)
class Section:
    """プロンプトの中の、名前の付いた部分。closed は終わりの行のある区切り。"""

    role: Role
    text: str
    closed: bool


@dataclass(frozen=True)
class JudgeTask:
    """審判の仕事。answers は示された順。forms は [[ ]] で書くよう頼まれた判定。"""

    question: str
    answers: tuple[str, ...]
    forms: tuple[str, ...]

    @property
    def kind(self) -> Literal["pair", "safety", "grade"]:
        """何を判定するか。"""
        if len(self.answers) >= 2:
            return "pair"
        return "safety" if {"0", "1"} <= set(self.forms) else "grade"


def _role(label: str) -> Role:
    """見出しの役目。"""
    if _REFERENCE.search(label):
        return "reference"
    # 「質問への回答」は回答である。
    if _ANSWER.search(label):
        return "answer"
    return "question" if _QUESTION.search(label) else "other"


def sections(text: str) -> Iterator[Section]:
    """名前の付いた部分を、現れる順に返す。"""
    role: Role = "other"
    closing: re.Pattern[str] | None = None
    lines: list[str] = []
    for line in text.splitlines():
        if closing is not None:
            if closing.fullmatch(line):
                yield Section(role, "\n".join(lines).strip(), True)
                role, closing, lines = "other", None, []
            else:
                lines.append(line)
            continue
        mark = _mark(line)
        if mark is None:
            lines.append(line)
            continue
        yield Section(role, "\n".join(lines).strip(), False)
        label, closing, rest = mark
        role, lines = _role(label), [rest]
    yield Section(role, "\n".join(lines).strip(), False)


def _mark(line: str) -> tuple[str, re.Pattern[str] | None, str] | None:
    """区切りの行なら (名前, 終わりの行の形, 同じ行の残り)。"""
    if found := _BRACKETS.fullmatch(line):
        label = found["label"].strip()
        start = _START.search(label)
        if start is not None:
            name = label[: start.start()]
            return name, _closing(name, line), ""
        if line.strip().startswith("<") and not label.startswith("/"):
            end = re.compile(rf"\s*</{re.escape(label)}>\s*")
            return label, end, ""
        return label, None, ""
    found = _HEADING.fullmatch(line)
    if found and (_role(found["label"]) != "other" or _OUTSIDE.search(found["label"])):
        return found["label"].strip(), None, ""
    if found := _NAMED.fullmatch(line):
        return found["label"], None, found["rest"].strip()
    return None


def _closing(name: str, line: str) -> re.Pattern[str]:
    """name の始まりに対応する、終わりの行。"""
    bracket = re.escape(line.strip()[0])
    pattern = rf"\s*{bracket}\s*{re.escape(name)}の?\s*({_ENDS})\s*\S\s*"
    return re.compile(pattern, re.IGNORECASE)


def judge_task(system: str, user: str, wants_verdict: bool = False) -> JudgeTask | None:
    """審判の仕事なら、その材料。wants_verdict は、出力の型が判定を求めているか。"""
    # 空の返事も採点しなければならない。空かどうかは、終わりのある区切りでだけ分かる。
    # 材料をすべて system に書き、user では「判定してください」とだけ頼む人もいる。
    for source in (user, f"{system}\n{user}"):
        found = [part for part in sections(source) if part.text or part.closed]
        answers = tuple(part.text for part in found if part.role == "answer")
        if answers:
            break
    else:
        return None
    questions = [part.text for part in found if part.role == "question"]
    outside = system + "\n" + user
    for text in (*answers, *questions):
        outside = outside.replace(text, "") if text else outside
    forms = tuple(dict.fromkeys(_ASKED_FORM.findall(outside)))
    asks = forms or wants_verdict or _ONE_TO_TEN.search(outside)
    if not asks:
        return None
    return JudgeTask(questions[-1] if questions else "", answers[:2], forms)


def pair_labels(forms: Sequence[str]) -> tuple[str, str, str | None]:
    """比較の判定の書き方 (先, 後, 引き分け)。引き分けを頼まれていなければ None。"""
    for first, second, ties in (("A", "B", ("C",)), ("1", "2", ("3", "0"))):
        if first in forms and second in forms:
            tie = next((item for item in ties if item in forms), None)
            rest = [item for item in forms if item not in (first, second)]
            return first, second, tie or (rest[0] if rest else None)
    if len(forms) >= 2:
        return forms[0], forms[1], forms[2] if len(forms) > 2 else None
    return "A", "B", "C"
