"""A run belongs to one process at a time, on whatever machine."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SECONDS_BETWEEN_TRIES = 0.5
_SECONDS_BETWEEN_LINES = 60.0


@contextmanager
def hold_run_lock(lock: Path, what: str) -> Iterator[bool]:
    """Hold a lock file; yields whether another process had to be waited for. The kernel frees it when a process dies.

    After a snakemake that was killed, its jobs may still be running when the next one starts them again.
    """
    waited, spoke = False, -_SECONDS_BETWEEN_LINES
    while (handle := _try(lock)) is None:
        waited = True
        if time.monotonic() - spoke > _SECONDS_BETWEEN_LINES:
            spoke = time.monotonic()
            print(f"Another process is working on {what}; waiting for it to end ({lock} is locked)", flush=True)
        time.sleep(_SECONDS_BETWEEN_TRIES)
    try:
        yield waited
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)
        with suppress(OSError):  # others have locks there
            lock.parent.rmdir()


def _try(lock: Path) -> int | None:
    """A handle on the locked file; None while another process has it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    except FileNotFoundError:  # somebody has just deleted the folder, as it was empty
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:  # a file system without locks: the run is left to Snakemake's own care
        return handle
    if _is_at(handle, lock):
        return handle
    os.close(handle)  # its holder has deleted it since: the next try makes a new one
    return None


def _is_at(handle: int, lock: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), lock.stat())
    except FileNotFoundError:
        return False
