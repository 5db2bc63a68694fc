"""Scores of a submission, in the structure that XTREME's ``evaluate.py`` reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xstilts.graph.runs import Runs
from xstilts.scores import matching as scoring
from xstilts.submission import layout
from xstilts.submission.read import read
from xstilts.task_types import task_type_class
from xstilts.tasks.benchmarks import Benchmark
from xstilts.tasks.task import Task


def score_folder(folder: Path, runs: Runs) -> dict[str, Any]:
    """Score the files of a submission, from any system.

    Returns:
        Unrounded points. By task, ``{metric: {language: score}}`` with the unweighted means over the languages as
        ``avg_{metric}``, and ``avg_metric``, the mean over the primary metrics (for questions, exact match and F1).
        Beside the tasks, the means of each of the benchmark's groups with all its tasks scored and, with all tasks,
        ``all_task``. ``notes`` list what is missing of XTREME: tasks without a folder, and languages without gold
        answers.

    Raises:
        UserError: A file of a task that has a folder is missing or has problems; the message names the first such file.
    """
    layout.entries(folder)
    details: dict[str, dict[str, Any]] = {}
    notes = layout.gaps(runs.study)
    for name in layout.submitted(runs.study):
        if not (folder / name).is_dir():
            notes.append(f"{name}: not in the submission.")
            continue
        by_language, without_gold = _by_language(folder, runs, runs.study.task(name))
        if without_gold:
            notes.append(f"{name}: not scored, as their gold answers are not in the data: {', '.join(without_gold)}.")
        if by_language:
            details[name] = _with_means(runs.study.task(name), by_language)
    return {**_overall(runs.study.suite, details), **details, "notes": notes}


def _by_language(folder: Path, runs: Runs, task: Task) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Metrics by language, and the languages without gold answers, whose files are checked all the same."""
    scores: dict[str, dict[str, float]] = {}
    without_gold = []
    for language in runs.study.languages(task.name, layout.SPLIT):
        path, examples = folder / task.name / layout.file_name(task, language), layout.canonical(runs, task, language)
        predictions = read(path, task, examples)
        if task_type_class(task).has_gold(examples):
            scores[language] = scoring.score(task, language, predictions, examples, str(path)).metrics
        else:
            without_gold.append(language)
    return scores, without_gold


def _with_means(task: Task, by_language: dict[str, dict[str, float]]) -> dict[str, Any]:
    metrics = list(next(iter(by_language.values())))
    scores = {metric: {language: own[metric] for language, own in by_language.items()} for metric in metrics}
    means = {f"avg_{metric}": _mean(list(scores[metric].values())) for metric in metrics}
    return {**scores, **means, "avg_metric": _mean([means[f"avg_{metric}"] for metric in task.primary_metrics])}


def _overall(benchmark: Benchmark, details: dict[str, dict[str, Any]]) -> dict[str, float]:
    """The means over the tasks of each group under its name in ``evaluate.py``, and over all that are submitted."""
    groups = {"all_task": benchmark.submitted}
    groups |= {benchmark.official_groups[group]: tasks for group, tasks in benchmark.groups.items()}
    return {
        group: _mean([details[name]["avg_metric"] for name in tasks])
        for group, tasks in groups.items()
        if all(name in details for name in tasks)
    }


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
