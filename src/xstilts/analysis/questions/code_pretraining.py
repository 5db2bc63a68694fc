"""Question 2: does pretraining on code change what intermediate training does to the gap to English?

Difference in differences over pairs of models that differ in the code they were trained on: the gap between English and
the other languages, after minus before intermediate training, in the code model minus in its text-only twin.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from xstilts.analysis.answers import Answer, Estimate
from xstilts.analysis.estimates import rows
from xstilts.analysis.gains import gains_of
from xstilts.analysis.gaps import Cubes, Pair, bootstrapped, cubes_of, differences, floor_of, mean_of
from xstilts.analysis.multiplicity import LEVEL
from xstilts.analysis.study_data import StudyData
from xstilts.config.study import Study
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted, signed

MIN_TARGETS, MIN_SEEDS, MIN_LANGUAGES = 3, 3, 4
_FEW = 8  # with fewer targets that differ among themselves, 7 to 12 % of null effects come out below p = .05

_TITLE = "Pretraining on code and the gap to English"
_HYPOTHESIS = (
    "Intermediate training changes the gap between English and the other languages by another amount in an encoder "
    "pretrained on code than in its text-only twin."
)
_CANNOT = (
    "Nothing follows for code models in general: a pair of models is one case, and there is no test over pairs.",
    "A model that was trained on code was also trained for longer than the text-only model it comes from, unless that "
    "one was given as many more steps on text: more training and code are then one and the same difference.",
    "A small gap may be two scores at the floor: read the levels, not the gap alone.",
)
_NEEDED = (
    "It takes pairs of models of one architecture and vocabulary, one of them further trained on code, declared by "
    f"models.NAME.code_of, and at least {MIN_TARGETS} targets with English and {MIN_LANGUAGES} other languages above "
    f"chance, in {MIN_SEEDS} seeds."
)


def answer(study_data: StudyData) -> Answer:
    """Bootstrap over targets, languages and seeds; primary is that of the first declared pair that has data enough."""
    pairs = [Pair(name, model.code_of) for name, model in study_data.study.models.items() if model.code_of]
    if not pairs:
        reason = f"No model of this study is declared to be another's twin that was trained on code. {_NEEDED}"
        return _unidentifiable(reason, (), {})
    gains = gains_of(study_data)
    primary, secondary, robustness = [], [], []
    notes: list[str] = []
    short: list[str] = []
    for pair in pairs:
        floor = floor_of(gains, pair, study_data.study)
        both = differences(gains, pair, study_data.study)
        above = both.merge(floor.loc[floor["above"], ["target", "language"]])
        complete, missing = cubes_of(above, study_data.study)
        cubes = {target: cube for target, cube in complete.items() if len(cube) >= MIN_LANGUAGES}
        notes += missing
        if lacking := _lacking(pair, cubes):
            short.append(lacking)
            continue
        primary.append(bootstrapped(str(pair), cubes))
        if len(cubes) < _FEW:
            notes.append(
                f"{pair}: with {len(cubes)} targets a bootstrap is too sure of itself; see the t over targets."
            )
        secondary += _parts(pair, above, study_data.study)
        robustness += _checks(pair, both, above, cubes, study_data.study)
    data = _frames(gains, pairs, study_data.study)
    if not primary:
        return _unidentifiable(" ".join((*short, _NEEDED)), (*notes,), data)
    first = primary[0]
    found = first.p is not None and first.p < LEVEL
    return Answer(
        question="q2",
        title=_TITLE,
        hypothesis=_HYPOTHESIS,
        verdict="supported" if found else "not supported",
        reason=_reason(first, found),
        primary=first,
        secondary=rows([*primary[1:], *secondary], adjusted=True),
        robustness=rows(robustness),
        cannot=_CANNOT,
        notes=(*notes, *short),
        data=data,
    )


def _unidentifiable(reason: str, notes: tuple[str, ...], data: dict[str, pd.DataFrame]) -> Answer:
    return Answer(
        "q2", _TITLE, _HYPOTHESIS, "not identifiable", reason,
        secondary=rows([], adjusted=True), robustness=rows([]), cannot=_CANNOT, notes=notes, data=data,
    )  # fmt: skip


def _reason(estimate: Estimate, found: bool) -> str:
    text = (
        f"{estimate.name}: intermediate training changes the gap by {signed(estimate.value)} points "
        f"(95 % interval {signed(estimate.low)} to {signed(estimate.high)}) more in the code model than in its twin"
    )
    return f"{text}." if found else f"{text}: 0 cannot be ruled out."


def _lacking(pair: Pair, cubes: Cubes) -> str:
    """What keeps a pair from being estimated; empty where nothing does."""
    seeds = min((cube.shape[1] for cube in cubes.values()), default=0)
    if len(cubes) >= MIN_TARGETS and seeds >= MIN_SEEDS:
        return ""
    return (
        f"{pair}: {counted(len(cubes), 'target')} with English and at least {MIN_LANGUAGES} other languages above "
        f"chance, in {counted(seeds, 'seed')}."
    )


def _parts(pair: Pair, above: pd.DataFrame, study: Study) -> list[Estimate]:
    """The same by arm, and how much the gap changes in either model."""
    found = []
    by_arm = list(above.groupby("arm"))
    for arm, of_arm in by_arm if len(by_arm) > 1 else ():
        found.append((f"{pair}, {arm}", cubes_of(of_arm, study)[0]))
    for model, column in ((pair.code, "change_code"), (pair.text, "change_text")):
        found.append((f"change in {model}", cubes_of(above, study, column)[0]))
    return [bootstrapped(name, cubes) for name, cubes in found if cubes]


def _checks(pair: Pair, both: pd.DataFrame, above: pd.DataFrame, cubes: Cubes, study: Study) -> list[Estimate]:
    """Targets as the units of a t-test; without the floor rule; the gap as a share of English above chance."""
    means = np.array([cube.mean() for cube in cubes.values()])
    checks = []
    if means.std() > 0:
        test = stats.ttest_1samp(means, 0.0)
        interval = test.confidence_interval(0.95)
        words = counted(len(means), "target")
        limits = float(interval.low), float(interval.high)
        name, value = f"{pair}, t over targets", mean_of(cubes)
        checks.append(Estimate(name, value, *limits, "points of gap", float(test.pvalue), words))
    checks.append(bootstrapped(f"{pair}, without the floor rule", cubes_of(both, study)[0]))
    if shares := cubes_of(above, study, "share")[0]:
        checks.append(
            bootstrapped(f"{pair}, gap as a share of English above chance", shares, "% of English above chance")
        )
    return checks


def _frames(gains: pd.DataFrame, pairs: list[Pair], study: Study) -> dict[str, pd.DataFrame]:
    """``languages``: levels before and after; ``dumbbell``: English and the mean of the others above the floor."""
    floors = pd.concat([floor_of(gains, pair, study) for pair in pairs], ignore_index=True)
    levels = []
    for pair in pairs:
        for role, model in (("text", pair.text), ("code", pair.code)):
            levels.append(gains[gains["model"] == model].assign(pair=str(pair), role=role))
    place = ["pair", "role", "model", "arm", "target", "language"]
    both = pd.concat(levels).rename(columns={"baseline": "before", "score": "after"})
    long = both.melt([*place, "seed"], ["before", "after"], "when", "score")
    languages = long.groupby([*place, "when"], as_index=False).agg(score=("score", "mean"), seeds=("seed", "nunique"))
    languages = languages.merge(floors[["pair", "target", "language", "above"]], how="left")
    languages["above"] = languages["above"].eq(True)  # no text-only score: not known to be above the floor
    key = [*place[:-1], "when"]
    others = languages[(languages["language"] != ENGLISH) & languages["above"]].groupby(key)
    english = languages[languages["language"] == ENGLISH].set_index(key)["score"].rename("english")
    dumbbell = others.agg(others=("score", "mean"), languages=("language", "nunique"), seeds=("seeds", "min"))
    dumbbell = dumbbell.join(english, how="inner").reset_index()
    dumbbell["gap"] = dumbbell["english"] - dumbbell["others"]
    return {"dumbbell": dumbbell, "languages": languages, "floor": floors}
