"""Which Snakemakes are at work on studies: each leaves a file while it runs, and its jobs on a cluster look for it.

A job that was queued by a Snakemake that was killed may start when another one has taken its place. Snakemake deletes a
job's outputs before it runs it, so such a job has to end before that: results that are done would be lost.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from xstilts.atomic import write_json
from xstilts.errors import UserError
from xstilts.runtime.liveness import process_exists
from xstilts.runtime.repeating import repeat

logger = logging.getLogger(__name__)

#: The environment variable that tells a cluster's jobs the id of their Snakemake.
VARIABLE = "XSTILTS_HEAD"
#: Between two renewals of a file's date, which say that the Snakemake that left it runs.
SECONDS_BETWEEN_RENEWALS = 20.0


@dataclass(frozen=True)
class Head:
    """A Snakemake that has started to run a study.

    Attributes:
        id: Drawn at random.
        study: The study's name.
        host: The machine it runs on.
        pid: Its process there.
        started: When it started, as ISO 8601.
        slurm_name: The name of all jobs that it submits to SLURM; empty without SLURM.
        slurm_job: The job of SLURM that it is itself a part of, as :func:`slurm_job` names it; empty outside of one.
    """

    id: str
    study: str
    host: str
    pid: int
    started: str
    slurm_name: str = ""
    slurm_job: str = ""

    def may_run(self, locked: bool) -> bool:
        """Whether it may still be running.

        Args:
            locked: Whether a Snakemake holds locks in the working folder. On another machine no process can be seen,
                but one that runs holds them; one that was killed leaves them behind until they are removed.
        """
        if self.host != socket.gethostname():
            return locked
        return process_exists(self.pid, datetime.fromisoformat(self.started))


def new_id() -> str:
    """Draw the id of a Snakemake."""
    return os.urandom(8).hex()


def slurm_job(environment: Mapping[str, str]) -> str:
    """Return the job of SLURM that has an environment, as '{cluster}/{id}'; empty if it is that of none."""
    id = environment.get("SLURM_JOB_ID", "")
    return id and f"{environment.get('SLURM_CLUSTER_NAME', '')}/{id}"


def read_heads(folder: Path) -> list[Head]:
    """Return the Snakemakes that have left a file, those of killed ones among them, the oldest first."""
    heads = [_read(path) for path in folder.glob("*.json")]
    return sorted((head for head in heads if head), key=lambda head: head.started)


def take_over(folder: Path, own: Head, locked: bool) -> list[Head]:
    """Record that this Snakemake runs a study, in place of those of the same study that no longer run.

    Args:
        folder: The folder of these files.
        own: This Snakemake.
        locked: Whether another Snakemake holds locks in the working folder.

    Returns:
        The Snakemakes whose place it takes: their queued jobs will end without touching anything.
    """
    replaced = [head for head in read_heads(folder) if head.study == own.study and not head.may_run(locked)]
    write_json(file_of(folder, own.id), asdict(own))
    for head in replaced:
        leave(folder, head.id)
    return replaced


def file_of(folder: Path, id: str) -> Path:
    """Return the file that a Snakemake leaves while it runs."""
    return folder / f"{id}.json"


def begin(folder: Path, study: str, slurm_name: str, slurm_job: str) -> list[Head]:
    """Record the Snakemake of this process, whose id is in :data:`VARIABLE`, and log whose place it takes.

    Its file has its date renewed until it is removed, so that other machines can see that this process runs.

    Args:
        folder: The folder of these files.
        study: The study's name.
        slurm_name: The name of all jobs that it submits to SLURM.
        slurm_job: The job of SLURM that it is a part of.

    Returns:
        The Snakemakes whose place it takes.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    own = Head(os.environ[VARIABLE], study, socket.gethostname(), os.getpid(), started, slurm_name, slurm_job)
    replaced = take_over(folder, own, locked=locks_of(Path.cwd()) > 1)
    repeat(partial(_renew, file_of(folder, own.id)), SECONDS_BETWEEN_RENEWALS, threading.Event())
    for head in replaced:
        queued = f" 'scancel --name={head.slurm_name}' removes them now." if head.slurm_name else ""
        logger.warning(
            "The snakemake of this study that was started on %s at %s was killed. Jobs that it has left in a queue "
            "will end without touching anything.%s",
            head.host,
            head.started,
            queued,
        )
    return replaced


def locks_of(folder: Path) -> int:
    """The number of Snakemakes that hold locks in a working folder; killed ones leave theirs behind."""
    return len(list((folder / ".snakemake" / "locks").glob("*.output.lock")))


def leave(folder: Path, id: str) -> None:
    """Record that a Snakemake has come to its end."""
    file_of(folder, id).unlink(missing_ok=True)


def refuse_without_head(
    folder: Path, environment: Mapping[str, str], exists: Callable[[Path], bool] = Path.exists
) -> None:
    """Refuse to go on with a job whose Snakemake has been replaced by another one.

    Args:
        folder: The folder of these files.
        environment: The job's environment variables.
        exists: Whether a file is there: in the storage where the job's machine shares no disk with Snakemake's.

    Raises:
        UserError: Its Snakemake is no longer recorded.
    """
    id = environment.get(VARIABLE, "")
    if id and not exists(file_of(folder, id)):
        raise UserError(
            "The snakemake that has submitted this job has ended or was killed, and another one may have made its "
            "results since. The job ends here and has touched nothing; start snakemake again if results are missing."
        )


def _renew(file: Path) -> bool:
    """Renew a file's date; whether to do it again later."""
    try:
        os.utime(file)
    except FileNotFoundError:
        return False
    except OSError:  # a shared disk that does not answer now may do so later
        logger.debug("%s: its date cannot be renewed", file)
    return True


def _read(path: Path) -> Head | None:
    try:
        return Head(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):  # it has just ended, or is no such file
        return None
