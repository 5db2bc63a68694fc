"""Load a finished study as tidy frames, for notebooks: ``xstilts.load_results("results/my_study")``."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow.compute as pc

from xstilts.analysis import mistakes
from xstilts.analysis.effects import cell_tests, effects
from xstilts.analysis.gains import gains, missing_cells
from xstilts.analysis.study_data import language_frame
from xstilts.config.study import Study, load_file
from xstilts.errors import DataError, UserError, did_you_mean
from xstilts.graph.location import results_of
from xstilts.graph.paths import Paths
from xstilts.graph.runs import Job, Runs, evaluation_of
from xstilts.graph.state import refuse_damaged_outputs
from xstilts.graph.unfinished import refuse_unfinished
from xstilts.scores import parquet_files as files
from xstilts.scores.curves import read_curves
from xstilts.scores.dev_scores import read_dev_scores
from xstilts.scores.flags import flagged_jobs, usable
from xstilts.scores.gains import primary_scores
from xstilts.scores.score_files import PREDICTIONS, read_scores
from xstilts.wording import counted


@dataclass(frozen=True, repr=False)
class StudyResults:
    """One study's results; every frame but ``languages`` is tidy, with one row per value.

    ``scores``, ``dev_scores`` and ``curves`` are the study's files. The other frames are computed on first access, from
    the scores without a ``flag``.
    """

    study: Study
    paths: Paths
    scores: pd.DataFrame
    dev_scores: pd.DataFrame

    def __repr__(self) -> str:
        sizes = [
            counted(len(names), noun)
            for noun, names in (
                ("model", self.study.models),
                ("arm", self.study.arms),
                ("target", self.study.targets),
                ("seed", self.study.seeds),
            )
        ]
        return f"<Results of '{self.study.study}': {', '.join(sizes)}. {self.study.warning}".rstrip() + ">"

    @cached_property
    def gains(self) -> pd.DataFrame:
        """Gains per language and seed; see :func:`xstilts.analysis.gains.gains`."""
        return gains(primary_scores(usable(self.scores), self.study), self.study)

    @cached_property
    def missing(self) -> pd.DataFrame:
        """The cells and seeds of the study without a gain, with the reason."""
        return missing_cells(usable(self.scores), self.study)

    @cached_property
    def effects(self) -> pd.DataFrame:
        """Mean gains with 95 % intervals; see :func:`xstilts.analysis.effects.effects`."""
        return effects(usable(self.scores), self.study)

    @cached_property
    def cell_tests(self) -> pd.DataFrame:
        """Paired tests per arm, target and language; see :func:`xstilts.analysis.effects.cell_tests`.

        The first access reads all predictions.
        """
        left_out = flagged_jobs(self.scores, self.study)
        jobs = [job for job in Runs(self.study).jobs() if job not in left_out]
        return cell_tests((self.paths.part("predictions", *job) for job in jobs), self.study, usable(self.scores))

    @cached_property
    def curves(self) -> pd.DataFrame:
        """The learning curves of all jobs, read on first access; see :data:`xstilts.scores.curves.CURVES`.

        Raises:
            DataError: the file is missing, as in studies of earlier versions.
        """
        return read_curves(self.paths.curves)

    @cached_property
    def languages(self) -> pd.DataFrame:
        """Facts about each language, by code; see :func:`xstilts.analysis.study_data.language_frame`."""
        return language_frame(self.study)

    def predictions(
        self, target: str | None = None, language: str | None = None, arm: str | None = None, *, text: bool = False
    ) -> pd.DataFrame:
        """Read the predictions of the study, or those of one target, language or arm.

        Args:
            target: A target of the study; None: all.
            language: One of its languages; None: all.
            arm: One of its arms; None: all.
            text: Whether to add the examples' text, in the columns of the target's type: premise, question, tokens, …

        Returns:
            One row per example, arm and seed with the columns model, arm, seed, target, language, split, example,
            prediction, gold and score (points, NaN where the metric does not decompose into examples).

        Raises:
            UserError: the study has no such target, language or arm.
            DataError: a file is missing or is not a file of predictions.
        """
        found = self._all_predictions(target, language, arm)
        return mistakes.with_text(found, self.study, self.paths) if text else found

    def mistakes(self, target: str, language: str | None = None, arm: str | None = None) -> pd.DataFrame:
        """Read the predictions for a target that are not wholly right, with the examples' text, the worst first.

        Runs that have not learnt their training set are left out; see :func:`xstilts.analysis.mistakes.mistakes`.

        Raises:
            UserError, DataError: as :meth:`predictions`.
        """
        found = self._learnt(target, language, arm)
        return mistakes.mistakes(mistakes.with_text(found, self.study, self.paths), self.study.task(target))

    def confusions(self, target: str, language: str | None = None, arm: str | None = None) -> pd.DataFrame:
        """Count what is taken for what, the most frequent first; see :func:`xstilts.analysis.mistakes.confusions`.

        Raises:
            UserError: as :meth:`predictions`, or the target's predictions are no labels.
            DataError: as :meth:`predictions`.
        """
        return mistakes.confusions(self._learnt(target, language, arm), self.study.task(target))

    def confusion_table(self, target: str, arm: str, language: str | None = None) -> pd.DataFrame:
        """Count an arm's gold labels (rows) by predicted labels (columns), over all seeds; as :meth:`confusions`."""
        return mistakes.confusion_table(self._learnt(target, language, arm), self.study.task(target))

    def _learnt(self, target: str, language: str | None, arm: str | None) -> pd.DataFrame:
        """The predictions for a target without those of flagged runs."""
        return self._all_predictions(target, language, arm, flagged_jobs(self.scores, self.study))

    def _all_predictions(
        self, target: str | None, language: str | None, arm: str | None, left_out: Collection[Job] = ()
    ) -> pd.DataFrame:
        _refuse_unknown("target", target, self.study.targets)
        _refuse_unknown("language", language, self.languages.index)
        _refuse_unknown("arm", arm, self.study.arms)
        evaluation = evaluation_of(self.study, target) if target else None
        frames = [
            self._predictions(job, target, language)
            for job in Runs(self.study).jobs()
            if arm in (None, job[1]) and evaluation in (None, job[2]) and job not in left_out
        ]
        if not frames:
            raise UserError(f"No run of '{arm or 'any arm'}' on {target} has learnt its task: see results.missing.")
        return pd.concat(frames, ignore_index=True)

    def _predictions(self, job: Job, target: str | None, language: str | None) -> pd.DataFrame:
        path = self.paths.part("predictions", *job)
        if not path.is_file():
            raise DataError(path, "these predictions are missing.", remedy="Let snakemake make them again.")
        refuse_damaged_outputs(job, self.paths, [path])
        table = files.read(path, PREDICTIONS)
        for column, wanted in (("target", target), ("language", language)):
            if wanted is not None:
                table = table.filter(pc.field(column) == wanted)
        model, arm, _, seed = job
        frame: pd.DataFrame = table.to_pandas()
        frame.insert(0, "model", model)
        frame.insert(1, "arm", arm)
        frame.insert(2, "seed", seed)
        return frame


