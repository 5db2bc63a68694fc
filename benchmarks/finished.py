"""A large finished study of made-up scores: every file that its jobs would have left, and no model behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from xstilts.config.study import BASELINE, Study, load, store
from xstilts.graph.jobs import INTERMEDIATE, RETRIEVAL, Job
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.scores.dev_scores import DEV_SCORES, write_dev_scores
from xstilts.scores.score_files import PREDICTIONS, SCORES, write_predictions, write_scores
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import INTERMEDIATE_TASKS, TARGET_TASKS
from xstilts.tasks.task import Task

MODELS: dict[str, dict[str, str]] = {
    "text": {"path": "models/text"},
    "code": {"path": "models/code", "code_of": "text"},
    "large": {"path": "models/large"},
}
#: The baseline, nine tasks alone, three groups of them, and a control: fourteen.
ARMS: dict[str, dict[str, Any]] = {
    BASELINE: {},
    **{task: {"tasks": [task]} for task in INTERMEDIATE_TASKS},
    "all": {"tasks": list(INTERMEDIATE_TASKS)},
    "sentences": {"tasks": ["anli", "mnli", "qqp"]},
    "questions": {"tasks": ["squad_v1", "squad_v2"]},
    "untrained": {"weights": "random"},
}
_TAG_METRICS = ("accuracy", "precision", "recall", "f1")
_SIMILARITIES = ("cosine", "cosine_centred")


def large_study(seeds: int, models: Sequence[str] = tuple(MODELS), arms: Sequence[str] = tuple(ARMS)) -> Study:
    """The study: XTREME's nine targets in all their languages; with three seeds it has about 57,000 scores."""
    return load(
        {
            "study": "large",
            "source": {"kind": "files", "root": "data"},
            "models": {name: MODELS[name] for name in models},
            "seeds": list(range(1, seeds + 1)),
            "arms": {name: ARMS[name] for name in arms},
            "targets": dict.fromkeys(TARGET_TASKS),
        }
    )


def write_finished(study: Study, folder: Path, examples: int) -> Runs:
    """Write scores, predictions, dev scores and records of every job, in a folder.

    Args:
        study: What to make up the files of.
        folder: The study's folder.
        examples: Examples in each file of predictions, per target and language.

    Returns:
        The study's jobs and paths.
    """
    runs = Runs(study, folder=folder)
    store(study, runs.paths.study)
    writer = _Writer(runs, Specs(runs), np.random.default_rng(1), examples)
    for job in runs.all_jobs():
        writer.write(job)
    for task in study.tasks():
        writer.write_manifest(task)
    pd.DataFrame(writer.similarities()).to_parquet(runs.paths.similarity, index=False)
    return runs


