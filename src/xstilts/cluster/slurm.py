"""What a cluster has and allows, as SLURM's programs say."""

from __future__ import annotations

import getpass
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from xstilts.cluster import parsing
from xstilts.cluster.parsing import Association, Node, Partition
from xstilts.errors import UserError

_SECONDS = 60  # that a program of SLURM may take to answer


@dataclass(frozen=True)
class Cluster:
    """A cluster with SLURM.

    Attributes:
        settings: What ``scontrol show config`` prints.
        partitions: By name.
        nodes: Each once for each of its partitions.
        associations: The accounts of this user; None where SLURM keeps no accounts.
        qos_minutes: By quality of service, the most minutes of a job.
    """

    settings: dict[str, str]
    partitions: dict[str, Partition]
    nodes: tuple[Node, ...]
    associations: tuple[Association, ...] | None = None
    qos_minutes: dict[str, float] | None = None

    @property
    def min_job_age(self) -> int | None:
        """For how many seconds SLURM remembers a job that is over; None if it does not say."""
        found = re.match(r"\d+", self.settings.get("MinJobAge", ""))
        return int(found[0]) if found else None

    @property
    def default_partition(self) -> str:
        """The partition of jobs that name none; empty if there is none."""
        return next((name for name, partition in self.partitions.items() if partition.default), "")

    def nodes_of(self, partition: str) -> list[Node]:
        """Return the nodes of a partition."""
        return [node for node in self.nodes if node.partition == partition]

    def preempts_by_cancelling(self, partition: str) -> bool:
        """Whether a job of this partition that has to give way is cancelled, and not put back into the queue."""
        return "CANCEL" in self.partitions[partition].preempt_mode.split(",")


def read_cluster() -> Cluster:
    """Ask SLURM about the cluster.

    Raises:
        UserError: Its programs are not there, or do not answer.
    """
    settings = parsing.settings(_output("scontrol", "show", "config"))
    partitions = parsing.partitions(_output("scontrol", "show", "partition", "--oneliner"))
    nodes = parsing.nodes(_output("sinfo", "--noheader", "--Node", "--format=%R|%N|%m|%c|%G"))
    associations, limits = None, None
    if settings.get("AccountingStorageType", "").endswith("slurmdbd"):
        ask = ("sacctmgr", "--noheader", "--parsable2", "show")
        user = getpass.getuser()
        of_user = _output(*ask, "associations", f"user={user}", "format=account,partition,qos")
        associations = tuple(parsing.associations(of_user))
        limits = parsing.qos_limits(_output(*ask, "qos", "format=name,maxwall"))
    by_name = {partition.name: partition for partition in partitions}
    return Cluster(settings, by_name, tuple(nodes), associations, limits)


def sees(partition: str, account: str, paths: Sequence[str], seconds: int = 120) -> str:
    """Run a job of a second that looks for files on a node of a partition.

    Args:
        partition: The partition.
        account: The account that is charged; empty: SLURM's default.
        paths: What it looks for.
        seconds: How long to wait for a node.

    Returns:
        What was printed if a path is not there or no node was free; empty if all of them are there.
    """
    command = ["srun", f"--partition={partition}", *([f"--account={account}"] if account else []), "--ntasks=1"]
    command += ["--mem=100", "--time=1", f"--immediate={seconds}", "--chdir=/", "ls", "-d", *paths]
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=seconds + 60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return " ".join(done.stderr.split()) if done.returncode else ""


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_SECONDS)
    except FileNotFoundError:
        raise UserError(
            f"there is no {command[0]} here. Run this on a machine from which jobs are submitted to SLURM."
        ) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"{command[0]} does not answer ({type(error).__name__}). Try again when SLURM does.") from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[0]
        raise UserError(f"'{' '.join(command[:3])}' fails: {said}")
    return done.stdout
