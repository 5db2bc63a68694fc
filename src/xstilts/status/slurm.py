"""What SLURM knows of a working folder's jobs."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from xstilts.wording import counted

#: Id (also of a task of an array), state, and what Snakemake's plugin sets: comment, name, working folder.
_QUERY = ("squeue", "--noheader", "--format=%A|%T|%k|%j|%Z")
_WAITING = {"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT"}


@dataclass(frozen=True)
class Submitted:
    """A job that a snakemake in this folder has submitted; all of one snakemake's have the same ``name``."""

    id: str
    state: str
    comment: str
    name: str


@dataclass(frozen=True)
class Queue:
    """What ``squeue`` says; ``trouble`` why it could not be asked, as a sentence."""

    #: States by job id, of all that are queued or running.
    states: dict[str, str]
    submitted: tuple[Submitted, ...] = ()
    #: How many snakemakes hold locks in this folder. One that was killed leaves its locks.
    snakemakes: int = 0
    trouble: str = ""

    def forgotten(self, job: str) -> bool:
        """Whether SLURM could be asked, and knows nothing of a job."""
        return not self.trouble and job not in self.states

    def waits(self, job: str) -> bool:
        """Whether a job has not been started, or is to be started once more."""
        return self.states.get(job) in _WAITING

    def runs(self, job: str) -> bool:
        return job in self.states and not self.waits(job)

    @property
    def unawaited(self) -> str:
        """A sentence about jobs that no snakemake waits for, as far as that can be told; else empty.

        Jobs do not say which snakemake submitted them, but those of one share a name, and each that runs holds a lock.
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
    """Ask squeue, about jobs submitted in ``folder`` and about all ids; without squeue, ``trouble`` says so."""
    try:
        asked = subprocess.run(_QUERY, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        return Queue({}, trouble="There is no squeue here: SLURM was not asked.")
    except (OSError, subprocess.TimeoutExpired) as error:
        return Queue({}, trouble=f"squeue does not answer, so SLURM was not asked ({type(error).__name__}).")
    if asked.returncode:
        first = (asked.stderr.strip().splitlines() or [f"exit code {asked.returncode}"])[0]
        return Queue({}, trouble=f"squeue fails, so SLURM was not asked: {first}")
    rows = [row for row in (line.split("|", 4) for line in asked.stdout.splitlines()) if len(row) == 5]
    own = [row for row in rows if row[2].startswith("rule_") and _same(row[4], folder)]
    own.sort(key=lambda row: int(row[0]) if row[0].isdigit() else 0)
    return Queue(
        states={row[0].strip(): row[1] for row in rows},
        submitted=tuple(Submitted(identity.strip(), state, comment, name) for identity, state, comment, name, _ in own),
        snakemakes=len(list((folder / ".snakemake" / "locks").glob("*.output.lock"))),
    )


def _same(name: str, folder: Path) -> bool:
    return os.path.realpath(name) == os.path.realpath(folder)
