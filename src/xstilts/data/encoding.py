"""Encoded examples: written once per tokenizer and task, read memory-mapped by every arm and seed.

A task's folder holds one Arrow file per split and language and, written last, a ``manifest.json`` with the labels in
the order of their ids and the number of rows and examples of every file.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from xstilts.atomic import replacing, sha256_of, write_json
from xstilts.config.settings import Encoding
from xstilts.data.integrity import MANIFEST, refuse_damaged_part
from xstilts.errors import UserError
from xstilts.task_types import task_type_of
from xstilts.task_types.base import EncodedRow, TaskType
from xstilts.tasks.task import Task

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_SLICE = 2000  # examples encoded at a time, which bounds memory


@dataclass(frozen=True)
class EncodedTask:
    """The content of ``manifest.json``.

    Attributes:
        task: Its name.
        labels: Label names in the order of their ids; empty where the task type has none.
        encoding: The settings that the task was encoded with.
        files: By '{split}.{language}', the file's ``rows``, ``examples`` and checksum (``sha256``), and the checksum of
            the canonical file (``source_sha256``).
    """

    task: str
    labels: tuple[str, ...]
    encoding: Encoding
    files: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, manifest: Path) -> EncodedTask:
        """Read a manifest."""
        values = json.loads(manifest.read_text(encoding="utf-8"))
        return cls(
            task=values["task"],
            labels=tuple(values["labels"]),
            encoding=Encoding(**values["encoding"]),
            files=values["files"],
        )


def encode_task(
    task: Task,
    encoding: Encoding,
    tokenizer: PreTrainedTokenizerFast,
    data: Sequence[Path],
    folder: Path,
    prefix: str = "",
) -> None:
    """Encode the canonical files of a task.

    Args:
        task: The task.
        encoding: Lengths and other settings.
        tokenizer: The model's tokenizer.
        data: Canonical files, named ``{split}.{language}.parquet``.
        folder: Where the Arrow files and the manifest are written.
        prefix: Stands before the text that begins each input.

    Raises:
        UserError: A file's examples encode to no rows, or a canonical file is damaged.
    """
    for path in data:
        refuse_damaged_part(path)
    labels = task.labels or _labels_seen(data)
    task_type = task_type_of(task, encoding, labels)
    files = {}
    for path in data:
        target = folder / f"{path.stem}.arrow"
        rows = _encode_file(task_type, tokenizer, path, target, prefix)
        if rows == 0:
            raise UserError(
                f"{path}: its examples encode to no rows at encoding.max_length = {encoding.max_length}. "
                "Raise encoding.max_length."
            )
        files[path.stem] = {
            "rows": rows,
            "examples": pq.read_metadata(path).num_rows,
            "sha256": sha256_of(target),
            "source_sha256": sha256_of(path),
        }
    manifest = {"task": task.name, "labels": list(labels), "encoding": encoding.model_dump(), "files": files}
    write_json(folder / MANIFEST, manifest)


def _labels_seen(data: Sequence[Path]) -> tuple[str, ...]:
    """The labels of an open label set, read off the training split; () for task types without tags."""
    train = [path for path in data if path.stem.startswith("train.") and "tags" in pq.read_schema(path).names]
    return tuple(sorted({tag for path in train for tags in _column(path, "tags") for tag in tags}))


def _column(path: Path, name: str) -> list[Any]:
    return pq.read_table(path, columns=[name]).column(name).to_pylist()


def _encode_file(
    task_type: TaskType, tokenizer: PreTrainedTokenizerFast, source: Path, target: Path, prefix: str
) -> int:
    """Encode one canonical file into an Arrow file; returns its number of rows."""
    rows, first, writer = 0, 0, None
    with replacing(target) as temporary, pa.OSFile(str(temporary), "wb") as sink:
        for batch in pq.ParquetFile(source).iter_batches(batch_size=_SLICE):
            examples = with_prefix(pa.Table.from_batches([batch]), task_type.first_text, prefix)
            encoded = task_type.encode(examples, tokenizer, first)
            writer = writer or ipc.new_file(sink, encoded.schema)
            writer.write_table(encoded.combine_chunks())
            rows, first = rows + encoded.num_rows, first + batch.num_rows
        if writer:
            writer.close()
    return rows


def with_prefix(examples: pa.Table, column: str, prefix: str) -> pa.Table:
    """Return examples with a prefix before each text of a column."""
    if not prefix:
        return examples
    texts = pc.binary_join_element_wise(prefix, examples.column(column), "")
    return examples.set_column(examples.schema.get_field_index(column), examples.schema.field(column), texts)


class EncodedRows:
    """The encoded rows of Arrow files, memory-mapped: reading a row copies nothing.

    Indexing with row indices gives a list of rows: dicts of numpy views and integers.

    Args:
        paths: Arrow files.
        examples: Only the rows of the first so many examples; None: all.
        only: Only the rows of the examples with these indices; None: all.

    Attributes:
        lengths: (rows,) tokens of each row.
        language: The files' language, by the end of their names; None if they have several.

    Raises:
        DataError: A file is gone or damaged.
    """

    def __init__(self, *paths: Path, examples: int | None = None, only: Sequence[int] | None = None) -> None:
        for path in paths:
            refuse_damaged_part(path)
        languages = {path.stem.rpartition(".")[2] for path in paths}
        self.language = languages.pop() if len(languages) == 1 else None
        table = pa.concat_tables(ipc.open_file(pa.memory_map(str(path))).read_all() for path in paths)
        if examples is not None:  # rows are in the order of their examples
            table = table.slice(0, int(np.searchsorted(table.column("example").to_numpy(), examples)))
        if only is not None:
            table = table.filter(pc.is_in(table.column("example"), pa.array(only, pa.int32())))
        self._chunks = [
            {name: _Column(batch.column(name)) for name in batch.schema.names} for batch in table.to_batches()
        ]
        sizes = [batch.num_rows for batch in table.to_batches()]
        self._starts = [0, *np.cumsum(sizes).tolist()]
        self.lengths = np.concatenate([chunk["input_ids"].lengths() for chunk in self._chunks])

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, indices: Sequence[int]) -> list[EncodedRow]:
        rows: list[EncodedRow] = []
        for index in indices:
            chunk = bisect_right(self._starts, index) - 1
            offset = index - self._starts[chunk]
            rows.append({name: column[offset] for name, column in self._chunks[chunk].items()})
        return rows


class _Column:
    """One column of one chunk; indexing gives a numpy view of a list, or an integer."""

    def __init__(self, array: pa.Array) -> None:
        if pa.types.is_list(array.type):
            self._values = array.values.to_numpy()  # the whole buffer, which the offsets of a slice refer to
            self._offsets: np.ndarray | None = array.offsets.to_numpy()
        else:
            self._values, self._offsets = array.to_numpy(), None

    def __getitem__(self, index: int) -> Any:
        if self._offsets is None:
            return int(self._values[index])
        return self._values[self._offsets[index] : self._offsets[index + 1]]

    def lengths(self) -> np.ndarray:
        """(rows,) the length of each list."""
        assert self._offsets is not None
        return np.diff(self._offsets)
