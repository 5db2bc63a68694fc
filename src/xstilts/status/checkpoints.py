"""Checkpoints that no job will resume from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.status.state import JobState


@dataclass(frozen=True)
class Checkpoint:
    """A run's folder of checkpoints that is not needed, and why."""

    path: Path
    bytes: int
    why: str


def stale(runs: Runs, specs: Specs, states: Sequence[JobState]) -> list[Checkpoint]:
    """Folders of checkpoints that belong to no job, or to one that is done."""
    try:
        folders = sorted(entry for entry in runs.paths.checkpoints.iterdir() if entry.is_dir())
    except OSError:
        return []
    done = {found.run for found in states if found.state == "done"}
    needed = {found.run for found in states if found.state != "done"}
    needed |= {found.attempt.run for found in states if found.attempt and found.state == "running"}
    if any(folder.name not in done | needed for folder in folders):  # only then are all ids worth their time
        needed |= {found.job.spec(specs)["id"] for found in states if not found.run}
    return [
        Checkpoint(folder, _size(folder), "its job is done" if folder.name in done else "no job has this run id now")
        for folder in folders
        if folder.name not in needed
    ]


def _size(folder: Path) -> int:
    """Bytes of all files below a folder; files that disappear meanwhile are passed over."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118
            except OSError:
                continue
    return total
