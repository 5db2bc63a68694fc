"""Processes that do a job together: what the job says of how they end, and that none is left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from xstilts.errors import Diverged, UserError
from xstilts.runtime import together as runtime
from xstilts.runtime.execution import ProgressCallback
from xstilts.runtime.signals import Stopped, StopRequest
from xstilts.runtime.together import Member, work_together


def act(folder: Path, acts: tuple[str, ...], member: Member, stop: StopRequest, on_progress: ProgressCallback) -> None:
    """Do what is said of the process: return, wait for ever, raise something, be killed, or wait to be stopped."""
    (folder / f"{member.number}").write_text(str(os.getpid()), encoding="utf-8")
    on_progress("training", member.number + 1, member.count)
    match acts[member.number]:
        case "wait":
            time.sleep(60)
        case "be stopped":
            with stop.deferred():
                (folder / "listens").touch()
                while not stop.reason:
                    time.sleep(0.01)
            raise Stopped(f"{stop.reason}; its state is saved")
        case "be refused":
            raise UserError("the file is missing")
        case "diverge a little later":
            time.sleep(0.3)
            raise Diverged("the loss is nan")
        case "fail":
            raise RuntimeError("Connection closed by peer")
        case "be killed":
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(autouse=True)
def _none_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(runtime, "_SECONDS_TO_FAIL", 60.0)  # on a busy machine processes start one by one
    yield
    for file in tmp_path.glob("[0-9]"):
        assert not psutil.pid_exists(int(file.read_text()))


def together(folder: Path, *acts: str, stop: StopRequest | None = None) -> list[tuple[str, int, int]]:
    told: list[tuple[str, int, int]] = []
    work_together(len(acts), partial(act, folder, acts), stop or StopRequest(), lambda *what: told.append(what))
    return told


def test_the_first_one_s_progress_is_the_job_s(tmp_path: Path) -> None:
    assert together(tmp_path, "return", "return", "return") == [("training", 1, 3)]


@pytest.mark.parametrize(
    ("acts", "error", "said"),
    [
        (("wait", "be refused"), UserError, "^the file is missing$"),
        (("fail", "diverge a little later"), Diverged, "^the loss is nan$"),
        (
            ("fail", "be killed"),
            UserError,
            "^Process 2 of the 2 .* was killed: its exit code is -9",
        ),
        (("wait", "fail", "wait"), RuntimeError, "^Process 2 of the 3 .* has failed: RuntimeError: Connection closed"),
    ],
)
def test_what_tells_most_about_the_cause_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, acts: tuple[str, ...], error: type[Exception], said: str
) -> None:
    if "wait" in acts:
        monkeypatch.setattr(runtime, "_SECONDS_TO_FAIL", 0.5)
    with pytest.raises(error, match=said):
        together(tmp_path, *acts)


def test_a_request_to_stop_is_passed_on_to_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_SECONDS_TO_FAIL", 0.5)
    stop = StopRequest()
    told: list[str] = []

    def tell(what: str, step: int, total: int) -> None:
        while not (tmp_path / "listens").exists():
            time.sleep(0.01)
        stop.reason = "SIGTERM"
        told.append(what)

    with pytest.raises(Stopped, match=r"^SIGTERM.*; its state is saved$"):
        work_together(2, partial(act, tmp_path, ("be stopped", "wait")), stop, tell)
    assert told == ["training"]


def test_they_end_with_the_process_that_has_started_them(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=together, args=(tmp_path, "wait", "wait"))
    process.start()
    files = [tmp_path / "0", tmp_path / "1"]
    while not all(file.is_file() and file.read_text() for file in files):
        time.sleep(0.01)
    members = [psutil.Process(int(file.read_text())) for file in files]
    process.kill()
    process.join()
    _, alive = psutil.wait_procs(members, timeout=20)
    for member in alive:
        member.kill()
    assert not alive


def test_a_request_that_comes_before_the_processes_listen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_SECONDS_TO_FAIL", 0.5)
    stop = StopRequest()
    stop.reason = "SIGTERM asked it to stop"
    with pytest.raises(Stopped, match=r"^SIGTERM asked it to stop"):
        together(tmp_path, "be stopped", "wait", stop=stop)
