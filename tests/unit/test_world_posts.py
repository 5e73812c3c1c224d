"""架空の世界と、投稿の感情データ。"""

import re
from collections import Counter
from functools import cache

import fugashi
import pytest

from tinyhub.world import posts, prose
from tinyhub.world.facts import SPLITS, Split, entities_in, world
from tinyhub.world.posts import LABEL_NOISE, LABELS, ROWS, Draft, Post, unseen
from tinyhub.world.posts.clauses import CONSTRUCTS
from tinyhub.world.posts.lexicon import ADJECTIVES, VERBS, Adjective, Verb
from tinyhub.world.posts.scenes import SCENES

TEXT_SEED = 7
DIARIES, ARTICLES = 20_000, 2_400


@cache
def _drafts(split: Split) -> list[Draft]:
    return posts.compose(split, ROWS[split])


@cache
def _sentences(split: Split) -> frozenset[str]:
    return frozenset(draft.sentence for draft in _drafts(split))


@cache
def _documents() -> tuple[list[str], ...]:
    diaries = posts.pretraining_documents(TEXT_SEED, DIARIES)
    return (*diaries, *prose.pretraining_documents(TEXT_SEED, ARTICLES))


@cache
def _text() -> tuple[str, ...]:
    return tuple(line for document in _documents() for line in document)


@cache
def _tagger() -> fugashi.Tagger:
    return fugashi.Tagger()


def _words(text: str) -> list[str]:
    return [word.surface for word in _tagger()(text)]


# --- 世界 -------------------------------------------------------------------


def test_world_is_the_same_for_the_same_seed_and_differs_otherwise() -> None:
    assert world.__wrapped__(1) == world.__wrapped__(1)
    assert world.__wrapped__(1) != world.__wrapped__(2)


def test_names_are_unique_and_none_contains_a_name_of_another_split() -> None:
    whole = world()
    names = {split: whole.of_split(split).names() for split in SPLITS}
    assert sum(map(len, names.values())) == len(whole.names())
    for split in ("validation", "test"):
        for other in set(SPLITS) - {split}:
            mixed = [
                (a, b) for a in names[split] for b in names[other] if a in b or b in a
            ]
            assert not mixed


def test_every_split_has_every_kind_of_entity_but_prefectures() -> None:
    for split in SPLITS:
        part = world().of_split(split)
        assert min(len(part.towns), len(part.stations), len(part.shops)) >= 5
        assert min(len(part.companies), len(part.people), len(part.works)) >= 5
        assert min(len(part.events), len(part.teams), len(part.history)) >= 5


def test_facts_refer_to_entities_that_exist() -> None:
    w = world()
    towns = {town.name for town in w.towns}
    people = {person.name for person in w.people}
    companies = {company.name for company in w.companies}
    assert {station.town for station in w.stations} <= towns
    assert {prefecture.capital for prefecture in w.prefectures} <= towns
    assert {company.president for company in w.companies} <= people
    assert {product.company for product in w.products} <= companies
    assert {work.creator for work in w.works} <= people


# --- 語彙と活用 --------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        ("美味しい", "美味しかった 美味しくない 美味しくて 美味しく 美味しければ"),
        ("静か", "静かだった 静かじゃない 静かで 静かに 静かなら"),
        ("最高", "最高だった 最高じゃない 最高で 最高に 最高なら"),
        ("いい", "よかった よくない よくて よく よければ"),
        (
            "かっこいい",
            "かっこよかった かっこよくない かっこよくて かっこよく かっこよければ",
        ),
        ("かわいい", "かわいかった かわいくない かわいくて かわいく かわいければ"),
        (
            "気持ちいい",
            "気持ちよかった 気持ちよくない 気持ちよくて 気持ちよく 気持ちよければ",
        ),
    ],
)
def test_adjectives_conjugate(word: str, forms: str) -> None:
    adjective = ADJECTIVES[word]
    made = (
        adjective.plain("past"),
        adjective.negative(),
        adjective.te(),
        adjective.adverb(),
        adjective.conditional(),
    )
    assert " ".join(made) == forms


