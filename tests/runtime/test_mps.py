"""Jobs that share a GPU by CUDA's MPS, with a program in place of its daemon: it is started once, and costs no job."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from xstilts.runtime import gpu_leases, mps
from xstilts.runtime.gpu_leases import lease_gpu
from xstilts.runtime.gpus import GpuDevice

UUID = "GPU-11a2b3c4-0000-1111-2222-333344445555"

PROBE = mps._PROBE

#: Answers once its daemon, which has the same standard output, has noted its process; counts the starts by GPU.
CONTROL = """#!/bin/sh
pid="$CUDA_MPS_PIPE_DIRECTORY/pid"
if [ "$1" = -d ]; then
    echo "$CUDA_VISIBLE_DEVICES" >> "$STARTS"
    sleep 300 &
    echo $! > "$pid"
elif [ -f "$pid" ]; then
    read -r question
    test "$question" = get_server_list
else
    echo "Cannot find MPS control daemon process" >&2
    exit 1
fi
"""


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine with one GPU and MPS. Returns the control program."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, content in (("nvidia-smi", f"#!/bin/sh\necho '0, {UUID}, Tesla T4'\n"), (mps.PROGRAM, CONTROL)):
        (programs / name).write_text(content, encoding="utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("STARTS", str(tmp_path / "starts"))
    monkeypatch.setenv(gpu_leases.LOCKS, str(tmp_path / "locks"))
    for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "SLURM_JOB_ID", mps.PIPES, mps.LOGS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(mps, "_PROBE", "")
    yield programs / mps.PROGRAM
    for pid in (tmp_path / "locks").glob("mps-*/*/pid"):
        os.kill(int(pid.read_text(encoding="utf-8")), signal.SIGKILL)


def starts(folder: Path) -> list[str]:
    """The GPU that each daemon was started with."""
    path = folder / "starts"
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def test_jobs_that_share_a_gpu_are_clients_of_one_daemon(tmp_path: Path) -> None:
    """None of them waits for the daemon to end."""
    before = dict(os.environ)
    for _ in range(2):
        with lease_gpu(2, use_mps=True) as device:
            folder = Path(os.environ[mps.PIPES])
            assert (device, os.environ["CUDA_VISIBLE_DEVICES"]) == ("0", UUID)
            assert folder == tmp_path / "locks" / f"mps-{os.getuid()}" / UUID
            assert Path(os.environ[mps.LOGS]).is_dir() and folder.parent.stat().st_mode & 0o777 == 0o700
        assert dict(os.environ) == before
    assert starts(tmp_path) == [UUID]


def test_a_daemon_that_has_ended_is_started_again(tmp_path: Path) -> None:
    with lease_gpu(2, use_mps=True):
        noted = Path(os.environ[mps.PIPES]) / "pid"
    os.kill(int(noted.read_text(encoding="utf-8")), signal.SIGKILL)
    noted.unlink()
    with lease_gpu(2, use_mps=True):
        assert mps.PIPES in os.environ
    assert starts(tmp_path) == [UUID, UUID]


def test_jobs_that_begin_at_once_start_one_daemon(tmp_path: Path) -> None:
    code = "from xstilts.runtime.gpu_leases import lease_gpu as lease\nwith lease(4, use_mps=True): pass"
    code = f"from xstilts.runtime import mps\nmps._PROBE = ''\n{code}"
    jobs = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [job.wait(timeout=60) for job in jobs] == [0] * 4
    assert starts(tmp_path) == [UUID]


@pytest.mark.parametrize(("slots", "use_mps"), [(1, True), (2, False)])
def test_nothing_is_started_for_jobs_that_do_not_share_or_ask(tmp_path: Path, slots: int, use_mps: bool) -> None:
    with lease_gpu(slots, use_mps=use_mps):
        assert mps.PIPES not in os.environ and os.environ["CUDA_VISIBLE_DEVICES"] == "0"
    assert not starts(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("echo 'MPS is not for this GPU' >&2; exit 1", "MPS is not for this GPU"),
        ("exit 3", "exit status 3"),
        (CONTROL.replace("sleep 300 &", "exit 0"), "Cannot find MPS control daemon process"),
    ],
)
def test_without_a_daemon_jobs_share_the_gpu_all_the_same(
    machine: Path, content: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    machine.write_text(content if content.startswith("#!") else f"#!/bin/sh\n{content}\n", encoding="utf-8")
    with lease_gpu(2, use_mps=True) as device:
        assert device == os.environ["CUDA_VISIBLE_DEVICES"] == "0" and mps.PIPES not in os.environ
    (warning,) = (record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)
    assert warning.startswith(f"compute.mps: jobs share GPU 0 without MPS, which does not work here: {said}")
    assert "logs are in" in warning


def test_a_daemon_that_cannot_serve_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(mps, "_PROBE", "raise SystemExit('CUDA\\'s error 805')")
    with lease_gpu(2, use_mps=True):
        assert mps.PIPES not in os.environ
    assert "without MPS, which does not work here: CUDA's error 805 (logs are in" in caplog.text


def test_without_the_program(machine: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    machine.unlink()
    monkeypatch.setenv("PATH", str(machine.parent))
    with caplog.at_level(logging.INFO), lease_gpu(2, use_mps=True):
        assert mps.PIPES not in os.environ
    assert "there is no nvidia-cuda-mps-control, so jobs share GPU 0 without it" in caplog.text


def test_another_users_folder_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / f"mps-{os.getuid()}").mkdir(mode=0o777)
    (tmp_path / "locks" / f"mps-{os.getuid()}").chmod(0o777)
    with lease_gpu(2, use_mps=True):
        assert mps.PIPES not in os.environ
    assert "is not this user's alone; delete it" in caplog.text and not starts(tmp_path)


def test_a_daemon_of_the_users_own_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(mps.PIPES, str(tmp_path / "pipes"))
    with lease_gpu(2, use_mps=True):
        assert os.environ[mps.PIPES] == str(tmp_path / "pipes") and os.environ["CUDA_VISIBLE_DEVICES"] == "0"
    assert mps.environment(GpuDevice("0", UUID), tmp_path) == {} and not starts(tmp_path)


def test_the_probe_says_what_is_wrong_with_cuda() -> None:
    probe = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True)
    assert not probe.returncode or "libcuda.so.1" in probe.stderr or "CUDA's error" in probe.stderr
