"""What there is of a study before all of its jobs are done: the same tables, answers, figures and page, apart."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime

from xstilts.errors import UserError
from xstilts.graph.failures import failures
from xstilts.graph.runs import RETRIEVAL, Job, Runs
from xstilts.graph.specs import Specs
from xstilts.jobs import analysis, report
from xstilts.scores.score_files import read_scores
from xstilts.wording import counted

_MAKE: dict[str, Callable[[Runs], None]] = {
    "scores": report.collect,
    "tables": report.tables,
    "answers": analysis.answer,
    "figures": report.figures,
}


def sum_up(runs: Runs) -> None:
    """Replace the study's partial results by those of the jobs that are done now; a study that is done has none.

    What cannot be made from so little is left out, and the page says why.
    """
    shutil.rmtree(runs.paths.partials, ignore_errors=True)
    jobs, finished = list(runs.jobs()), _finished(runs)
    if len(finished) == len(jobs) and runs.paths.report.is_file():
        print(f"All of the study's {counted(len(jobs), 'job')} are done: {runs.paths.report}")
        return
    there = replace(runs, finished=finished)
    left_out = _make(there) if finished else {"all but this page": "no job that scores has finished"}
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    state = f"{len(finished):,} of {counted(len(jobs), 'job')} that make scores are done, as of {now}."
    report.partial_page(there, state, left_out)
    for failure in failures(there):
        print(f"  - {failure.title}: {failure.reason}")
    print(f"{state} Partial results, with what is missing and why: {there.paths.report}", flush=True)


def _finished(runs: Runs) -> frozenset[Job]:
    """The jobs whose scores are there, and are those of the study and the code as they are now."""
    return frozenset(job for job in runs.jobs() if _is_finished(runs, job))


def _is_finished(runs: Runs, job: Job) -> bool:
    files = [runs.paths.part(kind, *job) for kind in ("scores", "dev_scores", "predictions")]
    if not all(path.is_file() for path in (*files, runs.paths.part("records", *job, "json"))):
        return False
    try:
        made_by = set(read_scores(files[0])["run"])
    except UserError:
        return False
    model, arm, what, seed = job
    specs = Specs(runs)
    planned = specs.retrieve(model, arm, seed) if what == RETRIEVAL else specs.finetune(model, arm, what, seed)
    return made_by <= {planned["id"]}


def _make(runs: Runs) -> dict[str, str]:
    """Make what can be made; by name, what could not be, and why."""
    left_out = {}
    for name, make in _MAKE.items():
        try:
            with redirect_stdout(io.StringIO()):  # what they found is on the page
                make(runs)
        except Exception as error:  # code that is made for whole studies may meet anything in a part of one
            left_out[name] = f"{error}" if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    return left_out
