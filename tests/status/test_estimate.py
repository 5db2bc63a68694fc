"""The remaining time, estimated from the jobs that are done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from xstilts.graph.jobs import INTERMEDIATE, Job
from xstilts.runtime.attempts import Attempt
from xstilts.status.estimate import remaining_time
from xstilts.status.state import JobStatus
from xstilts.status.view import size
from xstilts.wording import duration

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def xnli(seed, state, seconds=None, **attempt):
    made = Attempt("run", "in", (NOW - timedelta(seconds=30)).isoformat(), NOW.isoformat(), "here", 1, **attempt)
    return JobStatus(Job("m", "none", "xnli", seed), state, "run", "", seconds, made)


def test_by_the_mean_of_done_jobs_of_the_kind():
    left = remaining_time([xnli(1, "done", 100.0), xnli(2, "done", 140.0), xnli(3, "waiting"), xnli(4, "failed")], NOW)
    assert (left.work, left.unknown, left.seconds) == (240.0, 0, None)


def test_divided_by_how_many_run():
    states = [xnli(1, "done", 120.0), *(xnli(seed, "waiting") for seed in range(2, 5))]
    running = [xnli(seed, "running", step=30, total=40) for seed in (5, 6)]
    left = remaining_time([*states, *running], NOW)
    assert left.work == 3 * 120 + 2 * 30
    assert (left.at_a_time, left.seconds) == (2, 210.0)


def test_a_job_that_counts_no_steps_is_estimated_by_its_age():
    assert remaining_time([xnli(1, "done", 100.0), xnli(2, "running")], NOW).work == 70.0
    assert remaining_time([xnli(1, "done", 10.0), xnli(2, "running")], NOW).work == 0.0


def test_other_kinds_are_unknown():
    others = [
        JobStatus(Job("m", "none", "udpos", 1), "waiting"),
        JobStatus(Job("other", "none", "xnli", 1), "waiting"),
        JobStatus(Job("m", "mnli", INTERMEDIATE, 1), "waiting"),
    ]
    assert remaining_time(others, NOW).work is None
    left = remaining_time([*others, xnli(1, "done", 100.0), xnli(2, "waiting")], NOW)
    assert (left.work, left.unknown) == (100.0, 3)


def test_an_arms_training_is_a_kind():
    def arm(name, seed, state, seconds=None):
        return JobStatus(Job("m", name, INTERMEDIATE, seed), state, seconds=seconds)

    left = remaining_time([arm("mnli", 1, "done", 50.0), arm("mnli", 2, "waiting"), arm("qqp", 1, "waiting")], NOW)
    assert (left.work, left.unknown) == (50.0, 1)


@pytest.mark.parametrize("rest", [[], ["diverged"]])
def test_nothing_is_left(rest):
    left = remaining_time([xnli(1, "done", 100.0), *(xnli(2, state) for state in rest)], NOW)
    assert (left.work, left.unknown, left.seconds) == (0, 0, 0.0)


def test_sizes_and_durations():
    assert [duration(seconds) for seconds in (0, 89, 90, 5399, 5400, 172799, 172800)] == [
        "0 s", "89 s", "1.5 min", "90 min", "1.5 h", "48 h", "48 h",
    ]  # fmt: skip
    assert [size(count) for count in (0, 999, 1000, 1_500_000, 2_000_000_000)] == [
        "0 B", "999 B", "1.0 kB", "1.5 MB", "2.0 GB",
    ]  # fmt: skip
