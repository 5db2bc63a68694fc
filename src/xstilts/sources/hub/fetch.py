"""Downloads of datasets: one split of a repository of the Hub as one Parquet file, with a record next to it.

The Parquet file keeps the columns and features of the repository; the names of labels are in the metadata of its
schema. Rows are streamed, so that only the requested split is downloaded and no second copy stays in the user's cache.
The network is not used if the file exists at the right revision, or if a mirror is given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from xstilts.atomic import replacing, sha256_of, write_json
from xstilts.errors import DataError, UserError
from xstilts.sources.hub.access import check_reachable, clone_folder, read_errors
from xstilts.sources.hub.origins import MIRROR, Origin

if TYPE_CHECKING:
    from datasets import IterableDataset

_BATCH_SIZE = 10_000  # rows in memory at a time, and per row group


def record_file(file: Path) -> Path:
    """Return the path of the record of a downloaded Parquet file."""
    return file.with_name(f"{file.name}.json")


def fetch(origin: Origin, file: Path, mirror: str | None = None) -> dict[str, Any]:
    """Download one split unless it is already there; several processes may fetch the same file.

    Args:
        origin: The split.
        file: The Parquet file to write.
        mirror: The folder of a mirror to read from; None for the Hub.

    Returns:
        The record: repository, revision (``MIRROR`` if it was read from a mirror), config, split, rows, note and the
        sha256 of the Parquet file. The record on disk has the features too.

    Raises:
        UserError: if the repository cannot be reached, or does not have the split at this revision.
        DataError: if the number of rows differs from the known one; not checked for mirrors.
    """
    from huggingface_hub.utils import WeakFileLock

    identity = {
        "repository": origin.part.repository,
        "revision": MIRROR if mirror else origin.part.revision,
        "config": origin.config,
        "split": origin.split,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(file.with_name(f".{file.name}.lock")):
        if record := _existing_record(file, identity):
            return record
        clone = clone_folder(mirror, origin.part.repository) if mirror else None
        stream = _open_stream(origin, clone)
        rows = _write(stream, file, origin, clone)
        record = {**identity, "rows": rows, "note": origin.part.note, "sha256": sha256_of(file)}
        write_json(record_file(file), {**record, "features": stream.features.to_dict()})
        return record


def _existing_record(file: Path, identity: dict[str, Any]) -> dict[str, Any] | None:
    """Return the record of an existing file that is undamaged and of the right origin; else None."""
    try:
        record: dict[str, Any] = json.loads(record_file(file).read_bytes())
        if record["sha256"] == sha256_of(file) and identity.items() <= record.items():
            del record["features"]
            return record
    except (OSError, ValueError, KeyError, TypeError):  # missing or damaged: fetch it again
        pass
    return None


def _open_stream(origin: Origin, clone: Path | None) -> IterableDataset:
    from datasets import load_dataset

    options: dict[str, Any] = {"name": origin.config, "split": origin.split, "streaming": True}
    if clone is None:
        check_reachable(str(origin))
        _check_no_local_folder(origin.part.repository)
    with read_errors(str(origin), clone):
        if clone is None:
            return load_dataset(origin.part.repository, revision=origin.part.revision, **options)
        return load_dataset(str(clone), **options)


def _check_no_local_folder(repository: str) -> None:
    """Refuse a local folder named like the repository: ``load_dataset`` would read it instead of the Hub's."""
    if Path(repository).exists():
        raise UserError(
            f"There is a folder '{repository}' in {Path.cwd()}, which would be read in place of the Hub's repository "
            "of that name. Move it; or, if it is a clone to be read, set source.mirror to where it is."
        )


def _write(stream: IterableDataset, file: Path, origin: Origin, clone: Path | None) -> int:
    """Write all rows to ``file`` and return their number; nothing is written if it is not the expected one."""
    schema, rows = stream.features.arrow_schema, 0
    with replacing(file) as temporary:
        with pq.ParquetWriter(temporary, schema) as writer:
            for batch in _batches(stream, origin, clone):
                writer.write_table(batch.cast(schema))
                rows += batch.num_rows
        if clone is None and origin.rows not in (None, rows):
            remedy = origin.part.loss or "Was the download cut short, or has the repository changed?"
            raise DataError(str(origin), f"has {rows} rows where {origin.rows} are expected.", remedy=remedy)
    return rows


def _batches(stream: IterableDataset, origin: Origin, clone: Path | None) -> Iterator[pa.Table]:
    """Yield the rows of a stream; only errors of reading are reported as errors of the Hub, not those of writing."""
    with read_errors(str(origin), clone):
        yield from stream.with_format("arrow").iter(batch_size=_BATCH_SIZE)
