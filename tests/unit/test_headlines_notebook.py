"""7 章の 3 冊に書かれた関数を取り出し、独立な計算とライブラリに突き合わせる。"""

from __future__ import annotations

import ast
import gzip
import hashlib
import io
import re
import tarfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import sacrebleu
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from transformers import (
    AutoTokenizer,
    MinPLogitsWarper,
    T5ForConditionalGeneration,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from misc import notebook_file

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "tinyhub/models/t5-ja"
TRAINING = "chapter07/7-summarization-generation.ipynb"
METRICS = "chapter07/7-3-metrics.ipynb"
DECODING = "chapter07/7-5-decoding.ipynb"
PREAMBLE = """
import hashlib, http.client, math, random, re, tarfile, unicodedata, urllib.request
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path, PurePosixPath
import fugashi, ipadic, MeCab
import numpy as np
import pandas as pd
import sacrebleu
import torch
import transformers
from datasets import Dataset
from rouge_score.rouge_scorer import RougeScorer
from tqdm import tqdm
from transformers import PreTrainedModel
"""


def functions(path: str, **values: object) -> SimpleNamespace:
    """ノートブックの関数・クラスと、それが使う分かち書きの器だけを定義した名前空間。"""
    namespace: dict[str, object] = {}
    exec(PREAMBLE, namespace)
    namespace.update(values)
    made = {"tagger", "detail", "words", "rouge"}
    for cell in notebook_file.read(ROOT, path).code_cells:
        for node in cell.tree.body:
            names = {t.id for t in getattr(node, "targets", []) if hasattr(t, "id")}
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) or names & made:
                exec(ast.unparse(node), namespace)
    return SimpleNamespace(**namespace, namespace=namespace)


@pytest.fixture(scope="module")
def metrics() -> SimpleNamespace:
    """7-3 の関数。"""
    return functions(METRICS)


@pytest.fixture(scope="module")
def writer() -> dict[str, object]:
    """訓練していない T5 と、生成の設定。"""
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    return {
        "tokenizer": tokenizer,
        "model": T5ForConditionalGeneration.from_pretrained(
            MODEL, dtype=torch.float32
        ).eval(),
        "device": torch.device("cpu"),
        "pad": tokenizer.pad_token_id,
        "max_input_tokens": 64,
        "max_new_tokens": 8,
        "eval_batch_size": 3,
    }


@pytest.fixture(scope="module")
def training(writer: dict[str, object]) -> SimpleNamespace:
    """7 の関数。"""
    return functions(TRAINING, **writer)


@pytest.fixture(scope="module")
def decoding(writer: dict[str, object]) -> SimpleNamespace:
    """7-5 の関数。"""
    return functions(DECODING, **writer)


# --- 評価指標 ---------------------------------------------------------------

TOKENS = st.lists(st.sampled_from("赤青白"), max_size=9)


class Spaces:
    """空白で分けるトークナイザ。"""

    def tokenize(self, text: str) -> list[str]:
        """空白で区切られた語。"""
        return text.split()


SCORER = RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=Spaces())


@settings(deadline=None)
@given(made=TOKENS, gold=TOKENS)
def test_rouge_agrees_with_the_library(
    metrics: SimpleNamespace, made: list[str], gold: list[str]
) -> None:
    """適合率・再現率・F 値が、空の文も含めて rouge-score と一致する。"""
    library = SCORER.score(" ".join(gold), " ".join(made))

    assert metrics.rouge_n(made, gold, 1) == pytest.approx(library["rouge1"])
    assert metrics.rouge_n(made, gold, 2) == pytest.approx(library["rouge2"])
    assert metrics.rouge_l(made, gold) == pytest.approx(library["rougeL"])


@settings(deadline=None)
@given(a=st.lists(st.sampled_from("赤青"), max_size=6), b=TOKENS)
def test_lcs_equals_brute_force(
    metrics: SimpleNamespace, a: list[str], b: list[str]
) -> None:
    """すべての部分列を試した長さと一致する。"""
    found = 0
    for chosen in range(2 ** len(a)):
        part = [x for i, x in enumerate(a) if chosen >> i & 1]
        rest = iter(b)
        if all(x in rest for x in part):
            found = max(found, len(part))

    assert metrics.lcs_length(a, b) == found


