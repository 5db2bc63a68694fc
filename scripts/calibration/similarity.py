"""Simulated worlds with similarities of data sets, for questions 3 and 5, and the primary tests of these two."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from calibration.simulation import simulated, xtreme_study
from xstilts.analysis.answers import Estimate
from xstilts.analysis.deltas import beyond_english, deltas
from xstilts.analysis.permutation import Dyadic, dyadic
from xstilts.analysis.prediction import MEASURES, predictions_of, step
from xstilts.analysis.questions.domain import PRIMARY
from xstilts.analysis.selection import similarity_of
from xstilts.analysis.study_data import StudyData
from xstilts.config.study import Study
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TASKS


@cache
def full_study() -> Study:
    """XTREME's layout in one seed."""
    return xtreme_study()


def _model(study: Study) -> str:
    return next(iter(study.models))


@dataclass(frozen=True)
class Words:
    """What gain and similarity of an intermediate task and a target have in common beside a slope.

    ``same_format``: points that tasks of one format gain; their similarity is two SDs larger in any case. ``group``: SD
    of effects of intermediate task x format of the target, in both, but drawn apart for each.
    """

    same_format: float = 0.0
    group: float = 0.0


#: Worlds of question 3: name, points per SD of similarity, and nuisance.
WORDS = (
    ("no slope", 0.0, Words()),
    ("no slope, equal formats gain", 0.0, Words(same_format=2.0)),
    ("no slope, equal formats gain, targets of one format alike", 0.0, Words(same_format=2.0, group=1.0)),
    ("half a point, equal formats gain", 0.5, Words(same_format=2.0)),
    ("one point, equal formats gain", 1.0, Words(same_format=2.0)),
)


def _same_format(arms: list[str], targets: list[str]) -> np.ndarray:
    return np.array([[float(TASKS[arm].type == TASKS[target].type) for target in targets] for arm in arms])


def worded(rng: np.random.Generator, world: Words, slope: float) -> StudyData:
    """A study of arms named by their task, with the similarity of English words, in arbitrary units."""
    study = full_study()
    arms, targets = [*study.intermediate_tasks()], [*study.targets]
    shape, same = (len(arms), len(targets)), _same_format(arms, targets)
    formats = [TASKS[target].type for target in targets]
    columns = [sorted({*formats}).index(form) for form in formats]

    def grouped() -> np.ndarray:
        return rng.normal(0, world.group, (len(arms), len({*formats})))[:, columns]

    margins = rng.normal(0, 1, (shape[0], 1)) + rng.normal(0, 1, (1, shape[1]))
    similarity = margins + 2 * same + grouped() + rng.normal(0, 1, shape)
    added = slope * similarity / similarity.std() + world.same_format * same + grouped()
    places = pd.MultiIndex.from_product([arms, targets], names=["arm", "target"])
    planted = pd.DataFrame({"delta": added.ravel()}, index=places).reset_index()
    measured = planted[["arm", "target"]].rename(columns={"arm": "intermediate"})
    measured = measured.assign(model=_model(study), language=ENGLISH, measure=PRIMARY, value=similarity.ravel())
    return simulated(rng, study, planted=planted, similarity=measured)


def likeness(study_data: StudyData) -> Dyadic | None:
    """The primary test of question 3, of a study without holes whose arms are named by their task."""
    gains = deltas(study_data)
    gains = gains[gains["language"] != ENGLISH].pivot_table(index="arm", columns="target", values="delta")
    known = similarity_of(study_data, _model(study_data.study), PRIMARY)
    similarity = known.pivot(index="intermediate", columns="target", values="value").loc[gains.index, gains.columns]
    x = similarity.to_numpy(dtype=float)
    same = _same_format([*gains.index], [*gains.columns])
    return dyadic(gains.to_numpy(), x / x.std(), same, np.random.default_rng(1))


@dataclass(frozen=True)
class Embedded:
    """SDs of the parts of the similarity of embeddings. ``cell`` is its own of intermediate task, target and language;
    raw cosines have a part of the language, which goes with distance, beside ``language``."""

    cell: float = 1.0
    language: float = 0.5
    arm_target: float = 0.0


#: Worlds of question 5: name, points per unit of centred similarity, and its parts.
EMBEDDINGS = (
    ("no link, similarity of languages and cells", 0.0, Embedded()),
    ("no link, similarity also of task pairs", 0.0, Embedded(arm_target=0.7)),
    ("0.4 points per SD of a cell's similarity", 0.4, Embedded()),
    ("0.8 points per SD of a cell's similarity", 0.8, Embedded()),
)


def embedded(rng: np.random.Generator, world: Embedded, slope: float) -> StudyData:
    """A study with the similarity of embeddings, raw and centred, in arbitrary units."""
    study = full_study()
    rows = [
        (arm, target, language)
        for arm in study.intermediate_tasks()
        for target in study.targets
        for language in study.languages(target)
    ]
    table = pd.DataFrame(rows, columns=["arm", "target", "language"])

    def part(sd: float, *factors: str) -> np.ndarray:
        codes = table.groupby([*factors], sort=False).ngroup().to_numpy()
        return rng.normal(0, sd, codes.max() + 1)[codes]

    centred = part(world.cell, "arm", "target", "language") + part(world.language, "language")
    centred += part(world.arm_target, "arm", "target")
    planted = table.assign(delta=slope * centred)
    plain = simulated(rng, study, planted=planted)
    distance = table["language"].map(plain.languages["distance"].astype("float64")).to_numpy()
    raw = centred + part(2.0, "language") - 2 * (distance - distance.mean()) / distance.std()
    place = table.rename(columns={"arm": "intermediate"}).assign(model=_model(study))
    values = zip(MEASURES, (raw, centred), strict=True)
    measured = pd.concat([place.assign(measure=name, value=value) for name, value in values], ignore_index=True)
    return replace(plain, similarity=measured)


def increment(study_data: StudyData) -> Estimate:
    """The primary test of question 5, of a study whose arms are named by their task.

    Its p is 1 where similarity makes predictions worse: the question is whether it makes them better, and what predicts
    nothing makes them a little worse, surely so.
    """
    model = _model(study_data.study)
    cells, _ = beyond_english(study_data, model)
    cells = cells.assign(in_pretraining=(cells["cc100_gib"] > 0).astype("float64"), error=np.nan)
    for measure in MEASURES:
        values = similarity_of(study_data, model, measure).rename(columns={"intermediate": "arm", "value": measure})
        cells = cells.merge(values, on=["arm", "target", "language"])
    found = step(predictions_of(cells, ["language"]), "language", "M2")
    return found if found.value > 0 else replace(found, p=1.0)
