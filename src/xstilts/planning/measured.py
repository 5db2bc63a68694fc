"""What the jobs that have ended say: how long they took, how much memory, on what."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.graph.runs import INTERMEDIATE, RETRIEVAL, Runs
from xstilts.graph.specs import Spec, Specs


@dataclass(frozen=True)
class Measured:
    """One job that has ended."""

    seconds: float
    device: str
    #: 0 on a CPU.
    gpu_bytes: int
    precision: str


class Records:
    """The records of a study's jobs; those of other settings or other code than now count as not there."""

    def __init__(self, runs: Runs) -> None:
        self._runs, self._specs = runs, Specs(runs)

    def pretrain(self, model: str) -> Measured | None:
        folder = self._runs.paths.pretrained(model)
        done = folder / "model.safetensors", folder / "record.json"
        return _read(done, lambda: self._specs.pretrain(model))

    def intermediate(self, model: str, arm: str, seed: int) -> Measured | None:
        folder = self._runs.paths.encoder(model, arm, seed)
        scores = self._runs.paths.part("dev_scores", model, arm, INTERMEDIATE, seed)
        done = folder / "model.safetensors", scores, folder / "record.json"
        return _read(done, lambda: self._specs.intermediate(model, arm, seed))

    def scored(self, model: str, arm: str, what: str, seed: int) -> Measured | None:
        """A fine-tuning job, or a retrieval one where ``what`` says so."""

        def spec() -> Spec:
            if what == RETRIEVAL:
                return self._specs.retrieve(model, arm, seed)
            return self._specs.finetune(model, arm, what, seed)

        parts = self._runs.paths.part
        return _read((parts("scores", model, arm, what, seed), parts("records", model, arm, what, seed, "json")), spec)


def _read(done: tuple[Path, ...], spec: Callable[[], Spec]) -> Measured | None:
    """What the last of a job's files, its record, says; None where one is missing or of another run."""
    if not all(path.is_file() for path in done):
        return None
    try:
        record: dict[str, Any] = json.loads(done[-1].read_bytes())
        if record["spec"]["id"] != spec()["id"]:
            return None
        hardware = record["hardware"]
        return Measured(
            float(record["seconds"]), hardware["device"], int(hardware["peak_gpu_bytes"]), hardware["precision"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
