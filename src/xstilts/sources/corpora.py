"""Unlabelled text in plain files of any kind: prose, code, one text a line or in one piece. Read as a stream."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path

from xstilts.errors import DataError

#: The most characters of a passage. Lines are put together up to it, and longer ones cut.
PASSAGE = 4000
_REMEDY = "Corpora are plain text in UTF-8: correct the pattern, or convert the file."


def passages(files: Iterable[Path]) -> Iterator[str]:
    """Yield the passages of files: consecutive lines of one file, with their line ends, none of them blank altogether.

    No more than a passage is held in memory.

    Raises:
        DataError: A file is not there, is no text, or is not in UTF-8.
    """
    for file in files:
        passage = ""
        for line in _lines(file):
            if len(passage) + len(line) > PASSAGE:
                yield from _stripped(passage)
                passage = ""
            passage += line
        yield from _stripped(passage)


def _stripped(passage: str) -> Iterator[str]:
    if passage.strip():
        yield passage.strip("\r\n")


def _lines(file: Path) -> Iterator[str]:
    """Yield lines, and of very long ones pieces."""
    number = 1
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            while line := opened.readline(PASSAGE):
                if number == 1:
                    line = line.removeprefix(codecs.BOM_UTF8.decode())
                if "\0" in line:
                    raise DataError(file, "is no text: it has a zero byte.", number, _REMEDY)
                yield line
                number += line.endswith("\n")
    except UnicodeDecodeError as error:
        raise DataError(file, f"is no text in UTF-8 ({error.reason}).", remedy=_REMEDY) from None
    except OSError as error:
        raise DataError(file, f"cannot be read ({error.strerror}).", remedy=_REMEDY) from None
