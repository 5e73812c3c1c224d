"""指示と対話、指示に従ったかの判定。"""

import random
from collections import Counter, defaultdict
from dataclasses import asdict, fields
from functools import cache

import fugashi
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from tinyhub.world import instructions
from tinyhub.world.facts import entities_in, world
from tinyhub.world.instructions import CheckRow, Dialogue, Draft, Message
from tinyhub.world.instructions.checks import check
from tinyhub.world.instructions.tasks import FAMILIES
from tinyhub.world.instructions.wordings import NOVEL_REGISTERS, PLACES, REGISTERS
from tinyhub.world.posts import ngrams

EVALUATION_SPLITS = ("validation", "test")


@cache
def train() -> list[Draft]:
    return instructions.compose("train", instructions.ROWS["train"])


@cache
def checks(split: str) -> list[Draft]:
    return instructions.compose_checks(split, instructions.CHECK_ROWS[split])


@cache
def rows(split: str) -> list[CheckRow]:
    return instructions.generate_checks(split, instructions.CHECK_ROWS[split])


def contents(drafts: list[Draft]) -> list[str]:
    return [message.content for draft in drafts for message in draft.messages]


def followed(outputs: list[str]) -> float:
    pairs = zip(rows("test"), outputs, strict=True)
    return sum(check(asdict(row), output) for row, output in pairs) / len(outputs)


def test_rows_have_the_one_column_of_the_real_dataset() -> None:
    assert [field.name for field in fields(Dialogue)] == ["conversation"]
    for row in instructions.generate("train", 300):
        roles = [message.role for message in row.conversation]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        assert all(m.content == m.content.strip() != "" for m in row.conversation)


def test_same_seed_gives_the_same_rows_and_another_seed_does_not() -> None:
    first = instructions.generate("train", 60, 1)
    assert first == instructions.generate("train", 60, 1)
    assert first != instructions.generate("train", 60, 2)
    assert instructions.generate("train", 90, 1)[:60] == first
    documents = instructions.pretraining_documents(3, 40)
    assert documents == instructions.pretraining_documents(3, 40)
    assert documents != instructions.pretraining_documents(4, 40)


def test_check_rows_end_with_the_user_and_cover_every_family() -> None:
    for split in EVALUATION_SPLITS:
        assert len(rows(split)) == instructions.CHECK_ROWS[split]
        assert all(row.conversation[-1].role == "user" for row in rows(split))
        assert {row.family for row in rows(split)} == {*FAMILIES, "refer"}
        answers = Counter(r.answer for r in rows(split) if r.family == "yes_no")
        assert abs(answers["はい"] - answers["いいえ"]) <= 3


def test_reference_answers_pass_and_wordy_or_changed_ones_fail() -> None:
    for split in EVALUATION_SPLITS:
        for row in rows(split):
            given = asdict(row)
            assert check(given, row.answer)
            assert not check(given, f"答えは{row.answer}です。")
            assert not check(given, "")
            if row.family == "reverse":
                wrong = "、".join(reversed(row.answer.split("、")))
                assert not check(given, wrong)


@pytest.mark.parametrize(
    ("kind", "answer", "good", "bad"),
    [
        ("exact", "はい", "はい。", "はいはい"),
        ("exact", "「机」", " 「机」\n", "机"),
        ("exact", "3", "３", "3個"),
        ("list", "机、椅子", "机, 椅子", "椅子、机"),
        ("list", "3、12", "3 12", "3、1、2"),
        ("json", '["机", "椅子"]', '["机","椅子"]', "['机', '椅子']"),
    ],
)
def test_checks_accept_notation_but_not_content(
    kind: str, answer: str, good: str, bad: str
) -> None:
    row = {"check": kind, "answer": answer}
    assert check(row, good)
    assert not check(row, bad)


def test_unknown_check_and_unknown_split_are_refused() -> None:
    with pytest.raises(ValueError, match="check"):
        check({"check": "guess", "answer": "机"}, "机")
    with pytest.raises(ValueError, match="split"):
        instructions.compose_checks("train", 1)


def test_every_family_has_many_wordings_and_all_parts_occur_in_train() -> None:
    wordings = defaultdict(set)
    for draft in train():
        for key in draft.compositions:
            wordings[key.split("/")[0]].add(key)
    assert min(len(wordings[name]) for name in FAMILIES) >= 60
    used = "\n".join(key for keys in wordings.values() for key in keys)
    for register in REGISTERS:
        for part in (*register.openers, *register.requests, *register.notes, *PLACES):
            assert part in used


