"""Files of scores and predictions, which jobs write and tables, figures and the report are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from xstilts.config.study import Study
from xstilts.errors import UserError
from xstilts.graph.runs import Job
from xstilts.scores import parquet_files as files
from xstilts.scores.flags import with_flags

#: One row per score. ``score`` is in points (0–100), unrounded; ``n`` is the number of examples scored; ``run`` is the
#: id of the job that made it. ``flag`` says why a score is excluded from all means, null if it is not. It depends on
#: all seeds, and is set when scores are collected (see :mod:`xstilts.scores.flags`).
SCORES: pa.Schema = files.non_null_schema(
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
).append(pa.field("flag", pa.string()))

#: One row per example. ``gold`` is null where the release's labels are removed; ``score`` is the example's contribution
#: to the metric in points, null where the metric does not decompose into examples.
PREDICTIONS: pa.Schema = (
    files.non_null_schema(
        target=pa.string(),
        language=pa.string(),
        split=pa.string(),
        example=pa.string(),
        prediction=pa.string(),
    )
    .append(pa.field("gold", pa.string()))
    .append(pa.field("score", pa.float64()))
)

#: The columns that identify a score.
KEY = ["model", "arm", "target", "language", "split", "metric", "seed"]
#: The columns that scores to be compared have in common; they must be of the same examples.
_COMPARED = ["model", "target", "language", "split", "metric"]


def write_scores(path: Path, scores: pa.Table) -> None:
    """Write a table of schema :data:`SCORES`.

    Raises:
        DataError: the columns differ from the schema, a value is missing, or a score is outside 0–100.
    """
    files.write(path, scores, SCORES)


def write_predictions(path: Path, predictions: pa.Table) -> None:
    """Write a table of schema :data:`PREDICTIONS`.

    Raises:
        DataError: the columns differ from the schema, or a value other than ``gold`` and ``score`` is missing.
    """
    files.write(path, predictions, PREDICTIONS)


def read_scores(path: Path) -> pd.DataFrame:
    """Read a file written by :func:`write_scores`.

    Raises:
        DataError: the file does not exist or is not a file of scores.
    """
    return files.read(path, SCORES).to_pandas()


def checked_scores(path: Path, study: Study) -> pd.DataFrame:
    """Read a study's file of scores and check that they are in the study.

    Raises:
        UserError: as for a part of :func:`collect`, naming rows.
    """
    return collect([path], study).to_pandas()


def collect(parts: Sequence[Path], study: Study, flags: Mapping[Job, str] | None = None) -> pa.Table:
    """Combine the scores of all jobs of a study.

    Args:
        parts: The jobs' files, in any order. A part without rows has predictions only, as its release has no labels.
        study: The study that the scores must belong to.
        flags: By job, the flag to set on its scores; None keeps the flags that the parts have.

    Returns:
        A table of schema :data:`SCORES`, in an order that does not depend on that of ``parts``.

    Raises:
        UserError: there are no parts, or a part has scores that are not in the study, repeats a score of another part,
            or was scored on other examples than another part. The message names files and rows (1-based).
    """
    if not parts:
        raise UserError("There are no scores to collect: no file was given.")
    rows = files.read_parts(parts, SCORES)
    if flags is not None:
        rows = with_flags(rows, flags, study)
    _refuse_unknown(rows, study)
    files.refuse_duplicates(rows, KEY)
    files.refuse_different_examples(rows, _COMPARED, "target")
    return files.to_sorted_table(rows, SCORES, KEY)


def _refuse_unknown(rows: pd.DataFrame, study: Study) -> None:
    valid: dict[str, Iterable[str | int]] = {
        "study": [study.study],
        "model": study.models,
        "arm": study.arms,
        "target": study.targets,
        "split": dict.fromkeys(split for target in study.targets for split in study.splits_of(target)),
        "seed": study.seeds,
    }
    for column, names in valid.items():
        files.refuse_unknown(rows, column, names, f"the study '{study.study}'")
    for target, of_target in rows.groupby("target"):
        files.refuse_unknown(of_target, "language", study.languages(str(target)), f"the study's {target}")
