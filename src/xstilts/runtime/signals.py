"""How a job learns that it is to stop: a signal from Snakemake, from SLURM or from the keyboard."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: What a stopped job exits with: EX_TEMPFAIL of sysexits.h, "try again later".
TRY_AGAIN = 75


class Stopped(Exception):
    """Someone asked the job to stop: it has saved what it could, and is to be run again."""


class StopRequest:
    """Whether someone has asked. Where nothing is in the making that is worth saving, asking ends the work at once."""

    def __init__(self) -> None:
        self.reason = ""
        self._deferred = False

    def listen(self) -> StopRequest:
        """Be what this process does on SIGTERM and SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._heard)
        return self

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Keep working when asked to stop: the work inside looks at ``reason`` itself, when it is safe to stop."""
        self._deferred, before = True, self._deferred
        try:
            yield
        finally:
            self._deferred = before

    def ignore_from_now_on(self) -> None:
        """From now on nobody is heard: what the work has come to is being written, which takes seconds."""
        self._deferred = True

    def _heard(self, number: int, frame: FrameType | None) -> None:
        # SLURM sends SIGTERM ahead of a time limit and once more at it: only the first is news.
        first, self.reason = not self.reason, f"{signal.Signals(number).name} asked it to stop"
        if first and not self._deferred:
            raise Stopped(f"{self.reason}; it has saved nothing since its last checkpoint, if there is one")