@pytest.mark.parametrize("split", EVALUATION_SPLITS)
def test_wordings_prompts_and_entities_do_not_occur_in_train(split: str) -> None:
    seen = {key for draft in train() for key in draft.compositions}
    assert not [d for d in checks(split) if seen & set(d.compositions)]
    asked = {d.messages[-2].content for d in checks(split)}
    assert not asked & set(contents(train()))
    unseen = world().of_split(split).names()
    assert not entities_in("\n".join(contents(train())), unseen)
    named = [text for text in asked if entities_in(text, unseen)]
    assert len(named) >= 0.3 * len(asked)


def test_no_dialogue_is_repeated_and_sentences_vary() -> None:
    assert len({draft.messages for draft in train()}) == len(train())
    prompts = [d.messages[-2].content for d in train() if d.kind == "task"]
    assert len(set(prompts)) / len(prompts) >= 0.9
    tagger = fugashi.Tagger()
    pairs, total = set(), 0
    for prompt in prompts[:2000]:
        words = [word.surface for word in tagger(prompt)]
        pairs.update(zip(words, words[1:], strict=False))
        total += len(words) - 1
    assert len(pairs) / total >= 0.06


def test_some_dialogues_have_several_turns_and_every_kind_appears() -> None:
    turns = Counter(len(draft.messages) // 2 for draft in train())
    assert 0.2 <= 1 - turns[1] / len(train()) <= 0.4
    kinds = Counter(draft.kind for draft in train())
    for kind, share in instructions.MIX.items():
        assert kinds[kind] / len(train()) == pytest.approx(share, abs=0.03)


def test_cheap_answers_rarely_follow_the_instruction() -> None:
    asked = [row.conversation[-1].content for row in rows("test")]
    pairs = [
        (draft.messages[i].content, draft.messages[i + 1].content)
        for draft in train()
        for i in range(0, len(draft.messages), 2)
    ]
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3))
    known = vectorizer.fit_transform([prompt for prompt, _ in pairs])
    likeness = (vectorizer.transform(asked) @ known.T).toarray()
    assert followed([pairs[index][1] for index in likeness.argmax(axis=1)]) <= 0.25
    by_family = defaultdict(Counter)
    for draft in train():
        by_family[draft.family][draft.answer] += 1
    common = [by_family[row.family].most_common(1)[0][0] for row in rows("test")]
    assert followed(common) <= 0.15
    assert followed([text.split("\n")[-1] for text in asked]) <= 0.10
    assert followed([text.split("\n")[0] for text in asked]) <= 0.10


def test_yes_no_cannot_be_told_from_the_words_alone() -> None:
    places = world().of_split("train")
    rng = random.Random(1)
    made = [FAMILIES["yes_no"][0](rng, places) for _ in range(1600)]
    texts = [task.request.material for task in made]
    labels = [task.answer for task in made]
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3))
    features = vectorizer.fit_transform(texts)
    model = LogisticRegression(max_iter=500).fit(features[:1200], labels[:1200])
    accuracy = model.score(features[1200:], labels[1200:])
    assert 0.42 <= accuracy <= 0.65


def test_pretraining_text_has_the_words_but_no_rows() -> None:
    documents = instructions.pretraining_documents(7, 3_000)
    text = "\n".join(line for document in documents for line in document)
    assert all(word in text for word in instructions.WORDS)
    assert all(group in text for group in instructions.GROUPS)
    reserved = {
        gram
        for split in EVALUATION_SPLITS
        for content in contents(checks(split))
        for gram in ngrams(content)
    }
    assert len(reserved) > 1_000
    lines = [line for document in documents for line in document]
    assert not [line for line in lines if ngrams(line) & reserved]
    assert not set(lines) & set(contents(checks("test")))
    assert not {line for line in lines if "質問：" in line or "一語で答えて" in line}


def test_messages_are_plain_user_and_assistant_turns() -> None:
    draft = train()[0]
    assert isinstance(draft.messages[0], Message)
    joined = "\n".join(contents(train()))
    for odd in ("{", "}", "をを", "。。", "、、", "はは ", "？。"):
        assert odd not in joined


def test_heldout_parts_occur_neither_in_train_nor_in_the_pretraining_text() -> None:
    made = instructions.heldout_parts(100)
    assert made == instructions.heldout_parts(100)
    assert all(check(asdict(row), row.answer) for row in made)
    documents = instructions.pretraining_documents(7, 500)
    seen = [*contents(train()), *(line for document in documents for line in document)]
    text = "\n".join(seen)
    for register in NOVEL_REGISTERS:
        for part in (*register.openers, *register.requests, *register.notes):
            assert part not in text
