"""Several processes that do one job together, one for each of its GPUs.

The job's own process holds its lock and its GPUs, and waits for them: it passes requests to stop on to the first, takes
its progress, and where one of them fails, ends the others. They end at once when it ends. Nothing here imports torch.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from xstilts.errors import Diverged, UserError
from xstilts.runtime.execution import ProgressCallback
from xstilts.runtime.logs import configure_logging
from xstilts.runtime.signals import Stopped, StopRequest

_SECONDS_BETWEEN_CHECKS = 0.5
_SECONDS_TO_FAIL = 3.0  # in which the others, which wait for a process that has failed, may tell why they fail
#: How a process may end other than well, beginning with what tells most about the cause.
_ERRORS: dict[str, type[Exception]] = {"stopped": Stopped, "diverged": Diverged, "refused": UserError}
_KILLED, _FAILED = "killed", "failed"
_CAUSES = (*_ERRORS, _KILLED, _FAILED)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Member:
    """One of the processes.

    Attributes:
        number: From 0; the first one reads and writes the job's files.
        count: How many there are.
        meeting: The path of a file, which is not there yet, by which they find each other.
    """

    number: int
    count: int
    meeting: Path


#: Does a member's part of the work, given a request to stop, which the first one alone hears, and a progress callback.
MemberWork = Callable[[Member, StopRequest, ProgressCallback], None]


@dataclass
class _Running:
    """A member's process, its messages, and how it has ended: '' for well; None while it runs."""

    process: BaseProcess
    messages: Connection
    cause: str | None = None
    reason: str = ""


def work_together(count: int, work: MemberWork, stop: StopRequest, on_progress: ProgressCallback) -> None:
    """Have so many processes do a job, and wait for them.

    Args:
        count: How many.
        work: Is pickled, so it is a function of a module, or a ``partial`` of one.
        stop: Requests to stop this process, which are passed on.
        on_progress: Called with what the first process calls its own with.

    Raises:
        Diverged: The run has diverged.
        RuntimeError: A process has failed otherwise, and has logged its traceback.
        Stopped: The process was asked to stop.
        UserError: A process has raised it, or was killed.
    """
    verbose = logging.getLogger("xstilts").getEffectiveLevel() <= logging.DEBUG
    with tempfile.TemporaryDirectory(prefix="xstilts-") as folder, stop.deferred():
        members = [Member(number, count, Path(folder) / "meeting") for number in range(count)]
        running = [_start(member, work, verbose) for member in members]
        try:
            _follow(running, stop, on_progress)
        finally:
            for one in running:
                one.process.kill()
                one.process.join()
                one.messages.close()
    _raise_first_cause(running, stop)


def _start(member: Member, work: MemberWork, verbose: bool) -> _Running:
    context = multiprocessing.get_context("spawn")  # a fork would share what must not be shared, CUDA above all
    messages, to_parent = context.Pipe(duplex=False)
    process = context.Process(target=_be, args=(member, work, verbose, to_parent), name=f"xstilts-{member.number}")
    process.start()
    to_parent.close()  # so that the process has the only one, and its end is seen
    return _Running(process, messages)


def _follow(running: Sequence[_Running], stop: StopRequest, on_progress: ProgressCallback) -> None:
    """Pass messages on until all processes have ended, or shortly after one has ended badly."""
    passed_on, deadline = False, float("inf")
    while (going := [one for one in running if one.cause is None]) and time.monotonic() < deadline:
        ready = wait([one.messages for one in going], _SECONDS_BETWEEN_CHECKS)
        for one in going:
            if one.messages in ready:
                _receive(one, on_progress)
                if one.cause and deadline == float("inf"):
                    deadline = time.monotonic() + _SECONDS_TO_FAIL
        if stop.reason and not passed_on and running[0].process.pid:
            os.kill(running[0].process.pid, signal.SIGTERM)
            passed_on = True


def _receive(one: _Running, on_progress: ProgressCallback) -> None:
    """Take a process's next message: its progress, or how it has ended."""
    try:
        kind, *values = one.messages.recv()
    except (EOFError, OSError):
        one.process.join()
        one.cause, one.reason = _KILLED, f"its exit code is {one.process.exitcode}"
        return
    if kind == "progress":
        on_progress(*values)
    else:
        one.cause, one.reason = values


def _raise_first_cause(running: Sequence[_Running], stop: StopRequest) -> None:
    """Raise what tells most about why processes have not ended well, if any."""
    ended = [(_CAUSES.index(one.cause), number, one) for number, one in enumerate(running) if one.cause]
    if not ended:
        return
    _, number, one = min(ended, key=lambda end: end[:2])
    assert one.cause is not None
    if one.cause in _ERRORS:
        raise _ERRORS[one.cause](one.reason)
    if stop.reason and one.cause == _KILLED and one.process.exitcode == -signal.SIGTERM:
        raise Stopped(f"{stop.reason}; it has saved nothing since its last checkpoint, if there is one")
    what = f"Process {number + 1} of the {len(running)} that do this job together"
    if one.cause == _KILLED:
        raise UserError(f"{what} was killed: {one.reason}. If the machine's memory ran out, the job needs more of it.")
    raise RuntimeError(f"{what} has failed: {one.reason}")


def _be(member: Member, work: MemberWork, verbose: bool, to_parent: Connection) -> None:
    """Do a member's part in a process of its own."""
    stop = StopRequest()
    if member.number == 0:
        stop.listen()
    else:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    configure_logging(verbose)
    if member.number > 0:  # what the others would log is what the first one logs
        logging.disable(logging.WARNING)
        warnings.simplefilter("ignore")

    def tell(what: str, step: int, total: int) -> None:
        to_parent.send(("progress", what, step, total))

    cause, reason = "", ""
    try:
        work(member, stop, tell if member.number == 0 else _tell_nobody)
    except BaseException as error:
        cause = next((name for name, kind in _ERRORS.items() if isinstance(error, kind)), _FAILED)
        reason = str(error) if cause != _FAILED else f"{type(error).__name__}: {error}"
        if cause == _FAILED:
            logger.error("%s", traceback.format_exc())
    to_parent.send(("end", cause, reason))
    to_parent.close()
    if cause:  # the others may be waiting for this process, which must not wait for them
        os._exit(1)


def _tell_nobody(what: str, step: int, total: int) -> None:
    """No progress: the first process's is that of all."""


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
