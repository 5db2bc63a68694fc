"""Progress of long work: a bar on a terminal, a message every few seconds in a log."""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from xstilts.runtime.execution import ProgressCallback
from xstilts.training import ranks

_SECONDS_BETWEEN_MESSAGES = 15.0

logger = logging.getLogger(__name__)


def no_progress(what: str, step: int, total: int) -> None:
    """No-op progress callback."""


class StepProgress:
    """Context manager that shows the progress of work in steps.

    Args:
        what: Description of the work.
        total: Steps in all.
        done: Steps done by earlier processes.
        on_step: Called at the start and after every step.
    """

    def __init__(self, what: str, total: int, done: int = 0, on_step: ProgressCallback = no_progress) -> None:
        self.what, self.total, self.done, self._on_step = what, total, done, on_step
        self._first = done
        self._started = self._logged = time.monotonic()
        self._bar: Progress | None = None

    def __enter__(self) -> StepProgress:
        if sys.stderr.isatty() and ranks.is_first():
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True))
            self._bar.start()
            self._task = self._bar.add_task(self.what, total=self.total, completed=self.done)
        else:
            logger.info("%s: %d steps", self.what, self.total)
        self._on_step(self.what, self.done, self.total)
        return self

    def step(self, loss: float) -> None:
        """Count one step."""
        self.done += 1
        self._on_step(self.what, self.done, self.total)
        if self._bar:
            self._bar.update(self._task, advance=1, description=f"{self.what} (loss {loss:.3f})")
        elif time.monotonic() - self._logged > _SECONDS_BETWEEN_MESSAGES:
            self._logged = time.monotonic()
            left = (self._logged - self._started) / (self.done - self._first) * (self.total - self.done)
            self.log(f"{self.what}: step {self.done}/{self.total}, loss {loss:.3f}, {left:.0f} s left")

    def log(self, message: str) -> None:
        """Print a message above the bar, or log it."""
        if self._bar:
            self._bar.console.print(message, markup=False, highlight=False)
        else:
            logger.info("%s", message)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()
        if error is None:
            logger.info("%s: done in %.0f s", self.what, time.monotonic() - self._started)