def test_attributive_forms_follow_the_kind_of_adjective() -> None:
    made = [ADJECTIVES[word].attributive() for word in ("遅い", "静か", "最高")]
    assert made == ["遅い", "静かな", "最高の"]
    assert Adjective("静か", "na").negative("past", formal=True) == "静かではなかった"


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        ("行く", "行って 行った 行かない 行きたい 行こう"),
        ("泊まる", "泊まって 泊まった 泊まらない 泊まりたい 泊まろう"),
        ("急ぐ", "急いで 急いだ 急がない 急ぎたい 急ごう"),
        ("読む", "読んで 読んだ 読まない 読みたい 読もう"),
        ("見る", "見て 見た 見ない 見たい 見よう"),
        ("感動する", "感動して 感動した 感動しない 感動したい 感動しよう"),
        ("来る", "来て 来た 来ない 来たい 来よう"),
    ],
)
def test_verbs_conjugate(word: str, forms: str) -> None:
    verb: Verb = VERBS[word]
    made = (verb.te(), verb.past(), verb.negative(), verb.desire(), verb.volitional())
    assert " ".join(made) == forms


@pytest.mark.parametrize("word", ["かっこいい", "カッコいい", "気持ちいい", "いい"])
def test_words_made_with_good_change_their_stem(word: str) -> None:
    assert Adjective(word, "i").adverb() == word.removesuffix("いい") + "よく"


def test_no_adjective_is_praise_in_one_scene_and_blame_in_another() -> None:
    facets = [facet for scene in SCENES for facet in scene.facets]
    praise = {word for facet in facets for word in facet.positive}
    blame = {word for facet in facets for word in facet.negative}
    assert not praise & blame
    assert praise | blame <= set(ADJECTIVES)


# --- 投稿 -------------------------------------------------------------------


def test_posts_are_the_same_for_the_same_seed_and_differ_otherwise() -> None:
    assert posts.generate("test", 80, 1) == posts.generate("test", 80, 1)
    assert posts.generate("test", 80, 1) != posts.generate("test", 80, 2)


def test_rows_have_the_columns_of_the_real_dataset() -> None:
    for post in posts.generate("validation", 200):
        assert isinstance(post, Post)
        assert post.label in range(len(LABELS))
        assert 1 <= post.user_id <= posts.USERS
        assert re.fullmatch(r"20[12]\d/\d\d/\d\d \d\d:\d\d", post.datetime)
        assert post.sentence == post.sentence.strip() != ""


def test_user_ids_are_shared_across_rows() -> None:
    counts = Counter(draft.user_id for draft in _drafts("train"))
    assert len(counts) == posts.USERS
    assert min(counts.values()) >= 20


@pytest.mark.parametrize("split", SPLITS)
def test_labels_are_balanced(split: Split) -> None:
    positive = sum(draft.label == 0 for draft in _drafts(split))
    assert positive / ROWS[split] == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("split", SPLITS)
def test_share_of_flipped_labels_is_the_stated_noise(split: Split) -> None:
    clear = [draft for draft in _drafts(split) if draft.kind != "ambiguous"]
    flipped = sum(draft.label != LABELS.index(draft.mood) for draft in clear)
    assert flipped / len(clear) == pytest.approx(LABEL_NOISE, abs=0.01)


def test_ambiguous_posts_have_labels_that_no_reader_could_tell() -> None:
    unclear = [draft for draft in _drafts("train") if draft.kind == "ambiguous"]
    positive = sum(draft.label == 0 for draft in unclear)
    assert positive / len(unclear) == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize("split", SPLITS)
def test_every_kind_of_post_appears_in_its_share(split: Split) -> None:
    counts = Counter(draft.kind for draft in _drafts(split))
    for kind, share in posts.MIX.items():
        assert counts[kind] / ROWS[split] == pytest.approx(share, abs=0.04)


def test_no_sentence_is_repeated_within_or_between_splits() -> None:
    total = sum(len(_sentences(split)) for split in SPLITS)
    assert total == sum(ROWS.values())
    assert len(frozenset.union(*map(_sentences, SPLITS))) == total


@pytest.mark.parametrize("split", ["validation", "test"])
def test_compositions_and_entities_do_not_occur_in_train(split: Split) -> None:
    seen = {(draft.kind, draft.composition) for draft in _drafts("train")}
    assert not [d for d in _drafts(split) if (d.kind, d.composition) in seen]
    train_text = "\n".join(_sentences("train"))
    unseen = world().of_split(split).names()
    assert not entities_in(train_text, unseen)
    named = [s for s in _sentences(split) if entities_in(s, unseen)]
    assert len(named) >= 0.3 * ROWS[split]


