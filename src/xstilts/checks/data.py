"""The data folder of a study and the files in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xstilts.checks.findings import Finding
from xstilts.checks.limits import PREFETCH
from xstilts.graph.runs import Runs
from xstilts.sources import files
from xstilts.tasks.registry import TEXT
from xstilts.wording import counted

_NAMED = 8  # files in a message


def findings(runs: Runs) -> Iterator[Finding]:
    """Iterate over what a study lacks of the files that it reads: one finding per task, or the whole folder."""
    waiting = [runs.study.title_of(task) for task in runs.study.tasks() if not _is_downloaded(runs, task)]
    if waiting:
        yield Finding("source", f"not downloaded yet: {', '.join(waiting)}. To do so, {PREFETCH}.", warning=True)
    root = runs.data_root()
    if root is None:
        return
    if not root.is_dir():
        yield Finding("source.root", f"there is no folder '{root}' (looked from {Path.cwd()}). See docs/data.md.")
        return
    for task in runs.read_from_files():
        yield from _of_task(runs, task, root)


def _is_downloaded(runs: Runs, task: str) -> bool:
    return not runs.study.from_hub(task) or runs.paths.prefetched(task).is_file()


def _of_task(runs: Runs, task: str, root: Path) -> Iterator[Finding]:
    """The files of a task that are missing or empty; the first with what there is in its place."""
    table, declared = runs.study.language_table(), TEXT if task == TEXT.name else runs.study.task(task)
    errors = [error for split, code in runs.files(task) for error in files.lacking(root, declared, split, table[code])]
    lacking = {error.file: error for error in errors}
    if lacking:
        key = f"tasks.{task}.files" if task in runs.study.own_tasks else "source.root"
        first = next(iter(lacking.values()))
        others = ", ".join(map(str, list(lacking)[1 : _NAMED + 1])) + (", …" if len(lacking) > _NAMED + 1 else "")
        more = f" {counted(len(lacking) - 1, 'other')} of it missing or empty: {others}." if others else ""
        yield Finding(key, f"{declared.title}: {first}{more}")
