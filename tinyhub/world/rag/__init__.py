"""検索して読む文書 (社内の手引きと町の案内) と、その質問。

文書には検証用とテスト用の題材だけが現れる。題材は訓練用の行にも事前学習の文章にも
現れないので、文書を読まずに答えることはできない。一つの文書は一つの題材について、
書き出し・見出し・段落・小さな表からなる。属性のいくつかは、わざと書かれていない。
"""

import random
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

from tinyhub.world.facts import Split, split_of
from tinyhub.world.rag.facts import (
    Subject,
    attribute_of,
    of_split,
    pick,
    register,
    write_passage,
    write_question,
)
from tinyhub.world.rag.reader import ABSTENTION, ReaderPassage
from tinyhub.world.rag.words import (
    ATTRIBUTES,
    COMPANY,
    COMPANY_KINDS,
    PRONOUNS,
    TOWN,
    Attribute,
)

RAG_SEED = 1320
QUESTION_ROWS: dict[Split, int] = {"validation": 200, "test": 300}
HELD_OUT: tuple[Split, ...] = ("validation", "test")
DISTRACTORS = 4
ABSENT_RATE = 0.2
_OMITTED_RATE = 0.45
_TABLE_RATE = 0.35
_PRONOUN_RATE = 0.4

_KIND_NAMES = {
    "department": "部署",
    "room": "部屋",
    "procedure": "手続き",
    "facility": "施設",
    "event": "催し",
    "bus": "バス路線",
}
_INTRODUCTIONS = (
    "{s}は、{o}の{k}の一つ[である|です]。",
    "ここでは、{o}の{k}である{s}について説明[する|します]。",
    "{o}には多くの{k}が[ある|あります]。そのうちの{s}を紹介[する|します]。",
    "{o}の{k}のうち、{s}についてまとめ[た|ました]。",
    "{s}という{k}の案内[である|です]。{o}の人に向けて書[いた|きました]。",
    "これは、{o}の{k}、{s}の手引き[である|です]。",
)
_COMPANY_FILLERS = (
    "分からないことがあれば、総務に聞くとよい。|分からないことがあれば、総務に聞いてください。",
    "昼休みの問い合わせは避けてほしい。|昼休みのお問い合わせはお避けください。",
    "古い案内が手元にあれば、捨ててかまわない。|古い案内がお手元にあれば、捨ててかまいません。",
    "この決まりは毎年見直している。|この決まりは毎年見直しています。",
    "新しく入った人にも伝えてほしい。|新しく入った人にも伝えてください。",
    "以前は掲示板に張り出していた。|以前は掲示板に張り出していました。",
    "急ぐときは、先に電話をするとよい。|急ぐときは、先に電話をしてください。",
    "迷ったら、隣の席の人に聞くとよい。|迷ったら、隣の席の人に聞いてください。",
)
_TOWN_FILLERS = (
    "分からないことがあれば、係の者に声をかけてほしい。|分からないことがあれば、係の者に声をかけてください。",
    "初めての人は、時間に余裕をもつとよい。|初めての方は、時間に余裕をもってお越しください。",
    "混み合う日は、少し待つことがある。|混み合う日は、少しお待ちいただくことがあります。",
    "意見は役場の投書箱に入れてほしい。|ご意見は役場の投書箱に入れてください。",
    "小さな子どもは、大人と一緒に来てほしい。|小さなお子さんは、大人と一緒にお越しください。",
    "町の広報にも同じ案内が載っている。|町の広報にも同じ案内が載っています。",
    "忘れ物は、役場の窓口で預かっている。|忘れ物は、役場の窓口で預かっています。",
    "雪の日は、足もとに気をつけてほしい。|雪の日は、足もとにお気をつけください。",
)


@dataclass(frozen=True)
class Document:
    """文書。wikimedia/wikipedia と同じ列。"""

    id: str
    url: str
    title: str
    text: str


@dataclass(frozen=True)
class Evidence:
    """文書の中の根拠。written は文書にあるとおりの文、resolved は題材を名指した文。"""

    written: str
    resolved: str


@dataclass(frozen=True)
class DocumentDraft:
    """文書と、そこに書かれた属性の根拠。"""

    document: Document
    subject: Subject
    evidence: dict[str, Evidence]
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class RagQuestion:
    """文書についての質問。答えが文書になければ answers は「わかりません」だけ。"""

    qid: str
    question: str
    answers: list[str]
    answerable: bool
    attribute: str
    subject: str
    document_id: str
    evidence: str
    passages: list[ReaderPassage]
    positive_passage_indices: list[int]


def _organisation(kind: str) -> str:
    return COMPANY if kind in COMPANY_KINDS else TOWN


def _filler(rng: random.Random, kind: str, polite: bool) -> str:
    fillers = _COMPANY_FILLERS if kind in COMPANY_KINDS else _TOWN_FILLERS
    return rng.choice(fillers).split("|")[polite]


def _table_cell(subject: Subject, attribute: Attribute) -> Evidence:
    noun, value = attribute.nouns[0], subject.values[attribute.name]
    return Evidence(f"| {noun} | {value} |", f"{subject.name}の{noun}は{value}です。")


