"""Where servers of this user listen: sockets in a folder that is the user's alone."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked_folder() -> Iterator[Path]:
    """The folder of sockets, created if need be, while no other process starts or ends a server.

    Raises:
        OSError: There is no such folder, or others can use it.
    """
    parent = os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("TMPDIR") or "/tmp"
    path = Path(parent) / f"xstilts-{os.geteuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        about = os.fstat(folder)
        if about.st_uid != os.geteuid() or stat.S_IMODE(about.st_mode) & 0o077:
            raise PermissionError(f"{path}: others can use it")
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield path
    finally:
        os.close(folder)


def log_of(address: Path) -> Path:
    """The file with what a server prints: it is there for as long as the server runs, and stays if that failed."""
    return address.with_suffix(".log")
