"""What is read from a file of a submission, and the text that such files consist of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

_SHOWN_CHARACTERS = 40


@dataclass
class Parsed:
    """A file's content.

    Attributes:
        predictions: (example id, prediction) pairs; may be incomplete if there are problems.
        problems: What is wrong with the file.
    """

    predictions: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def ids_of(examples: pa.Table) -> list[str]:
    """Return the ids of examples."""
    ids: list[str] = examples.column("id").to_pylist()
    return ids


def lines_of(text: str) -> list[str]:
    """Return lines without blanks at either end; text after the last line end is a line only if it is not empty."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [line.strip() for line in (lines if lines[-1] else lines[:-1])]


def joined(lines: Sequence[str]) -> str:
    """Return text with a line end after each line."""
    return "".join(f"{line}\n" for line in lines)


def quoted(text: str) -> str:
    """Return a text for a message: "nothing" if it is empty, else quoted with visible control characters."""
    shown = repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…")
    return shown if text else "nothing"
