"""The jobs in SLURM's queue that were submitted from a working folder."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from xstilts.wording import counted

#: Id (also of an array's task), state, and what Snakemake's plugin sets: comment, name, working folder.
_QUERY = ("squeue", "--noheader", "--format=%A|%T|%k|%j|%Z")
_WAITING = {"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT"}


@dataclass(frozen=True)
class SubmittedJob:
    """A job that a snakemake in this folder has submitted; all jobs of one snakemake have the same ``name``."""

    id: str
    state: str
    comment: str
    name: str


@dataclass(frozen=True)
class Queue:
    """The output of ``squeue``.

    Attributes:
        states: The state of every job that is queued or running, by id.
        submitted: The jobs that were submitted from the folder, oldest first.
        snakemakes: How many snakemakes hold locks in the folder. A killed snakemake leaves its locks behind.
        trouble: Why squeue could not be asked, as a sentence; empty if it could.
    """

    states: dict[str, str]
    submitted: tuple[SubmittedJob, ...] = ()
    snakemakes: int = 0
    trouble: str = ""

    def forgotten(self, job: str) -> bool:
        """Whether SLURM could be asked and does not know a job."""
        return not self.trouble and job not in self.states

    def waits(self, job: str) -> bool:
        """Whether a job waits to be started, for the first time or again."""
        return self.states.get(job) in _WAITING

    def runs(self, job: str) -> bool:
        """Whether a job is running."""
        return job in self.states and not self.waits(job)

    @property
    def unawaited(self) -> str:
        """A sentence about jobs that no snakemake waits for; empty if there are none, as far as can be told.

        Jobs do not record which snakemake submitted them. But the jobs of one snakemake share a name, and each running
        snakemake holds a lock.
        """
        names = list(dict.fromkeys(job.name for job in self.submitted))
        if len(names) <= self.snakemakes:
            return ""
        jobs = f"SLURM has {counted(len(self.submitted), 'job')} of this folder, "
        cancel = " ".join(f"scancel --name={name}" + ("," * (name != names[-1])) for name in names)
        if not self.snakemakes:
            return f"{jobs}but no snakemake waits for them: their results will be made again. Cancel them: {cancel}."
        return (
            f"{jobs}submitted by {counted(len(names), 'run')} of snakemake, of which at most {self.snakemakes} can be "
            f"running. Cancel those of the others: {cancel} (oldest first)."
        )


def read_queue(folder: Path) -> Queue:
    """Run squeue, and pick out the jobs that were submitted from ``folder``; without squeue, set ``trouble``."""
    try:
        squeue = subprocess.run(_QUERY, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        return Queue({}, trouble="There is no squeue here: SLURM was not asked.")
    except (OSError, subprocess.TimeoutExpired) as error:
        return Queue({}, trouble=f"squeue does not answer, so SLURM was not asked ({type(error).__name__}).")
    if squeue.returncode:
        first = (squeue.stderr.strip().splitlines() or [f"exit code {squeue.returncode}"])[0]
        return Queue({}, trouble=f"squeue fails, so SLURM was not asked: {first}")
    rows = [row for row in (line.split("|", 4) for line in squeue.stdout.splitlines()) if len(row) == 5]
    own = [row for row in rows if row[2].startswith("rule_") and _is_same_folder(row[4], folder)]
    own.sort(key=lambda row: int(row[0]) if row[0].isdigit() else 0)
    return Queue(
        states={row[0].strip(): row[1] for row in rows},
        submitted=tuple(SubmittedJob(job.strip(), state, comment, name) for job, state, comment, name, _ in own),
        snakemakes=len(list((folder / ".snakemake" / "locks").glob("*.output.lock"))),
    )


def _is_same_folder(name: str, folder: Path) -> bool:
    return os.path.realpath(name) == os.path.realpath(folder)
