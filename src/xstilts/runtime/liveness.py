"""Whether a process still works on an attempt that has not said how it ended."""

from __future__ import annotations

import os
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from xstilts.runtime.attempts import Attempt

#: Attempts give a sign of life every few seconds; one that is younger than this counts.
FRESH = timedelta(minutes=2)
_SLACK = timedelta(seconds=5)  # between a machine's two ways to tell the time


def is_alive(attempt: Attempt, now: datetime) -> bool:
    """Whether its process is there; on another machine, whether it has said so just now."""
    if attempt.host == socket.gethostname():
        return _is_there(attempt)
    return now - moment(attempt.updated) < FRESH


def moment(text: str) -> datetime:
    """A time as attempts note it; long ago where it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def time_since_update(attempt: Attempt, now: datetime) -> timedelta:
    """Since its last sign of life; nothing where another machine's clock is ahead."""
    return max(now - moment(attempt.updated), timedelta(0))


def _is_there(attempt: Attempt) -> bool:
    """Whether the attempt's process is on this machine: the same, and not a later one that was given its id."""
    try:
        os.kill(attempt.pid, 0)
    except PermissionError:
        pass  # it is another user's
    except (OSError, OverflowError):
        return False
    began = _began(attempt.pid)
    return began is None or began <= moment(attempt.started) + _SLACK


def _began(pid: int) -> datetime | None:
    """When a process was started, by Linux's /proc; None where there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
    return datetime.now(UTC) - timedelta(seconds=age)
