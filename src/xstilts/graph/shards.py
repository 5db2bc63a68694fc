"""Parts of a study that is too large to be planned at once, each run by a Snakemake of its own."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Literal

from xstilts.graph.jobs import Job
from xstilts.graph.runs import Runs

By = Literal["model", "seed"]

#: The part that makes what all others read: data, token ids, pretrained encoders.
SHARED = "shared"


def shards(runs: Runs, by: By) -> dict[str, list[Job]]:
    """Return the scoring jobs of a study in parts, whose names are those of models or seeds.

    Args:
        runs: The study's jobs.
        by: What the jobs of a part have in common.
    """
    found: dict[str, list[Job]] = {}
    for job in runs.jobs():
        found.setdefault(f"{by}-{getattr(job, by)}", []).append(job)
    return found


def made_by(runs: Runs, shard: str) -> list[Path]:
    """Return the files that a part of a study makes; what they are made from is not among them.

    Args:
        runs: The study's jobs.
        shard: A name of :func:`shards`, or :data:`SHARED`.
    """
    if shard == SHARED:
        return _read_by_all(runs)
    by, _, name = shard.partition("-")
    return [job.result(runs.paths) for job in runs.jobs() if str(getattr(job, by)) == name]


def pattern(runs: Runs) -> str:
    """Return the regular expression of all names of parts."""
    seeds = map(str, runs.study.seeds)
    return f"{SHARED}|model-({'|'.join(runs.study.models)})|seed-({'|'.join(seeds)})"


def _read_by_all(runs: Runs) -> list[Path]:
    """What the jobs of one seed read, and no arm has made: it is the same for every seed."""
    jobs = [job for job in runs.all_jobs() if job.is_pretraining or job.seed == runs.study.seeds[0]]
    trained = {job.result(runs.paths) for job in jobs if job.rule == "intermediate"}
    return [path for path in dict.fromkeys(chain.from_iterable(map(runs.reads, jobs))) if path not in trained]
