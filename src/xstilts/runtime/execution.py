"""One process at work on one training job: alone, with a diary, a place for checkpoints, and an ear for signals."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from xstilts.atomic import remove_leftovers
from xstilts.errors import Diverged, UserError
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Spec
from xstilts.graph.training_jobs import TrainingJob
from xstilts.runtime.attempts import Attempt, AttemptLog, logged_attempt, read_attempts
from xstilts.runtime.gpu_leases import lease_gpu
from xstilts.runtime.run_lock import hold_run_lock
from xstilts.runtime.signals import StopRequest

if TYPE_CHECKING:
    from xstilts.training.session import Session

_SECONDS_BETWEEN_LOOKS = 1.0
_LOOKS_BETWEEN_NOTES = 15
_LARGE = 1 << 20  # bytes; larger files are told apart by size and time


def execute(runs: Runs, job: TrainingJob, spec: Spec, work: Callable[[Session], None]) -> None:
    """Do the work of a training job, from its newest checkpoint on where there is one.

    Nothing is done where another process has just done it. What the job reads identifies its checkpoints, with the
    run's id; they are deleted when all that it makes is there. The work begins with a GPU of its own: nothing may have
    looked for one before.

    Raises:
        Diverged: also where the same run on the same data has diverged before: it would again.
        Stopped: someone has asked it to stop.
    """
    run, inputs, stop = spec["id"], checksum(job.reads(runs)), StopRequest().listen()
    compute, folder = runs.study.compute, runs.paths.checkpoints
    attempts_file, makes = job.attempts(runs.paths), job.makes(runs.paths)
    with hold_run_lock(folder / f"{run}.lock", f"run {run}") as waited:
        if waited and _is_done(attempts_file, run, inputs) and all(path.is_file() for path in makes):
            print(f"The other process has finished run {run}: there is nothing left to do", flush=True)
            return
        for path in (*makes, attempts_file):
            remove_leftovers(path)
        with logged_attempt(attempts_file, run, inputs) as attempt_log, _heartbeat(attempt_log):
            _refuse_divergence(attempts_file, attempt_log)
            attempt_log.write(stage="waiting for a GPU")
            with lease_gpu(compute.jobs_per_gpu) as device:
                attempt_log.write(stage="loading", devices=device)
                from xstilts.training.checkpoints import Checkpoints
                from xstilts.training.session import Session

                checkpoints = Checkpoints(folder / run, inputs, compute.checkpoint_minutes)
                work(Session(stop, checkpoints, attempt_log.note))
                checkpoints.clear()


def checksum(files: Iterable[Path]) -> str:
    """Of what a job reads. Manifests stand for the files that they list the checksums of.

    Raises:
        UserError: where one is not there.
    """
    digest = hashlib.sha256()
    for file in files:
        if not file.is_file():
            raise UserError(
                f"{file}: this job reads it, but it is not there. snakemake makes what a job needs before it."
            )
        about = file.stat()
        content = file.read_bytes() if about.st_size <= _LARGE else f"{about.st_size} {about.st_mtime_ns}".encode()
        digest.update(f"{file}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def _is_done(attempts_file: Path, run: str, inputs: str) -> bool:
    last = next(reversed(read_attempts(attempts_file)), None)
    return last is not None and (last.run, last.inputs, last.outcome) == (run, inputs, "done")


def _refuse_divergence(attempts_file: Path, attempt_log: AttemptLog) -> None:
    def same(attempt: Attempt) -> bool:
        return (attempt.run, attempt.inputs, attempt.outcome) == (
            attempt_log.now.run,
            attempt_log.now.inputs,
            "diverged",
        )

    if before := next(filter(same, attempt_log.before), None):
        raise Diverged(f"{before.reason} So it was at {before.started}; to try again as it is, delete {attempts_file}.")


@contextmanager
def _heartbeat(attempt_log: AttemptLog) -> Iterator[None]:
    """Show signs of life while the work goes on, and end it when the snakemake that started it is gone."""
    parent = _snakemake()
    ended = threading.Event()

    def attend() -> None:
        looks = 0
        while not ended.wait(_SECONDS_BETWEEN_LOOKS):
            looks += 1
            if looks % _LOOKS_BETWEEN_NOTES == 0:
                attempt_log.write()
            if parent is not None and os.getppid() != parent:
                print("The snakemake that started this job is gone", flush=True)
                os.kill(os.getpid(), signal.SIGTERM)
                return

    thread = threading.Thread(target=attend, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _snakemake() -> int | None:
    """The id of the process that started this one, if that is a snakemake and not a person's shell."""
    try:
        parent = psutil.Process(os.getppid())
        return parent.pid if any("snakemake" in part for part in parent.cmdline()) else None
    except psutil.Error:
        return None
