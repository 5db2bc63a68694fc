"""The tests to calibrate, and the scenarios that they are run in.

The answers to the questions contain more than the primary test and take seconds each. The functions here run that test
alone on arrays, with the same parts; the tests of this module compare them with the answers.
"""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import pandas as pd

from calibration.rates import Design, Scenario
from calibration.similarity import (
    EMBEDDING_SCENARIOS,
    WORD_SCENARIOS,
    domain_slope,
    full_layout,
    similarity_association,
    study_with_embeddings,
    study_with_words,
)
from calibration.simulation import EXAMPLES, Draw, Layout, Spreads, simulated, xtreme_study
from xstilts.analysis.answers import Estimate
from xstilts.analysis.deltas import beyond_english
from xstilts.analysis.gaps import ModelPair, over_targets
from xstilts.analysis.mixed import Fit
from xstilts.analysis.questions import code_pretraining
from xstilts.analysis.slopes import fit_places
from xstilts.analysis.trends import Curves, trend, worst_family_gain
from xstilts.scores.chance import chance
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TASKS

# Question 1: slopes on distance


def _with_slope(rng: np.random.Generator, slope: float, spreads: Spreads) -> Draw:
    return full_layout().draw(rng, spreads, slope)


@cache
def _places(layout: Layout) -> pd.DataFrame:
    """Targets and languages other than English, in the layout's order, with what the regression needs."""
    cells, _ = beyond_english(simulated(np.random.default_rng(0), layout.study), next(iter(layout.study.models)))
    first = cells.drop_duplicates("place").drop(columns=["delta", "cell"])
    return layout.places[layout.places["language"] != ENGLISH].merge(first, on=["target", "language"])


def distance_slope(draw: Draw) -> Fit | None:
    """Run the primary test of question 1."""
    beyond = (draw.layout.places["language"] != ENGLISH).to_numpy()
    return fit_places(_places(draw.layout).assign(delta=draw.gains()[0][beyond].mean((1, 2))))


_SLOPES = tuple(
    Scenario(name, slope, partial(_with_slope, slope=slope, spreads=spreads))
    for name, slope, spreads in (
        ("no slope, no genus effect", 0.0, Spreads(genus=0.0)),
        ("no slope, genus effect", 0.0, Spreads()),
        ("no slope on average, genus effect, slopes of targets", 0.0, Spreads(target_slope=0.3)),
        ("larger slope, genus effect", -0.5, Spreads()),
        ("larger slope on average, genus effect, slopes of targets", -0.5, Spreads(target_slope=0.3)),
        ("slope of one point, genus effect", -1.0, Spreads()),
        ("slope of one point on average, genus effect, slopes of targets", -1.0, Spreads(target_slope=0.3)),
    )
)

# Question 2: a pair of models. Gains of languages and genera that both models share cancel, and gains in one of them
# alone are differences between the two, not noise: neither is drawn.

_PAIR = ModelPair("code", "text")
_NOISE_ALONE = Spreads(language=0.0, genus=0.0, target_language=0.0)
_TARGETS_DIFFER = Spreads(language=0.0, genus=0.0)
_FOUR = ("xnli", "udpos", "xquad", "panx")


@cache
def paired_layout(targets: tuple[str, ...] = ()) -> Layout:
    """Return three arms and seeds of a text-only and a code model; of all targets if none are named."""
    return Layout(
        xtreme_study(
            seeds=3,
            models={"text": {"path": "models/text"}, "code": {"path": "models/code", "code_of": "text"}},
            arms={task: {"tasks": [task]} for task in ("mnli", "squad_v1", "ccg")},
            targets={target: TASKS[target].languages for target in targets} or None,
        )
    )


def gap_difference(draw: Draw) -> Estimate | None:
    """Run the primary test of question 2; None if too few targets are left."""
    places, above = draw.layout.places, _above_chance(draw)
    gains = draw.gains().mean(2)  # by (model, place, seed); the text-only model is the first
    cubes = {}
    for target, of_target in places.groupby("target"):
        rows, is_english = of_target.index.to_numpy(), (of_target["language"] == ENGLISH).to_numpy()
        kept = rows[~is_english & above[rows]]
        if is_english.any() and len(kept) >= code_pretraining.MIN_LANGUAGES:
            text, code = gains[:, rows[is_english]] - gains[:, kept]
            cubes[str(target)] = code - text
    return over_targets(str(_PAIR), cubes) if len(cubes) >= code_pretraining.MIN_TARGETS else None


def _above_chance(draw: Draw) -> np.ndarray:
    """(places,) whether the text-only baseline exceeds chance by two standard errors."""
    baseline = draw.scores()[0, :, 0]
    score, error = baseline.mean(-1), baseline.std(-1, ddof=1) / np.sqrt(baseline.shape[-1])
    error = np.fmax(error, np.sqrt(score * (100 - score) / EXAMPLES))
    floor = draw.layout.places["target"].map({target: chance(TASKS[target]) for target in draw.layout.study.targets})
    return np.asarray(score > floor.to_numpy() + 2 * error)


