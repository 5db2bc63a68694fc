"""How long the rest of a study may take, judged by the jobs that are done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import mean

from xstilts.runtime.liveness import moment
from xstilts.status.state import JobState


@dataclass(frozen=True)
class Estimate:
    """What is left to do. Diverged jobs are left out: they would only diverge again."""

    #: Seconds of work in jobs of kinds of which one is done; None where there is no such job but others.
    work: float | None
    #: Jobs left of kinds of which none is done: how long they take is not known.
    unknown: int
    #: How many jobs are running.
    at_a_time: int

    @property
    def seconds(self) -> float | None:
        """Until the work is done, if as many jobs keep running; None where that cannot be said."""
        if self.work == 0 and not self.unknown:
            return 0.0
        return self.work / self.at_a_time if self.work is not None and self.at_a_time else None


def kinds(states: Sequence[JobState]) -> dict[tuple[str, ...], float]:
    """Mean seconds of the done jobs of each kind: same rule, model and training set; an arm's training, same arm."""
    taken: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for found in states:
        if found.state == "done" and found.seconds is not None:
            taken[found.job.kind].append(found.seconds)
    return {kind: mean(seconds) for kind, seconds in taken.items()}


def left(found: JobState, usual: dict[tuple[str, ...], float], now: datetime) -> float | None:
    """Seconds that a job still needs: by its steps if it is running and counts them; None where that is not known."""
    whole = usual.get(found.job.kind)
    if found.state in ("done", "diverged"):
        return 0.0
    if whole is None or found.state != "running" or found.attempt is None:
        return whole
    if found.progress is not None:
        return whole * max(1 - found.progress, 0)
    return max(whole - (now - moment(found.attempt.started)).total_seconds(), 0)


def estimate(states: Sequence[JobState], now: datetime) -> Estimate:
    usual = kinds(states)
    needed = [left(found, usual, now) for found in states if found.state not in ("done", "diverged")]
    known = [seconds for seconds in needed if seconds is not None]
    unknown = len(needed) - len(known)
    running = sum(found.state == "running" for found in states)
    return Estimate(sum(known) if known or not unknown else None, unknown, running)
