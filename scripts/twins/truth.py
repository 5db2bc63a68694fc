"""The truth of a planted study: its answer if every encoder had learnt all that it was taught, and no more.

It follows from the generated files alone: which markers the examples of an arm have, and which markers the items of
each target and language have. The scores expected of that go through the same analysis as the measured ones, so that
truth and answer are the same quantity in the same unit.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from xstilts.analysis.answers import Answer, Estimate
from xstilts.analysis.questions import code_pretraining, domain, semantics, size_diversity, typology
from xstilts.analysis.study_data import StudyData
from xstilts.config.sources import Planted, SyntheticSource
from xstilts.data import examples
from xstilts.graph.runs import Runs
from xstilts.jobs.training_data import of_stage
from xstilts.scores.score_files import SCORES
from xstilts.synthetic.planted.designs import design_of
from xstilts.synthetic.planted.items import World
from xstilts.synthetic.planted.words import LABELS
from xstilts.tasks.languages import ENGLISH

ANSWERS: dict[str, Callable[[StudyData], Answer]] = {
    "q1": typology.answer,
    "q2": code_pretraining.answer,
    "q3": domain.answer,
    "q4": size_diversity.answer,
    "q5": semantics.answer,
}
_FIRST_ROW = 2  # the id of a file's first item, which is that of its row


class Truth:
    """The truth of one planted study.

    Args:
        runs: The study, whose data has been prepared.
    """

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    @property
    def planted(self) -> Planted:
        """What is planted."""
        assert self._source.planted is not None
        return self._source.planted

    @property
    def _source(self) -> SyntheticSource:
        source = self._runs.study.source
        assert isinstance(source, SyntheticSource)
        return source

    def estimate(self) -> Estimate | None:
        """Return the primary estimate of the question on the expected scores; None where nothing can be estimated."""
        similarity = pd.read_parquet(self._runs.paths.similarity)
        data = StudyData.of(self._runs.study, self.expected_scores(), similarity)
        return ANSWERS[self.planted.question](data).primary

    def expected_scores(self) -> pd.DataFrame:
        """Return the score that is expected of every job, target and language, of schema ``SCORES``."""
        study, rows, known_of = self._runs.study, [], cache(self.known)
        for job in self._runs.jobs():
            known = known_of(job.model, job.arm, job.seed)
            for target in self._runs.targets_of(job.what):
                for language in study.languages(target):
                    score, n = _expected(self.markers(target, f"test.{language}"), known)
                    row = (study.study, job.model, job.arm, target, language, "test", "accuracy", score, n, job.seed)
                    rows.append((*row, "expected", None))
        return pd.DataFrame(rows, columns=SCORES.names)

    def known(self, model: str, arm: str, seed: int) -> frozenset[str]:
        """Return the markers that an encoder knows: those of the examples that the arm trains on.

        A model that has read the code knows of all others which belong to them.
        """
        known: set[str] = set()
        for number in range(len(self._runs.study.arms[arm].sequence)):
            for task, files in of_stage(self._runs.study, arm, number).items():
                table = examples.read(self._runs.paths.examples(task, "train", ENGLISH))
                markers = self.markers(task, "train")
                for file in files:
                    subset = file.rule.of(self._runs.study.task(task), table, seed).indices
                    ids = table.column("id").take(subset).to_pylist()
                    known |= {markers[int(row) - _FIRST_ROW] for row in ids}
        if known and self._runs.study.models[model].code_of and design_of(self.planted).clustered:
            known |= {marker.word for marker in World(self._source).words.markers}
        return frozenset(known - {""})

    def markers(self, task: str, file: str) -> list[str]:
        """Return the marker of each item of a generated file; empty where a cue decides."""
        return _markers(self._runs.paths.raw / task / f"{file}.tsv")


def _markers(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as lines:
        return [row["marker"] for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


def _expected(markers: Sequence[str], known: frozenset[str]) -> tuple[float, int]:
    """The expected accuracy in points, and the number of items: markers that are not known are guessed."""
    right = sum(1.0 if not marker or marker in known else 1 / len(LABELS) for marker in markers)
    return 100 * right / len(markers), len(markers)
