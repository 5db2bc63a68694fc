"""Parquet files with one row per score, of any schema: write, read, check and combine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from xstilts.atomic import replacing
from xstilts.errors import DataError, UserError, did_you_mean

#: What to do about a deleted file. Snakemake tracks only the scores, which a job writes with all its other files.
GONE = "snakemake makes it; if the scores of the same job exist, delete them to have the job run again."

_AGAIN = "Delete the file and let snakemake make it again."
_SHOWN = 5


def non_null_schema(**columns: pa.DataType) -> pa.Schema:
    """Build a schema of columns that have a value in every row."""
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


def write(path: Path, table: pa.Table, schema: pa.Schema) -> None:
    """Write a table of a schema. A non-null column ``score`` must be in points.

    Raises:
        DataError: the columns differ from the schema, a value is missing, or a score is outside 0–100.
    """
    _check(path, table, schema)
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata(None), temporary, compression="zstd", write_page_checksum=True)


def read(path: Path, schema: pa.Schema) -> pa.Table:
    """Read a file written by :func:`write`.

    Raises:
        DataError: the file does not exist, is damaged, or has another schema.
    """
    if not path.is_file():
        raise DataError(path, "no such file.", remedy=GONE)
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read()
            table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:  # whatever a damaged header leads to
        raise DataError(path, f"cannot be read as Parquet ({error}).", remedy=_AGAIN) from None
    _check(path, table, schema)
    return table


def read_parts(parts: Sequence[Path], schema: pa.Schema) -> pd.DataFrame:
    """Read all files into one frame; the columns ``file`` and ``row`` (1-based) say where each row is from."""
    placed = schema.append(pa.field("file", pa.string())).append(pa.field("row", pa.int64()))
    tables = [placed.empty_table()]
    for path in sorted(set(parts)):
        table = read(path, schema)
        columns = [*table.columns, [str(path)] * table.num_rows, range(1, table.num_rows + 1)]
        tables.append(pa.table(columns, schema=placed))
    return pa.concat_tables(tables).to_pandas()


def to_sorted_table(rows: pd.DataFrame, schema: pa.Schema, key: list[str]) -> pa.Table:
    """Convert the rows of :func:`read_parts` to a table of the schema, sorted by ``key``."""
    rows = rows.sort_values(key, ignore_index=True)
    return pa.Table.from_pandas(rows[schema.names], schema=schema, preserve_index=False).replace_schema_metadata(None)


def refuse_unknown(rows: pd.DataFrame, column: str, valid: Iterable[str | int], owner: str) -> None:
    """Refuse rows left over from an earlier version of the study, or from another study.

    Args:
        rows: What :func:`read_parts` returns.
        column: The column to check.
        valid: Its valid values.
        owner: What has these values, for the message.

    Raises:
        DataError: a row has another value; names the first one's file and row.
    """
    names = list(valid)
    unknown = rows[~rows[column].isin(names)]
    if unknown.empty:
        return
    first = unknown.iloc[0]
    remedy = f"{did_you_mean(first[column], map(str, names))} Delete the file if it is left over from another study."
    raise DataError(first["file"], f"{column} '{first[column]}' is not in {owner}.", int(first["row"]), remedy)


def refuse_duplicates(rows: pd.DataFrame, key: list[str]) -> None:
    """Refuse rows with the same ``key``.

    Raises:
        UserError: some rows are equal in the columns ``key``; names the files and rows of the first few.
    """
    repeated = rows[rows.duplicated(key, keep=False)]
    if repeated.empty:
        return
    lines = []
    for values, same in repeated.groupby(key):
        score = ", ".join(f"{name} {value}" for name, value in zip(key, values, strict=True))
        where = " and ".join(f"{file}, row {row}" for file, row in zip(same["file"], same["row"], strict=True))
        lines.append(f"  - {score}: {where}")
    more = [f"  - and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    raise UserError(
        "The same score is given more than once. Delete the file that is out of date:\n"
        + "\n".join(lines[:_SHOWN] + more)
    )


def refuse_different_examples(rows: pd.DataFrame, key: list[str], task: str) -> None:
    """Refuse scores that were computed on different data: scores of one ``key`` need the same number of examples.

    Args:
        rows: What :func:`read_parts` returns.
        key: The columns that scores to be compared have in common.
        task: The column with the task's name, for the message.

    Raises:
        DataError: two rows of one key have different ``n``; names both.
    """
    groups = rows.groupby(key, sort=False)["n"]
    differing = rows[groups.transform("min") != groups.transform("max")]  # groups one by one would take seconds
    for _, same in differing.groupby(key):
        first = same.iloc[0]
        other = same[same["n"] != first["n"]].iloc[0]
        raise DataError(
            other["file"],
            f"scores {other['n']} examples of {other[task]} in '{other['language']}', "
            f"but {first['file']}, row {first['row']}, scores {first['n']} of them.",
            int(other["row"]),
            "They cannot be compared: delete the file that was made from older data.",
        )


def _check(path: Path, table: pa.Table, schema: pa.Schema) -> None:
    if missing := [name for name in schema.names if name not in table.column_names]:
        raise DataError(path, f"lacks the column(s) {', '.join(missing)}.", remedy=_AGAIN)
    if unknown := [name for name in table.column_names if name not in schema.names]:
        raise DataError(
            path, f"has unknown column(s) {', '.join(unknown)}.", remedy=f"Expected are {', '.join(schema.names)}."
        )
    if table.schema.names != schema.names or table.schema.types != schema.types:
        actual, expected = (", ".join(f"{field.name} {field.type}" for field in one) for one in (table.schema, schema))
        raise DataError(path, f"has the columns {actual}.", remedy=f"Expected are {expected}.")
    for field in schema:
        if not field.nullable and table[field.name].null_count:
            row = pc.index(table[field.name].is_null(), True).as_py() + 1
            raise DataError(path, f"the column '{field.name}' is empty.", row, _AGAIN)
    if not schema.field("score").nullable:
        outside = pc.invert(pc.and_(pc.greater_equal(table["score"], 0), pc.less_equal(table["score"], 100)))
        if (row := pc.index(outside, True).as_py()) >= 0:
            score = table["score"][row].as_py()
            raise DataError(path, f"the score {score} is not a number of points from 0 to 100.", row + 1)