@settings(deadline=None)
@given(pairs=st.lists(st.tuples(TOKENS, TOKENS), min_size=1, max_size=4))
def test_bleu_agrees_with_sacrebleu(
    metrics: SimpleNamespace, pairs: list[tuple[list[str], list[str]]]
) -> None:
    """平滑化と短さの罰が効く場合も、0 になる場合も、sacrebleu と一致する。"""
    made, gold = ([p[side] for p in pairs] for side in (0, 1))
    texts = [" ".join(one) for one in made], [" ".join(one) for one in gold]
    library = sacrebleu.corpus_bleu(texts[0], [texts[1]], tokenize="none", force=True)

    assert metrics.bleu(made, gold) == pytest.approx(library.score, abs=1e-9)


def test_words_normalise_only_when_asked(metrics: SimpleNamespace) -> None:
    """全角と半角は、NFKC をかけたときだけ同じ語になる。"""
    assert metrics.words("新製品３種！") == metrics.words("新製品3種!")
    assert metrics.words("３種", False) != metrics.words("3種", False)
    assert metrics.words("") == ()


# --- 書庫 -------------------------------------------------------------------

HEAD = "http://example.com/1\n2012-05-01T10:00:00+0900\n"
ARTICLE = f"{HEAD}見出し\n本文の一行目。\n二行目。\n"


def archive(path: Path, files: dict[str, str | bytes]) -> Path:
    """files を収めた tar.gz を作る。"""
    with tarfile.open(path, "w:gz") as packed:
        for name, text in files.items():
            body = text if isinstance(text, bytes) else text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(body)
            packed.addfile(member, io.BytesIO(body))
    return path


def test_archive_is_read_without_licences_and_in_order_of_date(
    training: SimpleNamespace, tmp_path: Path
) -> None:
    """ライセンスと説明を飛ばし、古い順に並べる。カテゴリはフォルダの名前。"""
    older = ARTICLE.replace("2012-05-01", "2011-05-01").replace("見出し", "古い")
    files = {
        "text/README.txt": "説明",
        "text/smax/LICENSE.txt": "ライセンス",
        "text/smax/smax-1.txt": ARTICLE,
        "text/peachy/peachy-2.txt": older,
    }
    frame = training.read_archive(archive(tmp_path / "a.tar.gz", files))

    assert frame["title"].tolist() == ["古い", "見出し"]
    assert frame["category"].tolist() == ["peachy", "smax"]
    assert frame["content"][1] == "本文の一行目。\n二行目。"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1 行目が URL ではありません"),
        ("見出し\n本文", "1 行目が URL ではありません"),
        ("http://example.com/1", "2 行目が日付ではありません"),
        ("http://example.com/1\n五月一日\n見出し\n本文", "2 行目が日付ではありません"),
        (HEAD, "見出しか本文が空です"),
        (f"{HEAD}見出し\n", "見出しか本文が空です"),
        (f"{HEAD}見出し\n\n \u3000\n", "見出しか本文が空です"),
        (f"{HEAD}\n本文", "見出しか本文が空です"),
        (b"\xff\xfe\x00", "UTF-8 として読めません"),
    ],
    ids=[
        "empty file",
        "no address",
        "address only",
        "no date",
        "no title",
        "no body",
        "blank body",
        "blank title",
        "not UTF-8",
    ],
)
def test_a_broken_article_is_named(
    training: SimpleNamespace, tmp_path: Path, text: str | bytes, message: str
) -> None:
    """壊れた記事は、ファイルの名前と理由を示して拒まれる。"""
    files = {"text/smax/smax-1.txt": ARTICLE, "text/smax/smax-2.txt": text}

    with pytest.raises(ValueError, match=f"smax-2.txt: {message}"):
        training.read_archive(archive(tmp_path / "a.tar.gz", files))


