"""ローカル Hub が配るものの目録と、ファイルの木の組み立て。

データは ``tinyhub.world`` から、モデルは ``tinyhub/models/`` に置いた重みから作る。
木の中身は、それらのソースと重みだけで決まる。
"""

import hashlib
import importlib.metadata
import json
import os
import shutil
import struct
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote

from tinyhub.world import articles, captions, posts

_PACKAGE = Path(__file__).resolve().parent
_MODELS = _PACKAGE / "models"
_TOKENIZERS = _MODELS / "tokenizers"
_MARKER = ".tinyhub-tree"

PARQUET_BRANCH = "refs/convert/parquet"
WRIME_ID = "llm-book/wrime-sentiment"
WRIME_COMMIT = "e4d2dd3957122a481ca24ef4919bbd7239e8e7b9"
JGLUE_ID = "yahoojapan/JGLUE"
JSTS_FOLDER = (
    "raw.githubusercontent.com/yahoojapan/JGLUE/"
    "6f071c09316baae89c3d083a90985b4b1cb9968c/datasets/jsts-v1.3"
)
JSTS_ROWS = {"train": 5000, "valid": 1000}
JSTS_SEED = 2023
WIKIPEDIA_ID = "wikimedia/wikipedia"
WIKIPEDIA_CONFIG = "20231101.ja"
WIKIPEDIA_COMMIT = "b04c8d1ceb2f5cd4588862100d08de323dccfbaa"
BERT_JA = "bert-ja"
# レシピのフォルダにあっても、Hub の利用者には配らない覚え書き。
_NOT_SERVED = frozenset({"recipe.json"})


@dataclass(frozen=True)
class DatasetSource:
    """データ一つ。build は木の根を受け取り、ファイルを書く。"""

    id: str
    splits: Mapping[str, int]
    build: Callable[[Path], None]
    revision_folders: tuple[str, ...] = ()

    def describe(self) -> str:
        """split ごとの件数。"""
        return " · ".join(f"{name} {rows:,}" for name, rows in self.splits.items())


@dataclass(frozen=True)
class ModelSource:
    """モデル一つ。folder のファイルをそのまま配る。moved_from は以前の id。"""

    id: str
    recipe: str
    folder: Path
    moved_from: tuple[str, ...] = field(default=())

    @property
    def files(self) -> tuple[Path, ...]:
        """配るファイル。"""
        return tuple(
            path
            for path in sorted(self.folder.iterdir())
            if path.is_file() and path.name not in _NOT_SERVED
        )

    def parameters(self) -> int:
        """重みのパラメータ数。重みを読み込まず、見出しの形だけから数える。"""
        weights = self.folder / "model.safetensors"
        if not weights.exists():
            return 0
        with weights.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(size))
        total = 0
        for name, tensor in header.items():
            if name == "__metadata__":
                continue
            count = 1
            for length in tensor["shape"]:
                count *= length
            total += count
        return total

    def describe(self) -> str:
        """「1.0 M パラメータ」。トークナイザだけのものは「トークナイザのみ」。"""
        count = self.parameters()
        return f"{count / 1e6:.1f} M パラメータ" if count else "トークナイザのみ"


def repo_folder(kind: str, repo_id: str, revision: str = "") -> Path:
    """木の根から見た、リポジトリ(の版)のフォルダ。"""
    suffix = f"@{quote(revision, safe='')}" if revision else ""
    return Path(kind) / f"{repo_id}{suffix}"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_meta(folder: Path, **meta: object) -> None:
    _write(folder / ".tinyhub.json", json.dumps(meta, ensure_ascii=False, indent=1))


_WRIME_CARD = """---
language:
- ja
task_categories:
- text-classification
pretty_name: wrime-sentiment(練習用の人工データ)
---

# llm-book/wrime-sentiment(練習用の人工データ)

本物と同じ列・ラベル・分割をもつ、架空の SNS 投稿です。文はすべて規則から作ったもので、
実在の人物や会社の名前は出てきません。ラベルの {noise:.0%} は、わざと逆にしてあります。

| 列 | 型 | 意味 |
|---|---|---|
| sentence | string | 投稿の本文 |
| label | ClassLabel | 0: positive、1: negative |
| user_id | int64 | 架空の書き手の番号 |
| datetime | string | 投稿の日時 |
"""


