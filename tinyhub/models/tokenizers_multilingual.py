"""トークナイザだけを配る id のレシピ: 多言語 BERT、XLM-R、LLM-jp-3。

どれも本物と同じ種類の規則で動く、小さな語彙のトークナイザである。

- google-bert/bert-base-multilingual-cased: WordPiece。漢字は 1 文字ずつに切る。
- FacebookAI/xlm-roberta-base: 空白だけで区切るユニグラム。単語の境目をまたぐ。
- llm-jp/llm-jp-3-440m: バイトに戻れるユニグラム。知らない文字がない。

訓練に使うのは世界の地の文だけで、ラベルは使わない。世界の文章が変わっても作り直す必要は
ないが、レシピ (このファイル) を変えたら
``python -m tinyhub.models.tokenizers_multilingual`` で作り直す。
"""

import hashlib
import json
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast, XLMRobertaTokenizer

from tinyhub.world import captions, posts, prose

FOLDER = Path(__file__).parent / "tokenizers"
MULTILINGUAL_BERT = "google-bert/bert-base-multilingual-cased"
XLM_ROBERTA = "FacebookAI/xlm-roberta-base"
LLM_JP = "llm-jp/llm-jp-3-440m"


@dataclass(frozen=True)
class TokenizerRecipe:
    """3 つのトークナイザを決めるすべての数。"""

    version: int = 1
    documents: int = 1_500
    text_seed: int = 11
    wordpiece_size: int = 6_000
    xlm_roberta_size: int = 9_000
    llm_jp_size: int = 9_000

    def hash(self) -> str:
        """レシピと、このファイルの中身の指紋。"""
        digest = hashlib.sha256(json.dumps(asdict(self)).encode())
        digest.update(Path(__file__).read_bytes())
        return digest.hexdigest()[:16]


def training_lines(recipe: TokenizerRecipe) -> list[str]:
    """訓練に使う文。"""
    return [
        sentence
        for source in (prose, posts, captions)
        for document in source.pretraining_documents(recipe.text_seed, recipe.documents)
        for sentence in document
    ]


def base_characters() -> list[str]:
    """訓練の文に出なくても語彙に入れる文字: ASCII、仮名、JIS 第一水準の漢字。"""
    kana = [chr(code) for code in range(0x3041, 0x30FF) if _is_letter(chr(code))]
    kanji = [
        bytes((row + 0xA0, column + 0xA0)).decode("euc_jp")
        for row in range(16, 48)
        for column in range(1, 95)
        if (row, column) < (47, 52)
    ]
    ascii_letters = [chr(code) for code in range(0x21, 0x7F)]
    return [*ascii_letters, *"、。「」『』・ー!?", *kana, *kanji]


def _is_letter(character: str) -> bool:
    return unicodedata.category(character).startswith("L")


