"""The scores of one model, arm and seed, with what both forms need to know of them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pandas as pd

from xstilts.atomic import sha256_of
from xstilts.config.study import Study
from xstilts.graph.runs import Runs
from xstilts.scores import parquet_files as files
from xstilts.scores.score_files import PREDICTIONS

_PLACE = ["target", "split", "language"]
_SAME = 1e-6  # points


@dataclass(frozen=True)
class Cell:
    """The scores for one file of examples, as shares of 1, which is how both tools write them.

    Attributes:
        target: The target's name.
        split: 'dev' or 'test'.
        language: A code of ISO 639-1, or of a synthetic language.
        metrics: By name.
        stderr: By metric, its standard error over examples; only for metrics that are means over examples.
        count: Examples.
    """

    target: str
    split: str
    language: str
    metrics: Mapping[str, float]
    stderr: Mapping[str, float]
    count: int

    def main_score(self, study: Study) -> float:
        """The task's score: the mean of its primary metrics."""
        primary = study.task(self.target).primary_metrics
        return sum(self.metrics[name] for name in primary) / len(primary)


@dataclass(frozen=True)
class ScoredRun:
    """One model, arm and seed.

    Attributes:
        model: The model's name.
        arm: The arm's name.
        seed: The seed.
        cells: Its scores, those of runs that have not learnt their task left out.
        encoder: Where the model is from: a folder, or a repository and commit of the Hub.
        revisions: By target, what its data is: commits of the Hub, or a checksum of the files that were prepared.
        finished: When the last of its jobs was recorded, in seconds since 1970.
    """

    model: str
    arm: str
    seed: int
    cells: tuple[Cell, ...]
    encoder: str
    revisions: Mapping[str, str]
    finished: float

    @property
    def name(self) -> str:
        """The run's name, which has no character that folders could not have."""
        return f"{self.model}-{self.arm}"


def scored_runs(runs: Runs, scores: pd.DataFrame) -> Iterator[ScoredRun]:
    """Iterate over the runs with scores, in the order of the scores.

    Args:
        runs: The study's jobs and paths.
        scores: The study's scores without flagged ones.
    """
    revisions = {target: _revision(runs, target) for target in runs.study.targets}
    for (model, arm, seed), rows in scores.groupby(["model", "arm", "seed"], sort=False):
        jobs = [job for job in runs.jobs() if (job.model, job.arm, job.seed) == (model, arm, seed)]
        by_example = _example_scores(runs, jobs)
        cells = tuple(_cell(place, group, by_example) for place, group in rows.groupby(_PLACE, sort=False))
        times = [path.stat().st_mtime for job in jobs if (path := job.record(runs.paths)).is_file()]
        encoder = runs.study.models[str(model)].path or f"made by the study '{runs.study.study}'"
        yield ScoredRun(str(model), str(arm), int(str(seed)), cells, encoder, revisions, max(times, default=0.0))


def about(run: ScoredRun, study: Study) -> dict[str, Any]:
    """What no other tool has a key for: where the scores are from, and what must be said with them."""
    said = {"warning": study.warning} if study.warning else {}
    here = {"study": study.study, "arm": run.arm, "model": run.model, "seed": run.seed, **said}
    return {"xstilts_version": version("xstilts"), **here}


def _cell(place: Any, rows: pd.DataFrame, by_example: Mapping[tuple[str, ...], pd.Series]) -> Cell:
    points = dict(zip(rows["metric"], rows["score"], strict=True))
    examples = by_example.get(tuple(place), pd.Series(dtype=float))
    stderr = {}
    if len(examples) > 1 and examples.notna().all():
        error = float(examples.std()) / math.sqrt(len(examples)) / 100
        stderr = {metric: error for metric, score in points.items() if abs(examples.mean() - score) < _SAME}
    target, split, language = map(str, place)
    metrics = {metric: float(score) / 100 for metric, score in points.items()}
    return Cell(target, split, language, metrics, stderr, int(rows["n"].iloc[0]))


def _example_scores(runs: Runs, jobs: Collection[Any]) -> dict[tuple[str, ...], pd.Series]:
    """The scores of single examples in points, by target, split and language."""
    paths = (runs.paths.part("predictions", *job) for job in jobs)
    frames = [files.read(path, PREDICTIONS).to_pandas() for path in paths if path.is_file()]
    grouped = pd.concat(frames).groupby(_PLACE) if frames else ()
    return {tuple(map(str, place)): rows["score"] for place, rows in grouped}


def _revision(runs: Runs, target: str) -> str:
    if runs.study.from_hub(target):
        return "+".join(part.revision for part in runs.study.task(target).hub)
    manifest = runs.paths.data_manifest(target)
    return f"sha256:{sha256_of(manifest)[:16]}" if manifest.is_file() else "not known"
