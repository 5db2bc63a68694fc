"""Whether a run has learnt its task at all: large encoders fine-tuned on small sets sometimes end where they began."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa

from xstilts.task_types.base import TaskType
from xstilts.tasks.languages import ENGLISH

#: Formats whose score is a share of examples, so that chance has a binomial error.
_COUNTED = ("classification", "multiple_choice")
#: Where it is not, what a run must score above the best constant answer, in points.
_POINTS = 1.0


@dataclass(frozen=True)
class DevOutcome:
    """What a run came to on the English dev data of a task it was trained on, in points (0–100).

    ``score`` is the task's primary score; ``chance`` that of the best answer which looks at no example; ``constant``
    says that all predictions are the same; ``margin`` is how far above chance a score must lie not to be owed to it.
    """

    score: float
    chance: float
    constant: bool
    margin: float = 0.0


def dev_outcome(task_type: TaskType, predictions: Sequence[str], examples: pa.Table) -> DevOutcome:
    """Judge predictions by the gold answers of the same examples, which must have them."""
    chance = max(
        _primary_score(task_type, same, examples) for same in task_type.constant_predictions(task_type.task, examples)
    )
    margin = _POINTS
    if task_type.task.type in _COUNTED:
        share = chance / 100
        margin = 200 * math.sqrt(share * (1 - share) / len(predictions))
    return DevOutcome(
        _primary_score(task_type, predictions, examples), chance, task_type.is_constant_prediction(predictions), margin
    )


def collapse_reason(found: DevOutcome) -> str:
    """Why a run counts as collapsed, in words; empty where it has learnt, or where its dev data cannot tell."""
    if found.chance + found.margin >= 100:
        return ""
    if found.constant:
        return f"{found.score:.1f} on English dev, the same answer to every example"
    if found.score <= found.chance + found.margin:
        return f"{found.score:.1f} on English dev, at chance"
    return ""


def read_dev_outcomes(record: Mapping[str, Any]) -> dict[str, DevOutcome]:
    """By task, what a job's record says under ``training.learnt``; nothing of jobs that train nothing."""
    training = record.get("training") or {}
    names = {field.name for field in fields(DevOutcome)}
    return {
        task: DevOutcome(**{name: value for name, value in values.items() if name in names})
        for task, values in training.get("learnt", {}).items()
    }


def _primary_score(task_type: TaskType, predictions: Sequence[str], examples: pa.Table) -> float:
    metrics = task_type.score(task_type.task, ENGLISH, predictions, examples).metrics
    names = task_type.task.primary_metrics
    return sum(metrics[name] for name in names) / len(names)
