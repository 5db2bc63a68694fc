"""A job is done by one process, once, and by no process whose snakemake is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import configs
import psutil
import pytest

from xstilts.config.study import load
from xstilts.errors import Diverged, UserError
from xstilts.graph.runs import Runs
from xstilts.runtime import execution
from xstilts.runtime.attempts import logged_attempt, read_attempts
from xstilts.runtime.execution import checksum, execute
from xstilts.runtime.run_lock import hold_run_lock


@dataclass(frozen=True)
class Job:
    """Stands for a training job that reads one file and makes another."""

    attempt_log: Path
    read: Path
    made: Path

    def attempts(self, paths):
        return self.attempt_log

    def reads(self, runs):
        return [self.read]

    def makes(self, paths):
        return [self.made]


@pytest.fixture
def job(tmp_path, monkeypatch):
    """Execute the work of a job that reads one file and makes another."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("xstilts.runtime.run_lock._SECONDS_BETWEEN_TRIES", 0.005)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    runs = Runs(load(configs.ready_made()))
    read, made = tmp_path / "read", tmp_path / "made"
    read.write_text("data", encoding="utf-8")

    job = Job(tmp_path / "diary.json", read, made)

    def run(work=lambda session: made.touch()):
        execute(runs, job, {"id": "abc"}, work)

    run.runs, run.read, run.made, run.attempt_log = runs, read, made, tmp_path / "diary.json"
    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


def test_work_that_is_done_leaves_no_checkpoint_behind(job):
    def work(session):
        (job.runs.paths.checkpoints / "abc").mkdir()
        session.on_progress("fine-tuning", 3, 4)

    job(work)
    assert not job.runs.paths.checkpoints.exists()
    (attempt,) = read_attempts(job.attempt_log)
    assert (attempt.outcome, attempt.stage, attempt.step, attempt.total) == ("done", "fine-tuning", 3, 4)


def test_work_that_fails_leaves_its_checkpoint(job):
    def work(session):
        (job.runs.paths.checkpoints / "abc").mkdir()
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        job(work)
    assert [path.name for path in job.runs.paths.checkpoints.iterdir()] == ["abc"]
    assert read_attempts(job.attempt_log)[0].reason == "no space left"


class TestAnotherProcessAtWork:
    """As when snakemake was killed and started again: the first one's job may still be running."""

    def beside(self, job, makes: bool) -> threading.Thread:
        ready = threading.Event()

        def other() -> None:
            with (
                hold_run_lock(job.runs.paths.checkpoints / "abc.lock", "run abc"),
                logged_attempt(job.attempt_log, "abc", checksum([job.read])),
            ):
                ready.set()
                time.sleep(0.1)
                if makes:
                    job.made.touch()

        thread = threading.Thread(target=other)
        thread.start()
        ready.wait()
        return thread

    def test_what_it_has_done_is_not_done_again(self, job, capsys):
        thread = self.beside(job, makes=True)
        job(lambda session: pytest.fail("it was done already"))
        thread.join()
        assert "has finished run abc" in capsys.readouterr().out

    def test_what_snakemake_has_deleted_is(self, job):
        thread = self.beside(job, makes=False)
        job()
        thread.join()
        assert job.made.exists() and len(read_attempts(job.attempt_log)) == 2


class TestDivergence:
    def diverge(self, session):
        raise Diverged("The loss is nan at step 7.")

    def test_is_not_tried_again(self, job):
        for _ in range(2):
            with pytest.raises(Diverged, match=r"The loss is nan at step 7\."):
                job(self.diverge)
        with pytest.raises(Diverged, match=f"to try again as it is, delete {job.attempt_log}"):
            job(lambda session: pytest.fail("it would diverge again"))
        job.attempt_log.unlink()
        job()

    def test_of_other_data_says_nothing(self, job):
        with pytest.raises(Diverged):
            job(self.diverge)
        job.read.write_text("other data", encoding="utf-8")
        job()
        assert [attempt.outcome for attempt in read_attempts(job.attempt_log)] == ["diverged", "done"]


def test_what_a_job_reads_has_to_be_there(job):
    job.read.unlink()
    with pytest.raises(UserError, match="this job reads it, but it is not there"):
        job(lambda session: pytest.fail("there is nothing to work on"))


def test_large_files_are_told_apart_by_size_and_time(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "_LARGE", 3)
    file = tmp_path / "weights"
    file.write_bytes(b"abcde")
    before = checksum([file])
    os.utime(file, (1, 1))
    assert checksum([file]) != before
    small = tmp_path / "manifest"
    small.write_bytes(b"ab")
    before = checksum([small])
    os.utime(small, (1, 1))
    assert checksum([small]) == before


def test_a_job_ends_with_the_snakemake_that_started_it(tmp_path):
    """Its parent here is a program whose name says snakemake, and which is killed."""
    child = tmp_path / "child.py"
    child.write_text(
        textwrap.dedent("""
            import pathlib, sys, time
            from xstilts.runtime.attempts import Diary
            from xstilts.runtime import execution
            from xstilts.runtime.signals import StopRequest
            execution._SECONDS_BETWEEN_LOOKS = 0.05
            StopRequest().listen()
            with execution._attended(Diary(pathlib.Path("diary.json"), "abc", "in")):
                pathlib.Path("ready").write_text("", encoding="utf-8")
                time.sleep(60)
        """),
        encoding="utf-8",
    )
    parent = tmp_path / "snakemake.py"
    parent.write_text(
        f"import subprocess\nprint(subprocess.Popen([{sys.executable!r}, 'child.py']).pid, flush=True)\nimport time\n"
        "time.sleep(60)\n",
        encoding="utf-8",
    )
    started = subprocess.Popen([sys.executable, str(parent)], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    orphan = psutil.Process(int(started.stdout.readline()))
    while not (tmp_path / "ready").exists():
        time.sleep(0.02)
    started.kill()
    started.wait()
    gone, alive = psutil.wait_procs([orphan], timeout=20)
    for process in alive:
        process.kill()
    assert gone
