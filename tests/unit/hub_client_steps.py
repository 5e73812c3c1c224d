"""ローカル Hub を、本物のクライアントライブラリで使う手順の一覧。

HF_ENDPOINT は import の時点で読まれるので、手順はまとめて別のプロセスで動かす
(`python hub_client_steps.py WORK RESULTS RAW_URL`)。1 つの手順が 1 つの検査になる。
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

BERT = "tohoku-nlp/bert-base-japanese-v3"
OLD_BERT = "cl-tohoku/bert-base-japanese-v3"
CLASSIFIER = "acme/tiny-classifier"
LLAMA = "acme/tiny-llama"
T5 = "acme/tiny-t5"
ENCODER = "acme/tiny-encoder"
ADAPTER = "acme/tiny-adapter"
WRIME = "llm-book/wrime-sentiment"
WRIME_SHA = "e4d2dd3957122a481ca24ef4919bbd7239e8e7b9"
CONVERT = "refs/convert/parquet"
TEXTS = ["今日は映画を見た。とても楽しい。", "雨が降って少し悲しい。", "猫が好きです。"]


@dataclass
class Work:
    """手順が共有する置き場。"""

    folder: Path
    url: str
    raw_url: str

    @property
    def root(self) -> Path:
        """Hub が配る木。"""
        return self.folder / "root"

    def model(self, repo_id: str) -> Path:
        """モデルの元のフォルダ。"""
        return self.root / "models" / repo_id

    def dataset(self, repo_id: str) -> Path:
        """データセットの元のフォルダ。"""
        return self.root / "datasets" / repo_id

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """クライアントを通さずに GET する。"""
        request = urllib.request.Request(f"{self.url}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=60) as reply:
            names = {key.lower(): value for key, value in reply.headers.items()}
            return reply.status, names, reply.read()


Step = Callable[[Work], None]
STEPS: dict[str, Step] = {}


def step(function: Step) -> Step:
    """手順として登録する。"""
    STEPS[function.__name__] = function
    return function


def refused(error: type[Exception], *words: str) -> Any:
    """error が起き、その文面に words がすべて含まれることを確かめる。"""
    import pytest

    pattern = "".join(f"(?=.*{word})" for word in words)
    return pytest.raises(error, match=f"(?s){pattern}" if words else None)


# 木を作る ---------------------------------------------------------------------


def build_tree(work: Work) -> None:
    """小さな乱数のモデルとデータセットからなる木。"""
    import torch
    from transformers import (
        BertConfig,
        BertForPreTraining,
        BertForSequenceClassification,
        LlamaConfig,
        LlamaForCausalLM,
        T5Config,
        T5ForConditionalGeneration,
    )

    torch.manual_seed(0)
    pieces = sorted(set("".join(TEXTS)))
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*specials, *pieces, *(f"##{piece}" for piece in pieces), "映画", "猫"]
    bert = dict(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=37,
        max_position_embeddings=64,
    )
    BertForPreTraining(BertConfig(**bert)).save_pretrained(work.model(BERT))
    write_bert_tokenizer(work.model(BERT), vocabulary)
    names = {"id2label": {0: "positive", 1: "negative"}}
    labels = BertConfig(**bert, **names, label2id={"positive": 0, "negative": 1})
    for repo_id in (CLASSIFIER, "acme/gated", "acme/secret"):
        BertForSequenceClassification(labels).save_pretrained(work.model(repo_id))
        write_bert_tokenizer(work.model(repo_id), vocabulary)
    write_meta(work.model(OLD_BERT), moved_to=BERT)
    write_meta(work.model("bert-tiny"), moved_to=BERT)
    write_meta(work.model("acme/gated"), gated=True)
    write_meta(work.model("acme/secret"), private=True)

    llama_tokenizer().save_pretrained(work.model(LLAMA))
    size = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=1)
    heads = dict(num_attention_heads=2, num_key_value_heads=2)
    llama = LlamaConfig(vocab_size=300, pad_token_id=0, **size, **heads)
    LlamaForCausalLM(llama).save_pretrained(work.model(LLAMA))

    t5 = T5Config(
        vocab_size=64, d_model=32, d_kv=16, d_ff=37, num_layers=1, num_heads=2
    )
    T5ForConditionalGeneration(t5).save_pretrained(work.model(T5))
    write_sentencepiece(work.model(T5))
    build_adapter(work)
    build_encoder(work)
    build_datasets(work)
    raw = work.root / "raw/raw.githubusercontent.com/acme/data/0123abc/data 1.json"
    raw.parent.mkdir(parents=True)
    raw.write_bytes(json.dumps({"文": TEXTS}, ensure_ascii=False).encode() + b"\r\n")


def write_meta(folder: Path, **meta: Any) -> None:
    """`.tinyhub.json` を書く。"""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".tinyhub.json").write_text(json.dumps(meta), encoding="utf-8")


def write_bert_tokenizer(folder: Path, vocabulary: list[str]) -> None:
    """東北大 BERT と同じ並びの、BertJapaneseTokenizer のファイル。"""
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    settings = {
        "tokenizer_class": "BertJapaneseTokenizer",
        "model_max_length": 64,
        "do_lower_case": False,
        "word_tokenizer_type": "mecab",
        "subword_tokenizer_type": "wordpiece",
        "mecab_kwargs": {"mecab_dic": "unidic_lite"},
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def llama_tokenizer() -> Any:
    """バイト単位の BPE と会話の雛形を持つトークナイザー。"""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<pad>", "<unk>", "<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
    )
    fast.chat_template = (
        "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    )
    return fast


def write_sentencepiece(folder: Path) -> None:
    """T5 の spiece.model。"""
    import io

    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS * 20),
        model_writer=model,
        vocab_size=40,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    (folder / "spiece.model").write_bytes(model.getvalue())
    settings = {"tokenizer_class": "T5Tokenizer", "extra_ids": 0}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def build_adapter(work: Work) -> None:
    """分類モデルの LoRA。"""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForSequenceClassification

    base = AutoModelForSequenceClassification.from_pretrained(work.model(CLASSIFIER))
    base.config._name_or_path = base.name_or_path = CLASSIFIER
    config = LoraConfig(r=2, target_modules=["query", "value"], task_type="SEQ_CLS")
    adapter = get_peft_model(base, config)
    adapter.peft_config["default"].base_model_name_or_path = CLASSIFIER
    adapter.save_pretrained(work.model(ADAPTER))


def build_encoder(work: Work) -> None:
    """sentence-transformers のモデル。"""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer

    words = Transformer(str(work.model(BERT)), max_seq_length=32)
    parts = [words, Pooling(32)]
    encoder = SentenceTransformer(modules=parts, device="cpu")
    encoder.save(str(work.model(ENCODER)), create_model_card=False)


def build_datasets(work: Work) -> None:
    """parquet・jsonl・csv のデータセット。"""
    from datasets import ClassLabel, Dataset, Features, Value

    label = ClassLabel(names=["positive", "negative"])
    features = Features(sentence=Value("string"), label=label)
    sizes = {"train": 40, "validation": 8, "test": 8}
    for split, rows in sizes.items():
        data = Dataset.from_dict(
            {
                "sentence": [f"{split} の文 {i}。" for i in range(rows)],
                "label": [i % 2 for i in range(rows)],
            },
            features=features,
        )
        convert = work.dataset(f"{WRIME}@refs%2Fconvert%2Fparquet")
        for path in (
            convert / f"default/{split}/0000.parquet",
            work.dataset("acme/rows") / f"data/{split}-00000-of-00001.parquet",
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            data.to_parquet(path)
    write_meta(work.dataset(WRIME), revisions={WRIME_SHA: CONVERT})

    reviews = work.dataset("acme/reviews")
    for config in ("books", "films"):
        (reviews / config).mkdir(parents=True)
        for split in ("train", "test"):
            lines = [json.dumps({"text": f"{config} {split} {i}"}) for i in range(5)]
            (reviews / config / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
    (reviews / "README.md").write_text(
        "---\nlicense: cc0-1.0\nconfigs:\n"
        + "".join(
            f"- config_name: {config}\n  data_files:\n"
            f"  - split: train\n    path: {config}/train.jsonl\n"
            f"  - split: test\n    path: {config}/test.jsonl\n"
            for config in ("books", "films")
        )
        + "---\n# 感想文\n",
        encoding="utf-8",
    )
    table = work.dataset("acme/table")
    table.mkdir(parents=True)
    (table / "train.csv").write_text("id,文\n1,あ\n2,い\n3,う\n", encoding="utf-8")
    gated = work.dataset("acme/gated-rows")
    gated.mkdir(parents=True)
    (gated / "train.csv").write_text("id\n1\n", encoding="utf-8")
    write_meta(gated, gated=True)


# モデルを読む -----------------------------------------------------------------


@step
def load_bert_japanese_tokenizer(work: Work) -> None:
    from transformers import AutoTokenizer, BertJapaneseTokenizer

    tokenizer = AutoTokenizer.from_pretrained(BERT)
    assert isinstance(tokenizer, BertJapaneseTokenizer)
    assert tokenizer.tokenize("映画") == ["映画"]


@step
def load_bert_model_equal_to_the_local_weights(work: Work) -> None:
    import torch
    from transformers import AutoModel

    served = AutoModel.from_pretrained(BERT).state_dict()
    local = AutoModel.from_pretrained(work.model(BERT)).state_dict()
    assert served.keys() == local.keys()
    assert all(torch.equal(served[key], local[key]) for key in local)


@step
def load_config(work: Work) -> None:
    from transformers import AutoConfig

    assert AutoConfig.from_pretrained(BERT).hidden_size == 32


@step
def load_new_head_on_the_base_model(work: Work) -> None:
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(BERT, num_labels=3)
    assert model.num_labels == 3


@step
def load_by_the_old_name(work: Work) -> None:
    from transformers import AutoModel, AutoTokenizer

    assert AutoTokenizer.from_pretrained(OLD_BERT).vocab_size > 5
    assert AutoModel.from_pretrained(OLD_BERT).config.hidden_size == 32


@step
def load_by_a_legacy_name_without_organization(work: Work) -> None:
    from transformers import AutoConfig

    assert AutoConfig.from_pretrained("bert-tiny").hidden_size == 32


@step
def load_model_pinned_to_its_commit(work: Work) -> None:
    from huggingface_hub import HfApi
    from transformers import AutoTokenizer
    from transformers.utils import cached_file

    sha = HfApi().model_info(BERT).sha
    assert sha in cached_file(BERT, "config.json", revision=sha)
    assert AutoTokenizer.from_pretrained(BERT, revision=sha).vocab_size > 5


@step
def load_llama_with_chat_template(work: Work) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(LLAMA)
    messages = [{"role": "user", "content": "猫"}]
    text = tokenizer.apply_chat_template(messages, tokenize=False)
    assert text == "user: 猫\n"
    model = AutoModelForCausalLM.from_pretrained(LLAMA)
    inputs = tokenizer(text, return_tensors="pt")
    assert model.generate(**inputs, max_new_tokens=3).shape[0] == 1


@step
def load_t5_from_spiece_model(work: Work) -> None:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(T5)
    assert tokenizer.decode(tokenizer(TEXTS[2])["input_ids"]).startswith("猫")
    assert AutoModelForSeq2SeqLM.from_pretrained(T5).config.d_model == 32


@step
def pipeline_infers_text_classification(work: Work) -> None:
    from transformers import pipeline

    classify = pipeline(model=CLASSIFIER)
    assert classify.task == "text-classification"
    assert classify(TEXTS[0])[0]["label"] in ("positive", "negative")


@step
def pipeline_fill_mask_by_name(work: Work) -> None:
    from transformers import pipeline

    assert len(pipeline("fill-mask", model=BERT)("猫が[MASK]です。")) == 5


@step
def pipeline_infers_text_generation(work: Work) -> None:
    from transformers import pipeline

    generate = pipeline(model=LLAMA)
    assert generate.task == "text-generation"
    assert generate("猫", max_new_tokens=2)[0]["generated_text"].startswith("猫")


@step
def load_sentence_transformer(work: Work) -> None:
    from sentence_transformers import SentenceTransformer

    encoder = SentenceTransformer(ENCODER, device="cpu")
    assert encoder.encode(TEXTS).shape == (3, 32)


@step
def load_plain_bert_as_sentence_transformer(work: Work) -> None:
    from sentence_transformers import SentenceTransformer

    assert SentenceTransformer(BERT, device="cpu").encode(TEXTS[:1]).shape == (1, 32)


@step
def load_peft_adapter_on_its_base(work: Work) -> None:
    from peft import AutoPeftModelForSequenceClassification

    model = AutoPeftModelForSequenceClassification.from_pretrained(ADAPTER)
    assert model.peft_config["default"].base_model_name_or_path == CLASSIFIER


@step
def load_peft_adapter_through_transformers(work: Work) -> None:
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(ADAPTER)
    assert any("lora" in name for name, _ in model.named_parameters())


@step
def download_snapshot(work: Work) -> None:
    from huggingface_hub import snapshot_download

    folder = Path(snapshot_download(BERT))
    served = {path.name: path.read_bytes() for path in folder.iterdir()}
    local = {path.name: path.read_bytes() for path in work.model(BERT).iterdir()}
    assert served == local


@step
def download_snapshot_of_some_files(work: Work) -> None:
    from huggingface_hub import snapshot_download

    target = work.folder / "some"
    kept = "default/test/*"
    snapshot_download(
        WRIME,
        repo_type="dataset",
        revision=CONVERT,
        allow_patterns=kept,
        local_dir=target,
    )
    assert [path.name for path in target.glob("default/*")] == ["test"]


@step
def download_one_file_twice_with_one_transfer(work: Work) -> None:
    from huggingface_hub import hf_hub_download

    first = Path(hf_hub_download(BERT, "vocab.txt", force_download=True))
    stamp = first.stat().st_mtime_ns
    again = Path(hf_hub_download(BERT, "vocab.txt"))
    assert again == first and again.stat().st_mtime_ns == stamp


@step
def load_offline_after_the_first_load(work: Work) -> None:
    from transformers import AutoTokenizer

    AutoTokenizer.from_pretrained(LLAMA)
    assert len(AutoTokenizer.from_pretrained(LLAMA, local_files_only=True)) == 300


# データセットを読む -------------------------------------------------------------


@step
def load_parquet_dataset(work: Work) -> None:
    from datasets import ClassLabel, load_dataset

    rows = load_dataset("acme/rows")
    assert {split: len(part) for split, part in rows.items()} == {
        "train": 40,
        "validation": 8,
        "test": 8,
    }
    assert isinstance(rows["train"].features["label"], ClassLabel)


@step
def load_one_split(work: Work) -> None:
    from datasets import load_dataset

    assert len(load_dataset("acme/rows", split="validation")) == 8


@step
def load_a_slice_of_a_split(work: Work) -> None:
    from datasets import load_dataset

    assert len(load_dataset("acme/rows", split="train[:25%]")) == 10


@step
def load_named_config(work: Work) -> None:
    from datasets import load_dataset

    rows = load_dataset("acme/reviews", "films")
    assert rows["test"][0] == {"text": "films test 0"}


@step
def list_configs_and_splits(work: Work) -> None:
    from datasets import get_dataset_config_names, get_dataset_split_names

    assert get_dataset_config_names("acme/reviews") == ["books", "films"]
    assert get_dataset_split_names("acme/reviews", "books") == ["train", "test"]


@step
def load_config_folder_by_data_dir(work: Work) -> None:
    from datasets import load_dataset

    rows = load_dataset("acme/reviews", data_dir="books", split="train")
    assert rows[0] == {"text": "books train 0"}


@step
def load_csv_without_readme(work: Work) -> None:
    from datasets import load_dataset

    assert load_dataset("acme/table", split="train")["文"] == ["あ", "い", "う"]


@step
def load_by_data_files(work: Work) -> None:
    from datasets import load_dataset

    files = {"test": "films/test.jsonl"}
    rows = load_dataset("acme/reviews", data_files=files, split="test")
    assert len(rows) == 5


@step
def load_convert_branch_by_data_dir(work: Work) -> None:
    from datasets import load_dataset

    rows = load_dataset(WRIME, data_dir="default", revision=CONVERT)
    assert len(rows["train"]) == 40 and len(rows["test"]) == 8


@step
def load_convert_branch_at_the_pinned_sha(work: Work) -> None:
    from datasets import load_dataset

    rows = load_dataset(WRIME, data_dir="default", revision=WRIME_SHA)
    assert rows["train"].features["label"].names == ["positive", "negative"]


@step
def load_convert_branch_by_hf_path(work: Work) -> None:
    from datasets import load_dataset

    base = f"hf://datasets/{WRIME}@{CONVERT}/default"
    files = {"train": f"{base}/train/0000.parquet"}
    assert len(load_dataset("parquet", data_files=files, split="train")) == 40


@step
def load_convert_branch_by_quoted_hf_path(work: Work) -> None:
    from datasets import load_dataset

    base = f"hf://datasets/{WRIME}@refs%2Fconvert%2Fparquet/default"
    files = {"test": f"{base}/test/0000.parquet"}
    assert len(load_dataset("parquet", data_files=files, split="test")) == 8


@step
def load_pinned_sha_by_hf_path(work: Work) -> None:
    from datasets import load_dataset

    files = f"hf://datasets/{WRIME}@{WRIME_SHA}/default/test/*.parquet"
    assert len(load_dataset("parquet", data_files=files, split="train")) == 8


@step
def read_hf_path_with_pandas(work: Work) -> None:
    import pandas as pd

    path = f"hf://datasets/{WRIME}@{CONVERT}/default/validation/0000.parquet"
    assert len(pd.read_parquet(path)) == 8


@step
def stream_parquet(work: Work) -> None:
    from datasets import load_dataset

    rows = load_dataset("acme/rows", split="train", streaming=True)
    assert [row["label"] for row in rows.take(3)] == [0, 1, 0]


@step
def stream_jsonl_config(work: Work) -> None:
    from datasets import load_dataset

    rows = load_dataset("acme/reviews", "books", split="test", streaming=True)
    assert [row["text"] for row in rows][-1] == "books test 4"


@step
def stream_convert_branch(work: Work) -> None:
    from datasets import load_dataset

    rows = load_dataset(
        WRIME, data_dir="default", revision=CONVERT, split="test", streaming=True
    )
    assert len(list(rows.skip(2))) == 6


@step
def open_hf_path_and_seek(work: Work) -> None:
    from huggingface_hub import HfFileSystem

    with HfFileSystem().open("datasets/acme/table/train.csv", "rb") as file:
        file.seek(3)
        assert file.read(4).decode().startswith("文")


@step
def list_and_glob_hf_paths(work: Work) -> None:
    from huggingface_hub import HfFileSystem

    files = HfFileSystem()
    listed = files.ls("datasets/acme/reviews", detail=False)
    assert listed == [
        f"datasets/acme/reviews/{name}" for name in ("README.md", "books", "films")
    ]
    found = files.glob(f"datasets/{WRIME}@{CONVERT}/**/*.parquet")
    assert len(found) == 3


# 情報を調べる -----------------------------------------------------------------


@step
def whoami_is_the_learner(work: Work) -> None:
    from huggingface_hub import whoami

    assert whoami()["name"] == "learner"


@step
def login_with_the_local_token(work: Work) -> None:
    from huggingface_hub import login

    login(token=os.environ["HF_TOKEN"], skip_if_logged_in=False)


@step
def model_info_has_files_and_tags(work: Work) -> None:
    from huggingface_hub import HfApi

    info = HfApi().model_info(ENCODER, files_metadata=True)
    assert info.pipeline_tag == "sentence-similarity"
    assert info.library_name == "sentence-transformers"
    sizes = {file.rfilename: file.size for file in info.siblings}
    weights = work.model(ENCODER) / "model.safetensors"
    assert sizes["model.safetensors"] == weights.stat().st_size


@step
def dataset_info_keeps_the_pinned_sha(work: Work) -> None:
    from huggingface_hub import HfApi

    info = HfApi().dataset_info(WRIME, revision=WRIME_SHA)
    assert info.sha == WRIME_SHA
    assert [file.rfilename for file in info.siblings][0] == "default/test/0000.parquet"


@step
def dataset_card_metadata_is_read(work: Work) -> None:
    from huggingface_hub import DatasetCard, HfApi

    assert HfApi().dataset_info("acme/reviews").card_data.license == "cc0-1.0"
    assert "感想文" in DatasetCard.load("acme/reviews").text


@step
def list_repo_files_and_refs(work: Work) -> None:
    from huggingface_hub import HfApi

    api = HfApi()
    assert api.list_repo_files(WRIME, repo_type="dataset") == ["README.md"]
    refs = api.list_repo_refs(WRIME, repo_type="dataset")
    assert [ref.ref for ref in refs.converts] == [CONVERT]
    assert [ref.name for ref in refs.branches] == ["main"]


@step
def paths_info_tells_lfs_from_regular(work: Work) -> None:
    import hashlib

    from huggingface_hub import HfApi

    path = "data/test-00000-of-00001.parquet"
    infos = HfApi().get_paths_info("acme/rows", ["data", path], repo_type="dataset")
    content = (work.dataset("acme/rows") / path).read_bytes()
    assert infos[0].path == "data"
    assert infos[1].lfs.sha256 == hashlib.sha256(content).hexdigest()


@step
def list_models_by_author_and_search(work: Work) -> None:
    from huggingface_hub import HfApi

    found = [model.id for model in HfApi().list_models(author="acme", search="tiny")]
    assert set(found) == {CLASSIFIER, LLAMA, T5, ENCODER, ADAPTER}


@step
def file_and_repo_existence(work: Work) -> None:
    from huggingface_hub import HfApi

    api = HfApi()
    assert api.file_exists(BERT, "vocab.txt")
    assert not api.file_exists(BERT, "spiece.model")
    assert api.repo_exists(BERT) and not api.repo_exists("acme/nowhere")
    assert not api.revision_exists(BERT, "v9")


@step
def raw_file_byte_for_byte(work: Work) -> None:
    path = "/raw/raw.githubusercontent.com/acme/data/0123abc/data%201.json"
    _, headers, body = work.get(path)
    folder = work.root / "raw/raw.githubusercontent.com/acme/data/0123abc"
    assert body == (folder / "data 1.json").read_bytes()
    assert headers["content-length"] == str(len(body))


@step
def raw_file_through_datasets_and_pandas(work: Work) -> None:
    import pandas as pd
    from datasets import load_dataset

    rows = work.root / "raw/example.org/rows.jsonl"
    rows.parent.mkdir(parents=True)
    rows.write_text('{"a": 1}\n{"a": 2}\n')
    url = f"{work.raw_url}/raw/example.org/rows.jsonl"
    assert load_dataset("json", data_files=url, split="train")["a"] == [1, 2]
    assert pd.read_json(url, lines=True)["a"].tolist() == [1, 2]


# push する --------------------------------------------------------------------


@step
def push_model(work: Work) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(BERT, num_labels=2)
    model.push_to_hub("learner/classifier")
    served = AutoModelForSequenceClassification.from_pretrained("learner/classifier")
    pairs = zip(model.state_dict().values(), served.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


@step
def push_tokenizer_into_the_same_repo(work: Work) -> None:
    from transformers import AutoTokenizer, pipeline

    AutoTokenizer.from_pretrained(BERT).push_to_hub("learner/classifier")
    answer = pipeline(model="learner/classifier")(TEXTS[0])
    assert answer[0]["label"].startswith("LABEL_")


@step
def push_again_unchanged_makes_no_commit(work: Work) -> None:
    from huggingface_hub import HfApi
    from transformers import AutoTokenizer

    api = HfApi()
    before = api.model_info("learner/classifier").sha
    commits = len(api.list_repo_commits("learner/classifier"))
    AutoTokenizer.from_pretrained(BERT).push_to_hub("learner/classifier")
    assert api.model_info("learner/classifier").sha == before
    assert len(api.list_repo_commits("learner/classifier")) == commits


@step
def the_same_content_has_the_same_commit_id(work: Work) -> None:
    from huggingface_hub import HfApi

    api = HfApi()
    shas = []
    for name in ("learner/twin-a", "learner/twin-b"):
        api.create_repo(name)
        shas.append(
            api.upload_file(
                path_or_fileobj=b"abc", path_in_repo="a/b.txt", repo_id=name
            ).oid
        )
    assert shas[0] == shas[1] == api.model_info("learner/twin-a").sha


@step
def read_an_older_commit_after_a_push(work: Work) -> None:
    from huggingface_hub import HfApi, hf_hub_download

    api = HfApi()
    old = api.model_info("learner/twin-a").sha
    upload = partial(api.upload_file, path_in_repo="a/b.txt", repo_id="learner/twin-a")
    new = upload(path_or_fileobj=b"xyz").oid
    texts = [
        Path(hf_hub_download("learner/twin-a", "a/b.txt", revision=sha)).read_bytes()
        for sha in (old, new, "main")
    ]
    assert texts == [b"abc", b"xyz", b"xyz"]


@step
def push_adapter(work: Work) -> None:
    from peft import AutoPeftModelForSequenceClassification

    load = AutoPeftModelForSequenceClassification.from_pretrained
    load(ADAPTER).push_to_hub("learner/adapter")
    assert load("learner/adapter").peft_config["default"].r == 2


@step
def push_sentence_transformer(work: Work) -> None:
    from sentence_transformers import SentenceTransformer

    SentenceTransformer(ENCODER, device="cpu").push_to_hub("learner/encoder")
    encoder = SentenceTransformer("learner/encoder", device="cpu")
    assert encoder.encode(TEXTS).shape == (3, 32)


@step
def push_dataset(work: Work) -> None:
    from datasets import Dataset, load_dataset

    Dataset.from_dict({"a": [1, 2, 3]}).push_to_hub("learner/numbers")
    assert load_dataset("learner/numbers", split="train")["a"] == [1, 2, 3]


@step
def push_dataset_again_with_other_rows(work: Work) -> None:
    from datasets import Dataset, load_dataset

    Dataset.from_dict({"a": [4, 5]}).push_to_hub("learner/numbers")
    assert load_dataset("learner/numbers", split="train")["a"] == [4, 5]


@step
def push_dataset_dict_with_config_and_labels(work: Work) -> None:
    from datasets import load_dataset

    load_dataset("acme/rows").push_to_hub("learner/rows", config_name="small")
    rows = load_dataset("learner/rows", "small")
    assert list(rows) == ["train", "validation", "test"]
    assert rows["test"].features["label"].names == ["positive", "negative"]


@step
def push_private_dataset_hidden_from_others(work: Work) -> None:
    from datasets import Dataset, load_dataset
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    Dataset.from_dict({"a": [1]}).push_to_hub("learner/hidden", private=True)
    assert len(load_dataset("learner/hidden", split="train")) == 1
    with refused(RepositoryNotFoundError, "401"):
        HfApi().dataset_info("learner/hidden", token=False)


@step
def push_from_trainer_at_every_save(work: Work) -> None:
    from datasets import load_dataset
    from huggingface_hub import HfApi
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    tokenizer = AutoTokenizer.from_pretrained(BERT)
    rows = load_dataset("acme/rows", split="train[:8]")
    rows = rows.map(lambda row: tokenizer(row["sentence"]), remove_columns="sentence")
    trainer = Trainer(
        model=AutoModelForSequenceClassification.from_pretrained(BERT),
        args=TrainingArguments(
            output_dir=str(work.folder / "trained"),
            hub_model_id="learner/trained",
            push_to_hub=True,
            hub_strategy="every_save",
            save_strategy="steps",
            save_steps=1,
            max_steps=2,
            per_device_train_batch_size=4,
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
        ),
        train_dataset=rows,
        processing_class=tokenizer,
        data_collator=DataCollatorWithPadding(tokenizer),
    )
    trainer.train()
    trainer.push_to_hub()
    files = HfApi().list_repo_files("learner/trained")
    assert {"model.safetensors", "vocab.txt", "README.md"} <= set(files)
    assert HfApi().model_info("learner/trained").pipeline_tag == "text-classification"


@step
def push_model_card(work: Work) -> None:
    from huggingface_hub import ModelCard

    card = ModelCard("---\nlicense: apache-2.0\nlanguage: ja\n---\n# 学習の記録\n")
    card.push_to_hub("learner/classifier")
    assert ModelCard.load("learner/classifier").data.license == "apache-2.0"


@step
def push_folder_and_delete_files(work: Work) -> None:
    from huggingface_hub import HfApi

    api = HfApi()
    folder = work.folder / "to-push"
    for name in ("one.txt", "deep/er/two.txt", "deep/three.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    api.create_repo("learner/folder")
    api.upload_folder(repo_id="learner/folder", folder_path=folder)
    api.delete_file("one.txt", "learner/folder")
    api.delete_folder("deep/er", "learner/folder")
    files = api.list_repo_files("learner/folder")
    assert files == [".gitattributes", "deep/three.txt"]


@step
def write_through_an_hf_path(work: Work) -> None:
    import pandas as pd

    path = "hf://datasets/learner/numbers/extra.parquet"
    pd.DataFrame({"a": [7]}).to_parquet(path)
    assert pd.read_parquet(path)["a"].tolist() == [7]


@step
def branches_and_tags(work: Work) -> None:
    from huggingface_hub import HfApi, hf_hub_download

    api = HfApi()
    api.create_tag("learner/folder", tag="v1.0")
    api.create_branch("learner/folder", branch="trial/a")
    api.upload_file(
        path_or_fileobj=b"new",
        path_in_repo="deep/three.txt",
        repo_id="learner/folder",
        revision="trial/a",
    )
    read = partial(hf_hub_download, "learner/folder", "deep/three.txt")
    texts = [
        Path(read(revision=name)).read_text() for name in ("main", "v1.0", "trial/a")
    ]
    assert texts == ["deep/three.txt", "deep/three.txt", "new"]
    refs = api.list_repo_refs("learner/folder")
    assert [ref.name for ref in refs.tags] == ["v1.0"]
    api.delete_tag("learner/folder", tag="v1.0")
    api.delete_branch("learner/folder", branch="trial/a")
    refs = api.list_repo_refs("learner/folder")
    assert not refs.tags and [ref.name for ref in refs.branches] == ["main"]


@step
def create_twice_and_delete(work: Work) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi()
    url = api.create_repo("learner/short-lived")
    assert url.repo_id == "learner/short-lived"
    api.create_repo("learner/short-lived", exist_ok=True)
    with refused(HfHubHTTPError, "409", "すでにあります"):
        api.create_repo("learner/short-lived")
    api.delete_repo("learner/short-lived")
    assert not api.repo_exists("learner/short-lived")


@step
def commit_on_a_stale_parent_is_refused(work: Work) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    with refused(HfHubHTTPError, "412"):
        HfApi().upload_file(
            path_or_fileobj=b"1",
            path_in_repo="x.txt",
            repo_id="learner/twin-b",
            parent_commit="0" * 40,
        )


# 断られるとき -----------------------------------------------------------------


@step
def unknown_model_is_repository_not_found(work: Work) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    with refused(RepositoryNotFoundError, "404", "練習用 Hub にありません", BERT):
        HfApi().model_info("tohoku-nlp/bert-base-japanese-v4")


@step
def unknown_model_without_token_is_401(work: Work) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    with refused(RepositoryNotFoundError, "401"):
        HfApi().model_info("acme/nowhere", token=False)


@step
def unknown_model_in_from_pretrained_is_oserror(work: Work) -> None:
    from transformers import AutoModel

    with refused(OSError, "acme/nowhere"):
        AutoModel.from_pretrained("acme/nowhere")


@step
def unknown_dataset_in_load_dataset(work: Work) -> None:
    from datasets import load_dataset
    from datasets.exceptions import DatasetNotFoundError

    with refused(DatasetNotFoundError, "acme/nowhere"):
        load_dataset("acme/nowhere")


@step
def unknown_file_is_entry_not_found(work: Work) -> None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    with refused(RemoteEntryNotFoundError, "spiece.model", "はありません"):
        hf_hub_download(BERT, "spiece.model")


@step
def unknown_file_offline_is_local_entry_not_found(work: Work) -> None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    with refused(LocalEntryNotFoundError):
        hf_hub_download(T5, "nothing.txt", local_files_only=True)


@step
def absence_is_remembered_by_the_cache(work: Work) -> None:
    from huggingface_hub import (
        _CACHED_NO_EXIST,
        hf_hub_download,
        try_to_load_from_cache,
    )
    from huggingface_hub.errors import EntryNotFoundError

    with refused(EntryNotFoundError):
        hf_hub_download(BERT, "absent.json")
    assert try_to_load_from_cache(BERT, "absent.json") is _CACHED_NO_EXIST


@step
def unknown_revision_is_revision_not_found(work: Work) -> None:
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import RevisionNotFoundError

    with refused(RevisionNotFoundError, "版「v9」はありません"):
        hf_hub_download(BERT, "vocab.txt", revision="v9")
    with refused(RevisionNotFoundError):
        HfApi().dataset_info(WRIME, revision="f" * 40)


@step
def gated_model_is_refused_with_and_without_token(work: Work) -> None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import GatedRepoError

    with refused(GatedRepoError, "403", "同意"):
        hf_hub_download("acme/gated", "config.json")
    with refused(GatedRepoError, "401"):
        hf_hub_download("acme/gated", "config.json", token=False)


@step
def gated_dataset_is_refused(work: Work) -> None:
    from datasets import load_dataset
    from datasets.exceptions import DatasetNotFoundError

    with refused(DatasetNotFoundError, "gated"):
        load_dataset("acme/gated-rows")


@step
def private_model_of_others_is_repository_not_found(work: Work) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    with refused(RepositoryNotFoundError, "404"):
        HfApi().model_info("acme/secret")


@step
def wrong_token_is_not_taken_for_a_missing_repo(work: Work) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    with refused(HfHubHTTPError, "401", "token が正しくありません") as caught:
        HfApi().model_info(BERT, token="hf_wrong")
    assert not isinstance(caught.value, RepositoryNotFoundError)
    with refused(HfHubHTTPError, "Invalid user token"):
        HfApi().whoami(token="hf_wrong")


@step
def push_without_token_is_401(work: Work) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    with refused(HfHubHTTPError, "401", "token が必要です"):
        HfApi().create_repo("learner/anonymous", token=False)
    with refused(HfHubHTTPError, "401"):
        HfApi().upload_file(
            path_or_fileobj=b"1",
            path_in_repo="x.txt",
            repo_id="learner/twin-b",
            token=False,
        )


@step
def push_to_a_foreign_namespace_is_403(work: Work) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(BERT)
    for target in ("someone-else/model", BERT):
        with refused(HfHubHTTPError, "403", "の下には書き込めません"):
            config.push_to_hub(target)
    with refused(HfHubHTTPError, "403"):
        HfApi().delete_repo(BERT)


@step
def push_dataset_to_a_foreign_namespace_is_403(work: Work) -> None:
    from datasets import Dataset
    from huggingface_hub.errors import HfHubHTTPError

    with refused(HfHubHTTPError, "403", "learner"):
        Dataset.from_dict({"a": [1]}).push_to_hub("acme/rows")


@step
def push_to_a_missing_repo_is_repository_not_found(work: Work) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    with refused(RepositoryNotFoundError, "404"):
        HfApi().upload_file(
            path_or_fileobj=b"1", path_in_repo="x.txt", repo_id="learner/nowhere"
        )


@step
def pull_request_is_a_clear_400(work: Work) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import BadRequestError

    with refused(BadRequestError, "pull request を受け付けません"):
        HfApi().upload_file(
            path_or_fileobj=b"1",
            path_in_repo="x.txt",
            repo_id="learner/twin-b",
            create_pr=True,
        )


@step
def invalid_card_is_refused_before_upload(work: Work) -> None:
    from huggingface_hub import HfApi

    with refused(ValueError, "Invalid metadata in README.md"):
        HfApi().upload_file(
            path_or_fileobj=b"---\na: [1\n---\n",
            path_in_repo="README.md",
            repo_id="learner/twin-b",
        )


@step
def paths_that_leave_the_repo_are_refused(work: Work) -> None:
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import BadRequestError

    for path in (".tinyhub.json", "a//b", "a\\b", "../../x", "/etc/x"):
        operation = CommitOperationAdd("x.txt", b"1")
        operation.path_in_repo = path
        with refused(BadRequestError):
            HfApi().create_commit("learner/twin-b", [operation], commit_message="外へ")


@step
def unknown_split_names_the_splits(work: Work) -> None:
    from datasets import load_dataset

    with refused(ValueError, "Unknown split", "validation"):
        load_dataset("acme/rows", split="valid")


@step
def unknown_config_names_the_configs(work: Work) -> None:
    from datasets import load_dataset

    with refused(ValueError, "books", "films"):
        load_dataset("acme/reviews", "music")


@step
def missing_config_names_the_configs(work: Work) -> None:
    from datasets import load_dataset

    with refused(ValueError, "books", "films"):
        load_dataset("acme/reviews")


@step
def unreachable_hub_is_a_connection_error(work: Work) -> None:
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    closed = "http://127.0.0.1:9"
    with refused(Exception, "[Cc]onnect"):
        HfApi(endpoint=closed).model_info(BERT)
    with refused(LocalEntryNotFoundError):
        hf_hub_download(T5, "absent.txt", endpoint=closed)


def main() -> None:
    """木を作り、すべての手順を順に動かして、結果を JSON の行で書く。"""
    # 測り方は bench と同じ。リポジトリの根を PYTHONPATH に入れて動かす。
    from bench.hub_speed import measure

    raw_url = sys.argv[3]
    work = Work(Path(sys.argv[1]), os.environ["HF_ENDPOINT"], raw_url)
    results = Path(sys.argv[2])
    build_tree(work)
    if "--tree-only" in sys.argv:
        return
    with results.open("w", encoding="utf-8") as file:
        for name, function in STEPS.items():
            started = time.perf_counter()
            failure = ""
            try:
                function(work)
            except BaseException:
                # どんな失敗も 1 つの検査の失敗として、呼び出し側に伝える。
                failure = traceback.format_exc()
            seconds = time.perf_counter() - started
            result = {"step": name, "failure": failure, "seconds": seconds}
            file.write(json.dumps(result) + "\n")
            file.flush()
        speed = measure(work.root, repeats=9)
        file.write(json.dumps({"speed": speed}) + "\n")


if __name__ == "__main__":
    main()