@dataclass(frozen=True)
class _Writer:
    runs: Runs
    specs: Specs
    random: np.random.Generator
    examples: int

    def write(self, job: Job) -> None:
        spec = self.specs.of(job)
        if not job.makes_encoder:
            self._write_scores(job, str(spec["id"]))
        if not job.is_pretraining:
            self._write_dev_scores(job, str(spec["id"]))
        record = {
            "study": self.runs.study.study,
            "spec": spec,
            "training": None if job.what == RETRIEVAL else self._training(job),
            "seconds": 100.0,
            "hardware": {"device": "made up", "precision": "float32"},
            "software": {"python": "3.11"},
        }
        path = job.record(self.runs.paths)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record), encoding="utf-8")

    def write_manifest(self, task: str) -> None:
        path = self.runs.paths.data_manifest(task)
        path.parent.mkdir(parents=True, exist_ok=True)
        size = int(10 ** self.random.uniform(3, 5.6))
        files = {
            f"{split}.{code}": {"examples": size if split == "train" else self.examples}
            for split, code in self.runs.files(task)
        }
        path.write_text(json.dumps({"files": files}), encoding="utf-8")

    def similarities(self) -> Iterator[dict[str, Any]]:
        study = self.runs.study
        for model in study.models:
            for task in study.intermediate_tasks():
                for target in study.targets:
                    pair = {"model": model, "intermediate": task, "target": target, "tokens": 1000}
                    yield {**pair, "language": ENGLISH, "measure": "jsd", "value": self.random.uniform(0.2, 0.8)}
                    for code in study.languages(target):
                        for measure in _SIMILARITIES:
                            yield {**pair, "language": code, "measure": measure, "value": self.random.uniform(0.2, 0.9)}

    def _write_scores(self, job: Job, run: str) -> None:
        study, rows, cells = self.runs.study, [], []
        of_job = {"study": study.study, "model": job.model, "arm": job.arm, "seed": job.seed, "run": run, "flag": None}
        for target in self.runs.targets_of(job.what):
            task = study.task(target)
            gained = 0.0 if job.arm == BASELINE else self.random.normal(0.5, 0.4)
            for split in study.splits_of(target):
                for code in study.languages(target, split):
                    share = np.clip(0.6 + 0.02 * (gained + self.random.normal(0, 0.5)), 0, 1)
                    right = self.random.random(self.examples) < share
                    cells.append(self._predictions(task, code, split, right))
                    score = 100 * float(share)
                    cell = {**of_job, "target": target, "language": code, "split": split, "n": self.examples}
                    rows += [{**cell, "metric": metric, "score": score} for metric in _metrics(task)]
        write_predictions(self.runs.paths.part("predictions", *job), pa.concat_tables(cells))
        write_scores(job.result(self.runs.paths), pa.Table.from_pylist(rows, schema=SCORES))

    def _predictions(self, task: Task, code: str, split: str, right: np.ndarray) -> pa.Table:
        count = len(right)
        paired = task.type == "retrieval" and "f1" in task.primary_metrics
        columns = {
            "target": [task.name] * count,
            "language": [code] * count,
            "split": [split] * count,
            "example": list(map(str, range(count))),
            "prediction": np.where(right, "yes", "no").tolist(),
            "gold": ["yes"] * count,
            "score": [None] * count if paired else np.where(right, 100.0, 0.0).tolist(),
        }
        return pa.table(columns, schema=PREDICTIONS)

    def _write_dev_scores(self, job: Job, run: str) -> None:
        study, tasks = self.runs.study, self._learnt(job)
        stage = job.what if job.makes_encoder else "target"
        cell = {"study": study.study, "model": job.model, "arm": job.arm, "stage": stage, "seed": job.seed, "run": run}
        rows = [
            {**cell, "task": task, "language": ENGLISH, "metric": metric, "score": 80.0, "n": 100}
            for task in tasks
            for metric in _metrics(study.task(task))
        ]
        write_dev_scores(self.runs.paths.part("dev_scores", *job), pa.Table.from_pylist(rows, schema=DEV_SCORES))

    def _learnt(self, job: Job) -> tuple[str, ...]:
        """The tasks that a job trains on."""
        if job.what == INTERMEDIATE:
            return self.runs.study.arms[job.arm].all_tasks
        return (job.what,) if job.rule == "finetune" else ()

    def _training(self, job: Job) -> dict[str, Any]:
        tasks = self._learnt(job)
        curve = [
            {"step": 100 * step, "loss": 2 / step, **dict.fromkeys(tasks, 80 - 30 / step)} for step in range(1, 11)
        ]
        learnt = {task: {"score": 80.0, "chance": 40.0, "constant": False, "margin": 1.0} for task in tasks}
        return {"steps": 1000, "best_step": 1000, "curve": curve, "learnt": learnt}


def _metrics(task: Task) -> tuple[str, ...]:
    if task.type == "tagging":
        has_spans = any(label.startswith(("B-", "I-")) for label in task.labels)
        return _TAG_METRICS if has_spans else (*_TAG_METRICS, "f1_whole_tags")
    if task.type == "retrieval" and "f1" in task.primary_metrics:
        return ("precision", "recall", "f1")
    return ("exact_match", "f1") if task.type == "span_qa" else tuple(task.primary_metrics)
