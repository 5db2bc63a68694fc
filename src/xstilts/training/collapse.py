"""Whether a run has learnt its task: large encoders fine-tuned on small sets sometimes stay at chance level."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa

from xstilts.task_types.base import TaskType
from xstilts.tasks.languages import ENGLISH

#: Task types whose score is a share of examples, so that chance has a binomial standard error.
_COUNTED = ("classification", "multiple_choice")
#: For the others, the points that a run must score above the best constant answer.
_POINTS = 1.0


@dataclass(frozen=True)
class DevOutcome:
    """How well a run does on the English dev data of a task it was trained on, in points (0–100).

    Attributes:
        score: The task's score, the mean of its primary metrics.
        chance: The score of the best predictions that look at no example.
        constant: Whether all predictions are the same.
        margin: A score up to ``chance + margin`` counts as chance.
    """

    score: float
    chance: float
    constant: bool
    margin: float = 0.0


def primary_score(task_type: TaskType, predictions: Sequence[str], examples: pa.Table) -> float:
    """Score predictions for English examples.

    Args:
        task_type: The task's type.
        predictions: One per example.
        examples: Canonical examples with gold answers.

    Returns:
        The mean of the task's primary metrics, in points (0–100).
    """
    metrics = task_type.score(task_type.task, ENGLISH, predictions, examples).metrics
    names = task_type.task.primary_metrics
    return sum(metrics[name] for name in names) / len(names)


def dev_outcome(task_type: TaskType, predictions: Sequence[str], examples: pa.Table) -> DevOutcome:
    """Compare predictions for English dev data with chance.

    The margin is two binomial standard errors of chance for task types that count examples, else one point.

    Args:
        task_type: The task's type.
        predictions: One per example.
        examples: Canonical examples with gold answers.
    """
    chance = max(
        primary_score(task_type, constant, examples)
        for constant in task_type.constant_predictions(task_type.task, examples)
    )
    margin = _POINTS
    if task_type.task.type in _COUNTED:
        share = chance / 100
        margin = 200 * math.sqrt(share * (1 - share) / len(predictions))
    return DevOutcome(
        primary_score(task_type, predictions, examples), chance, task_type.is_constant_prediction(predictions), margin
    )


def collapse_reason(outcome: DevOutcome) -> str:
    """Say why a run counts as collapsed; empty where it has learnt its task, or where chance is as good as perfect."""
    if outcome.chance + outcome.margin >= 100:
        return ""
    if outcome.constant:
        return f"{outcome.score:.1f} on English dev, the same answer to every example"
    if outcome.score <= outcome.chance + outcome.margin:
        return f"{outcome.score:.1f} on English dev, at chance"
    return ""


def read_dev_outcomes(record: Mapping[str, Any]) -> dict[str, DevOutcome]:
    """Read the dev outcomes by task from a job's record; empty for jobs that train nothing."""
    training = record.get("training") or {}
    names = {field.name for field in fields(DevOutcome)}
    return {
        task: DevOutcome(**{name: value for name, value in values.items() if name in names})
        for task, values in training.get("learnt", {}).items()
    }
