"""How long the rest of a study may take, estimated from the jobs that are done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import mean

from xstilts.runtime.liveness import parse_time
from xstilts.status.state import JobStatus


@dataclass(frozen=True)
class RemainingTime:
    """The work that is left. Diverged jobs are not part of it: they would diverge again.

    Attributes:
        work: Seconds of the remaining jobs of kinds of which one is done; None if there are only jobs of other kinds.
        unknown: How many remaining jobs are of kinds of which none is done.
        at_a_time: How many jobs are running.
    """

    work: float | None
    unknown: int
    at_a_time: int

    @property
    def seconds(self) -> float | None:
        """Seconds until the work is done if as many jobs keep running; None if unknown."""
        if self.work == 0 and not self.unknown:
            return 0.0
        return self.work / self.at_a_time if self.work is not None and self.at_a_time else None


def mean_seconds(statuses: Sequence[JobStatus]) -> dict[tuple[str, ...], float]:
    """Return the mean seconds of the done jobs of each :attr:`Job.kind`."""
    seconds: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for status in statuses:
        if status.state == "done" and status.seconds is not None:
            seconds[status.job.kind].append(status.seconds)
    return {kind: mean(values) for kind, values in seconds.items()}


def seconds_left(status: JobStatus, means: Mapping[tuple[str, ...], float], now: datetime) -> float | None:
    """Return the seconds that a job still needs, for a running job from the steps that it has done.

    Args:
        status: The status of the job.
        means: What :func:`mean_seconds` returns.
        now: The time of the status.

    Returns:
        None if no job of its kind is done.
    """
    whole = means.get(status.job.kind)
    if status.state in ("done", "diverged"):
        return 0.0
    if whole is None or status.state != "running" or status.attempt is None:
        return whole
    if status.progress is not None:
        return whole * max(1 - status.progress, 0)
    return max(whole - (now - parse_time(status.attempt.started)).total_seconds(), 0)


def remaining_time(statuses: Sequence[JobStatus], now: datetime) -> RemainingTime:
    """Estimate the time of the jobs that are left."""
    means = mean_seconds(statuses)
    needed = [seconds_left(status, means, now) for status in statuses if status.state not in ("done", "diverged")]
    known = [seconds for seconds in needed if seconds is not None]
    unknown = len(needed) - len(known)
    running = sum(status.state == "running" for status in statuses)
    return RemainingTime(sum(known) if known or not unknown else None, unknown, running)
