"""README に入れる一覧表。"""

from __future__ import annotations

import re

from runner.curriculum import Notebook

_BEGIN = "<!-- curriculum:begin(python -m misc.generate が書きます) -->"
_END = "<!-- curriculum:end -->"
_BLOCK = re.compile(re.escape(_BEGIN) + r".*?" + re.escape(_END), re.DOTALL)

BADGE_IMAGE = "https://colab.research.google.com/assets/colab-badge.svg"

_ENGLISH_TITLES = {
    "1": "Running large language models",
    "2-2": "Position encodings of the Transformer",
    "3-zero-shot": "Inference without further training",
    "3-6": "Tokenization",
    "5-2-marc-ja": "Sentiment classification (product reviews)",
    "5-2-wrime": "Sentiment classification (WRIME)",
    "5-3-marc-ja": "Error analysis of the classifier (product reviews)",
    "5-3-wrime": "Error analysis of the classifier (WRIME)",
    "5-4-nli-train": "Natural language inference: training",
    "5-4-nli-analysis": "Natural language inference: analysis",
    "5-4-sts-train": "Semantic textual similarity: training",
    "5-4-sts-analysis": "Semantic textual similarity: analysis",
    "5-4-qa-train": "Multiple-choice question answering: training",
    "5-4-qa-analysis": "Multiple-choice question answering: analysis",
    "5-5-lora-marc-ja": "Sentiment classification with LoRA (product reviews)",
    "5-5-lora-wrime": "Sentiment classification with LoRA (WRIME)",
    "6": "Named entity recognition",
    "6-3b": "The Viterbi algorithm and CRFs",
    "6-3c": "Error analysis of named entity recognition",
    "6-4": "Building a named entity data set with an annotation tool",
    "7": "Headline generation",
    "7-3": "Metrics for headlines: ROUGE, BLEU and BERTScore",
    "7-5": "Decoding: search and sampling",
    "8-3": "Training SimCSE sentence embeddings",
    "8-4": "Similar-sentence search with Faiss",
    "9-3": "Quiz answering with ChatGPT",
    "9-4-3": "BPR: training a passage retriever",
    "9-4-4": "BPR: binary passage embeddings",
    "9-5": "Quiz answering with retrieval and ChatGPT",
    "10-2a": "The data sets of llm-jp-eval",
    "10-2b": "The metrics of llm-jp-eval",
    "10-2b2": "Scoring the metrics themselves",
    "10-2c": "Automatic evaluation with JCommonsenseQA",
    "10-2d": "JCommonsenseQA with flexeval",
    "10-3a": "Automatic evaluation with Japanese Vicuna QA",
    "10-3b": "Japanese Vicuna QA with flexeval",
    "11-2": "Instruction tuning: training",
    "11-3": "Instruction tuning: evaluation",
    "12-2": "Preference tuning with DPO: training",
    "12-3": "Preference tuning: evaluation",
    "13-1": "What retrieval-augmented generation is",
    "13-2": "RAG with LangChain",
    "13-3-1": "Instruction tuning for RAG",
    "13-3-2": "The tuned RAG model in LangChain",
    "14-3": "Distributed parallel training",
    "14-3-1": "Distributed training: a ledger of memory and FLOPs",
    "14-3-2": "Distributed training: collectives by hand",
    "14-3-3": "Distributed training: data parallelism, ZeRO and FSDP2",
    "14-3-4": "Distributed training: tensor and sequence parallelism",
    "14-3-5": "Distributed training: pipeline parallelism",
    "14-3-6": "Distributed training: composition and the bug hunt",
    "14-3-7": "Distributed training: planning from 1 to 16,384 GPUs",
}


class MarkerError(ValueError):
    """README に表を入れる場所がない。"""


def replace(text: str, table: str) -> str:
    """目印の間を表に替える。"""
    if len(_BLOCK.findall(text)) != 1:
        raise MarkerError(
            f"README に表の目印が 1 組必要です: 「{_BEGIN}」と「{_END}」の行"
        )
    return _BLOCK.sub(lambda _: f"{_BEGIN}\n{table}\n{_END}", text)


def badge(notebook: Notebook) -> str:
    """Colab で開くバッジ。"""
    return f"[![Open In Colab]({BADGE_IMAGE})]({notebook.badge_url})"


def minutes(value: float | int | None) -> str:
    """分の書き方。"""
    return f"{value or 0:g}"


def japanese(notebooks: list[Notebook]) -> str:
    """日本語の README の表。"""
    rows = [
        "| 章 | 節 | タイトル | Colab | GPU・時間 | 鍵 | 状態 |",
        "|---|---|---|---|---|---|---|",
    ]
    for notebook in notebooks:
        if notebook.status == "planned":
            cells = [notebook.title, "—", "—", "—", "準備中"]
        else:
            estimate = "(見積もり)" if notebook.is_estimate else ""
            cells = [
                f"[{notebook.title}]({notebook.path})",
                badge(notebook),
                f"{notebook.colab_gpu or 'CPU'}・約 {minutes(notebook.minutes_t4)} 分"
                + estimate,
                "、".join(notebook.needs_key) or "不要",
                "公開",
            ]
        rows.append(
            "| "
            + " | ".join([f"{notebook.chapter} 章", notebook.section, *cells])
            + " |"
        )
    return "\n".join(rows)


def english(notebooks: list[Notebook]) -> str:
    """英語の README の表。"""
    rows = [
        "| Chapter | Section | Title | Colab | GPU, time | Key | Status |",
        "|---|---|---|---|---|---|---|",
    ]
    for notebook in notebooks:
        title = _ENGLISH_TITLES.get(notebook.id, notebook.title)
        if notebook.status == "planned":
            cells = [title, "—", "—", "—", "in preparation"]
        else:
            estimate = " (estimate)" if notebook.is_estimate else ""
            cells = [
                f"[{title}]({notebook.path})",
                badge(notebook),
                f"{notebook.colab_gpu or 'CPU'}, about"
                f" {minutes(notebook.minutes_t4)} min{estimate}",
                ", ".join(notebook.needs_key) or "none",
                "available",
            ]
        rows.append(
            "| " + " | ".join([str(notebook.chapter), notebook.section, *cells]) + " |"
        )
    return "\n".join(rows)
