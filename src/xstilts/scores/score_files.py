"""Scores and predictions: the files between the jobs that make them and the pages that people read."""

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

#: One row per score. ``score`` is in points (0–100), never rounded; ``n`` is the number of examples scored; ``run`` is
#: the id of the job that made it. ``flag`` says why a score is in no mean, and is null where it is in one; that takes
#: all seeds to tell, and is set where they are collected (see :mod:`xstilts.scores.flags`).
SCORES: pa.Schema = files.required(
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

#: One row per example. ``gold`` is null where the release has had its labels removed; ``score`` is the example's own
#: part of the metric in points, null where there is no such thing.
PREDICTIONS: pa.Schema = (
    files.required(
        target=pa.string(),
        language=pa.string(),
        split=pa.string(),
        example=pa.string(),
        prediction=pa.string(),
    )
    .append(pa.field("gold", pa.string()))
    .append(pa.field("score", pa.float64()))
)

#: What makes a score the only one of its kind.
KEY = ["model", "arm", "target", "language", "split", "metric", "seed"]
#: Scores that differ in nothing of this are compared, and must be of the same examples.
_COMPARED = ["model", "target", "language", "split", "metric"]


def write_scores(path: Path, scores: pa.Table) -> None:
    """Write a table of schema :data:`SCORES`.

    Raises:
        DataError: the columns are others, a value is missing, or a score is no number of points.
    """
    files.write(path, scores, SCORES)


def write_predictions(path: Path, predictions: pa.Table) -> None:
    """Write a table of schema :data:`PREDICTIONS`.

    Raises:
        DataError: the columns are others, or a value other than ``gold`` and ``score`` is missing.
    """
    files.write(path, predictions, PREDICTIONS)


def read_scores(path: Path) -> pd.DataFrame:
    """The rows of a file that :func:`write_scores` made.

    Raises:
        DataError: there is no such file, or it is not one of scores.
    """
    return files.read(path, SCORES).to_pandas()


def checked_scores(path: Path, study: Study) -> pd.DataFrame:
    """The rows of a study's file of scores.

    Raises:
        UserError: as :func:`collect` does of a part, naming rows.
    """
    return collect([path], study).to_pandas()


def collect(parts: Sequence[Path], study: Study, flagged: Mapping[Job, str] | None = None) -> pa.Table:
    """All scores of a study, in an order that does not depend on that of ``parts``.

    ``flagged``: by job, the flag that its scores get; where None, scores keep the flags that they have.

    A part without any rows is one of predictions only: its release has no labels to score them with.

    Raises:
        UserError: there are no parts; one has scores that the study does not ask for, or says the same thing as another
            part, or what it scored are not the examples that another part scored. Names files and rows (1-based).
    """
    if not parts:
        raise UserError("There are no scores to collect: not one file was given.")
    rows = files.gathered(parts, SCORES)
    if flagged is not None:
        rows = with_flags(rows, flagged, study)
    _refuse_unknown(rows, study)
    files.refuse_duplicates(rows, KEY)
    files.refuse_different_examples(rows, _COMPARED, "target")
    return files.ordered(rows, SCORES, KEY)


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
