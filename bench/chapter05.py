"""5 章の計測: 推論とトークン化の速さと、複数のシードでの余地。

    make bench CHAPTER=05                               速さとシードの両方
    .venv/bin/python -m bench.chapter05 speed           速さだけ
    .venv/bin/python -m bench.chapter05 seeds           シードだけ (長い)
    .venv/bin/python -m bench.chapter05 seeds --only 5-4-nli-train

速さは 1 つのプロセス、1 つのスレッドで、同じ練習用小型モデルと同じ行を使い、
やり方を交互に測った CPU 秒の中央値で比べる。どのやり方でも答え (番号の列とロジット)
が同じであることを、測る前に確かめる。結果は bench/results/chapter05.json に書く。
シードの結果は bench/results/seeds.json に書き (bench/seeds.py)、余地の表を出す。
"""

from __future__ import annotations

import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from bench import seeds as seed_study
from runner import curriculum, guard
from runner.project import Project
from runner.results import machine
from runner.world import build_tree

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

RESULTS = Path(__file__).parent / "results" / "chapter05.json"
MODEL = "tohoku-nlp/bert-base-japanese-v3"
MAX_LENGTH = 256
DEFAULT_BATCH = 32
BATCH_TOKENS = 1024
MODEL_INPUTS = ["input_ids", "token_type_ids", "attention_mask"]

LOOP, LIBRARY, OURS = "1 件ずつ", "ライブラリの既定", "長さ順のバッチ"
PER_ROW, BATCHED, CACHED = "1 件ずつ", "まとめて", "語ごとに 1 度だけ"

# 計測の名前 → (比べる相手, 速さの比の下限)。比は「相手の CPU 秒 ÷ 私たちの CPU 秒」。
TARGETS: dict[str, dict[str, float]] = {
    "文字列から答えまで (pipeline)": {LOOP: 3.0, LIBRARY: 1.0},
    "番号の列から答えまで (Trainer.predict)": {LOOP: 3.0, LIBRARY: 1.0},
    "トークン化": {PER_ROW: 1.5, BATCHED: 1.5},
}
OUR_WAYS = dict(zip(TARGETS, (OURS, OURS, CACHED), strict=True))

POSTS, PAIRS, REVIEWS = "投稿", "文の対", "商品レビュー"
# 目標は短い文で守る。長い文では計算そのものが時間のほとんどを占め、1 件ずつ渡すときの
# 準備の時間が目立たないので、比は小さくなる (測って記録し、合否には使わない)。
CORPORA = {POSTS: True, PAIRS: True, REVIEWS: False}

Row = dict[str, list[int]]
Texts = list[tuple[str, ...]]
Way = Callable[[], Any]

console = Console(highlight=False, soft_wrap=True)
app = typer.Typer(invoke_without_command=True, add_completion=False)


# 比べる相手の指標の名前。このあとに、物差し (accuracy、macro_f1 など) が続く。
BASELINES = ("baseline", "majority", "lr", "hypothesis", "choice_only")


@dataclass(frozen=True)
class Study:
    """シードの調査 1 つ: ノートブックと、余地を測る指標。"""

    notebook: str
    metric: str
    baselines: tuple[str, ...] = ()
    """比べる相手の指標。空なら、BASELINES の名前で、metric と同じ物差しのもの。"""

    def baselines_in(self, figures: dict[str, Any]) -> list[str]:
        """測った指標のうち、比べる相手であるもの。"""
        scale = self.metric.removeprefix("test_")
        names = self.baselines or [f"{name}_{scale}" for name in BASELINES]
        return [name for name in names if name in figures]


STUDIES = (
    Study("5-2-marc-ja", "test_macro_f1"),
    Study("5-2-wrime", "test_accuracy"),
    Study("5-4-nli-train", "test_accuracy"),
    Study("5-4-sts-train", "test_spearman"),
    Study("5-4-qa-train", "test_accuracy"),
    Study("5-5-lora-marc-ja", "test_macro_f1"),
    Study("5-5-lora-wrime", "test_accuracy"),
)


