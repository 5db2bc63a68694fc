"""Checkpoints from which no job will resume."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xstilts.graph.specs import Specs
from xstilts.status.state import JobStatus


@dataclass(frozen=True)
class LeftoverCheckpoint:
    """A run's folder of checkpoints that is no longer needed, and why."""

    path: Path
    bytes: int
    why: str


def leftover_checkpoints(specs: Specs, statuses: Sequence[JobStatus]) -> list[LeftoverCheckpoint]:
    """Return the folders of checkpoints that belong to no job of the study, or to one that is done."""
    try:
        folders = sorted(entry for entry in specs.runs.checkpoints.iterdir() if entry.is_dir())
    except OSError:
        return []
    done = {status.run for status in statuses if status.state == "done"}
    needed = {status.run for status in statuses if status.state != "done"}
    needed |= {status.attempt.run for status in statuses if status.attempt and status.state == "running"}
    if any(folder.name not in done | needed for folder in folders):  # computing the ids of all jobs takes time
        needed |= {specs.of(status.job)["id"] for status in statuses if not status.run}
    return [
        LeftoverCheckpoint(
            folder, _size(folder), "its job is done" if folder.name in done else "no job has this run id now"
        )
        for folder in folders
        if folder.name not in needed
    ]


def _size(folder: Path) -> int:
    """Return the bytes of all files below a folder, without those that are deleted meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118
            except OSError:
                continue
    return total
