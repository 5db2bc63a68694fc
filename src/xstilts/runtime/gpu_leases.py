"""One GPU for each job of a machine: Snakemake counts how many jobs may use one, but does not say which.

A job leases a device by locking a file. The lock belongs to the job's process: the kernel frees it when the process
ends, however it ends. Nothing here imports torch, which looks for devices once and for all.
"""

from __future__ import annotations

import fcntl
import os
import random
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from xstilts.errors import UserError
from xstilts.wording import counted

VISIBLE = "CUDA_VISIBLE_DEVICES"
LOCKS = "XSTILTS_GPU_LOCKS"  # where locks lie, if not in the machine's folder of temporary files

_SECONDS_BETWEEN_LINES = 60.0
_QUERY = ("nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader")


@dataclass(frozen=True)
class Gpu:
    """A device: what CUDA_VISIBLE_DEVICES calls it, and what all who ever call it otherwise know it by."""

    entry: str
    name: str


@contextmanager
def lease_gpu(slots: int, every: float = 2.0) -> Iterator[str]:
    """Wait for a GPU with less than ``slots`` jobs, and make it the only one that CUDA shows this process.

    Of several, the one with the fewest jobs is taken. Yields its entry in CUDA_VISIBLE_DEVICES; '' where there is no
    GPU. ``every`` is the mean number of seconds between two tries. Use it before torch is imported.

    Raises:
        UserError: where CUDA_VISIBLE_DEVICES names a device that there is not, or the folder of locks cannot be used.
    """
    gpus = visible()
    allocation = os.environ.get("SLURM_JOB_ID", "") if VISIBLE in os.environ else ""
    if not gpus or (allocation and len(gpus) == 1):  # SLURM gave this device to this job alone
        yield gpus[0].entry if gpus else ""
        return
    before = dict(os.environ)
    with _folder() as folder, _lease(folder, allocation, gpus, slots, every) as gpu:
        os.environ[VISIBLE] = gpu.entry
        os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # an index then means what nvidia-smi calls so
        print(f"On GPU {gpu.entry}, one of {len(gpus)}." if len(gpus) > 1 else f"On GPU {gpu.entry}.", flush=True)
        try:
            yield gpu.entry
        finally:
            for name in (VISIBLE, "CUDA_DEVICE_ORDER"):
                os.environ.pop(name, None)
                if name in before:
                    os.environ[name] = before[name]


def visible() -> list[Gpu]:
    """The devices that this process may use: those in CUDA_VISIBLE_DEVICES, else all that nvidia-smi lists."""
    asked = os.environ.get(VISIBLE)
    entries = None if asked is None else [entry for entry in map(str.strip, asked.split(",")) if entry]
    if entries is not None and (not entries or entries[0] == "-1"):
        return []
    installed = _installed()
    if entries is None or not installed:
        return [Gpu(index, uuid) for index, uuid in installed.items()]
    found: dict[str, Gpu] = {}
    for entry in entries:
        if not re.fullmatch(r"\d+|(GPU|MIG)-[\w/-]+", entry):
            break  # like CUDA, which ignores such an entry and all after it
        gpu = Gpu(entry, _name(entry, installed))
        found.setdefault(gpu.name, gpu)
    return list(found.values())


def _name(entry: str, installed: dict[str, str]) -> str:
    """A device's UUID, given as its index, as its UUID or as the beginning of that; parts of a GPU have their own."""
    if entry.startswith("MIG-"):
        return entry.replace("/", "-")
    uuids = [uuid for index, uuid in installed.items() if entry == index or uuid.startswith(entry)]
    if len(uuids) != 1:
        there = ", ".join(f"{index} ({uuid})" for index, uuid in installed.items())
        raise UserError(f"{VISIBLE}: '{entry}' is none of this machine's GPUs, or more than one. It has {there}.")
    return uuids[0]


