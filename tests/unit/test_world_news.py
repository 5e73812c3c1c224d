"""ニュース記事と見出し: 形・漏れ・手がかりの弱さを確かめる。"""

import random
import re
import statistics
import tarfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path

import fugashi
import ipadic
import MeCab
import pytest
from rouge_score.rouge_scorer import RougeScorer
from sklearn.feature_extraction.text import TfidfVectorizer

from tinyhub.repositories import livedoor
from tinyhub.world import news
from tinyhub.world.drawn_values import draw, figure
from tinyhub.world.facts import SPLITS, Split, entities_in, world
from tinyhub.world.news import CATEGORIES, ROWS, Draft
from tinyhub.world.news.kinds import KINDS
from tinyhub.world.news.subjects import (
    CLOSERS,
    PUBLIC_CLOSERS,
    SCENES,
    SUBJECTS,
)

HELD_OUT: tuple[Split, ...] = ("validation", "test")
TEXT_SEED, DOCUMENTS = 7, 2_000
TRAIN_ROWS = 2_000


@cache
def _drafts(split: Split) -> list[Draft]:
    return news.compose(split, ROWS[split])


def _text(draft: Draft) -> str:
    return draft.news.content.replace("\n", "")


def _cut(text: str) -> list[str]:
    return re.findall(r"[^。]+。", text)


@cache
def _sentences(split: Split) -> frozenset[str]:
    return frozenset(s for draft in _drafts(split) for s in _cut(_text(draft)))


@cache
def _prose() -> list[list[str]]:
    return news.pretraining_documents(TEXT_SEED, DOCUMENTS)


@cache
def _fugashi() -> fugashi.Tagger:
    return fugashi.Tagger("-Owakati")


def _words(text: str) -> list[str]:
    return _fugashi().parse(text).split()


def _runs(texts: Iterable[str], length: int = 13) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for text in texts:
        words = _words(text)
        found.update(
            tuple(words[at : at + length]) for at in range(len(words) - length + 1)
        )
    return found


# --- 形 ---------------------------------------------------------------------


def test_same_seed_gives_the_same_articles_and_another_seed_does_not() -> None:
    assert news.generate("test", 40, 3) == news.generate("test", 40, 3)
    assert news.generate("test", 40, 3) != news.generate("test", 40, 4)
    assert news.pretraining_documents(3, 20) == news.pretraining_documents(3, 20)
    assert news.pretraining_documents(3, 20) != news.pretraining_documents(4, 20)


def test_rows_have_the_columns_of_the_real_corpus() -> None:
    columns = ["url", "date", "title", "content", "category"]
    for split in SPLITS:
        for draft in _drafts(split)[:200]:
            row = asdict(draft.news)
            assert list(row) == columns
            assert all(isinstance(value, str) for value in row.values())
            assert re.fullmatch(
                r"http://news\.livedoor\.com/article/detail/\d{7}/", row["url"]
            )
            assert datetime.strptime(row["date"], "%Y-%m-%dT%H:%M:%S%z")
            assert "{" not in row["title"] + row["content"]
            assert "\n" not in row["title"]


def test_categories_are_the_nine_real_ones_in_their_shares() -> None:
    names = (
        "dokujo-tsushin it-life-hack kaden-channel livedoor-homme movie-enter peachy"
        " smax sports-watch topic-news"
    )
    assert list(CATEGORIES) == names.split()
    counts = Counter(draft.news.category for draft in _drafts("train"))
    total = sum(CATEGORIES.values())
    for category, share in CATEGORIES.items():
        expected = share / total
        assert counts[category] / ROWS["train"] == pytest.approx(expected, abs=0.02)


def test_sorting_by_date_and_cutting_gives_back_the_splits() -> None:
    rows = [draft.news for split in SPLITS for draft in _drafts(split)]
    assert [row.date for row in rows] == sorted(row.date for row in rows)
    assert len({row.url for row in rows}) == len(rows)
    total = len(rows)
    assert (int(total * 0.8), int(total * 0.1)) == (ROWS["train"], ROWS["validation"])


