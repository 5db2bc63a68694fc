"""What to do about a file that only a finished study has."""

from __future__ import annotations

from pathlib import Path

from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.graph.state import JobState


def refuse_unfinished(runs: Runs, *needed: Path) -> None:
    """Refuse a study that lacks a summary of its scores, and say what to run next.

    Args:
        runs: The study's jobs and paths.
        needed: Files that are made when all jobs are done.

    Raises:
        UserError: One of the files is not there.
    """
    missing = [path for path in needed if not path.is_file()]
    if not missing:
        return
    specs, jobs = Specs(runs), list(runs.jobs())
    done = sum(JobState(job, specs).has_result for job in jobs)
    root, study = runs.paths.root, runs.paths.study
    if done == len(jobs):
        raise UserError(
            f"{missing[0]}: no such file, although all {len(jobs)} evaluations of the study have scores. Run snakemake "
            "with its study file again, which makes what is missing of the summaries."
        )
    raise UserError(
        f"{root}: the study is not finished; {done} of its {len(jobs)} evaluations have scores. "
        f"Run snakemake with its study file to the end. 'xstilts status --study {study}' says what has run, and "
        f"'xstilts partial --study {study}' summarises what there is."
    )
