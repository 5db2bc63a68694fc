"""The state of every job: what its files say, and whether those who wrote them are still there."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.graph.training_jobs import TrainingJob, training_jobs
from xstilts.runtime.attempts import Attempt, read_attempts
from xstilts.runtime.liveness import is_alive, time_since_update
from xstilts.status.slurm import Queue

State = Literal["done", "running", "waiting", "outdated", "stopped", "lost", "failed", "diverged"]

#: What each state means, in the order in which they are shown.
STATES: dict[State, str] = {
    "done": "has its result, and it is the one that the config asks for",
    "running": "is being worked on",
    "waiting": "has not been tried yet, or not since the config or the code changed",
    "outdated": "has a result of another config or code, and will be run again",
    "stopped": "was asked to stop, and will resume",
    "lost": "was killed: it has neither ended nor given a sign of life",
    "failed": "ended with an error",
    "diverged": "its loss stopped being finite, as it would again",
}


@dataclass(frozen=True)
class JobState:
    """What has become of one job."""

    job: TrainingJob
    state: State
    #: The id of the run that the config asks for; empty where nothing has been tried.
    run: str = ""
    #: Why, as a sentence for people; empty where there is nothing to say.
    reason: str = ""
    #: How long it took; None unless it is done.
    seconds: float | None = None
    #: The last attempt; None for jobs that are done or have never been tried.
    attempt: Attempt | None = None
    attempts: int = 0

    @property
    def progress(self) -> float | None:
        """The share of the steps that a running job has done; None where it cannot say."""
        attempt = self.attempt
        return attempt.step / attempt.total if self.state == "running" and attempt and attempt.total else None


def states_of(runs: Runs, specs: Specs, queue: Queue, now: datetime) -> list[JobState]:
    """The state of every job that trains or scores. Ids of runs are only made for jobs that have left something."""
    return _without_the_unneeded([_state(job, runs, specs, queue, now) for job in training_jobs(runs)])


def _without_the_unneeded(states: list[JobState]) -> list[JobState]:
    """Encoders may be deleted once everything that starts from them is done; so are then the jobs that made them."""
    scoring = [found for found in states if found.job.rule in ("finetune", "retrieve")]
    open_models = {found.job.model for found in scoring if found.state != "done"}
    open_arms = {(found.job.model, found.job.arm, found.job.seed) for found in scoring if found.state != "done"}

    def needed(job: TrainingJob) -> bool:
        if job.rule == "pretrain":
            return job.model in open_models
        return job.rule != "intermediate" or (job.model, job.arm, job.seed) in open_arms

    return [
        found
        if found.state != "waiting" or needed(found.job)
        else replace(found, state="done", reason="Its encoder is gone, but nothing needs it any more.")
        for found in states
    ]


def _state(job: TrainingJob, runs: Runs, specs: Specs, queue: Queue, now: datetime) -> JobState:
    record_file, result, *_ = job.makes(runs.paths)
    record = _read(record_file)
    wanted = job.spec(specs)["id"] if record else ""
    if record and record.get("spec", {}).get("id") == wanted and result.exists():
        return JobState(job, "done", wanted, seconds=record.get("seconds"))
    tried = read_attempts(job.attempts(runs.paths))
    if tried:
        wanted = wanted or job.spec(specs)["id"]
        state, reason = _attempted(tried[-1], wanted, queue, now)
        if state != "waiting":
            return JobState(job, state, wanted, reason, None, tried[-1], len(tried))
    if record and result.exists():
        reason = "Its result is of another config, or of other code."
        return JobState(job, "outdated", wanted, reason, attempts=len(tried))
    return JobState(job, "waiting", wanted, attempts=len(tried))


def _attempted(attempt: Attempt, wanted: str, queue: Queue, now: datetime) -> tuple[State, str]:
    """What the last attempt came to, and why; what an earlier config's came to does not matter any more."""
    old = attempt.run != wanted
    if not attempt.outcome and _is_alive(attempt, queue, now):
        return "running", _running(attempt, old, now)
    if old or attempt.outcome == "done":  # done, but its result has been deleted
        return "waiting", ""
    if attempt.outcome:
        return attempt.outcome, attempt.reason
    if queue.waits(attempt.slurm_job):
        return "stopped", f"SLURM will start job {attempt.slurm_job} again ({queue.states[attempt.slurm_job]})."
    where = f"Process {attempt.pid} on {attempt.host} has given no sign of life since {attempt.updated}"
    if attempt.slurm_job and queue.forgotten(attempt.slurm_job):
        return "lost", f"{where}, and SLURM no longer knows its job {attempt.slurm_job}."
    return "lost", f"{where}."


def _is_alive(attempt: Attempt, queue: Queue, now: datetime) -> bool:
    """Whether it is being worked on, by its own signs or by what SLURM says."""
    if queue.waits(attempt.slurm_job):
        return False
    return is_alive(attempt, now) or queue.runs(attempt.slurm_job)


def _running(attempt: Attempt, old: bool, now: datetime) -> str:
    silence = time_since_update(attempt, now).total_seconds() / 60
    said = [f"No sign of life for {silence:.0f} min."] if silence >= 2 else []
    said += ["It works on an earlier config, and will have to be run again."] if old else []
    return " ".join(said)


def _read(path: Path) -> dict[str, Any]:
    """A job's record; empty where it is not there or damaged."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("spec"), dict) else {}
