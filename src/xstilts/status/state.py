"""The status of every job, from the files that it has left and from whether its process is still alive."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from xstilts.graph.jobs import Job
from xstilts.graph.specs import Specs
from xstilts.graph.state import JobState
from xstilts.runtime.attempts import Attempt, read_attempts
from xstilts.runtime.liveness import is_alive, time_since_update
from xstilts.status.slurm import Queue

State = Literal["done", "running", "queued", "waiting", "outdated", "stopped", "lost", "failed", "diverged"]

#: What each state means, in the order in which they are shown.
STATES: dict[State, str] = {
    "done": "has its result, and it is the one that the config asks for",
    "running": "is being worked on",
    "queued": "is in SLURM's queue, and has not been started",
    "waiting": "has not been tried yet, or not since the config or the code changed",
    "outdated": "has a result of another config or code, and will be run again",
    "stopped": "was asked to stop, and will resume",
    "lost": "was killed: it has neither ended nor been updated recently",
    "failed": "ended with an error",
    "diverged": "its loss became infinite or NaN, as it would again",
}


@dataclass(frozen=True)
class JobStatus:
    """The state of one job, and why.

    Attributes:
        job: The job.
        state: One of :data:`STATES`.
        run: The id of the run that the config asks for; empty if the job was never started.
        reason: Why it is in this state, as a sentence; empty if there is nothing to say.
        seconds: How long it took; None unless it is done.
        attempt: The last attempt; None for jobs that are done or were never started.
        attempts: How many attempts there were.
    """

    job: Job
    state: State
    run: str = ""
    reason: str = ""
    seconds: float | None = None
    attempt: Attempt | None = None
    attempts: int = 0

    @property
    def progress(self) -> float | None:
        """The share of its steps that a running job has done; None if it does not count steps."""
        attempt = self.attempt
        return attempt.step / attempt.total if self.state == "running" and attempt and attempt.total else None


def job_statuses(specs: Specs, queue: Queue, now: datetime) -> list[JobStatus]:
    """Return the status of every job that trains or scores."""
    return _unneeded_as_done([_status(JobState(job, specs), queue, now) for job in specs.runs.all_jobs()])


def _unneeded_as_done(statuses: list[JobStatus]) -> list[JobStatus]:
    """Mark the jobs of deleted encoders as done if everything that starts from them is done."""
    scoring = [each for each in statuses if not each.job.makes_encoder and each.state != "done"]
    models = {each.job.model for each in scoring}
    arms = {(each.job.model, each.job.arm, each.job.seed) for each in scoring}

    def is_needed(job: Job) -> bool:
        if job.rule == "pretrain":
            return job.model in models
        return job.rule != "intermediate" or (job.model, job.arm, job.seed) in arms

    return [
        each
        if each.state != "waiting" or is_needed(each.job)
        else replace(each, state="done", reason="Its encoder is gone, but nothing needs it any more.")
        for each in statuses
    ]


def _status(files: JobState, queue: Queue, now: datetime) -> JobStatus:
    """Return the status of a job. The run's id is computed only if the job has left anything: it takes time."""
    job = files.job
    if files.done:
        return JobStatus(job, "done", files.planned_run, seconds=files.record.get("seconds"))
    attempts = read_attempts(job.attempts(files.specs.runs.paths))
    if attempts:
        state, reason = _last_attempt(attempts[-1], files.planned_run, queue, now)
        if state != "waiting":
            return JobStatus(job, state, files.planned_run, reason, None, attempts[-1], len(attempts))
    run = files.planned_run if files.record or attempts else ""
    if submitted := queue.queued(job.rule, *_wildcards(job)):
        reason = f"SLURM has it as job {submitted.id} ({submitted.state})."
        return JobStatus(job, "queued", run, reason, attempts=len(attempts))
    if files.outdated:
        reason = "Its result is of another config, or of other code."
        return JobStatus(job, "outdated", run, reason, attempts=len(attempts))
    return JobStatus(job, "waiting", run, attempts=len(attempts))


def _wildcards(job: Job) -> list[str]:
    """The values of the wildcards of a job's rule, in their order."""
    if job.is_pretraining:
        return [job.model]
    training_set = [job.what] if job.rule == "finetune" else []
    return [job.model, job.arm, *training_set, str(job.seed)]


def _last_attempt(attempt: Attempt, planned_run: str, queue: Queue, now: datetime) -> tuple[State, str]:
    """Return the state that the last attempt leaves a job in, and why. Attempts at other runs count only if running."""
    other_run = attempt.run != planned_run
    if not attempt.outcome and _is_running(attempt, queue, now):
        return "running", _running_reason(attempt, other_run, now)
    if other_run or attempt.outcome == "done":  # done, but its result has been deleted
        return "waiting", ""
    if attempt.outcome:
        return attempt.outcome, attempt.reason
    if queue.waits(attempt.slurm_job):
        return "stopped", f"SLURM will start job {attempt.slurm_job} again ({queue.states[attempt.slurm_job]})."
    where = f"Process {attempt.pid} on {attempt.host} has given no sign of life since {attempt.updated}"
    if attempt.slurm_job and queue.forgotten(attempt.slurm_job):
        return "lost", f"{where}, and SLURM no longer knows its job {attempt.slurm_job}."
    return "lost", f"{where}."


def _is_running(attempt: Attempt, queue: Queue, now: datetime) -> bool:
    """Whether an attempt without outcome is still running, as far as its process, its updates and SLURM tell."""
    if queue.waits(attempt.slurm_job):
        return False
    return is_alive(attempt, now) or queue.runs(attempt.slurm_job)


def _running_reason(attempt: Attempt, other_run: bool, now: datetime) -> str:
    minutes = time_since_update(attempt, now).total_seconds() / 60
    sentences = [f"No sign of life for {minutes:.0f} min."] if minutes >= 2 else []
    sentences += ["It works on an earlier config, and will have to be run again."] if other_run else []
    return " ".join(sentences)
