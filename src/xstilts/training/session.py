"""What connects a training run to its job: stop requests, checkpoints and progress."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from xstilts.runtime.execution import ProgressCallback
from xstilts.runtime.signals import Stopped, StopRequest
from xstilts.training.checkpoints import Checkpoints
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
    """

    stop: StopRequest = field(default_factory=StopRequest)
    checkpoints: Checkpoints | None = None
    on_progress: ProgressCallback = no_progress

    def restarts(self) -> list[dict[str, Any]]:
        """The seed and the reason of each earlier start of the run that diverged or collapsed."""
        return self.checkpoints.abandoned() if self.checkpoints else []

    def start_over(self, seed: int, reason: str) -> None:
        """Note that training with a seed has failed, and delete its checkpoint, before training with another."""
        logger.warning("Starting over with another seed: %s", reason)
        assert self.checkpoints is not None, "restarts are noted beside the checkpoints"
        self.checkpoints.abandon({"seed": seed, "reason": reason})

    def resume(self, state: TrainingState) -> None:
        """Restore the state from the run's newest checkpoint, if there is one."""
        checkpoint = self.checkpoints.load() if self.checkpoints else None
        if checkpoint:
            state.restore(checkpoint)
            logger.info("Resuming from the checkpoint of step %d", state.step)

    def after_step(self, state: TrainingState) -> None:
        """Save a checkpoint if one is due, or if the job was asked to stop.

        Raises:
            Stopped: The job was asked to stop.
        """
        wanted = self.checkpoints and (self.stop.reason or self.checkpoints.due())
        saved = bool(wanted) and self._save(state)
        if self.stop.reason:
            kept = f"its state after step {state.step} is saved" if saved else "its state could not be saved"
            raise Stopped(f"{self.stop.reason}; {kept}")

    def _save(self, state: TrainingState) -> bool:
        assert self.checkpoints is not None
        try:
            self.checkpoints.save(state.checkpoint())
        except OSError as error:  # a full disk: the run can still finish
            logger.warning("The checkpoint of step %d could not be written: %s", state.step, error)
            return False
        return True
