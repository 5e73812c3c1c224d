"""指示の言い回し。

書き出し・頼み方・念押し・題材の置き場所を組み合わせる。ていねいな書き出しには
ていねいな頼み方しか続かない。組み合わせの一つ一つは train・validation・test の
どれか一つに属し、部品はどの split にも現れる。
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from tinyhub.world.facts import Split, split_of


@dataclass(frozen=True)
class Register:
    """話し方。requests は、て形で終わる頼みに続く部分。"""

    name: str
    openers: tuple[str, ...]
    requests: tuple[str, ...]
    notes: tuple[str, ...]


REGISTERS: tuple[Register, ...] = (
    Register(
        "polite",
        (
            "",
            "お願いがあります。",
            "すみません、",
            "問題です。",
            "確認させてください。",
            "ちょっと手伝ってください。",
            "急いでいます。",
            "お手数ですが、",
            "一つお願いします。",
            "メモを作っています。",
            "日本語の練習をしています。",
            "資料を整理しています。",
        ),
        ("ください。", "くれますか。", "もらえますか。", "いただけますか。"),
        (
            "",
            "答えだけを書いてください。",
            "説明はいりません。",
            "ほかのことは書かないでください。",
            "余計な言葉は付けないでください。",
        ),
    ),
    Register(
        "casual",
        (
            "",
            "ねえ、",
            "お願い。",
            "ちょっと手伝って。",
            "急いでいるんだ。",
            "問題だよ。",
            "悪いけど、",
        ),
        ("。", "ね。", "くれる？", "もらえる？", "ほしい。"),
        ("", "答えだけでいいよ。", "説明はいらないよ。", "ほかのことは書かないで。"),
    ),
)
# 訓練データにも事前学習の文章にも使わない言い回し。参考の問題だけに使う。
NOVEL_REGISTERS: tuple[Register, ...] = (
    Register(
        "polite",
        ("恐れ入りますが、", "宿題を見直しています。", "新人の研修中です。"),
        ("もらえると助かります。", "くださいますか。"),
        ("結果のみで結構です。", "前置きは省いてください。"),
    ),
    Register(
        "casual",
        ("ちょっといい？", "頼みがあってさ、"),
        ("もらっていい？", "くれたらうれしい。"),
        ("前置きはなしで。", "結果だけちょうだい。"),
    ),
)
# 頼みごとの前に置くか、後に置くか、かぎ括弧に入れて頼みの中に置くか。
PLACES = ("next", "above", "inline")


@dataclass(frozen=True)
class Request:
    """頼みごと。core は題材を指す {x} を含み、て形で終わる。

    core のほかの穴には slots の言葉が入る。言い回しの組み合わせは、埋める前の core で
    数える。
    """

    core: str
    label: str
    material: str
    slots: Mapping[str, str] = field(default_factory=dict)
    inline: bool = True

    def places(self) -> tuple[str, ...]:
        """題材を置ける場所。題材がなければ、どこに置いても同じである。"""
        if not self.material:
            return PLACES[:1]
        crowded = any(mark in self.material for mark in ("\n", "「", "。"))
        return PLACES if self.inline and not crowded else PLACES[:2]


@dataclass(frozen=True)
class Wording:
    """言い回し。key は組み合わせの名前。"""

    text: str
    key: str


def _text(request: Request, opener: str, ask: str, note: str, place: str) -> str:
    pointer = {
        "next": f"次の{request.label}",
        "above": f"上の{request.label}",
        "inline": f"「{request.material}」",
    }[place]
    line = opener + request.core.format(x=pointer, **request.slots) + ask + note
    if place == "inline":
        return line
    lines = [line, request.material]
    return "\n".join(lines if place == "next" else reversed(lines))


def word(
    rng: random.Random,
    family: str,
    request: Request,
    zone: Split | None,
    registers: tuple[Register, ...] = REGISTERS,
) -> Wording:
    """頼みごとを、zone に属する言い回しで書く。None なら、どの言い回しでもよい。"""
    while True:
        register = rng.choices(registers, (0.72, 0.28))[0]
        opener = rng.choice(register.openers)
        ask = rng.choice(register.requests)
        note = rng.choice(register.notes)
        place = rng.choice(request.places())
        key = "/".join((family, request.core, opener, ask, note, place))
        if zone is None or split_of(key) == zone:
            return Wording(_text(request, opener, ask, note, place), key)
