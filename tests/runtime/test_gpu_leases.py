"""Leases of GPUs: no GPU has more jobs than allowed, whether jobs end well or are killed."""

from __future__ import annotations

import logging
import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from configs import own

import xstilts
from xstilts import cli
from xstilts.atomic import write_json
from xstilts.config.study import load, store
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.jobs.execution import _jobs_per_gpu
from xstilts.runtime import gpu_leases as leases
from xstilts.runtime.attempts import read_attempts
from xstilts.runtime.gpu_leases import lease_gpu
from xstilts.runtime.gpus import visible_gpus

UUIDS = [f"GPU-{number}1a2b3c4-0000-1111-2222-333344445555" for number in range(4)]
MIG = "MIG-0d1e2f30-aaaa-bbbb-cccc-000011112222"

#: Holds a GPU for some seconds, and records the times while it holds it, so that overlaps are real ones.
JOB = """
import os, sys, time
from xstilts.runtime.gpu_leases import lease_gpu
assert "torch" not in sys.modules
log, slots, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
def note(what):
    line = f"{what} {os.getpid()} {os.environ.get('CUDA_VISIBLE_DEVICES', '-')} {time.monotonic()}\\n"
    with open(log, "a") as file:
        file.write(line)
note("asks")
with lease_gpu(slots, every=0.05):
    note("has")
    time.sleep(seconds)
    note("had")
"""


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with four GPUs, and none of the environment variables that concern GPUs. Returns its nvidia-smi."""
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    lines = "".join(f"{index}, {uuid}\\n" for index, uuid in enumerate(UUIDS))
    program.write_text(f"#!/bin/sh\nprintf '{lines}'\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv(leases.LOCKS, str(tmp_path / "locks"))
    for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    return program


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    started = Jobs(tmp_path / "log")
    yield started
    for job in started.running:
        job.kill()
        job.wait()


class Jobs:
    """Starts and kills processes that lease GPUs."""

    def __init__(self, log: Path) -> None:
        self.log, self.running, self.killed = log, list[subprocess.Popen[bytes]](), dict[int, float]()

    def start(self, slots: int = 1, seconds: float = 60.0, **environment: str) -> subprocess.Popen[bytes]:
        path = str(Path(xstilts.__file__).parents[1])
        command = [sys.executable, "-c", JOB, str(self.log), str(slots), str(seconds)]
        job = subprocess.Popen(
            command, env={**os.environ, "PYTHONPATH": path, **environment}, stdout=subprocess.DEVNULL
        )
        self.running.append(job)
        return job

    def kill(self, job: subprocess.Popen[bytes]) -> None:
        self.killed[job.pid] = time.monotonic()
        os.kill(job.pid, signal.SIGKILL)

    def holders(self) -> dict[int, str]:
        """Return the device that each process has leased, by process id."""
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        return {int(pid): device for what, pid, device, _ in map(str.split, lines) if what == "has"}

    def wait_until_asked(self, job: subprocess.Popen[bytes]) -> None:
        """Wait until a process is about to ask for a device: importing Python's modules takes a while."""
        until = time.monotonic() + 15
        while f"asks {job.pid} " not in self.log.read_text(encoding="utf-8"):
            assert time.monotonic() < until, "the process has not asked for a GPU"
            time.sleep(0.02)

    def wait_for(self, count: int) -> dict[int, str]:
        """Wait until so many processes have leased a device."""
        until = time.monotonic() + 15
        while len(self.holders()) < count:
            assert time.monotonic() < until, f"only {self.holders()} have a GPU"
            time.sleep(0.02)
        return self.holders()

    def most(self) -> dict[str, int]:
        """Return the largest number of processes that had each device at the same time."""
        events = []
        lines = [line.split() for line in self.log.read_text(encoding="utf-8").splitlines()]
        ends = {int(pid): float(when) for what, pid, _, when in lines if what == "had"}
        for what, pid, device, when in lines:
            if what == "has":
                end = ends.get(int(pid), self.killed.get(int(pid)))
                assert end is not None
                events += [(float(when), 1, device), (max(float(when), end), -1, device)]
        now, most = Counter[str](), Counter[str]()
        for _, change, device in sorted(events):
            now[device] += change
            most[device] = max(most[device], now[device])
        return dict(most)


