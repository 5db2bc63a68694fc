"""When a job is done, outdated or complete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from configs import own

from xstilts.atomic import write_json
from xstilts.config.study import load
from xstilts.graph.jobs import INTERMEDIATE, RETRIEVAL, Job
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.graph.state import JobState

JOBS = [Job.pretraining("tiny"), *(Job("tiny", "mnli", what, 1) for what in (INTERMEDIATE, "xnli", RETRIEVAL))]


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Specs:
    monkeypatch.chdir(tmp_path)
    return Specs(Runs(load(own())))


def leave(specs: Specs, job: Job, record: Any = None) -> None:
    """Write all files of a job; unless given, the record of the run that the config asks for."""
    for path in job.makes(specs.runs.paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    write_json(job.record(specs.runs.paths), record or {"spec": specs.of(job)})


def state(specs: Specs, job: Job) -> tuple[bool, bool, bool]:
    found = JobState(job, specs)
    return found.done, found.outdated, found.complete


@pytest.mark.parametrize("job", JOBS, ids=str)
def test_a_job_is_done_with_the_record_of_the_planned_run(specs: Specs, job: Job) -> None:
    assert state(specs, job) == (False, False, False)
    leave(specs, job)
    assert state(specs, job) == (True, False, True)
    changed = Specs(Runs(load(own(compute={"precision": "float32"}))))
    assert state(changed, job) == (False, True, False)


@pytest.mark.parametrize("job", JOBS, ids=str)
def test_a_done_job_needs_record_and_result_a_complete_one_all_files(specs: Specs, job: Job) -> None:
    leave(specs, job)
    result, record = job.result(specs.runs.paths), job.record(specs.runs.paths)
    for path in {*job.makes(specs.runs.paths)} - {result, record}:
        path.unlink()
    assert state(specs, job) == (True, False, False)
    result.unlink()
    assert state(specs, job) == (False, False, False)
    leave(specs, job)
    record.unlink()
    assert JobState(job, specs).has_result == (result != record) and state(specs, job) == (False, False, False)


@pytest.mark.parametrize("record", [[1], {"seconds": 1}, {"spec": None}])
def test_a_damaged_record_is_none(specs: Specs, record: Any) -> None:
    leave(specs, JOBS[2], record)
    assert state(specs, JOBS[2]) == (False, False, False)


def test_without_a_record_no_spec_is_made(specs: Specs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Specs, "of", lambda *_: pytest.fail("specs take time"))
    assert state(specs, JOBS[2]) == (False, False, False)