def _sentence(
    rng: random.Random, subject: Subject, attribute: Attribute, polite: bool
) -> Evidence:
    value = subject.values[attribute.name]
    made = write_passage(
        rng, attribute, subject.name, value, polite, subject.split, in_document=True
    )
    if rng.random() < _PRONOUN_RATE:
        return Evidence(made.about(s=PRONOUNS[subject.kind], v=value), made.text)
    return Evidence(made.text, made.text)


def write_document(rng: random.Random, subject: Subject, number: int) -> DocumentDraft:
    """題材についての文書を書く。"""
    polite = rng.random() < 0.6
    told = list(ATTRIBUTES[subject.kind])
    rng.shuffle(told)
    if rng.random() < _OMITTED_RATE:
        told.pop()
    tabled = [told.pop(), told.pop()] if rng.random() < _TABLE_RATE and told[3:] else []
    introduction = register(rng.choice(_INTRODUCTIONS), polite).format(
        s=subject.name,
        o=_organisation(subject.kind),
        k=_KIND_NAMES[subject.kind],
    )
    evidence: dict[str, Evidence] = {}
    sentences = [introduction]
    blocks = [introduction]
    while told:
        group = [told.pop() for _ in range(min(len(told), rng.choice((1, 2))))]
        heading = "と".join(attribute.nouns[0] for attribute in group)
        lines = []
        for attribute in group:
            evidence[attribute.name] = _sentence(rng, subject, attribute, polite)
            lines.append(evidence[attribute.name].written)
        if rng.random() < 0.6:
            lines.append(_filler(rng, subject.kind, polite))
        sentences += lines
        blocks.append(f"## {heading}\n{''.join(lines)}")
    if tabled:
        rows = []
        for attribute in tabled:
            evidence[attribute.name] = _table_cell(subject, attribute)
            rows.append(evidence[attribute.name].written)
        table = "\n".join(("| 項目 | 内容 |", "|---|---|", *rows))
        blocks.append(f"## 早見表\n{table}")
    document = Document(
        id=str(number),
        url=f"https://example.com/handbook/{quote(subject.name)}",
        title=subject.name,
        text="\n\n".join(blocks),
    )
    return DocumentDraft(document, subject, evidence, tuple(sentences))


def _has_document(subject: Subject) -> bool:
    """一割の題材には文書がない。それらについての質問には答えられない。"""
    return split_of(f"document/{subject.name}") != "test"


@cache
def documents(seed: int = RAG_SEED) -> tuple[DocumentDraft, ...]:
    """文書のすべて。検証用とテスト用の題材が入り混じって並ぶ。"""
    rng = random.Random(f"rag-documents/{seed}")
    chosen = [s for split in HELD_OUT for s in of_split(split) if _has_document(s)]
    rng.shuffle(chosen)
    return tuple(
        write_document(rng, subject, number)
        for number, subject in enumerate(chosen, start=1)
    )


def _question(
    rng: random.Random, split: Split, number: int, drafts: dict[str, DocumentDraft]
) -> RagQuestion:
    absent = rng.random() < ABSENT_RATE
    while True:
        subject = rng.choice(of_split(split))
        attribute = rng.choice(ATTRIBUTES[subject.kind]).name
        draft = drafts.get(subject.name)
        written = draft is not None and attribute in draft.evidence
        if written != absent:
            break
    value = subject.values[attribute]
    passages: list[ReaderPassage] = []
    taken = {value}
    if draft is not None and written:
        passages.append(_passage(draft, attribute))
    others = [d.subject for d in drafts.values()]
    while len(passages) < DISTRACTORS + written:
        other = pick(rng, others, subject)
        found = drafts[other.name]
        if attribute in found.evidence and other.values[attribute] not in taken:
            taken.add(other.values[attribute])
            passages.append(_passage(found, attribute))
    gold = passages[0] if written else None
    rng.shuffle(passages)
    spec = attribute_of(subject.kind, attribute)
    asked = write_question(rng, spec, subject.name, split)
    return RagQuestion(
        qid=f"RAG-{split.upper()}-{number:04}",
        question=asked.text,
        answers=[value] if written else [ABSTENTION],
        answerable=written,
        attribute=attribute,
        subject=subject.name,
        document_id=draft.document.id if draft is not None and written else "",
        evidence=draft.evidence[attribute].written if draft and written else "",
        passages=passages,
        positive_passage_indices=[i for i, p in enumerate(passages) if p is gold],
    )


def _passage(draft: DocumentDraft, attribute: str) -> ReaderPassage:
    text = draft.evidence[attribute].resolved
    return ReaderPassage(int(draft.document.id), draft.document.title, text)


@cache
def questions(split: Split, rows: int, seed: int = RAG_SEED) -> tuple[RagQuestion, ...]:
    """質問を rows 問作る。五問に一問は、文書に答えがない。"""
    rng = random.Random(f"rag-questions/{split}/{seed}")
    drafts = {draft.subject.name: draft for draft in documents()}
    made: list[RagQuestion] = []
    seen: set[str] = set()
    while len(made) < rows:
        question = _question(rng, split, len(made) + 1, drafts)
        if question.question not in seen:
            seen.add(question.question)
            made.append(question)
    return tuple(made)


def generate(
    split: Split, rows: int | None = None, seed: int = RAG_SEED
) -> list[RagQuestion]:
    """質問の行。省くと、配るデータの件数。"""
    return list(questions(split, QUESTION_ROWS[split] if rows is None else rows, seed))
