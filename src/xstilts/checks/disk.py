"""Whether the disk has room for what a study leaves on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from xstilts.checks.findings import Finding
from xstilts.graph.runs import Runs
from xstilts.planning.plan import DiskItem
from xstilts.wording import file_size


def findings(runs: Runs, items: Sequence[DiskItem]) -> Iterator[Finding]:
    """Warn where a study needs more than is free.

    Args:
        runs: The study's jobs.
        items: What a run from nothing needs, by the plan; what the study has written already is taken off.
    """
    root = runs.paths.root.absolute()
    free = shutil.disk_usage(next(folder for folder in (root, *root.parents) if folder.is_dir())).free
    needed = sum(item.bytes for item in items)
    if needed > free and (needed := needed - _written(root)) > free:
        largest = max(items, key=lambda item: item.bytes)
        yield Finding(
            "disk",
            f"the study needs about {file_size(needed)}, {file_size(largest.bytes)} of it {largest.what}, but only "
            f"{file_size(free)} are free at {root}. Free some, or make results/ a link to a larger disk.",
            warning=True,
        )


def _written(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
