"""Run one training job: exclusive lock, attempt log, GPU lease, signal handling."""

from __future__ import annotations

import hashlib
import logging
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psutil

from xstilts.atomic import remove_leftovers, sha256_of
from xstilts.errors import Diverged, UserError
from xstilts.runtime import kept, starter
from xstilts.runtime.attempts import Attempt, AttemptLog, logged_attempt, read_attempts
from xstilts.runtime.gpu_leases import lease_gpu
from xstilts.runtime.repeating import repeating
from xstilts.runtime.run_lock import hold_run_lock
from xstilts.runtime.signals import StopRequest
from xstilts.wording import counted

#: Called with the stage of a job, the steps done and all steps; both numbers are 0 if the stage counts no steps.
ProgressCallback = Callable[[str, int, int], None]

_SECONDS_BETWEEN_CHECKS = 1.0
_CHECKS_PER_UPDATE = 15
_LARGE = 1 << 20  # bytes; larger files are not read into memory

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Execution:
    """What has to be known of a job to run it.

    Attributes:
        run: The run's id.
        reads: The files that it reads. Manifests stand for the files whose checksums they list.
        makes: The files that it makes.
        attempts: Its attempts file.
        checkpoints: The folder of all runs' checkpoints and locks.
        jobs_per_gpu: How many jobs may share a GPU.
        kept: The folder where its results are kept after it, on a cluster; None if they are not.
        mps: Whether jobs that share a GPU do so by CUDA's MPS.
        gpus: How many GPUs it uses; more than one are not shared.
    """

    run: str
    reads: Sequence[Path]
    makes: Sequence[Path]
    attempts: Path
    checkpoints: Path
    jobs_per_gpu: int
    kept: Path | None = None
    mps: bool = False
    gpus: int = 1


def execute(execution: Execution, work: Callable[[StopRequest, str, ProgressCallback], None]) -> None:
    """Run a job, unless its results are kept, or another process has finished it while this one waited for the lock.

    Args:
        execution: The job.
        work: Does the work. Called with the request to stop, the checksum of the files that the job reads, and a
            callback for its progress. It has a GPU of its own; CUDA must not be initialised before.

    Raises:
        Diverged: The run has diverged, now or in an earlier attempt on the same inputs: it would diverge again.
        Stopped: The process was asked to stop.
        UserError: A file that the job reads is missing, or no GPU can be leased.
    """
    run, inputs, stop = execution.run, checksum(execution.reads), StopRequest().listen()
    logger.debug("Run %s reads %d files with the checksum %s", run, len(execution.reads), inputs)
    with hold_run_lock(execution.checkpoints / f"{run}.lock", f"run {run}") as waited:
        if waited and _is_done(execution, inputs):
            logger.info("The other process has finished run %s: there is nothing left to do", run)
            return
        if execution.kept and kept.put_back(execution.kept, execution.makes, inputs):
            logger.info("Run %s was finished by an earlier job, whose results are put back", run)
            return
        for path in (*execution.makes, execution.attempts):
            remove_leftovers(path)
        with logged_attempt(execution.attempts, run, inputs) as attempt_log, _heartbeat(attempt_log):
            _refuse_divergence(execution.attempts, attempt_log)
            attempt_log.write(stage=f"waiting for {counted(execution.gpus, 'GPU') if execution.gpus > 1 else 'a GPU'}")
            with lease_gpu(execution.jobs_per_gpu, use_mps=execution.mps, count=execution.gpus) as devices:
                attempt_log.write(stage="loading", devices=devices)
                work(stop, inputs, attempt_log.note)
            if execution.kept:
                kept.keep(execution.kept, execution.makes, inputs)


def checksum(files: Iterable[Path]) -> str:
    """Return a checksum of files: of their paths and contents, whatever their dates, as storages make copies.

    Raises:
        UserError: A file is missing.
    """
    digest = hashlib.sha256()
    for file in files:
        if not file.is_file():
            raise UserError(
                f"{file}: this job reads it, but it is not there. snakemake makes what a job needs before it."
            )
        content = file.read_bytes() if file.stat().st_size <= _LARGE else sha256_of(file).encode()
        digest.update(f"{file}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def _is_done(execution: Execution, inputs: str) -> bool:
    """Whether the last attempt was at the same run on the same inputs, is done, and its files are there."""
    last = next(reversed(read_attempts(execution.attempts)), None)
    if last is None or (last.run, last.inputs, last.outcome) != (execution.run, inputs, "done"):
        return False
    return all(path.is_file() for path in execution.makes)


def _refuse_divergence(attempts_file: Path, attempt_log: AttemptLog) -> None:
    """Raise Diverged if the same run on the same inputs has diverged before."""

    def is_same(attempt: Attempt) -> bool:
        return (attempt.run, attempt.inputs) == (attempt_log.now.run, attempt_log.now.inputs)

    for attempt in attempt_log.before:
        if attempt.outcome == "diverged" and is_same(attempt):
            raise Diverged(
                f"{attempt.reason} This was the attempt of {attempt.started}; to try again as it is, delete "
                f"{attempts_file}."
            )


@contextmanager
def _heartbeat(attempt_log: AttemptLog) -> Iterator[None]:
    """Update the attempt while the block runs, and stop this process if the snakemake that started it is gone."""
    parent = _parent_snakemake()
    logger.debug("Started by %s", f"snakemake, process {parent}" if parent else "hand")
    checks = count(1)

    def beat() -> bool:
        if next(checks) % _CHECKS_PER_UPDATE == 0:
            attempt_log.write()
        if parent is None or starter.parent() == parent:
            return True
        logger.warning("The snakemake that started this job is gone")
        os.kill(os.getpid(), signal.SIGTERM)
        return False

    with repeating(beat, _SECONDS_BETWEEN_CHECKS):
        yield


def _parent_snakemake() -> int | None:
    """Return the id of the parent process if it is a snakemake, and not a person's shell."""
    try:
        parent = psutil.Process(starter.parent())
        return parent.pid if any("snakemake" in part for part in parent.cmdline()) else None
    except psutil.Error:
        return None
