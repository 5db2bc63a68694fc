"""Task types, one module each: encoding, loss, decoding and scoring of the tasks of that type."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from xstilts.config.settings import Encoding
from xstilts.task_types.base import TaskType
from xstilts.tasks.task import Task


def task_type_class(task: Task) -> type[TaskType]:
    """Return the class that implements the task's type; its module is imported when it is first asked for."""
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
        case "dual_encoder":
            from xstilts.task_types.dual_encoder import DualEncoder

            return DualEncoder
        case "masked_lm":
            from xstilts.task_types.masked_lm import MaskedLM

            return MaskedLM


def canonical_schema(task: Task) -> pa.Schema:
    """Return the columns of a task's canonical examples: those of its type, and its metadata, null where not known."""
    schema = task_type_class(task).schema
    for name in task.metadata:
        schema = schema.append(pa.field(name, pa.string()))
    return schema


def task_type_of(task: Task, encoding: Encoding, labels: Sequence[str] = ()) -> TaskType:
    """Build the task type of a task, ready to encode and train.

    Args:
        task: The task's declaration.
        encoding: The encoding settings for the task.
        labels: The label set, for tasks that declare none (CCG: read off the training split).
    """
    return task_type_class(task)(task, encoding, labels or task.labels)
