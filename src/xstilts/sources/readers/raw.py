"""What all readers share: lines, fields and records of files, and messages about those that are not as expected.

Files are UTF-8, with or without a byte order mark, with LF or CR LF.
"""

from __future__ import annotations

import codecs
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from xstilts.errors import DataError
from xstilts.sources.readers.content import HINT, check_is_text, decoded

UNLABELLED = (
    "Only test files may come without labels, as XTREME's download script leaves them. Training and choosing "
    "checkpoints need those of the original release. " + HINT
)
_SHOWN_FILES = 8
_SHOWN_CHARACTERS = 60
_TYPES = {str: "text", int: "a whole number", list: "a list", dict: "an object", bool: "true or false"}


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """(1-based row, text) of each line, without its line end.

    Only LF ends a line. Sentences contain U+2028, U+0085 and others of the characters at which ``str.splitlines``
    breaks.

    Raises:
        DataError: the file is missing, empty, no text at all, or not UTF-8.
    """
    check_there(path)
    check_is_text(path)
    with path.open("rb") as handle:
        for row, raw in enumerate(handle, start=1):
            if row == 1:
                raw = raw.removeprefix(codecs.BOM_UTF8)
            yield row, decoded(path, row, raw).removesuffix("\n").removesuffix("\r")


def tsv(path: Path, *widths: int) -> Iterator[tuple[int, list[str]]]:
    """(1-based row, fields) of each line. Nothing is quoted: a quote character is text.

    ``widths`` are the numbers of fields that a row may have; without any, all are let through. Blank lines at the end
    of the file are no rows; a blank line before others is a row of one empty field.
    """
    blank: list[int] = []
    for row, line in lines(path):
        if not line:
            blank.append(row)
            continue
        for number, fields in (*((number, [""]) for number in blank), (row, line.split("\t"))):
            if widths and len(fields) not in widths:
                raise ragged(path, number, len(fields), *widths)
            yield number, fields
        blank.clear()


