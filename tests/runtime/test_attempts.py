"""The attempts file of a job stays readable, however the attempt ended."""

from __future__ import annotations

import json

import pytest

from xstilts.errors import Diverged, UserError
from xstilts.runtime.attempts import Stopped, logged_attempt, read_attempts


@pytest.fixture
def path(tmp_path):
    return tmp_path / "attempts" / "seed1.json"


def outcomes(path):
    return [(attempt.outcome, attempt.reason) for attempt in read_attempts(path)]


def test_an_attempt_that_ends_well(path):
    with logged_attempt(path, "abc", "in") as attempt_log:
        assert outcomes(path) == [("", "")]
        attempt_log.write(stage="fine-tuning", step=5, total=10)
    (attempt,) = read_attempts(path)
    assert (attempt.run, attempt.outcome, attempt.stage, attempt.step, attempt.total) == (
        "abc", "done", "fine-tuning", 5, 10,
    )  # fmt: skip
    assert attempt.started <= attempt.updated and attempt.pid > 0 and attempt.host


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (UserError("no such file"), ("failed", "no such file")),
        (Stopped("SIGTERM"), ("stopped", "SIGTERM")),
        (Diverged("the loss is nan"), ("diverged", "the loss is nan")),
        (MemoryError(), ("failed", "MemoryError")),
    ],
)
def test_an_attempt_that_does_not(path, error, outcome):
    with pytest.raises(type(error)), logged_attempt(path, "abc", "in"):
        raise error
    assert outcomes(path) == [outcome]


def test_earlier_attempts_are_kept_but_not_for_ever(path):
    for number in range(25):
        with logged_attempt(path, f"run{number}", "in"):
            pass
    assert [attempt.run for attempt in read_attempts(path)] == [f"run{number}" for number in range(5, 25)]


def test_slurm_and_devices_are_recorded(path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    with logged_attempt(path, "abc", "in"):
        pass
    assert [(attempt.slurm_job, attempt.devices) for attempt in read_attempts(path)] == [("17", "2")]


@pytest.mark.parametrize("content", ["", "[", "{}", "[1]", '[{"run": "abc"}]'])
def test_a_damaged_file_holds_no_attempts(path, content):
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    assert read_attempts(path) == []


def test_fields_of_later_versions_are_ignored(path):
    with logged_attempt(path, "abc", "in"):
        pass
    (written,) = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps([{**written, "colour": "red"}]), encoding="utf-8")
    assert outcomes(path) == [("done", "")]
