"""Predictions for the study's examples, read from a submission's files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from xstilts.errors import DataError
from xstilts.submission.lines import parsed
from xstilts.submission.parsed import Parsed
from xstilts.tasks.task import Task

SHOWN = 5  # problems of one file that are listed; the others are counted


def parse(path: Path, task: Task, examples: pa.Table) -> Parsed:
    """Read a file's predictions and problems; a file that is missing or not UTF-8 is a problem too."""
    try:
        return parsed(task, path.read_bytes().decode("utf-8"), examples)
    except FileNotFoundError:
        return Parsed(problems=["no such file"])
    except OSError as error:
        return Parsed(problems=[f"cannot be read ({error.strerror})"])
    except UnicodeDecodeError as error:
        return Parsed(problems=[f"byte {error.start + 1} is not UTF-8"])


def read(path: Path, task: Task, examples: pa.Table) -> list[tuple[str, str]]:
    """Read (example id, prediction) of every scored example of a file.

    Raises:
        DataError: The file has problems; the message has the first of them.
    """
    parsed_file = parse(path, task, examples)
    if parsed_file.problems:
        raise DataError(path, "; ".join(shown(parsed_file.problems)) + ".")
    return parsed_file.predictions


def shown(problems: list[str]) -> list[str]:
    """Return the first problems, and the number of the others."""
    more = len(problems) - SHOWN
    return [*problems[:SHOWN], f"and {more} more"] if more > 0 else problems
