"""Progress of long work: a bar on a terminal, a line every few seconds in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_SECONDS_BETWEEN_LINES = 15.0

#: Called with a description of the work, the steps done and the steps in all.
ProgressCallback = Callable[[str, int, int], None]


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
        if sys.stderr.isatty():
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
            print(f"{self.what}: {self.total} steps", flush=True)
        self._on_step(self.what, self.done, self.total)
        return self

    def step(self, loss: float) -> None:
        """Count one step."""
        self.done += 1
        self._on_step(self.what, self.done, self.total)
        if self._bar:
            self._bar.update(self._task, advance=1, description=f"{self.what} (loss {loss:.3f})")
        elif time.monotonic() - self._logged > _SECONDS_BETWEEN_LINES:
            self._logged = time.monotonic()
            left = (self._logged - self._started) / (self.done - self._first) * (self.total - self.done)
            self.log(f"{self.what}: step {self.done}/{self.total}, loss {loss:.3f}, {left:.0f} s left")

    def log(self, line: str) -> None:
        """Print a line above the bar, or to the log."""
        if self._bar:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            print(line, flush=True)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()
        if error is None:
            print(f"{self.what}: done in {time.monotonic() - self._started:.0f} s", flush=True)
