"""Simulated studies with similarities of data sets, for questions 3 and 5, and the primary tests of these two."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from calibration.rates import PValue
from calibration.simulation import Draw, Layout, simulated, xtreme_study
from xstilts.analysis.deltas import beyond_english
from xstilts.analysis.permutation import DyadicFit, dyadic_regression
from xstilts.analysis.prediction import MEASURES, association_p_value
from xstilts.analysis.questions.domain import PRIMARY
from xstilts.config.study import BASELINE, Study
from xstilts.tasks.languages import ENGLISH

PERMUTATIONS = 999  # of question 3; the answer has ten times as many


@cache
def full_layout() -> Layout:
    """Return XTREME's layout, in one seed."""
    return Layout(xtreme_study())


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


def study_with_words(rng: np.random.Generator, parts: WordParts, slope: float) -> Draw:
    """Simulate a study of arms named after their task, with the similarity of English words, in arbitrary units."""
    layout = full_layout()
    study = layout.study
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
    measured = measured.assign(language=ENGLISH, measure=PRIMARY, value=similarity.ravel())
    return layout.draw(rng, planted=layout.rows_of(planted), similarity=measured)


def domain_slope(draw: Draw, permutations: int = PERMUTATIONS) -> DyadicFit | None:
    """Run the primary test of question 3 on a study whose arms are named after their task."""
    layout, study = draw.layout, draw.layout.study
    assert draw.similarity is not None
    others = (layout.places["language"] != ENGLISH).to_numpy()
    gains = pd.DataFrame(draw.gains()[0][others].mean(-1), columns=[arm for arm in study.arms if arm != BASELINE])
    means = gains.groupby(layout.places.loc[others, "target"].to_numpy()).mean().T.sort_index()
    similarity = draw.similarity.pivot(index="intermediate", columns="target", values="value")
    x = similarity.loc[means.index, means.columns].to_numpy(dtype=float)
    same = _same_format(study, [*means.index], [*means.columns])
    return dyadic_regression(means.to_numpy(), x / x.std(), same, np.random.default_rng(1), permutations)


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


@cache
def _cells(layout: Layout) -> pd.DataFrame:
    """The rows that question 5 predicts, in the layout's order: arm, target, language, genus and covariates."""
    cells, _ = beyond_english(simulated(np.random.default_rng(0), layout.study), next(iter(layout.study.models)))
    order = layout.table.loc[layout.table["arm"] != BASELINE, ["arm", "target", "language"]]
    cells = order.merge(cells, on=["arm", "target", "language"])
    return cells.assign(in_pretraining=(cells["cc100_gib"] > 0).astype("float64"))


def study_with_embeddings(rng: np.random.Generator, parts: EmbeddingParts, slope: float) -> Draw:
    """Simulate a study with the similarity of embeddings, raw and centred, in arbitrary units."""
    layout = full_layout()
    centred = layout.effect(rng, parts.cell, "arm", "target", "language")
    centred += layout.effect(rng, parts.language, "language") + layout.effect(rng, parts.arm_target, "arm", "target")
    raw = centred + layout.effect(rng, 2.0, "language") - 2 * np.nan_to_num(layout.distance)
    of_arms = (layout.table["arm"] != BASELINE).to_numpy()
    place = layout.table.loc[of_arms, ["arm", "target", "language"]].rename(columns={"arm": "intermediate"})
    values = zip(MEASURES, (raw, centred), strict=True)
    measured = pd.concat([place.assign(measure=name, value=value[of_arms]) for name, value in values])
    return layout.draw(rng, planted=slope * centred, similarity=measured.reset_index(drop=True))


def similarity_association(draw: Draw) -> PValue:
    """Run the primary test of question 5 on a study whose arms are named after their task."""
    assert draw.similarity is not None
    beyond = (draw.layout.places["language"] != ENGLISH).to_numpy()
    cells = _cells(draw.layout).assign(delta=draw.gains()[0][beyond].mean(-1).ravel())
    is_foreign = (draw.similarity["language"] != ENGLISH).to_numpy()
    for measure in MEASURES:
        chosen = is_foreign & (draw.similarity["measure"] == measure).to_numpy()
        cells[measure] = draw.similarity["value"].to_numpy()[chosen]
    return PValue(association_p_value(cells))
