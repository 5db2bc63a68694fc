"""What a job leaves for others: scores, predictions, and a record of how they came about."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from xstilts.atomic import write_json
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Spec
from xstilts.scores.dev_scores import DEV_SCORES, write_dev_scores
from xstilts.scores.score_files import PREDICTIONS, SCORES, write_predictions, write_scores
from xstilts.task_types.base import Scored, TaskType
from xstilts.training.device import Device

if TYPE_CHECKING:
    from xstilts.training.loop import Trained


class Results:
    """Scores and predictions of one job, gathered language by language.

    ``add_dev`` keeps apart the scores on data that something was chosen on: checkpoints, thresholds.
    """

    def __init__(self, study: str, model: str, arm: str, seed: int, run: str) -> None:
        self._model, self._arm, self._seed = model, arm, seed
        self._job = {"study": study, "model": model, "arm": arm, "seed": seed, "run": run}
        self._scores: list[dict[str, Any]] = []
        self._dev_scores: list[dict[str, Any]] = []
        self._predictions: list[pa.Table] = []

    def add(self, task_type: TaskType, language: str, split: str, predictions: Sequence[str], gold: pa.Table) -> None:
        """Keep one prediction per example, and score them where the release has the answers."""
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
            "score": scored.parts,
        }
        self._predictions.append(pa.table(columns, schema=PREDICTIONS))

    def add_dev(
        self, stage: str, task_type: TaskType, language: str, predictions: Sequence[str], gold: pa.Table
    ) -> None:
        """Score predictions for data that the job has made a choice on, at a stage: intermediate, target, retrieval."""
        scored = task_type.score(task_type.task, language, predictions, gold)
        cell = {**self._job, "stage": stage, "task": task_type.task.name, "language": language, "n": len(predictions)}
        self._dev_scores += [{**cell, "metric": metric, "score": score} for metric, score in scored.metrics.items()]

    def write_dev(self, runs: Runs, what: str) -> None:
        path = runs.paths.part("dev_scores", self._model, self._arm, what, self._seed)
        write_dev_scores(path, pa.Table.from_pylist(self._dev_scores, schema=DEV_SCORES))

    def write(self, runs: Runs, what: str) -> None:
        """All files; the scores last, as they say that the job is done."""
        job = self._model, self._arm, what, self._seed
        self.write_dev(runs, what)
        write_predictions(runs.paths.part("predictions", *job), pa.concat_tables(self._predictions))
        write_scores(runs.paths.part("scores", *job), pa.Table.from_pylist(self._scores, schema=SCORES))


def write_record(
    path: Path,
    runs: Runs,
    spec: Spec,
    device: Device,
    trained: Trained | None,
    started: float,
    more: Mapping[str, Any] | None = None,
) -> None:
    """The run's spec, the learning curve and what ``more`` there is to say of the training, software and hardware."""
    training, seconds = None, time.monotonic() - started
    if trained:
        seconds += trained.earlier_seconds
        names = ("steps", "best_step", "curve", "halvings", "resumed_at")
        training = {**{name: getattr(trained, name) for name in names}, **(more or {})}
    record = {
        "study": runs.study.study,
        "synthetic": runs.study.source.kind == "synthetic",
        "spec": spec,
        "training": training,
        "seconds": round(seconds, 1),
        "hardware": device.describe(),
        "software": {
            "python": platform.python_version(),
            "xstilts": version("xstilts"),
            **{name: version(name) for name in ("torch", "transformers", "tokenizers", "pyarrow")},
        },
    }
    write_json(path, record)