def test_a_broken_archive_is_explained(
    training: SimpleNamespace, tmp_path: Path
) -> None:
    """途中で切れた書庫、書庫でないファイル、記事のない書庫で、理由を示して止まる。"""
    long = {f"text/smax/smax-{n}.txt": ARTICLE + "あ" * 5000 for n in range(20)}
    whole = archive(tmp_path / "whole.tar.gz", long).read_bytes()
    cut, other = tmp_path / "cut.tar.gz", tmp_path / "other.tar.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    other.write_bytes(b"<html>404 Not Found</html>")
    damaged = tmp_path / "damaged.tar.gz"
    damaged.write_bytes(gzip.compress(b"\x01" * 2048))
    empty = archive(tmp_path / "empty.tar.gz", {"text/README.txt": "説明"})

    for path in (cut, other, damaged):
        with pytest.raises(RuntimeError, match=f"{path.name} を書庫として読めません"):
            training.read_archive(path)
    with pytest.raises(RuntimeError, match="記事がありません"):
        training.read_archive(empty)


def test_fetch_checks_the_fingerprint_and_keeps_nothing_wrong(
    training: SimpleNamespace, tmp_path: Path
) -> None:
    """違えば両方の SHA-256 を示して何も残さない。None なら照合しない。"""
    source, saved = tmp_path / "source.tar.gz", tmp_path / "data" / "saved.tar.gz"
    source.write_bytes(b"abc")
    right, wrong = (hashlib.sha256(body).hexdigest() for body in (b"abc", b"xyz"))

    with pytest.raises(RuntimeError, match="内容が想定と違います") as refused:
        training.fetch_archive(source.as_uri(), wrong, saved)
    assert right in str(refused.value) and wrong in str(refused.value)
    assert not saved.exists()
    assert training.fetch_archive(source.as_uri(), right, saved) == saved
    source.unlink()
    assert training.fetch_archive(source.as_uri(), right, saved) == saved
    assert training.fetch_archive(source.as_uri(), None, saved) == saved


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a.tar.gz", "a.tar.gz"])
def test_fetch_names_an_unreachable_address(
    training: SimpleNamespace, tmp_path: Path, url: str
) -> None:
    """届かないアドレスは、そのアドレスを示して止まる。"""
    with pytest.raises(RuntimeError, match=f"取得できませんでした: {re.escape(url)}"):
        training.fetch_archive(url, None, tmp_path / "saved.tar.gz")


# --- 見出しを書く -----------------------------------------------------------

TEXTS = ["雪戸市の図書館が開館した。", "深守町で祭りがあった。雨だった。", "新しい靴。"]


def test_headlines_keep_the_order_of_articles(training: SimpleNamespace) -> None:
    """長さ順に並べて書いても、元の順に返り、1 件ずつ書いたものと同じになる。"""
    together = training.generate_ids(training.model, TEXTS * 2, max_new_tokens=8)
    alone = [
        training.generate_ids(training.model, [text], max_new_tokens=8)[0]
        for text in TEXTS
    ]

    assert together == alone * 2


@pytest.mark.parametrize("text", ["", " ", "\u3000\n"])
def test_an_empty_article_is_refused(
    training: SimpleNamespace, decoding: SimpleNamespace, text: str
) -> None:
    """空の記事は、何番目かを示して断られる。"""
    for write in (training.write_headlines, decoding.write_ids):
        with pytest.raises(ValueError, match="2 番目の記事が空です"):
            write([TEXTS[0], text])


