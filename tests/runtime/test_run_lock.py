"""The lock of a run: one holder at a time, freed when its holder is killed, deleted afterwards."""

from __future__ import annotations

import fcntl
import logging
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


def test_a_free_run_is_locked_at_once(tmp_path):
    for _ in range(2):
        with hold_run_lock(tmp_path / "locks" / "a.lock", "run a") as waited:
            assert not waited
    assert not (tmp_path / "locks").exists()


@pytest.mark.parametrize("ending", ["well", "killed"])
def test_a_second_process_waits_for_the_first_to_end(tmp_path, caplog, ending):
    caplog.set_level(logging.INFO, "xstilts")
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
    assert "Another process is working on run a" in caplog.text
    first.join()


def test_never_two_at_once(tmp_path):
    """Each process deletes the lock file, which others may have opened by then."""
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


def test_a_lock_file_that_its_holder_deletes_as_it_ends_is_made_again(tmp_path, monkeypatch):
    """Between opening the file and locking it, the process that had it may have deleted it: a third makes a new one."""
    lock, flock, calls = tmp_path / "a.lock", fcntl.flock, []

    def deleted_meanwhile(handle: int, operation: int) -> None:
        calls.append(handle)
        if len(calls) == 1:
            lock.unlink()
        flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", deleted_meanwhile)
    with hold_run_lock(lock, "run a"):
        assert len(calls) == 2 and lock.is_file()


def test_a_file_system_without_locks_locks_nothing(tmp_path, monkeypatch):
    def no_locks(handle: int, operation: int) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with hold_run_lock(tmp_path / "locks" / "a.lock", "run a") as waited:
        assert not waited
    assert not (tmp_path / "locks").exists()


def test_a_folder_that_another_process_deletes_meanwhile_is_made_again(tmp_path, monkeypatch):
    """Path.mkdir looks whether there is a folder after it could not make one; it may be gone by then."""
    mkdir, calls = Path.mkdir, []

    def gone_meanwhile(self, *arguments, **options):
        calls.append(self)
        if len(calls) == 1:
            raise FileExistsError(self)
        mkdir(self, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", gone_meanwhile)
    with hold_run_lock(tmp_path / "folder" / "run.lock", "a run") as waited:
        assert waited and len(calls) == 2


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path):
    (tmp_path / "folder").touch()
    with pytest.raises(FileExistsError), hold_run_lock(tmp_path / "folder" / "run.lock", "a run"):
        pass
