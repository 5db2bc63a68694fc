"""Scores on the dev data that a job selects checkpoints or thresholds on.

They are not results of the study and are kept in files of their own. They show whether each stage of training worked:
an arm whose encoder did not learn its intermediate task says nothing about transfer from that task.
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

#: One row per score, as in :data:`xstilts.scores.score_files.SCORES`. ``stage`` is "intermediate" (``task`` is one of
#: the arm's tasks), "target" (a training set, after fine-tuning on it) or "retrieval" (a task whose threshold is chosen
#: on its dev split).
DEV_SCORES: pa.Schema = files.non_null_schema(
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
        DataError: the columns differ from the schema, a value is missing, or a score is outside 0–100.
    """
    files.write(path, scores, DEV_SCORES)


def read_dev_scores(path: Path) -> pd.DataFrame:
    """Read a file written by :func:`write_dev_scores`.

    Raises:
        DataError: the file does not exist or is not a file of dev scores.
    """
    return files.read(path, DEV_SCORES).to_pandas()


def collect_dev_scores(parts: Sequence[Path], study: Study) -> pa.Table:
    """Combine the dev scores of all jobs of a study.

    Args:
        parts: The jobs' files, in any order; there may be none.
        study: The study that the scores must belong to.

    Returns:
        A table of schema :data:`DEV_SCORES`, in an order that does not depend on that of ``parts``.

    Raises:
        UserError: a part has scores that are not in the study, repeats a score of another part, or was scored on other
            examples than another part. The message names files and rows (1-based).
    """
    rows = files.read_parts(parts, DEV_SCORES)
    _refuse_unknown(rows, study)
    files.refuse_duplicates(rows, _KEY)
    files.refuse_different_examples(rows, _COMPARED, "task")
    return files.to_sorted_table(rows, DEV_SCORES, _KEY)


def tasks_of(study: Study, stage: str) -> tuple[str, ...]:
    """Return the tasks with dev scores at one of the :data:`STAGES`."""
    if stage == INTERMEDIATE:
        return study.intermediate_tasks()
    if stage == TARGET:
        return study.training_sets()
    return tuple(target for target in study.targets if study.task(target).tuned_on_dev)


def languages_of(study: Study, stage: str, task: str) -> tuple[str, ...]:
    """Return the languages of a task's dev scores at a stage; English alone where the stage trains."""
    return study.languages(task) if stage == RETRIEVAL else (ENGLISH,)


def _refuse_unknown(rows: pd.DataFrame, study: Study) -> None:
    owner = f"the study '{study.study}'"
    valid: dict[str, Iterable[str | int]] = {
        "study": [study.study],
        "model": study.models,
        "arm": study.arms,
        "stage": STAGES,
        "seed": study.seeds,
    }
    for column, names in valid.items():
        files.refuse_unknown(rows, column, names, owner)
    for (stage, arm), part in rows.groupby(["stage", "arm"]):
        tasks = study.arms[str(arm)].all_tasks if stage == INTERMEDIATE else tasks_of(study, str(stage))
        files.refuse_unknown(part, "task", tasks, f"the arm '{arm}' at the stage '{stage}'")
    for (stage, task), part in rows.groupby(["stage", "task"]):
        languages = languages_of(study, str(stage), str(task))
        files.refuse_unknown(part, "language", languages, f"the dev data of {task}")
