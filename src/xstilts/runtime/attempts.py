"""What has been tried of each training job: one small file per job, which outlives the logs that Snakemake deletes.

A job rewrites its file when it starts, every few seconds while it works, and when it ends. One that was killed cannot:
its last attempt has no outcome, and no sign of life since.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from xstilts.atomic import write_json
from xstilts.errors import Diverged
from xstilts.runtime.signals import Stopped

Outcome = Literal["", "done", "stopped", "failed", "diverged"]

_KEPT = 20  # attempts per job


@dataclass(frozen=True)
class Attempt:
    """One process's try at a job. Times are ISO 8601 in UTC."""

    #: The run's id, and a checksum of what it reads.
    run: str
    inputs: str
    started: str
    #: The last sign of life.
    updated: str
    host: str
    pid: int
    #: The id that SLURM gave the job; empty outside SLURM.
    slurm_job: str = ""
    #: What CUDA_VISIBLE_DEVICES left it to see; empty where it is not set.
    devices: str = ""
    #: Empty while it is running, and for ever if it was killed.
    outcome: Outcome = ""
    #: Why it failed, diverged or stopped, as a sentence for people.
    reason: str = ""
    #: What it is doing, and how far it has come; in steps, 0 where it cannot say.
    stage: str = ""
    step: int = 0
    total: int = 0

    @classmethod
    def begin(cls, run: str, inputs: str) -> Attempt:
        now = _now()
        job, devices = os.environ.get("SLURM_JOB_ID", ""), os.environ.get("CUDA_VISIBLE_DEVICES", "")
        return cls(run, inputs, now, now, socket.gethostname(), os.getpid(), job, devices)


class AttemptLog:
    """The file of one job, as the process sees it that is working on it."""

    def __init__(self, path: Path, run: str, inputs: str) -> None:
        self._path = path
        self.before = read_attempts(path)[-(_KEPT - 1) :]
        self.now = Attempt.begin(run, inputs)
        self._lock = threading.Lock()
        self.write()

    def note(self, stage: str, step: int, total: int) -> None:
        """Remember how far the work is, until the next time that something is written."""
        with self._lock:
            self.now = replace(self.now, stage=stage, step=step, total=total)

    def write(self, **changes: Any) -> None:
        """Write down what is remembered, what has changed, and that the process is alive."""
        with self._lock:
            self.now = replace(self.now, **changes, updated=_now())
            try:
                write_json(self._path, [asdict(attempt) for attempt in (*self.before, self.now)])
            except OSError as error:  # on a full disk the work itself may still end well
                print(f"{self._path}: could not be written: {error}", flush=True)


@contextmanager
def logged_attempt(path: Path, run: str, inputs: str) -> Iterator[AttemptLog]:
    """Keep the diary of a job while it is worked on; whatever ends the work is its outcome."""
    attempt_log = AttemptLog(path, run, inputs)
    try:
        yield attempt_log
    except Stopped as stopped:
        attempt_log.write(outcome="stopped", reason=str(stopped))
        raise
    except Diverged as error:
        attempt_log.write(outcome="diverged", reason=str(error))
        raise
    except BaseException as error:
        attempt_log.write(outcome="failed", reason=str(error) or type(error).__name__)
        raise
    attempt_log.write(outcome="done")


def read_attempts(path: Path) -> list[Attempt]:
    """The attempts at a job, oldest first; none where the file is not there or damaged."""
    names = {field.name for field in fields(Attempt)}
    try:
        found = json.loads(path.read_bytes())
        return [Attempt(**{name: value for name, value in attempt.items() if name in names}) for attempt in found]
    except (OSError, ValueError, TypeError, AttributeError):
        return []


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
