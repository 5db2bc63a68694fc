"""Downloads: a split of a repository of the Hub as one Parquet file, with a record of what it is beside it.

The Parquet file keeps the repository's own columns and features; names of labels are in its schema's metadata. Rows are
streamed: only the wanted split of a repository is downloaded, and no second copy stays in the user's cache. The network
is not needed where a file is already there at the right revision, or where a mirror is given.
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
from xstilts.sources.hub.access import check_reachable, mirrored, reading
from xstilts.sources.hub.origins import MIRROR, Origin

if TYPE_CHECKING:
    from datasets import IterableDataset

_BATCH = 10_000  # rows in memory at a time, and in a row group


def record_file(file: Path) -> Path:
    """Where the record of a downloaded Parquet file is."""
    return file.with_name(f"{file.name}.json")


def fetch(origin: Origin, file: Path, mirror: str | None = None) -> dict[str, Any]:
    """Download one split to ``file`` unless it is there; returns its record.

    A record has the repository, revision (``MIRROR`` where it was read from one), config, split, rows, note, and the
    Parquet file's sha256; stored beside the file, also its features. Several processes may fetch the same file.

    Raises:
        UserError: the repository cannot be reached, or does not have the split at this revision.
        DataError: the split has another number of rows than the dataset is known to have; not checked for mirrors.
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
        if record := _present(file, identity):
            return record
        clone = mirrored(mirror, origin.part.repository) if mirror else None
        stream = _opened(origin, clone)
        rows = _write(stream, file, origin, clone)
        record = {**identity, "rows": rows, "note": origin.part.note, "sha256": sha256_of(file)}
        write_json(record_file(file), {**record, "features": stream.features.to_dict()})
        return record


def _present(file: Path, identity: dict[str, Any]) -> dict[str, Any] | None:
    """The record of a file that is already there, whole and of the right origin."""
    try:
        record: dict[str, Any] = json.loads(record_file(file).read_bytes())
        if record["sha256"] == sha256_of(file) and identity.items() <= record.items():
            del record["features"]
            return record
    except (OSError, ValueError, KeyError, TypeError):  # absent, or damaged in any way: fetched anew
        pass
    return None


def _opened(origin: Origin, clone: Path | None) -> IterableDataset:
    from datasets import load_dataset

    wanted: dict[str, Any] = {"name": origin.config, "split": origin.split, "streaming": True}
    if clone is None:
        check_reachable(str(origin))
        _check_not_a_folder(origin.part.repository)
    with reading(str(origin), clone):
        if clone is None:
            return load_dataset(origin.part.repository, revision=origin.part.revision, **wanted)
        return load_dataset(str(clone), **wanted)


def _check_not_a_folder(repository: str) -> None:
    """``load_dataset`` would read a folder of that name in place of the Hub's repository, at whatever revision."""
    if Path(repository).exists():
        raise UserError(
            f"There is a folder '{repository}' in {Path.cwd()}, which would be read in place of the Hub's repository "
            "of that name. Move it; or, if it is a clone to be read, set source.mirror to where it is."
        )


def _write(stream: IterableDataset, file: Path, origin: Origin, clone: Path | None) -> int:
    """Write all rows to ``file``, or none where their number is wrong; returns it."""
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
    """The stream's rows. What goes wrong in reading them is put down to the Hub, what in writing them is not."""
    with reading(str(origin), clone):
        yield from stream.with_format("arrow").iter(batch_size=_BATCH)
