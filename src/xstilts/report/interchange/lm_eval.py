"""Results as EleutherAI's lm-evaluation-harness writes them: one ``results_{time}.json`` per run.

A task of the harness is a target in one language and split (``xnli_de``); a target in several languages is a group.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from xstilts.config.study import Study
from xstilts.report.interchange.scored import Cell, ScoredRun, about

_CALLED = {"accuracy": "acc", "exact_match": "exact_match", "f1": "f1"}
_VERSION = 1.0  # of the task's definition in the harness' sense; the data's revision is in its metadata


def files(run: ScoredRun, study: Study) -> dict[str, dict[str, Any]]:
    """Return the file of a run by its path, in a folder as the harness names it after the model."""
    when = datetime.fromtimestamp(run.finished, UTC).strftime("%Y-%m-%dT%H-%M-%S.%f")
    return {f"{study.study}__{run.name}__seed{run.seed}/results_{when}.json": results(run, study)}


def results(run: ScoredRun, study: Study) -> dict[str, Any]:
    """Return what ``lm_eval --output_path`` writes, as far as it means something here."""
    named = {_name(cell, study): cell for cell in run.cells}
    groups: dict[str, list[str]] = {}
    for name, cell in named.items():
        groups.setdefault(_group(cell, study), []).append(name)
    return {
        "results": {name: {"alias": name, **_scores(cell)} for name, cell in named.items()},
        "groups": {group: _means(group, [named[name] for name in names]) for group, names in groups.items()},
        "group_subtasks": groups,
        "configs": {name: _config(name, cell, run, study) for name, cell in named.items()},
        "versions": dict.fromkeys(named, _VERSION),
        "n-shot": dict.fromkeys(named, 0),
        "higher_is_better": {name: dict.fromkeys(map(_called, cell.metrics), True) for name, cell in named.items()},
        "n-samples": {name: {"original": cell.count, "effective": cell.count} for name, cell in named.items()},
        "config": {
            "model": "xstilts",
            "model_args": f"pretrained={run.encoder},arm={run.arm}",
            "random_seed": run.seed,
            "xstilts": about(run, study),
        },
        "date": run.finished,
        "model_source": "xstilts",
        "model_name": f"{study.study}/{run.name}",
        "model_name_sanitized": f"{study.study}__{run.name}",
    }


def _name(cell: Cell, study: Study) -> str:
    return f"{_group(cell, study)}_{cell.language}"


def _group(cell: Cell, study: Study) -> str:
    return cell.target if len(study.splits) == 1 else f"{cell.target}_{cell.split}"


def _called(metric: str) -> str:
    return _CALLED.get(metric, metric)


def _scores(cell: Cell) -> dict[str, Any]:
    """Each metric and its standard error, with the name of the filter, which is none; 'N/A' as the harness has it."""
    scores: dict[str, Any] = {}
    for metric, value in cell.metrics.items():
        scores[f"{_called(metric)},none"] = value
        scores[f"{_called(metric)}_stderr,none"] = cell.stderr.get(metric, "N/A")
    return scores


def _means(group: str, cells: Iterable[Cell]) -> dict[str, Any]:
    """The unweighted mean over languages of the metrics that all have."""
    found = list(cells)
    common = [metric for metric in found[0].metrics if all(metric in cell.metrics for cell in found)]
    means: dict[str, Any] = {"alias": group}
    for metric in common:
        means[f"{_called(metric)},none"] = sum(cell.metrics[metric] for cell in found) / len(found)
        means[f"{_called(metric)}_stderr,none"] = "N/A"
    return means


def _config(name: str, cell: Cell, run: ScoredRun, study: Study) -> dict[str, Any]:
    task = study.task(cell.target)
    metrics = [{"metric": _called(metric), "aggregation": "mean", "higher_is_better": True} for metric in cell.metrics]
    return {
        "task": name,
        "dataset_path": task.hub[0].repository if study.from_hub(cell.target) else cell.target,
        "dataset_name": cell.language,
        "test_split": cell.split,
        "output_type": task.type,
        "num_fewshot": 0,
        "metric_list": metrics,
        "metadata": {
            "version": _VERSION,
            "revision": run.revisions[cell.target],
            "fine_tuned_on": task.trained_on,
        },
    }