def test_words_of_valid_and_test_occur_in_the_pretraining_text() -> None:
    # 固有名は前後の語によって切れ目が変わるので、名前は文字列として、残りは語で比べる。
    text = "\n".join(_text())
    known = {word for lines in _documents() for word in _words("".join(lines))}
    names = world().names()
    for split in ("validation", "test"):
        for sentence in _sentences(split):
            named = sorted(entities_in(sentence, names), key=len, reverse=True)
            assert all(name in text for name in named)
            rest = sentence
            for name in named:
                rest = rest.replace(name, "名前")
            assert set(_words(rest)) <= known | {"名前"}, sentence


def test_pretraining_text_shares_no_13_gram_of_words_with_valid_and_test() -> None:
    reserved = {
        gram
        for split in ("validation", "test")
        for sentence in _sentences(split)
        for gram in posts.ngrams(sentence)
    }
    assert len(reserved) > 1_000
    assert not [line for line in _text() if posts.ngrams(line) & reserved]


def test_13_grams_are_runs_of_thirteen_mecab_words() -> None:
    sentence = "昨日は友達と海へ行ったけれど、風が強くて寒かった。"
    grams = posts.ngrams(sentence)
    assert len(grams) == len(_words(sentence)) - 12
    assert {len(gram) for gram in grams} == {13}
    assert posts.ngrams("短い文。") == frozenset()


def test_pretraining_documents_are_short_connected_texts_without_labels() -> None:
    for documents in (
        posts.pretraining_documents(TEXT_SEED, 300),
        prose.pretraining_documents(TEXT_SEED, 300),
    ):
        assert len(documents) == 300
        for document in documents:
            assert 2 <= len(document) <= 5
            assert all(line.strip() for line in document)
        joined = "".join(line for document in documents for line in document)
        assert not re.search(r"positive|negative|ラベル|肯定的|否定的", joined)


def test_more_pretraining_documents_extend_fewer() -> None:
    fewer, more = (posts.pretraining_documents(1, n) for n in (20, 40))
    assert more[:20] == fewer
    fewer, more = (prose.pretraining_documents(1, n) for n in (20, 40))
    assert more[:20] == fewer


def test_articles_mention_every_entity_of_the_world() -> None:
    articles = prose.pretraining_documents(TEXT_SEED, ARTICLES)
    text = "\n".join(line for document in articles for line in document)
    missing = world().names() - entities_in(text, world().names())
    assert not missing


def test_sentences_vary() -> None:
    # 種類の割合は件数が増えるほど下がるので、決まった件数で測る。
    words = [_words(sentence) for sentence in sorted(_sentences("train"))[::2]]
    pairs = [pair for line in words for pair in zip(line, line[1:], strict=False)]
    assert len(set(pairs)) / len(pairs) >= 0.05
    openings = Counter(sentence[:8] for sentence in _sentences("train"))
    assert openings.most_common(1)[0][1] / ROWS["train"] <= 0.02


def test_heldout_parts_are_balanced_and_repeatable() -> None:
    rows = posts.heldout_parts(200)
    assert rows == posts.heldout_parts(200)
    assert len({row.sentence for row in rows}) == 200
    assert sum(row.label == 0 for row in rows) == 100


def test_heldout_parts_occur_neither_in_train_nor_in_the_pretraining_text() -> None:
    parts = [*unseen.OPENERS, *unseen.CLOSERS]
    parts += [noun for facet in unseen.FACETS for noun in facet.nouns]
    seen = "\n".join((*_sentences("train"), *_text()))
    assert not [part for part in parts if part in seen]
    used = {construct.name for construct in CONSTRUCTS}
    assert not used & {construct.name for construct in unseen.CONSTRUCTS}


@pytest.mark.parametrize(
    "odd",
    [
        r"なだ[。けが]",  # 名詞にかかる形に「だ」が付いた
        r"(し|さ|な|た|ら|か|よ)いだ(よ|ね|なあ|と|けど|が)",  # 形容詞に「だ」が付いた
        r"をを|はは|。。|、。|、、|だだ|なな",
        r"のな[のん]",
        r"\{|\}",
    ],
)
def test_no_ungrammatical_joins(odd: str) -> None:
    text = [*_text(), *(s for split in SPLITS for s in _sentences(split))]
    assert not [line for line in text if re.search(odd, line)]
