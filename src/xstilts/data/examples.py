"""Canonical examples: one Parquet file per task, split and language, checked when written.

The columns are the ``schema`` of the task type and the task's metadata. Every file has its provenance in the Parquet
metadata under ``xstilts``: task, split, language, where it was read from, licence, and a fingerprint of the rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from xstilts.atomic import replacing
from xstilts.data.integrity import refuse_damaged_part
from xstilts.errors import DataError
from xstilts.task_types import canonical_schema, task_type_class
from xstilts.tasks.task import Task

_METADATA_KEY = b"xstilts"
_SHOWN_PROBLEMS = 5


@dataclass(frozen=True)
class Provenance:
    """Where a canonical file comes from.

    Attributes:
        task: Its name.
        split: 'train', 'dev' or 'test'.
        language: ISO 639-1 code.
        source: The files or the repository that the examples were read from.
        licence: The data's licence.
        synthetic: Whether the text was generated.
        fingerprint: See :func:`fingerprint`.
    """

    task: str
    split: str
    language: str
    source: str
    licence: str
    synthetic: bool
    fingerprint: str = ""


def check(task: Task, table: pa.Table, source: str) -> None:
    """Check one file's examples.

    Args:
        task: The task.
        table: Canonical examples.
        source: The name of the file in error messages.

    Raises:
        DataError: The table is empty, its ids repeat, some but not all examples have gold answers, or an example
            breaks the rules of the task type.
    """
    if table.num_rows == 0:
        raise DataError(source, "has no examples.", remedy="Is the file complete?")
    _check_ids(table, source)
    _check_gold(task, table, source)
    problems = []
    for row, problem in task_type_class(task).problems(task, table):
        problems.append(f"example {row + 1} (id '{table.column('id')[row].as_py()}'): {problem}")
        if len(problems) > _SHOWN_PROBLEMS:
            problems[-1] = "… and more."
            break
    if problems:
        raise DataError(source, "\n  ".join(problems))


def _check_ids(table: pa.Table, source: str) -> None:
    ids = table.column("id")
    order = pc.sort_indices(ids)  # a hash table of BUCC's million ids would take three times the memory
    in_order = ids.take(order)
    repeated = order[1:].filter(pc.equal(in_order[1:], in_order[:-1]))
    if len(repeated):
        row = pc.min(repeated).as_py()
        identifier = ids[row].as_py()
        first = pc.index(ids, identifier).as_py()
        if "side" in table.column_names and table["side"][row] != table["side"][first]:
            raise DataError(
                source,
                f"the id '{identifier}' stands for a foreign and for an English sentence.",
                remedy="The two files must not share ids: put the language before them, as in 'de-1' and 'en-1', "
                "in the file of gold pairs as well.",
            )
        raise DataError(
            source,
            f"example {row + 1} has the id '{identifier}' of example {first + 1}.",
            remedy="Ids must be unique within a file; remove the duplicate.",
        )


def _check_gold(task: Task, table: pa.Table, source: str) -> None:
    name = task_type_class(task).gold_column
    missing = table.column(name).null_count if name else 0
    if 0 < missing < table.num_rows:
        row = pc.index(table.column(name).is_null(), True).as_py()
        raise DataError(
            source,
            f"example {row + 1} (id '{table.column('id')[row].as_py()}') has no gold answer ('{name}'); "
            f"{missing} of the file's {table.num_rows} examples have none.",
            remedy="A file has gold answers for all of its examples, or, where its release has none, for no example.",
        )


def write(path: Path, task: Task, table: pa.Table, provenance: Provenance, read_from: str) -> Provenance:
    """Check and write one canonical file.

    Args:
        path: The file to write.
        task: The task.
        table: Its examples.
        provenance: Written into the file's metadata.
        read_from: The name of the source in error messages.

    Returns:
        The provenance with the fingerprint filled in.

    Raises:
        DataError: As :func:`check`, and if training examples have no gold answers.
    """
    task_type = task_type_class(task)
    for name in task.metadata:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
    table = table.cast(canonical_schema(task))
    check(task, table, read_from)
    if provenance.split == "train" and task_type.gold_column and not task_type.has_gold(table):
        remedy = "Take the file of the original release."
        raise DataError(read_from, f"has no gold answers ('{task_type.gold_column}') to train on.", remedy=remedy)
    sealed = Provenance(**{**asdict(provenance), "fingerprint": fingerprint(table)})
    metadata = {_METADATA_KEY: json.dumps(asdict(sealed), sort_keys=True).encode()}
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata(metadata), temporary)
    return sealed


def write_stream(path: Path, task: Task, tables: Iterable[pa.Table], provenance: Provenance) -> Provenance:
    """Write one canonical file of unlabelled text, table by table.

    Args:
        path: The file to write.
        task: The text.
        tables: Its passages, with the columns of the task type; what follows the rules of the type.
        provenance: Written into the file's metadata.

    Returns:
        The provenance with the fingerprint filled in.
    """
    schema, digest = task_type_class(task).schema, hashlib.sha256()
    with replacing(path) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for table in tables:
            _update(digest, table)
            writer.write_table(table.cast(schema))
        sealed = Provenance(**{**asdict(provenance), "fingerprint": digest.hexdigest()[:16]})
        writer.add_key_value_metadata({_METADATA_KEY: json.dumps(asdict(sealed), sort_keys=True).encode()})
    return sealed


def read(path: Path) -> pa.Table:
    """Read the examples of one canonical file.

    Raises:
        DataError: The file is gone or damaged.
    """
    refuse_damaged_part(path)
    return pq.read_table(path)


def provenance_of(path: Path) -> Provenance:
    """Read the provenance of one canonical file."""
    return Provenance(**json.loads(pq.read_metadata(path).metadata[_METADATA_KEY]))


def fingerprint(table: pa.Table) -> str:
    """Hash the rows' values: the first 16 hex digits of a SHA-256 that does not depend on how Arrow stores them."""
    digest = hashlib.sha256()
    _update(digest, table)
    return digest.hexdigest()[:16]


def _update(digest: Any, table: pa.Table) -> None:
    for batch in table.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            digest.update(json.dumps(row, sort_keys=True, ensure_ascii=False).encode())
