"""Multiple choice: a prompt, some continuations or answers, and which of them is right.

How prompt and choices are put together follows Phang et al.'s code (jiant), and for XCOPA and its training data
XTREME-R's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from xstilts.errors import DataError
from xstilts.sources.readers.raw import HINT, AllOrNone, csv_records, json_records, member
from xstilts.tasks.languages import Language
from xstilts.tasks.task import Task

Row = dict[str, Any]

_FEWEST = 20  # rows from which on it is no chance that all have the same label
_SIQA_ANSWERS = "answerA", "answerB", "answerC"
_COSMOS_ANSWERS = "answer0", "answer1", "answer2", "answer3"


def hellaswag(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """HellaSwag: JSON Lines with ``ctx_a``, ``ctx_b``, ``endings`` and ``label`` (0–3, as a number or as text).

    The prompt is ``ctx_a``; a choice is ``ctx_b``, the start of the last sentence, with an ending. ``ind`` is not
    said to be unique, so the id is the row number.
    """
    (path,) = paths
    for row, record in json_records(path):
        start = member(path, row, record, "ctx_b", str)
        endings = [_text(path, row, ending, "endings") for ending in member(path, row, record, "endings", list)]
        yield {
            "id": str(row),
            "prompt": member(path, row, record, "ctx_a", str),
            "choices": [f"{start} {ending}" if start else ending for ending in endings],
            "label": _index(path, row, str(member(path, row, record, "label", int, str)), len(endings)),
        }


def cosmosqa(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """Cosmos QA: CSV with a header and quoted cells: ``id, context, question, answer0 … answer3, label`` (0–3)."""
    (path,) = paths
    for row, cells in csv_records(path, ("id", "context", "question", *_COSMOS_ANSWERS, "label")):
        yield {
            "id": cells["id"],
            "prompt": f"{cells['context']} {cells['question']}",
            "choices": [cells[answer] for answer in _COSMOS_ANSWERS],
            "label": _index(path, row, cells["label"], len(_COSMOS_ANSWERS)),
        }


def commonsenseqa(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """CommonsenseQA: JSON Lines with ``id``, ``question.stem``, ``question.choices[]`` and ``answerKey`` (A–E).

    A choice is ``label`` (A–E) and ``text``.
    """
    (path,) = paths
    for row, record in json_records(path):
        question = member(path, row, record, "question", dict)
        choices = member(path, row, question, "choices", list)
        keys = [member(path, row, choice, "label", str) for choice in choices]
        if repeated := sorted({label for label in keys if keys.count(label) > 1}):
            raise DataError(path, f"two of its choices have the label '{repeated[0]}'.", row, HINT)
        key = member(path, row, record, "answerKey", str)
        if key not in keys:
            raise _no_such_choice(path, row, key, keys)
        yield {
            "id": member(path, row, record, "id", str),
            "prompt": member(path, row, question, "stem", str),
            "choices": [member(path, row, choice, "text", str) for choice in choices],
            "label": keys.index(key),
        }


def siqa(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """Social IQa: JSON Lines with ``context``, ``question``, ``answerA`` to ``answerC`` and ``correct`` (A–C)."""
    (path,) = paths
    for row, record in json_records(path):
        context, question = (member(path, row, record, name, str) for name in ("context", "question"))
        key = member(path, row, record, "correct", str)
        if key not in (keys := [name[-1] for name in _SIQA_ANSWERS]):
            raise _no_such_choice(path, row, key, keys)
        yield {
            "id": str(row),
            "prompt": f"{context} {question}",
            "choices": [member(path, row, record, name, str) for name in _SIQA_ANSWERS],
            "label": keys.index(key),
        }


def xcopa(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """COPA and XCOPA: JSON Lines with ``premise``, ``question`` (cause or effect), ``choice1``, ``choice2``, ``label``.

    A test file may come without labels (SuperGLUE's COPA), or with 0 in place of all of them (XTREME-R's script): they
    are None then.
    """
    (path,) = paths
    records, gold = list(json_records(path)), AllOrNone(path)
    blanked = len(records) >= _FEWEST and {record.get("label") for _, record in records} == {0}
    for row, record in records:
        labelled = record.get("label") is not None
        gold.check(row, labelled)
        label = member(path, row, record, "label", int) if labelled else None
        asked = member(path, row, record, "question", str)
        if asked not in ("cause", "effect"):
            raise DataError(path, f"'question' is '{asked}', not cause or effect.", row, HINT)
        yield {
            "id": str(row),
            "prompt": f"{member(path, row, record, 'premise', str)} What was the {asked}?",
            "choices": [member(path, row, record, name, str) for name in ("choice1", "choice2")],
            "label": None if blanked or label is None else _index(path, row, str(label), 2),
        }


def _index(path: Path, row: int, label: str, choices: int) -> int:
    valid = [str(index) for index in range(choices)]
    if label not in valid:
        raise _no_such_choice(path, row, label, valid)
    return int(label)


def _no_such_choice(path: Path, row: int, label: str, valid: list[str]) -> DataError:
    return DataError(
        path,
        f"the label '{label}' is none of the choices {', '.join(valid)}.",
        row,
        f"Test files come without labels; take the train and validation files. {HINT}",
    )


def _text(path: Path, row: int, value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise DataError(path, f"'{name}' must hold only text.", row, HINT)
    return value
