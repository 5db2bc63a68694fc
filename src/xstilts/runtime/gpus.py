"""The GPUs of this machine that a process may use. Nothing here imports torch, which looks at them only once."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass

from xstilts.errors import UserError

VISIBLE = "CUDA_VISIBLE_DEVICES"

_QUERY = ("nvidia-smi", "--query-gpu=index,uuid,name", "--format=csv,noheader")


@dataclass(frozen=True)
class GpuDevice:
    """A GPU, or a MIG slice of one.

    Attributes:
        entry: Its name in CUDA_VISIBLE_DEVICES.
        name: Its UUID, which is the same however CUDA_VISIBLE_DEVICES names it.
        model: What its maker calls it; empty where that is not known, as of a MIG slice.
    """

    entry: str
    name: str
    model: str = ""

    @property
    def is_slice(self) -> bool:
        """Whether it is a MIG slice. CUDA shows a process no more than one, so that slices cannot be used together."""
        return self.name.startswith("MIG-")


def visible_gpus() -> list[GpuDevice]:
    """Return the GPUs that this process may use: those in CUDA_VISIBLE_DEVICES, else all that nvidia-smi lists.

    Raises:
        UserError: CUDA_VISIBLE_DEVICES names a device that does not exist.
    """
    asked = os.environ.get(VISIBLE)
    entries = None if asked is None else [entry for entry in map(str.strip, asked.split(",")) if entry]
    if entries is not None and (not entries or entries[0] == "-1"):
        return []
    installed = _installed()
    if entries is None or not installed:
        return [GpuDevice(index, *gpu) for index, gpu in installed.items()]
    by_name: dict[str, GpuDevice] = {}
    for entry in entries:
        if not re.fullmatch(r"\d+|(GPU|MIG)-[\w/-]+", entry):
            break  # CUDA ignores such an entry and all after it
        gpu = GpuDevice(entry, *_named(entry, installed))
        by_name.setdefault(gpu.name, gpu)
    return list(by_name.values())


def _named(entry: str, installed: dict[str, tuple[str, str]]) -> tuple[str, str]:
    """Return UUID and model of a device given by index, UUID or the beginning of one; MIG slices have their own."""
    if entry.startswith("MIG-"):
        return entry.replace("/", "-"), ""
    found = [gpu for index, gpu in installed.items() if entry == index or gpu[0].startswith(entry)]
    if len(found) != 1:
        listed = ", ".join(f"{index} ({uuid})" for index, (uuid, _) in installed.items())
        raise UserError(f"{VISIBLE}: '{entry}' is none of this machine's GPUs, or more than one. It has {listed}.")
    return found[0]


def _installed() -> dict[str, tuple[str, str]]:
    """Return UUID and model of each GPU that nvidia-smi lists, by index; empty if there is no nvidia-smi."""
    try:
        process = subprocess.run(_QUERY, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    listed = re.findall(r"^(\d+), *(GPU-[\w-]+)(?:, *(.+))?$", process.stdout, re.MULTILINE)
    return {index: (uuid, model) for index, uuid, model in listed}
