"""Files of a study's own tasks, one reader per form of file.

Readers take the fields of an example from the columns that the declaration names, and give rows with the fields of the
task's type. Where a file has no ids, the row's number is the id.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xstilts.errors import DataError, did_you_mean
from xstilts.sources.readers.raw import check_columns, json_records, lines, ragged, short, tsv
from xstilts.sources.readers.sentences import parallel_sentences
from xstilts.sources.readers.tagged import DOCUMENT_MARK
from xstilts.tasks.languages import Language
from xstilts.tasks.task import Task

Row = dict[str, Any]
Cells = Mapping[str, Any] | Sequence[str]  # of a record: by name, or by number

_LONGEST = 2**31  # characters of a context whose offsets are stored
_WHERE = "The study's tasks.{}.columns says where each field is."


def jsonl(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """JSON Lines: an object per line, fields by name."""
    (path,) = paths
    for row, record in json_records(path):
        yield _example(path, row, record, task)


def conll(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """CoNLL: a word per line with its columns, a blank line after each sentence; the id is the sentence's number.

    CoNLL-2003's marks of documents, ``-DOCSTART-``, are no words.
    """
    (path,) = paths
    words, tags, number = list[str](), list[str](), 0
    for row, line in lines(path):
        if line.split()[:1] == [DOCUMENT_MARK]:
            continue
        if line.strip():
            cells = line.split("\t") if task.separator == "tab" else line.split()
            words.append(_cell(path, row, cells, task, "tokens", 0))
            tags.append(_label(path, row, _cell(path, row, cells, task, "tags", 1), task))
        elif words:
            number += 1
            yield {"id": str(number), "tokens": words, "tags": tags}
            words, tags = [], []
    if words:
        yield {"id": str(number + 1), "tokens": words, "tags": tags}


def parallel_lines(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """Two files whose equal lines translate each other: foreign sentences, then English ones."""
    foreign, english = paths
    return parallel_sentences(foreign, english, language, aligned=True)


def tsv_table(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """A table with tabs between its cells."""
    return _table(_tsv_rows(paths[0]), paths[0], task)


def csv_table(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """A CSV table."""
    return _table(_csv_rows(paths[0]), paths[0], task)


def _table(rows: Iterator[tuple[int, list[str]]], path: Path, task: Task) -> Iterator[Row]:
    """The examples of a table; its first row is a header where the declaration names columns."""
    header: list[str] = []
    if any(isinstance(column, str) for column in _columns(task)):
        _, header = next(rows, (1, []))
        check_columns(path, header, ())
        _check_header(path, header, task)
    for row, cells in rows:
        record: Cells = dict(zip(header, cells, strict=True)) if header else cells
        yield _example(path, row, record, task)


def _tsv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(row, cells) of a file with tabs between cells, all rows as wide as the first; nothing is quoted."""
    width = 0
    for row, cells in tsv(path):
        width = width or len(cells)
        if len(cells) != width:
            raise ragged(path, row, len(cells), width)
        yield row, cells


def _csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(row, cells) of a CSV file, quoted as in RFC 4180; all rows as wide as the first."""
    reader, width = csv.reader((line + "\n" for _, line in lines(path)), strict=True), 0
    try:
        for cells in reader:
            width = width or len(cells)
            if cells and len(cells) != width:
                raise ragged(path, reader.line_num, len(cells), width)
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise DataError(path, f"is not valid CSV ({error}).", reader.line_num, "Is a quote left open?") from None


def _columns(task: Task) -> list[str | int]:
    return [column for where in task.columns.values() for column in (where if isinstance(where, tuple) else (where,))]


def _check_header(path: Path, header: list[str], task: Task) -> None:
    for name, where in task.columns.items():
        for column in where if isinstance(where, tuple) else (where,):
            if column not in header:
                raise DataError(
                    path,
                    f"its header has no column '{column}', which tasks.{task.name}.columns.{name} names. "
                    f"{did_you_mean(column, header)}",
                    1,
                )


def _example(path: Path, row: int, record: Cells, task: Task) -> Row:
    """One example of a record, with the fields of the task's type."""

    def cell(field: str, kind: type | tuple[type, ...] = str) -> Any:
        where = task.columns[field]
        if isinstance(where, tuple):
            return [_value(path, row, record, column, field, task, str) for column in where]
        return _value(path, row, record, where, field, task, kind)

    identifier = str(cell("id", (str, int))) if "id" in task.columns else str(row)
    if task.type == "classification":
        second = cell("hypothesis") if "hypothesis" in task.columns else ""
        label = _label(path, row, str(cell("label", (str, int))), task)
        return {"id": identifier, "premise": cell("premise"), "hypothesis": second, "label": label}
    if task.type == "multiple_choice":
        choices = cell("choices", list)
        return {
            "id": identifier,
            "prompt": cell("prompt"),
            "choices": choices,
            "label": _choice(path, row, cell("label", (str, int)), len(choices), task),
        }
    if task.type == "tagging":
        tags = [_label(path, row, tag, task) for tag in cell("tags", list)]
        if len(tags) != len(words := cell("tokens", list)):
            raise DataError(path, f"has {len(words)} words but {len(tags)} tags.", row, "Each word needs one tag.")
        return {"id": identifier, "tokens": words, "tags": tags}
    return {
        "id": identifier,
        **{field: cell(field) for field in ("context", "question")},
        **{field: cell(field, list) for field in ("answers", "answer_starts")},
    }