def load_results(path: Path | str) -> StudyResults:
    """Load the results of a finished study.

    Args:
        path: The study's folder, ``results/{study}``, or a file in it.

    Raises:
        UserError: there is no such study, it is not finished, its scores are those of an earlier version of it,
            or its results are in a storage out of reach.
    """
    path = Path(path)
    root = path.parent if path.is_file() else path
    if not Paths(root).study.is_file():
        raise UserError(_no_study(root))
    root = results_of(root)
    paths = Paths(root)
    study = load_file(paths.study)
    refuse_unfinished(Runs(study, folder=root), paths.scores, paths.dev_scores)
    scores = read_scores(paths.scores)
    _refuse_outdated(scores, study, paths.scores)
    return StudyResults(study, paths, scores, read_dev_scores(paths.dev_scores))


def _no_study(root: Path) -> str:
    others = sorted(file.parent.name for file in root.parent.glob("*/study.json")) if root.parent.is_dir() else []
    hint = (
        f"Studies in {root.parent}: {', '.join(others)}." if others else "Give the folder results/{study} of a study."
    )
    return f"{root}: no study's results are here. {hint}"


def _refuse_unknown(noun: str, name: str | None, valid: Iterable[str]) -> None:
    if name is not None and name not in (names := list(valid)):
        raise UserError(f"The study has no {noun} '{name}'. {did_you_mean(name, names)}")


def _refuse_outdated(scores: pd.DataFrame, study: Study, path: Path) -> None:
    valid: dict[str, Iterable[str | int]] = {
        "study": [study.study],
        "model": study.models,
        "arm": study.arms,
        "target": study.targets,
        "seed": study.seeds,
    }
    for column, names in valid.items():
        unknown = scores.loc[~scores[column].isin(list(names)), column]
        if len(unknown):
            raise DataError(
                path,
                f"has scores of {column} '{unknown.iloc[0]}', which study.json does not.",
                remedy="The study has changed since: run snakemake with its study file again.",
            )
