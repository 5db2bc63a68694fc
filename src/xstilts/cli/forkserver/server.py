"""The server: imports what jobs import, and then only waits and forks.

It runs none of the package's functions beside those of this folder, so that a child begins as a process of its own
would: no random number drawn, no thread started, no file read, nothing remembered.
"""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import xstilts
from xstilts.cli.environment import prepare_environment
from xstilts.cli.forkserver import SERVER
from xstilts.cli.forkserver.child import Child
from xstilts.cli.forkserver.key import sources
from xstilts.cli.forkserver.messages import STARTED, Request, is_of_this_user, send_status
from xstilts.cli.forkserver.place import locked_folder, log_of

_IDLE_SECONDS = 300.0
_REQUEST_SECONDS = 10.0  # in which a client has to say what it wants
#: What jobs import of libraries only when they need it.
_LIBRARIES = (
    "safetensors.torch",
    "seqeval.metrics.sequence_labeling",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.xlm_roberta.modeling_xlm_roberta",
)
#: What no job that a server runs imports, and programs.
_NOT_OF_JOBS = ("xstilts.cli.reference", "xstilts.jobs.prefetch", "xstilts.sources.hub", "xstilts.why", SERVER)


@dataclass(frozen=True)
class _Job:
    """A child, as a file that becomes readable when it ends, and the connection to its client."""

    pid: int
    ended: int
    client: socket.socket


class Server:
    """Forks a child per request.

    Attributes:
        idle: Seconds without a job after which it ends.
    """

    def __init__(self, listener: socket.socket, owner: int, idle: float = _IDLE_SECONDS) -> None:
        """Serve the jobs of a process, given as a file that becomes readable when it ends."""
        self.idle = idle
        self._listener, self._owner = listener, owner
        self._jobs: dict[int, _Job] = {}
        self._selector = selectors.PollSelector()
        self._on(listener.fileno(), self._accept)
        self._on(owner, self._close)

    def serve(self) -> Child | None:
        """Run jobs until nothing is left to wait for.

        Returns:
            In a child, what it has to run; None in the server itself, at its end.
        """
        while self._selector.get_map():
            ready = self._selector.select(None if self._jobs else self.idle)
            if not ready and not self._jobs:
                break
            for key, _ in ready:
                if self._selector.get_map().get(key.fileobj) == key:  # else an event before has closed it
                    child = key.data()
                    if child is not None:
                        return child
        return None

    def _on(self, file: int, call: Callable[[], Child | None]) -> None:
        self._selector.register(file, selectors.EVENT_READ, call)

    def _accept(self) -> Child | None:
        client, _ = self._listener.accept()
        try:
            if not is_of_this_user(client):
                raise PermissionError("another user's")
            client.settimeout(_REQUEST_SECONDS)
            request, streams = Request.receive(client)
        except (OSError, ValueError, TypeError):
            client.close()
            return None
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError:  # too many processes, or too little memory
            pid = None
        if pid == 0:
            self._forget(client)
            return Child(request, streams, server)
        for stream in streams:
            os.close(stream)
        if pid is None:
            client.close()
        else:
            self._watch(pid, client)
        return None

    def _watch(self, pid: int, client: socket.socket) -> None:
        try:
            job = _Job(pid, os.pidfd_open(pid), client)
        except OSError:  # too many open files: nobody would notice how it ends
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            client.close()
            return
        self._jobs[pid] = job
        self._on(job.ended, lambda: self._reap(job))
        self._on(client.fileno(), lambda: self._hear(job))
        with suppress(OSError):
            client.sendall(STARTED)

    def _hear(self, job: _Job) -> None:
        """Signal the child what its client was signalled; a client that was killed has its child killed."""
        try:
            numbers = job.client.recv(64)
        except OSError:
            numbers = b""
        for number in numbers or bytes([signal.SIGKILL]):
            os.kill(job.pid, number)
        if not numbers:
            self._selector.unregister(job.client.fileno())

    def _reap(self, job: _Job) -> None:
        _, status = os.waitpid(job.pid, 0)
        del self._jobs[job.pid]
        self._selector.unregister(job.ended)
        if job.client.fileno() in self._selector.get_map():
            self._selector.unregister(job.client.fileno())
        os.close(job.ended)
        with suppress(OSError):
            send_status(job.client, status)
        job.client.close()

    def _close(self) -> None:
        """Take no more jobs: the process whose jobs they are has ended."""
        self._selector.unregister(self._owner)
        self._selector.unregister(self._listener.fileno())
        self._listener.close()

    def _forget(self, client: socket.socket) -> None:
        """In a child: close what is the server's, else clients would not notice that it has ended."""
        self._selector.close()
        self._listener.close()
        os.close(self._owner)
        client.close()
        for job in self._jobs.values():
            os.close(job.ended)
            job.client.close()


def import_all() -> None:
    """Import what jobs import, except downloads, whose libraries have to be told first that they may use the network.

    Raises:
        RuntimeError: An import has started a thread, which would be missing in children.
    """
    prepare_environment(online=False)
    os.environ["JE_ARROW_MALLOC_CONF"] = "background_thread:false"  # Arrow's allocator starts one to free memory
    own = (module.name for module in pkgutil.walk_packages(xstilts.__path__, "xstilts."))
    for module in (*_LIBRARIES, *(module for module in own if not module.startswith(_NOT_OF_JOBS))):
        importlib.import_module(module)
    # OpenBLAS ends its threads before a fork, and starts them again where they are needed.
    probe = os.fork()
    if probe == 0:
        os._exit(0)
    os.waitpid(probe, 0)
    if len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208
        raise RuntimeError("an import has started a thread")


def main(listener: str, address: str, owner: str, code: str) -> None:
    """Run a server, or in a child a command.

    Args:
        listener: A file descriptor, of a socket that listens.
        address: Where it listens.
        owner: The id of the process whose jobs are run.
        code: What :func:`sources` is to be.

    Raises:
        RuntimeError: This is other code, or an import has started a thread.
    """
    socket_, owner_ended = socket.socket(fileno=int(listener)), os.pidfd_open(int(owner))
    import_all()
    if sources() != code:
        raise RuntimeError("the code has changed since this server was started")
    os.chdir("/")
    gc.collect()
    gc.freeze()  # else looking for garbage would copy each page that a child shares
    child = Server(socket_, owner_ended).serve()
    if child is not None:
        child.run()
        return
    with locked_folder():
        Path(address).unlink(missing_ok=True)
        log_of(Path(address)).unlink(missing_ok=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
