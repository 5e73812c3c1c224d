"""ローカル Hub が配るものの目録と、ファイルの木の組み立て。

データは ``tinyhub.world`` から、モデルは ``tinyhub/models/`` に置いた重みから作る。
木の中身は、それらのソースと重みだけで決まる。
"""

import hashlib
import importlib.metadata
import os
import shutil
from pathlib import Path

from tinyhub.repositories import (
    alert_preference,
    book_files,
    do_not_answer,
    jawiki_paragraphs,
    jcommonsenseqa,
    jglue,
    jsnli,
    livedoor,
    llm_jp_eval,
    ner,
    oasst,
    quiz,
    rag,
    reviews,
    vicuna_qa,
    wikipedia,
    wrime,
)
from tinyhub.sources import DatasetSource, ModelSource, repo_folder, write_meta

_PACKAGE = Path(__file__).resolve().parent
_MODELS = _PACKAGE / "models"
_TOKENIZERS = _MODELS / "tokenizers"
_MARKER = ".tinyhub-tree"

BERT_JA = "bert-ja"
LLM_JA = "llm-ja"
LLM_JA_INSTRUCT, LLM_JA_ALIGNED = f"{LLM_JA}-instruct", f"{LLM_JA}-aligned"

DATASETS: list[DatasetSource] = [
    *wikipedia.SOURCES,
    *wrime.SOURCES,
    *reviews.SOURCES,
    *jglue.SOURCES,
    *jcommonsenseqa.SOURCES,
    *ner.SOURCES,
    *livedoor.SOURCES,
    *jawiki_paragraphs.SOURCES,
    *jsnli.SOURCES,
    *quiz.SOURCES,
    *rag.SOURCES,
    *llm_jp_eval.SOURCES,
    *vicuna_qa.SOURCES,
    *oasst.SOURCES,
    *do_not_answer.SOURCES,
    *alert_preference.SOURCES,
    *book_files.SOURCES,
]


def _tokenizer_models() -> list[ModelSource]:
    if not _TOKENIZERS.is_dir():
        return []
    return [
        ModelSource(folder.name.replace("--", "/", 1), "tokenizer", folder)
        for folder in sorted(_TOKENIZERS.iterdir())
        if folder.is_dir() and "--" in folder.name
    ]


_RECIPES = (
    ModelSource(
        "tohoku-nlp/bert-base-japanese-v3",
        BERT_JA,
        _MODELS / BERT_JA,
        moved_from=("cl-tohoku/bert-base-japanese-v3",),
    ),
    *(
        ModelSource(f"llm-jp/{name}", LLM_JA, _MODELS / LLM_JA)
        for name in ("llm-jp-3-150m", "llm-jp-3-440m", "llm-jp-3-1.8b")
    ),
    ModelSource(
        "llm-jp/llm-jp-3-440m-instruct2", LLM_JA_INSTRUCT, _MODELS / LLM_JA_INSTRUCT
    ),
    *(
        ModelSource(f"llm-jp/{name}", LLM_JA_ALIGNED, _MODELS / LLM_JA_ALIGNED)
        for name in ("llm-jp-3-440m-instruct3", "llm-jp-3.1-1.8b-instruct4")
    ),
    ModelSource("rinna/japanese-gpt2-small", "gpt2-ja", _MODELS / "gpt2-ja"),
    ModelSource("FacebookAI/xlm-roberta-base", "xlm-roberta", _MODELS / "xlm-roberta"),
    ModelSource("intfloat/multilingual-e5-small", "e5-small", _MODELS / "e5-small"),
    *(
        ModelSource(f"retrieva-jp/{name}", "t5-ja", _MODELS / "t5-ja")
        for name in ("t5-small-long", "t5-base-long")
    ),
)


def _models() -> list[ModelSource]:
    """重みのあるもの。重みがない id は、トークナイザがあれば、それだけを配る。

    重みをまだ作っていないレシピは、目録に載せない(作るのは make models)。
    """
    trained = [source for source in _RECIPES if source.parameters()]
    served = {source.id for source in trained}
    return trained + [one for one in _tokenizer_models() if one.id not in served]


MODELS: list[ModelSource] = _models()


def describe(repo_id: str) -> str:
    """データなら split ごとの件数、モデルならパラメータ数。"""
    for source in (*DATASETS, *MODELS):
        if source.id == repo_id:
            return source.describe()
    known = "、".join(source.id for source in (*DATASETS, *MODELS))
    raise KeyError(f"{repo_id} は目録にありません。あるもの: {known}")


def _source_files() -> list[Path]:
    """木の中身を決めるファイル。"""
    code = [
        Path(__file__),
        _PACKAGE / "sources.py",
        *sorted((_PACKAGE / "repositories").glob("*.py")),
        *sorted((_PACKAGE / "world").rglob("*.py")),
    ]
    return code + [path for model in MODELS for path in model.files]


def content_hash() -> str:
    """木の中身を決めるすべての指紋。"""
    digest = hashlib.sha256()
    for library in ("datasets", "pyarrow", "bm25s", "fugashi", "unidic-lite"):
        version = importlib.metadata.version(library)
        digest.update(f"{library}=={version}\n".encode())
    for path in _source_files():
        digest.update(path.relative_to(_PACKAGE).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _link(source: Path, target: Path) -> None:
    """同じファイルシステムならハードリンク、そうでなければ写す。"""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _build_model(root: Path, model: ModelSource) -> None:
    folder = root / repo_folder("models", model.id)
    for path in model.files:
        _link(path, folder / path.relative_to(model.folder))
    for old_id in model.moved_from:
        write_meta(root / repo_folder("models", old_id), moved_to=model.id)


def _is_complete(root: Path, wanted: str) -> bool:
    marker = root / _MARKER
    return marker.exists() and marker.read_text() == wanted


def build_tree(root: Path) -> None:
    """root に木を作る。ソースと重みが前と同じなら、あるものをそのまま使う。

    別の場所に作ってから名前を変えるので、途中で止まっても壊れた木は残らない。
    """
    root.parent.mkdir(parents=True, exist_ok=True)
    wanted = content_hash()
    if _is_complete(root, wanted):
        return
    staging = root.with_name(f".{root.name}-{os.getpid()}")
    shutil.rmtree(staging, ignore_errors=True)
    for dataset in DATASETS:
        dataset.build(staging)
    for model in MODELS:
        _build_model(staging, model)
    (staging / _MARKER).write_text(wanted)
    if _is_complete(root, wanted):
        # 同時に作っていた別のプロセスが先に終えた。使われている木には触れない。
        shutil.rmtree(staging)
        return
    if (root / _MARKER).exists():
        shutil.rmtree(root)
    # 目録の木ではないフォルダがあれば、消さずにここで失敗させる。
    staging.rename(root)


def tree(base: Path) -> Path:
    """base の下に、中身の指紋を名前にもつ木を作り、その場所を返す。"""
    root = base / f"tree-{content_hash()}"
    build_tree(root)
    return root
