"""The learning curves of all jobs of a study in one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from xstilts.graph.jobs import INTERMEDIATE, PRETRAINING, Job
from xstilts.scores import parquet_files as files
from xstilts.scores.dev_scores import TARGET

_LOSSES = {"loss", "masked_lm_loss"}

#: One row per evaluation while training, and of a mixture one per evaluation and task. ``what`` is the training set, or
#: "intermediate" or "pretraining" as ``stage`` then is too; fine-tuning has the stage "target". ``part`` counts the
#: stages of an arm from 1. ``loss`` is the mean training loss since the evaluation before, ``masked_lm_loss`` that on
#: held-out text, ``score`` the score in points on the English dev data of ``task``, and ``best`` marks the step whose
#: weights were kept.
CURVES: pa.Schema = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("arm", pa.string(), nullable=False),
        pa.field("what", pa.string(), nullable=False),
        pa.field("seed", pa.int64(), nullable=False),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("part", pa.int64(), nullable=False),
        pa.field("step", pa.int64(), nullable=False),
        pa.field("loss", pa.float64()),
        pa.field("masked_lm_loss", pa.float64()),
        pa.field("task", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("best", pa.bool_(), nullable=False),
    ]
)


def curves_of(records: Mapping[Job, Mapping[str, Any]]) -> pa.Table:
    """Collect the learning curves in jobs' records; a job that has trained nothing has none.

    Returns:
        A table of schema :data:`CURVES`, by jobs in their order, and by steps.
    """
    rows = [row for job, record in records.items() for row in _rows(job, record)]
    return pa.Table.from_pylist(rows, schema=CURVES)


def write_curves(path: Path, curves: pa.Table) -> None:
    """Write a table of schema :data:`CURVES`."""
    files.write(path, curves, CURVES)


def read_curves(path: Path) -> pd.DataFrame:
    """Read a file written by :func:`write_curves`.

    Raises:
        DataError: the file does not exist or is not a file of learning curves.
    """
    return files.read(path, CURVES).to_pandas()


def _rows(job: Job, record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    training = record.get("training") or {}
    stage = job.what if job.what in (PRETRAINING, INTERMEDIATE) else TARGET
    named = {"model": job.model, "arm": job.arm, "what": job.what, "seed": job.seed, "stage": stage}
    for number, part in enumerate(training.get("stages") or [training], start=1):
        for point in part.get("curve") or ():
            losses = {name: point.get(name) for name in _LOSSES}
            best = point["step"] == part.get("best_step")
            row = {**named, "part": number, "step": point["step"], **losses, "best": best}
            scores = {task: score for task, score in point.items() if task not in ("step", *_LOSSES)}
            yield from ({**row, "task": task, "score": score} for task, score in scores.items() or [(None, None)])
