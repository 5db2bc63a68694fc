"""The libraries that curves are handed to. None of them is a dependency: they are imported when a curve begins."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol

#: By the names that pip and import have for them.
Kind = Literal["tensorboard", "wandb", "mlflow"]


@dataclass(frozen=True)
class CurveName:
    """What a library has to know of a curve.

    Attributes:
        study: The study's name: a project of W&B, an experiment of MLflow.
        job: The job that trains; its curves form a group.
        part: The training among those of the job; empty if there is one.
        id: Unique; a resumed job comes to the same one.
        facts: What the curve can be found by: model, arm, seed, …
        folder: Where files of this curve go.
        shared: Where files of all curves of the study go.
    """

    study: str
    job: str
    part: str
    id: str
    facts: Mapping[str, str | int]
    folder: Path
    shared: Path

    @property
    def title(self) -> str:
        """What a list of curves shows."""
        return f"{self.job}, {self.part}" if self.part else self.job


class Curve(Protocol):
    """One curve in a library; ``id`` is what the library finds it by again."""

    id: str

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Add values at a step, so that they outlive this process."""

    def close(self) -> None:
        """End the curve."""


class TensorBoard:
    """Event files in the curve's folder, by PyTorch's writer."""

    def __init__(self, name: CurveName, known: str) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.id = known or name.id
        self._writer: Any = SummaryWriter(log_dir=str(name.folder))

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Write and flush one event per value."""
        for what, value in values.items():
            self._writer.add_scalar(what, value, step)
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()


class WeightsAndBiases:
    """A run of a project that has the study's name, or that ``WANDB_PROJECT`` names; ``WANDB_MODE`` counts."""

    def __init__(self, name: CurveName, known: str) -> None:
        import wandb

        name.folder.mkdir(parents=True, exist_ok=True)
        self.id = known or name.id
        self._run: Any = wandb.init(
            project=os.environ.get("WANDB_PROJECT", name.study),
            group=name.job,
            name=name.title,
            id=self.id,
            resume="allow",
            dir=str(name.folder),
            config=dict(name.facts),
        )

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Hand over the values of a step."""
        self._run.log(dict(values), step=step)

    def close(self) -> None:
        """Wait until everything is sent or stored."""
        self._run.finish()


class MLflow:
    """A run of an experiment that has the study's name, or that ``MLFLOW_EXPERIMENT_NAME`` names.

    It is in the store that ``MLFLOW_TRACKING_URI`` names; without one, in a file below the study's folder.
    """

    def __init__(self, name: CurveName, known: str) -> None:
        import mlflow

        if "MLFLOW_TRACKING_URI" not in os.environ:
            name.shared.mkdir(parents=True, exist_ok=True)
            mlflow.set_tracking_uri(f"sqlite:///{name.shared.resolve() / 'mlflow.db'}")
        mlflow.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME", name.study))
        run: Any = mlflow.start_run(run_id=known) if known else mlflow.start_run(run_name=name.title)
        self.id = str(run.info.run_id)
        self._mlflow: Any = mlflow
        if not known:
            mlflow.log_params(dict(name.facts))

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Write the values of a step."""
        self._mlflow.log_metrics(dict(values), step=step)

    def close(self) -> None:
        """End the run."""
        self._mlflow.end_run()


BACKENDS: dict[Kind, Callable[[CurveName, str], Curve]] = {
    "tensorboard": TensorBoard,
    "wandb": WeightsAndBiases,
    "mlflow": MLflow,
}


def is_installed(kind: Kind) -> bool:
    """Whether a library can be imported here; it is not imported."""
    return kind in sys.modules or find_spec(kind) is not None