def _build_wrime(root: Path) -> None:
    # datasets の読み込みは遅いので、木を作るときにだけ読む。
    from datasets import (
        ClassLabel,
        Dataset,
        Features,
        Value,
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    features = Features(
        {
            "sentence": Value("string"),
            "label": ClassLabel(names=list(posts.LABELS)),
            "user_id": Value("int64"),
            "datetime": Value("string"),
        }
    )
    main = root / repo_folder("datasets", WRIME_ID)
    _write(main / "README.md", _WRIME_CARD.format(noise=posts.LABEL_NOISE))
    _write_meta(main, revisions={WRIME_COMMIT: PARQUET_BRANCH})
    branch = root / repo_folder("datasets", WRIME_ID, PARQUET_BRANCH)
    shown = not are_progress_bars_disabled()
    disable_progress_bars()
    for split, rows in posts.ROWS.items():
        table = [asdict(post) for post in posts.generate(split, rows)]
        target = branch / "default" / split / "0000.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        Dataset.from_list(table, features=features).to_parquet(target)
    if shown:
        enable_progress_bars()


def _build_jsts(root: Path) -> None:
    for split, rows in JSTS_ROWS.items():
        lines = [
            json.dumps(asdict(row), ensure_ascii=False)
            for row in captions.generate(split, rows, JSTS_SEED)
        ]
        path = root / "raw" / JSTS_FOLDER / f"{split}-v1.3.json"
        _write(path, "\n".join(lines) + "\n")


_WIKIPEDIA_CARD = """---
language:
- ja
configs:
- config_name: {config}
  data_files:
  - split: train
    path: {config}/train-*
pretty_name: wikipedia(練習用の人工データ)
---

# wikimedia/wikipedia(練習用の人工データ)

本物と同じ列をもつ、架空の町・会社・人物・作品についての記事です。文はすべて規則から
作ったもので、実在の人物や会社の名前は出てきません。

| 列 | 型 | 意味 |
|---|---|---|
| id | string | 記事の番号 |
| url | string | 記事の場所 (開いても記事はありません) |
| title | string | 記事の題 |
| text | string | 記事の本文 |
"""


def _build_wikipedia(root: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    folder = root / repo_folder("datasets", WIKIPEDIA_ID)
    _write(folder / "README.md", _WIKIPEDIA_CARD.format(config=WIKIPEDIA_CONFIG))
    _write_meta(folder, revisions={WIKIPEDIA_COMMIT: "main"})
    for split, rows in articles.ROWS.items():
        table = pyarrow.Table.from_pylist(
            [asdict(article) for article in articles.generate(rows)]
        )
        target = folder / WIKIPEDIA_CONFIG / f"{split}-00000-of-00001.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        pyarrow.parquet.write_table(table, target)


DATASETS: list[DatasetSource] = [
    DatasetSource(WIKIPEDIA_ID, articles.ROWS, _build_wikipedia),
    DatasetSource(WRIME_ID, posts.ROWS, _build_wrime, (PARQUET_BRANCH,)),
    DatasetSource(JGLUE_ID, JSTS_ROWS, _build_jsts),
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
)
# 重みをまだ作っていないレシピは、目録に載せない(作るのは make models)。
MODELS: list[ModelSource] = [
    *(source for source in _RECIPES if (source.folder / "config.json").exists()),
    *_tokenizer_models(),
]


def describe(repo_id: str) -> str:
    """データなら split ごとの件数、モデルならパラメータ数。"""
    for source in (*DATASETS, *MODELS):
        if source.id == repo_id:
            return source.describe()
    known = "、".join(source.id for source in (*DATASETS, *MODELS))
    raise KeyError(f"{repo_id} は目録にありません。あるもの: {known}")


def _source_files() -> list[Path]:
    """木の中身を決めるファイル。"""
    code = [Path(__file__), *sorted((_PACKAGE / "world").glob("*.py"))]
    return code + [path for model in MODELS for path in model.files]


def content_hash() -> str:
    """木の中身を決めるすべての指紋。"""
    digest = hashlib.sha256()
    for library in ("datasets", "pyarrow"):
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
        _link(path, folder / path.name)
    for old_id in model.moved_from:
        _write_meta(root / repo_folder("models", old_id), moved_to=model.id)


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
