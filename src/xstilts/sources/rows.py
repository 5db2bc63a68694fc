"""From the rows that readers yield, one by one, to tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pyarrow as pa

from xstilts.task_types import canonical_schema
from xstilts.tasks.task import Task

Row = dict[str, Any]

_CHUNK = 10_000  # rows held as Python objects at a time; ANLI+ has over a million


def table_of(task: Task, rows: Iterator[Row]) -> pa.Table:
    """All rows as a table with the columns of the task's format, and its metadata, null where a row has none."""
    schema = canonical_schema(task)
    batches = []
    while chunk := list(islice(rows, _CHUNK)):
        batches.append(pa.RecordBatch.from_pylist(chunk, schema=schema))
    return pa.Table.from_batches(batches, schema=schema)


def in_turn(parts: list[Iterator[Row]]) -> Iterator[Row]:
    """One row of each part in turn, until each has ended: the first rows are then equally many of each part."""
    while parts:
        heads = [(part, row) for part in parts if (row := next(part, None)) is not None]
        parts = [part for part, _ in heads]
        yield from (row for _, row in heads)
