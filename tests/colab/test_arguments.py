"""ノートブックが渡す引数が、Colab の版にも、手元の版にもある。"""

from __future__ import annotations

import importlib.util
from pathlib import Path, PurePosixPath

import pytest

from misc import checks
from misc.checks.subject import Subject
from misc.colab import calls, packages, signatures
from misc.colab.calls import LibraryCall
from misc.colab.signatures import Signature, Source
from misc.notebook_file import NotebookFile

ROOT = Path(__file__).resolve().parents[2]


def collected(*sources: str) -> list[LibraryCall]:
    """コードセルだけのノートブックから、呼び出しを集める。"""
    cells = [
        {"cell_type": "code", "id": f"cell-{n}", "source": source, "metadata": {}}
        for n, source in enumerate(sources)
    ]
    path = PurePosixPath("chapter05/x.ipynb")
    return calls.library_calls(NotebookFile(path, {"cells": cells}, ""))


def site_packages() -> Path:
    """手元のパッケージの置き場所 (import はしない)。"""
    spec = importlib.util.find_spec("transformers")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parents[1]


@pytest.fixture(scope="module")
def installed() -> dict[str, Signature | None]:
    """ノートブックが使うものの、手元の版の引数。"""
    names = {
        call.name
        for subject in checks.subjects(ROOT)
        for call in signatures.checked(calls.library_calls(subject.file))
    }
    return signatures.lookup(names, site_packages())


@pytest.mark.parametrize(
    "subject", checks.subjects(ROOT), ids=lambda subject: subject.entry.id
)
def test_arguments_exist_on_colab(subject: Subject) -> None:
    """Colab の版に、渡している引数がある。"""
    used = signatures.checked(calls.library_calls(subject.file))
    recorded = signatures.read_recorded().signatures

    assert used
    assert (
        signatures.problems(str(subject.file.path), used, recorded, "Colab の版") == []
    )


@pytest.mark.parametrize(
    "subject", checks.subjects(ROOT), ids=lambda subject: subject.entry.id
)
def test_arguments_exist_here(
    subject: Subject, installed: dict[str, Signature | None]
) -> None:
    """手元の版に、渡している引数がある。"""
    used = signatures.checked(calls.library_calls(subject.file))

    assert (
        signatures.problems(str(subject.file.path), used, installed, "手元の版") == []
    )


def test_record_is_of_the_colab_versions() -> None:
    """記録は、一覧にある Colab の版のものである。"""
    pins = packages.constraints()
    versions = signatures.read_recorded().versions

    assert versions
    assert {name: pins[name] for name in versions} == versions


def test_most_recorded_callables_are_readable() -> None:
    """記録のうち、引数を読めなかったものは 1 割より少ない。"""
    recorded = signatures.read_recorded().signatures
    unread = [name for name, item in recorded.items() if item is None]

    assert len(unread) < max(2, len(recorded) / 10), unread


def test_unknown_keyword_is_reported() -> None:
    """植えた、存在しない引数を知らせる。"""
    used = collected(
        "from transformers import TrainingArguments",
        "TrainingArguments(output_dir='x', evaluate_strategy='epoch')",
    )
    found = signatures.lookup([call.name for call in used], site_packages())

    (problem,) = signatures.problems("x.ipynb", used, found, "手元の版")

    assert "evaluate_strategy" in problem and "cell-1" in problem


def test_unknown_keyword_is_reported_on_the_recorded_version() -> None:
    """記録にある呼び出しでも、知らない引数なら知らせる。"""
    recorded = signatures.read_recorded().signatures
    name = next(n for n, item in recorded.items() if item and not item.any_keyword)

    (problem,) = signatures.problems(
        "x.ipynb", [LibraryCall("c", name, ("no_such_argument",))], recorded, "Colab"
    )

    assert "no_such_argument" in problem


def test_unrecorded_callable_is_reported() -> None:
    """記録にない呼び出しは、記録し直すように知らせる。"""
    used = [LibraryCall("c", "transformers.NewThing", ("x",))]

    (problem,) = signatures.problems("x.ipynb", used, {}, "Colab の版")

    assert "make colab-check" in problem