def _value(
    path: Path, row: int, record: Cells, column: str | int, field: str, task: Task, kind: type | tuple[type, ...]
) -> Any:
    if isinstance(record, Mapping):
        if column not in record:
            there = f"has no field '{column}', which tasks.{task.name}.columns.{field} names."
            raise DataError(path, there, row, did_you_mean(column, record))
        value = record[str(column)]
    else:
        value = _numbered(path, row, record, int(column), field, task)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise DataError(path, f"field '{column}' holds {short(repr(value))}.", row, _expected(kind))
    if isinstance(value, list) and (problem := _problem_of_parts(value, field)):
        raise DataError(path, f"field '{column}' holds {problem}: {short(repr(value))}.", row)
    return value


def _problem_of_parts(parts: list[Any], field: str) -> str:
    """What is wrong with the parts of a list; empty where nothing is."""
    if field != "answer_starts":
        return "" if all(isinstance(part, str) for part in parts) else "more than texts"
    if not all(type(part) is int for part in parts):
        return "more than whole numbers"
    return "offsets beyond any text" if any(abs(part) >= _LONGEST for part in parts) else ""


def _numbered(path: Path, row: int, cells: Sequence[str], column: int, field: str, task: Task) -> str:
    if not 0 <= column < len(cells):
        raise DataError(
            path,
            f"has {len(cells)} columns; tasks.{task.name}.columns.{field} is {column}, counted from 0.",
            row,
            _WHERE.format(task.name),
        )
    return cells[column]


def _cell(path: Path, row: int, cells: list[str], task: Task, field: str, default: int) -> str:
    """A word's or a tag's cell of a line."""
    column = task.columns.get(field, default)
    if not isinstance(column, int):
        raise DataError(path, f"a CoNLL file has numbered columns; columns.{field} is '{column}'.", row)
    if len(cells) <= column:
        other = "space" if task.separator == "tab" else "tab"
        raise DataError(
            path,
            f"has {len(cells)} column{'' if len(cells) == 1 else 's'} where column {column} (from 0) is to be the "
            f"{'word' if field == 'tokens' else 'tag'}: '{short(cells[0] if cells else '')}'.",
            row,
            f"Is 'separator: {other}' meant, in tasks.{task.name}?",
        )
    return cells[column]


def _label(path: Path, row: int, label: str, task: Task) -> str:
    if task.labels and label not in task.labels:
        raise DataError(
            path,
            f"the label '{short(label)}' is none of tasks.{task.name}.labels: {', '.join(task.labels)}.",
            row,
            did_you_mean(label, task.labels),
        )
    return label


def _choice(path: Path, row: int, label: str | int, choices: int, task: Task) -> int:
    """The index of the right choice: the label's place among the declared ones, else its number from 0."""
    valid = list(task.labels)[:choices] or [str(index) for index in range(choices)]
    if str(label) not in valid:
        raise DataError(path, f"the label '{label}' is none of the choices {', '.join(valid)}.", row)
    return valid.index(str(label))


def _expected(kind: type | tuple[type, ...]) -> str:
    names = {str: "text", int: "a whole number", list: "a list"}
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return f"Expected is {' or '.join(names[one] for one in kinds)}."