def _installed() -> dict[str, str]:
    """By index, the UUID of each GPU that nvidia-smi lists; none where there is no nvidia-smi."""
    try:
        listed = subprocess.run(_QUERY, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return dict(re.findall(r"^(\d+), *(GPU-[\w-]+)$", listed.stdout, re.MULTILINE))


@contextmanager
def _lease(folder: int, allocation: str, gpus: Sequence[Gpu], slots: int, every: float) -> Iterator[Gpu]:
    """Wait for a device, hold it, give it back."""
    started, spoke = time.monotonic(), -_SECONDS_BETWEEN_LINES
    while (taken := _take(folder, allocation, gpus, slots)) is None:
        waited = time.monotonic() - started
        if waited - spoke >= _SECONDS_BETWEEN_LINES:
            spoke = waited
            print(f"Waiting for {counted(len(gpus), 'GPU')}, all taken, for {waited / 60:.0f} min so far.", flush=True)
        time.sleep(every * random.uniform(0.5, 1.5))
    gpu, lock = taken
    try:
        yield gpu
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)  # closing would leave it to children that this process has forked
        os.close(lock)


def _take(folder: int, allocation: str, gpus: Sequence[Gpu], slots: int) -> tuple[Gpu, int] | None:
    """The device with the fewest jobs, and a locked file that says so; None where all are taken.

    To see whether a file is locked is to lock it for a moment. So that no one takes that for a job, one process looks
    at a time: the one that has locked the folder.
    """
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        found: list[tuple[int, Gpu, int]] = []
        for gpu in gpus:
            jobs, lock = _look(folder, f"{allocation}.{gpu.name}" if allocation else gpu.name, slots)
            if lock is not None:
                found.append((jobs, gpu, lock))
        found.sort(key=lambda candidate: candidate[0])
        for _, _, lock in found[1:]:
            os.close(lock)
        return found[0][1:] if found else None
    finally:
        fcntl.flock(folder, fcntl.LOCK_UN)


def _look(folder: int, name: str, slots: int) -> tuple[int, int | None]:
    """How many jobs a device has, those of studies that allow it more included; and a locked file for one more."""
    jobs, number, lock = 0, 0, None
    while (file := _open(folder, f"{name}.{number}", create=number < slots)) is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            jobs += 1
            os.close(file)
        else:
            if lock is None and number < slots:
                lock = file
            else:
                os.close(file)
        number += 1
    if lock is not None and jobs >= slots:
        os.close(lock)
        lock = None
    return jobs, lock


def _open(folder: int, name: str, create: bool) -> int | None:
    """A lock's file, for reading: it may be another user's. None where it is not there and not to be made.

    In a folder like /tmp, Linux lets no one open another's file with O_CREAT, so it is opened first and made second.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with suppress(FileNotFoundError):
            return os.open(name, flags, dir_fd=folder)
        if not create:
            return None
        with _modes_as_given():
            return os.open(name, flags | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=folder)
    except OSError as error:
        raise UserError(
            f"{_place() / name}: this lock of a GPU cannot be used ({error.strerror}). Delete it, or set {LOCKS} to "
            "a folder that all who use this machine's GPUs can write to."
        ) from None


@contextmanager
def _folder() -> Iterator[int]:
    """The folder of locks, opened; made where it is not there, for all users to write to."""
    place = _place()
    try:
        with suppress(FileExistsError), _modes_as_given():
            place.mkdir(0o1777)
        folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise UserError(
            f"{place}: GPUs are leased by locks in this folder, but it cannot be used ({error.strerror}). Set {LOCKS} "
            "to a folder that all who use this machine's GPUs can write to."
        ) from None
    try:
        yield folder
    finally:
        os.close(folder)


def _place() -> Path:
    chosen = os.environ.get(LOCKS)
    return Path(chosen).resolve() if chosen else Path(tempfile.gettempdir()) / "xstilts-gpus"


@contextmanager
def _modes_as_given() -> Iterator[None]:
    """Files get their permissions when they are made, not a moment later."""
    mask = os.umask(0)
    try:
        yield
    finally:
        os.umask(mask)
