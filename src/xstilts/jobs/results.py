"""The files that a job writes: scores, predictions, and a record of how they were made."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from xstilts.atomic import sha256_of, write_json
from xstilts.graph.jobs import Job
from xstilts.graph.paths import Paths
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Spec
from xstilts.scores.dev_scores import DEV_SCORES, write_dev_scores
from xstilts.scores.score_files import PREDICTIONS, SCORES, write_predictions, write_scores
from xstilts.task_types.base import Scored, TaskType
from xstilts.training.device import Device

if TYPE_CHECKING:
    from xstilts.training.loop import TrainingResult


class JobOutputs:
    """Scores and predictions of one job, collected file by file.

    Dev scores, on data that checkpoints or thresholds were chosen on, are kept apart.

    Args:
        study: Name of the study.
        model: Name of the model.
        arm: Name of the arm.
        seed: The run's seed.
        run: The run's id.
    """

    def __init__(self, study: str, model: str, arm: str, seed: int, run: str) -> None:
        self._model, self._arm, self._seed = model, arm, seed
        self._job = {"study": study, "model": model, "arm": arm, "seed": seed, "run": run}
        self._scores: list[dict[str, Any]] = []
        self._dev_scores: dict[tuple[str, ...], dict[str, Any]] = {}
        self._predictions: list[pa.Table] = []

    def add(self, task_type: TaskType, language: str, split: str, predictions: Sequence[str], gold: pa.Table) -> None:
        """Add the predictions for one file, and their scores if the release has the gold answers.

        Args:
            task_type: The target's task type.
            language: The file's language.
            split: The file's split.
            predictions: One per example.
            gold: The canonical examples.
        """
        target, count = task_type.task.name, len(predictions)
        scored = Scored({}, [None] * count, [None] * count)
        if task_type.has_gold(gold):
            scored = task_type.score(task_type.task, language, predictions, gold)
        cell = {**self._job, "target": target, "language": language, "split": split, "n": count}
        self._scores += [{**cell, "metric": metric, "score": score} for metric, score in scored.metrics.items()]
        columns = {
            "target": [target] * count,
            "language": [language] * count,
            "split": [split] * count,
            "example": task_type.scored_ids(gold),
            "prediction": list(predictions),
            "gold": scored.gold,
            "score": scored.example_scores,
        }
        self._predictions.append(pa.table(columns, schema=PREDICTIONS))

    def add_dev(
        self, stage: str, task_type: TaskType, language: str, predictions: Sequence[str], gold: pa.Table
    ) -> None:
        """Add the scores of predictions for dev data that something was chosen on.

        Args:
            stage: 'intermediate', 'target' or 'retrieval'.
            task_type: The task's type.
            language: The file's language.
            predictions: One per example.
            gold: The canonical examples.
        """
        scored = task_type.score(task_type.task, language, predictions, gold)
        cell = {**self._job, "stage": stage, "task": task_type.task.name, "language": language, "n": len(predictions)}
        self.add_dev_rows({**cell, "metric": metric, "score": score} for metric, score in scored.metrics.items())

    def add_dev_rows(self, rows: Iterable[dict[str, Any]]) -> None:
        """Add dev scores as :attr:`dev_rows` has them; of a task that is trained on again, the later ones stay."""
        self._dev_scores |= {(row["stage"], row["task"], row["language"], row["metric"]): row for row in rows}

    @property
    def dev_rows(self) -> list[dict[str, Any]]:
        """The dev scores so far."""
        return list(self._dev_scores.values())

    def write_dev(self, runs: Runs, what: str) -> None:
        """Write the dev scores.

        Args:
            runs: The study's paths.
            what: The training set, ``RETRIEVAL`` or ``INTERMEDIATE``.
        """
        path = runs.paths.part("dev_scores", self._model, self._arm, what, self._seed)
        write_dev_scores(path, pa.Table.from_pylist(self.dev_rows, schema=DEV_SCORES))

    def write(self, runs: Runs, what: str) -> None:
        """Write all files; the scores last, because a job with scores counts as done.

        Args:
            runs: The study's paths.
            what: The training set, or ``RETRIEVAL``.
        """
        job = self._model, self._arm, what, self._seed
        self.write_dev(runs, what)
        write_predictions(runs.paths.part("predictions", *job), pa.concat_tables(self._predictions))
        write_scores(runs.paths.part("scores", *job), pa.Table.from_pylist(self._scores, schema=SCORES))


def write_record(
    path: Path,
    runs: Runs,
    spec: Spec,
    device: Device,
    result: TrainingResult | None,
    started: float,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Write a job's record: its spec, learning curve, duration, software and hardware.

    Args:
        path: The JSON file.
        runs: The study.
        spec: The run spec.
        device: Where the job ran.
        result: The result of training; None: nothing was trained.
        started: When the job started, in seconds of ``time.monotonic``.
        more: Further entries about the training.
    """
    seconds = time.monotonic() - started + (result.earlier_seconds if result else 0)
    record = {
        "study": runs.study.study,
        "files": _checksums(path, runs.paths),
        "synthetic": runs.study.source.kind == "synthetic",
        "spec": spec,
        "training": training_entry(result, more),
        "seconds": round(seconds, 1),
        "hardware": device.describe(),
        "software": {
            "python": platform.python_version(),
            "xstilts": version("xstilts"),
            **{name: version(name) for name in ("torch", "transformers", "tokenizers", "pyarrow")},
            **({"peft": version("peft")} if "peft" in sys.modules else {}),
        },
    }
    write_json(path, record)


def training_entry(result: TrainingResult | None, more: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """Return what a job's record has about its training; the arguments are those of :func:`write_record`."""
    names = ("steps", "best_step", "curve", "halvings", "resumed_at")
    return {**{name: getattr(result, name) for name in names}, **(more or {})} if result else None


def _checksums(record: Path, paths: Paths) -> dict[str, str]:
    """Return the SHA-256 of every other file of the record's job, by its path in the study's folder."""
    job = Job.of_record(record.relative_to(paths.root).as_posix())
    made = {*job.makes(paths), *(record.parent.iterdir() if job.makes_encoder else ())} if job else set()
    files = sorted(path for path in made if path != record and path.is_file())
    return {path.relative_to(paths.root).as_posix(): sha256_of(path) for path in files}
