"""Running a job: one process at a time, never again once finished or diverged, and only while snakemake runs."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import psutil
import pytest

from xstilts.errors import Diverged, UserError
from xstilts.runtime import execution
from xstilts.runtime.attempts import logged_attempt, read_attempts
from xstilts.runtime.execution import Execution, checksum, execute
from xstilts.runtime.run_lock import hold_run_lock


@pytest.fixture
def job(tmp_path, monkeypatch):
    """Run a job that reads one file and makes another."""
    monkeypatch.setattr("xstilts.runtime.run_lock._SECONDS_BETWEEN_TRIES", 0.005)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    read, made, attempts, checkpoints = (tmp_path / name for name in ("read", "made", "attempts.json", "checkpoints"))
    read.write_text("data", encoding="utf-8")

    def run(work=lambda stop, inputs, on_progress: made.touch()):
        execute(Execution("abc", [read], [made], attempts, checkpoints, jobs_per_gpu=1), work)

    run.read, run.made, run.attempts, run.checkpoints = read, made, attempts, checkpoints
    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_job_that_is_done_leaves_its_attempt_and_no_lock(job):
    def work(stop, inputs, on_progress):
        assert not stop.reason and inputs == checksum([job.read])
        on_progress("fine-tuning", 3, 4)

    job(work)
    assert not job.checkpoints.exists()
    (attempt,) = read_attempts(job.attempts)
    assert (attempt.outcome, attempt.stage, attempt.step, attempt.total) == ("done", "fine-tuning", 3, 4)


def test_work_that_fails_leaves_its_checkpoint(job):
    def work(stop, inputs, on_progress):
        (job.checkpoints / "abc").mkdir()
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        job(work)
    assert [path.name for path in job.checkpoints.iterdir()] == ["abc"]
    assert read_attempts(job.attempts)[0].reason == "no space left"


class TestAnotherProcessAtWork:
    """After snakemake was killed and started again, the first snakemake's job may still be running."""

    def start(self, job, makes: bool) -> threading.Thread:
        ready = threading.Event()

        def other() -> None:
            with (
                hold_run_lock(job.checkpoints / "abc.lock", "run abc"),
                logged_attempt(job.attempts, "abc", checksum([job.read])),
            ):
                ready.set()
                time.sleep(0.1)
                if makes:
                    job.made.touch()

        thread = threading.Thread(target=other)
        thread.start()
        ready.wait()
        return thread

    def test_what_it_has_finished_is_not_run_again(self, job, caplog):
        caplog.set_level(logging.INFO, "xstilts")
        thread = self.start(job, makes=True)
        job(lambda *arguments: pytest.fail("it was done already"))
        thread.join()
        assert "has finished run abc" in caplog.text

    def test_what_snakemake_has_deleted_is_run_again(self, job):
        thread = self.start(job, makes=False)
        job()
        thread.join()
        assert job.made.exists() and len(read_attempts(job.attempts)) == 2


class TestDivergence:
    def diverge(self, *arguments):
        raise Diverged("The loss is nan at step 7.")

    def test_is_not_run_again(self, job):
        for _ in range(2):
            with pytest.raises(Diverged, match=r"The loss is nan at step 7\."):
                job(self.diverge)
        with pytest.raises(Diverged, match=f"to try again as it is, delete {job.attempts}"):
            job(lambda *arguments: pytest.fail("it would diverge again"))
        job.attempts.unlink()
        job()

    def test_on_other_data_does_not_count(self, job):
        with pytest.raises(Diverged):
            job(self.diverge)
        job.read.write_text("other data", encoding="utf-8")
        job()
        assert [attempt.outcome for attempt in read_attempts(job.attempts)] == ["diverged", "done"]


def test_files_that_a_job_reads_must_exist(job):
    job.read.unlink()
    with pytest.raises(UserError, match="this job reads it, but it is not there"):
        job(lambda *arguments: pytest.fail("there is nothing to work on"))


@pytest.mark.parametrize("content", [b"ab", b"abcde"], ids=["small", "large"])
def test_files_are_told_apart_by_what_they_hold(tmp_path, monkeypatch, content):
    monkeypatch.setattr(execution, "_LARGE", 3)
    file = tmp_path / "weights"
    file.write_bytes(content)
    before = checksum([file])
    os.utime(file, (1, 1))
    assert checksum([file]) == before
    file.write_bytes(content[::-1])
    assert checksum([file]) != before


def test_a_job_ends_with_the_snakemake_that_started_it(tmp_path):
    """The parent is a program with snakemake in its name, and is killed."""
    child = tmp_path / "child.py"
    child.write_text(
        textwrap.dedent("""
            import pathlib, sys, time
            from xstilts.runtime.attempts import AttemptLog
            from xstilts.runtime import execution
            from xstilts.runtime.signals import StopRequest
            execution._SECONDS_BETWEEN_CHECKS = 0.05
            StopRequest().listen()
            with execution._heartbeat(AttemptLog(pathlib.Path("attempts.json"), "abc", "in")):
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
        assert orphan.is_running() and orphan.status() != psutil.STATUS_ZOMBIE, "it has failed"
        time.sleep(0.02)
    started.kill()
    started.wait()
    gone, alive = psutil.wait_procs([orphan], timeout=20)
    for process in alive:
        process.kill()
    assert gone


def test_what_is_kept_is_put_back_and_not_computed_again(job, tmp_path):
    makes = [tmp_path / "made", tmp_path / "beside"]
    runs = []

    def run(inputs="data"):
        job.read.write_text(inputs, encoding="utf-8")

        def work(stop, inputs, on_progress):
            runs.append(inputs)
            for path in makes:
                path.write_text(f"{path.name} {len(runs)}", encoding="utf-8")

        kept = tmp_path / ".kept" / "abc"
        execute(Execution("abc", [job.read], makes, job.attempts, job.checkpoints, 1, kept), work)
        return [path.read_text(encoding="utf-8") for path in makes]

    assert run() == ["made 1", "beside 1"]
    for path in makes:
        path.unlink()
    assert run() == ["made 1", "beside 1"]
    assert run("other data") == ["made 2", "beside 2"]
    (tmp_path / ".kept" / "abc" / "1").write_text("damaged", encoding="utf-8")
    assert run("other data") == ["made 3", "beside 3"]
