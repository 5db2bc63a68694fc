"""CUDA's Multi-Process Service (MPS): kernels of jobs that share a GPU run at the same time, not in turns.

One control daemon serves one GPU and one user. The first job that shares the GPU starts it. It is left running: to stop
one while the next job connects to it would cost that job. What goes wrong with MPS costs no job, which then shares the
GPU without. Daemon and clients name the GPU by its UUID, because a daemon counts anew the devices that it sees.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xstilts.runtime.gpus import VISIBLE, GpuDevice

PIPES, LOGS = "CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY"

PROGRAM = "nvidia-cuda-mps-control"
_SECONDS = 60.0  # for each program
#: Asks CUDA for the GPU's context as a job does, which says whether the daemon's server can be reached.
_PROBE = """
import ctypes
cuda, device, context = ctypes.CDLL("libcuda.so.1"), ctypes.c_int(), ctypes.c_void_p()
for error in (
    cuda.cuInit(0),
    cuda.cuDeviceGet(ctypes.byref(device), 0),
    cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device),
):
    if error:
        raise SystemExit(f"CUDA's error {error}")
"""

logger = logging.getLogger(__name__)


def environment(gpu: GpuDevice, locks: Path) -> dict[str, str]:
    """Have a daemon run for a GPU, and return the environment variables of its clients.

    Args:
        gpu: The GPU that jobs share.
        locks: The folder of the locks of GPUs, in which the daemon's pipes and logs are.

    Returns:
        Nothing where there is no MPS or it does not work, as the log then says, and where the user runs one already.
    """
    if PIPES in os.environ or gpu.is_slice:
        return {}
    if not shutil.which(PROGRAM):
        logger.info("compute.mps: there is no %s, so jobs share GPU %s without it.", PROGRAM, gpu.entry)
        return {}
    try:
        with _one_at_a_time(_own_folder(locks)) as folder:
            return _served(gpu, folder / gpu.name)
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        logger.warning("compute.mps: jobs share GPU %s without MPS, which does not work here: %s", gpu.entry, error)
        return {}


def _served(gpu: GpuDevice, folder: Path) -> dict[str, str]:
    """Start a daemon for a GPU unless it runs, and make sure that it serves.

    Raises:
        OSError: Its folder cannot be used.
        RuntimeError: It does not serve.
        SubprocessError: It does not answer.
    """
    logs = folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    chosen = {PIPES: str(folder), LOGS: str(logs), VISIBLE: gpu.name}
    everything = {**os.environ, **chosen}
    if _answer(everything):
        printed = logs / "start.log"  # a pipe would stay open as long as the daemon lives
        with printed.open("wb") as output:
            subprocess.run(
                [PROGRAM, "-d"],
                env=everything,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=_SECONDS,
                start_new_session=True,
            )
        if problem := _answer(everything):
            said = printed.read_text(encoding="utf-8", errors="replace").strip()
            raise RuntimeError(f"{said or problem} (logs are in {logs})")
    command = [sys.executable, "-c", _PROBE]
    probe = subprocess.run(command, env=everything, capture_output=True, text=True, timeout=_SECONDS)
    if probe.returncode:
        raise RuntimeError(f"{probe.stderr.strip().rpartition(chr(10))[2]} (logs are in {logs})")
    return chosen


def _answer(variables: dict[str, str]) -> str:
    """What is wrong with a daemon; empty if it answers."""
    asked = subprocess.run(
        [PROGRAM], input="get_server_list\n", env=variables, capture_output=True, text=True, timeout=_SECONDS
    )
    if not asked.returncode:
        return ""
    return (asked.stderr + asked.stdout).strip() or f"exit status {asked.returncode}"


def _own_folder(locks: Path) -> Path:
    """The folder of this user's daemons, which others cannot have made: they could read what goes through its pipes.

    Raises:
        OSError: It belongs to someone else, or cannot be made.
    """
    folder = locks / f"mps-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or folder.is_symlink() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is not this user's alone; delete it")
    return folder


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[Path]:
    """Let one job at a time look whether a daemon runs, and start it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(descriptor)
