"""The checkpoints of one run on disk: whole or not there, and never those of another run or of other data."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from xstilts.atomic import replacing, sha256_of, write_json

_ABANDONED = "abandoned.json"


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, all on the CPU, and whatever else JSON can hold."""

    tensors: Mapping[str, torch.Tensor]
    facts: Mapping[str, Any]


class Checkpoints:
    """A folder with the newest checkpoint of a run. Only one process may use it at a time.

    A checkpoint is a file of tensors and, written last, a manifest with its checksum: one without a manifest, or with
    another checksum, is passed over.

    Args:
        folder: of this run alone; made when first needed.
        inputs: a checksum of what the run reads: a checkpoint of other data is passed over.
        minutes: between two checkpoints.
    """

    def __init__(self, folder: Path, inputs: str, minutes: float) -> None:
        self._folder, self._inputs, self._seconds = folder, inputs, 60 * minutes
        self._saved = time.monotonic()

    def due(self) -> bool:
        return time.monotonic() - self._saved >= self._seconds

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint; the one before it is deleted only then.

        Raises:
            OSError: where the disk is full or gone; the checkpoint before is still there.
        """
        number = max((int(path.stem) for path in self._manifests()), default=0) + 1
        tensors = self._folder / f"{number:06d}.safetensors"
        with replacing(tensors) as temporary:
            save_file(dict(checkpoint.tensors), temporary)
            identity = {"sha256": sha256_of(temporary), **self._identity()}
        write_json(tensors.with_suffix(".json"), {**identity, "facts": dict(checkpoint.facts)})
        self._tidy(keep=tensors.stem)
        self._saved = time.monotonic()

    def load(self) -> Checkpoint | None:
        """The newest checkpoint that is whole and of this run; what else lies in the folder is deleted."""
        found = None
        for manifest in self._manifests():
            try:
                found = self._read(manifest)
            except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
                print(f"{manifest}: this checkpoint is passed over: {error}", flush=True)
                continue
            self._tidy(keep=manifest.stem)
            return found
        self._tidy(keep="")
        return found

    def abandoned(self) -> list[dict[str, Any]]:
        """What was noted of each beginning of the run that was given up."""
        path = self._folder / _ABANDONED
        return list(json.loads(path.read_bytes())) if path.is_file() else []

    def abandon(self, why: Mapping[str, Any]) -> None:
        """The run begins again: note why, and delete its checkpoint."""
        write_json(self._folder / _ABANDONED, [*self.abandoned(), dict(why)])
        self._tidy(keep="")

    def clear(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _manifests(self) -> list[Path]:
        """The newest first."""
        return sorted(self._folder.glob("[0-9]*.json"), reverse=True)

    def _identity(self) -> dict[str, str]:
        # Another version of PyTorch may compute other last digits: a run is of one version or begins again.
        return {"inputs": self._inputs, "torch": torch.__version__}

    def _read(self, manifest: Path) -> Checkpoint:
        found = json.loads(manifest.read_bytes())
        for name, value in self._identity().items():
            if found[name] != value:
                raise ValueError(f"it is of other {name}: {found[name]} instead of {value}.")
        tensors = manifest.with_suffix(".safetensors")
        if sha256_of(tensors) != found["sha256"]:
            raise ValueError("its tensors are damaged.")
        return Checkpoint(load_file(tensors), found["facts"])

    def _tidy(self, keep: str) -> None:
        """Delete older checkpoints, and what a process left that was killed while it wrote one."""
        for path in (*self._folder.glob("[0-9]*"), *self._folder.glob(".*.tmp")):
            if path.stem != keep:
                path.unlink(missing_ok=True)