def test_a_very_long_article_is_read_from_its_start(
    training: SimpleNamespace,
    decoding: SimpleNamespace,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """20,000 字の記事は、先頭だけを読んだことを告げ、先頭だけの記事と同じになる。"""
    long = ("".join(TEXTS) * 1000)[:20_000]
    # max_new_tokens は、ノートブックでは generation_config に入っている。
    training.model.generation_config.max_new_tokens = 8
    written = training.write_headlines([long, long[:400]])

    assert written[0] == written[1]
    assert "1 番目の記事は長いので" in capsys.readouterr().out
    rows = decoding.write_ids([long, long[:400]])
    assert rows[0] == rows[1]


def test_greedy_by_hand_equals_generate(decoding: SimpleNamespace) -> None:
    """自分で書いた貪欲法と、バッチの generate が同じ番号の列を返す。"""
    for text, ids in zip(TEXTS, decoding.write_ids(TEXTS), strict=True):
        by_hand, logits = decoding.greedy(text)
        assert by_hand == ids
        assert logits.argmax(dim=-1).tolist() == ids


def test_beam_output_ends_at_the_first_end_mark(decoding: SimpleNamespace) -> None:
    """ビーム探索の詰め物 (T5 では終わりの印になる) を、見出しに含めない。"""
    end = decoding.tokenizer.eos_token_id
    for ids in decoding.write_ids(TEXTS, num_beams=3):
        assert end not in ids[:-1]
        assert decoding.pad not in ids


def test_log_probability_equals_the_sum_over_steps(decoding: SimpleNamespace) -> None:
    """教師強制で測った値が、貪欲法の各段の対数確率の平均と一致する。"""
    rows = decoding.write_ids(TEXTS)
    measured = decoding.log_probability(TEXTS, rows)
    for text, value in zip(TEXTS, measured, strict=True):
        ids, logits = decoding.greedy(text)
        steps = logits.log_softmax(dim=-1)[range(len(ids)), ids]
        assert value == pytest.approx(steps.mean().item(), abs=1e-4)


# --- 裾の切り方 -------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "library", "values"),
    [
        ("top_k", TopKLogitsWarper, (1, 3, 20, 1000)),
        ("top_p", TopPLogitsWarper, (0.05, 0.5, 0.9, 0.999)),
        ("min_p", MinPLogitsWarper, (0.01, 0.1, 0.9)),
    ],
)
def test_filters_keep_what_the_library_keeps(
    decoding: SimpleNamespace, name: str, library: type, values: tuple[float, ...]
) -> None:
    """無作為なロジットで、残す語の集合が transformers と一致し、値は変わらない。"""
    generator = torch.Generator().manual_seed(0)
    for scale in (0.1, 1.0, 5.0):
        logits = scale * torch.randn(300, 50, generator=generator)
        for value in values:
            own = getattr(decoding, name)(logits, value)
            theirs = library(value)(None, logits.clone())
            assert torch.equal(own, theirs)
            assert own.isfinite().any(dim=-1).all()


# --- 忠実さ・多様さ ---------------------------------------------------------


def test_missing_mentions_finds_changed_numbers_names_and_quotes(
    training: SimpleNamespace,
) -> None:
    """数は数として、名前と引用は字面として記事と突き合わせる。"""
    body = "東京の図書館は120人を集めた。館長は「楽しい」と話した。"
    found = training.missing_mentions("大阪の図書館、12人「悲しい」", body)
    missing = {(kind, word) for kind, word, absent in found if absent}

    assert {("数", "12"), ("固有名詞", "大阪"), ("かぎ括弧", "悲しい")} <= missing
    kept = training.missing_mentions("東京で１２０人「楽しい」", body)
    assert kept and not any(absent for _, _, absent in kept)


def test_extractiveness_of_a_copied_sentence(training: SimpleNamespace) -> None:
    """記事の文を写せば被覆率 1・新しさ 0、無関係な語だけなら 0 と 1。"""
    copied = training.extractiveness("図書館が開館", "雪戸市の図書館が開館した。")
    other = training.extractiveness("新しい靴", "雨だった。")

    assert copied == {"被覆率": 1.0, "新しい 2-gram": 0.0}
    assert other == {"被覆率": 0.0, "新しい 2-gram": 1.0}
    empty = training.extractiveness("", "雨だった。")
    assert np.isfinite(list(empty.values())).all()


def test_distinct_counts_pairs_of_words(decoding: SimpleNamespace) -> None:
    """同じ見出しが 3 本なら 1/3、2-gram のない見出しなら 1。"""
    assert decoding.distinct(["赤い花が咲く"] * 3) == pytest.approx(1 / 3)
    assert decoding.distinct([""]) == 1.0
