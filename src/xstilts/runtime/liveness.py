"""Whether a process is still working on an attempt that has no outcome."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime, timedelta

import psutil

from xstilts.runtime.attempts import Attempt

#: A job updates its attempt every few seconds; on another machine it counts as alive for this long after an update.
_TIMEOUT = timedelta(minutes=2)
_CLOCK_TOLERANCE = timedelta(seconds=5)  # of a process's start time, which the kernel counts from when it booted


def is_alive(attempt: Attempt, now: datetime) -> bool:
    """Whether the attempt's process exists; on another machine, whether it has updated the attempt recently."""
    if attempt.host == socket.gethostname():
        return process_exists(attempt.pid, parse_time(attempt.started))
    return now - parse_time(attempt.updated) < _TIMEOUT


def parse_time(text: str) -> datetime:
    """Parse a time as attempts record it; the earliest possible time if it is not one."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = datetime.min
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def time_since_update(attempt: Attempt, now: datetime) -> timedelta:
    """Return the time since the attempt's last update; zero if another machine's clock is ahead."""
    return max(now - parse_time(attempt.updated), timedelta(0))


def process_exists(pid: int, started: datetime) -> bool:
    """Whether a process that was running at a time is still there, and is not a later process with the same id."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        pass  # it belongs to another user
    except (OSError, OverflowError):
        return False
    try:
        created = datetime.fromtimestamp(psutil.Process(pid).create_time(), UTC)
    except (psutil.Error, ValueError):  # hidden from this user
        return True
    return created <= started + _CLOCK_TOLERANCE
