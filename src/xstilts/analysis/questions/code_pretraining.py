"""Question 2: does pretraining on code change how intermediate training changes the gap to English?

Difference in differences over pairs of models that differ in whether they were trained on code: the gap between English
and the other languages, after minus before intermediate training, in the code model minus in its text-only model.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from xstilts.analysis.answers import Answer, Estimate
from xstilts.analysis.estimates import estimate_table
from xstilts.analysis.gains import gains_of
from xstilts.analysis.gaps import Cubes, ModelPair, bootstrapped, cubes_of, differences, floor_of, mean_of
from xstilts.analysis.multiplicity import LEVEL
from xstilts.analysis.study_data import StudyData
from xstilts.config.study import Study
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted, signed

MIN_TARGETS, MIN_SEEDS, MIN_LANGUAGES = 3, 3, 4
_FEW = 8  # with fewer targets that differ among themselves, 7 to 12 % of null effects have p < .05

_TITLE = "Pretraining on code and the gap to English"
_HYPOTHESIS = (
    "Intermediate training changes the gap between English and the other languages by another amount in an encoder "
    "pretrained on code than in its text-only counterpart."
)
_CANNOT = (
    "Nothing follows for code models in general: a pair of models is one case, and there is no test over pairs.",
    "A model that was trained on code was also trained for longer than the text-only model that it comes from, unless "
    "the latter was given as many more steps on text: more training and code are confounded.",
    "A small gap may be two scores near chance: read the levels, not the gap alone.",
)
_NEEDED = (
    "A test needs pairs of models of one architecture and vocabulary, one of them further trained on code, declared by "
    f"models.NAME.code_of, and at least {MIN_TARGETS} targets with English and {MIN_LANGUAGES} other languages above "
    f"chance, in {MIN_SEEDS} seeds."
)


def answer(study_data: StudyData) -> Answer:
    """Estimate the difference by a bootstrap over targets, languages and seeds.

    The primary estimate is that of the first declared pair with enough data.
    """
    study = study_data.study
    pairs = [ModelPair(name, model.code_of) for name, model in study.models.items() if model.code_of]
    if not pairs:
        reason = f"No model of this study is declared to be another model further trained on code. {_NEEDED}"
        return _not_identifiable(reason, (), {})
    gains = gains_of(study_data)
    primary, secondary, robustness = [], [], []
    notes: list[str] = []
    too_small: list[str] = []
    for pair in pairs:
        floor = floor_of(gains, pair, study)
        changes = differences(gains, pair, study)
        above = changes.merge(floor.loc[floor["above"], ["target", "language"]])
        complete, left_out = cubes_of(above, study)
        cubes = {target: cube for target, cube in complete.items() if len(cube) >= MIN_LANGUAGES}
        notes += left_out
        if reason := _why_too_small(pair, cubes):
            too_small.append(reason)
            continue
        primary.append(bootstrapped(str(pair), cubes))
        if len(cubes) < _FEW:
            notes.append(
                f"{pair}: with {len(cubes)} targets the bootstrap's interval is too narrow; see the t over targets."
            )
        secondary += _by_arm_and_model(pair, above, study)
        robustness += _checks(pair, changes, above, cubes, study)
    data = _frames(gains, pairs, study)
    if not primary:
        return _not_identifiable(" ".join((*too_small, _NEEDED)), (*notes,), data)
    first = primary[0]
    significant = first.p is not None and first.p < LEVEL
    return Answer(
        question="q2",
        title=_TITLE,
        hypothesis=_HYPOTHESIS,
        verdict="supported" if significant else "not supported",
        reason=_reason(first, significant),
        primary=first,
        secondary=estimate_table([*primary[1:], *secondary], adjusted=True),
        robustness=estimate_table(robustness),
        cannot=_CANNOT,
        notes=(*notes, *too_small),
        data=data,
    )


def _not_identifiable(reason: str, notes: tuple[str, ...], data: dict[str, pd.DataFrame]) -> Answer:
    return Answer(
        "q2", _TITLE, _HYPOTHESIS, "not identifiable", reason, secondary=estimate_table([], adjusted=True),
        robustness=estimate_table([]), cannot=_CANNOT, notes=notes, data=data,
    )  # fmt: skip


def _reason(estimate: Estimate, significant: bool) -> str:
    text = (
        f"{estimate.name}: intermediate training changes the gap by {signed(estimate.value)} points "
        f"(95 % interval {signed(estimate.low)} to {signed(estimate.high)}) more in the code model than in the "
        "text-only model"
    )
    return f"{text}." if significant else f"{text}: 0 cannot be ruled out."


def _why_too_small(pair: ModelPair, cubes: Cubes) -> str:
    """How much data a pair has, if that is too little for an estimate; else empty."""
    seeds = min((cube.shape[1] for cube in cubes.values()), default=0)
    if len(cubes) >= MIN_TARGETS and seeds >= MIN_SEEDS:
        return ""
    return (
        f"{pair}: {counted(len(cubes), 'target')} with English and at least {MIN_LANGUAGES} other languages above "
        f"chance, in {counted(seeds, 'seed')}."
    )


def _by_arm_and_model(pair: ModelPair, above: pd.DataFrame, study: Study) -> list[Estimate]:
    """The difference by arm, and the change of the gap in either model."""
    named_cubes = []
    by_arm = list(above.groupby("arm"))
    for arm, of_arm in by_arm if len(by_arm) > 1 else ():
        named_cubes.append((f"{pair}, {arm}", cubes_of(of_arm, study)[0]))
    for model, column in ((pair.code, "change_code"), (pair.text, "change_text")):
        named_cubes.append((f"change in {model}", cubes_of(above, study, column)[0]))
    return [bootstrapped(name, cubes) for name, cubes in named_cubes if cubes]


def _checks(pair: ModelPair, changes: pd.DataFrame, above: pd.DataFrame, cubes: Cubes, study: Study) -> list[Estimate]:
    """A t-test with targets as units; all scores, also near chance; the gap as a share of English above chance."""
    means = np.array([cube.mean() for cube in cubes.values()])
    checks = []
    if means.std() > 0:
        test = stats.ttest_1samp(means, 0.0)
        interval = test.confidence_interval(0.95)
        limits = float(interval.low), float(interval.high)
        name, n = f"{pair}, t over targets", counted(len(means), "target")
        checks.append(Estimate(name, mean_of(cubes), *limits, "points of gap", float(test.pvalue), n))
    checks.append(bootstrapped(f"{pair}, without the floor rule", cubes_of(changes, study)[0]))
    if shares := cubes_of(above, study, "share")[0]:
        checks.append(
            bootstrapped(f"{pair}, gap as a share of English above chance", shares, "% of English above chance")
        )
    return checks


def _frames(gains: pd.DataFrame, pairs: list[ModelPair], study: Study) -> dict[str, pd.DataFrame]:
    """``languages``: levels before and after; ``dumbbell``: English and the mean of the others above the floor."""
    floors = pd.concat([floor_of(gains, pair, study) for pair in pairs], ignore_index=True)
    levels = []
    for pair in pairs:
        for role, model in (("text", pair.text), ("code", pair.code)):
            levels.append(gains[gains["model"] == model].assign(pair=str(pair), role=role))
    place = ["pair", "role", "model", "arm", "target", "language"]
    wide = pd.concat(levels).rename(columns={"baseline": "before", "score": "after"})
    long = wide.melt([*place, "seed"], ["before", "after"], "when", "score")
    languages = long.groupby([*place, "when"], as_index=False).agg(score=("score", "mean"), seeds=("seed", "nunique"))
    languages = languages.merge(floors[["pair", "target", "language", "above"]], how="left")
    languages["above"] = languages["above"].eq(True)  # without a text-only score: not known to be above the floor
    keys = [*place[:-1], "when"]
    others = languages[(languages["language"] != ENGLISH) & languages["above"]].groupby(keys)
    english = languages[languages["language"] == ENGLISH].set_index(keys)["score"].rename("english")
    dumbbell = others.agg(others=("score", "mean"), languages=("language", "nunique"), seeds=("seeds", "min"))
    dumbbell = dumbbell.join(english, how="inner").reset_index()
    dumbbell["gap"] = dumbbell["english"] - dumbbell["others"]
    return {"dumbbell": dumbbell, "languages": languages, "floor": floors}
