"""What connects a training run to its job: stop requests, checkpoints, progress, tracking."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from xstilts.runtime.execution import ProgressCallback
from xstilts.runtime.signals import Stopped, StopRequest
from xstilts.runtime.tracking import Tracking
from xstilts.training import ranks
from xstilts.training.checkpoints import Checkpoint, Checkpoints
from xstilts.training.progress import no_progress
from xstilts.training.state import TrainingState

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Session:
    """A job's connection to a training run.

    Attributes:
        stop: Whether the job was asked to stop.
        checkpoints: Where to save the run's state; None: nowhere.
        on_progress: Called after every step.
        tracking: Where learning curves go while they come about; None: nowhere.
    """

    stop: StopRequest = field(default_factory=StopRequest)
    checkpoints: Checkpoints | None = None
    on_progress: ProgressCallback = no_progress
    tracking: Tracking | None = None

    def restarts(self) -> list[dict[str, Any]]:
        """The seed and the reason of each earlier start of the run that diverged or collapsed. Collective."""
        return ranks.shared(self.checkpoints.abandoned() if self.checkpoints else [])

    def start_over(self, seed: int, reason: str) -> None:
        """Note that training with a seed has failed, and delete its checkpoint, before training with another."""
        logger.warning("Starting over with another seed: %s", reason)
        if ranks.is_first():
            assert self.checkpoints is not None, "restarts are noted beside the checkpoints"
            self.checkpoints.abandon({"seed": seed, "reason": reason})

    def part(self, name: str) -> Session:
        """The session of a part of the job, whose checkpoints lie in a folder of their own."""
        tracking = self.tracking and self.tracking.part(name)
        return replace(self, checkpoints=self.checkpoints and self.checkpoints.part(name), tracking=tracking)

    def load(self) -> Checkpoint | None:
        """The newest checkpoint, if there is one; all but the first process get empty tensors. Collective."""
        found = self.checkpoints.load() if self.checkpoints else None
        if ranks.count() == 1:
            return found
        names, facts = ranks.shared((list(found.tensors), found.facts) if found else ([], None))
        return found if found or facts is None else Checkpoint(dict.fromkeys(names, torch.empty(0)), facts)

    def save(self, checkpoint: Checkpoint, what: str) -> bool:
        """Save a checkpoint; returns whether that was possible. ``what`` begins the warning if it was not."""
        if self.checkpoints is None:
            return False
        try:
            self.checkpoints.save(checkpoint)
        except OSError as error:  # a full disk: the run can still finish
            logger.warning("%s could not be written: %s", what, error)
            return False
        return True

    def clear(self) -> None:
        """Delete the checkpoints."""
        if self.checkpoints:
            self.checkpoints.clear()

    def resume(self, state: TrainingState) -> None:
        """Restore the state from the run's newest checkpoint, if there is one. Collective."""
        if checkpoint := self.load():
            state.restore(checkpoint)
            logger.info("Resuming from the checkpoint of step %d", state.step)
        restarts = self.restarts()
        if self.tracking:
            self.tracking.begin(len(restarts))

    def after_step(self, state: TrainingState) -> None:
        """Note the step's values, and save a checkpoint if one is due, or if the job was asked to stop. Collective.

        Raises:
            Stopped: The job was asked to stop.
        """
        losses = state.losses.new()
        if self.tracking:
            self.tracking.after_step(state.step, losses, state.curve, float(state.rate.get_last_lr()[0]))
        reason = self.stop.reason
        reason, wanted = ranks.shared((reason, bool(self.checkpoints and (reason or self.checkpoints.due()))))
        saved = wanted and self.save(state.checkpoint(), f"The checkpoint of step {state.step}")
        if reason:
            kept = f"its state after step {state.step} is saved" if saved else "its state could not be saved"
            raise Stopped(f"{reason}; {kept}")
