"""Scores as XTREME's evaluate.py computes them: a second implementation that reads folders of files alone.

Labels lie as in XTREME's own: ``{task}/test-{language}``, a label, a tag, a pair of ids or a line number per line, and
SQuAD's JSON for questions.
"""

from __future__ import annotations

import json
import re
import string
import unicodedata
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from seqeval.metrics import f1_score

ARTICLES = {
    "en": r"\b(a|an|the)\b",
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "vi": r"\b(của|là|cái|chiếc|những)\b",
    "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "ar": r"\sال^|ال",
}
GROUPS = {
    "classification": {"pawsx", "xnli"},
    "tagging": {"udpos", "panx"},
    "qa": {"xquad", "mlqa", "tydiqa"},
    "retrieval": {"bucc2018", "tatoeba"},
}


def evaluate(predictions: Path, labels: Path) -> dict[str, Any]:
    """All tasks and languages that have labels; group means under the groups' names, ``all_task`` over all nine."""
    tasks: dict[str, dict[str, Any]] = {}
    for file in sorted(labels.glob("*/test-*")):
        task, language = file.parent.name, file.stem.removeprefix("test-")
        metrics = METRICS[task](predictions / task / file.name, file, language)
        for metric, value in metrics.items():
            tasks.setdefault(task, {}).setdefault(metric, {})[language] = value
    for scores in tasks.values():
        means = {f"avg_{metric}": sum(own.values()) / len(own) for metric, own in scores.items()}
        scores.update(means, avg_metric=sum(means.values()) / len(means))
    overall = {
        name: sum(tasks[task]["avg_metric"] for task in group) / len(group)
        for name, group in {"all_task": set().union(*GROUPS.values()), **GROUPS}.items()
        if group <= set(tasks)
    }
    return {**tasks, **overall}


def lines_of(file: Path) -> list[str]:
    with file.open(encoding="utf-8") as handle:
        return [line.strip() for line in handle]


def accuracy(prediction: Path, label: Path, language: str) -> dict[str, float]:
    predicted, gold = lines_of(prediction), lines_of(label)
    assert len(predicted) == len(gold), (prediction, len(predicted), len(gold))
    return {"accuracy": 100 * [a == b for a, b in zip(predicted, gold, strict=True)].count(True) / len(gold)}


def sentences_of(file: Path) -> list[list[str]]:
    sentences: list[list[str]] = [[]]
    for line in lines_of(file):
        if line:
            sentences[-1].append(line)
        else:
            sentences.append([])
    return sentences if sentences[-1] else sentences[:-1]


def spans(prediction: Path, label: Path, language: str) -> dict[str, float]:
    predicted, gold = sentences_of(prediction), sentences_of(label)
    assert [len(tags) for tags in predicted] == [len(tags) for tags in gold], prediction
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about parts of speech, which are no IOB tags
        return {"f1": 100 * f1_score(gold, predicted)}


def pairs(prediction: Path, label: Path, language: str) -> dict[str, float]:
    predicted, gold = ({tuple(line.split("\t")) for line in lines_of(file)} for file in (prediction, label))
    right = len(predicted & gold)
    precision, recall = right / max(len(predicted), 1), right / len(gold)
    return {"f1": 100 * 2 * precision * recall / (precision + recall) if right else 0.0}


def answers(prediction: Path, label: Path, language: str) -> dict[str, float]:
    predicted = json.loads(prediction.read_text(encoding="utf-8"))
    exact = f1 = count = 0.0
    for article in json.loads(label.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                count += 1
                tokens = tokens_of(predicted[question["id"]], label.parent.name, language)
                gold = [tokens_of(answer["text"], label.parent.name, language) for answer in question["answers"]]
                exact += any(tokens == own for own in gold)
                f1 += max(overlap(tokens, own) for own in gold)
    return {"exact_match": 100 * exact / count, "f1": 100 * f1 / count}


def tokens_of(text: str, task: str, language: str) -> list[str]:
    text = text.lower()
    if task != "mlqa":
        kept = "".join(character for character in text if character not in string.punctuation)
        return re.sub(ARTICLES["en"], " ", kept).split()
    kept = "".join(c for c in text if c not in string.punctuation and unicodedata.category(c)[0] != "P")
    if language in ARTICLES:
        kept = re.sub(ARTICLES[language], " ", kept)
    return (re.sub("([\u4e00-\u9fa5])", r" \1 ", kept) if language == "zh" else kept).split()


def overlap(tokens: list[str], gold: list[str]) -> float:
    shared = sum((Counter(tokens) & Counter(gold)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(tokens), shared / len(gold)
    return 2 * precision * recall / (precision + recall)


METRICS = {
    "xnli": accuracy,
    "pawsx": accuracy,
    "tatoeba": accuracy,
    "udpos": spans,
    "panx": spans,
    "bucc2018": pairs,
    "xquad": answers,
    "mlqa": answers,
    "tydiqa": answers,
}
