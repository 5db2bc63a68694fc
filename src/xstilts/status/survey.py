"""The status of a study at one moment, and its JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xstilts.graph.jobs import INTERMEDIATE, PRETRAINING
from xstilts.graph.location import storage_of
from xstilts.graph.runs import Runs, evaluation_of
from xstilts.graph.specs import Specs
from xstilts.runtime.heads import read_heads
from xstilts.status.checkpoints import LeftoverCheckpoint, leftover_checkpoints
from xstilts.status.estimate import RemainingTime, mean_seconds, remaining_time, seconds_left
from xstilts.status.other_jobs import RuleFiles, other_jobs
from xstilts.status.slurm import Queue, read_queue
from xstilts.status.state import STATES, JobStatus, State, job_statuses


@dataclass(frozen=True)
class Survey:
    """The status of a study's jobs.

    Attributes:
        runs: The study's jobs.
        at: The time of the survey.
        statuses: The status of every job.
        others: The files of jobs that neither train nor score.
        remaining: The work that is left.
        queue: What SLURM reports.
        checkpoints: Checkpoints that are no longer needed.
        storage: The storage that the study's files are in; empty if they are in none.
    """

    runs: Runs
    at: datetime
    statuses: list[JobStatus]
    others: list[RuleFiles]
    remaining: RemainingTime
    queue: Queue
    checkpoints: list[LeftoverCheckpoint]
    storage: str = ""

    def of(self, *states: State) -> list[JobStatus]:
        """Return the jobs in some states."""
        return [status for status in self.statuses if status.state in states]

    def by_cell(self) -> dict[tuple[str, str, str], Counter[State]]:
        """Count the seeds in each state by model, arm and :attr:`Job.what`."""
        cells: dict[tuple[str, str, str], Counter[State]] = {}
        for status in self.statuses:
            job = status.job
            cells.setdefault((job.model, job.arm, job.what), Counter())[status.state] += 1
        return cells

    def pretraining(self, model: str) -> State | None:
        """Return the state of a model's pretraining; None if the model is a ready-made one."""
        return next(iter(self.by_cell().get((model, "", PRETRAINING), ())), None)

    def seconds_left(self) -> dict[JobStatus, float | None]:
        """Return the seconds that each running job may still need."""
        means = mean_seconds(self.statuses)
        return {status: seconds_left(status, means, self.at) for status in self.of("running")}

    @property
    def forgotten(self) -> list[JobStatus]:
        """Jobs that were killed and that SLURM no longer knows."""
        return [
            status
            for status in self.of("lost")
            if status.attempt and status.attempt.slurm_job and self.queue.forgotten(status.attempt.slurm_job)
        ]


def survey(runs: Runs) -> Survey:
    """Read the status of a study; the working folder has to be the one that snakemake runs in."""
    now, specs = datetime.now(UTC), Specs(runs)
    queue = read_queue(Path.cwd(), read_heads(runs.paths.heads), runs.study.study)
    statuses = job_statuses(specs, queue, now)
    checkpoints = leftover_checkpoints(specs, statuses)
    remaining, storage = remaining_time(statuses, now), storage_of(runs.paths.root)
    return Survey(runs, now, statuses, other_jobs(runs), remaining, queue, checkpoints, storage)


def as_json(survey: Survey) -> dict[str, Any]:
    """Return the survey with the keys that docs/status.md promises."""
    study, cells = survey.runs.study, survey.by_cell()
    seconds_left = survey.seconds_left()
    return {
        "study": study.study,
        "storage": survey.storage or None,
        "at": survey.at.isoformat(timespec="seconds"),
        "counts": _counts(status.state for status in survey.statuses),
        "estimate": {
            "seconds": _rounded(survey.remaining.seconds),
            "work_seconds": _rounded(survey.remaining.work),
            "jobs_of_unknown_length": survey.remaining.unknown,
            "running": survey.remaining.at_a_time,
        },
        "models": {
            model: {
                "pretraining": survey.pretraining(model),
                "arms": {
                    name: {
                        "training": dict(cells[model, name, INTERMEDIATE]) if arm.trains else None,
                        "targets": {
                            target: dict(cells[model, name, evaluation_of(study, target)]) for target in study.targets
                        },
                    }
                    for name, arm in study.arms.items()
                },
            }
            for model in study.models
        },
        "jobs": [_job(status, seconds_left.get(status)) for status in survey.statuses],
        "other_jobs": {each.rule: {"there": each.there, "all": each.all} for each in survey.others},
        "slurm": {
            "asked": not survey.queue.trouble,
            "trouble": survey.queue.trouble,
            "submitted": [asdict(job) for job in survey.queue.submitted],
            "snakemakes": survey.queue.snakemakes,
            "unawaited": survey.queue.unawaited,
            "forgotten": [status.attempt.slurm_job for status in survey.forgotten if status.attempt],
        },
        "stale_checkpoints": [{"path": str(c.path), "bytes": c.bytes, "why": c.why} for c in survey.checkpoints],
    }


def _job(status: JobStatus, seconds_left: float | None) -> dict[str, Any]:
    job, named = status.job, not status.job.is_pretraining
    return {
        "rule": job.rule,
        "model": job.model,
        "arm": job.arm if named else None,
        "what": job.what if named else None,
        "seed": job.seed if named else None,
        "state": status.state,
        "reason": status.reason,
        "run": status.run or None,
        "seconds": status.seconds,
        "seconds_left": _rounded(seconds_left),
        "attempts": status.attempts,
        "last_attempt": asdict(status.attempt) if status.attempt else None,
    }


def _counts(states: Iterable[State]) -> dict[str, int]:
    """Count jobs by state, with zeros."""
    counter = Counter(states)
    return {state: counter[state] for state in STATES}


def _rounded(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)
