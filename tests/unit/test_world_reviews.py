"""商品レビュー: 形・星の割合・分割・漏れ・星の数の近道・手がかりの強さを確かめる。"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import asdict
from functools import cache
from pathlib import Path

import fugashi
import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from tinyhub.repositories.reviews import SOURCES
from tinyhub.world import reviews
from tinyhub.world.facts import SPLITS, Split, entities_in, world
from tinyhub.world.posts import ngrams
from tinyhub.world.reviews import ROWS, STARS, Draft
from tinyhub.world.reviews.clauses import CONSTRUCTS
from tinyhub.world.reviews.frames import FRAMES
from tinyhub.world.reviews.words import CATEGORIES

TEXT_SEED, DOCUMENTS = 7, 4_000
_STARS = re.compile("[★☆]|星[一二三四五1-5１-５]")
EVALUATION: tuple[Split, ...] = ("validation", "test")


@cache
def drafts(split: Split) -> list[Draft]:
    return reviews.compose(split, ROWS[split])


@cache
def texts(split: Split) -> frozenset[str]:
    return frozenset(draft.text for draft in drafts(split))


@cache
def documents() -> list[list[str]]:
    return reviews.pretraining_documents(TEXT_SEED, DOCUMENTS)


@cache
def tagger() -> fugashi.Tagger:
    return fugashi.Tagger("-Owakati")


def words(text: str) -> list[str]:
    return tagger().parse(text).split()


# --- 形 ---------------------------------------------------------------------


def test_rows_have_the_columns_of_the_real_dataset() -> None:
    rows = reviews.reviews_of(drafts("test"), "test")
    assert len({row.id for row in rows}) == len(rows) == ROWS["test"]
    for row in rows:
        assert list(asdict(row)) == ["id", "text", "label", "label_text"]
        assert re.fullmatch(r"ja_\d{7}", row.id)
        assert row.label in range(STARS) and row.label_text == str(row.label)
        assert "<" not in row.text and row.text == row.text.strip() != ""


def test_same_seed_gives_the_same_rows() -> None:
    assert reviews.generate("test", 60, 1) == reviews.generate("test", 60, 1)
    assert reviews.generate("test", 60, 1) != reviews.generate("test", 60, 2)


def test_repository_holds_the_files_of_the_real_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reviews, "ROWS", {"train": 25, "validation": 10, "test": 10})
    SOURCES[0].build(tmp_path)
    folder = tmp_path / "datasets/SetFit"
    branch = folder / "amazon_reviews_multi_ja@refs%2Fconvert%2Fparquet/default"
    for split, rows in reviews.ROWS.items():
        table = pq.read_table(branch / split / "0000.parquet")
        assert table.num_rows == rows
        assert {f.name: str(f.type) for f in table.schema} == {
            "id": "string",
            "text": "string",
            "label": "int64",
            "label_text": "string",
        }
        lines = folder / f"amazon_reviews_multi_ja/{split}.jsonl"
        assert len(lines.read_text(encoding="utf-8").splitlines()) == rows


@pytest.mark.parametrize("split", SPLITS)
def test_stars_are_balanced_and_noisy(split: Split) -> None:
    counts = Counter(draft.label for draft in drafts(split))
    for stars in range(STARS):
        assert counts[stars] / ROWS[split] == pytest.approx(0.2, abs=0.025)
    wrong = np.mean([draft.label != draft.stars for draft in drafts(split)])
    assert wrong == pytest.approx(reviews.LABEL_NOISE, abs=0.015)


def test_some_reviews_are_longer_than_128_words_and_most_are_short() -> None:
    lengths = np.array([len(words(draft.text)) for draft in drafts("train")])
    assert 0.08 <= (lengths > 126).mean() <= 0.18
    assert 30 <= np.median(lengths) <= 60


def test_long_reviews_often_decide_after_the_cut() -> None:
    late = []
    for draft in drafts("train"):
        place = draft.text.find(draft.decisive)
        if draft.length == "long" and place >= 0:
            late.append(len(words(draft.text[:place])) > 100)
    assert len(late) > 300
    assert 0.3 <= np.mean(late) <= 0.8


def test_every_kind_of_review_appears_in_every_split() -> None:
    for split in SPLITS:
        counts = Counter(draft.frame for draft in drafts(split))
        assert set(counts) == {*FRAMES, "middling"}
        assert counts["sarcastic"] / ROWS[split] < 0.03


# --- 星の数の近道 ----------------------------------------------------------------


@pytest.mark.parametrize("split", SPLITS)
def test_stars_are_mentioned_and_mostly_agree_with_the_label(split: Split) -> None:
    told = [draft for draft in drafts(split) if draft.mention]
    assert 0.12 <= len(told) / ROWS[split] <= 0.20
    agree = []
    for draft in told:
        assert draft.mention in draft.text
        agree.append(_told_stars(draft.mention) == draft.label + 1)
    assert 0.75 <= np.mean(agree) <= 0.93
    plain = [draft.text for draft in drafts(split) if not draft.mention]
    assert not [text for text in plain if _STARS.search(text)]


def _told_stars(mention: str) -> int:
    if "★" in mention:
        return mention.count("★")
    digit = re.search("[一二三四五1-5１-５]", mention)
    assert digit
    return "一二三四五".find(digit[0]) + 1 or int(digit[0])


def test_star_phrases_name_the_given_number() -> None:
    rng = random.Random(0)
    for stars in range(1, STARS + 1):
        for _ in range(20):
            assert _told_stars(reviews.star_phrase(rng, stars)) == stars


# --- 分割と漏れ ---------------------------------------------------------------


def test_splits_share_neither_texts_nor_compositions_nor_names() -> None:
    assert sum(len(texts(split)) for split in SPLITS) == sum(ROWS.values())
    assert len(frozenset.union(*map(texts, SPLITS))) == sum(ROWS.values())
    seen = {draft.composition for draft in drafts("train")}
    train_text = "\n".join(texts("train"))
    for split in EVALUATION:
        assert not seen & {draft.composition for draft in drafts(split)}
        assert not entities_in(train_text, world().of_split(split).names())


def test_parts_of_evaluation_reviews_are_seen_in_train() -> None:
    known = {word for text in texts("train") for word in words(text)}
    names = world().names()
    for split in EVALUATION:
        used: set[str] = set()
        for text in texts(split):
            rest = text
            for name in sorted(entities_in(text, names), key=len, reverse=True):
                rest = rest.replace(name, "品")
            used.update(word for word in words(rest) if not word.isdecimal())
        assert len(used - known) <= 0.01 * len(used), used - known


def test_pretraining_text_holds_the_words_but_no_13_gram_of_the_reviews() -> None:
    lines = [line for document in documents() for line in document]
    reserved = {g for split in EVALUATION for t in texts(split) for g in ngrams(t)}
    assert len(reserved) > 10_000
    assert not [line for line in lines if ngrams(line) & reserved]
    text = "".join(lines)
    for category in CATEGORIES.values():
        for aspect in category.aspects:
            assert all(noun in text for noun in aspect.nouns)
            for adjectives in aspect.adjectives.values():
                assert all(adjective.stem in text for adjective in adjectives)


def test_pretraining_documents_are_short_texts_without_stars() -> None:
    assert len(documents()) == DOCUMENTS
    for document in documents():
        assert 2 <= len(document) <= 8
        assert not _STARS.search("".join(document))
    assert reviews.pretraining_documents(TEXT_SEED, 50) == documents()[:50]


def test_heldout_parts_occur_in_no_split() -> None:
    rows = reviews.heldout_parts(50)
    assert rows == reviews.heldout_parts(50)
    assert len({row.text for row in rows}) == 50
    seen = "\n".join(text for split in SPLITS for text in texts(split))
    assert not [word for word in ("倍率", "三脚", "ピント", "収納袋") if word in seen]


# --- 言葉 -------------------------------------------------------------------


def test_constructs_conjugate() -> None:
    rng = random.Random(0)
    appliance = CATEGORIES["掃除機"].aspects
    sound = next(aspect for aspect in appliance if aspect.id == "machine_sound")
    quiet, loud = sound.adjectives["positive"][0], sound.adjectives["negative"][0]
    written = {c.name: c.write(rng, "音", quiet)[0] for c in CONSTRUCTS}
    assert written["simple"] == "音が静か"
    assert written["cannot_say"] == "音が静かとは言えない"
    assert written["if_only"] == "もう少し音が静かならよかった"
    written = {c.name: c.write(rng, "音", loud)[1] for c in CONSTRUCTS}
    assert written["never"] == "音がうるさいと感じたことはありません"
    assert written["sure"] == "音がうるさいのは確かです"


@pytest.mark.parametrize(
    "odd",
    [
        r"(し|さ|な|た|ら|か|よ|る)いだ(よ|ね|と|けど|が|。)",
        r"をを|はは|がが|。。|、。|、、|だだ|なな|ですだ|だです",
        r"ないく|りくくない|でしたです|ましたです",
        r"\{|\}",
    ],
)
def test_no_ungrammatical_joins(odd: str) -> None:
    lines = [line for document in documents() for line in document]
    lines += [text for split in SPLITS for text in texts(split)]
    assert not [line for line in lines if re.search(odd, line)]


def test_styles_are_not_mixed() -> None:
    plain_end = re.compile(r"(だ|った|ない|いた|える|れる|(?<![でま])した)。")
    polite_end = re.compile(r"(です|ます|ました|ません|でした)。")
    mixed = [
        draft.text
        for draft in drafts("train")
        if plain_end.search(draft.text)
        and polite_end.search(draft.text)
        and not draft.mention
        and draft.frame != "sarcastic"
    ]
    assert not mixed


# --- 手がかり -----------------------------------------------------------------


def sample_85_15(pool: list[Draft], seed: int) -> tuple[list[str], list[int]]:
    """星 4・5 を肯定、1・2 を否定とし、85 対 15 に取り直す。"""
    positive = [draft for draft in pool if draft.label > 2]
    negative = [draft for draft in pool if draft.label < 2]
    share = round(len(positive) * 15 / 85)
    chosen = positive + random.Random(seed).sample(negative, share)
    return [d.text for d in chosen], [int(d.label > 2) for d in chosen]


def test_ngrams_stay_below_the_bound_and_above_chance() -> None:
    train_texts, train_labels = sample_85_15(drafts("train"), 0)
    test_texts, test_labels = sample_85_15(drafts("test") + drafts("validation"), 0)
    vectorizer = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 4), min_df=3, sublinear_tf=True
    )
    train = vectorizer.fit_transform(train_texts)
    test = vectorizer.transform(test_texts)
    for strength in (1, 10):
        model = LogisticRegression(
            max_iter=200, C=strength, class_weight="balanced"
        ).fit(train, train_labels)
        macro = f1_score(test_labels, model.predict(test), average="macro")
        assert 0.60 <= macro <= 0.80


def test_length_alone_says_little() -> None:
    both = [draft for draft in drafts("train") if draft.label != 2]
    lengths = [[len(draft.text) / 100] for draft in both]
    labels = [int(draft.label > 2) for draft in both]
    model = LogisticRegression().fit(lengths[:4_000], labels[:4_000])
    assert 0.45 <= model.score(lengths[4_000:], labels[4_000:]) <= 0.56
