"""トークナイザだけのレシピ: 今のファイルが新しく、本物と同じ性質をもつ。"""

from __future__ import annotations

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from tinyhub.models import tokenizers_multilingual as recipes
from tinyhub.world import articles

MAX_BYTES = 300_000
IDS = sorted(recipes.BUILDERS)


def load(repo_id: str) -> PreTrainedTokenizerBase:
    """置いてあるファイルから読み込む。"""
    return AutoTokenizer.from_pretrained(recipes.folder_of(repo_id))


@pytest.mark.parametrize("repo_id", IDS)
def test_changed_recipe_asks_for_a_rebuild(repo_id: str) -> None:
    assert recipes.is_current(repo_id, recipes.TokenizerRecipe()), (
        "python -m tinyhub.models.tokenizers_multilingual で作り直してください"
    )


@pytest.mark.parametrize("repo_id", IDS)
def test_every_file_is_small(repo_id: str) -> None:
    sizes = {
        path.name: path.stat().st_size for path in recipes.folder_of(repo_id).iterdir()
    }
    assert max(sizes.values()) <= MAX_BYTES, sizes


def test_multilingual_bert_splits_kanji_into_characters() -> None:
    tokenizer = load(recipes.MULTILINGUAL_BERT)
    assert tokenizer.tokenize("自然言語処理") == list("自然言語処理")
    # 仮名の続きは 1 つの単語とみなされるので、助詞とその後ろが ## でつながる。
    assert tokenizer.tokenize("にディープ")[1].startswith("##")


def test_multilingual_bert_numbers_the_segments_of_a_pair() -> None:
    encoded = load(recipes.MULTILINGUAL_BERT)("雨", "雪")
    assert encoded["token_type_ids"] == [0, 0, 0, 1, 1]


def test_xlm_r_has_pieces_that_cross_word_boundaries() -> None:
    tokenizer = load(recipes.XLM_ROBERTA)
    text = articles.generate(1)[0].text
    # 助詞「は」「を」で終わる 2 文字以上の部分語は、名詞との境目をまたいでいる。
    pieces = tokenizer.tokenize(text)
    assert any(len(piece) >= 2 and piece.endswith(("は", "を")) for piece in pieces)
    assert pieces[0].startswith("▁")


@pytest.mark.parametrize("text", ["絵文字😊", "𩸽を  焼く", "ＡＩと㍿\n改行"])
def test_llm_jp_round_trips_any_text(text: str) -> None:
    tokenizer = load(recipes.LLM_JP)
    ids = tokenizer(text, add_special_tokens=False).input_ids
    assert tokenizer.unk_token_id not in ids
    assert tokenizer.decode(ids) == text
    assert tokenizer(text).input_ids[0] == tokenizer.bos_token_id