def test_archive_holds_every_article_in_the_real_layout(tmp_path: Path) -> None:
    (source,) = livedoor.SOURCES
    source.build(tmp_path)
    path = tmp_path / "raw" / livedoor.LDCC_PATH
    wanted = {
        row.url: row for split in SPLITS for row in (d.news for d in _drafts(split))
    }
    licences = 0
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            top, *rest = member.name.split("/")
            assert top == "text"
            if rest[-1] == "LICENSE.txt":
                licences += 1
            elif len(rest) == 2:
                file = archive.extractfile(member)
                assert file is not None
                lines = file.read().decode().splitlines()
                row = wanted.pop(lines[0])
                assert rest[0] == row.category
                assert lines[1:3] == [row.date, row.title]
                assert "\n".join(lines[3:]) == row.content
    assert not wanted
    assert licences == len(CATEGORIES)
    # gzip の見出しに作った時刻がない(いつ作っても同じバイト列になる)。
    assert path.read_bytes()[4:8] == bytes(4)


# --- 分割のあいだの漏れ ---------------------------------------------------------


def test_every_frame_names_something_of_its_own_split() -> None:
    own = ("{name}", "{near}", "{person}", "{fellow}", "{maker}", "{subject}")
    # チームと商品の相手だけは、訓練用の名前を借りることがある。
    borrowing = ("team", "product")

    def pure(text: str, subject: str = "") -> bool:
        slots = own if subject in borrowing else (*own, "{other}")
        return any(slot in text for slot in slots)

    assert not [text for text in (*SCENES, *CLOSERS, *PUBLIC_CLOSERS) if not pure(text)]
    for name, subject in SUBJECTS.items():
        lines = (*subject.leads, *subject.backgrounds)
        assert not [text for text in lines if not pure(text, name)]
    for kind in KINDS:
        assert not [text for text in kind.extras if not pure(text, kind.subject)]


def test_entities_of_validation_and_test_do_not_occur_in_train() -> None:
    for split in HELD_OUT:
        names = world().of_split(split).names()
        for draft in _drafts("train"):
            assert not entities_in(draft.news.title + draft.news.content, names)
        assert all(draft.name in names for draft in _drafts(split))
        other = world().of_split("test" if split == "validation" else "validation")
        for draft in _drafts(split):
            text = draft.news.title + draft.news.content
            assert not entities_in(text, other.names())


def test_no_sentence_title_or_composition_is_shared_between_splits() -> None:
    for split in HELD_OUT:
        assert not _sentences("train") & _sentences(split)
        for attribute in (
            lambda draft: draft.news.title,
            lambda draft: draft.composition,
        ):
            train = {attribute(draft) for draft in _drafts("train")}
            assert not train & {attribute(draft) for draft in _drafts(split)}


def test_held_out_compositions_are_made_of_seen_parts() -> None:
    def parts(split: Split) -> set[tuple[str, int, str]]:
        keys = [draft.composition.split("/")[1:] for draft in _drafts(split)]
        return {
            (kind, at, part) for kind, *rest in keys for at, part in enumerate(rest)
        }

    for split in HELD_OUT:
        assert parts(split) <= parts("train")
        assert {draft.kind for draft in _drafts(split)} == {kind.id for kind in KINDS}


def test_prose_shares_no_13_words_in_a_row_with_validation_and_test() -> None:
    held_out = _runs(
        text for split in HELD_OUT for d in _drafts(split) for text in (_text(d),)
    ) | _runs(draft.news.title for split in HELD_OUT for draft in _drafts(split))
    assert len(held_out) > 10_000
    assert not held_out & _runs("".join(document) for document in _prose())


def test_prose_has_no_titles_but_almost_all_their_words() -> None:
    lines = {line for document in _prose() for line in document}
    titles = {draft.news.title for split in SPLITS for draft in _drafts(split)}
    assert not lines & titles
    known = {word for line in lines for word in _words(line)}
    for split in HELD_OUT:
        used = Counter(
            word
            for draft in _drafts(split)
            for word in _words(draft.news.title)
            if not word.isdigit()
        )
        unknown = sum(count for word, count in used.items() if word not in known)
        assert unknown <= 0.02 * used.total()


# --- 手がかりの弱さ --------------------------------------------------------------