def csv_records(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """(row where it ends, cells by column) of each record of a CSV file with a header, quoted as in RFC 4180."""
    reader = csv.reader((line + "\n" for _, line in lines(path)), strict=True)
    try:
        header = next(reader)
        check_columns(path, header, columns)
        for cells in reader:
            if len(cells) not in (0, len(header)):
                raise ragged(path, reader.line_num, len(cells), len(header))
            if cells:
                yield reader.line_num, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise DataError(
            path, f"is not valid CSV ({error}).", reader.line_num, f"Is a quote left open? {HINT}"
        ) from None


def json_records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(1-based row, object) of each line of a JSON Lines file that is not blank."""
    for row, line in lines(path):
        if line.strip():
            record = _parsed(path, line, row)
            if not isinstance(record, dict):
                raise DataError(path, "is not a JSON object.", row, f"Each line must be one, as in the release. {HINT}")
            yield row, record


def json_document(path: Path) -> dict[str, Any]:
    """The one JSON object that a file consists of."""
    document = _parsed(path, "\n".join(line for _, line in lines(path)))
    if not isinstance(document, dict):
        raise DataError(path, "is not a JSON object.", remedy=HINT)
    return document


def member(path: Path, row: int | None, record: Any, name: str, *kinds: type) -> Any:
    """``record[name]``, checked to exist and to be of one of the kinds."""
    if not isinstance(record, dict):
        raise DataError(path, f"an object with '{name}' is expected, found {_shown(record)}.", row, HINT)
    if name not in record:
        raise DataError(path, f"has no field '{name}'; its fields are: {', '.join(record)}.", row, HINT)
    value = record[name]
    if type(value) not in kinds:
        expected = " or ".join(_TYPES[kind] for kind in kinds)
        raise DataError(path, f"field '{name}' must be {expected}, found {_shown(value)}.", row, HINT)
    return value


class AllOrNone:
    """A check, row by row, that a file has labels in all of its rows or, like XTREME's test files, in none."""

    def __init__(self, path: Path, what: str = "a label") -> None:
        self.path, self.what = path, what
        self.labelled: bool | None = None  # as the file's first row

    def check(self, row: int, labelled: bool) -> None:
        """Raise :class:`DataError` where a row differs from those before it."""
        if self.labelled is None:
            self.labelled = labelled
        if labelled != self.labelled:
            here, before = ("has", "have none") if labelled else ("lacks", "have one")
            raise DataError(
                self.path,
                f"{here} {self.what}, but the rows before it {before}.",
                row,
                f"Either all rows of a file have labels or, in a test file, none. {HINT}",
            )


def check_columns(path: Path, header: list[str], columns: tuple[str, ...]) -> None:
    """Raise :class:`DataError` where a header lacks a column, or names one twice."""
    if repeated := sorted({name for name in header if header.count(name) > 1}):
        raise DataError(path, f"the header names the column {', '.join(map(repr, repeated))} twice.", 1, HINT)
    absent = [column for column in columns if column not in header]
    if absent:
        raise DataError(
            path,
            f"the header has no column {', '.join(map(repr, absent))}; its columns are: {', '.join(header)}.",
            1,
            f"Is this the release's own file, with its labels? {HINT}",
        )


def ragged(path: Path, row: int, found: int, *expected: int) -> DataError:
    """The error for a row with another number of fields than expected."""
    return DataError(
        path,
        f"has {found} field{'' if found == 1 else 's'} where {' or '.join(map(str, expected))} are expected.",
        row,
        f"A tab, comma or line end may have slipped into a field, or the file has been converted. {HINT}",
    )


def short(text: str) -> str:
    """As much of a text from a file as fits into a message."""
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def check_there(path: Path, instead: Sequence[Path] = ()) -> None:
    """Raise :class:`DataError` where a file is missing or empty; ``instead`` are files that would do in its place."""
    if path.is_file():
        if path.stat().st_size == 0:
            raise DataError(path, "is empty.", remedy=f"Was it downloaded whole? {HINT}")
        return
    folder = next(parent for parent in path.parents if parent.is_dir())
    if folder == path.parent:
        names = sorted(entry.name for entry in folder.iterdir())
        more = f" and {len(names) - _SHOWN_FILES} more" if len(names) > _SHOWN_FILES else ""
        there = f"its folder holds {', '.join(names[:_SHOWN_FILES]) or 'nothing'}{more}."
    else:
        there = f"of its folders, only {folder} exists."
    other = f"XTREME's {' and '.join(map(str, instead))} would do as well. " if instead else ""
    raise DataError(path, f"there is no such file; {there}", remedy=other + HINT)


class _Repeated(ValueError):
    """An object of a JSON text names a key twice."""


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        which = f", whose id is {_shown(value['id'])}," if twice != "id" and "id" in value else ""
        raise _Repeated(f"has an object{which} that names '{short(twice)}' twice.")
    return value


def _parsed(path: Path, text: str, row: int | None = None) -> Any:
    try:
        value = json.loads(text, object_pairs_hook=_unique_keys)
        if "\\ud" in text.lower():  # an escaped half of a surrogate pair parses, but is no character
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except json.JSONDecodeError as error:
        problem = f"is not valid JSON ({error.msg} at column {error.colno})."
        row = row or error.lineno
    except UnicodeEncodeError:
        problem = "has an escaped surrogate (\\ud800 to \\udfff) without its other half."
    except RecursionError:
        problem = "has lists or objects within each other so deep that it cannot be read."
    except _Repeated as error:
        problem = str(error)
    except ValueError:  # Python reads no integer of more digits
        problem = f"has a whole number of more than {sys.get_int_max_str_digits()} digits."
    raise DataError(path, problem, row, f"Was the file cut off or converted? {HINT}")


def _shown(value: Any) -> str:
    try:
        return short(json.dumps(value, ensure_ascii=False))
    except (RecursionError, ValueError):  # nested too deep, or too long a number
        return f"something of type {type(value).__name__}"
