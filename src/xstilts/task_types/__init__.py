"""Task types, one module each: encoding, loss, decoding and scoring of the tasks of that type."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from xstilts.config.settings import Encoding
from xstilts.task_types.base import TaskType
from xstilts.tasks.registry import Task

_CLASSES = {
    "classification": "Classification",
    "tagging": "Tagging",
    "span_qa": "SpanQA",
    "multiple_choice": "MultipleChoice",
    "retrieval": "Retrieval",
    "masked_lm": "MaskedLM",
}


def task_type_class(task: Task) -> type[TaskType]:
    """Return the class that implements the task's type."""
    module = importlib.import_module(f"xstilts.task_types.{task.type}")
    implementation: type[TaskType] = getattr(module, _CLASSES[task.type])
    return implementation


def task_type_of(task: Task, encoding: Encoding, labels: Sequence[str] = ()) -> TaskType:
    """Build the task type of a task, ready to encode and train.

    Args:
        task: The task's declaration.
        encoding: The encoding settings for the task.
        labels: The label set, for tasks that declare none (CCG: read off the training split).
    """
    return task_type_class(task)(task, encoding, labels or task.labels)