def train_wordpiece(recipe: TokenizerRecipe, lines: list[str]) -> Tokenizer:
    """多言語 BERT と同じ前処理の WordPiece。"""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(
        lowercase=False, strip_accents=False
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(
        vocab_size=recipe.wordpiece_size,
        special_tokens=specials,
        initial_alphabet=base_characters(),
        limit_alphabet=recipe.wordpiece_size,
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    # 語の途中に現れる 1 文字も語彙に入れる。なければ、その語がまるごと [UNK] になる。
    vocabulary = tokenizer.get_vocab()
    for character in base_characters():
        vocabulary.setdefault(f"##{character}", len(vocabulary))
    tokenizer.model = models.WordPiece(vocabulary, unk_token="[UNK]")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[
            (name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")
        ],
    )
    return tokenizer


def train_unigram(
    lines: list[str], size: int, byte_fallback: bool, dummy_prefix: bool
) -> list[tuple[str, float]]:
    """SentencePiece のユニグラム。戻り値は (部分語, 対数確率) の列。"""
    with tempfile.TemporaryDirectory() as folder:
        prefix = f"{folder}/unigram"
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_prefix=prefix,
            model_type="unigram",
            vocab_size=size,
            character_coverage=1.0,
            required_chars="".join(base_characters()),
            byte_fallback=byte_fallback,
            add_dummy_prefix=dummy_prefix,
            normalization_rule_name="identity",
            num_threads=1,
            minloglevel=2,
        )
        proto = sentencepiece_model_pb2.ModelProto.FromString(
            Path(f"{prefix}.model").read_bytes()
        )
    return [(piece.piece, round(piece.score, 4)) for piece in proto.pieces]


def _save_bert(recipe: TokenizerRecipe, lines: list[str], folder: Path) -> None:
    train_wordpiece(recipe, lines).save(str(folder / "tokenizer.json"), pretty=False)
    _write_config(
        folder,
        tokenizer_class="BertTokenizer",
        do_lower_case=False,
        model_max_length=512,
        unk_token="[UNK]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        mask_token="[MASK]",
    )


def _save_xlm_roberta(recipe: TokenizerRecipe, lines: list[str], folder: Path) -> None:
    pieces = train_unigram(lines, recipe.xlm_roberta_size, False, True)
    # XLM-R の並び: 特殊トークンが先頭、<mask> が末尾。
    specials = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocabulary = [*specials, *pieces[3:], ("<mask>", 0.0)]
    tokenizer = XLMRobertaTokenizer(vocab=vocabulary)
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    _write_config(
        folder,
        tokenizer_class="XLMRobertaTokenizer",
        model_max_length=512,
        bos_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        cls_token="<s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token="<mask>",
    )


def _save_llm_jp(recipe: TokenizerRecipe, lines: list[str], folder: Path) -> None:
    pieces = train_unigram(lines, recipe.llm_jp_size, True, False)
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    specials = {
        "unk_token": "<unk>",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "pad_token": "<PAD|LLM-jp>",
        "sep_token": "<SEP|LLM-jp>",
        "cls_token": "<CLS|LLM-jp>",
        "mask_token": "<MASK|LLM-jp>",
    }
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **specials)
    wrapped.backend_tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    _write_config(
        folder,
        tokenizer_class="PreTrainedTokenizerFast",
        model_max_length=4096,
        clean_up_tokenization_spaces=False,
        **specials,
    )


def _write_config(folder: Path, **config: object) -> None:
    text = json.dumps(config, ensure_ascii=False, indent=2)
    (folder / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8")


_Save = Callable[[TokenizerRecipe, list[str], Path], None]
BUILDERS: dict[str, tuple[_Save, dict[str, object]]] = {
    MULTILINGUAL_BERT: (_save_bert, {"model_type": "bert"}),
    XLM_ROBERTA: (_save_xlm_roberta, {"model_type": "xlm-roberta"}),
    LLM_JP: (_save_llm_jp, {"model_type": "llama"}),
}


def folder_of(repo_id: str) -> Path:
    """その id のファイルを置く場所。"""
    return FOLDER / repo_id.replace("/", "--")


def build(recipe: TokenizerRecipe) -> Iterator[str]:
    """すべて訓練し直して書く。できたものの id を順に返す。"""
    lines = training_lines(recipe)
    for repo_id, (save, config) in BUILDERS.items():
        folder = folder_of(repo_id)
        folder.mkdir(parents=True, exist_ok=True)
        save(recipe, lines, folder)
        note = f"tokenizer only, recipe tokenizers v{recipe.version}"
        text = json.dumps({**config, "tinyhub": note}, indent=2)
        (folder / "config.json").write_text(text + "\n")
        stamp = json.dumps({"hash": recipe.hash()})
        (folder / "recipe.json").write_text(stamp + "\n")
        yield repo_id


def is_current(repo_id: str, recipe: TokenizerRecipe) -> bool:
    """置いてあるファイルが、今のレシピで作ったものか。"""
    path = folder_of(repo_id) / "recipe.json"
    return path.exists() and json.loads(path.read_text())["hash"] == recipe.hash()


if __name__ == "__main__":
    for built in build(TokenizerRecipe()):
        print(built)
