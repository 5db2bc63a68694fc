"""Task types: one module each, with everything that is particular to it."""

from __future__ import annotations

from collections.abc import Sequence

from xstilts.config.settings import Encoding
from xstilts.task_types.base import TaskType
from xstilts.tasks.task import Task


def task_type_class(task: Task) -> type[TaskType]:
    """The class for the task's type. Modules are imported when they are asked for; each knows nothing of the others."""
    match task.type:
        case "classification":
            from xstilts.task_types.classification import Classification

            return Classification
        case "tagging":
            from xstilts.task_types.tagging import Tagging

            return Tagging
        case "span_qa":
            from xstilts.task_types.span_qa import SpanQA

            return SpanQA
        case "multiple_choice":
            from xstilts.task_types.multiple_choice import MultipleChoice

            return MultipleChoice
        case "retrieval":
            from xstilts.task_types.retrieval import Retrieval

            return Retrieval
        case "masked_lm":
            from xstilts.task_types.masked_lm import MaskedLM

            return MaskedLM


def task_type_of(task: Task, encoding: Encoding, labels: Sequence[str] = ()) -> TaskType:
    """The task's format, ready to encode and train. ``labels`` overrides the declared set where that is open."""
    return task_type_class(task)(task, encoding, labels or task.labels)