@pytest.mark.parametrize(
    ("sources", "name", "keyword"),
    [
        (["import pandas as pd", "pd.DataFrame(data=[])"], "pandas.DataFrame", "data"),
        (
            ["from transformers import Trainer", "t = Trainer()", "t.train(x=1)"],
            "transformers.Trainer.train",
            "x",
        ),
        (
            [
                "from transformers import AutoModel",
                "model = AutoModel.from_pretrained('x')",
                "model.save_pretrained('y', safe=True)",
            ],
            "transformers.PreTrainedModel.save_pretrained",
            "safe",
        ),
        (
            [
                "from datasets import load_dataset",
                "data = load_dataset('x')",
                "rows = data['train'].map(f, batched=True)",
            ],
            "datasets.Dataset.map",
            "batched",
        ),
        (
            [
                "from datasets import Dataset\n"
                "def f(rows: Dataset) -> Dataset:\n"
                "    return rows.shuffle(seed=1)"
            ],
            "datasets.Dataset.shuffle",
            "seed",
        ),
    ],
)
def test_calls_are_traced_to_their_library(
    sources: list[str], name: str, keyword: str
) -> None:
    """Import・代入・注釈をたどり、呼び出しの完全な名前が分かる。"""
    assert (name, (keyword,)) in [
        (call.name, call.keywords) for call in collected(*sources)
    ]


def test_reassigned_name_is_not_a_library_call() -> None:
    """同じ名前に別のものを入れたあとは、ライブラリの呼び出しとみなさない。"""
    used = collected("from transformers import pipeline", "pipeline = mine()\n")
    used += collected(
        "from transformers import pipeline\npipeline = mine()\npipeline(x=1)"
    )

    assert used == []


LIBRARY = {
    "__init__.py": "from .a import Base\n",
    "a.py": """\
from dataclasses import dataclass, field
from typing import ClassVar, overload


class Base:
    def __init__(self, first, *, second=1):
        pass

    def save(self, path, **kwargs):
        pass


class Child(Base):
    pass


@dataclass
class Settings:
    rate: float = 0.1
    table: ClassVar[dict] = {}
    hidden: int = field(default=0, init=False)


@dataclass
class MoreSettings(Settings):
    steps: int = 1


class Made:
    def __new__(cls, value):
        return object.__new__(cls)


@overload
def read(path: str) -> str: ...


def read(path, *, encoding=None):
    return path
""",
    "near/thing.py": "def same(near): ...\n",
    "far/thing.py": "def same(far): ...\n",
    "tests/test_a.py": "def read(wrong): ...\n",
}


@pytest.fixture
def library(tmp_path: Path) -> Source:
    """小さなパッケージのソース。"""
    for name, text in LIBRARY.items():
        path = tmp_path / "library" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Source(tmp_path / "library")


@pytest.mark.parametrize(
    ("name", "keywords", "any_keyword"),
    [
        ("Base", ["first", "second"], False),
        ("Child", ["first", "second"], False),
        ("Child.save", ["kwargs", "path"], True),
        ("Settings", ["rate"], False),
        ("MoreSettings", ["rate", "steps"], False),
        ("Made", ["value"], False),
        ("read", ["encoding", "path"], False),
        ("near.thing.same", ["near"], False),
        ("far.thing.same", ["far"], False),
        ("thing.same", ["far", "near"], False),
    ],
)
def test_signature_is_read_from_source(
    library: Source, name: str, keywords: list[str], any_keyword: bool
) -> None:
    """継承・dataclass・overload をたどって、引数を読む。"""
    found = library.signature(name)

    assert found is not None
    assert sorted({*found.keywords, *(["kwargs"] if any_keyword else [])}) == keywords
    assert found.any_keyword == any_keyword


@pytest.mark.parametrize("name", ["missing", "Base.missing", "read.missing"])
def test_unreadable_signature_is_none(library: Source, name: str) -> None:
    """定義が見つからなければ None。"""
    assert library.signature(name) is None
