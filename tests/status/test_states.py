"""The state of a job follows from the files that it has left, and from whether its process is alive."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter

import pytest
from configs import own
from made_progress import KINDS, PRETRAIN, RETRIEVE, TRAIN, XNLI, XNLI_2

from xstilts.config.study import load
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.status.checkpoints import leftover_checkpoints
from xstilts.status.survey import survey


def state(progress, job):
    """The state of a job, and the reason for it."""
    (status,) = [status for status in survey(progress.runs).statuses if status.job == job]
    return status.state, status.reason


def test_nothing_has_been_started(progress, monkeypatch):
    for job in ("pretrain", "intermediate", "finetune", "retrieve"):
        monkeypatch.setattr(Specs, job, lambda *_: pytest.fail("run ids take time"))
    found = survey(progress.runs)
    assert {each.state for each in found.statuses} == {"waiting"}
    jobs = Counter(each.job.rule for each in found.statuses)
    assert jobs == {"pretrain": 1, "intermediate": 4, "finetune": 12, "retrieve": 6}


@pytest.mark.parametrize("job", KINDS, ids=str)
def test_done(progress, job):
    progress.finish(job, seconds=12.5)
    found = survey(progress.runs)
    assert [(each.job, each.seconds) for each in found.of("done")] == [(job, 12.5)]


@pytest.mark.parametrize("job", KINDS, ids=str)
def test_a_result_of_another_config_is_outdated(progress, job):
    progress.finish(job)
    progress.runs = Runs(load(own(compute={"precision": "float32"})))
    assert state(progress, job) == ("outdated", "Its result is of another config, or of other code.")


@pytest.mark.parametrize("missing", [0, 1])
def test_a_record_and_a_result_make_a_job_done(progress, missing):
    progress.finish(XNLI)
    progress.attempt(XNLI, age=3600, outcome="done")
    XNLI.makes(progress.runs.paths)[missing].unlink()
    assert state(progress, XNLI) == ("waiting", "")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"spec": 1}'])
def test_a_damaged_record_is_none(progress, content):
    progress.finish(XNLI)
    XNLI.makes(progress.runs.paths)[0].write_text(content, encoding="utf-8")
    assert state(progress, XNLI) == ("waiting", "")


@pytest.mark.parametrize("outcome", ["stopped", "failed", "diverged"])
@pytest.mark.parametrize("job", KINDS, ids=str)
def test_an_attempt_says_how_it_ended(progress, job, outcome):
    progress.attempt(job, outcome=outcome, reason="disk full")
    assert state(progress, job) == (outcome, "disk full")


@pytest.mark.parametrize("outcome", ["stopped", "failed", "diverged", ""])
def test_how_an_attempt_at_another_config_ended_does_not_matter(progress, outcome):
    progress.attempt(XNLI, age=3600, run="before", outcome=outcome)
    assert state(progress, XNLI) == ("waiting", "")


def test_a_result_is_outdated_until_the_job_has_failed_with_the_new_config(progress):
    progress.finish(XNLI, run="before")
    progress.attempt(XNLI, run="before", outcome="done")
    assert state(progress, XNLI)[0] == "outdated"
    progress.attempt(XNLI, outcome="failed", reason="disk full")
    assert state(progress, XNLI) == ("failed", "disk full")


def test_a_recent_update(progress):
    progress.attempt(XNLI, age=60)
    assert state(progress, XNLI) == ("running", "")
    progress.attempt(XNLI, age=-3600)  # the other machine's clock is ahead
    assert state(progress, XNLI) == ("running", "")
    progress.attempt(XNLI, age=300)
    found, reason = state(progress, XNLI)
    assert found == "lost"
    assert reason.startswith("Process 17 on elsewhere has given no sign of life since 20")


def test_work_on_an_earlier_config(progress):
    progress.attempt(XNLI, run="before")
    assert state(progress, XNLI) == ("running", "It works on an earlier config, and will have to be run again.")


def test_a_process_on_this_machine(progress):
    """The job is running as long as the process exists, and lost once it has been killed."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        progress.attempt_here(XNLI, process.pid, age=181, lasted=-179)  # as if recorded right after the process started
        progress.attempt_here(XNLI_2, process.pid, age=3600)
        assert state(progress, XNLI_2)[0] == "lost", "the process is a later one with the same id"
        found = [each for each in survey(progress.runs).statuses if each.job == XNLI]
        assert [each.state for each in found] == ["running"]
        assert found[0].reason == "No sign of life for 3 min."
    finally:
        process.kill()
        process.wait()
    assert state(progress, XNLI)[0] == "lost"


def test_the_process_itself(progress):
    progress.attempt_here(XNLI, os.getpid(), age=150, lasted=-145)
    time.sleep(0.01)
    assert state(progress, XNLI)[0] == "running"


@pytest.mark.parametrize("updated", ["", "yesterday", "2026-01-01"])
def test_invalid_times(progress, updated):
    progress.attempt(XNLI, updated=updated)
    assert state(progress, XNLI)[0] == "lost"


def test_encoders_that_nothing_needs_may_be_deleted(progress):
    progress.finish_all()
    for job in (PRETRAIN, TRAIN):
        for file in job.makes(progress.runs.paths)[:2]:
            file.unlink()
    assert {found.state for found in survey(progress.runs).statuses} == {"done"}
    RETRIEVE.makes(progress.runs.paths)[1].unlink()
    assert {found.job for found in survey(progress.runs).of("waiting")} == {PRETRAIN, TRAIN, RETRIEVE}


def test_checkpoints_that_no_job_resumes_from(progress):
    progress.finish(PRETRAIN)
    progress.attempt(XNLI, outcome="stopped")
    progress.attempt(XNLI_2, run="before")
    specs = Specs(progress.runs)
    keeps = [specs.of(XNLI)["id"], specs.of(RETRIEVE)["id"], "before"]
    for name in (*keeps, specs.of(PRETRAIN)["id"], "forgotten"):
        folder = progress.runs.paths.checkpoints / name / "deep"
        folder.mkdir(parents=True)
        (folder / "state.safetensors").write_bytes(b"x" * 1000)
    found = survey(progress.runs).checkpoints
    assert {(each.path.name, each.bytes, each.why) for each in found} == {
        (specs.of(PRETRAIN)["id"], 1000, "its job is done"),
        ("forgotten", 1000, "no job has this run id now"),
    }


def test_checkpoints_of_a_study_without_any(progress):
    found = survey(progress.runs)
    assert leftover_checkpoints(Specs(progress.runs), found.statuses) == []
