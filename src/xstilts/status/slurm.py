"""The jobs in SLURM's queue that were submitted from a working folder."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xstilts.runtime.heads import Head, locks_of
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
        awaited: The names of the jobs that a running snakemake waits for.
        elsewhere: The names of the jobs that other studies of this folder have submitted.
        trouble: Why squeue could not be asked, as a sentence; empty if it could.
    """

    states: dict[str, str]
    submitted: tuple[SubmittedJob, ...] = ()
    snakemakes: int = 0
    awaited: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    trouble: str = ""

    def forgotten(self, job: str) -> bool:
        """Whether SLURM could be asked and does not know a job."""
        return not self.trouble and job not in self.states

    def of_study(self) -> list[SubmittedJob]:
        """Return the jobs that were submitted for the study, queued or running."""
        return [job for job in self.submitted if job.name not in self.elsewhere]

    def queued(self, rule: str, *wildcards: str) -> SubmittedJob | None:
        """Return the job of a rule that waits in the queue; None if there is none, or if it runs."""
        comment = f"rule_{rule}_wildcards_{'_'.join(wildcards)}"
        found = (job for job in self.of_study() if job.comment == comment)
        return next((job for job in found if job.state in _WAITING), None)

    def waits(self, job: str) -> bool:
        """Whether a job waits to be started, for the first time or again."""
        return self.states.get(job) in _WAITING

    def runs(self, job: str) -> bool:
        """Whether a job is running."""
        return job in self.states and not self.waits(job)

    @property
    def unawaited(self) -> str:
        """A sentence about jobs that no snakemake waits for; empty if there are none."""
        jobs = [job for job in self.submitted if job.name not in self.awaited]
        if not jobs:
            return ""
        cancel = ", ".join(f"scancel --name={name}" for name in dict.fromkeys(job.name for job in jobs))
        return (
            f"SLURM has {counted(len(jobs), 'job')} of this folder that no snakemake waits for: what they make will be "
            f"made again. Cancel them: {cancel}."
        )


def read_queue(folder: Path, heads: Sequence[Head] = (), study: str = "") -> Queue:
    """Run squeue, and pick out the jobs that were submitted from a folder; without squeue, set ``trouble``.

    Args:
        folder: The working folder of the snakemakes.
        heads: The snakemakes that are recorded there.
        study: The study that is asked about.
    """
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
    locks = locks_of(folder)
    return Queue(
        states={row[0].strip(): row[1] for row in rows},
        submitted=tuple(SubmittedJob(job.strip(), state, comment, name) for job, state, comment, name, _ in own),
        snakemakes=locks,
        awaited=frozenset(head.slurm_name for head in heads if head.may_run(locks > 0)),
        elsewhere=frozenset(head.slurm_name for head in heads if head.study != study),
    )


def _is_same_folder(name: str, folder: Path) -> bool:
    return os.path.realpath(name) == os.path.realpath(folder)
