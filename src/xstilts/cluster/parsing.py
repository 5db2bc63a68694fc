"""The texts of SLURM's programs as values."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

_UNLIMITED = ("UNLIMITED", "INFINITE", "NONE", "N/A", "(NULL)", "")
_DURATION = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$")
_GPU = re.compile(r"\bgpu(?::([A-Za-z][\w.-]*))?(?::(\d+))?")


@dataclass(frozen=True)
class Node:
    """A node as ``sinfo`` describes it.

    Attributes:
        partition: A partition that it belongs to.
        memory_mb: Its main memory, in MiB.
        gpus: How many GPUs it has by type; a GPU without a type has the name ``""``.
    """

    partition: str
    name: str
    memory_mb: int
    cpus: int
    gpus: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Partition:
    """A partition as ``scontrol`` describes it. Limits that are not set are infinite.

    Attributes:
        minutes: The most minutes that a job may ask for.
        memory_mb: The most memory that a job may have on a node, in MiB.
        accounts: The accounts whose jobs it takes; empty: of all.
        preempt_mode: What becomes of a job that has to give way; ``OFF``: it has not to.
    """

    name: str
    up: bool
    default: bool
    minutes: float
    memory_mb: float
    accounts: tuple[str, ...]
    preempt_mode: str


@dataclass(frozen=True)
class Association:
    """An account that a user may charge jobs to, and the qualities of service that go with it."""

    account: str
    partition: str
    qos: tuple[str, ...]


def minutes(text: str) -> float:
    """Read a time limit: '30', '30:00', '12:00:00', '1-00:00:00', '2-12'; infinity where there is none.

    Raises:
        ValueError: It is no time limit.
    """
    if text.upper() in _UNLIMITED:
        return math.inf
    found = _DURATION.match(text)
    if found is None:
        raise ValueError(f"'{text}' is no time limit")
    days, *parts = found.groups()
    numbers = [int(part) for part in parts if part is not None]
    if days is not None or len(numbers) == 3:  # hours first
        hours, of_hour, seconds = (*numbers, 0, 0)[:3]
        return int(days or 0) * 1440 + hours * 60 + of_hour + seconds / 60
    return numbers[0] + (numbers[1] / 60 if len(numbers) == 2 else 0)


def settings(text: str) -> dict[str, str]:
    """The lines 'Name = value' of ``scontrol show config``."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def partitions(text: str) -> Iterator[Partition]:
    """The partitions in ``scontrol show partition --oneliner``."""
    for line in text.splitlines():
        values = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if "PartitionName" not in values:
            continue
        accounts = values.get("AllowAccounts", "ALL")
        memory = values.get("MaxMemPerNode", "UNLIMITED")
        yield Partition(
            name=values["PartitionName"],
            up=values.get("State", "UP") == "UP",
            default=values.get("Default") == "YES",
            minutes=minutes(values.get("MaxTime", "UNLIMITED")),
            memory_mb=float(memory) if memory.isdigit() else math.inf,
            accounts=() if accounts == "ALL" else tuple(accounts.split(",")),
            preempt_mode=values.get("PreemptMode", "OFF"),
        )


def nodes(text: str) -> Iterator[Node]:
    """The nodes in ``sinfo --noheader --Node --format='%R|%N|%m|%c|%G'``, once for each of their partitions."""
    for line in text.splitlines():
        partition, name, memory, cpus, gres = line.strip().split("|", 4)
        yield Node(partition, name, int(memory.rstrip("+")), int(cpus.rstrip("+")), gpus(gres))


def gpus(gres: str) -> Counter[str]:
    """The GPUs by type in a list of generic resources: 'gpu:a100:4(S:0-1),lustre:1'."""
    found: Counter[str] = Counter()
    for kind, number in _GPU.findall(re.sub(r"\([^)]*\)", "", gres)):
        found[kind] += int(number or 1)
    return found


def associations(text: str) -> Iterator[Association]:
    """The lines of ``sacctmgr --noheader --parsable2 show associations format=account,partition,qos``."""
    for line in text.splitlines():
        account, partition, qos = line.strip().split("|", 2)
        yield Association(account, partition, tuple(filter(None, qos.split(","))))


def qos_limits(text: str) -> dict[str, float]:
    """By quality of service the most minutes, in ``sacctmgr --noheader --parsable2 show qos format=name,maxwall``."""
    rows = (line.strip().split("|", 1) for line in text.splitlines() if "|" in line)
    return {name: minutes(wall) for name, wall in rows}
