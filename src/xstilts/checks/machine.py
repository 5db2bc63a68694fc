"""Whether this machine has what a study needs beside the study itself: packages, disk, downloads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from xstilts.checks import disk, installation
from xstilts.checks.findings import Finding
from xstilts.checks.limits import PREFETCH
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.planning.gpus import GPUS
from xstilts.planning.plan import plan
from xstilts.runtime.gpus import visible_gpus


def findings(runs: Runs, folder: Path) -> Iterator[Finding]:
    """Iterate over what would fail on this machine, or may.

    Args:
        runs: The study's jobs.
        folder: The workflow's folder.
    """
    yield from installation.findings(folder)
    if missing := _not_downloaded(runs):
        yield Finding(
            "downloads",
            f"not there: {', '.join(missing)}. Jobs on a machine without network stop; before they start, {PREFETCH}.",
            warning=True,
        )
    yield from _gpus(runs)
    try:
        estimated = plan(runs, GPUS["cpu"])
    except UserError as error:
        yield Finding("disk", f"not checked, as what the study needs is not known: {error}", warning=True)
    else:
        yield from (replace(finding, warning=False) for finding in disk.findings(runs, estimated.disk))


def _gpus(runs: Runs) -> Iterator[Finding]:
    """Models that are trained on more GPUs than this machine has, if it has any."""
    gpus = visible_gpus()
    here = sum(not gpu.is_slice for gpu in gpus)
    for name, model in runs.study.models.items():
        if gpus and here < model.gpus > 1:
            yield Finding(
                f"models.{name}.gpus",
                f"its trainings use {model.gpus} GPUs of one machine, and this one has {here}: they stop here at once.",
                warning=True,
            )


def _not_downloaded(runs: Runs) -> list[str]:
    """The tasks and models of the Hub whose download has not come to its end here."""
    study = runs.study
    tasks = [name for name in study.tasks() if study.from_hub(name) and not runs.paths.prefetched(name).is_file()]
    folders = [runs.ready_made(name) for name, model in study.models.items() if model.snapshot]
    folders += runs.downloaded_translators()
    unfinished = [folder.name for folder in dict.fromkeys(folders) if not (folder / "xstilts.json").is_file()]
    return [*map(study.title_of, tasks), *unfinished]
