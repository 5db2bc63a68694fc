"""Leases of GPUs: Snakemake limits how many jobs use a GPU at once, but does not assign devices to jobs.

A job leases a device by locking a file. The lock belongs to the job's process, so the kernel frees it however the
process ends. Nothing here imports torch, which reads CUDA_VISIBLE_DEVICES only once.
"""

from __future__ import annotations

import fcntl
import logging
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from xstilts.errors import UserError
from xstilts.runtime import mps
from xstilts.runtime.gpus import VISIBLE, GpuDevice, visible_gpus
from xstilts.wording import counted

LOCKS = "XSTILTS_GPU_LOCKS"  # the folder of the lock files, by default in the machine's temporary folder

_SECONDS_BETWEEN_MESSAGES = 60.0

logger = logging.getLogger(__name__)


@contextmanager
def lease_gpu(slots: int, every: float = 2.0, use_mps: bool = False) -> Iterator[str]:
    """Wait for a GPU with fewer than ``slots`` jobs, and make it the only one that this process sees.

    The GPU with the fewest jobs is taken. Enter this before torch is imported.

    Args:
        slots: How many jobs may share a GPU.
        every: Mean number of seconds between two tries.
        use_mps: Whether jobs that share a GPU do so by CUDA's MPS, where that works.

    Yields:
        The GPU's entry in CUDA_VISIBLE_DEVICES; empty if there is no GPU.

    Raises:
        UserError: CUDA_VISIBLE_DEVICES names a device that does not exist, or the folder of locks cannot be used.
    """
    gpus, allocation = visible_gpus(), _allocation()
    if not gpus or _is_assigned(gpus, allocation):
        yield gpus[0].entry if gpus else ""
        return
    logger.debug("Visible GPUs: %s", ", ".join(f"{gpu.entry} ({gpu.name})" for gpu in gpus))
    before = dict(os.environ)
    with _folder() as folder, _lease(folder, allocation, gpus, slots, every) as gpu:
        os.environ[VISIBLE] = gpu.entry
        os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # the order of nvidia-smi's indices
        logger.info("On GPU %s%s.", gpu.entry, f", one of {len(gpus)}" if len(gpus) > 1 else "")
        if use_mps and slots > 1:
            os.environ.update(mps.environment(gpu, _place()))
        try:
            yield gpu.entry
        finally:
            for name in (VISIBLE, "CUDA_DEVICE_ORDER", mps.PIPES, mps.LOGS):
                os.environ.pop(name, None)
                if name in before:
                    os.environ[name] = before[name]


def gpus_to_lease() -> list[GpuDevice]:
    """Return the GPUs that jobs lease; none if there is none, or if this job has one of its own.

    Raises:
        UserError: CUDA_VISIBLE_DEVICES names a device that does not exist.
    """
    gpus = visible_gpus()
    return [] if _is_assigned(gpus, _allocation()) else gpus


def _allocation() -> str:
    """The SLURM job whose devices this process sees; empty if there is none."""
    return os.environ.get("SLURM_JOB_ID", "") if VISIBLE in os.environ else ""


def _is_assigned(gpus: Sequence[GpuDevice], allocation: str) -> bool:
    """Whether SLURM has assigned a device to this job alone."""
    return bool(allocation) and len(gpus) == 1


@contextmanager
def _lease(folder: int, allocation: str, gpus: Sequence[GpuDevice], slots: int, every: float) -> Iterator[GpuDevice]:
    """Wait for a device, hold its lock inside the block, release it at the end."""
    started, last_message = time.monotonic(), -_SECONDS_BETWEEN_MESSAGES
    while (taken := _take(folder, allocation, gpus, slots)) is None:
        waited = time.monotonic() - started
        if waited - last_message >= _SECONDS_BETWEEN_MESSAGES:
            last_message = waited
            logger.info("Waiting for %s, all taken, for %.0f min so far.", counted(len(gpus), "GPU"), waited / 60)
        time.sleep(every * random.uniform(0.5, 1.5))
    gpu, lock = taken
    try:
        yield gpu
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)  # closing alone would leave the lock to forked children
        os.close(lock)


def _take(folder: int, allocation: str, gpus: Sequence[GpuDevice], slots: int) -> tuple[GpuDevice, int] | None:
    """Lock a slot of the device with the fewest jobs; None if all devices are taken.

    Whether a file is locked can only be found out by trying to lock it. So that this is not mistaken for a job, only
    the process that has locked the folder may try.
    """
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        candidates: list[tuple[int, GpuDevice, int]] = []
        for gpu in gpus:
            jobs, lock = _lock_slot(folder, f"{allocation}.{gpu.name}" if allocation else gpu.name, slots)
            if lock is not None:
                candidates.append((jobs, gpu, lock))
        candidates.sort(key=lambda candidate: candidate[0])
        for _, _, lock in candidates[1:]:
            os.close(lock)
        return candidates[0][1:] if candidates else None
    finally:
        fcntl.flock(folder, fcntl.LOCK_UN)


def _lock_slot(folder: int, name: str, slots: int) -> tuple[int, int | None]:
    """Count the jobs of a device, and lock a slot for one more if it has fewer than ``slots``.

    Slots beyond ``slots`` are counted too: they are of studies that let more jobs share a GPU.
    """
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
    """Open a lock file, read-only since it may belong to another user; None if it is missing and not to be created.

    In a sticky folder like /tmp, Linux refuses to open another user's file with O_CREAT, so opening comes first.
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
            "a folder that all users of this machine's GPUs can write to."
        ) from None


@contextmanager
def _folder() -> Iterator[int]:
    """Open the folder of locks, which is created so that all users can write to it."""
    place = _place()
    try:
        with suppress(FileExistsError), _modes_as_given():
            place.mkdir(0o1777)
        folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise UserError(
            f"{place}: GPUs are leased by locks in this folder, but it cannot be used ({error.strerror}). Set {LOCKS} "
            "to a folder that all users of this machine's GPUs can write to."
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
    """Create files with exactly the given permissions, whatever the umask."""
    mask = os.umask(0)
    try:
        yield
    finally:
        os.umask(mask)
