"""The ``hub`` source, read offline: canonical examples from what was prefetched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from xstilts.atomic import sha256_of
from xstilts.errors import DataError
from xstilts.sources.hub.converters import Reading
from xstilts.sources.hub.fetch import record_file
from xstilts.sources.hub.origins import MIRROR, Origin, origins
from xstilts.sources.hub.rows import CONVERTERS
from xstilts.sources.rows import in_turn, table_of
from xstilts.tasks.languages import Language
from xstilts.tasks.task import Task

_AGAIN = "Run snakemake prefetch again, on a machine with network."
_BATCH = 10_000  # rows read at a time


def read(folder: Path, task: Task, split: str, language: Language) -> pa.Table:
    """Canonical examples of one task, split and language, with the columns of the task's format.

    ``folder`` is that of all downloads. Where a task has several parts (ANLI+), their rows alternate, so that the
    first examples are of all of them. Whether they keep their rules is for :func:`xstilts.data.examples.check` to say.

    Raises:
        UserError: the Hub does not have the task, the language or the split.
        DataError: a file was not prefetched or is damaged, or a row is not as its converter expects.
    """
    parts = [_rows(origin, folder, task, split, language) for origin in origins(task, split, language)]
    return table_of(task, in_turn(parts))


def _rows(origin: Origin, folder: Path, task: Task, split: str, language: Language) -> Iterator[dict[str, Any]]:
    from datasets import Features

    file = origin.file(folder, task.name)
    _check(file, origin)
    converter = CONVERTERS[origin.part.converter]
    features = Features.from_arrow_schema(pq.read_schema(file))
    columns = converter.columns_of(origin.part)
    absent = [column for column in columns if column not in features]
    if absent:
        raise DataError(
            file,
            f"{origin} has no column {', '.join(map(repr, absent))}; its columns are: {', '.join(features)}.",
            remedy="docs/hub.md says which repository is meant.",
        )
    columns += tuple(name for name in task.metadata if name in features)
    reading = Reading(task, language, origin.part, file, features, training=split == "train")
    for row in converter.convert(_numbered(file, columns), reading):
        yield {**row, "id": f"{origin.part.prefix}{row['id']}"}


def _check(file: Path, origin: Origin) -> None:
    """Whether a file is what prefetching left there, at the revision that is now declared."""
    if not file.is_file():
        raise DataError(file, f"{origin} has not been prefetched.", remedy=_AGAIN)
    try:
        record = json.loads(record_file(file).read_bytes())
        recorded, revision = record["sha256"], record["revision"]
    except FileNotFoundError:
        raise DataError(record_file(file), "there is no such record beside the file.", remedy=_AGAIN) from None
    except (ValueError, KeyError, TypeError):
        raise DataError(record_file(file), "is no record of a download.", remedy=_AGAIN) from None
    if revision not in (origin.part.revision, MIRROR):
        raise DataError(file, f"is at revision {revision} where {origin.part.revision} is expected.", remedy=_AGAIN)
    if sha256_of(file) != recorded:
        raise DataError(file, "is not the file that was downloaded: its checksum has changed.", remedy=_AGAIN)


def _numbered(file: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(1-based number, row with the given columns) of each row."""
    number = 0
    for batch in pq.ParquetFile(file).iter_batches(batch_size=_BATCH, columns=list(columns)):
        for row in batch.to_pylist():
            number += 1
            if None in row.values():
                empty = next(column for column in columns if row[column] is None)
                raise DataError(file, f"has no '{empty}'.", number, _AGAIN)
            yield number, row