@cache
def _reduced_gain(layout: Layout) -> np.ndarray:
    """(rows,) minus one in the rows of the code model in other languages than English."""
    table = layout.table
    reduced = (table["model"] == _PAIR.code) & (table["language"] != ENGLISH)
    return np.where(reduced, -1.0, 0.0)


def study_with_gap(rng: np.random.Generator, points: float, spreads: Spreads, targets: tuple[str, ...] = ()) -> Draw:
    """Simulate a study in which the code model gains that many points less in other languages than in English."""
    layout = paired_layout(targets)
    return layout.draw(rng, spreads, planted=points * _reduced_gain(layout))


_GAPS = tuple(
    Scenario(name, points, partial(study_with_gap, points=points, spreads=spreads, targets=targets))
    for name, points, spreads, targets in (
        ("no difference, noise alone", 0.0, _NOISE_ALONE, ()),
        ("no difference, targets differ", 0.0, _TARGETS_DIFFER, ()),
        ("no difference, four targets that differ", 0.0, _TARGETS_DIFFER, _FOUR),
        ("one point, targets differ", 1.0, _TARGETS_DIFFER, ()),
        ("two points, targets differ", 2.0, _TARGETS_DIFFER, ()),
    )
)

# Question 4: subsets of three tasks' data. Arms are named by task and number of doublings of the smallest size.

_DOUBLINGS = (0, 2, 4, 6)
_SUBSETS = {f"{task}-{x}": task for task in ("mnli", "squad_v1", "qqp") for x in _DOUBLINGS}


@cache
def subset_layout() -> Layout:
    """Return four sizes of three tasks in three seeds, on three targets; arms are named by size."""
    targets = {target: TASKS[target].languages for target in ("xnli", "panx", "tydiqa")}
    return Layout(
        xtreme_study(seeds=3, arms={arm: {"tasks": [task]} for arm, task in _SUBSETS.items()}, targets=targets)
    )


@cache
def _family_weights(layout: Layout) -> np.ndarray:
    """(families, places) weights of the mean over targets of the mean over a family's languages, without English."""
    table = layout.study.language_table()
    places = layout.places.assign(family=[table[code].family for code in layout.places["language"]])
    places = places[places["language"] != ENGLISH]
    sizes = places.groupby(["family", "target"])["language"].transform("size")
    targets = places.groupby("family")["target"].transform("nunique")
    weights = pd.get_dummies(places["family"]).mul(1 / (sizes * targets), axis=0)
    return weights.reindex(layout.places.index, fill_value=0.0).to_numpy(dtype=float).T


def size_trend(draw: Draw) -> Estimate:
    """Run the primary test of question 4."""
    gains = np.einsum("fp,pas->asf", _family_weights(draw.layout), draw.gains()[0])
    tasks, arms, x = sorted({*_SUBSETS.values()}), [*_SUBSETS], np.array(_DOUBLINGS, dtype=float)
    curves = [Curves(task, x, gains[[arms.index(f"{task}-{size}") for size in _DOUBLINGS]]) for task in tasks]
    return trend("gain in the worst family", curves, worst_family_gain)


@cache
def _doublings(layout: Layout) -> np.ndarray:
    """(rows,) doublings of the smallest size."""
    doublings = {arm: int(arm.rsplit("-", 1)[1]) for arm in _SUBSETS}
    return layout.table["arm"].map(doublings).fillna(0).to_numpy(dtype=float)


def study_with_trend(rng: np.random.Generator, points: float, spreads: Spreads) -> Draw:
    """Simulate a study in which every language gains that many points per doubling."""
    layout = subset_layout()
    return layout.draw(rng, spreads, planted=points * _doublings(layout))


_SIZES = tuple(
    Scenario(name, points, partial(study_with_trend, points=points, spreads=spreads))
    for name, points, spreads in (
        ("no trend, subsets have no effects of their own", 0.0, Spreads(arm_target=0.0)),
        ("no trend, every subset has an effect of its own", 0.0, Spreads(arm_target=0.5)),
        ("0.05 points per doubling", 0.05, Spreads(arm_target=0.0)),
        ("0.1 points per doubling", 0.1, Spreads(arm_target=0.0)),
        ("0.1 points per doubling, subsets have effects", 0.1, Spreads(arm_target=0.5)),
    )
)

# Questions 3 and 5: similarities

_WORDS = tuple(
    Scenario(name, slope, partial(study_with_words, parts=parts, slope=slope)) for name, slope, parts in WORD_SCENARIOS
)
_EMBEDDINGS = tuple(
    Scenario(name, 0.0 if slope == 0 else np.nan, partial(study_with_embeddings, parts=parts, slope=slope))
    for name, slope, parts in EMBEDDING_SCENARIOS
)

#: By name, the designs that ``scripts/calibrate.py`` can run. A new question needs a test, and scenarios with a known
#: truth.
DESIGNS: dict[str, Design] = {
    "q1": Design(distance_slope, _SLOPES),
    "q2": Design(gap_difference, _GAPS),
    "q3": Design(domain_slope, _WORDS),
    "q4": Design(size_trend, _SIZES),
    "q5": Design(similarity_association, _EMBEDDINGS),
}
