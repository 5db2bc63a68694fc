"""A SLURM cluster on this machine: real daemons, two nodes that are both here, and GPUs that are only device files."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn, TextIO

import psutil
import pytest

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "squeue", "scontrol", "scancel")

#: By node, how many GPUs it has. The small one is there to fail without taking everything with it.
NODES = {"large": 4, "small": 1}

#: Where slurm.conf lies: job steps look nowhere else.
SETTINGS = Path("/etc/slurm")

_NAME = "xstilts_tests"
#: The first line of all settings that these tests write.
MARK = "# Written by the tests of XSTILTs, which overwrite it.\n"
_DEVICE = "/dev/xstilts_gpu"
_MUNGE = Path("/run/munge")
_LOCK = Path("/run/xstilts_slurm.lock")

_SLURM_CONF = """\
ClusterName={name}
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=17817
SlurmUser=root
SlurmdUser=root
SlurmctldPidFile={state}/slurmctld.pid
SlurmctldLogFile={state}/slurmctld.log
StateSaveLocation={state}/controller
SlurmdPidFile={state}/slurmd.%n.pid
SlurmdLogFile={state}/slurmd.%n.log
SlurmdSpoolDir={state}/spool.%n
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
AuthInfo=cred_expire=20
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
MpiDefault=none
ReturnToService=1
MinJobAge=3600
KillWait=10
CompleteWait=0
GresTypes=gpu
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
NodeName=large NodeHostname={host} NodeAddr=127.0.0.1 Port=17818 CPUs=8 RealMemory=400000 Gres=gpu:4
NodeName=small NodeHostname={host} NodeAddr=127.0.0.1 Port=17819 CPUs=2 RealMemory=100000 Gres=gpu:1 Weight=9
PartitionName=cpu Nodes=large Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=gpu Nodes=large,small MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=10
PartitionName=urgent Nodes=large MaxTime=INFINITE State=UP PriorityTier=9
"""

_GRES_CONF = """\
NodeName=large Name=gpu File={device}[0-3]
NodeName=small Name=gpu File={device}4
"""


class NoCluster(Exception):
    """This machine cannot run SLURM, and why."""

    def skip(self) -> NoReturn:
        """Skip the tests that need it; in CI they fail."""
        if os.environ.get("XSTILTS_CI"):
            raise self
        pytest.skip(str(self))


@dataclass(frozen=True)
class Job:
    """A job as squeue has it; also one that is over."""

    id: str
    state: str
    node: str
    #: The rule and wildcards that Snakemake gives as comment.
    comment: str


class Slurm:
    """Daemons with a state of their own; whoever starts them stops them."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._started: list[subprocess.Popen[bytes]] = []
        self._controller: subprocess.Popen[bytes] | None = None
        self._lock: TextIO | None = None

    def start(self) -> None:
        """Write the settings, start the daemons, wait until the nodes take jobs; first, for other runs of these tests.

        Raises:
            NoCluster: where programs or rights are missing, or where SLURM is set up for something else.
        """
        missing = [program for program in PROGRAMS if shutil.which(program) is None]
        if missing:
            raise NoCluster(f"there is no {', '.join(missing)} (Debian: apt-get install slurm-wlm munge)")
        if os.geteuid() != 0:
            raise NoCluster("SLURM's daemons and settings need root")
        self._lock = _LOCK.open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        settings = SETTINGS / "slurm.conf"
        if settings.exists() and not settings.read_text(encoding="utf-8").startswith(MARK):
            raise NoCluster(f"{settings} is not these tests': this machine belongs to a cluster")
        try:
            self._launch()
        except (OSError, TimeoutError) as error:
            self.stop()
            raise NoCluster(f"SLURM does not start here: {error}") from error

    def _launch(self) -> None:
        for number in range(sum(NODES.values())):
            device = Path(f"{_DEVICE}{number}")
            if not device.exists():
                os.mknod(device, 0o020666, os.makedev(1, 3))  # /dev/null under another name
        (self._state / "controller").mkdir(parents=True)
        settings = _SLURM_CONF.format(name=_NAME, host=socket.gethostname(), state=self._state)
        (SETTINGS / "slurm.conf").write_text(MARK + settings, encoding="utf-8")
        (SETTINGS / "gres.conf").write_text(MARK + _GRES_CONF.format(device=_DEVICE), encoding="utf-8")
        self._munge()
        self._controller = self._daemon("slurmctld", "-D", "-i")
        for node in NODES:
            self._daemon("slurmd", "-D", "-N", node)
        self._wait_for_nodes()

    def stop(self) -> None:
        """End jobs and daemons, and take away what :meth:`start` put down; only after a start."""
        subprocess.run(["scancel", f"--user={os.geteuid()}"], capture_output=True)
        with suppress(TimeoutError, subprocess.CalledProcessError):
            self.wait(lambda: not self.call("squeue", "--noheader"), 15, "the jobs to end")
        for process in psutil.process_iter():  # without cgroups, SLURM loses sight of some that it should have killed
            with suppress(psutil.Error):
                if process.environ().get("SLURM_CLUSTER_NAME") == _NAME:
                    process.kill()
        for daemon in reversed(list(self._started)):
            self._end(daemon)
        for name in ("slurm.conf", "gres.conf"):
            (SETTINGS / name).unlink(missing_ok=True)
        for number in range(sum(NODES.values())):
            Path(f"{_DEVICE}{number}").unlink(missing_ok=True)
        if self._lock:
            self._lock.close()

    def _munge(self) -> None:
        """Start munged, unless one is running."""
        if subprocess.run(["munge", "-n"], capture_output=True).returncode == 0:
            return
        _MUNGE.mkdir(exist_ok=True)
        shutil.chown(_MUNGE, "munge", "munge")
        self._daemon("runuser", "-u", "munge", "--", "munged", "--foreground")
        self.wait(lambda: subprocess.run(["munge", "-n"], capture_output=True).returncode == 0, 20, "munged")

    def _daemon(self, *command: str) -> subprocess.Popen[bytes]:
        with (self._state / f"{Path(command[0]).name}.{command[-1]}.out").open("wb") as output:
            self._started.append(subprocess.Popen(command, stdout=output, stderr=output))
        return self._started[-1]

    def _end(self, daemon: subprocess.Popen[bytes]) -> None:
        self._started.remove(daemon)
        daemon.terminate()
        try:
            daemon.wait(20)
        except subprocess.TimeoutExpired:
            daemon.kill()

    @contextmanager
    def daemon(self, *command: str) -> Iterator[None]:
        """A further daemon, for a while."""
        daemon = self._daemon(*command)
        try:
            yield
        finally:
            self._end(daemon)

    def _wait_for_nodes(self) -> None:
        self.wait(lambda: self.nodes() == dict.fromkeys(NODES, "idle"), 60, "the nodes to be idle")

    def wait(self, happened: Callable[[], bool], seconds: float, what: str) -> None:
        """Look every half second.

        Raises:
            TimeoutError: if it has not happened in time, with the ends of the daemons' logs.
        """
        end = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > end:
                logs = (path.read_text(errors="replace")[-1500:] for path in sorted(self._state.glob("slurm*.log")))
                raise TimeoutError(f"waited {seconds} s in vain for {what}\n" + "\n".join(logs))
            time.sleep(0.5)

    def call(self, *command: str) -> str:
        """What one of SLURM's programs prints."""
        return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout

    @contextmanager
    def configured(self, changes: dict[str, str]) -> Iterator[None]:
        """Other texts in place of some of slurm.conf, for a while; what scontrol has changed is as it was."""
        with _edited(changes, lambda: self.call("scontrol", "reconfigure")):
            yield

    @contextmanager
    def restarted(self, changes: dict[str, str]) -> Iterator[None]:
        """As :meth:`configured`, for what the controller reads when it starts; nothing may be running."""
        with _edited(changes, self._restart):
            yield

    def _restart(self) -> None:
        assert self._controller is not None
        self._end(self._controller)
        self._controller = self._daemon("slurmctld", "-D")
        self._wait_for_nodes()

    def nodes(self) -> dict[str, str]:
        """By node, its state as sinfo has it."""
        found = subprocess.run(["sinfo", "-hN", "-o", "%N|%t"], capture_output=True, text=True).stdout
        return dict(line.split("|") for line in found.split())

    def jobs(self) -> list[Job]:
        """All jobs that there have been, in the order of their ids."""
        found = self.call("squeue", "--noheader", "--states=all", "--sort=i", "--format=%A|%T|%N|%k")
        return [Job(*line.split("|", 3)) for line in found.splitlines()]

    def state_of(self, job: str) -> str:
        """The state of a job, also of one that is over."""
        return next((found.state for found in self.jobs() if found.id == job), "")

    def has_run(self, job: Job) -> float:
        """For how many seconds a job has been running."""
        started = datetime.fromisoformat(self.call("squeue", "--noheader", f"--jobs={job.id}", "--format=%S").strip())
        return (datetime.now() - started).total_seconds()

    def running(self, rule: str) -> list[Job]:
        """The jobs of a rule that are running."""
        return [job for job in self.jobs() if job.state == "RUNNING" and job.comment.startswith(f"rule_{rule}")]


@contextmanager
def _edited(changes: dict[str, str], then: Callable[[], object]) -> Iterator[None]:
    """Other texts in place of some of slurm.conf, for a while; after each change something is to be done."""
    path = SETTINGS / "slurm.conf"
    before = path.read_text(encoding="utf-8")
    changed = before
    for text, other in changes.items():
        assert text in changed, text
        changed = changed.replace(text, other)
    try:
        path.write_text(changed, encoding="utf-8")
        then()
        yield
    finally:
        path.write_text(before, encoding="utf-8")
        then()
