"""Logs quoted as the reason of a failure."""

from __future__ import annotations

from pathlib import Path

import pytest
from configs import own

from xstilts.config.study import load
from xstilts.graph.failures import failures
from xstilts.graph.runs import Runs


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.chdir(tmp_path)
    return Runs(load(own()))


def write(log: Path, text: str) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text, encoding="utf-8")


def test_a_reason_is_the_last_message_without_time_and_level(runs: Runs) -> None:
    lines = (
        "2026-05-01 12:00:00 INFO xstilts.jobs.prepare: first\n2026-05-01 12:00:01 INFO xstilts.jobs.prepare: second\n"
    )
    write(runs.paths.log("prepare", "mnli"), lines)
    (failure,) = failures(runs)
    assert failure.title == "reading MNLI"
    assert failure.reason == "failed: it was started and has not come to its end; its log ends: second"
    assert failure.tail == lines.splitlines()


def test_failures_are_in_the_order_in_which_jobs_run(runs: Runs) -> None:
    jobs = list(runs.all_jobs())
    for job in (jobs[-1], jobs[0]):
        write(job.log(runs.paths), "Run 0123456789ab")
    write(runs.paths.log("encode", "tiny", "mnli"), "Run 0123456789ab")
    assert [failure.title for failure in failures(runs)] == [
        "encoding MNLI for tiny",
        "pretraining tiny",
        "retrieval, pair of tiny, seed 2",
    ]
