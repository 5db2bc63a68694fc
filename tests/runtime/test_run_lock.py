"""A run belongs to one process at a time, and to nobody when that has died."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from xstilts.runtime.run_lock import hold_run_lock

CONTEXT = multiprocessing.get_context("fork")


def hold(lock: Path, held: Event, free: Event) -> None:
    with hold_run_lock(lock, "run a"):
        held.set()
        free.wait()


def take_turns(lock: Path, record: Path, times: int) -> None:
    for _ in range(times):
        with hold_run_lock(lock, "run a"):
            with record.open("a", encoding="utf-8") as file:
                file.write(f"in {os.getpid()}\n")
            time.sleep(0.001)
            with record.open("a", encoding="utf-8") as file:
                file.write(f"out {os.getpid()}\n")


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr("xstilts.runtime.run_lock._SECONDS_BETWEEN_TRIES", 0.005)


def test_nobody_has_to_wait_for_a_free_run(tmp_path):
    for _ in range(2):
        with hold_run_lock(tmp_path / "locks" / "a.lock", "run a") as waited:
            assert not waited
    assert not (tmp_path / "locks").exists()


@pytest.mark.parametrize("ending", ["well", "killed"])
def test_a_second_process_waits_for_the_first_to_end(tmp_path, capsys, ending):
    lock, held, free = tmp_path / "a.lock", CONTEXT.Event(), CONTEXT.Event()
    first = CONTEXT.Process(target=hold, args=(lock, held, free))
    first.start()
    held.wait()
    began = time.monotonic()

    def end() -> None:
        time.sleep(0.2)
        free.set() if ending == "well" else os.kill(first.pid, signal.SIGKILL)

    CONTEXT.Process(target=end).start()
    with hold_run_lock(lock, "run a") as waited:
        assert waited and time.monotonic() - began > 0.15
    assert "Another process is working on run a" in capsys.readouterr().out
    first.join()


def test_never_two_at_once(tmp_path):
    """Although each deletes the lock file that others may have opened."""
    lock, record = tmp_path / "a.lock", tmp_path / "record"
    processes = [CONTEXT.Process(target=take_turns, args=(lock, record, 20)) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    lines = record.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2 * 6 * 20
    for entered, left in zip(lines[::2], lines[1::2], strict=True):
        assert (entered.split()[0], left.split()[0]) == ("in", "out")
        assert entered.split()[1] == left.split()[1]
