"""Summaries of an unfinished study: the same tables, answers, figures and page, in a folder of their own."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from xstilts.errors import UserError
from xstilts.graph.failures import failures
from xstilts.graph.jobs import Job
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.graph.state import JobState
from xstilts.jobs import analysis, report
from xstilts.scores.score_files import read_scores
from xstilts.secrets import redacted
from xstilts.wording import counted

_MAKE: dict[str, Callable[[Runs], None]] = {
    "scores": report.collect,
    "tables": report.tables,
    "answers": analysis.answer,
    "figures": report.figures,
}


def summarise(runs: Runs) -> None:
    """Replace the study's partial results by those of the jobs that are done now; a finished study has none.

    Whatever cannot be made from so few results is left out, and the page says why.
    """
    shutil.rmtree(runs.paths.partials, ignore_errors=True)
    jobs, finished = list(runs.jobs()), _finished(runs)
    if len(finished) == len(jobs) and runs.paths.report.is_file():
        print(f"All of the study's {counted(len(jobs), 'job')} are done: {runs.paths.report}")
        return
    partial = replace(runs, finished=finished)
    left_out = _make(partial) if finished else {"all but this page": "no job that scores has finished"}
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    state = f"{len(finished):,} of {counted(len(jobs), 'job')} that make scores are done, as of {now}."
    report.partial_page(partial, state, left_out)
    for failure in failures(partial):
        print(f"  - {failure.title}: {failure.reason}")
    print(f"{state} Partial results, with what is missing and why: {partial.paths.report}", flush=True)


def _finished(runs: Runs) -> frozenset[Job]:
    """Return the scoring jobs that are done, with all of their files and readable scores."""
    specs = Specs(runs)
    return frozenset(job for job in runs.jobs() if JobState(job, specs).complete and _has_readable_scores(runs, job))


def _has_readable_scores(runs: Runs, job: Job) -> bool:
    try:
        read_scores(job.result(runs.paths))
    except UserError:
        return False
    return True


def _make(runs: Runs) -> dict[str, str]:
    """Make all summaries that can be made; return the reasons why others cannot, by name."""
    left_out = {}
    for name, make in _MAKE.items():
        try:
            with _only_warnings():  # what the jobs report is also on the page
                make(runs)
        except Exception as error:  # code that is made for whole studies may fail in any way on a part of one
            kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
            left_out[name] = redacted(f"{kind}{error}")
    return left_out


@contextmanager
def _only_warnings() -> Iterator[None]:
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
