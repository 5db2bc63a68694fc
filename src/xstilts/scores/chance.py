"""The score of guessing, which scores are to be read beside."""

from __future__ import annotations

from xstilts.tasks.task import Task


def chance(task: Task) -> float:
    """Return the score of guessing, in points.

    That is one in the number of labels, or of choices, where accuracy is among the primary metrics, else 0.
    """
    if "accuracy" not in task.primary_metrics:
        return 0.0
    options = len(task.labels) or (task.inputs_per_example if task.type == "multiple_choice" else 0)
    return 100 / options if options else 0.0
