"""The studies that are compared, and what differs between their configs, their data and the code that ran them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd

from xstilts.config.study import Study
from xstilts.graph import contents
from xstilts.graph.jobs import Job
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.graph.state import JobState

_NAMES = {"study", "contents"}  # the name is its own, and data is compared by itself
_SOFTWARE = ("python", "xstilts", "torch", "transformers", "tokenizers", "pyarrow", "peft")
_HARDWARE = ("device", "precision", "threads")
_SHOWN = 12  # digits of a checksum


class Difference(NamedTuple):
    """A value that is not the same in both studies; None where a study does not have it."""

    key: str
    one: Any
    other: Any


@dataclass(frozen=True)
class Side:
    """One of the two studies.

    Attributes:
        title: What to call it: its name, or the path that it was given by where both have one name.
        runs: Its jobs.
        scores: Its scores, None before it is finished.
        note: Why there are no scores.
    """

    title: str
    runs: Runs
    scores: pd.DataFrame | None
    note: str = ""

    @cached_property
    def records(self) -> dict[Job, Mapping[str, Any]]:
        """The records of all jobs that have one."""
        specs = Specs(self.runs)
        read = ((job, JobState(job, specs).record) for job in self.runs.all_jobs())
        return {job: record for job, record in read if record}


def of_config(one: Study, other: Study) -> list[Difference]:
    """The keys of the config that differ, defaults filled in; of a section that one study lacks, the whole."""
    dumps = [study.model_dump(mode="json", by_alias=True, exclude=_NAMES) for study in (one, other)]
    return list(_leaves(dumps[0], dumps[1], ""))


def _leaves(one: Any, other: Any, path: str) -> Iterator[Difference]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*one, *other)):
            yield from _leaves(one.get(key), other.get(key), f"{path}.{key}" if path else str(key))
    elif one != other:
        yield Difference(path, _short(one), _short(other))


def _short(value: Any) -> Any:
    """A value without the parts of sections that are empty."""
    if isinstance(value, dict):
        return {key: part for key, entry in value.items() if (part := _short(entry)) not in (None, {}, [], "")}
    return value


def of_data(one: Runs, other: Runs) -> list[Difference]:
    """The data files that differ: prepared ones by number of examples and content, local models by checksum."""
    listed = []
    for runs in (one, other):
        files = {
            f"{task}/{name}": f"{entry['examples']:,} examples, {str(entry['fingerprint'])[:_SHOWN]}"
            for task, manifest in runs.manifests().items()
            for name, entry in manifest["files"].items()
        }
        of_models = {
            str(folder / name): checksum[:_SHOWN]
            for folder in runs.local_models()
            for name, checksum in contents.of_folder(runs, folder).items()
        }
        listed.append({**files, **of_models})
    keys = dict.fromkeys((*listed[0], *listed[1]))
    return [
        Difference(key, *(side.get(key) for side in listed)) for key in keys if listed[0].get(key) != listed[1].get(key)
    ]


def of_code(one: Side, other: Side) -> list[Difference]:
    """What the records of jobs say of code, software and hardware, where it is not the same."""
    said = [_provenance(side) for side in (one, other)]
    keys = dict.fromkeys((*said[0], *said[1]))
    return [
        Difference(key, *(", ".join(sorted(side[key])) if key in side else None for side in said))
        for key in keys
        if said[0].get(key) != said[1].get(key)
    ]


def _provenance(side: Side) -> dict[str, set[str]]:
    """By what is recorded, all its values over the study's jobs."""
    found: dict[str, set[str]] = {}
    for job, record in side.records.items():
        values = {f"code of {job.rule}": record.get("spec", {}).get("code")}
        values |= {f"software.{name}": record.get("software", {}).get(name) for name in _SOFTWARE}
        values |= {f"hardware.{name}": record.get("hardware", {}).get(name) for name in _HARDWARE}
        for key, value in values.items():
            if value is not None:
                found.setdefault(key, set()).add(str(value))
    return found


def same_runs(one: Side, other: Side) -> tuple[int, int]:
    """How many jobs both studies have done as the same run, and how many both have done at all."""
    shared = one.records.keys() & other.records.keys()
    ids = ([side.records[job].get("spec", {}).get("id") for side in (one, other)] for job in shared)
    return sum(first is not None and first == second for first, second in ids), len(shared)
