"""Predictions from anywhere, matched to gold examples by id and scored.

What XTREME's ``evaluate.py`` finds by its place in a file goes by its id here: a prediction that is missing, doubled or
for another example is an error and never just a lower score.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from xstilts.errors import DataError, UserError, nearest
from xstilts.task_types import task_type_class
from xstilts.task_types.base import Scored
from xstilts.tasks.task import Task

_NAMED = 5  # of the ids that are wrong in the same way
_SYNTHETIC = re.compile("q[a-t][a-z]")  # ISO 639-2's range for private use


def aligned(task: Task, predictions: Iterable[tuple[str, str]], examples: pa.Table, source: str) -> list[str]:
    """One prediction for each of the examples that predictions are made for, in their order.

    ``predictions`` are (example id, text) in any order; ``source`` is what an error calls the place they come from. The
    examples need no gold answers.

    Raises:
        DataError: there are no examples; an example has no prediction or several; a prediction is for none of the
            examples, or is none of the possible answers to its own.
    """
    task_type = task_type_class(task)
    ids = task_type.scored_ids(examples)
    if not ids:
        raise DataError(source, f"there are no {task.title} examples to compare the predictions with.")
    found: dict[str, str] = {}
    repeated: dict[str, None] = {}
    for identifier, prediction in predictions:
        if identifier in found:
            repeated[identifier] = None
        found[identifier] = prediction
    known = set(ids)
    _refuse(
        source,
        task,
        ("with several predictions", list(repeated)),
        ("without a prediction", [identifier for identifier in ids if identifier not in found]),
        ("unknown to the gold file", [identifier for identifier in found if identifier not in known]),
    )
    texts = [found[identifier] for identifier in ids]
    invalid_predictions = list(task_type.invalid_predictions(task, texts, examples))
    if invalid_predictions:
        shown = [f"prediction for '{identifier}': {problem}" for identifier, problem in invalid_predictions[:_NAMED]]
        raise DataError(source, "\n  ".join([*shown, *_more(len(invalid_predictions))]))
    return texts


def score(task: Task, language: str, predictions: Iterable[tuple[str, str]], examples: pa.Table, source: str) -> Scored:
    """The metrics of predictions as for :func:`aligned`, in points.

    Raises:
        UserError: the task is not scored in the language; codes for synthetic languages (qaa to qtz) always pass.
        DataError: as in :func:`aligned`, and where the examples come without gold answers.
    """
    if language not in task.languages and not _SYNTHETIC.fullmatch(language):
        raise UserError(f"{task.title} is not scored in '{language}'. {nearest(language, task.languages)}")
    task_type = task_type_class(task)
    texts = aligned(task, predictions, examples, source)
    if not task_type.has_gold(examples):
        raise DataError(
            source,
            f"cannot be scored: the gold file of {task.title} in '{language}' is without answers.",
            remedy="XTREME's download script removes those of its test files; take the files of the original release.",
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
