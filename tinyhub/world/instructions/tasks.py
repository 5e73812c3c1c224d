"""出力の正しさを文字列だけで確かめられる指示。

どの指示も、題材を写す・選ぶ・並べ替える・言い換えるのどれかであり、答えを知っている
必要はない(言葉の仲間分けだけは、事前学習の文章に出てくる)。
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from tinyhub.world.facts import World
from tinyhub.world.instructions.scenes import (
    deal_of,
    question_about,
    settled_companies,
    subject_text,
    two_deals,
)
from tinyhub.world.instructions.wordings import Request
from tinyhub.world.instructions.words import (
    ACTIONS,
    ACTORS,
    GROUP_OF,
    GROUPS,
    OVERLAPPING,
    STATES,
    TENSES,
    TIMES_PAST,
    TIMES_PRESENT,
    WORDS,
)


@dataclass(frozen=True)
class Task:
    """頼みごとと、その答えと、確かめ方 (exact・list・json)。"""

    request: Request
    answer: str
    check: str


def _names(rng: random.Random, places: World, count: int) -> list[str]:
    """並べる言葉。ふつうの言葉の並びか、世界の固有名の並び。"""
    if rng.random() < 0.7:
        return rng.sample(WORDS, count)
    pool = rng.choice((places.people, places.towns, places.stations, places.foods))
    return rng.sample(sorted({entity.name for entity in pool}), count)


def _listed(rng: random.Random, words: list[str]) -> str:
    if rng.random() < 0.25:
        return "\n".join(f"・{word}" for word in words)
    return "、".join(words)


def _label(words: list[str]) -> str:
    return f"{'一二三四五六'[len(words) - 1]}つの言葉"


def _sort_into_group(rng: random.Random, places: World) -> Task:
    word = rng.choice(WORDS)
    right = GROUP_OF[word]
    barred = OVERLAPPING if right in OVERLAPPING else {right}
    wrong = rng.choice([name for name in GROUPS if name not in barred])
    first, second = rng.sample((right, wrong), 2)
    core = rng.choice(
        (
            "{x}が{a}か{b}か、一語で答えて",
            "{x}は、{a}と{b}のどちらの仲間か、一語で答えて",
            "{x}が{a}なら「{a}」、{b}なら「{b}」と書いて",
        )
    )
    slots = {"a": first, "b": second}
    return Task(Request(core, "言葉", word, slots), right, "exact")


def _repeat(rng: random.Random, places: World) -> Task:
    material = rng.choice(
        (
            rng.choice(WORDS),
            "、".join(_names(rng, places, 2)),
            deal_of(rng, places).text,
        )
    )
    core = rng.choice(
        (
            "{x}をそのままくり返して",
            "{x}をそのまま書き写して",
            "{x}を一字も変えずに書いて",
        )
    )
    label = "文" if material.endswith("。") else "言葉"
    return Task(Request(core, label, material), material, "exact")


def _twice(rng: random.Random, places: World) -> Task:
    word = _names(rng, places, 1)[0]
    core = rng.choice(
        ("{x}を読点で区切って二回書いて", "{x}を「、」でつないで二度書いて")
    )
    return Task(Request(core, "言葉", word), f"{word}、{word}", "list")


def _reverse(rng: random.Random, places: World) -> Task:
    words = _names(rng, places, 3)
    core = rng.choice(
        (
            "{x}を逆の順番に並べて",
            "{x}を後ろから順に書いて",
            "{x}の順番を逆にして",
            "{x}を最後のものから順に並べて",
        )
    )
    request = Request(core, _label(words), _listed(rng, words))
    return Task(request, "、".join(reversed(words)), "list")


def _position(rng: random.Random, places: World) -> Task:
    words = _names(rng, places, rng.choice((3, 4)))
    where, index = rng.choice(
        (("最初", 0), ("最後", -1), ("二番目", 1), ("三番目", 2), ("いちばん前", 0))
    )
    core = rng.choice(
        (
            "{x}のうち、{where}のものを答えて",
            "{x}から{where}の言葉を抜き出して",
            "{x}の中で{where}にある言葉だけを書いて",
        )
    )
    request = Request(core, _label(words), _listed(rng, words), {"where": where})
    return Task(request, words[index], "exact")


def _longest(rng: random.Random, places: World) -> Task:
    by_length: dict[int, list[str]] = {}
    for word in WORDS:
        by_length.setdefault(len(word), []).append(word)
    lengths = sorted(rng.sample(sorted(by_length), 3))
    words = [rng.choice(by_length[length]) for length in lengths]
    side, amount, answer = rng.choice(
        (("長い", "多い", words[-1]), ("短い", "少ない", words[0]))
    )
    rng.shuffle(words)
    core = rng.choice(
        (
            "{x}のうち、文字の数がいちばん{amount}ものを選んで",
            "{x}の中で、いちばん{side}言葉を答えて",
        )
    )
    slots = {"side": side, "amount": amount}
    request = Request(core, _label(words), _listed(rng, words), slots)
    return Task(request, answer, "exact")


def _member(rng: random.Random, places: World) -> Task:
    answer = rng.choice(WORDS)
    group = GROUP_OF[answer]
    barred = OVERLAPPING if group in OVERLAPPING else {group}
    others = rng.sample([w for w in WORDS if GROUP_OF[w] not in barred], 2)
    words = rng.sample([answer, *others], 3)
    core = rng.choice(
        (
            "{x}から{group}を一つ選んで",
            "{x}のうち、{group}はどれか答えて",
            "{x}の中にある{group}の名前だけを書いて",
        )
    )
    request = Request(core, _label(words), _listed(rng, words), {"group": group})
    return Task(request, answer, "exact")


def _numbered_choice(rng: random.Random, places: World) -> Task:
    answer = rng.choice(WORDS)
    group = GROUP_OF[answer]
    barred = OVERLAPPING if group in OVERLAPPING else {group}
    others = rng.sample([w for w in WORDS if GROUP_OF[w] not in barred], 4)
    words = rng.sample([answer, *others], 5)
    material = "\n".join(f"{n}. {word}" for n, word in enumerate(words, start=1))
    core = rng.choice(
        (
            "{x}の中から{group}を選び、番号で答えて",
            "{x}のうち{group}はどれか、番号だけを書いて",
            "{group}に当てはまるものを{x}から選び、その番号を答えて",
        )
    )
    number = str(words.index(answer) + 1)
    request = Request(core, "選択肢", material, {"group": group})
    return Task(request, number, "exact")


def _brackets(rng: random.Random, places: World) -> Task:
    if rng.random() < 0.5:
        word = _names(rng, places, 1)[0]
        mark = rng.choice(("「」", "『』", "【】"))
        core = rng.choice(
            ("{x}を{mark}で囲んで", "{x}に{mark}を付けて", "{x}を{mark}に入れて")
        )
        answer = mark[0] + word + mark[1]
        request = Request(core, "言葉", word, {"mark": mark}, inline=False)
        return Task(request, answer, "exact")
    words = _names(rng, places, 2)
    core = rng.choice(
        ("{x}を一つずつ「」に入れて並べて", "{x}のそれぞれに「」を付けて続けて書いて")
    )
    answer = "".join(f"「{word}」" for word in words)
    request = Request(core, _label(words), "、".join(words), inline=False)
    return Task(request, answer, "exact")


def _yes_no(rng: random.Random, places: World) -> Task:
    text, question, answer = question_about(rng, places)
    core = rng.choice(
        (
            "{x}を読んで、質問に「はい」か「いいえ」で答えて",
            "{x}の内容について、質問に「はい」か「いいえ」だけで答えて",
            "{x}に書いてあるとおりなら「はい」、違うなら「いいえ」と書いて",
        )
    )
    return Task(Request(core, "文", f"{text}\n質問：{question}"), answer, "exact")


_PARTS = {
    "person": (
        "{x}から人の名前を抜き出して",
        "{x}に出てくる人はだれか、名前だけを書いて",
        "{x}を読んで、だれの話か答えて",
    ),
    "town": (
        "{x}から場所の名前を抜き出して",
        "{x}はどこでの話か、地名だけを答えて",
        "{x}に出てくる地名だけを書いて",
    ),
    "item": (
        "{x}から品物の名前を抜き出して",
        "{x}に出てくる品物は何か、一語で答えて",
        "{x}を読んで、品物の名前だけを書いて",
    ),
    "count": (
        "{x}から品物の数を抜き出し、数字だけで答えて",
        "{x}を読んで、品物がいくつか、数字だけを書いて",
        "{x}に出てくる品物の数を、数字で答えて",
    ),
}


def _extract(rng: random.Random, places: World) -> Task:
    deal = deal_of(rng, places)
    part = rng.choice(tuple(_PARTS))
    answer = str(getattr(deal, part))
    return Task(Request(rng.choice(_PARTS[part]), "文", deal.text), answer, "exact")


def _extract_asked(rng: random.Random, places: World) -> Task:
    """二人の話のうち、聞かれた人のほうだけを答える。"""
    text, deals = two_deals(rng, places)
    asked = rng.choice(deals)
    part, what = rng.choice(
        (
            ("town", "どこで"),
            ("item", "何を"),
            ("count", "いくつ"),
            ("person", "だれが"),
        )
    )
    tail = "数字だけで答えて" if part == "count" else "一語で答えて"
    if part == "person":
        core = rng.choice(
            (
                "{x}を読んで、{item}を{done}人の名前を答えて",
                "{x}の中で、{item}を{done}のはだれか、名前だけを書いて",
            )
        )
    else:
        core = rng.choice(
            (
                "{x}を読んで、{person}が{what}{done}か、" + tail,
                "{x}によると、{person}は{what}{done}のか、" + tail,
            )
        )
    slots = {
        "item": asked.item,
        "person": asked.person,
        "what": what,
        "done": asked.verb.past,
    }
    request = Request(core, "文", text, slots)
    return Task(request, str(getattr(asked, part)), "exact")


def _count(rng: random.Random, places: World) -> Task:
    words = _names(rng, places, rng.randrange(2, 7))
    core = rng.choice(
        (
            "{x}がいくつあるか、数字だけで答えて",
            "{x}の数を数えて、数字で書いて",
            "{x}の個数を数字だけで書いて",
        )
    )
    return Task(Request(core, "言葉", _listed(rng, words)), str(len(words)), "exact")


def _sort_numbers(rng: random.Random, places: World) -> Task:
    numbers = rng.sample(range(1, 100), 3)
    down = rng.random() < 0.5
    side, other = ("大きい", "小さい") if down else ("小さい", "大きい")
    core = rng.choice(
        (
            "{x}を{side}順に並べて",
            "{x}を{side}ほうから順に書いて",
            "{x}を、{side}数から{other}数へ並べ替えて",
        )
    )
    answer = "、".join(map(str, sorted(numbers, reverse=down)))
    material = _listed(rng, list(map(str, numbers)))
    slots = {"side": side, "other": other}
    return Task(Request(core, "三つの数", material, slots), answer, "list")


def _largest(rng: random.Random, places: World) -> Task:
    numbers = rng.sample(range(1, 100), rng.choice((2, 3)))
    side, answer = rng.choice((("大きい", max(numbers)), ("小さい", min(numbers))))
    material = _listed(rng, list(map(str, numbers)))
    if len(numbers) == 3:
        label = "三つの数"
        core = rng.choice(
            (
                "{x}の中でいちばん{side}数を答えて",
                "{x}からいちばん{side}数を選んで",
                "{x}のうち、もっとも{side}ものを書いて",
            )
        )
    else:
        label = "二つの数"
        core = rng.choice(
            ("{x}のうち{side}ほうの数を答えて", "{x}を比べて、{side}ほうを書いて")
        )
    request = Request(core, label, material, {"side": side})
    return Task(request, str(answer), "exact")


def _fillers(rng: random.Random, places: World) -> tuple[str, str, str]:
    """穴のある文と、〇〇と△△に入る言葉。世界の事実に合う組にする。"""
    person = rng.choice(places.people)
    station = rng.choice(places.stations)
    company = rng.choice(settled_companies(places))
    food = rng.choice(places.foods)
    return rng.choice(
        (
            ("〇〇さんの仕事は△△です。", person.name, person.profession),
            ("〇〇さんの趣味は△△です。", person.name, person.hobby),
            ("〇〇さんの好きな食べ物は△△です。", person.name, food.name),
            ("〇〇は△△に本社があります。", company.name, company.town),
            ("〇〇には△△という駅があります。", station.town, station.name),
            ("〇〇さんは△△で働いています。", person.name, company.name),
            ("△△の名物は〇〇です。", food.name, food.town),
            ("△△で〇〇さんに会いました。", person.name, station.name),
        )
    )


def _fill(rng: random.Random, places: World) -> Task:
    template, one, two = _fillers(rng, places)
    core = rng.choice(
        (
            "{x}の〇〇に「{one}」、△△に「{two}」を入れて",
            "{x}の△△を「{two}」に、〇〇を「{one}」に置き換えて",
            "〇〇を「{one}」、△△を「{two}」として{x}を完成させて",
        )
    )
    answer = template.replace("〇〇", one).replace("△△", two)
    slots = {"one": one, "two": two}
    return Task(Request(core, "文", template, slots), answer, "exact")


def _statement(rng: random.Random) -> tuple[str, str]:
    """同じことを言う、ふつうの文とていねいな文。"""
    if rng.random() < 0.2:
        return rng.choice(STATES)
    verb, objects = rng.choice(ACTIONS)
    tense = rng.choice(TENSES)
    when = rng.choice(TIMES_PAST if "past" in tense else TIMES_PRESENT)
    head = (
        rng.choice(("", f"{when}、")) + f"{rng.choice(ACTORS)}は{rng.choice(objects)}"
    )
    return head + verb.casual(tense), head + verb.polite(tense)


def _change_style(rng: random.Random, places: World) -> Task:
    plain, polite = _statement(rng)
    if rng.random() < 0.5:
        core = rng.choice(
            (
                "{x}をていねいな言い方に直して",
                "{x}を「です・ます」の形に書き換えて",
                "{x}を敬体に変えて",
            )
        )
        source, answer = plain, polite
    else:
        core = rng.choice(
            (
                "{x}を「です・ます」を使わない形に直して",
                "{x}をふつうの言い方に書き換えて",
                "{x}を常体に変えて",
            )
        )
        source, answer = polite, plain
    return Task(Request(core, "文", f"{source}。"), f"{answer}。", "exact")


def _subject(rng: random.Random, places: World) -> Task:
    text, name = subject_text(rng, places)
    core = rng.choice(
        (
            "{x}が何について書かれているか、名前だけで答えて",
            "{x}の主題になっているものの名前を書いて",
            "{x}を、話題の中心の名前一つにまとめて",
        )
    )
    return Task(Request(core, "文章", text), name, "exact")


def _json_list(rng: random.Random, places: World) -> Task:
    words = _names(rng, places, rng.choice((2, 3)))
    core = rng.choice(
        (
            "{x}を JSON のリストにして",
            "{x}を JSON の配列で書いて",
            "{x}を要素とする JSON のリストを書いて",
        )
    )
    answer = json.dumps(words, ensure_ascii=False)
    return Task(Request(core, _label(words), _listed(rng, words)), answer, "json")


# 指示の種類と、訓練データでの割合。数えたり長さを比べたりする指示は、小さな言語モデル
# には難しいので少なめにしてある。
FAMILIES: dict[str, tuple[Callable[[random.Random, World], Task], float]] = {
    "group": (_sort_into_group, 0.06),
    "repeat": (_repeat, 0.05),
    "twice": (_twice, 0.03),
    "reverse": (_reverse, 0.07),
    "position": (_position, 0.07),
    "length": (_longest, 0.03),
    "member": (_member, 0.06),
    "choice": (_numbered_choice, 0.06),
    "brackets": (_brackets, 0.06),
    "yes_no": (_yes_no, 0.07),
    "extract": (_extract, 0.10),
    "asked": (_extract_asked, 0.06),
    "count": (_count, 0.03),
    "sort": (_sort_numbers, 0.03),
    "largest": (_largest, 0.04),
    "fill": (_fill, 0.06),
    "style": (_change_style, 0.06),
    "subject": (_subject, 0.05),
    "json": (_json_list, 0.05),
}


def draw(rng: random.Random, family: str, places: World) -> Task:
    """family の頼みごとを一つ作る。"""
    return FAMILIES[family][0](rng, places)
