"""The checkpoints of one run on disk: complete or absent, and never read by another run or for other data."""

from __future__ import annotations

import json
import logging
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

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """The content of a checkpoint.

    Attributes:
        tensors: Tensors by name, all on the CPU.
        facts: Everything else, as JSON can hold it.
    """

    tensors: Mapping[str, torch.Tensor]
    facts: Mapping[str, Any]


class Checkpoints:
    """The folder with the newest checkpoint of a run. Only one process may use it at a time.

    A checkpoint is a file of tensors and, written last, a manifest with its checksum. A checkpoint without a manifest,
    or with another checksum, is ignored.

    Args:
        folder: A folder for this run only; created when needed.
        inputs: Checksum of what the run reads; a checkpoint of other data is ignored.
        minutes: Time between two checkpoints.
    """

    def __init__(self, folder: Path, inputs: str, minutes: float) -> None:
        self._folder, self._inputs, self._minutes = folder, inputs, minutes
        self._saved = time.monotonic()

    def part(self, name: str) -> Checkpoints:
        """The checkpoints of a part of the run, in a folder within this one."""
        return Checkpoints(self._folder / name, self._inputs, self._minutes)

    def due(self) -> bool:
        """Whether the time between two checkpoints has passed."""
        return time.monotonic() - self._saved >= 60 * self._minutes

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, then delete the previous one.

        Raises:
            OSError: The disk is full or gone; the previous checkpoint is still there.
        """
        number = max((int(path.stem) for path in self._manifests()), default=0) + 1
        tensors = self._folder / f"{number:06d}.safetensors"
        with replacing(tensors) as temporary:
            _save_tensors(checkpoint.tensors, temporary)
            identity = {"sha256": sha256_of(temporary), **self._identity()}
        write_json(tensors.with_suffix(".json"), {**identity, "facts": dict(checkpoint.facts)})
        self._tidy(keep=tensors.stem)
        self._saved = time.monotonic()

    def load(self) -> Checkpoint | None:
        """Read the newest complete checkpoint of this run, and delete everything else in the folder."""
        checkpoint, kept = None, ""
        for manifest in self._manifests():
            try:
                checkpoint = self._read(manifest)
            except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
                logger.warning("%s: checkpoint ignored: %s", manifest, error)
                continue
            kept = manifest.stem
            break
        self._tidy(keep=kept)
        return checkpoint

    def abandoned(self) -> list[dict[str, Any]]:
        """What :meth:`abandon` noted of each earlier start of the run."""
        path = self._folder / _ABANDONED
        return list(json.loads(path.read_bytes())) if path.is_file() else []

    def abandon(self, note: Mapping[str, Any]) -> None:
        """Note why the run starts over, and delete its checkpoint."""
        write_json(self._folder / _ABANDONED, [*self.abandoned(), dict(note)])
        self._tidy(keep="")

    def clear(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _manifests(self) -> list[Path]:
        """The manifests in the folder, newest first."""
        return sorted(self._folder.glob("[0-9]*.json"), reverse=True)

    def _identity(self) -> dict[str, str]:
        # Another version of PyTorch may compute other last digits: a run uses one version from start to end.
        return {"inputs": self._inputs, "torch": torch.__version__}

    def _read(self, manifest: Path) -> Checkpoint:
        content = json.loads(manifest.read_bytes())
        for name, value in self._identity().items():
            if content[name] != value:
                raise ValueError(f"it has {name} {content[name]}, this run has {name} {value}.")
        tensors = manifest.with_suffix(".safetensors")
        if sha256_of(tensors) != content["sha256"]:
            raise ValueError("its tensors are damaged.")
        return Checkpoint(load_file(tensors), content["facts"])

    def _tidy(self, keep: str) -> None:
        """Delete all checkpoints but one, and the temporary files of processes that were killed while writing."""
        for path in (*self._folder.glob("[0-9]*"), *self._folder.glob(".*.tmp")):
            if path.stem != keep:
                path.unlink(missing_ok=True)


def _save_tensors(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    try:
        save_file(dict(tensors), path)
    except SafetensorError as error:  # so safetensors reports a full disk
        raise OSError(f"{path}: {error}") from error
