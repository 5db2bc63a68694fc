"""The process of a job that a server runs: it hands over the command, passes signals on, and ends as the job ends.

It imports no more than that takes. Whatever goes wrong with a server, the job runs in this process.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from xstilts.cli.forkserver import OWNER, SERVER
from xstilts.cli.forkserver.key import key, sources
from xstilts.cli.forkserver.messages import STARTED, Request, is_of_this_user, receive_status
from xstilts.cli.forkserver.place import locked_folder, log_of

_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


def run_by_server() -> int | None:
    """Have a server run this process's command.

    Returns:
        The exit code; None if no server can be had, or it has ended before the job.
    """
    owner = os.environ.pop(OWNER)
    try:
        with _connected(int(owner)) as connection:
            _request().send(connection)
            if connection.recv(len(STARTED)) != STARTED:
                return None
            with _passing_signals_on(connection):
                status = receive_status(connection)
    except (OSError, ValueError):
        return None
    if os.WIFSIGNALED(status):
        _die_of(os.WTERMSIG(status))
    return os.waitstatus_to_exitcode(status)


def _request() -> Request:
    umask = os.umask(0)
    os.umask(umask)
    ignored = [int(number) for number in _PASSED_ON if signal.getsignal(number) is signal.SIG_IGN]
    return Request(sys.argv, os.getcwd(), dict(os.environ), umask, ignored, os.getpid())  # noqa: PTH109


@contextmanager
def _connected(owner: int) -> Iterator[socket.socket]:
    """A connection to the server for this process, which is started if there is none.

    Raises:
        OSError: There is none, and the last one has failed.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        with locked_folder() as folder:
            address = folder / f"{key(owner)}.socket"
            try:
                connection.connect(str(address))
            except (FileNotFoundError, ConnectionRefusedError):
                address.unlink(missing_ok=True)
                _start(address, owner)
                connection.connect(str(address))
        if not is_of_this_user(connection):
            raise PermissionError(f"{address}: the server is another user's")
        yield connection


def _start(address: Path, owner: int) -> None:
    """Start a server that listens at an address; it belongs to no process, so that it outlives this one.

    Raises:
        OSError: The last one has failed, and left its log.
    """
    log = os.open(log_of(address), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(address))
        listener.listen(128)
        between = os.fork()
        if between == 0:
            try:
                _become_server(listener.fileno(), log, address, owner)
            finally:
                os._exit(1)
        os.waitpid(between, 0)
    os.close(log)


def _become_server(listener: int, log: int, address: Path, owner: int) -> None:
    """In a forked process: start the server with no open files but its own, and end."""
    os.setsid()
    if os.fork():
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for place, file in enumerate((nothing, log, log, os.dup(listener))):
        os.dup2(file, place)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    # -P: else modules would be looked for in the working directory first.
    os.execv(sys.executable, [sys.executable, "-P", "-m", SERVER, "3", str(address), str(owner), sources()])


@contextmanager
def _passing_signals_on(connection: socket.socket) -> Iterator[None]:
    """Pass signals on to the job; one that could not be passed on, because the server has ended, ends this process."""
    got: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        got.append(number)
        with suppress(OSError):
            connection.send(bytes([number]))

    before = {number: signal.signal(number, pass_on) for number in _PASSED_ON if _is_default(number)}
    try:
        yield
    except OSError:
        if got:
            _die_of(got[0])
        print("xstilts: the process that ran this job has ended. The job starts again.", file=sys.stderr, flush=True)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_default(number: signal.Signals) -> bool:
    return signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)


def _die_of(number: int) -> None:
    """End this process by a signal, as the job has ended, without a core dump of its own."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
