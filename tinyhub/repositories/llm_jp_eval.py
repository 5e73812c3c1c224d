"""zenless-lab/llm-jp-eval: 入力と出力が文字列の 17 課題。"""

from dataclasses import asdict
from pathlib import Path

from tinyhub.sources import DatasetSource, repo_folder, write_parquet, write_text
from tinyhub.world import evaluation
from tinyhub.world.evaluation import rows as evaluation_rows

LLM_JP_EVAL_ID = "zenless-lab/llm-jp-eval"

_CONFIG = """- config_name: {name}
  data_files:
  - split: train
    path: {name}/train-*
  - split: validation
    path: {name}/validation-*
  - split: test
    path: {name}/test-*
"""
_CARD = """---
language:
- ja
configs:
{configs}pretty_name: llm-jp-eval(練習用の人工データ)
---

# zenless-lab/llm-jp-eval(練習用の人工データ)

本に出てくる {count} の課題を、本物と同じ書き方の入力と出力で作ったものです。文はすべて
規則から作ったもので、本物の問いは一つも入っていません。

| 列 | 型 | 意味 |
|---|---|---|
| input | string | 課題の入力 |
| output | string | 正解 |
"""


def _build_llm_jp_eval(root: Path) -> None:
    # datasets の読み込みは遅いので、木を作るときにだけ読む。
    from datasets import Features, Value

    features = Features({"input": Value("string"), "output": Value("string")})
    folder = root / repo_folder("datasets", LLM_JP_EVAL_ID)
    configs = "".join(_CONFIG.format(name=name) for name in evaluation.CONFIGS)
    card = _CARD.format(configs=configs, count=len(evaluation.CONFIGS))
    write_text(folder / "README.md", card)
    for config in evaluation.CONFIGS:
        for split, rows in evaluation_rows.ROWS.items():
            table = [asdict(row) for row in evaluation.generate(config, split, rows)]
            path = folder / config / f"{split}-00000-of-00001.parquet"
            write_parquet(path, table, features)


SOURCES = (DatasetSource(LLM_JP_EVAL_ID, evaluation_rows.ROWS, _build_llm_jp_eval),)
