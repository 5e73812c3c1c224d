"""ライブラリの関数やクラスが受け付ける引数の名前を、import せずにソースから読む。"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from misc.colab.calls import LibraryCall
from misc.colab.packages import FOLDER

SIGNATURES = FOLDER / "signatures.json"

DISTRIBUTIONS = {
    "accelerate": "accelerate",
    "datasets": "datasets",
    "huggingface_hub": "huggingface-hub",
    "langchain": "langchain",
    "langchain_core": "langchain-core",
    "matplotlib": "matplotlib",
    "openai": "openai",
    "pandas": "pandas",
    "peft": "peft",
    "sentence_transformers": "sentence-transformers",
    "sklearn": "scikit-learn",
    "tqdm": "tqdm",
    "transformers": "transformers",
}
"""調べるパッケージ。Python で書かれ、版によって引数が変わるもの。"""

UNCHECKED = {
    "numpy": "多くが C で書かれ、ソースから引数を読めない",
    "scipy": "配布物が大きく、使うのは版で変わらない関数だけ",
    "torch": "配布物が 1 GB 近くある",
    "tokenizers": "Rust で書かれ、ソースから引数を読めない",
}
"""調べないパッケージと、その理由。"""

_DEFINITION = re.compile(r"^(?:class|def|async def) (\w+)", re.MULTILINE)
_SKIPPED_FOLDERS = {"tests", "test", "testing", "_vendor"}


class Signature(BaseModel):
    """受け付ける引数。"""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keywords: list[str]
    any_keyword: bool = False
    """**kwargs があり、どの名前でも受け付ける。"""

    def accepts(self, keyword: str) -> bool:
        """その名前の引数を渡せるか。"""
        return self.any_keyword or keyword in self.keywords


class Recorded(BaseModel):
    """signatures.json の形。読めなかったものは null。"""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: str
    versions: dict[str, str]
    signatures: dict[str, Signature | None]


Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Source:
    """1 つのパッケージのソース。"""

    folder: Path

    @cached_property
    def index(self) -> dict[str, list[Path]]:
        """最上位の定義の名前 → それがあるファイル。"""
        found: dict[str, list[Path]] = {}
        for path in sorted(self.folder.rglob("*.py")):
            if _SKIPPED_FOLDERS & set(path.relative_to(self.folder).parts[:-1]):
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
            for name in set(_DEFINITION.findall(text)):
                found.setdefault(name, []).append(path)
        return found

    def definitions(self, name: str, module: tuple[str, ...]) -> list[Definition]:
        """名前の定義。同じ名前がいくつもあれば、モジュールに近いものを選ぶ。"""
        paths = self.index.get(name, [])
        near = [p for p in paths if self._module(p)[: len(module)] == module]
        exported = [p for p in near if self._module(p) == module]
        return [
            node
            for path in exported or near or paths
            for node in _parse(path).body
            if isinstance(node, Definition)
            and node.name == name
            and not _is_overload(node)
        ]

    def _module(self, path: Path) -> tuple[str, ...]:
        """ファイルのモジュール名 (パッケージ名を除く)。"""
        parts = path.relative_to(self.folder).with_suffix("").parts
        return parts[:-1] if parts[-1] == "__init__" else parts

    def signature(self, name: str) -> Signature | None:
        """`Trainer.train` や `linear_model.LogisticRegression` の引数。"""
        parts = name.split(".")
        for place, part in enumerate(parts):
            module, rest = tuple(parts[:place]), parts[place + 1 :]
            if len(rest) > 1 or part not in self.index:
                continue
            if any(name[:1].isupper() for name in module):
                # クラスの先の属性 (Trainer.accelerator) の型は、ソースから分からない。
                continue
            merged = _merge(
                found
                for definition in self.definitions(part, module)
                for found in self._accepted(definition, rest, frozenset())
            )
            if merged is not None:
                return merged
        return None

    def _accepted(
        self, definition: Definition, rest: list[str], seen: frozenset[str]
    ) -> Iterator[Signature]:
        """定義 (または、そのメソッド) が受け付ける引数。"""
        if not isinstance(definition, ast.ClassDef):
            if not rest:
                yield _of_function(definition)
            return
        methods = {rest[0]} if rest else {"__init__", "__new__"}
        own = [
            node
            for node in definition.body
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and node.name in methods
            and not _is_overload(node)
        ]
        if own:
            yield _of_function(own[-1])
            return
        if not rest and _is_dataclass(definition):
            yield self._of_dataclass(definition)
            return
        for base in self._bases(definition, seen):
            yield from self._accepted(base, rest, seen | {definition.name})

    def _bases(
        self, definition: ast.ClassDef, seen: frozenset[str]
    ) -> Iterator[ast.ClassDef]:
        """同じパッケージの中の、親のクラス。"""
        for base in definition.bases:
            name = ast.unparse(base).split("[")[0].split(".")[-1]
            if name == definition.name or name in seen:
                continue
            for found in self.definitions(name, ()):
                if isinstance(found, ast.ClassDef):
                    yield found

    def _of_dataclass(self, definition: ast.ClassDef) -> Signature:
        """親を含む、dataclass の項目。"""
        names: list[str] = []
        for base in self._bases(definition, frozenset()):
            if _is_dataclass(base):
                names += self._of_dataclass(base).keywords
        for node in definition.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                annotation = ast.unparse(node.annotation)
                value = ast.unparse(node.value) if node.value else ""
                if "ClassVar" not in annotation and "init=False" not in value:
                    names.append(node.target.id)
        return Signature(keywords=sorted(set(names)))


def _parse(path: Path) -> ast.Module:
    """ソースの構文木。"""
    return ast.parse(path.read_text(encoding="utf-8", errors="replace"))


def _is_overload(node: Definition) -> bool:
    """型を示すためだけの定義か。"""
    return any(ast.unparse(item).endswith("overload") for item in node.decorator_list)


def _is_dataclass(node: ast.ClassDef) -> bool:
    """Dataclass か。"""
    return any("dataclass" in ast.unparse(item) for item in node.decorator_list)


def _of_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Signature:
    """関数の引数。"""
    arguments = [*node.args.args, *node.args.kwonlyargs]
    names = sorted(a.arg for a in arguments if a.arg not in ("self", "cls"))
    return Signature(keywords=names, any_keyword=node.args.kwarg is not None)


def _merge(signatures: Iterable[Signature]) -> Signature | None:
    """候補がいくつもあれば、どれかが受け付けるものを受け付けるとみなす。"""
    found = list(signatures)
    if not found:
        return None
    return Signature(
        keywords=sorted({name for item in found for name in item.keywords}),
        any_keyword=any(item.any_keyword for item in found),
    )


def checked(calls: Iterable[LibraryCall]) -> list[LibraryCall]:
    """調べるパッケージの呼び出しだけを残す。"""
    return [call for call in calls if call.name.split(".")[0] in DISTRIBUTIONS]


def lookup(names: Iterable[str], folder: Path) -> dict[str, Signature | None]:
    """folder に展開された (または入っている) パッケージから、引数を読む。"""
    sources: dict[str, Source] = {}
    found: dict[str, Signature | None] = {}
    for name in sorted(set(names)):
        package, _, rest = name.partition(".")
        source = sources.setdefault(package, Source(folder / package))
        found[name] = source.signature(rest) if rest else None
    return found


def problems(
    path: str,
    calls: Iterable[LibraryCall],
    signatures: dict[str, Signature | None],
    where: str,
) -> list[str]:
    """記録にない呼び出しと、受け付けられない引数を知らせる。"""
    found: list[str] = []
    for call in calls:
        if call.name not in signatures:
            found.append(
                f"{path}: セル {call.cell}: {call.name} の引数が記録にありません。"
                "make colab-check を実行してください"
            )
            continue
        signature = signatures[call.name]
        if signature is None:
            continue
        for keyword in call.keywords:
            if not signature.accepts(keyword):
                found.append(
                    f"{path}: セル {call.cell}: {where}の {call.name} に"
                    f"引数 {keyword} はありません"
                )
    return found


def read_recorded() -> Recorded:
    """記録してある Colab の引数。"""
    return Recorded.model_validate_json(SIGNATURES.read_text(encoding="utf-8"))
