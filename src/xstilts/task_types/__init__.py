"""Formats: one module each, with everything that is particular to it."""

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
    """The class that knows the task's format."""
    module = importlib.import_module(f"xstilts.task_types.{task.type}")
    found: type[TaskType] = getattr(module, _CLASSES[task.type])
    return found


def task_type_of(task: Task, encoding: Encoding, labels: Sequence[str] = ()) -> TaskType:
    """The task's format, ready to encode and train. ``labels`` overrides the declared set where that is open."""
    return task_type_class(task)(task, encoding, labels or task.labels)