class _Wakati:
    """第 7 章と同じ、IPA 辞書の MeCab による分かち書き。"""

    def __init__(self) -> None:
        self.tagger = MeCab.Tagger(f"-O wakati {ipadic.MECAB_ARGS}")

    def tokenize(self, text: str) -> list[str]:
        return self.tagger.parse(text).split()


@cache
def _scorer() -> RougeScorer:
    return RougeScorer(["rougeL"], tokenizer=_Wakati())


def _rouge(predictions: Iterable[str], split: Split = "test") -> float:
    return statistics.mean(
        _scorer().score(draft.news.title, text)["rougeL"].fmeasure
        for draft, text in zip(_drafts(split), predictions, strict=True)
    )


def test_copying_a_sentence_does_not_make_a_headline() -> None:
    rng = random.Random(0)
    bodies = [_cut(_text(draft)) for draft in _drafts("test")]
    lead = _rouge(body[0] for body in bodies)
    some = _rouge(rng.choice(body) for body in bodies)
    central = _rouge(draft.sentences[draft.central] for draft in _drafts("test"))
    assert 0.1 <= lead <= 0.25
    assert 0.1 <= some <= 0.27
    # 中心の文を知っていて、そのまま写しても、目標の 0.55 には遠い。
    assert max(lead, some) + 0.1 < central <= 0.42


def test_neighbours_and_category_titles_do_not_make_a_headline() -> None:
    train = _drafts("train")[:TRAIN_ROWS]
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(2, 3), min_df=2)
    known = vectorizer.fit_transform([draft.news.content for draft in train])
    asked = vectorizer.transform([draft.news.content for draft in _drafts("test")])
    nearest = (asked @ known.T).toarray().argmax(axis=1)
    assert _rouge(train[at].news.title for at in nearest) <= 0.42
    typical = {draft.news.category: draft.news.title for draft in train}
    assert _rouge(typical[d.news.category] for d in _drafts("test")) <= 0.27


def test_central_fact_is_rarely_in_the_lead_and_has_rivals_of_its_type() -> None:
    for split in SPLITS:
        drafts = _drafts(split)
        assert 0.1 <= statistics.mean(d.central == 0 for d in drafts) <= 0.3
        assert 3 <= min(len(d.sentences) for d in drafts)
        assert max(len(d.sentences) for d in drafts) <= 8
        digits = [
            (set(re.findall(r"\d+", d.sentences[d.central])), d.sentences)
            for d in drafts
            if re.search(r"\d", d.news.title) and not d.from_quote
        ]
        rivals = [
            any(
                set(re.findall(r"\d+", text)) - told
                for text in sentences
                if set(re.findall(r"\d+", text)) != told
            )
            for told, sentences in digits
        ]
        assert statistics.mean(rivals) >= 0.7


def test_a_few_headlines_follow_a_quotation_instead_of_the_fact() -> None:
    for split in SPLITS:
        share = statistics.mean(draft.from_quote for draft in _drafts(split))
        assert 0.01 <= share <= 0.08


def test_headlines_come_from_many_templates_and_articles_vary() -> None:
    assert len({head for kind in KINDS for head in kind.heads}) >= 120
    assert len({draft.composition for draft in _drafts("train")}) >= 2_000
    lines = [line for draft in _drafts("train") for line in draft.sentences]
    assert len(set(lines)) >= 0.92 * len(lines)


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("a:3-9*100", lambda v: int(v["a"]) % 100 == 0),
        ("low<high:0-9", lambda v: int(v["low"]) < int(v["high"])),
        ("a~b:10-90", lambda v: int(v["a"]) < int(v["b"]) <= 2 * int(v["a"])),
        ("a~b:10-90 c=b-a", lambda v: int(v["c"]) == int(v["b"]) - int(v["a"])),
        ("a+b=甲|乙", lambda v: {v["a"], v["b"]} == {"甲", "乙"}),
    ],
)
def test_values_are_drawn_as_written(
    text: str, check: Callable[[dict[str, str]], bool]
) -> None:
    rng = random.Random(1)
    assert all(check(draw(text, rng)) for _ in range(50))


def test_figures_are_grouped_by_ten_thousands() -> None:
    numbers = (980, 12_000, 30_000, 123_000)
    assert [figure(n) for n in numbers] == ["980", "1万2000", "3万", "12万3000"]
