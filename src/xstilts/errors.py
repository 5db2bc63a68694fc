"""Mistakes that a person can mend: shown as one message, never as a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path


class UserError(Exception):
    """Something the user gave is wrong; the message says what, where and what to do."""


class UserErrors(UserError):
    """Several mistakes at once; ``sentences`` has one for each, which begins with the key that it is about."""

    def __init__(self, title: str, sentences: Sequence[str]) -> None:
        super().__init__("\n".join([title, *(f"  - {sentence}" for sentence in sentences)]))
        self.sentences = tuple(sentences)


class DataError(UserError):
    """A data file is not what its reader expects.

    ``row`` is the 1-based line (or record) of ``file`` where the trouble starts; None: the file as a whole is wrong.
    """

    def __init__(self, file: Path | str, problem: str, row: int | None = None, remedy: str = "") -> None:
        where = f"{file}" if row is None else f"{file}, row {row}"
        super().__init__(f"{where}: {problem}" + (f" {remedy}" if remedy else ""))
        self.file, self.row = Path(file), row


class Diverged(UserError):
    """A run's loss has stopped being finite: what it would do again, however often it were run."""


def did_you_mean(name: object, valid: Iterable[str]) -> str:
    """'Did you mean …?' with the valid name closest to ``name``, else the list of what is valid."""
    names = list(valid)
    if not names:
        return "There are none."
    close = difflib.get_close_matches(str(name), names, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Valid names: {', '.join(names)}."
