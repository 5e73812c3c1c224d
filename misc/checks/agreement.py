"""curriculum/ の項目とノートブックの一致、予算。"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from misc import notebook_file
from misc.checks import outputs
from misc.checks.subject import Subject, rule
from runner.curriculum import Notebook, metric_names
from runner.expect import check_all

MAX_MINUTES_T4 = 45
MAX_GPU_GB = 12
MAX_DOWNLOAD_GB = 10
MAX_DISK_GB = 25
MAX_CPU_SECONDS = 150
MEAN_CPU_SECONDS = 45
TOTAL_CPU_SECONDS = 38 * 60


@rule
def curriculum_parameters_are_declared(subject: Subject) -> Iterator[str]:
    """tiny と control の名前は、パラメータのセルにある。"""
    declared = set(subject.file.parameters())
    control = subject.entry.control
    groups = {
        "tiny": set(subject.entry.tiny),
        "control": set(control.parameters) if control else set(),
    }
    for name, used in groups.items():
        missing = sorted(used - declared)
        if missing:
            yield f"curriculum の {name} にある {missing} が parameters にありません"


@rule
def expected_metrics_are_printed(subject: Subject) -> Iterator[str]:
    """expect の式に現れる指標は、metrics に出ている。"""
    printed = set(outputs.stored_metrics(subject.file) or {})
    if not subject.entry.expect:
        yield "curriculum の expect に、この実行が満たすべき基準を書いてください"
    for expression in subject.entry.expect:
        missing = sorted(metric_names(expression) - printed)
        if missing:
            yield f"expect の「{expression}」にある {missing} が metrics にありません"
    unknown = sorted(set(subject.entry.reference) - printed)
    if unknown:
        yield f"curriculum の reference にある {unknown} が metrics にありません"


@rule
def stored_metrics_meet_the_bounds(subject: Subject) -> Iterator[str]:
    """保存されている出力の指標が、expect の基準を満たす。"""
    metrics = outputs.stored_metrics(subject.file)
    if not metrics:
        return
    for expression, result in check_all(subject.entry.expect, metrics).items():
        if result.value is not None and not result.ok:
            yield (
                f"保存されている {expression} = {result.value:.4f} が基準"
                f"「{result.bound}」を満たしません。make outputs で作り直してください"
            )


@rule
def summary_matches_curriculum(subject: Subject) -> Iterator[str]:
    """まとめの表の基準と参考値は、curriculum と同じである。"""
    cell = subject.file.cell("summary")
    if cell is None:
        return
    written = notebook_file.literals(cell.tree)
    for name, truth in (
        ("expected", subject.entry.expected_texts),
        ("references", subject.entry.reference_texts),
    ):
        if name not in written:
            yield f"summary のセルに、リテラルの辞書 {name} = {{…}} がありません"
        elif written[name] != truth:
            yield f"summary の {name} を curriculum に合わせてください: {truth!r}"


@rule
def training_is_compared_and_controlled(subject: Subject) -> Iterator[str]:
    """学習するノートブックは、基準手法との差の基準と、対照の実行を持つ。"""
    if not subject.entry.trains:
        return
    if not any(_is_difference(expression) for expression in subject.entry.expect):
        yield (
            "学習するノートブックの expect には、基準手法との差"
            "(例: test_accuracy - lr_accuracy)を書いてください"
        )
    if not any(
        bound.startswith("<")
        for bounds in subject.entry.expect.values()
        for bound in bounds
    ):
        yield "満点は疑わしい値です。expect に上限 (< 1.0 など) も書いてください"
    if subject.entry.control is None:
        yield (
            "学習するノートブックの control に、学習できないはずの条件を書いてください"
        )


def _is_difference(expression: str) -> bool:
    """2 つの指標の差を含む式かどうか。"""
    tree = ast.parse(expression, mode="eval")
    return len(metric_names(expression)) >= 2 and any(
        isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Div))
        for node in ast.walk(tree)
    )


@rule
def fits_free_colab(subject: Subject) -> Iterator[str]:
    """既定値が、無料の Colab に収まる。"""
    limits = {
        "minutes_t4": (MAX_MINUTES_T4, "分"),
        "gpu_gb": (MAX_GPU_GB, "GB"),
        "download_gb": (MAX_DOWNLOAD_GB, "GB"),
        "disk_gb": (MAX_DISK_GB, "GB"),
    }
    for name, (limit, unit) in limits.items():
        value = getattr(subject.entry, name)
        if value is not None and value > limit:
            yield f"{name} が {value:g} {unit} です。{limit} {unit} 以下にしてください"
    basis = subject.entry.estimate_basis or ""
    if not basis.startswith(("見積もり: ", "実測: ")):
        yield "estimate_basis は「見積もり: 根拠」か「実測: 機械と日付」にしてください"


@rule
def fits_cpu_budget(subject: Subject) -> Iterator[str]:
    """小さな環境での CPU 時間が測ってあり、1 冊の上限に収まる。"""
    seconds = subject.entry.cpu_seconds_tiny
    if seconds is None:
        yield "cpu_seconds_tiny がありません。make outputs で測ってください"
    elif seconds > MAX_CPU_SECONDS:
        yield f"CPU {seconds:g} 秒かかります。{MAX_CPU_SECONDS} 秒以下にしてください"


def total_budget(entries: Iterable[Notebook]) -> list[str]:
    """できている冊を合わせた、CPU 時間の予算。"""
    everything = [
        entry.cpu_seconds_tiny or 0 for entry in entries if entry.status == "ready"
    ]
    problems: list[str] = []
    if everything and sum(everything) / len(everything) > MEAN_CPU_SECONDS:
        mean = sum(everything) / len(everything)
        problems.append(
            f"1 冊あたりの CPU 時間の平均が {mean:.0f} 秒です。"
            f"{MEAN_CPU_SECONDS} 秒以下にしてください"
        )
    if sum(everything) > TOTAL_CPU_SECONDS:
        problems.append(
            f"CPU 時間の合計が {sum(everything):.0f} 秒です。"
            f"{TOTAL_CPU_SECONDS} 秒以下にしてください"
        )
    return problems


def every_notebook_is_listed(root: Path, entries: Iterable[Notebook]) -> list[str]:
    """実在するノートブックと curriculum が、過不足なく対応する。"""
    listed = {entry.path: entry for entry in entries}
    found = {
        path.relative_to(root).as_posix()
        for path in root.glob("chapter[0-9][0-9]/**/*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    }
    problems = [
        f"{path} が curriculum にありません。curriculum/NN.yml に加えてください"
        for path in sorted(found - set(listed))
    ]
    for path, entry in listed.items():
        if entry.status == "ready" and path not in found:
            problems.append(f"{path} は ready なのにファイルがありません")
        if entry.status == "planned" and path in found:
            problems.append(
                f"{path} はもうあります。curriculum の status を ready にしてください"
            )
    return problems
