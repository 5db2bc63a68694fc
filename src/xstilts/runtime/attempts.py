"""The attempts at each training job: one small file per job, which Snakemake does not delete as it does logs.

A job rewrites its file when it starts, every few seconds while it runs, and when it ends. A killed job cannot: its last
attempt has no outcome and is no longer updated.
"""

from __future__ import annotations

import json
import logging
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
from xstilts.secrets import redacted

Outcome = Literal["", "done", "stopped", "failed", "diverged"]

_KEPT = 20  # attempts per job

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attempt:
    """One process's attempt at a job. Times are ISO 8601 in UTC.

    Attributes:
        run: The run's id.
        inputs: A checksum of the files that it reads.
        updated: When the process last wrote the file.
        slurm_job: The job's id in SLURM; empty outside SLURM.
        devices: The value of CUDA_VISIBLE_DEVICES; empty if it is not set.
        outcome: Empty while the job runs, and for good if it was killed.
        reason: Why it failed, diverged or stopped, as a sentence.
        stage: What it is doing.
        step: Steps done in this stage.
        total: Steps of this stage; 0 if it does not count steps.
    """

    run: str
    inputs: str
    started: str
    updated: str
    host: str
    pid: int
    slurm_job: str = ""
    devices: str = ""
    outcome: Outcome = ""
    reason: str = ""
    stage: str = ""
    step: int = 0
    total: int = 0

    @classmethod
    def begin(cls, run: str, inputs: str) -> Attempt:
        """Create the attempt of this process, started now."""
        now = _now()
        job, devices = os.environ.get("SLURM_JOB_ID", ""), os.environ.get("CUDA_VISIBLE_DEVICES", "")
        return cls(run, inputs, now, now, socket.gethostname(), os.getpid(), job, devices)


class AttemptLog:
    """The attempts file of one job, written by the process that runs the job.

    Attributes:
        before: The earlier attempts, oldest first.
        now: The attempt of this process.
    """

    def __init__(self, path: Path, run: str, inputs: str) -> None:
        self._path = path
        self.before = read_attempts(path)[-(_KEPT - 1) :]
        self.now = Attempt.begin(run, inputs)
        self._lock = threading.Lock()
        self.write()

    def note(self, stage: str, step: int, total: int) -> None:
        """Set the progress that the next write records."""
        with self._lock:
            self.now = replace(self.now, stage=stage, step=step, total=total)

    def write(self, **changes: Any) -> None:
        """Write the file, with ``changes`` to the attempt's fields and the current time as ``updated``.

        A file that cannot be written is a warning: on a full disk the job itself may still end well.
        """
        with self._lock:
            self.now = replace(self.now, **changes, updated=_now())
            try:
                write_json(self._path, [asdict(attempt) for attempt in (*self.before, self.now)])
            except OSError as error:
                logger.warning("%s: could not be written: %s", self._path, error)


@contextmanager
def logged_attempt(path: Path, run: str, inputs: str) -> Iterator[AttemptLog]:
    """Log an attempt at a job for as long as the block runs, and how the block ended as its outcome."""
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
        attempt_log.write(outcome="failed", reason=redacted(str(error)) or type(error).__name__)
        raise
    attempt_log.write(outcome="done")


def read_attempts(path: Path) -> list[Attempt]:
    """Return the attempts at a job, oldest first; none if the file is missing or damaged."""
    names = {field.name for field in fields(Attempt)}
    try:
        attempts = json.loads(path.read_bytes())
        return [Attempt(**{name: value for name, value in attempt.items() if name in names}) for attempt in attempts]
    except (OSError, ValueError, TypeError, AttributeError):
        return []


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
