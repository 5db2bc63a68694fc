"""Scores and predictions: the files between the jobs that make them and the pages that people read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from xstilts.atomic import replacing
from xstilts.errors import DataError, UserError, nearest
from xstilts.study import Study

_AGAIN = "Delete the file and let snakemake make it again."
_SHOWN = 5


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


#: One row per score. ``score`` is in points (0–100), never rounded; ``n`` is the number of examples scored; ``run`` is
#: the id of the job that made it.
SCORES: pa.Schema = _schema(
    study=pa.string(),
    model=pa.string(),
    arm=pa.string(),
    target=pa.string(),
    language=pa.string(),
    split=pa.string(),
    metric=pa.string(),
    score=pa.float64(),
    n=pa.int64(),
    seed=pa.int64(),
    run=pa.string(),
)

#: One row per example; ``score`` is the example's own part of the metric in points, null where there is no such thing.
PREDICTIONS: pa.Schema = _schema(
    target=pa.string(),
    language=pa.string(),
    split=pa.string(),
    example=pa.string(),
    prediction=pa.string(),
    gold=pa.string(),
).append(pa.field("score", pa.float64()))

#: What makes a score the only one of its kind.
KEY = ["model", "arm", "target", "language", "split", "metric", "seed"]


def write_scores(path: Path, scores: pa.Table) -> None:
    """Write a table of schema :data:`SCORES`.

    Raises:
        DataError: the columns are others, a value is missing, or a score is no number of points.
    """
    _check(path, scores, SCORES)
    _write(path, scores)


def write_predictions(path: Path, predictions: pa.Table) -> None:
    """Write a table of schema :data:`PREDICTIONS`.

    Raises:
        DataError: the columns are others, or a value other than ``score`` is missing.
    """
    _check(path, predictions, PREDICTIONS)
    _write(path, predictions)


def read_scores(path: Path) -> pd.DataFrame:
    """The rows of a file that :func:`write_scores` made.

    Raises:
        DataError: there is no such file, or it is not one of scores.
    """
    if not path.is_file():
        raise DataError(path, "no such file of scores.", remedy="snakemake makes it.")
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(path, f"cannot be read as Parquet ({error}).", remedy=_AGAIN) from None
    _check(path, table, SCORES)
    return table.to_pandas()


def collect(parts: Sequence[Path], study: Study) -> pa.Table:
    """All scores of a study, in an order that does not depend on that of ``parts``.

    Raises:
        UserError: a part has no scores, has some that the study does not ask for, or says the same thing as another
            part, or what it scored are not the examples that another part scored. Names files and rows (1-based).
    """
    frames = []
    for path in sorted(set(parts)):
        frame = read_scores(path)
        if frame.empty:
            raise DataError(path, "holds no scores.", remedy=_AGAIN)
        frames.append(frame.assign(file=str(path), row=range(1, len(frame) + 1)))
    if not frames:
        raise UserError("There are no scores to collect: not one file was given.")
    rows = pd.concat(frames, ignore_index=True)
    _refuse_unknown(rows, study)
    _refuse_duplicates(rows)
    _refuse_different_examples(rows)
    rows = rows.sort_values(KEY, ignore_index=True)
    return pa.Table.from_pandas(rows[SCORES.names], schema=SCORES, preserve_index=False).replace_schema_metadata(None)


def _write(path: Path, table: pa.Table) -> None:
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata(None), temporary, compression="zstd")


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
    if schema is SCORES:
        outside = pc.invert(pc.and_(pc.greater_equal(table["score"], 0), pc.less_equal(table["score"], 100)))
        if (row := pc.index(outside, True).as_py()) >= 0:
            score = table["score"][row].as_py()
            raise DataError(path, f"the score {score} is not a number of points from 0 to 100.", row + 1)


def _refuse_unknown(rows: pd.DataFrame, study: Study) -> None:
    """Scores that the study does not ask for are left over from an earlier version of it, or from another one."""
    valid: dict[str, Iterable[str | int]] = {
        "study": [study.study],
        "model": study.models,
        "arm": study.arms,
        "target": study.targets,
        "split": dict.fromkeys(split for target in study.targets for split in study.splits_of(target)),
        "seed": study.seeds,
    }
    for column, names in valid.items():
        _refuse(rows[~rows[column].isin(list(names))], column, names, f"the study '{study.study}'")
    for target, of_target in rows.groupby("target"):
        languages = study.languages(str(target))
        _refuse(of_target[~of_target["language"].isin(languages)], "language", languages, f"the study's {target}")


def _refuse(rows: pd.DataFrame, column: str, valid: Iterable[str | int], whose: str) -> None:
    if rows.empty:
        return
    first = rows.iloc[0]
    remedy = f"{nearest(first[column], map(str, valid))} Delete the file if it is left over from another study."
    raise DataError(first["file"], f"{column} '{first[column]}' is not in {whose}.", int(first["row"]), remedy)


def _refuse_duplicates(rows: pd.DataFrame) -> None:
    repeated = rows[rows.duplicated(KEY, keep=False)]
    if repeated.empty:
        return
    lines = []
    for key, same in repeated.groupby(KEY):
        what = ", ".join(f"{name} {value}" for name, value in zip(KEY, key, strict=True))
        where = " and ".join(f"{file}, row {row}" for file, row in zip(same["file"], same["row"], strict=True))
        lines.append(f"  - {what}: {where}")
    more = [f"  - and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    raise UserError(
        "The same score is given more than once. Delete the file that is out of date:\n"
        + "\n".join(lines[:_SHOWN] + more)
    )


def _refuse_different_examples(rows: pd.DataFrame) -> None:
    """Gains compare arms on the same examples; another number of them means that the data changed in between."""
    for _, same in rows.groupby(["model", "target", "language", "split", "metric"]):
        one = same.iloc[0]
        others = same[same["n"] != one["n"]]
        if not others.empty:
            other = others.iloc[0]
            raise DataError(
                other["file"],
                f"scores {other['n']} examples of {other['target']} in '{other['language']}', "
                f"but {one['file']}, row {one['row']}, scores {one['n']} of them.",
                int(other["row"]),
                "They cannot be compared: delete the file that was made from older data.",
            )
