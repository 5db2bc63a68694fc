"""Summaries of an unfinished study: the same tables, answers and page, in a folder of their own.

Figures take most of the time that a report takes, so they are drawn where they are asked for. What makes the summaries
is imported when there is something to summarise.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from xstilts.errors import UserError
from xstilts.graph.failures import failures, unfinished
from xstilts.graph.jobs import Job
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.graph.state import JobState
from xstilts.runtime.repeating import repeating
from xstilts.scores.score_files import read_scores
from xstilts.secrets import redacted
from xstilts.wording import counted

_SECONDS_BETWEEN_SIGNS = 10.0  # while a step takes long

_NO_FIGURES = "they take most of the time; 'xstilts partial --figures' draws them"


def summarise(runs: Runs, figures: bool = False) -> None:
    """Replace the study's partial results by those of the jobs that are done now; a finished study has none.

    Whatever cannot be made from so few results is left out, and the page says why. Without any finished job nothing is
    written. A summary that is interrupted leaves nothing behind.

    Args:
        runs: The study's jobs and paths.
        figures: Whether to draw figures, too.
    """
    shutil.rmtree(runs.paths.partials, ignore_errors=True)
    jobs, finished = list(runs.jobs()), _finished(runs)
    if len(finished) == len(jobs) and runs.paths.report.is_file():
        print(f"All of the study's {counted(len(jobs), 'job')} are done: {runs.paths.report}")
        return
    partial = replace(runs, finished=finished)
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    state = f"{len(finished):,} of {counted(len(jobs), 'job')} that make scores are done, as of {now}."
    for failure in failures(partial):
        print(f"  - {failure.title}: {failure.reason}")
    if not finished:
        print("\n".join(f"  - {reason}" for reason in dict.fromkeys(unfinished(partial).values())))
        print(f"{state} There is nothing to summarise yet.", flush=True)
        return
    print(f"{state} Summarising them in {partial.paths.summaries}; Ctrl-C leaves that out.", flush=True)
    try:
        _write(partial, state, figures)
    except BaseException:
        shutil.rmtree(runs.paths.partials, ignore_errors=True)
        raise
    print(f"Partial results, with what is missing and why: {partial.paths.report}", flush=True)


def _write(partial: Runs, state: str, figures: bool) -> None:
    """Make all summaries that can be made, and the page, which has the reasons why others cannot."""
    from xstilts.jobs import analysis, report

    steps: dict[str, Callable[[Runs], None]] = {
        "scores": report.collect,
        "tables": report.tables,
        "answers": analysis.answer,
    }
    left_out = _make(partial, {**steps, "figures": report.figures} if figures else steps)
    with _said("the page"):
        report.partial_page(partial, state, left_out if figures else {**left_out, "figures": _NO_FIGURES})


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


def _make(runs: Runs, steps: dict[str, Callable[[Runs], None]]) -> dict[str, str]:
    """Make what can be made; return the reasons why the rest cannot, by name."""
    left_out = {}
    for name, make in steps.items():
        try:
            with _said(name), _only_warnings():  # what the jobs report is also on the page
                make(runs)
        except Exception as error:  # code that is made for whole studies may fail in any way on a part of one
            kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
            left_out[name] = redacted(f"{kind}{error}")
    return left_out


@contextmanager
def _said(name: str) -> Iterator[None]:
    """Say what the block does, and every few seconds that it is still at it."""
    print(f"  {name}", flush=True)
    began = time.monotonic()

    def go_on() -> bool:
        print(f"  {name}: {time.monotonic() - began:.0f} s so far", flush=True)
        return True

    with repeating(go_on, _SECONDS_BETWEEN_SIGNS):
        yield


@contextmanager
def _only_warnings() -> Iterator[None]:
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
