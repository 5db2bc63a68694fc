"""Parquet files with one row per score: writing, reading and putting together, whatever their columns are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from xstilts.atomic import replacing
from xstilts.errors import DataError, UserError, nearest

_AGAIN = "Delete the file and let snakemake make it again."
_SHOWN = 5


def required(**columns: pa.DataType) -> pa.Schema:
    """A schema of columns that hold a value in every row."""
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


#: What to do about a file that is gone. Snakemake looks at scores alone, which jobs leave with all else that they make.
GONE = "snakemake makes it; where the scores of the same job are there, delete those to have the job run again."


def write(path: Path, table: pa.Table, schema: pa.Schema) -> None:
    """Write a table of a schema. A ``score`` that no row may lack must be a number of points.

    Raises:
        DataError: the columns are others, a value is missing, or a score is no number of points.
    """
    _check(path, table, schema)
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata(None), temporary, compression="zstd")


def read(path: Path, schema: pa.Schema) -> pa.Table:
    """The rows of a file that :func:`write` made.

    Raises:
        DataError: there is no such file, or it has another schema.
    """
    if not path.is_file():
        raise DataError(path, "no such file.", remedy=GONE)
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(path, f"cannot be read as Parquet ({error}).", remedy=_AGAIN) from None
    _check(path, table, schema)
    return table


def gathered(parts: Sequence[Path], schema: pa.Schema) -> pd.DataFrame:
    """The rows of all files, with the columns ``file`` and ``row`` (1-based) that say where each stands."""
    placed = schema.append(pa.field("file", pa.string())).append(pa.field("row", pa.int64()))
    tables = [placed.empty_table()]
    for path in sorted(set(parts)):
        table = read(path, schema)
        columns = [*table.columns, [str(path)] * table.num_rows, range(1, table.num_rows + 1)]
        tables.append(pa.table(columns, schema=placed))
    return pa.concat_tables(tables).to_pandas()


def ordered(rows: pd.DataFrame, schema: pa.Schema, key: list[str]) -> pa.Table:
    """Gathered rows as a table of the schema, in an order that does not depend on that of the files."""
    rows = rows.sort_values(key, ignore_index=True)
    return pa.Table.from_pandas(rows[schema.names], schema=schema, preserve_index=False).replace_schema_metadata(None)


def refuse_unknown(rows: pd.DataFrame, column: str, valid: Iterable[str | int], whose: str) -> None:
    """Scores that the study does not ask for are left over from an earlier version of it, or from another one."""
    names = list(valid)
    unknown = rows[~rows[column].isin(names)]
    if unknown.empty:
        return
    first = unknown.iloc[0]
    remedy = f"{nearest(first[column], map(str, names))} Delete the file if it is left over from another study."
    raise DataError(first["file"], f"{column} '{first[column]}' is not in {whose}.", int(first["row"]), remedy)


def refuse_duplicates(rows: pd.DataFrame, key: list[str]) -> None:
    """Raise :class:`UserError` where rows have the same ``key``, naming all of them."""
    repeated = rows[rows.duplicated(key, keep=False)]
    if repeated.empty:
        return
    lines = []
    for values, same in repeated.groupby(key):
        what = ", ".join(f"{name} {value}" for name, value in zip(key, values, strict=True))
        where = " and ".join(f"{file}, row {row}" for file, row in zip(same["file"], same["row"], strict=True))
        lines.append(f"  - {what}: {where}")
    more = [f"  - and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    raise UserError(
        "The same score is given more than once. Delete the file that is out of date:\n"
        + "\n".join(lines[:_SHOWN] + more)
    )


def refuse_different_examples(rows: pd.DataFrame, key: list[str], task: str) -> None:
    """Scores of one ``key`` are compared on the same examples; another number of them means that the data changed in
    between. ``task`` is the column with the task's name."""
    for _, same in rows.groupby(key):
        one = same.iloc[0]
        others = same[same["n"] != one["n"]]
        if not others.empty:
            other = others.iloc[0]
            raise DataError(
                other["file"],
                f"scores {other['n']} examples of {other[task]} in '{other['language']}', "
                f"but {one['file']}, row {one['row']}, scores {one['n']} of them.",
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
        found = ", ".join(f"{field.name} {field.type}" for field in table.schema)
        expected = ", ".join(f"{field.name} {field.type}" for field in schema)
        raise DataError(path, f"has the columns {found}.", remedy=f"Expected are {expected}.")
    for field in schema:
        if not field.nullable and table[field.name].null_count:
            row = pc.index(table[field.name].is_null(), True).as_py() + 1
            raise DataError(path, f"the column '{field.name}' is empty.", row, _AGAIN)
    if not schema.field("score").nullable:
        outside = pc.invert(pc.and_(pc.greater_equal(table["score"], 0), pc.less_equal(table["score"], 100)))
        if (row := pc.index(outside, True).as_py()) >= 0:
            score = table["score"][row].as_py()
            raise DataError(path, f"the score {score} is not a number of points from 0 to 100.", row + 1)
