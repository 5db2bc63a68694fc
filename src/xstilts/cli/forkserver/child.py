"""What a child does first: it becomes the process that its client would have been."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO, cast

from xstilts.cli.forkserver.messages import Request
from xstilts.runtime import starter

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Child:
    """What a child has to run.

    Attributes:
        streams: File descriptors of its standard input, output and error.
        server: The id of the process that has forked it.
    """

    request: Request
    streams: Sequence[int]
    server: int

    def run(self) -> None:
        """Run the command as the client would have run it."""
        self._end_with_the_server()
        self._take_over()
        from xstilts.cli.commands import run

        run()

    def _end_with_the_server(self) -> None:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self.server:  # it has ended before
            os.kill(os.getpid(), signal.SIGKILL)

    def _take_over(self) -> None:
        import numpy as np

        request = self.request
        for place, stream in enumerate(self.streams):
            os.dup2(stream, place)
            os.close(stream)
        sys.stdin, sys.stdout, sys.stderr = map(_opened_again, (sys.stdin, sys.stdout, sys.stderr))
        os.chdir(request.folder)
        os.umask(request.umask)
        os.environ.clear()
        os.environ.update(request.environment)
        for number in request.ignored:
            signal.signal(number, signal.SIG_IGN)
        sys.argv[:] = request.arguments
        np.random.seed()  # unlike Python's, NumPy's own generator would be the same in all children
        starter.act_for(request.pid)


def _opened_again(stream: TextIO) -> TextIO:
    """A standard stream as Python opens it when it starts, since it may now be a terminal, or one that cannot seek."""
    place = stream.fileno()
    buffering = 1 if stream is sys.stderr or os.isatty(place) else -1
    newline = None if stream is sys.stdin else "\n"
    return cast("TextIO", open(place, stream.mode, buffering, stream.encoding, stream.errors, newline, closefd=False))
