"""From the scores of all jobs to what people read."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from xstilts.analysis.store import read_answers
from xstilts.analysis.study_data import language_frame
from xstilts.errors import DataError
from xstilts.graph.jobs import Job
from xstilts.graph.runs import Runs
from xstilts.graph.state import read_record, refuse_damaged_outputs
from xstilts.graph.unfinished import refuse_unfinished
from xstilts.report.figures import INDEX, write_figures
from xstilts.report.page import gather_content, write_page
from xstilts.report.page.content import records_of
from xstilts.report.page.figures import read_figures
from xstilts.report.plots.training import read_curves
from xstilts.report.tables import main_table_text, write_tables
from xstilts.scores.curves import curves_of, write_curves
from xstilts.scores.dev_scores import collect_dev_scores, read_dev_scores, write_dev_scores
from xstilts.scores.flags import collapse_flags, flagged_jobs
from xstilts.scores.parquet_files import GONE
from xstilts.scores.score_files import checked_scores, write_scores
from xstilts.scores.score_files import collect as collect_scores
from xstilts.wording import counted

logger = logging.getLogger(__name__)


def collect(runs: Runs) -> None:
    """One file with the scores of every job, one with those on what the jobs made their choices on, one with curves.

    Raises:
        DataError: a file that jobs make beside their scores is gone.
    """
    for path in (*runs.dev_score_files(), *runs.records()):
        if not path.is_file():
            raise DataError(path, "no such file.", remedy=GONE)
    for job in runs.summarised_jobs():
        refuse_damaged_outputs(job, runs.paths, [path for path in job.makes(runs.paths) if path.suffix == ".parquet"])
    write_dev_scores(runs.paths.dev_scores, collect_dev_scores(runs.dev_score_files(), runs.study))
    records = {job: json.loads(job.record(runs.paths).read_bytes()) for job in runs.summarised_jobs()}
    write_curves(runs.paths.curves, curves_of({**_records_of_encoders(runs), **records}))
    write_scores(runs.paths.scores, collect_scores(runs.score_files(), runs.study, collapse_flags(records)))


def _records_of_encoders(runs: Runs) -> dict[Job, dict[str, Any]]:
    """The records of the jobs that train encoders, whether or not the encoders are still there."""
    records = {job: read_record(job, runs.paths) for job in runs.encoder_jobs()}
    gone = [job.record(runs.paths) for job, record in records.items() if not record]
    if gone and runs.finished is None:  # a partial summary is of what there is
        curves = f"{runs.paths.curves} lacks the learning curves of {counted(len(gone), 'encoder')}"
        logger.warning("%s whose record is not there, such as %s", curves, gone[0])
    return {job: record for job, record in records.items() if record}


def tables(runs: Runs) -> None:
    """Write the tables of a study's scores.

    Raises:
        UserError: The scores have not been collected; the message says what to run.
    """
    write_tables(
        _scores(runs),
        read_dev_scores(runs.paths.dev_scores),
        runs.study,
        runs.paths.tables,
        records_of(runs.paths.root),
        runs.manifests(),
    )


def figures(runs: Runs) -> None:
    """Draw the figures of a study's scores."""
    scores, effects = _scores(runs), runs.paths.answers / "effects.csv"
    write_figures(
        scores,
        runs.study,
        runs.paths.figures,
        languages=language_frame(runs.study),
        answers=read_answers(runs.paths.answers),
        effects=pd.read_csv(effects) if effects.is_file() else pd.DataFrame(),
        records=read_curves(runs.records(left_out=flagged_jobs(scores, runs.study))),
    )


def page(runs: Runs) -> None:
    """The report of a study that has come to its end; what summed it up before then goes.

    Raises:
        UserError: There are no scores or no figures yet; the message says what to run.
    """
    refuse_unfinished(runs, runs.paths.scores, runs.paths.figures / INDEX)
    drawn, absent = read_figures(runs.paths.figures, runs.study)
    write_page(gather_content(runs, read_answers(runs.paths.answers), drawn, absent), runs.paths.report)
    shutil.rmtree(runs.paths.partials, ignore_errors=True)


def partial_page(runs: Runs, state: str, left_out: Mapping[str, str]) -> None:
    """The report of what there is; ``state`` says how much that is, ``left_out`` what could not be made of it."""
    has_figures = (runs.paths.figures / INDEX).is_file()
    drawn, absent = read_figures(runs.paths.figures, runs.study) if has_figures else ({}, {})
    content = gather_content(runs, read_answers(runs.paths.answers), drawn, absent)
    write_page(replace(content, partial=state, left_out=left_out), runs.paths.report)


def main_table(runs: Runs) -> str:
    """The main table as text, for a terminal; refuses as :func:`tables`."""
    return main_table_text(_scores(runs), runs.study)


def _scores(runs: Runs) -> pd.DataFrame:
    """The study's scores, or those of the finished jobs."""
    if runs.finished is None:
        refuse_unfinished(runs, runs.paths.scores)
    return checked_scores(runs.paths.scores, runs.study)
