"""Canonical examples: one Parquet file per task, split and language, checked when written.

The columns of a format are its ``schema``. Every file carries its provenance in the Parquet metadata under ``xstilts``:
task, split, language, where it was read from, licence, and a fingerprint of the rows.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from xstilts.atomic import replacing
from xstilts.catalogue.tasks import Task
from xstilts.errors import DataError
from xstilts.formats import format_class

_METADATA_KEY = b"xstilts"
_SHOWN_PROBLEMS = 5


@dataclass(frozen=True)
class Provenance:
    """Where a canonical file comes from. ``synthetic`` is True for text that no person wrote."""

    task: str
    split: str
    language: str
    source: str
    licence: str
    synthetic: bool
    fingerprint: str = ""


def check(task: Task, table: pa.Table, source: str) -> None:
    """Raise :class:`DataError` where the table is empty, its ids repeat, or an example breaks its format's rules."""
    if table.num_rows == 0:
        raise DataError(source, "has no examples.", remedy="Is the file complete?")
    seen: dict[str, int] = {}
    for row, identifier in enumerate(table.column("id").to_pylist()):
        if identifier in seen:
            raise DataError(
                source,
                f"example {row + 1} has the id '{identifier}' of example {seen[identifier] + 1}.",
                remedy="Ids must be unique within a file; remove the duplicate.",
            )
        seen[identifier] = row
    problems = []
    for row, problem in format_class(task).problems(task, table):
        problems.append(f"example {row + 1} (id '{table.column('id')[row].as_py()}'): {problem}")
        if len(problems) > _SHOWN_PROBLEMS:
            problems[-1] = "… and more."
            break
    if problems:
        raise DataError(source, "\n  ".join(problems))


def write(path: Path, task: Task, table: pa.Table, provenance: Provenance, read_from: str) -> Provenance:
    """Check and write one canonical file; returns its provenance with the fingerprint filled in.

    ``read_from`` is what an error calls the place where the examples come from.
    """
    table = table.cast(format_class(task).schema)
    check(task, table, read_from)
    sealed = Provenance(**{**asdict(provenance), "fingerprint": fingerprint(table)})
    metadata = {_METADATA_KEY: json.dumps(asdict(sealed), sort_keys=True).encode()}
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata(metadata), temporary)
    return sealed


def read(path: Path) -> pa.Table:
    """The examples of one canonical file."""
    return pq.read_table(path)


def provenance_of(path: Path) -> Provenance:
    return Provenance(**json.loads(pq.read_schema(path).metadata[_METADATA_KEY]))


def fingerprint(table: pa.Table) -> str:
    """sha256 over the rows' values, independent of how Arrow chunks or stores them."""
    digest = hashlib.sha256()
    for batch in table.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            digest.update(json.dumps(row, sort_keys=True, ensure_ascii=False).encode())
    return digest.hexdigest()[:16]
