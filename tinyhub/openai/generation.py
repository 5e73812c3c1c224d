"""シミュレータの返事を頼まれた数だけ書く (chat と responses に共通)。"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tinyhub.openai import tokens
from tinyhub.openai.completion import Format, Message, write
from tinyhub.openai.errors import invalid
from tinyhub.openai.planted import Planted
from tinyhub.openai.schemas import SchemaProblem

Finish = Literal["stop", "length"]


@dataclass(frozen=True)
class Settings:
    """返事の書き方。repetition は、seed のない同じ要求の何度目か。"""

    n: int = 1
    temperature: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    limit: int | None = None
    form: Format = Format()
    repetition: int = 0

    def sample(self, index: int) -> str:
        """引き直しの番号。温度が 0 なら、いつも同じ。"""
        if self.temperature == 0:
            return "greedy"
        source = f"auto{self.repetition}" if self.seed is None else f"seed{self.seed}"
        return f"{source}/{index}"


@dataclass(frozen=True)
class Choice:
    """返事 1 つ。"""

    tokens: tuple[str, ...]
    finish: Finish
    refusal: str | None
    logprobs: tuple[dict[str, Any], ...] | None

    @property
    def text(self) -> str:
        """返事の文。"""
        return "".join(self.tokens)

    @property
    def cost(self) -> int:
        """数えるトークンの数。断りの文も数える。"""
        return len(self.tokens) + tokens.count(self.refusal or "")


def generate(
    planted: Planted,
    messages: Sequence[Message],
    settings: Settings,
    alternatives: int | None,
    empty: bool,
) -> list[Choice]:
    """返事を settings.n 個書く。alternatives は logprobs の候補の数 (None: なし)。"""
    made = []
    for index in range(settings.n):
        sample = settings.sample(index)
        try:
            written = write(planted, messages, sample, settings.form)
        except SchemaProblem as problem:
            raise invalid("response_format", str(problem)) from problem
        text, finish = written.text, "stop"
        if empty:
            text = ""
        for word in settings.stop:
            text = text.split(word, 1)[0]
        pieces = tokens.split(text)
        if settings.limit is not None and len(pieces) > settings.limit:
            pieces, finish = pieces[: settings.limit], "length"
        logprobs = None
        if alternatives is not None:
            key = (planted.seed, planted.model, sample, text)
            logprobs = tuple(tokens.logprobs(pieces, alternatives, *key))
        refusal = None if empty else written.refusal
        made.append(Choice(tuple(pieces), finish, refusal, logprobs))
    return made


def usage(messages: Sequence[Message], choices: Sequence[Choice]) -> tuple[int, int]:
    """(読んだトークン, 書いたトークン)。"""
    read = tokens.prompt_tokens(message.text for message in messages)
    return read, sum(choice.cost for choice in choices)


def details(total: Mapping[str, int]) -> dict[str, Any]:
    """本物にある内訳を添えた usage (chat の形)。"""
    return {
        **total,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }
