"""Scores on dev data that a job makes its choices on: checkpoints, thresholds.

They are no results of the study, and kept apart from those. They show whether a stage of training has worked at all: an
arm whose encoder learnt nothing of its intermediate task says nothing about transfer from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from xstilts.config.study import Study
from xstilts.graph.runs import INTERMEDIATE, RETRIEVAL
from xstilts.scores import parquet_files as files
from xstilts.tasks.languages import ENGLISH

TARGET = "target"
STAGES = (INTERMEDIATE, TARGET, RETRIEVAL)

#: One row per score, as in :data:`xstilts.scores.score_files.SCORES`. ``stage`` is "intermediate" (one of the arm's
#: tasks), "target" (a training set, after fine-tuning on it) or "retrieval" (a task whose threshold was chosen on its
#: dev split).
DEV_SCORES: pa.Schema = files.required(
    study=pa.string(),
    model=pa.string(),
    arm=pa.string(),
    stage=pa.string(),
    task=pa.string(),
    language=pa.string(),
    metric=pa.string(),
    score=pa.float64(),
    n=pa.int64(),
    seed=pa.int64(),
    run=pa.string(),
)

_KEY = ["model", "arm", "stage", "task", "language", "metric", "seed"]
_COMPARED = ["model", "stage", "task", "language", "metric"]


def write_dev_scores(path: Path, scores: pa.Table) -> None:
    """Write a table of schema :data:`DEV_SCORES`.

    Raises:
        DataError: the columns are others, a value is missing, or a score is no number of points.
    """
    files.write(path, scores, DEV_SCORES)


def read_dev_scores(path: Path) -> pd.DataFrame:
    """The rows of a file that :func:`write_dev_scores` made.

    Raises:
        DataError: there is no such file, or it is not one of dev scores.
    """
    return files.read(path, DEV_SCORES).to_pandas()


def collect_dev_scores(parts: Sequence[Path], study: Study) -> pa.Table:
    """All dev scores of a study, in an order that does not depend on that of ``parts``; maybe none.

    Raises:
        UserError: a part has scores that the study does not ask for, or says the same thing as another part, or what it
            scored are not the examples that another part scored. Names files and rows (1-based).
    """
    rows = files.gathered(parts, DEV_SCORES)
    _refuse_unknown(rows, study)
    files.refuse_duplicates(rows, _KEY)
    files.refuse_different_examples(rows, _COMPARED, "task")
    return files.ordered(rows, DEV_SCORES, _KEY)


def tasks_of(study: Study, stage: str) -> tuple[str, ...]:
    """The tasks that a study has dev scores of at a stage."""
    if stage == INTERMEDIATE:
        return study.intermediate_tasks()
    if stage == TARGET:
        return study.training_sets()
    return tuple(target for target in study.targets if study.task(target).tuned_on_dev)


def languages_of(study: Study, stage: str, task: str) -> tuple[str, ...]:
    """The languages of a task's dev scores at a stage: English alone where something was trained."""
    return study.languages(task) if stage == RETRIEVAL else (ENGLISH,)


def _refuse_unknown(rows: pd.DataFrame, study: Study) -> None:
    whose = f"the study '{study.study}'"
    valid: dict[str, Iterable[str | int]] = {
        "study": [study.study],
        "model": study.models,
        "arm": study.arms,
        "stage": STAGES,
        "seed": study.seeds,
    }
    for column, names in valid.items():
        files.refuse_unknown(rows, column, names, whose)
    for (stage, arm), part in rows.groupby(["stage", "arm"]):
        tasks = study.arms[str(arm)].tasks if stage == INTERMEDIATE else tasks_of(study, str(stage))
        files.refuse_unknown(part, "task", tasks, f"the arm '{arm}' at the stage '{stage}'")
    for (stage, task), part in rows.groupby(["stage", "task"]):
        languages = languages_of(study, str(stage), str(task))
        files.refuse_unknown(part, "language", languages, f"the dev data of {task}")