class WordCacheEncoder:
    """日本語 BERT のトークナイザと同じ番号を、同じ語を 2 度分けずに求める。

    形態素解析のあとの分割は語だけで決まるので、語 → 番号の列を覚えておける。
    特別なトークンの文字を含む文と、上限を超える行は、元のトークナイザに任せる。
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """覚えた語は、この符号化器とともに消える。"""
        self.tokenizer = tokenizer
        self.special = list(tokenizer.all_special_tokens)
        self.words: dict[str, list[int]] = {}

    def word(self, word: str) -> list[int]:
        """1 語の番号の列。"""
        pieces = self.tokenizer.subword_tokenizer.tokenize(word)
        ids = self.tokenizer.convert_tokens_to_ids(pieces)
        self.words[word] = ids
        return ids

    def sentence(self, text: str) -> list[int] | None:
        """1 文の番号の列。特別なトークンの文字を含めば None。"""
        if any(token in text for token in self.special):
            return None
        known, ids = self.words, []
        for word in self.tokenizer.word_tokenizer.tokenize(text):
            found = known.get(word)
            ids += self.word(word) if found is None else found
        return ids

    def row(self, texts: tuple[str, ...]) -> Row:
        """1 行 (1 文か 2 文) の、モデルに渡す列。"""
        parts = [self.sentence(text) for text in texts]
        ids, segments = [self.tokenizer.cls_token_id], [0]
        for segment, part in enumerate(parts):
            if part is None:
                return library_rows(self.tokenizer, [texts])[0]
            ids += [*part, self.tokenizer.sep_token_id]
            segments += [segment] * (len(part) + 1)
        if len(ids) > MAX_LENGTH:
            return library_rows(self.tokenizer, [texts])[0]
        columns = (ids, segments, [1] * len(ids))
        return dict(zip(MODEL_INPUTS, columns, strict=True))


def library_rows(tokenizer: PreTrainedTokenizerBase, rows: Texts) -> list[Row]:
    """トークナイザにまとめて渡して得た、行ごとの列。"""
    columns = [list(column) for column in zip(*rows, strict=True)]
    encoded = tokenizer(*columns, truncation=True, max_length=MAX_LENGTH)
    return [
        {name: encoded[name][number] for name in MODEL_INPUTS}
        for number in range(len(rows))
    ]


def sorted_logits(model: PreTrainedModel, rows: list[Row]) -> np.ndarray:
    """長い順に並べ、トークン数をそろえたバッチで計算し、元の順に戻したロジット。"""
    import numpy as np
    import torch

    lengths = [len(row["input_ids"]) for row in rows]
    order = sorted(range(len(rows)), key=lengths.__getitem__, reverse=True)
    logits = np.zeros((len(rows), model.config.num_labels), dtype=np.float32)
    while order:
        width = lengths[order[0]]
        size = max(1, BATCH_TOKENS // width)
        chosen, order = order[:size], order[size:]
        # 詰め物の番号も、区別も、注意の印も 0 でよい (日本語 BERT の [PAD] は 0 番)。
        batch = {
            name: torch.tensor(
                [rows[n][name] + [0] * (width - lengths[n]) for n in chosen]
            )
            for name in MODEL_INPUTS
        }
        with torch.inference_mode():
            logits[chosen] = model(**batch).logits.numpy()
    return logits


def loop_logits(model: PreTrainedModel, encode: Callable[[int], Row], size: int) -> Any:
    """1 件ずつモデルに渡したロジット。"""
    import numpy as np
    import torch

    found = []
    for number in range(size):
        batch = {name: torch.tensor([ids]) for name, ids in encode(number).items()}
        with torch.inference_mode():
            found.append(model(**batch).logits.numpy())
    return np.concatenate(found)


def pipeline_logits(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, rows: Texts
) -> Any:
    """pipeline(batch_size=32) が返す、ラベルごとの値。"""
    import numpy as np
    from transformers import pipeline

    classifier = pipeline("text-classification", model=model, tokenizer=tokenizer)
    inputs = [dict(zip(("text", "text_pair"), row, strict=False)) for row in rows]
    options = {"truncation": True, "max_length": MAX_LENGTH, "top_k": None}
    answers = classifier(
        inputs, batch_size=DEFAULT_BATCH, function_to_apply="none", **options
    )
    by_label = [{a["label"]: a["score"] for a in answer} for answer in answers]
    names = model.config.id2label
    return np.array([[found[names[k]] for k in sorted(names)] for found in by_label])


def trainer_logits(model: PreTrainedModel, rows: list[Row], tokenizer: Any) -> Any:
    """既定の設定の Trainer.predict が返すロジット。"""
    import tempfile

    from datasets import Dataset
    from transformers import DataCollatorWithPadding, Trainer, TrainingArguments

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
            dataloader_pin_memory=False,
        )
        collator = DataCollatorWithPadding(tokenizer)
        trainer = Trainer(model, arguments, data_collator=collator)
        return trainer.predict(Dataset.from_list(rows)).predictions


def corpus(name: str, rows: int) -> Texts:
    """測る行。"""
    from tinyhub.world import captions, posts, reviews

    if name == POSTS:
        return [(post.sentence,) for post in posts.generate("train", rows)]
    if name == REVIEWS:
        return [(review.text,) for review in reviews.generate("train", rows)]
    made = captions.generate("train", rows, captions.SEED)
    return [(row.sentence1, row.sentence2) for row in made]


def ways(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, rows: Texts
) -> dict[str, dict[str, Way]]:
    """計測の名前 → やり方 → 測る処理。答えの形は、同じ計測の中で等しい。"""
    encoded = library_rows(tokenizer, rows)

    def cached() -> list[Row]:
        encoder = WordCacheEncoder(tokenizer)
        return [encoder.row(row) for row in rows]

    def one(number: int) -> Row:
        return library_rows(tokenizer, [rows[number]])[0]

    studies = (
        {
            LOOP: lambda: loop_logits(model, one, len(rows)),
            LIBRARY: lambda: pipeline_logits(model, tokenizer, rows),
            OURS: lambda: sorted_logits(model, cached()),
        },
        {
            LOOP: lambda: loop_logits(model, encoded.__getitem__, len(rows)),
            LIBRARY: lambda: trainer_logits(model, encoded, tokenizer),
            OURS: lambda: sorted_logits(model, encoded),
        },
        {
            PER_ROW: lambda: [one(number) for number in range(len(rows))],
            BATCHED: lambda: library_rows(tokenizer, rows),
            CACHED: cached,
        },
    )
    return dict(zip(TARGETS, studies, strict=True))


def check_same_answers(name: str, answers: dict[str, Any]) -> None:
    """同じ計測の中で、どのやり方も同じ答えを返すことを確かめる。"""
    import numpy as np

    ours = answers[OUR_WAYS[name]]
    for way, answer in answers.items():
        if name == "トークン化":
            assert answer == ours, f"{name}: {way} と番号の列が違います"
        else:
            np.testing.assert_allclose(answer, ours, atol=1e-4, err_msg=way)


def timed(way: Way) -> tuple[float, float, Any]:
    """1 回の CPU 秒と、実時間の秒と、答え。"""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = way()
    return time.process_time() - cpu, time.perf_counter() - wall, answer


def measure_corpus(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Texts,
    repeats: int,
) -> dict[str, Any]:
    """1 つのデータで、すべての計測を交互に repeats 回行う。"""
    found: dict[str, Any] = {}
    for name, each in ways(model, tokenizer, rows).items():
        # 1 回目は慣らしを兼ねて、答えが同じかを調べる。
        check_same_answers(name, {way: run() for way, run in each.items()})
        seconds: dict[str, list[tuple[float, float]]] = {way: [] for way in each}
        for _ in range(repeats):
            for way, run in each.items():
                cpu, wall, _answer = timed(run)
                seconds[way].append((cpu, wall))
        cpu_seconds, wall_seconds = (
            {way: statistics.median(t[k] for t in seconds[way]) for way in each}
            for k in (0, 1)
        )
        ours = cpu_seconds[OUR_WAYS[name]]
        found[name] = {
            "cpu_seconds": {way: round(s, 4) for way, s in cpu_seconds.items()},
            "wall_seconds": {way: round(s, 4) for way, s in wall_seconds.items()},
            "ratios": {way: round(cpu_seconds[way] / ours, 3) for way in TARGETS[name]},
        }
    return found


def show_speed(results: dict[str, Any]) -> bool:
    """比を印字し、すべての目標に届いたかを返す。"""
    reached = True
    for corpus_name, studies in results.items():
        for name, study in studies.items():
            for way, ratio in study["ratios"].items():
                target, required = TARGETS[name][way], CORPORA[corpus_name]
                reached &= ratio >= target or not required
                missed = "" if ratio >= target else "、届いていません"
                console.print(
                    f"{corpus_name} · {name}: 「{OUR_WAYS[name]}」は「{way}」の "
                    f"{ratio:.2f} 倍 ({'目標' if required else '参考'} {target} 以上"
                    f"{missed})"
                )
    return reached


@app.command()
def speed(
    rows: Annotated[int, typer.Option(help="行の数")] = 2000,
    repeats: Annotated[int, typer.Option(help="くり返す回数")] = 3,
    only: Annotated[str, typer.Option(help="データの名前。カンマで並べられる")] = "",
) -> None:
    """推論とトークン化の速さを測り、bench/results/chapter05.json に書く。"""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.manual_seed(42)
    folder = build_tree(Project()) / "models" / MODEL
    tokenizer = AutoTokenizer.from_pretrained(folder, model_input_names=MODEL_INPUTS)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=2, dtype=torch.float32
    ).eval()
    results = {
        name: measure_corpus(model, tokenizer, corpus(name, rows), repeats)
        for name in CORPORA
        if not only or name in only.split(",")
    }
    report = {
        "date": date.today().isoformat(),
        "machine": machine(),
        "threads": 1,
        "rows": rows,
        "repeats": repeats,
        "model": f"{MODEL} ({model.num_parameters() / 1e6:.1f} M)",
        "results": results,
    }
    RESULTS.write_text(
        json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    if not show_speed(results):
        raise typer.Exit(1)


def rounded_down(value: float) -> float:
    """小数第 2 位へ切り下げる (CI の下限の決め方)。"""
    return math.floor(round(value * 100, 6)) / 100


def show_headroom(study: Study, figures: dict[str, dict[str, float]]) -> None:
    """1 つの調査の、最も強い相手との差と、下限の案を印字する。"""
    names = study.baselines_in(figures)
    if study.metric not in figures or not names:
        console.print(f"{study.notebook}: {study.metric} か比べる相手がありません")
        return
    strongest = max(names, key=lambda name: figures[name]["mean"])
    reached, cheap = figures[study.metric], figures[strongest]
    gap = reached["mean"] - cheap["mean"]
    sd = math.hypot(reached["sd"], cheap["sd"])
    console.print(
        f"{study.notebook}  {study.metric} {reached['mean']:.4f} ± {reached['sd']:.4f}"
        f" · 最も強い相手 {strongest} {cheap['mean']:.4f} ± {cheap['sd']:.4f}"
        f" · 差 {gap:+.4f} ({gap / sd if sd else math.inf:.1f} 標準偏差)"
    )
    least = rounded_down(reached["mean"] - 2 * reached["sd"])
    console.print(
        f"  下限の案  {study.metric} >= {least:.2f}"
        f" · {study.metric} - {strongest} >= {rounded_down(gap - 2 * sd):.2f}"
    )


@app.command()
def seeds(
    only: Annotated[str, typer.Option(help="id。カンマで並べられる")] = "",
    values: Annotated[str, typer.Option("--seeds", help="シード")] = "42,43,44",
    show: Annotated[bool, typer.Option(help="測らずに、記録から表だけを出す")] = False,
) -> None:
    """STUDIES のノートブックをシードごとに実行し、余地と下限の案を出す。"""
    wanted = only.split(",") if only else [study.notebook for study in STUDIES]
    loaded = curriculum.load(Project().curriculum)
    ready = {notebook.id for notebook in loaded if notebook.status == "ready"}
    for study in STUDIES:
        if study.notebook not in wanted:
            continue
        if study.notebook not in ready:
            console.print(f"{study.notebook}: まだ準備中です")
            continue
        if not show:
            seed_study.measure(study.notebook, values)
        recorded = json.loads(seed_study.RESULTS.read_text(encoding="utf-8"))
        if study.notebook in recorded:
            show_headroom(study, recorded[study.notebook]["figures"])


@app.callback()
def everything(context: typer.Context) -> None:
    """副命令がなければ、速さとシードの両方を測る。"""
    if context.invoked_subcommand is None:
        seeds("", "42,43,44", show=False)
        speed(rows=2000, repeats=3, only="")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if guard.current_level() == "none":
        guard.run_guarded([sys.executable, "-m", "bench.chapter05", *sys.argv[1:]])
    app()
