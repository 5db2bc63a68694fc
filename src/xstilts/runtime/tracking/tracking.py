"""When points of a job's learning curves are handed over, and that none is twice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from xstilts.atomic import read_object, write_json
from xstilts.runtime.tracking.backends import BACKENDS, Curve, CurveName, Kind

#: Steps between two points of the training loss.
LOSS_EVERY = 20

logger = logging.getLogger(__name__)


@dataclass
class _Open:
    """The curve that is being drawn: one at a time in a job.

    ``last`` is the last step with a point, ``place`` the file that says so to the next process, and ``losses`` are
    those since the last point. A job goes on without curves where a library fails (``failed``).
    """

    curve: Curve | None = None
    place: Path = Path()
    last: int = 0
    losses: list[float] = field(default_factory=list)
    failed: bool = False


@dataclass(frozen=True)
class Tracking:
    """The learning curves of one job: one for each training that the job consists of.

    Attributes:
        kind: The library.
        study: The study's name.
        job: What the job is called.
        run: The run's id.
        folder: The job's folder, for this run alone.
        shared: The folder of all tracking of the study.
        facts: What curves can be found by.
        parts: The training among those of the job: stage, learning rate.
    """

    kind: Kind
    study: str
    job: str
    run: str
    folder: Path
    shared: Path
    facts: Mapping[str, str | int] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    _now: _Open = field(default_factory=_Open, repr=False, compare=False)

    def part(self, name: str) -> Tracking:
        """The curves of a part of the job; they take turns with those of the other parts."""
        return replace(self, parts=(*self.parts, name))

    def begin(self, restarts: int) -> None:
        """Begin a curve, or go on with the one that an earlier process has begun.

        Args:
            restarts: How often the training has begun again with another seed, each time with a curve of its own.
        """
        self.close()
        parts = (*self.parts, f"restart-{restarts}") if restarts else self.parts
        folder = self.folder.joinpath(*parts)
        known = read_object(folder / "tracked.json")  # what an earlier process has noted of the curve
        identity = "-".join((self.run, *parts))
        name = CurveName(self.study, self.job, ", ".join(parts), identity, self.facts, folder, self.shared)

        def work() -> None:
            self._now.place, self._now.last = folder / "tracked.json", int(known.get("step", 0))
            self._now.curve = BACKENDS[self.kind](name, str(known.get("id", "")))

        self._attempt(work)

    def after_step(self, step: int, losses: Sequence[float], curve: Sequence[Mapping[str, float]], rate: float) -> None:
        """Hand over the values of a step, if it is the turn of one; steps of an earlier process are not repeated.

        Args:
            step: Optimiser steps taken.
            losses: The steps' losses that have become known since the last call.
            curve: The evaluations so far: ``step``, ``loss``, scores by task, ``masked_lm_loss``.
            rate: The learning rate.
        """
        now = self._now
        if now.curve is None or step <= now.last:
            return
        now.losses += losses
        evaluation = curve[-1] if curve and curve[-1]["step"] == step else None
        if evaluation is None and step % LOSS_EVERY:
            return
        values = {"train/learning_rate": rate}
        if recent := now.losses or ([evaluation["loss"]] if evaluation else []):
            values["train/loss"] = sum(recent) / len(recent)
        if evaluation:
            values |= {f"dev/{what}": value for what, value in evaluation.items() if what not in ("step", "loss")}
        self._attempt(lambda: self._hand_over(values, step))

    def close(self) -> None:
        """End the curve that is being drawn, if there is one."""
        curve, self._now.curve = self._now.curve, None
        self._now.losses.clear()
        if curve is not None:
            self._attempt(curve.close)

    def _hand_over(self, values: Mapping[str, float], step: int) -> None:
        assert self._now.curve is not None
        self._now.curve.log(values, step)
        self._now.last = step
        self._now.losses.clear()
        write_json(self._now.place, {"step": step, "id": self._now.curve.id})

    def _attempt(self, work: Callable[[], None]) -> None:
        """Call a library; whatever it raises ends the curves, never the training."""
        if self._now.failed:
            return
        try:
            work()
        except Exception as error:
            self._now.failed, self._now.curve = True, None
            logger.warning(
                "tracking: %s has failed (%s: %s). Training goes on, and its curve is also in the job's record; the "
                "rest of this job is not tracked.",
                self.kind,
                type(error).__name__,
                error,
            )
