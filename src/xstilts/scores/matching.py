"""Match predictions to gold examples by id, and score them.

XTREME's ``evaluate.py`` matches by line number. Here a missing, duplicate or unknown id is an error and never just a
lower score.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from xstilts.errors import DataError, UserError, did_you_mean
from xstilts.task_types import task_type_class
from xstilts.task_types.base import Scored
from xstilts.tasks.task import Task

_NAMED = 5  # ids named in a message
_SYNTHETIC = re.compile("q[a-t][a-z]")  # ISO 639-2's range for private use


def aligned(task: Task, predictions: Iterable[tuple[str, str]], examples: pa.Table, source: str) -> list[str]:
    """Put predictions in the order of the examples.

    Args:
        task: The task that the examples are of.
        predictions: Pairs of example id and predicted text, in any order.
        examples: The examples; they need no gold answers.
        source: What an error message calls the origin of the predictions.

    Returns:
        One prediction for each example that is predicted, in the examples' order.

    Raises:
        DataError: there are no examples, an example has no prediction or several, a prediction's id is unknown, or a
            prediction is not a possible answer to its example.
    """
    task_type = task_type_class(task)
    ids = task_type.scored_ids(examples)
    if not ids:
        raise DataError(source, f"there are no {task.title} examples to compare the predictions with.")
    by_id: dict[str, str] = {}
    repeated: dict[str, None] = {}
    for identifier, prediction in predictions:
        if identifier in by_id:
            repeated[identifier] = None
        by_id[identifier] = prediction
    known = set(ids)
    _refuse(
        source,
        task,
        ("with several predictions", list(repeated)),
        ("without a prediction", [identifier for identifier in ids if identifier not in by_id]),
        ("unknown to the gold file", [identifier for identifier in by_id if identifier not in known]),
    )
    texts = [by_id[identifier] for identifier in ids]
    invalid_predictions = list(task_type.invalid_predictions(task, texts, examples))
    if invalid_predictions:
        shown = [f"prediction for '{identifier}': {problem}" for identifier, problem in invalid_predictions[:_NAMED]]
        raise DataError(source, "\n  ".join([*shown, *_more(len(invalid_predictions))]))
    return texts


def score(task: Task, language: str, predictions: Iterable[tuple[str, str]], examples: pa.Table, source: str) -> Scored:
    """Score predictions; the arguments are those of :func:`aligned`.

    Returns:
        The metrics in points.

    Raises:
        UserError: the task is not scored in the language; codes for synthetic languages (qaa to qtz) always pass.
        DataError: as in :func:`aligned`, and if the examples have no gold answers.
    """
    if language not in task.languages and not _SYNTHETIC.fullmatch(language):
        raise UserError(f"{task.title} is not scored in '{language}'. {did_you_mean(language, task.languages)}")
    task_type = task_type_class(task)
    texts = aligned(task, predictions, examples, source)
    if not task_type.has_gold(examples):
        raise DataError(
            source,
            f"cannot be scored: the gold file of {task.title} in '{language}' is without answers.",
            remedy="XTREME's download script removes the labels of test files; use the files of the original release.",
        )
    return task_type.score(task, language, texts, examples)


def _refuse(source: str, task: Task, *kinds: tuple[str, Sequence[str]]) -> None:
    problems = [
        f"{len(ids)} {task.title} example{'s' * (len(ids) > 1)} {what}: {_names(ids)}." for what, ids in kinds if ids
    ]
    if problems:
        remedy = "Each example needs exactly one prediction, under the gold file's id."
        raise DataError(source, "\n  ".join(problems), remedy=remedy)


def _names(ids: Sequence[str]) -> str:
    return ", ".join([*(f"'{identifier}'" for identifier in ids[:_NAMED]), *_more(len(ids))])


def _more(count: int) -> Iterator[str]:
    if count > _NAMED:
        yield f"… and {count - _NAMED} more"
