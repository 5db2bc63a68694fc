"""Published scores to compare with: ``published.csv``, one row per number.

Only numbers with a source are there: mark S was read in the source that the row names, mark D follows from such numbers
by arithmetic. ``target`` is a target task or one of :data:`xstilts.tasks.benchmarks.AGGREGATES`; ``language`` is a
code, or 'mean' for the unweighted mean over all of the task's languages; ``metric`` is one of the task's primary score
metrics, 'headline' for their mean, or of an average over tasks 'gain' over the same without an intermediate task.
Scores are in points.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources

from xstilts.errors import DataError
from xstilts.tasks.benchmarks import AGGREGATES
from xstilts.tasks.protocols import PROTOCOLS, SYSTEMS
from xstilts.tasks.registry import TASKS

MEAN = "mean"  # as a language
HEADLINE, GAIN = "headline", "gain"  # as metrics
MARKS = {"S": "read in the source", "D": "derived from numbers of the source"}


@dataclass(frozen=True)
class Published:
    """One number; ``protocol`` names how it came about, one of :data:`xstilts.tasks.protocols.PROTOCOLS`."""

    system: str
    arm: str
    target: str
    language: str
    split: str
    metric: str
    score: float
    mark: str
    source: str
    protocol: str
    note: str


@cache
def published() -> tuple[Published, ...]:
    """Every published score, in the order of the file."""
    text = resources.files("xstilts.tasks").joinpath("published.csv").read_text(encoding="utf-8")
    return parse(text, "published.csv")


def parse(text: str, file: str) -> tuple[Published, ...]:
    """The rows of a CSV text, checked.

    Raises:
        DataError: the columns are others, a value is none of the known ones, or a number is there twice.
    """
    reader = csv.DictReader(text.splitlines())
    columns = [field.name for field in fields(Published)]
    if reader.fieldnames != columns:
        columns_found = ", ".join(reader.fieldnames or ())
        raise DataError(file, f"has the columns {columns_found}.", 1, f"Expected are {', '.join(columns)}.")
    rows: dict[tuple[str, ...], Published] = {}
    for line, values in enumerate(reader, start=2):
        row = _row(values, file, line)
        key = (row.system, row.arm, row.target, row.language, row.split, row.metric, row.source)
        if key in rows:
            raise DataError(file, f"gives {', '.join(key)} once more.", line)
        rows[key] = row
    return tuple(rows.values())


def _row(values: dict[str, str], file: str, line: int) -> Published:
    target = values["target"]
    known = {
        "system": tuple(SYSTEMS),
        "target": (*(name for name, task in TASKS.items() if task.is_target), *AGGREGATES),
        "language": (MEAN, *(TASKS[target].languages if target in TASKS else ())),
        "split": ("dev", "test"),
        "metric": (HEADLINE, *(TASKS[target].primary_metrics if target in TASKS else (GAIN,))),
        "mark": tuple(MARKS),
        "protocol": tuple(PROTOCOLS),
    }
    for column, valid in known.items():
        if values[column] not in valid:
            raise DataError(file, f"{column} '{values[column]}' is none of {', '.join(valid)}.", line)
    for column in ("arm", "source"):
        if not values[column]:
            raise DataError(file, f"the column '{column}' is empty.", line)
    try:
        score = float(values["score"])
    except ValueError:
        score = float("nan")
    if not 0 <= score <= 100:
        raise DataError(file, f"the score '{values['score']}' is not a number of points from 0 to 100.", line)
    return Published(**{**values, "score": score})  # type: ignore[arg-type]
