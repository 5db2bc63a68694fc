"""Sentence pairs with a label: NLI and paraphrases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from xstilts.errors import DataError
from xstilts.sources.readers.raw import (
    HINT,
    AllOrNone,
    check_columns,
    json_records,
    member,
    ragged,
    short,
    tsv,
)
from xstilts.sources.rows import in_turn
from xstilts.tasks.languages import Language
from xstilts.tasks.task import Task

Row = dict[str, Any]

_NLI_COLUMNS = "pairID", "sentence1", "sentence2", "gold_label"
_QQP_COLUMNS = "id", "question1", "question2", "is_duplicate"
_NO_CONSENSUS = "-"
_ANNOTATORS = 5
_ANLI_LABELS = {"e": "entailment", "n": "neutral", "c": "contradiction"}

#: GLUE broke some two dozen of QQP's 363,870 rows at line ends within questions. More than this share is another fault.
_BROKEN_SHARE = 0.001


def xtreme(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """XNLI and PAWS-X as XTREME stores them: ``sentence TAB sentence TAB label``, no header, nothing quoted.

    XTREME's script wrote the files with quoting and its reader does not undo it; quotes are kept here too. So are
    PAWS-X's untranslated cells ("NS" or empty). The id is the row number, so languages are parallel. A test file may
    lack the label and the tab before it in all of its rows; labels are None then.
    """
    (path,) = paths
    gold = AllOrNone(path)
    for row, (premise, hypothesis, *label) in tsv(path, 2, 3):
        gold.check(row, bool(label))
        yield _pair(str(row), premise, hypothesis, _label(path, row, label[0], task) if label else None)


def mnli(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """MNLI and SNLI as in GLUE: TSV with a header, nothing quoted, the columns found by name.

    Rows without a gold label ("-": the annotators disagree) are left out. The id is ``pairID``. Columns of the task's
    metadata (MNLI's genre) are kept where the file has them.
    """
    (path,) = paths
    for row, (identifier, premise, hypothesis, label, *more) in _glue(path, _NLI_COLUMNS, optional=task.metadata):
        if label != _NO_CONSENSUS:
            pair = _pair(identifier, premise, hypothesis, _label(path, row, label, task))
            yield {**pair, **dict(zip(task.metadata, more, strict=True))}


def qqp(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """QQP as in GLUE: TSV with a header, nothing quoted, the columns found by name.

    The few rows that line ends within a question have broken are left out, as in every published use of the file.
    """
    (path,) = paths
    for row, (identifier, first, second, label) in _glue(path, _QQP_COLUMNS, broken_share=_BROKEN_SHARE):
        yield _pair(identifier, first, second, _label(path, row, label, task))


def anli_plus(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """The three rounds of ANLI (JSON Lines), MNLI and SNLI (TSV); ids begin with the name of the file's folder.

    Rows of the five files alternate until each has ended. The first 2,500 are then the first 500 of each, which is
    what Phang et al.'s code (jiant) evaluates its five tasks on.
    """
    return in_turn([_part(path, task, language) for path in paths])


def _part(path: Path, task: Task, language: Language) -> Iterator[Row]:
    for pair in _anli_round(path, task) if path.suffix == ".jsonl" else mnli([path], task, language):
        yield {**pair, "id": f"{path.parent.name}/{pair['id']}"}


def _anli_round(path: Path, task: Task) -> Iterator[Row]:
    """ANLI: JSON Lines with ``uid``, ``context`` (the premise), ``hypothesis`` and ``label`` (e, n or c)."""
    for row, record in json_records(path):
        uid, premise, hypothesis, label = (
            member(path, row, record, name, str) for name in ("uid", "context", "hypothesis", "label")
        )
        yield _pair(uid, premise, hypothesis, _label(path, row, _ANLI_LABELS.get(label, label), task))


def _glue(
    path: Path, columns: tuple[str, ...], broken_share: float = 0.0, optional: tuple[str, ...] = ()
) -> Iterator[tuple[int, list[Any]]]:
    """(row, cells of the columns and the optional ones) of a TSV file with a header.

    ``broken_share`` is the share of rows with a wrong number of fields that may be left out. Cells of optional columns
    that the file has not are None.
    """
    rows = tsv(path)
    _, header = next(rows, (1, []))
    check_columns(path, header, columns)
    where = [header.index(column) for column in columns]
    extra = [header.index(column) if column in header else None for column in optional]
    broken: list[tuple[int, int]] = []
    whole = 0
    for row, fields in rows:
        fields = _one_annotator(fields, header)
        if len(fields) == len(header):
            whole += 1
            more = [None if place is None else fields[place] for place in extra]
            yield row, [*(fields[place] for place in where), *more]
        elif broken_share:
            broken.append((row, len(fields)))
        else:
            raise ragged(path, row, len(fields), len(header))
    if len(broken) > broken_share * (whole + len(broken)):
        raise ragged(path, *broken[0], len(header))


def _one_annotator(fields: list[str], header: list[str]) -> list[str]:
    """The row as its header has it. GLUE's SNLI names one annotator's label but gives five in some rows."""
    if header[-2:] == ["label1", "gold_label"] and len(fields) == len(header) + _ANNOTATORS - 1:
        return [*fields[: len(header) - 1], fields[-1]]
    return fields


def _label(path: Path, row: int, label: str, task: Task) -> str:
    canonical = "contradiction" if label == "contradictory" else label  # so spelt in XNLI's train files
    if canonical not in task.labels:
        raise DataError(
            path, f"the label '{short(label)}' is unknown.", row, f"{task.title} has: {', '.join(task.labels)}. {HINT}"
        )
    return canonical


def _pair(identifier: str, premise: str, hypothesis: str, label: str | None) -> Row:
    return {"id": identifier, "premise": premise, "hypothesis": hypothesis, "label": label}
