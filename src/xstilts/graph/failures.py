"""Why scores are missing: what became of each job that has no result, and the end of its log."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xstilts.graph.jobs import Job
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.graph.state import JobState
from xstilts.graph.steps import Step, job_step, steps, steps_before
from xstilts.runtime.attempts import Attempt, read_attempts
from xstilts.runtime.liveness import is_alive
from xstilts.runtime.logs import without_prefix
from xstilts.secrets import redacted

_OUTDATED = "waiting: its scores are those of an earlier version of the study"
_TAIL_LINES = 15
_MAX_LENGTH = 300  # characters of a reason, and of a line of a log
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Failure:
    """A job that was started and has not made its output.

    Attributes:
        title: What the job does.
        reason: What became of its last attempt.
        log: Its log.
        attempts: Its attempts, oldest first; none for jobs that keep no attempts file.
        tail: The last lines of its log; none if it has no log.
    """

    title: str
    reason: str
    log: Path
    attempts: Sequence[Attempt] = ()
    tail: Sequence[str] = ()


def failures(runs: Runs) -> list[Failure]:
    """Return all jobs that were started and have no result, each after those that it depends on."""
    failed = []
    for step in steps(Specs(runs)):
        if step.has_result:
            continue
        attempts = _attempts(step)
        rerun = attempts and attempts[-1].outcome == "done"  # its result was deleted so that it runs again
        if not rerun and (reason := _outcome(step)):
            failed.append(Failure(step.title, reason, step.log, attempts, _tail(step.log)))
    return failed


def unfinished(runs: Runs) -> dict[Job, str]:
    """Return for each scoring job without scores, or with scores that are not used, why that is so."""
    specs = Specs(runs)
    reasons = {job: _why_missing(job, specs) for job in runs.jobs() if not JobState(job, specs).has_result}
    if runs.finished is None:
        return reasons
    outdated = [job for job in runs.jobs() if job not in reasons and job not in runs.finished]
    return {**reasons, **dict.fromkeys(outdated, _OUTDATED)}


def told(attempt: Attempt) -> str:
    """Describe how an attempt ended."""
    place = f" at step {attempt.step:,} of {attempt.total:,}" if attempt.total else ""
    if attempt.outcome in ("failed", "diverged"):
        return f"{attempt.outcome}: {_first_line(attempt.reason)}"
    if attempt.outcome == "stopped":
        return f"stopped: it was asked to stop{place}, and goes on from there when it is run again"
    if attempt.outcome == "done":
        return "waiting: it was done before, and is to run again"
    if is_alive(attempt, datetime.now(UTC)):
        return f"still at work{place}"
    slurm = f" (SLURM job {attempt.slurm_job})" if attempt.slurm_job else ""
    return f"killed{place}: no sign of it on {attempt.host}{slurm} since {when(attempt.updated)}"


def when(time: str) -> str:
    """Write a time of an attempt for people: '2026-03-01 10:00:00 UTC'."""
    return time.replace("T", " ").replace("+00:00", " UTC")


def _why_missing(job: Job, specs: Specs) -> str:
    """Return what became of the first job upstream that has failed, otherwise of the job itself."""
    missing = [step for step in steps_before(job, specs) if not step.has_result]
    for step in missing:
        if reason := _outcome(step):
            return f"upstream: {step.title}: {reason}"
    if missing:
        return f"waiting: {missing[0].title} has not been done"
    return _outcome(job_step(job, specs)) or "waiting: its job has not run"


def _outcome(step: Step) -> str:
    """Describe how the last attempt at a job without result ended; empty if it was never started."""
    if attempts := _attempts(step):
        return told(attempts[-1])
    tail = _tail(step.log)
    if not tail:  # what snakemake --touch leaves; a job that has started says so first
        return ""
    return f"failed: it was started and has not come to its end; its log ends: {_first_line(without_prefix(tail[-1]))}"


def _attempts(step: Step) -> list[Attempt]:
    return read_attempts(step.attempts) if step.attempts else []


def _tail(log: Path) -> list[str]:
    """Return the last lines of a log without colours and overwritten progress bars; none if there is no log."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 200 * _TAIL_LINES * 4))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    lines = (redacted(_COLOUR.sub("", line.rstrip().rsplit("\r", 1)[-1])) for line in text.split("\n"))
    return [line[:_MAX_LENGTH] for line in lines if line.strip()][-_TAIL_LINES:]


def _first_line(message: str) -> str:
    """Return the first line of a message, shortened to fit into a table's cell."""
    line = message.strip().partition("\n")[0].removeprefix("xstilts: ")
    return line if len(line) <= _MAX_LENGTH else f"{line[:_MAX_LENGTH]}…"
