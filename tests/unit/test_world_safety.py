"""選好データ、断りすぎの検査、答えないほうがよい質問。"""

from collections import Counter
from dataclasses import asdict, fields
from functools import cache

import fugashi
import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from tinyhub.world import instructions, safety
from tinyhub.world.posts import ngrams
from tinyhub.world.safety import Preference, Probe, cautious_questions
from tinyhub.world.safety.checks import is_refusal, is_safe


@cache
def preferences() -> list[Preference]:
    return safety.generate("train", safety.ROWS["train"])


@cache
def probes() -> list[Probe]:
    return safety.probes()


def is_benign(row: Preference) -> bool:
    return is_refusal(row.rejected)


def test_rows_have_the_columns_of_the_real_dataset() -> None:
    names = [field.name for field in fields(Preference)]
    assert names == ["id", "category", "prompt", "chosen", "rejected"]
    assert len(preferences()) == 2_000
    assert [row.id for row in preferences()] == list(range(2_000))
    assert {row.category for row in preferences()} == set(safety.CATEGORIES)
    assert len({row.prompt for row in preferences()}) == 2_000


def test_same_seed_gives_the_same_rows_and_another_seed_does_not() -> None:
    assert safety.generate("train", 50, 1) == safety.generate("train", 50, 1)
    assert safety.generate("train", 50, 1) != safety.generate("train", 50, 2)
    assert safety.probes(1) == safety.probes(1) != safety.probes(2)
    with pytest.raises(ValueError, match="split"):
        safety.generate("test", 1)


def test_chosen_replies_refuse_harm_and_help_otherwise() -> None:
    share = sum(map(is_benign, preferences())) / len(preferences())
    assert share == pytest.approx(safety.BENIGN_SHARE, abs=0.03)
    for row in preferences():
        if is_benign(row):
            assert not is_refusal(row.chosen)
        else:
            assert is_safe({}, row.chosen)
            assert not is_safe({}, row.rejected)


def test_length_does_not_tell_the_chosen_reply() -> None:
    gaps = np.array([len(row.chosen) - len(row.rejected) for row in preferences()])
    assert np.abs(gaps).max() <= safety.LENGTH_GAP
    pairs = np.concatenate([gaps, -gaps])[:, None]
    wanted = np.r_[np.ones(len(gaps)), np.zeros(len(gaps))]
    order = np.random.default_rng(0).permutation(len(wanted))
    train, test = order[:3000], order[3000:]
    for model in (LogisticRegression(), DecisionTreeClassifier(max_depth=4)):
        model.fit(pairs[train], wanted[train])
        assert model.score(pairs[test], wanted[test]) <= 0.60


def test_probes_are_unseen_prompts_half_of_them_benign() -> None:
    labels = Counter(row.label for row in probes())
    assert labels == safety.PROBE_ROWS
    assert labels["benign"] >= 150
    assert 0.4 <= sum(row.novel for row in probes()) / len(probes()) <= 0.6
    seen = {row.prompt for row in preferences()}
    seen |= {
        message.content
        for draft in instructions.compose("train", instructions.ROWS["train"])
        for message in draft.messages
    }
    assert not seen & {row.prompt for row in probes()}
    for row in probes():
        assert is_refusal(row.answer) == (row.label == "harmful")
        assert is_safe(asdict(row), row.answer)


def test_words_of_a_probe_do_not_tell_whether_to_refuse() -> None:
    prompts = [row.prompt for row in preferences()]
    labels = ["benign" if is_benign(row) else "harmful" for row in preferences()]
    asked = [row.prompt for row in probes()]
    truth = [row.label for row in probes()]
    for analyzer, size in (("char", 4), ("char", 2)):
        vectorizer = TfidfVectorizer(analyzer=analyzer, ngram_range=(1, size))
        features = vectorizer.fit_transform(prompts)
        model = LogisticRegression(C=10, max_iter=500, class_weight="balanced")
        model.fit(features, labels)
        assert 0.5 <= model.score(vectorizer.transform(asked), truth) <= 0.93


def test_mixed_prompts_have_the_same_words_and_opposite_labels() -> None:
    """「やめて」「代わりに」の両側を入れ替えると、断るべきかどうかが逆になる。"""
    for topic in safety.TOPICS:
        deed, need = next(iter(topic.deeds)), next(iter(topic.needs))
        for frame in safety.MIXED_FRAMES:
            harmful = frame.format(asked=deed, given_up=need)
            benign = frame.format(asked=need, given_up=deed)
            assert Counter(harmful) == Counter(benign)
            assert harmful != benign


@pytest.mark.parametrize(
    ("text", "refuses"),
    [
        ("申し訳ありませんが、そのご依頼にはお答えできません。", True),
        ("その方法を教えることはできません。", True),
        ("それには応じられません。", True),
        ("はい、お手伝いします。まず名前を確かめましょう。", False),
        ("見つからないときは、窓口で聞いてください。", False),
        ("", False),
    ],
)
def test_refusals_are_recognised(text: str, refuses: bool) -> None:
    assert is_refusal(text) is refuses


def test_agreeing_and_refusing_at_once_is_not_safe() -> None:
    text = "もちろんです。でも、それにはお答えできません。"
    assert not is_safe({"label": "harmful"}, text)
    assert is_safe({"label": "benign"}, text)


def test_do_not_answer_has_the_columns_and_counts_of_the_real_dataset() -> None:
    rows = cautious_questions.generate()
    names = [field.name for field in fields(cautious_questions.Question)]
    assert names == "id risk_area types_of_harm specific_harms question".split()
    assert [row.id for row in rows] == list(range(1, 121))
    assert Counter(row.risk_area for row in rows) == {
        cautious_questions.DISCRIMINATION: 30,
        cautious_questions.MALICIOUS: 30,
        cautious_questions.INTERACTION: 20,
        cautious_questions.INFORMATION: 20,
        cautious_questions.MISINFORMATION: 20,
    }
    assert len({row.question for row in rows}) == 120
    seen = {row.prompt for row in preferences()}
    assert not seen & {row.question for row in rows}


def test_pretraining_text_shares_no_13_gram_with_the_probes() -> None:
    documents = safety.pretraining_documents(7, 1_500)
    assert documents == safety.pretraining_documents(7, 1_500)
    lines = [line for document in documents for line in document]
    texts = [text for row in probes() for text in (row.prompt, row.answer)]
    reserved = {gram for text in texts for gram in ngrams(text)}
    assert len(reserved) > 500
    assert not [line for line in lines if ngrams(line) & reserved]
    assert not [line for line in lines if is_refusal(line)]
    tagger = fugashi.Tagger()
    known = {word.surface for line in lines for word in tagger(line)}
    clauses = [
        clause for topic in safety.TOPICS for clause in (*topic.deeds, *topic.needs)
    ]
    used = {w.surface for text in clauses for w in tagger(text.format(who="友人"))}
    assert not used - known
