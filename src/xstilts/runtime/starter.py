"""What has started this job: the parent of its process, or of the process that had a fork server run it."""

from __future__ import annotations

import os

_client: int | None = None


def act_for(client: int) -> None:
    """Note that this process was forked by a server, for a client with this id."""
    global _client
    _client = client


def was_forked() -> bool:
    """Whether this process was forked by a server, and so began with all modules imported."""
    return _client is not None


def parent() -> int | None:
    """The id of the process that has started this job; None if its client has ended."""
    if _client is None:
        return os.getppid()
    import psutil

    try:
        return psutil.Process(_client).ppid()
    except psutil.NoSuchProcess:
        return None