@pytest.mark.parametrize("slots", [1, 2])
def test_many_jobs_some_of_which_are_killed(jobs, slots):
    chance = random.Random(slots)
    started = [jobs.start(slots, seconds=chance.uniform(0.05, 0.3)) for _ in range(26)]
    doomed = chance.sample(started, 8)
    for job in doomed:
        time.sleep(chance.uniform(0, 0.2))
        if job.poll() is None:
            jobs.kill(job)
    codes = [job.wait(timeout=30) for job in started]
    assert all(code == 0 or job.pid in jobs.killed for job, code in zip(started, codes, strict=True))
    had = jobs.holders()
    assert {job.pid for job in started if job not in doomed} <= set(had), "every job gets a GPU"
    assert set(had.values()) == {"0", "1", "2", "3"}
    assert max(jobs.most().values()) <= slots


def test_devices_are_shared_only_where_none_is_free(jobs):
    for _ in range(4):
        jobs.start(slots=2)
    assert sorted(jobs.wait_for(4).values()) == ["0", "1", "2", "3"]
    for _ in range(4):
        jobs.start(slots=2)
    assert set(Counter(jobs.wait_for(8).values()).values()) == {2}


def test_the_next_job_goes_where_the_fewest_are(jobs, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    for count in range(1, 5):
        jobs.start(slots=2)
        had = jobs.wait_for(count)
    first, *others = (job for job in jobs.running if had[job.pid] == "0")
    for job in jobs.running:
        if job is first or had[job.pid] == "1":
            jobs.kill(job)
            job.wait()
    assert len(others) == 1, "the first file of device 0 is free again, but not its second"
    with lease_gpu(2) as device:
        assert device == "1"


def test_a_job_that_wants_a_gpu_to_itself_does_not_join_those_that_share_one(jobs):
    first = jobs.start(slots=2, CUDA_VISIBLE_DEVICES="0")
    jobs.wait_for(1)
    second = jobs.start(slots=2, CUDA_VISIBLE_DEVICES="0")
    jobs.wait_for(2)
    jobs.kill(first)
    first.wait()
    alone = jobs.start(slots=1, seconds=0.0, CUDA_VISIBLE_DEVICES="0")  # the first slot is free, the second is not
    jobs.wait_until_asked(alone)
    time.sleep(0.5)
    assert alone.poll() is None
    jobs.kill(second)
    assert alone.wait(timeout=15) == 0


def test_a_lease_shows_its_device_and_no_other(caplog):
    caplog.set_level(logging.INFO, "xstilts")
    with lease_gpu(1) as device:
        assert device == os.environ["CUDA_VISIBLE_DEVICES"] == "0"
        assert os.environ["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert "CUDA_VISIBLE_DEVICES" not in os.environ and "CUDA_DEVICE_ORDER" not in os.environ
    assert caplog.messages == ["On GPU 0, one of 4."]


def test_a_job_that_uses_several_takes_all_of_them_at_once(jobs, caplog):
    caplog.set_level(logging.INFO, "xstilts")
    holder = jobs.start(seconds=0.5, CUDA_VISIBLE_DEVICES="0")
    jobs.wait_for(1)
    with lease_gpu(1, count=3) as devices:
        assert devices == os.environ["CUDA_VISIBLE_DEVICES"] == "1,2,3"
        other = jobs.start(seconds=0.0, CUDA_VISIBLE_DEVICES="3")
        jobs.wait_until_asked(other)
        assert holder.wait() == 0
        assert other.poll() is None
    assert other.wait(timeout=15) == 0
    assert caplog.messages[0] == "On GPU 1,2,3, of 4."


def test_a_job_that_finds_too_few_free_takes_none(jobs, caplog):
    caplog.set_level(logging.INFO, "xstilts")
    holder = jobs.start(seconds=1.0, CUDA_VISIBLE_DEVICES="0")
    jobs.wait_for(1)
    with ThreadPoolExecutor(1) as waiting:
        ends = waiting.submit(_leased, 4)
        while not caplog.messages:
            time.sleep(0.01)
        other = jobs.start(seconds=0.0, CUDA_VISIBLE_DEVICES="1")
        assert other.wait(timeout=15) == 0, "GPU 1 is free while the job waits for all four"
        assert holder.poll() is None
        assert ends.result(timeout=15) == "0,1,2,3"
    assert caplog.messages[0] == "Waiting for 4 of 4 GPUs, for 0 min so far."


def _leased(count: int) -> str:
    with lease_gpu(1, every=0.05, count=count) as devices:
        return devices


@pytest.mark.parametrize(
    ("visible", "said"),
    [
        ("0,2", "may use 2 here: 0, 2. Give"),
        (f"0,{MIG},{MIG}x", "may use 1 here: 0, and 2 MIG slices, which cannot"),
    ],
)
def test_more_gpus_than_there_are(monkeypatch, visible, said):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with pytest.raises(UserError, match=said), lease_gpu(1, count=3):
        pass


def test_slurm_has_assigned_several(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,2")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    with lease_gpu(1, count=2) as devices:
        assert devices == "0,2"


@pytest.mark.parametrize("fails", [False, True])
def test_a_lease_ends_with_its_block(monkeypatch, fails):
    """In the same process, which goes on living; nothing here depends on who runs the tests."""

    def wait(seconds):
        pytest.fail("the device of the lease before is not free")

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setattr(leases, "time", SimpleNamespace(monotonic=time.monotonic, sleep=wait))
    for _ in range(3):
        with suppress(ZeroDivisionError), lease_gpu(1) as device:
            assert device == "3"
            if fails:
                _ = 1 / 0


def test_waiting_is_logged(jobs, monkeypatch, caplog):
    caplog.set_level(logging.INFO, "xstilts")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    holder = jobs.start(seconds=0.5)
    jobs.wait_for(1)
    with lease_gpu(1, every=0.05):
        assert holder.wait() == 0
    assert caplog.messages == ["Waiting for 1 GPU, all taken, for 0 min so far.", "On GPU 3."]


@pytest.mark.parametrize("entry", ["2", UUIDS[2], UUIDS[2][:8]])
def test_a_device_is_the_same_by_any_name(jobs, monkeypatch, entry):
    jobs.start(CUDA_VISIBLE_DEVICES=entry)
    jobs.wait_for(1)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", f"2, {UUIDS[3]}")
    with lease_gpu(1) as device:
        assert device == UUIDS[3]


@pytest.mark.parametrize(
    ("asked", "entries"),
    [
        ("1,3", ["1", "3"]),
        ("3,1,3", ["3", "1"]),
        (f"1,{UUIDS[1]}", ["1"]),
        (f"{MIG},MIG-GPU-5/7/0", [MIG, "MIG-GPU-5/7/0"]),
        ("2,-1,0", ["2"]),
        ("NoDevFiles", []),
        ("", []),
        ("-1", []),
    ],
)
def test_visible_devices(monkeypatch, asked, entries):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", asked)
    assert [gpu.entry for gpu in visible_gpus()] == entries
    assert not any("/" in gpu.name for gpu in visible_gpus())


@pytest.mark.parametrize("asked", ["4", "GPU-9"])
def test_a_device_that_does_not_exist(monkeypatch, asked):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", asked)
    with pytest.raises(UserError, match=rf"CUDA_VISIBLE_DEVICES: '{asked}' .* It has 0 \({UUIDS[0]}\), 1"):
        visible_gpus()


def test_mig_slices_are_devices(jobs, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", f"{MIG},{MIG}x")
    jobs.start()
    jobs.wait_for(1)
    with lease_gpu(1) as device:
        assert device == f"{MIG}x"


@pytest.mark.parametrize("content", [None, "exit 9", "echo 'No devices were found'", "echo oops >&2; exit 1"])
def test_without_a_gpu_there_is_nothing_to_lease(machine, tmp_path, monkeypatch, content):
    if content is None:
        machine.unlink()
        monkeypatch.setenv("PATH", str(machine.parent))
    else:
        machine.write_text(f"#!/bin/sh\n{content}\n", encoding="utf-8")
    for asked in (None, "0"):
        if asked:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", asked)
        with lease_gpu(1) as first, lease_gpu(1) as second:
            assert first == second == ""
            assert os.environ.get("CUDA_VISIBLE_DEVICES") == asked
    assert not (tmp_path / "locks").exists()


def test_a_single_device_from_slurm_is_not_leased(jobs, monkeypatch, tmp_path):
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    with lease_gpu(1) as first, lease_gpu(1) as second:
        assert first == second == os.environ["CUDA_VISIBLE_DEVICES"] == "2"
    assert not (tmp_path / "locks").exists()


def test_jobs_share_an_allocation_of_several_devices(jobs):
    allocation = {"SLURM_JOB_ID": "17", "CUDA_VISIBLE_DEVICES": "1,2"}
    for _ in range(2):
        jobs.start(**allocation)
    assert sorted(jobs.wait_for(2).values()) == ["1", "2"]
    third = jobs.start(**allocation, seconds=0.0)
    other = jobs.start(SLURM_JOB_ID="18", CUDA_VISIBLE_DEVICES="1,2", seconds=0.0)
    assert other.wait(timeout=15) == 0
    assert third.poll() is None


def test_locks_are_for_all_users_and_follow_no_links(tmp_path):
    mask = os.umask(0o077)
    try:
        with lease_gpu(1):
            pass
    finally:
        os.umask(mask)
    folder = tmp_path / "locks"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o1777
    assert [(file.name, stat.S_IMODE(file.stat().st_mode)) for file in sorted(folder.iterdir())] == [
        (f"{uuid}.0", 0o644) for uuid in UUIDS
    ]
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    (folder / f"{UUIDS[0]}.0").unlink()
    (folder / f"{UUIDS[0]}.0").symlink_to(victim)
    with pytest.raises(UserError, match="this lock of a GPU cannot be used"), lease_gpu(1):
        pass
    assert victim.read_text(encoding="utf-8") == "mine"


def test_a_folder_that_cannot_be_used(tmp_path, monkeypatch):
    (tmp_path / "locks").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="XSTILTS_GPU_LOCKS"), lease_gpu(1):
        pass
    monkeypatch.setenv(leases.LOCKS, str(tmp_path / "not" / "there"))
    with pytest.raises(UserError, match="cannot be used"), lease_gpu(1):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="two users lease one GPU, and only root can start processes of two users")
def test_another_users_lock_holds(jobs, tmp_path):
    """Also where Linux protects other users' files in sticky folders."""
    with lease_gpu(1):
        pass
    for file in [tmp_path / "locks", *(tmp_path / "locks").iterdir()]:
        os.chown(file, 65534, 65534)
    jobs.start()
    assert list(jobs.wait_for(1).values()) == ["0"]
    with lease_gpu(1) as device:
        assert device == "1"


def test_the_models_of_gpus_are_known_where_nvidia_smi_tells(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.write_text(f"#!/bin/sh\nprintf '0, {UUIDS[0]}, Tesla T4\\n1, {UUIDS[1]}\\n'\n", encoding="utf-8")
    assert [gpu.model for gpu in visible_gpus()] == ["Tesla T4", ""]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", f"{UUIDS[0]},{MIG}")
    assert [gpu.model for gpu in visible_gpus()] == ["Tesla T4", ""]


@pytest.mark.parametrize(
    ("environment", "jobs", "said"),
    [
        ({}, 4, "compute.jobs_per_gpu is auto: 4 jobs on each T4"),
        ({"CUDA_VISIBLE_DEVICES": ""}, 1, ""),
        ({"CUDA_VISIBLE_DEVICES": "0", "SLURM_JOB_ID": "17"}, 1, ""),
    ],
)
def test_auto_goes_by_the_gpus_of_the_machine(
    machine: Path,
    environment: dict[str, str],
    jobs: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    machine.write_text(f"#!/bin/sh\nprintf '0, {UUIDS[0]}, Tesla T4\\n'\n", encoding="utf-8")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with caplog.at_level("INFO"):
        assert _jobs_per_gpu(Runs(load(own(compute={"jobs_per_gpu": "auto"})))) == jobs
    assert caplog.text.strip() == "" if not said else said in caplog.text


@pytest.mark.parametrize(
    "command",
    [
        "pretrain --model tiny",
        "intermediate --model tiny --arm mnli --seed 1",
        "finetune --model tiny --arm none --training-set xnli --seed 1",
    ],
)
def test_trainings_of_a_model_with_several_gpus_have_all_of_them(tmp_path, monkeypatch, command):
    """Also where the study lets other jobs share GPUs; a process works on each, with its part of the threads."""
    worked = []

    def work_together(count: int, part: partial[None], *_: object) -> None:
        with pytest.raises(UserError, match="may use 3 here"), lease_gpu(2, count=4):
            pass
        worked.append((count, os.environ["CUDA_VISIBLE_DEVICES"], part.args[3]))

    monkeypatch.setattr("xstilts.jobs.execution.work_together", work_together)
    monkeypatch.setattr("xstilts.runtime.execution.checksum", lambda files: "in")
    study = own(compute={"jobs_per_gpu": 2})
    study["models"]["tiny"]["gpus"] = 3
    store(load(study), tmp_path / "study.json")
    monkeypatch.chdir(tmp_path)
    given = ["xstilts", *command.split(), "--study", str(tmp_path / "study.json"), "--threads", "6"]
    monkeypatch.setattr(sys, "argv", given)
    with pytest.raises(SystemExit) as done:
        cli.main()
    assert not done.value.code
    assert worked == [(3, "0,1,2", 2)]
    (log,) = (tmp_path / "results/trial").glob("attempts/**/*.json")
    assert read_attempts(log)[-1].devices == "0,1,2"


@pytest.mark.parametrize(
    ("module", "command"),
    [
        ("training", "pretrain --model tiny"),
        ("training", "intermediate --model tiny --arm mnli --seed 1"),
        ("training", "finetune --model tiny --arm none --training-set xnli --seed 1"),
        ("retrieval", "retrieve --model tiny --arm none --seed 1"),
        ("similarity", "similarity"),
    ],
)
def test_jobs_that_use_a_gpu_have_one(tmp_path, monkeypatch, module, command):
    """A job leases a GPU with the config's slots, before torch is imported, and records it in its attempt."""
    taken = []

    def job(*_arguments: object) -> None:
        with lease_gpu(2) as device:  # two jobs may share what this one has
            taken.append((os.environ["CUDA_VISIBLE_DEVICES"], device))
        for encoder in ("pretrained", "mnli/seed1"):
            write_json(Path("results/trial/encoders/tiny", encoder, "record.json"), {})

    shared_by_mps = []
    monkeypatch.setattr(leases.mps, "environment", lambda gpu, locks: shared_by_mps.append(gpu.entry) or {})
    store(load(own(compute={"jobs_per_gpu": 2, "mps": "auto"})), tmp_path / "study.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("xstilts.runtime.execution.checksum", lambda files: "in")
    stands_in = SimpleNamespace(**{command.split()[0]: job})
    monkeypatch.setitem(sys.modules, f"xstilts.jobs.{module}", stands_in)
    monkeypatch.setattr(f"xstilts.jobs.{module}", stands_in, raising=False)
    monkeypatch.setattr(sys, "argv", ["xstilts", *command.split(), "--study", str(tmp_path / "study.json")])
    with pytest.raises(SystemExit) as done:
        cli.main()
    assert not done.value.code
    assert taken == [("0", "0")] and shared_by_mps == ["0"]
    logs = [read_attempts(path) for path in (tmp_path / "results/trial").glob("attempts/**/*.json")]
    assert [attempt.devices for attempts in logs for attempt in attempts] == ["0"] * (module != "similarity")
