"""Which jobs one server may run: those that would import the same files under the same conditions."""

from __future__ import annotations

import hashlib
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import xstilts

#: Variables that differ between jobs, and that nothing reads when it is imported.
_OF_A_COMMAND = {"_", "PWD", "OLDPWD", "SHLVL", "COLUMNS", "LINES"}
_PREFIXES_OF_A_COMMAND = ("XSTILTS_", "PYTEST_")


def key(owner: int) -> str:
    """A hash of all that a job takes over from the server it is forked from: 16 hexadecimal digits.

    That is the code, the environment (libraries read theirs when they are imported), and what a process inherits:
    limits, priority, processors, groups, cgroup and namespaces.

    Args:
        owner: The id of the process whose jobs share a server.
    """
    parts = (owner, sources(), sys.executable, sys.version, _libraries(), _environment(), _inherited())
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def sources() -> str:
    """A hash of the names, sizes and times of the package's files: 16 hexadecimal digits."""
    package = Path(xstilts.__file__).parent
    return hashlib.sha256(repr((str(package), sorted(_files(package)))).encode()).hexdigest()[:16]


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Path, size in bytes and time in nanoseconds of each file that is not a compiled one."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _files(Path(entry.path))
            else:
                about = entry.stat()
                yield entry.path, about.st_size, about.st_mtime_ns


def _libraries() -> list[tuple[str, int]]:
    """Where modules are looked for, beside the program's own folder: installing anything there changes the time."""
    return [(path, os.stat(path).st_mtime_ns) for path in sys.path[1:] if os.path.isdir(path)]  # noqa: PTH112, PTH116


def _environment() -> list[tuple[str, str]]:
    return sorted(
        (name, value)
        for name, value in os.environ.items()
        if name not in _OF_A_COMMAND and not name.startswith(_PREFIXES_OF_A_COMMAND)
    )


def _inherited() -> tuple[object, ...]:
    limits = [resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")]
    spaces = [(space.name, os.readlink(space)) for space in sorted(Path("/proc/self/ns").iterdir())]  # noqa: PTH115
    cgroup = Path("/proc/self/cgroup").read_text(encoding="utf-8")
    users = (os.geteuid(), os.getegid(), sorted(os.getgroups()))
    return limits, os.nice(0), sorted(os.sched_getaffinity(0)), users, cgroup, spaces
