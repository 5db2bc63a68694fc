"""Question 2: does pretraining on code change how intermediate training changes the gap to English?

Difference in differences over pairs of models that differ in whether they were trained on code: the gap between English
and the other languages, after minus before intermediate training, in the code model minus in its text-only model.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from xstilts.analysis.answers import Answer, Estimate, Evidence
from xstilts.analysis.estimates import estimate_table
from xstilts.analysis.gains import gains_of
from xstilts.analysis.gaps import Cubes, ModelPair, bootstrapped, cubes_of, differences, floor_of, over_targets
from xstilts.analysis.study_data import StudyData
from xstilts.analysis.verdicts import LEVEL, decide, left_out_error
from xstilts.config.study import Study
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted, signed

MIN_TARGETS, MIN_LANGUAGES = 3, 4

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
    "chance."
)


def answer(study_data: StudyData) -> Answer:
    """Estimate the difference, tested by t over targets.

    The primary estimate is that of the first declared pair with enough data.
    """
    study = study_data.study
    pairs = [ModelPair(name, model.code_of) for name, model in study.models.items() if model.code_of]
    if not pairs:
        reason = f"No model of this study is declared to be another model further trained on code. {_NEEDED}"
        return _not_identifiable(reason, (), {})
    gains = gains_of(study_data)
    primary, secondary, robustness, evidence = [], [], [], []
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
        primary.append(over_targets(str(pair), cubes))
        evidence.append(_evidence(primary[-1], cubes))
        secondary += _by_arm_and_model(pair, above, study)
        robustness += _checks(pair, changes, above, cubes, study)
    data = _frames(gains, pairs, study)
    if not primary:
        return _not_identifiable(" ".join((*too_small, _NEEDED)), (*notes,), data)
    first = primary[0]
    verdict, why = decide(evidence[0])
    return Answer(
        question="q2",
        title=_TITLE,
        hypothesis=_HYPOTHESIS,
        verdict=verdict,
        reason=f"{_reason(first)} {why}".strip(),
        primary=first,
        evidence=evidence[0],
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


def _evidence(estimate: Estimate, cubes: Cubes) -> Evidence:
    """The test of the difference, and the errors of predicting that of a target: by the others' mean, and by 0."""
    means = np.array([cube.mean() for cube in cubes.values()])
    targets = np.arange(len(means))
    return Evidence(
        p=float("nan") if estimate.p is None else estimate.p,
        as_hypothesised=True,
        seeds=min(cube.shape[1] for cube in cubes.values()),
        left_out="targets",
        error=left_out_error(np.ones((len(means), 1)), means, targets),
        rivals={"no difference": left_out_error(np.empty((len(means), 0)), means, targets)},
    )


def _reason(estimate: Estimate) -> str:
    text = (
        f"{estimate.name}: intermediate training changes the gap by {signed(estimate.value)} points "
        f"(95 % interval {signed(estimate.low)} to {signed(estimate.high)}) more in the code model than in the "
        "text-only model"
    )
    significant = estimate.p is not None and estimate.p < LEVEL
    return f"{text}." if significant else f"{text}: 0 cannot be ruled out."


def _why_too_small(pair: ModelPair, cubes: Cubes) -> str:
    """How much data a pair has, if that is too little for an estimate; else empty."""
    if len(cubes) >= MIN_TARGETS:
        return ""
    return (
        f"{pair}: {counted(len(cubes), 'target')} with English and at least {MIN_LANGUAGES} other languages above "
        "chance."
    )


def _by_arm_and_model(pair: ModelPair, above: pd.DataFrame, study: Study) -> list[Estimate]:
    """The difference by arm, and the change of the gap in either model."""
    named_cubes = []
    by_arm = list(above.groupby("arm"))
    for arm, of_arm in by_arm if len(by_arm) > 1 else ():
        named_cubes.append((f"{pair}, {arm}", cubes_of(of_arm, study)[0]))
    for model, column in ((pair.code, "change_code"), (pair.text, "change_text")):
        named_cubes.append((f"change in {model}", cubes_of(above, study, column)[0]))
    return [over_targets(name, cubes) for name, cubes in named_cubes if len(cubes) > 1]


def _checks(pair: ModelPair, changes: pd.DataFrame, above: pd.DataFrame, cubes: Cubes, study: Study) -> list[Estimate]:
    """By a bootstrap; of all scores, also near chance; of the gap as a share of English above chance."""
    checks = [
        bootstrapped(f"{pair}, bootstrap over targets, languages and seeds", cubes),
        over_targets(f"{pair}, without the floor rule", cubes_of(changes, study)[0]),
    ]
    shares = cubes_of(above, study, "share")[0]
    if len(shares) > 1:
        checks.append(
            over_targets(f"{pair}, gap as a share of English above chance", shares, "% of English above chance")
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
