"""A submission's files back into predictions for the study's examples."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from xstilts.errors import DataError
from xstilts.submission.lines import Parsed, parsed
from xstilts.tasks.task import Task

SHOWN = 5  # problems of one file that are told; the others are counted


def parse(path: Path, task: Task, examples: pa.Table) -> Parsed:
    """A file's predictions and its problems; that there is no such file, or not as UTF-8 text, is one."""
    try:
        return parsed(task, path.read_bytes().decode("utf-8"), examples)
    except FileNotFoundError:
        return Parsed(problems=["no such file"])
    except OSError as error:
        return Parsed(problems=[f"cannot be read ({error.strerror})"])
    except UnicodeDecodeError as error:
        return Parsed(problems=[f"byte {error.start + 1} is not UTF-8"])


def read(path: Path, task: Task, examples: pa.Table) -> list[tuple[str, str]]:
    """(example id, prediction) of every scored example of a file.

    Raises:
        DataError: with the first of the things that are wrong with it.
    """
    found = parse(path, task, examples)
    if found.problems:
        raise DataError(path, "; ".join(shown(found.problems)) + ".")
    return found.predictions


def shown(problems: list[str]) -> list[str]:
    """The first problems, and how many more there are."""
    more = len(problems) - SHOWN
    return [*problems[:SHOWN], f"and {more} more"] if more > 0 else problems
