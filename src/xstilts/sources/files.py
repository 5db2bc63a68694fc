"""The ``files`` source: official releases in a folder, laid out as :mod:`xstilts.tasks.files` says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from xstilts.errors import DataError, UserError
from xstilts.sources.readers import choices, pairs, questions, raw, sentences, tagged
from xstilts.sources.rows import table_of
from xstilts.task_types import task_type_class
from xstilts.tasks import files as layout
from xstilts.tasks.languages import Language
from xstilts.tasks.registry import Task

Reader = Callable[[Sequence[Path], Task, Language], Iterator[dict[str, Any]]]

_READERS: dict[str, Reader] = {
    "anli": pairs.anli_plus,
    "mnli": pairs.mnli,
    "qqp": pairs.qqp,
    "squad_v1": questions.squad,
    "squad_v2": questions.squad,
    "hellaswag": choices.hellaswag,
    "ccg": tagged.ccgbank,
    "cosmosqa": choices.cosmosqa,
    "commonsenseqa": choices.commonsenseqa,
    "xnli": pairs.xtreme,
    "pawsx": pairs.xtreme,
    "udpos": tagged.conll,
    "panx": tagged.conll,
    "xquad": questions.squad,
    "mlqa": questions.squad,
    "tydiqa": questions.tydiqa,
    "bucc2018": sentences.bucc,
    "tatoeba": sentences.tatoeba,
    "text": sentences.passages,
}

_SPLITS = "train", "dev", "test"


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
    if not layout.has(task.name, split):
        splits = ", ".join(name for name in _SPLITS if layout.has(task.name, name))
        raise UserError(f"{task.title} has no {split} split in its release, only {splits}.")
    paths = _files(Path(root), task, split, language)
    table = table_of(task, _READERS[task.name](paths, task, language))
    if (
        task_type_class(task).gold_column
        and not task_type_class(task).has_gold(table)
        and not _for_testing(task, split)
    ):
        raise DataError(paths[0], "has no labels.", remedy=raw.UNLABELLED)
    return table


def _files(root: Path, task: Task, split: str, language: Language) -> tuple[Path, ...]:
    """The files to read; where one is missing, those that would do as well are named."""
    paths = layout.files(root, task.name, split, language)
    others = (path for other in layout.alternatives(root, task.name, split, language) for path in other)
    instead = [path for path in dict.fromkeys(others) if path not in paths]
    for path in paths:
        raw.check_there(path, instead)
    return paths


def _for_testing(task: Task, split: str) -> bool:
    """Whether XTREME tests on the split. TyDiQA's dev set is its test set."""
    return split == "test" or (task.name, split) == ("tydiqa", "dev")
