"""Whose locks a Snakemake removes whose job SLURM has started again: an earlier start's, and never anybody else's."""

from __future__ import annotations

import os
import socket
import threading
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from xstilts.atomic import write_json
from xstilts.runtime import heads as running
from xstilts.runtime import requeued
from xstilts.runtime.heads import Head, file_of
from xstilts.runtime.requeued import free_locks

NOWHERE = 2**22 + 1  # no process has this id
JOB = {"SLURM_JOB_ID": "7", "SLURM_CLUSTER_NAME": "big", "SLURM_RESTART_COUNT": "1"}


def head(id: str = "a", *, job: str = "big/7", study: str = "trial", pid: int = NOWHERE, host: str = "") -> Head:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return Head(id, study, host or socket.gethostname(), pid, started, "name", job)


@dataclass
class Folder:
    """A working folder."""

    path: Path

    @property
    def heads(self) -> Path:
        return self.path / "results" / ".heads"

    def record(self, *recorded: Head) -> None:
        for one in recorded:
            write_json(file_of(self.heads, one.id), asdict(one))

    def lock(self, number: int = 0, study: str = "trial") -> None:
        """What Snakemake leaves in its folder while it runs."""
        folder = self.path / ".snakemake" / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        for kind, files in (("input", "data"), ("output", "scores.parquet")):
            text = f"{self.path}/results/{study}/{files}\n"
            (folder / f"{number}.{kind}.lock").write_text(text, encoding="utf-8")

    def locks(self) -> list[str]:
        return sorted(path.name for path in (self.path / ".snakemake" / "locks").iterdir())

    def free(self, **changes: str) -> list[str]:
        """The locks that are left when a Snakemake is about to start."""
        free_locks(self.path, self.heads, {**JOB, **changes})
        return self.locks()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder in which the Snakemake of job 7 was killed."""
    folder = Folder(tmp_path)
    folder.record(head())
    folder.lock()
    return folder


MINE = ["0.input.lock", "0.output.lock"]


def test_locks_of_an_earlier_start_of_the_same_job_are_removed(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    assert folder.free() == []
    assert "was killed, and its locks are removed" in caplog.text


def test_those_of_another_study_stay(folder: Folder) -> None:
    folder.record(head("b", study="other", job="", pid=os.getpid()))
    folder.lock(1, study="other")
    assert folder.free() == ["1.input.lock", "1.output.lock"]


def test_a_job_that_slurm_starts_for_the_first_time_removes_none(folder: Folder) -> None:
    assert folder.free(SLURM_RESTART_COUNT="0") == MINE


def test_outside_slurm_none_is_removed(folder: Folder) -> None:
    folder.record(head(job=""))
    free_locks(folder.path, folder.heads, {"SLURM_RESTART_COUNT": "1"})
    assert folder.locks() == MINE


@pytest.mark.parametrize("changes", [{"SLURM_JOB_ID": "8"}, {"SLURM_CLUSTER_NAME": "small"}])
def test_those_of_another_job_stay(folder: Folder, changes: dict[str, str]) -> None:
    assert folder.free(**changes) == MINE


def refused(folder: Folder, caplog: pytest.LogCaptureFixture, because: str) -> None:
    assert folder.free()[:2] == MINE
    assert "are left alone, as " in caplog.text and because in caplog.text


def test_a_snakemake_that_still_runs_keeps_its_locks(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    folder.record(head(pid=os.getpid()))
    refused(folder, caplog, "this job started on")


@pytest.mark.parametrize("other", [head("b", job="", pid=os.getpid()), head("b", job="big/8", host="login2")])
def test_another_snakemake_of_the_study_may_hold_them(
    folder: Folder, caplog: pytest.LogCaptureFixture, other: Head
) -> None:
    folder.record(other)
    refused(folder, caplog, "another snakemake of it was started on")


def test_one_that_was_killed_earlier_holds_none(folder: Folder) -> None:
    folder.record(head("b", job=""))
    assert folder.free() == []


def test_another_snakemake_may_have_taken_locks_and_not_yet_left_its_file(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    folder.lock(1)
    refused(folder, caplog, "two snakemakes have taken locks of it")


def test_locks_that_are_younger_are_not_those_of_the_killed_one(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody has removed its locks, and started a Snakemake that leaves no file."""
    started = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")
    folder.record(replace(head(), started=started))
    refused(folder, caplog, "when this job's snakemake had long started")


@pytest.mark.parametrize("alive", [True, False])
def test_on_another_machine_a_snakemake_that_runs_renews_its_file(
    folder: Folder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, alive: bool
) -> None:
    folder.record(head(host="node1"))
    seconds: list[float] = []

    def passes(slept: float) -> None:
        seconds.append(slept)
        if alive:
            os.utime(file_of(folder.heads, "a"), (1, 1))

    monkeypatch.setattr(requeued.time, "sleep", passes)
    if alive:
        refused(folder, caplog, "started on node1")
    else:
        assert folder.free() == []
    assert sum(seconds) > 2 * running.SECONDS_BETWEEN_RENEWALS


def test_a_snakemake_renews_its_file_until_it_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(running, "SECONDS_BETWEEN_RENEWALS", 0.01)
    monkeypatch.setenv(running.VARIABLE, "a")
    others = set(threading.enumerate())
    running.begin(tmp_path / "heads", "trial", "name", "")
    file = file_of(tmp_path / "heads", "a")
    os.utime(file, (1, 1))
    (renewing,) = set(threading.enumerate()) - others
    end = time.monotonic() + 10
    while file.stat().st_mtime == 1 and time.monotonic() < end:
        time.sleep(0.01)
    assert file.stat().st_mtime > 1
    running.leave(tmp_path / "heads", "a")
    renewing.join(10)
    assert not renewing.is_alive() and not file.exists()
