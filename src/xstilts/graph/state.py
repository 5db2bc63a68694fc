"""Which jobs are done: the one place where this is decided."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from xstilts.atomic import read_object
from xstilts.data.integrity import refuse_damaged
from xstilts.graph.jobs import Job
from xstilts.graph.paths import Paths
from xstilts.graph.specs import Specs


@dataclass(frozen=True)
class JobState:
    """The files of a job that trains or scores; each is read when it is first needed."""

    job: Job
    specs: Specs

    @cached_property
    def has_result(self) -> bool:
        """Whether the file that other jobs wait for exists, whichever run made it."""
        return self.job.result(self.specs.runs.paths).is_file()

    @cached_property
    def record(self) -> Mapping[str, Any]:
        """The job's record; empty if it is missing or damaged."""
        record = read_object(self.job.record(self.specs.runs.paths))
        return record if isinstance(record.get("spec"), dict) else {}

    @cached_property
    def planned_run(self) -> str:
        """The id of the run that the config and the code ask for now."""
        return str(self.specs.of(self.job)["id"])

    @property
    def done(self) -> bool:
        """Whether the job has its result, and its record names the run that config and code ask for now."""
        return bool(self.has_result and self.record) and self.record["spec"].get("id") == self.planned_run

    @property
    def outdated(self) -> bool:
        """Whether the job has a result and a record, but of another config or other code."""
        return bool(self.has_result and self.record) and not self.done

    @property
    def complete(self) -> bool:
        """Whether the job is done and every file that it makes exists, also those that no other job waits for."""
        return self.done and all(path.is_file() for path in self.job.makes(self.specs.runs.paths))


def read_record(job: Job, paths: Paths) -> dict[str, Any]:
    """Read a job's record, or where its encoder is not there the copy outside; empty if neither can be read."""
    return read_object(job.record(paths)) or read_object(job.record_apart(paths))


def refuse_damaged_outputs(job: Job, paths: Paths, outputs: Iterable[Path]) -> None:
    """Refuse files that are not what a job wrote, going by the checksums in its record.

    Args:
        job: The job.
        paths: The study's paths.
        outputs: Files that the job makes.

    Raises:
        DataError: A file is gone or damaged; the message says how to have it made again.
    """
    listed = _checksums(job, paths)
    remedy = f"Delete {job.result(paths)} and start snakemake again: the job that makes both runs again."
    for path in outputs:
        refuse_damaged(path, listed.get(path), remedy)


def refuse_damaged_encoder(paths: Paths, path: Path) -> None:
    """Refuse an encoder or an adapter that a job of the study has trained, if its files are not what the job wrote.

    Args:
        paths: The study's paths.
        path: A file of the encoder's folder.

    Raises:
        DataError: As :func:`refuse_damaged_outputs`.
    """
    record = path.with_name("record.json")
    job = Job.of_record(record.relative_to(paths.root).as_posix()) if record.is_relative_to(paths.root) else None
    if job:
        refuse_damaged_outputs(job, paths, [file for file in _checksums(job, paths) if file.parent == path.parent])


def _checksums(job: Job, paths: Paths) -> dict[Path, str]:
    """The SHA-256 of each file that a job has written, as its record says; none without a record."""
    try:
        listed = json.loads(job.record(paths).read_bytes()).get("files", {})
        return {paths.root / name: checksum for name, checksum in listed.items()}
    except (OSError, ValueError, AttributeError):
        return {}
