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
def lease_gpu(slots: int, every: float = 2.0, use_mps: bool = False, count: int = 1) -> Iterator[str]:
    """Wait for a GPU with fewer than ``slots`` jobs, or for several, and make them all that this process sees.

    The GPUs with the fewest jobs are taken, several at once: no job waits with some of them for others. Enter this
    before torch is imported.

    Args:
        slots: How many jobs may share a GPU.
        every: Mean number of seconds between two tries.
        use_mps: Whether jobs that share a GPU do so by CUDA's MPS, where that works.
        count: How many GPUs to wait for.

    Yields:
        The GPUs' entries in CUDA_VISIBLE_DEVICES, with commas between them; empty if there is no GPU.

    Raises:
        UserError: CUDA_VISIBLE_DEVICES names a device that does not exist, there are fewer GPUs than ``count``, or the
            folder of locks cannot be used.
    """
    gpus, allocation = visible_gpus(), _allocation()
    if gpus and count > 1:
        gpus = _refuse_too_few(gpus, count)
    if not gpus or _is_assigned(gpus, allocation, count):
        yield _entries(gpus)
        return
    logger.debug("Visible GPUs: %s", ", ".join(f"{gpu.entry} ({gpu.name})" for gpu in gpus))
    before = dict(os.environ)
    with _folder() as folder, _lease(folder, allocation, gpus, slots, every, count) as leased:
        os.environ[VISIBLE] = _entries(leased)
        os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # the order of nvidia-smi's indices
        of = f", {'one ' * (count == 1)}of {len(gpus)}" if len(gpus) > count else ""
        logger.info("On GPU %s%s.", _entries(leased), of)
        if use_mps and slots > 1:
            os.environ.update(mps.environment(leased[0], _place()))
        try:
            yield _entries(leased)
        finally:
            for name in (VISIBLE, "CUDA_DEVICE_ORDER", mps.PIPES, mps.LOGS):
                os.environ.pop(name, None)
                if name in before:
                    os.environ[name] = before[name]


def _refuse_too_few(gpus: Sequence[GpuDevice], count: int) -> list[GpuDevice]:
    """Return the GPUs that one job can use together."""
    entire = [gpu for gpu in gpus if not gpu.is_slice]
    if len(entire) < count:
        slices = f", and {counted(len(gpus) - len(entire), 'MIG slice')}, which cannot be used together"
        raise UserError(
            f"This job uses {count} GPUs (gpus of its model), but may use {len(entire)} here: "
            f"{', '.join(gpu.entry for gpu in entire) or 'none'}{slices if len(entire) < len(gpus) else ''}. Give "
            "'gpus' a number that one machine has, and on a cluster have the job ask for as many."
        )
    return entire


def gpus_to_lease() -> list[GpuDevice]:
    """Return the GPUs that jobs lease; none if there is none, or if this job has one of its own.

    Raises:
        UserError: CUDA_VISIBLE_DEVICES names a device that does not exist.
    """
    gpus = visible_gpus()
    return [] if _is_assigned(gpus, _allocation()) else gpus


def _entries(gpus: Sequence[GpuDevice]) -> str:
    """The GPUs as CUDA_VISIBLE_DEVICES lists them."""
    return ",".join(gpu.entry for gpu in gpus)


def _allocation() -> str:
    """The SLURM job whose devices this process sees; empty if there is none."""
    return os.environ.get("SLURM_JOB_ID", "") if VISIBLE in os.environ else ""


def _is_assigned(gpus: Sequence[GpuDevice], allocation: str, count: int = 1) -> bool:
    """Whether SLURM has assigned as many devices to this job alone as it uses."""
    return bool(allocation) and len(gpus) == count


@contextmanager
def _lease(
    folder: int, allocation: str, gpus: Sequence[GpuDevice], slots: int, every: float, count: int
) -> Iterator[list[GpuDevice]]:
    """Wait for so many devices, hold their locks inside the block, release them at the end."""
    started, last_message = time.monotonic(), -_SECONDS_BETWEEN_MESSAGES
    while not (taken := _take(folder, allocation, gpus, slots, count)):
        waited = time.monotonic() - started
        if waited - last_message >= _SECONDS_BETWEEN_MESSAGES:
            last_message = waited
            wanted = f"{count} of {len(gpus)} GPUs" if count > 1 else f"{counted(len(gpus), 'GPU')}, all taken"
            logger.info("Waiting for %s, for %.0f min so far.", wanted, waited / 60)
        time.sleep(every * random.uniform(0.5, 1.5))
    try:
        yield [gpu for gpu, _ in taken]
    finally:
        for _, lock in taken:
            fcntl.flock(lock, fcntl.LOCK_UN)  # closing alone would leave the lock to forked children
            os.close(lock)


def _take(
    folder: int, allocation: str, gpus: Sequence[GpuDevice], slots: int, count: int
) -> list[tuple[GpuDevice, int]]:
    """Lock a slot of each of the so many devices with the fewest jobs; none if too many devices are taken.

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
        kept = count if len(candidates) >= count else 0
        for _, _, lock in candidates[kept:]:
            os.close(lock)
        return [(gpu, lock) for _, gpu, lock in candidates[:kept]]
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
