"""The tests to calibrate, and the scenarios that they are run in.

The answers to questions 2 to 5 contain more than the primary test and take seconds each. The functions here run that
test alone, with the same parts; the tests of this module compare them with the answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, partial

import numpy as np
import pandas as pd

from calibration.rates import Design, Scenario
from calibration.similarity import (
    EMBEDDING_SCENARIOS,
    WORD_SCENARIOS,
    domain_slope,
    full_study,
    similarity_increment,
    study_with_embeddings,
    study_with_words,
)
from calibration.simulation import Spreads, simulated, xtreme_study
from xstilts.analysis.answers import Estimate
from xstilts.analysis.gains import gains_of
from xstilts.analysis.gaps import ModelPair, cubes_of, differences, floor_of, over_targets
from xstilts.analysis.questions import code_pretraining, typology
from xstilts.analysis.study_data import StudyData
from xstilts.analysis.trends import Curves, trend, worst_family_gain
from xstilts.config.study import Study
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TASKS

# Question 1: slopes on distance


def _with_slope(rng: np.random.Generator, slope: float, spreads: Spreads) -> StudyData:
    return simulated(rng, full_study(), spreads, slope)


def slope_scenarios(scenarios: Iterable[tuple[str, float, Spreads]]) -> tuple[Scenario, ...]:
    """Make scenarios of names, slopes of the gain in points per SD of distance, and SDs of the other effects."""
    return tuple(
        Scenario(name, slope, partial(_with_slope, slope=slope, spreads=sds)) for name, slope, sds in scenarios
    )


_SLOPES = slope_scenarios(
    [
        ("no slope, no genus effect", 0.0, Spreads(genus=0.0)),
        ("no slope, genus effect", 0.0, Spreads()),
        ("no slope on average, genus effect, slopes of targets", 0.0, Spreads(target_slope=0.3)),
        ("slope, genus effect", -0.3, Spreads()),
        ("larger slope, genus effect", -0.5, Spreads()),
        ("slope of one point, genus effect", -1.0, Spreads()),
    ]
)

# Question 2: a pair of models. Gains of languages and genera that both models share cancel, and gains in one of them
# alone are differences between the two, not noise: neither is drawn.

_PAIR = ModelPair("code", "text")
_NOISE_ALONE = Spreads(language=0.0, genus=0.0, target_language=0.0)
_TARGETS_DIFFER = Spreads(language=0.0, genus=0.0)
_FOUR = ("xnli", "udpos", "xquad", "panx")


@cache
def paired_study(targets: tuple[str, ...] = ()) -> Study:
    """Return a study of three arms and seeds of a text-only and a code model; of all targets if none are named."""
    return xtreme_study(
        seeds=3,
        models={"text": {"path": "models/text"}, "code": {"path": "models/code", "code_of": "text"}},
        arms={task: {"tasks": [task]} for task in ("mnli", "squad_v1", "ccg")},
        targets={target: TASKS[target].languages for target in targets} or None,
    )


def gap_difference(study_data: StudyData) -> Estimate | None:
    """Run the primary test of question 2; None if too few targets are left."""
    gains = gains_of(study_data)
    floor = floor_of(gains, _PAIR, study_data.study)
    above = differences(gains, _PAIR, study_data.study).merge(floor.loc[floor["above"], ["target", "language"]])
    cubes = {
        target: cube
        for target, cube in cubes_of(above, study_data.study)[0].items()
        if len(cube) >= code_pretraining.MIN_LANGUAGES
    }
    return over_targets(str(_PAIR), cubes) if len(cubes) >= code_pretraining.MIN_TARGETS else None


def study_with_gap(
    rng: np.random.Generator, points: float, spreads: Spreads, targets: tuple[str, ...] = ()
) -> StudyData:
    """Simulate a study in which the code model gains that many points less in other languages than in English."""
    study = paired_study(targets)
    others = sorted({code for target in study.targets for code in study.languages(target)} - {ENGLISH})
    planted = pd.DataFrame({"model": _PAIR.code, "language": others, "delta": -points})
    return simulated(rng, study, spreads, planted=planted)


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
def subset_study() -> Study:
    """Return a study of four sizes of three tasks in three seeds, on three targets; arms are named by size."""
    targets = {target: TASKS[target].languages for target in ("xnli", "panx", "tydiqa")}
    return xtreme_study(seeds=3, arms={arm: {"tasks": [task]} for arm, task in _SUBSETS.items()}, targets=targets)


def size_trend(study_data: StudyData) -> Estimate:
    """Run the primary test of question 4."""
    gains = gains_of(study_data)
    gains = gains[gains["language"] != ENGLISH]
    gains = gains.assign(family=gains["language"].map(study_data.languages["family"]))
    per_target = gains.groupby(["arm", "seed", "target", "family"])["gain"].mean()
    cells = per_target.groupby(["arm", "seed", "family"]).mean().unstack(["seed", "family"]).sort_index(axis=1)
    seeds = len(study_data.study.seeds)
    curves = []
    for task in sorted({*_SUBSETS.values()}):
        values = cells.loc[[f"{task}-{x}" for x in _DOUBLINGS]].to_numpy()
        curves.append(Curves(task, np.array(_DOUBLINGS, dtype=float), values.reshape(len(values), seeds, -1)))
    return trend("gain in the worst family", curves, worst_family_gain)


def study_with_trend(rng: np.random.Generator, points: float, spreads: Spreads) -> StudyData:
    """Simulate a study in which every language gains that many points per doubling."""
    planted = pd.DataFrame({"arm": [*_SUBSETS], "delta": [points * int(arm.rsplit("-", 1)[1]) for arm in _SUBSETS]})
    return simulated(rng, subset_study(), spreads, planted=planted)


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
    "q1": Design(typology.slope, _SLOPES),
    "q1-interval": Design(typology.primary, (_SLOPES[1], _SLOPES[4])),
    "q2": Design(gap_difference, _GAPS),
    "q3": Design(domain_slope, _WORDS),
    "q4": Design(size_trend, _SIZES),
    "q5": Design(similarity_increment, _EMBEDDINGS),
}
