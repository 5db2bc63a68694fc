"""What a training run has to do with the world around it: when to stop, where to save its state, whom to tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from xstilts.runtime.signals import Stopped, StopRequest
from xstilts.training.checkpoints import Checkpoints
from xstilts.training.progress import ProgressCallback, no_progress
from xstilts.training.state import TrainingState


@dataclass(frozen=True)
class Session:
    """``checkpoints`` are absent where a run is too short to need any."""

    stop: StopRequest = field(default_factory=StopRequest)
    checkpoints: Checkpoints | None = None
    on_progress: ProgressCallback = no_progress

    def restarts(self) -> list[dict[str, Any]]:
        """What was noted of each beginning of the run that was given up."""
        return self.checkpoints.abandoned() if self.checkpoints else []

    def begin_again(self, seed: int, reason: str) -> None:
        """Note that what began with a seed was given up; the next beginning has no checkpoint to go on from."""
        print(f"Beginning again with another seed: {reason}", flush=True)
        assert self.checkpoints is not None, "a run that may begin again needs a place to note it"
        self.checkpoints.abandon({"seed": seed, "reason": reason})

    def resume(self, state: TrainingState) -> None:
        """Go on from the run's newest checkpoint, if there is one."""
        found = self.checkpoints.load() if self.checkpoints else None
        if found:
            state.restore(found)
            print(f"Going on from the checkpoint of step {state.step}", flush=True)

    def after_step(self, state: TrainingState) -> None:
        """Save the state where it is time to.

        Raises:
            Stopped: someone has asked the run to stop.
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
        except OSError as error:  # a full disk: the run itself can still end well
            print(f"The checkpoint of step {state.step} could not be written: {error}", flush=True)
            return False
        return True
