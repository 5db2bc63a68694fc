"""A lock per run: no two processes, on any machine, work on the same run at once."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SECONDS_BETWEEN_TRIES = 0.5
_SECONDS_BETWEEN_MESSAGES = 60.0

logger = logging.getLogger(__name__)

# Not filelock's FileLock: on Unix it leaves the lock file behind, and it recognises a file that its holder has deleted
# by a link count of zero, which on NFS stays at one as long as any client has the file open.


@contextmanager
def hold_run_lock(lock: Path, what: str) -> Iterator[bool]:
    """Hold an exclusive lock file, and delete it and its folder, if empty, at the end.

    The kernel frees the lock when its holder dies. The lock is needed because jobs of a killed snakemake may still be
    running when a new snakemake starts the same jobs. Where the file system has no locks, nothing is locked.

    Args:
        lock: The lock file; its folder is created.
        what: What is locked, for the message while waiting.

    Yields:
        Whether another process had the lock first.
    """
    waited, last_message = False, -_SECONDS_BETWEEN_MESSAGES
    while (handle := _try(lock)) is None:
        waited = True
        if time.monotonic() - last_message > _SECONDS_BETWEEN_MESSAGES:
            last_message = time.monotonic()
            logger.info("Another process is working on %s; waiting for it to end (%s is locked)", what, lock)
        time.sleep(_SECONDS_BETWEEN_TRIES)
    try:
        yield waited
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)
        with suppress(OSError):  # other locks are in it
            lock.parent.rmdir()


def _try(lock: Path) -> int | None:
    """Return a handle on the locked file; None while another process holds the lock."""
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    except FileNotFoundError:  # another process has just deleted the empty folder
        return None
    except FileExistsError:  # it has deleted the folder before pathlib could see that it is one
        if lock.parent.is_file():
            raise
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:  # a file system without locks: only Snakemake's own locks protect the run
        return handle
    if _is_open_file_of(handle, lock):
        return handle
    os.close(handle)  # its holder has deleted the file since: the next try creates a new one
    return None


def _is_open_file_of(handle: int, lock: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), lock.stat())
    except FileNotFoundError:
        return False
