"""文の枠に入れる数や語を、短い書き方から引く。書き方は ``news_kinds`` にある。"""

import random

_SCORES = {
    "野球": (0, 12),
    "サッカー": (0, 5),
    "バスケットボール": (58, 99),
    "バレーボール": (0, 3),
    "ラグビー": (5, 45),
}


def figure(number: int) -> str:
    """「12万3000」のように、万で区切った数。"""
    high, low = divmod(number, 10_000)
    if not high:
        return str(low)
    return f"{high}万{low}" if low else f"{high}万"


def draw(text: str, rng: random.Random) -> dict[str, str]:
    """値の書き方を読んで、値を引く。"""
    numbers: dict[str, int] = {}
    words: dict[str, str] = {}
    for item in text.split():
        if "|" in item:
            names, choices = item.split("=")
            slots = names.split("+")
            picked = rng.sample(choices.split("|"), len(slots))
            words |= dict(zip(slots, picked, strict=True))
        elif "=" in item:
            name, difference = item.split("=")
            one, other = difference.split("-")
            numbers[name] = abs(numbers[one] - numbers[other])
        else:
            names, span = item.split(":")
            bounds, _, step = span.partition("*")
            low, high = map(int, bounds.split("-"))
            link = next((mark for mark in "<~" if mark in names), "+")
            slots = names.split(link)
            if link == "~":
                picked = _close(low, high, len(slots), rng)
            else:
                picked = rng.sample(range(low, high + 1), len(slots))
            if link == "<":
                picked.sort()
            scaled = (value * int(step or 1) for value in picked)
            numbers |= dict(zip(slots, scaled, strict=True))
    return words | {name: figure(value) for name, value in numbers.items()}


def _close(low: int, high: int, count: int, rng: random.Random) -> list[int]:
    """小さい順に count 個。となりどうしは 2 倍を超えない。"""
    picked = [rng.randrange(low, high + 1)]
    while len(picked) < count or picked[-1] > high:
        if picked[-1] >= high:
            picked = [rng.randrange(low, high + 1)]
        else:
            step = max(1, picked[-1])
            picked.append(picked[-1] + rng.randrange(1, step + 1))
    return picked


def scores(sport: str, rng: random.Random) -> dict[str, str]:
    """この試合と、引き合いに出す別の試合の得点。"""
    low, high = _SCORES[sport]
    game, past = (sorted(rng.sample(range(low, high + 1), 2)) for _ in range(2))
    if sport == "バレーボール":
        # 三セットを先に取ったほうが勝つ。
        game[1] = past[1] = high
        game[0], past[0] = (rng.randrange(high) for _ in range(2))
    return {
        "low": str(game[0]),
        "high": str(game[1]),
        "old_low": str(past[0]),
        "old_high": str(past[1]),
    }
