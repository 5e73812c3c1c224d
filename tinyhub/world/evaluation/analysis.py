"""llm-jp-eval の基礎解析 (読み・係り受け・述語項構造・照応・固有表現)。

文は、文節ごとに読みと係り先を書いた型に、読みの分かっている名前を入れて作る。だから
どの解析の正解も、型から決まる。
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from tinyhub.world.evaluation.readings import (
    GIVEN_NAMES,
    STEM_HEADS,
    STEM_TAILS,
    SURNAMES,
    WORDS,
)
from tinyhub.world.evaluation.rows import TextPair
from tinyhub.world.facts import Person, World


@dataclass(frozen=True)
class Name:
    """名前と読みと、固有表現の種類。"""

    surface: str
    reading: str
    kind: str


@dataclass(frozen=True)
class Frame:
    """一文の型。

    chunks は「表記/読み/係り先」を空白で区切ったもので、係り先は文節の番号(最後は -)。
    predicates は述語と、格ごとの項。
    """

    chunks: str
    predicates: Mapping[str, Mapping[str, str]]


# 主題の種類ごとの、最初の文と、代名詞で受ける続きの文。P は人、O は別の人、T は町、
# C は会社、E は催し、L は名所、W は物、V は楽しみ、S は名物。
FIRST: Mapping[str, tuple[Frame, ...]] = {
    "P": (
        Frame(
            "{P}は/{P}は/3 {T}の/{T}の/2 {L}を/{L}を/3 訪れた/おとずれた/-",
            {"訪れた": {"ガ": "{P}", "ヲ": "{L}"}},
        ),
        Frame(
            "{P}は/{P}は/3 {O}に/{O}に/3 {W}を/{W}を/3 贈った/おくった/-",
            {"贈った": {"ガ": "{P}", "ヲ": "{W}", "ニ": "{O}"}},
        ),
        Frame(
            "{T}に/{T}に/1 住む/すむ/2 {P}は/{P}は/5 {O}と/{O}と/5"
            " {W}を/{W}を/5 作った/つくった/-",
            {
                "住む": {"ガ": "{P}", "ニ": "{T}"},
                "作った": {"ガ": "{P}", "ヲ": "{W}", "ト": "{O}"},
            },
        ),
        Frame(
            "{P}は/{P}は/4 毎年/まいとし/4 夏に/なつに/4"
            " {T}へ/{T}へ/4 出かける/でかける/-",
            {"出かける": {"ガ": "{P}"}},
        ),
    ),
    "C": (
        Frame(
            "{C}は/{C}は/2 {P}を/{P}を/2 招いた/まねいた/-",
            {"招いた": {"ガ": "{C}", "ヲ": "{P}"}},
        ),
        Frame(
            "{C}は/{C}は/4 {T}の/{T}の/2 人々に/ひとびとに/4 {W}を/{W}を/4"
            " 配った/くばった/-",
            {"配った": {"ガ": "{C}", "ヲ": "{W}", "ニ": "人々"}},
        ),
        Frame(
            "{C}は/{C}は/3 新しい/あたらしい/2 商品を/しょうひんを/3"
            " 発売した/はつばいした/-",
            {"発売した": {"ガ": "{C}", "ヲ": "商品"}},
        ),
        Frame(
            "{T}に/{T}に/1 ある/ある/2 {C}は/{C}は/5 {O}に/{O}に/5 荷物を/にもつを/5"
            " 届けた/とどけた/-",
            {
                "ある": {"ガ": "{C}", "ニ": "{T}"},
                "届けた": {"ガ": "{C}", "ヲ": "荷物", "ニ": "{O}"},
            },
        ),
        Frame(
            "{C}は/{C}は/4 {O}と/{O}と/4 長い/ながい/3"
            " 契約を/けいやくを/4 結んだ/むすんだ/-",
            {"結んだ": {"ガ": "{C}", "ヲ": "契約", "ト": "{O}"}},
        ),
    ),
    "T": (
        Frame(
            "{T}には/{T}には/3 古い/ふるい/2 {L}が/{L}が/3 ある/ある/-",
            {"ある": {"ガ": "{L}", "ニ": "{T}"}},
        ),
        Frame(
            "{P}が/{P}が/1 生まれた/うまれた/2 {T}は/{T}は/5 {L}で/{L}で/4"
            " 有名な/ゆうめいな/5 町だ/まちだ/-",
            {"生まれた": {"ガ": "{P}"}, "町だ": {"ガ": "{T}"}},
        ),
        Frame(
            "{T}は/{T}は/3 町じゅうで/まちじゅうで/3 {P}を/{P}を/3 迎えた/むかえた/-",
            {"迎えた": {"ガ": "{T}", "ヲ": "{P}"}},
        ),
    ),
    "E": (
        Frame(
            "{E}は/{E}は/3 毎年/まいとし/3 {T}で/{T}で/3 開かれる/ひらかれる/-",
            {"開かれる": {"ガ": "{E}"}},
        ),
        Frame(
            "{T}の/{T}の/1 人々は/ひとびとは/4 毎年/まいとし/4 {E}を/{E}を/4"
            " 開く/ひらく/-",
            {"開く": {"ガ": "人々", "ヲ": "{E}"}},
        ),
        Frame(
            "{P}は/{P}は/3 {O}と/{O}と/3 {E}に/{E}に/3 出かけた/でかけた/-",
            {"出かけた": {"ガ": "{P}", "ニ": "{E}", "ト": "{O}"}},
        ),
    ),
}
FOLLOWS: Mapping[str, tuple[Frame, ...]] = {
    "P": (
        Frame(
            "この人は/このひとは/2 {V}を/{V}を/2 好む/このむ/-",
            {"好む": {"ガ": "この人", "ヲ": "{V}"}},
        ),
        Frame(
            "この人に/このひとに/4 町の/まちの/2 人々は/ひとびとは/4"
            " 案内を/あんないを/4 頼んだ/たのんだ/-",
            {"頼んだ": {"ガ": "人々", "ヲ": "案内", "ニ": "この人"}},
        ),
        Frame(
            "この人は/このひとは/3 長い/ながい/2 手紙も/てがみも/3 書いた/かいた/-",
            {"書いた": {"ガ": "この人", "ヲ": "手紙"}},
        ),
        Frame(
            "町の/まちの/1 子どもは/こどもは/3 この人を/このひとを/3"
            " 尊敬している/そんけいしている/-",
            {"尊敬している": {"ガ": "子ども", "ヲ": "この人"}},
        ),
        Frame(
            "この人は/このひとは/2 朝に/あさに/2 帰った/かえった/-",
            {"帰った": {"ガ": "この人"}},
        ),
    ),
    "C": (
        Frame(
            "同社は/どうしゃは/4 海の/うみの/2 近くに/ちかくに/4 工場を/こうじょうを/4"
            " 建てた/たてた/-",
            {"建てた": {"ガ": "同社", "ヲ": "工場", "ニ": "近く"}},
        ),
        Frame(
            "多くの/おおくの/1 人が/ひとが/3"
            " 同社に/どうしゃに/3"
            " 期待している/きたいしている/-",
            {"期待している": {"ガ": "人", "ニ": "同社"}},
        ),
        Frame(
            "同社は/どうしゃは/3 若い/わかい/2 社員を/しゃいんを/3"
            " 集めている/あつめている/-",
            {"集めている": {"ガ": "同社", "ヲ": "社員"}},
        ),
        Frame(
            "近くの/ちかくの/1 学校が/がっこうが/3 同社を/どうしゃを/3"
            " 見学した/けんがくした/-",
            {"見学した": {"ガ": "学校", "ヲ": "同社"}},
        ),
    ),
    "T": (
        Frame(
            "この町は/このまちは/2 {S}を/{S}を/2 作っている/つくっている/-",
            {"作っている": {"ガ": "この町", "ヲ": "{S}"}},
        ),
        Frame(
            "春には/はるには/4 多くの/おおくの/2 客が/きゃくが/4 この町を/このまちを/4"
            " 訪れる/おとずれる/-",
            {"訪れる": {"ガ": "客", "ヲ": "この町"}},
        ),
        Frame(
            "人々は/ひとびとは/2 この町を/このまちを/2 愛している/あいしている/-",
            {"愛している": {"ガ": "人々", "ヲ": "この町"}},
        ),
        Frame(
            "この町は/このまちは/3 冬に/ふゆに/3 {S}を/{S}を/3 売る/うる/-",
            {"売る": {"ガ": "この町", "ヲ": "{S}"}},
        ),
    ),
    "E": (
        Frame(
            "この催しには/このもよおしには/3 近くの/ちかくの/2 子どもが/こどもが/3"
            " 集まる/あつまる/-",
            {"集まる": {"ガ": "子ども", "ニ": "この催し"}},
        ),
        Frame(
            "客は/きゃくは/3 この催しで/このもよおしで/3 {S}を/{S}を/3 買う/かう/-",
            {"買う": {"ガ": "客", "ヲ": "{S}"}},
        ),
        Frame(
            "若者が/わかものが/2 この催しを/このもよおしを/2 手伝う/てつだう/-",
            {"手伝う": {"ガ": "若者", "ヲ": "この催し"}},
        ),
    ),
}
PRONOUNS = {"P": "この人", "C": "同社", "T": "この町", "E": "この催し"}


@dataclass(frozen=True)
class Sentence:
    """解析済みの一文。"""

    chunks: tuple[str, ...]
    readings: tuple[str, ...]
    heads: tuple[int | None, ...]
    predicates: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Paragraph:
    """解析済みの二文。names は出てくる順の名前、clusters は同じものを指す語の組。"""

    sentences: tuple[Sentence, ...]
    names: tuple[Name, ...]
    clusters: tuple[tuple[str, ...], ...]

    @property
    def text(self) -> str:
        """句点で区切った本文。"""
        return "".join("".join(one.chunks) + "。" for one in self.sentences)


def _person(person: Person) -> Name:
    reading = SURNAMES[person.surname] + GIVEN_NAMES[person.given_name]
    return Name(person.name, reading, "人名")


def _local(stem: str, tail: str, kind: str) -> Name:
    """町の名前と、それから作る名前。"""
    reading = STEM_HEADS[stem[0]] + STEM_TAILS[stem[1]] + WORDS[tail]
    return Name(stem + tail, reading, kind)


def _cast(rng: random.Random, places: World, subject: str) -> dict[str, Name]:
    """型の穴に入る名前。会社と催しの文に出る町は、その会社や催しのある町にする。"""
    person, other = rng.sample(places.people, 2)
    company = rng.choice(
        [c for c in places.companies if c.name[2:] in WORDS and c.name[0] in STEM_HEADS]
    )
    event = rng.choice([e for e in places.events if e.kind in WORDS])
    home = {"C": company.town, "E": event.town}.get(subject)
    towns = [
        t
        for t in places.towns
        if home == t.name or (home is None and not t.name.endswith("村"))
    ]
    town = rng.choice(towns)
    cast = {
        "P": _person(person),
        "O": _person(other),
        "T": _local(town.stem, town.name.removeprefix(town.stem), "地名"),
        "C": _local(company.name[:2], company.name[2:], "組織名"),
        "E": _local(event.name[:2], event.kind, "固有物名"),
    }
    for slot, words in (
        ("L", "灯台 城跡 時計塔 美術館 植物園 吊り橋"),
        ("W", "時計 椅子 絵本 手帳 和紙 茶わん"),
        ("V", "登山 将棋 読書 園芸 料理 写真"),
        ("S", "味噌 豆腐 和菓子 漆器 織物 陶器"),
    ):
        word = rng.choice(words.split())
        cast[slot] = Name(word, WORDS[word], "")
    return cast


def _build(frame: Frame, cast: Mapping[str, Name]) -> Sentence:
    surfaces = {slot: name.surface for slot, name in cast.items()}
    sounds = {slot: name.reading for slot, name in cast.items()}
    cells = [chunk.split("/") for chunk in frame.chunks.split()]
    return Sentence(
        chunks=tuple(cell[0].format(**surfaces) for cell in cells),
        readings=tuple(cell[1].format(**sounds) for cell in cells),
        heads=tuple(None if cell[2] == "-" else int(cell[2]) for cell in cells),
        predicates={
            predicate: {case: word.format(**surfaces) for case, word in cases.items()}
            for predicate, cases in frame.predicates.items()
        },
    )


def paragraph(rng: random.Random, places: World) -> Paragraph:
    """二文の段落を作る。二文目は、一文目の主題を代名詞で受ける。"""
    subject = rng.choice(tuple(FIRST))
    cast = _cast(rng, places, subject)
    first, second = rng.choice(FIRST[subject]), rng.choice(FOLLOWS[subject])
    sentences = (_build(first, cast), _build(second, cast))
    text = "".join(sentences[0].chunks)
    found = [name for name in cast.values() if name.kind and name.surface in text]
    found.sort(key=lambda name: text.index(name.surface))
    cluster = (cast[subject].surface, PRONOUNS[subject])
    return Paragraph(sentences, tuple(found), (cluster,))


def sounds(rng: random.Random, places: World, index: int) -> TextPair:
    """ひらがなの読み。"""
    made = paragraph(rng, places)
    answer = "".join("".join(one.readings) + "。" for one in made.sentences)
    return TextPair(made.text, answer)


def dependencies(rng: random.Random, places: World, index: int) -> TextPair:
    """文節の係り受け。一行に一つ。"""
    made = paragraph(rng, places)
    lines = [
        f"{chunk} -> {one.chunks[head]}"
        for one in made.sentences
        for chunk, head in zip(one.chunks, one.heads, strict=True)
        if head is not None
    ]
    return TextPair(made.text, "\n".join(lines))


def arguments(rng: random.Random, places: World, index: int) -> TextPair:
    """述語と項。一行に一つの述語。"""
    made = paragraph(rng, places)
    lines = [
        " ".join([predicate, *(f"{case}：{word}" for case, word in cases.items())])
        for one in made.sentences
        for predicate, cases in one.predicates.items()
    ]
    return TextPair(made.text, "\n".join(lines))


def references(rng: random.Random, places: World, index: int) -> TextPair:
    """同じものを指す語の組。一行に一組。"""
    made = paragraph(rng, places)
    return TextPair(made.text, "\n".join(" ".join(group) for group in made.clusters))


def entities(rng: random.Random, places: World, index: int) -> TextPair:
    """固有表現と種類。"""
    made = paragraph(rng, places)
    answer = " ".join(f"{name.surface}（{name.kind}）" for name in made.names)
    return TextPair(made.text, answer)
