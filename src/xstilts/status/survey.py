"""All that is asked of a study at one moment, and its JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xstilts.graph.runs import INTERMEDIATE, Runs, evaluation_of
from xstilts.graph.specs import Specs
from xstilts.status.checkpoints import Checkpoint, stale
from xstilts.status.estimate import Estimate, estimate, kinds, left
from xstilts.status.slurm import Queue, read_queue
from xstilts.status.state import STATES, JobState, State, states_of


@dataclass(frozen=True)
class Survey:
    """What has become of a study's jobs, by ``at``."""

    runs: Runs
    at: datetime
    states: list[JobState]
    estimate: Estimate
    queue: Queue
    checkpoints: list[Checkpoint]

    def of(self, *states: State) -> list[JobState]:
        """The jobs in some states."""
        return [found for found in self.states if found.state in states]

    def by_cell(self) -> dict[tuple[str, str, str], Counter[State]]:
        """How many seeds are in which state, by (model, arm, training set); pretraining has neither arm nor set."""
        cells: dict[tuple[str, str, str], Counter[State]] = {}
        for found in self.states:
            job = found.job
            cells.setdefault((job.model, job.arm, job.what), Counter())[found.state] += 1
        return cells

    def left(self) -> dict[JobState, float | None]:
        """Seconds that each running job may still need."""
        usual = kinds(self.states)
        return {found: left(found, usual, self.at) for found in self.of("running")}

    @property
    def forgotten(self) -> list[JobState]:
        """Jobs that were killed and that SLURM knows no longer."""
        return [
            found
            for found in self.of("lost")
            if found.attempt and found.attempt.slurm_job and self.queue.forgotten(found.attempt.slurm_job)
        ]


def survey(runs: Runs) -> Survey:
    """Read what the jobs of a study have left; the folder is the one that snakemake runs in."""
    now, specs = datetime.now(UTC), Specs(runs)
    queue = read_queue(Path.cwd())
    states = states_of(runs, specs, queue, now)
    return Survey(runs, now, states, estimate(states, now), queue, stale(runs, specs, states))


def as_json(found: Survey) -> dict[str, Any]:
    """The survey with the keys that docs/status.md promises."""
    study, cells = found.runs.study, found.by_cell()
    needs = found.left()
    return {
        "study": study.study,
        "at": found.at.isoformat(timespec="seconds"),
        "counts": _counts(each.state for each in found.states),
        "estimate": {
            "seconds": _whole(found.estimate.seconds),
            "work_seconds": _whole(found.estimate.work),
            "jobs_of_unknown_length": found.estimate.unknown,
            "running": found.estimate.at_a_time,
        },
        "models": {
            model: {
                "pretraining": next(iter(cells[model, "", ""])) if (model, "", "") in cells else None,
                "arms": {
                    arm: {
                        "training": dict(cells[model, arm, INTERMEDIATE]) if chosen.trains else None,
                        "targets": {
                            target: dict(cells[model, arm, evaluation_of(study, target)]) for target in study.targets
                        },
                    }
                    for arm, chosen in study.arms.items()
                },
            }
            for model in study.models
        },
        "jobs": [_job(each, needs.get(each)) for each in found.states],
        "slurm": {
            "asked": not found.queue.trouble,
            "trouble": found.queue.trouble,
            "submitted": [asdict(job) for job in found.queue.submitted],
            "snakemakes": found.queue.snakemakes,
            "unawaited": found.queue.unawaited,
            "forgotten": [each.attempt.slurm_job for each in found.forgotten if each.attempt],
        },
        "stale_checkpoints": [{"path": str(c.path), "bytes": c.bytes, "why": c.why} for c in found.checkpoints],
    }


def _job(found: JobState, needs: float | None) -> dict[str, Any]:
    job, attempt = found.job, found.attempt
    return {
        "rule": job.rule,
        "model": job.model,
        "arm": job.arm or None,
        "what": job.what or None,
        "seed": job.seed,
        "state": found.state,
        "reason": found.reason,
        "run": found.run or None,
        "seconds": found.seconds,
        "seconds_left": _whole(needs),
        "attempts": found.attempts,
        "last_attempt": asdict(attempt) if attempt else None,
    }


def _counts(states: Iterable[State]) -> dict[str, int]:
    """Of every state, also of those that no job is in."""
    counted = Counter(states)
    return {state: counted[state] for state in STATES}


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)
