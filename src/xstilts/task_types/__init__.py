"""Formats: one module each, with everything that is particular to it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from xstilts.config.settings import Encoding
from xstilts.task_types.base import Format
from xstilts.tasks.registry import Task

_CLASSES = {
    "classification": "Classification",
    "tagging": "Tagging",
    "span_qa": "SpanQA",
    "multiple_choice": "MultipleChoice",
    "retrieval": "Retrieval",
    "masked_lm": "MaskedLM",
}


def format_class(task: Task) -> type[Format]:
    """The class that knows the task's format."""
    module = importlib.import_module(f"xstilts.task_types.{task.format}")
    found: type[Format] = getattr(module, _CLASSES[task.format])
    return found


def format_of(task: Task, encoding: Encoding, labels: Sequence[str] = ()) -> Format:
    """The task's format, ready to encode and train. ``labels`` overrides the declared set where that is open."""
    return format_class(task)(task, encoding, labels or task.labels)
