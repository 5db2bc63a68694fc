"""Requests to stop a job: signals from Snakemake, from SLURM or from the keyboard."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Exit code of a stopped job: EX_TEMPFAIL of sysexits.h, "try again later".
TRY_AGAIN = 75


class Stopped(Exception):
    """The job was asked to stop. It has saved what it could, and resumes when it is run again."""


class StopRequest:
    """Whether this process was asked to stop.

    By default the signal raises :class:`Stopped` at once; in :meth:`deferred` blocks it only sets ``reason``.

    Attributes:
        reason: Which signal asked; empty if none has.
    """

    def __init__(self) -> None:
        self.reason = ""
        self._deferred = False

    def listen(self) -> StopRequest:
        """Install this object as the process's handler of SIGTERM and SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)
        return self

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Do not raise inside this block: the code in it checks ``reason`` itself when it is safe to stop."""
        self._deferred, before = True, self._deferred
        try:
            yield
        finally:
            self._deferred = before

    def ignore_from_now_on(self) -> None:
        """Ignore later signals: the results are being written, which takes seconds."""
        self._deferred = True

    def _handle(self, number: int, frame: FrameType | None) -> None:
        # SLURM sends SIGTERM ahead of a time limit and again at the limit: only the first one raises.
        first, self.reason = not self.reason, f"{signal.Signals(number).name} asked it to stop"
        if first and not self._deferred:
            raise Stopped(f"{self.reason}; it has saved nothing since its last checkpoint, if there is one")
