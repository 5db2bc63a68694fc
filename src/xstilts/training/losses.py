"""The losses of a run's steps, which stay on the GPU for some steps: to read one is to wait until it is computed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch

from xstilts.errors import Diverged

_EVERY = {"cpu": 1, "cuda": 20}  # steps between two readings; nothing waits on a CPU


@dataclass
class Losses:
    """The steps' losses since the last evaluation.

    Attributes:
        known: Those that have been read, all finite.
        last: The last one that has been read; not a number before the first.
    """

    known: list[float] = field(default_factory=list)
    last: float = math.nan
    _new: list[float] = field(default_factory=list)
    _waiting: list[_Waiting] = field(default_factory=list)

    def add(self, loss: torch.Tensor, step: int, where: str) -> None:
        """Add the loss of a step, and read all of them if it is time to.

        Args:
            loss: A scalar.
            step: The step's number.
            where: What follows it in the message of :class:`Diverged`.

        Raises:
            Diverged: A loss that has been read is not finite.
        """
        self._waiting.append(_Waiting(loss, step, where))
        if step % _EVERY[loss.device.type] == 0 or math.isnan(self.last):
            self.read()

    def read(self) -> None:
        """Read all losses; before weights are evaluated or saved, so that these are never ones that have diverged.

        Raises:
            Diverged: One of them is not finite.
        """
        waiting, self._waiting = self._waiting, []
        values = torch.stack([one.loss for one in waiting]).tolist() if waiting else []
        for one, value in zip(waiting, values, strict=True):
            if not math.isfinite(value):
                raise Diverged(
                    f"The loss is {value} at step {one.step} {one.where}. "
                    "Lower the learning rate or raise warmup_share for this task."
                )
        self.known += values
        self._new += values
        self.last = values[-1] if values else self.last

    def new(self) -> list[float]:
        """Those that have been read since the last call."""
        new, self._new = self._new, []
        return new

    def clear(self) -> None:
        """Begin anew, after an evaluation."""
        self.known.clear()


@dataclass(frozen=True)
class _Waiting:
    loss: torch.Tensor
    step: int
    where: str
