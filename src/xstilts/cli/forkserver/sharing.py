"""When jobs share what they import."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

from xstilts.cli.forkserver import OWNER
from xstilts.runtime.cpu import choose_kernels

#: No process that forks may have touched a GPU, and what libraries do with one when they are imported is up to them.
_GPUS = (Path("/dev/nvidiactl"), Path("/dev/kfd"))


def share_imports(local: bool, kernels: Literal["fastest", "portable"]) -> None:
    """Have the jobs that this process starts share a server, if they run on this machine and it has no GPU.

    Args:
        local: Whether jobs run here, and not on the nodes of a cluster.
        kernels: Those that the study asks for: they have to be chosen before the server imports PyTorch.
    """
    if not local or sys.platform != "linux" or any(gpu.exists() for gpu in _GPUS):
        os.environ.pop(OWNER, None)
        return
    choose_kernels(kernels)
    os.environ.setdefault(OWNER, str(os.getpid()))
