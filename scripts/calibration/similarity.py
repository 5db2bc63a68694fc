"""Simulated studies with similarities of data sets, for questions 3 and 5, and the primary tests of these two."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from calibration.simulation import simulated, xtreme_study
from xstilts.analysis.answers import Estimate
from xstilts.analysis.deltas import beyond_english, deltas
from xstilts.analysis.permutation import DyadicFit, dyadic_regression
from xstilts.analysis.prediction import MEASURES, predictions_of, r2_increment
from xstilts.analysis.questions.domain import PRIMARY
from xstilts.analysis.selection import similarity_of
from xstilts.analysis.study_data import StudyData
from xstilts.config.study import Study
from xstilts.tasks.languages import ENGLISH


@cache
def full_study() -> Study:
    """Return a study with XTREME's layout, in one seed."""
    return xtreme_study()


def _model(study: Study) -> str:
    return next(iter(study.models))


@dataclass(frozen=True)
class WordParts:
    """Confounders of the gain and the similarity of an intermediate task and a target.

    Attributes:
        same_format: Points that tasks of the same format gain; their similarity is two SDs larger in any case.
        group: SD of effects of intermediate task x format of the target, on both, drawn independently.
    """

    same_format: float = 0.0
    group: float = 0.0


#: Question 3: name, points per SD of similarity, and confounders.
WORD_SCENARIOS = (
    ("no slope", 0.0, WordParts()),
    ("no slope, equal formats gain", 0.0, WordParts(same_format=2.0)),
    ("no slope, equal formats gain, targets of one format alike", 0.0, WordParts(same_format=2.0, group=1.0)),
    ("half a point, equal formats gain", 0.5, WordParts(same_format=2.0)),
    ("one point, equal formats gain", 1.0, WordParts(same_format=2.0)),
)


def _same_format(study: Study, arms: list[str], targets: list[str]) -> np.ndarray:
    return np.array([[float(study.task(arm).type == study.task(target).type) for target in targets] for arm in arms])


def study_with_words(rng: np.random.Generator, parts: WordParts, slope: float) -> StudyData:
    """Simulate a study of arms named after their task, with the similarity of English words, in arbitrary units."""
    study = full_study()
    arms, targets = [*study.intermediate_tasks()], [*study.targets]
    shape, same = (len(arms), len(targets)), _same_format(study, arms, targets)
    formats = [study.task(target).type for target in targets]
    columns = [sorted({*formats}).index(task_format) for task_format in formats]

    def grouped() -> np.ndarray:
        return rng.normal(0, parts.group, (len(arms), len({*formats})))[:, columns]

    margins = rng.normal(0, 1, (shape[0], 1)) + rng.normal(0, 1, (1, shape[1]))
    similarity = margins + 2 * same + grouped() + rng.normal(0, 1, shape)
    added = slope * similarity / similarity.std() + parts.same_format * same + grouped()
    places = pd.MultiIndex.from_product([arms, targets], names=["arm", "target"])
    planted = pd.DataFrame({"delta": added.ravel()}, index=places).reset_index()
    measured = planted[["arm", "target"]].rename(columns={"arm": "intermediate"})
    measured = measured.assign(model=_model(study), language=ENGLISH, measure=PRIMARY, value=similarity.ravel())
    return simulated(rng, study, planted=planted, similarity=measured)


def domain_slope(study_data: StudyData) -> DyadicFit | None:
    """Run the primary test of question 3 on a study without missing cells whose arms are named after their task."""
    gains = deltas(study_data)
    gains = gains[gains["language"] != ENGLISH].pivot_table(index="arm", columns="target", values="delta")
    values = similarity_of(study_data, _model(study_data.study), PRIMARY)
    similarity = values.pivot(index="intermediate", columns="target", values="value").loc[gains.index, gains.columns]
    x = similarity.to_numpy(dtype=float)
    same = _same_format(study_data.study, [*gains.index], [*gains.columns])
    return dyadic_regression(gains.to_numpy(), x / x.std(), same, np.random.default_rng(1))


@dataclass(frozen=True)
class EmbeddingParts:
    """SDs of the components of the similarity of embeddings.

    Attributes:
        cell: Of intermediate task, target and language together.
        language: Of the language. Raw cosines have a second component of the language, correlated with distance.
        arm_target: Of intermediate task and target together.
    """

    cell: float = 1.0
    language: float = 0.5
    arm_target: float = 0.0


#: Question 5: name, points per unit of centred similarity, and its components.
EMBEDDING_SCENARIOS = (
    ("no link, similarity of languages and cells", 0.0, EmbeddingParts()),
    ("no link, similarity also of task pairs", 0.0, EmbeddingParts(arm_target=0.7)),
    ("0.4 points per SD of a cell's similarity", 0.4, EmbeddingParts()),
    ("0.8 points per SD of a cell's similarity", 0.8, EmbeddingParts()),
)


def study_with_embeddings(rng: np.random.Generator, parts: EmbeddingParts, slope: float) -> StudyData:
    """Simulate a study with the similarity of embeddings, raw and centred, in arbitrary units."""
    study = full_study()
    rows = [
        (arm, target, language)
        for arm in study.intermediate_tasks()
        for target in study.targets
        for language in study.languages(target)
    ]
    table = pd.DataFrame(rows, columns=["arm", "target", "language"])

    def component(sd: float, *factors: str) -> np.ndarray:
        codes = table.groupby([*factors], sort=False).ngroup().to_numpy()
        return rng.normal(0, sd, codes.max() + 1)[codes]

    centred = component(parts.cell, "arm", "target", "language") + component(parts.language, "language")
    centred += component(parts.arm_target, "arm", "target")
    planted = table.assign(delta=slope * centred)
    without = simulated(rng, study, planted=planted)
    distance = table["language"].map(without.languages["distance"].astype("float64")).to_numpy()
    raw = centred + component(2.0, "language") - 2 * (distance - distance.mean()) / distance.std()
    place = table.rename(columns={"arm": "intermediate"}).assign(model=_model(study))
    values = zip(MEASURES, (raw, centred), strict=True)
    measured = pd.concat([place.assign(measure=name, value=value) for name, value in values], ignore_index=True)
    return replace(without, similarity=measured)


def similarity_increment(study_data: StudyData) -> Estimate:
    """Run the primary test of question 5 on a study whose arms are named after their task.

    Its p is 1 where similarity makes predictions worse: the question is whether it improves them, and a predictor
    without information makes them slightly but significantly worse.
    """
    model = _model(study_data.study)
    cells, _ = beyond_english(study_data, model)
    cells = cells.assign(in_pretraining=(cells["cc100_gib"] > 0).astype("float64"), error=np.nan)
    for measure in MEASURES:
        values = similarity_of(study_data, model, measure).rename(columns={"intermediate": "arm", "value": measure})
        cells = cells.merge(values, on=["arm", "target", "language"])
    estimate = r2_increment(predictions_of(cells, ["language"]), "language", "M2")
    return estimate if estimate.value > 0 else replace(estimate, p=1.0)
