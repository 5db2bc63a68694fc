"""Snakemake in a job that SLURM has started again: the one before it, killed with its node, has left its locks."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from xstilts.runtime.heads import SECONDS_BETWEEN_RENEWALS, Head, read_heads, slurm_job
from xstilts.runtime.liveness import parse_time

#: For how long the file of a Snakemake on another machine is watched: longer than it takes to be renewed three times.
_SECONDS_TO_WATCH = 3.5 * SECONDS_BETWEEN_RENEWALS
#: Snakemake takes its locks just before it leaves its file; the clocks are those of a disk and of a node.
_TOLERANCE = timedelta(minutes=1)

logger = logging.getLogger(__name__)


def free_locks(working: Path, heads: Path, environment: Mapping[str, str]) -> None:
    """Remove the locks that an earlier start of this job of SLURM has left, if it is certain that nobody holds them.

    They are left alone unless all of this is so: SLURM has started this job before; the Snakemake that it ran then is
    on record, and is dead; no other one of the same study is on record, or has taken locks.

    Args:
        working: The folder that Snakemake works in.
        heads: The folder with a file for each Snakemake, below the folder of all studies' results.
        environment: The environment variables of this process.
    """
    job = slurm_job(environment)
    if not job or environment.get("SLURM_RESTART_COUNT", "0") == "0":
        return
    recorded = read_heads(heads)
    for head in [head for head in recorded if head.slurm_job == job]:
        locks = _locks(working, heads.parent / head.study)
        if not locks:
            continue
        if doubt := _doubt(head, recorded, locks) or _sign_of_life(head, heads):
            logger.warning(
                "SLURM has started this job again, but the locks of the study '%s' are left alone, as %s. Snakemake "
                "stops at them; when no snakemake of this study runs, remove them with --unlock (docs/clusters.md).",
                head.study,
                doubt,
            )
            continue
        for lock in locks:
            lock.unlink(missing_ok=True)
        logger.warning(
            "SLURM has started this job again: the snakemake that it ran on %s since %s was killed, and its locks are "
            "removed.",
            head.host,
            head.started,
        )


def _locks(working: Path, results: Path) -> dict[Path, datetime]:
    """The lock files of Snakemakes that make files of a study, and when they were written."""
    found = {}
    for path in sorted((working / ".snakemake" / "locks").glob("*.lock")):
        with suppress(FileNotFoundError):  # its Snakemake has just ended
            if f"{results.as_posix()}/" in path.read_text(encoding="utf-8"):
                found[path] = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return found


def _doubt(head: Head, recorded: Sequence[Head], locks: Mapping[Path, datetime]) -> str:
    """Why the locks may be another Snakemake's, as part of a sentence; empty if they cannot be."""
    others = [other for other in recorded if other.study == head.study and other != head and other.may_run(locked=True)]
    if others:
        return f"another snakemake of it was started on {others[-1].host} at {others[-1].started}"
    if sum(path.name.endswith(".output.lock") for path in locks) > 1:
        return "two snakemakes have taken locks of it"
    newest = max(locks.values())
    if newest > parse_time(head.started) + _TOLERANCE:
        return f"they were taken at {newest.isoformat(timespec='seconds')}, when this job's snakemake had long started"
    return ""


def _sign_of_life(head: Head, heads: Path) -> str:
    """Why a Snakemake may still be running, as part of a sentence; empty if it is dead.

    SLURM starts the jobs of a node again from which it does not hear, and on which they may go on.
    """
    runs = f"the snakemake that this job started on {head.host} at {head.started} still runs"
    if head.host == socket.gethostname():
        return runs if head.may_run(locked=True) else ""
    logger.info("Watching for %.0f s whether the snakemake on %s still runs", _SECONDS_TO_WATCH, head.host)
    before = _date(heads / f"{head.id}.json")
    time.sleep(_SECONDS_TO_WATCH)
    return "" if before == _date(heads / f"{head.id}.json") else runs


def _date(file: Path) -> int:
    """A file's date in nanoseconds, of the file as opened now: NFS may have older ones in mind; 0 if it is gone."""
    try:
        with file.open("rb") as opened:
            return os.fstat(opened.fileno()).st_mtime_ns
    except FileNotFoundError:
        return 0
