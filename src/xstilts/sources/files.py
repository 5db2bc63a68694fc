"""The ``files`` source: official releases in a folder, laid out as the tasks' declarations say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from xstilts.errors import DataError, UserError
from xstilts.sources.readers import choices, own, pairs, questions, raw, retrieval, sentences, tagged
from xstilts.sources.rows import table_of
from xstilts.task_types import task_type_class
from xstilts.tasks.languages import Language
from xstilts.tasks.task import SPLITS, Task

Reader = Callable[[Sequence[Path], Task, Language], Iterator[dict[str, Any]]]

_MODULES = {
    "pairs": pairs,
    "questions": questions,
    "choices": choices,
    "tagged": tagged,
    "sentences": sentences,
    "retrieval": retrieval,
    "own": own,
}


def reader_of(task: Task) -> Reader:
    """The function that reads a task's files, which its declaration names as ``module.function``."""
    module, _, function = task.reader.partition(".")
    reader: Reader = getattr(_MODULES[module], function)
    return reader


def read(root: Path, task: Task, split: str, language: Language) -> pa.Table:
    """Canonical examples of one task, split and language, with the columns of the task's format.

    Ids come from the release where it has them, else they are row numbers: they do not change between readings. Whether
    they repeat, and whether each example keeps its format's rules, is for :func:`xstilts.data.examples.check` to say.
    Gold is null in every row where the file is a test set that XTREME's script has taken the labels of.

    Raises:
        UserError: the task's release has no such split.
        DataError: a file is missing or is not as its reader expects, or has no labels although it is not for testing;
            names file, row and remedy.
    """
    if not task.has(split):
        splits = ", ".join(name for name in SPLITS if task.has(name))
        raise UserError(f"{task.title} has no {split} split in its release, only {splits}.")
    if missing := lacking(root, task, split, language):
        raise missing[0]
    paths = task.paths(root, split, language)
    table = table_of(task, reader_of(task)(paths, task, language))
    task_type = task_type_class(task)
    if task_type.gold_column and not task_type.has_gold(table) and split not in task.unlabelled_splits:
        raise DataError(paths[0], "has no labels.", remedy=raw.UNLABELLED)
    return table


def lacking(root: Path, task: Task, split: str, language: Language) -> list[DataError]:
    """What is wrong with the files to read that are missing or empty; names those that would do as well."""
    paths = task.paths(root, split, language)
    others = (path for other in task.alternatives(root, split, language) for path in other)
    instead = [path for path in dict.fromkeys(others) if path not in paths]
    found = []
    for path in paths:
        try:
            raw.check_there(path, instead)
        except DataError as error:
            found.append(error)
    return found
