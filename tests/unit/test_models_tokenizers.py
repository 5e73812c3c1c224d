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
def test_レシピが変わったら作り直しを求める(repo_id: str) -> None:
    assert recipes.is_current(repo_id, recipes.TokenizerRecipe()), (
        "python -m tinyhub.models.tokenizers_multilingual で作り直してください"
    )


@pytest.mark.parametrize("repo_id", IDS)
def test_どのファイルも小さい(repo_id: str) -> None:
    sizes = {
        path.name: path.stat().st_size for path in recipes.folder_of(repo_id).iterdir()
    }
    assert max(sizes.values()) <= MAX_BYTES, sizes


def test_多言語BERTは漢字を1文字ずつに切る() -> None:
    tokenizer = load(recipes.MULTILINGUAL_BERT)
    assert tokenizer.tokenize("自然言語処理") == list("自然言語処理")
    # 仮名の続きは 1 つの単語とみなされるので、助詞とその後ろが ## でつながる。
    assert tokenizer.tokenize("にディープ")[1].startswith("##")


def test_多言語BERTは対の入力に区間の番号を付ける() -> None:
    encoded = load(recipes.MULTILINGUAL_BERT)("雨", "雪")
    assert encoded["token_type_ids"] == [0, 0, 0, 1, 1]


def test_XLM_Rは単語の境目をまたぐ部分語をもつ() -> None:
    tokenizer = load(recipes.XLM_ROBERTA)
    text = articles.generate(1)[0].text
    # 助詞「は」「を」で終わる 2 文字以上の部分語は、名詞との境目をまたいでいる。
    pieces = tokenizer.tokenize(text)
    assert any(len(piece) >= 2 and piece.endswith(("は", "を")) for piece in pieces)
    assert pieces[0].startswith("▁")


@pytest.mark.parametrize("text", ["絵文字😊", "𩸽を  焼く", "ＡＩと㍿\n改行"])
def test_LLM_jpはどんな文も元に戻せる(text: str) -> None:
    tokenizer = load(recipes.LLM_JP)
    ids = tokenizer(text, add_special_tokens=False).input_ids
    assert tokenizer.unk_token_id not in ids
    assert tokenizer.decode(ids) == text
    assert tokenizer(text).input_ids[0] == tokenizer.bos_token_id
