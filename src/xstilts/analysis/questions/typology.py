"""Question 1: do gains shrink with a language's typological distance to English?

The unit is the cell arm x target x language, averaged over seeds; the replicated units are languages, and genera of
languages, and targets. The gain, averaged over arms, is regressed on the language's syntactic distance by the mixed
model of :mod:`xstilts.analysis.mixed`, with fixed effects of arm and target together, slopes of targets as random
effects, and pretraining data and script as covariates. English's gain is one number per arm and target, so the slope of
the gain relative to English's is the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from xstilts.analysis import slopes
from xstilts.analysis.answers import Answer, Estimate, Evidence
from xstilts.analysis.covariates import ADJUSTED_FOR
from xstilts.analysis.deltas import beyond_english, deltas, seeds_behind
from xstilts.analysis.estimates import estimate_table
from xstilts.analysis.mixed import MIXED, Fit
from xstilts.analysis.selection import task_arms_or_all
from xstilts.analysis.slopes import MIN_GENERA
from xstilts.analysis.study_data import StudyData
from xstilts.analysis.verdicts import LEVEL, decide
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted, signed

MIN_LANGUAGES = 25
EQUIVALENCE = 0.5  # points per SD: smaller slopes are negligible

_TITLE = "Typological distance and the gain"
_HYPOTHESIS = (
    "Gains shrink with distance: the less similar a language's syntax is to that of English, the less it gains."
)
_CANNOT = (
    "Distance is not assigned at random: it is confounded with whatever varies with it among these languages (contact, "
    "culture of the test texts, quality of translations). The model adjusts for pretraining data and script alone.",
    "Missing features of a language are imputed from relatives and neighbours: distance partly measures kinship.",
    "These languages are those that have benchmarks, not a sample of the world's languages.",
)


def answer(study_data: StudyData) -> Answer:
    """Estimate the slope of the gain per SD of syntactic distance, of the study's first model."""
    study = study_data.study
    model, *others = study.models
    cells, notes = beyond_english(study_data, model)
    fitted = slopes.fit_slope(cells)
    reason = _why_not_identifiable(cells, fitted)
    secondary = estimate_table(slopes.secondary(cells, study, tested=not reason), adjusted=True)
    data = {"forest": secondary, "missing": _missing(study_data, model)}
    if len(data["missing"]):
        notes.append(f"{len(data['missing'])} cells have no gain and are in no estimate.")
    if fitted is not None:
        data |= _frames(cells, fitted)
        notes += _remarks(study_data, cells, fitted)
    if reason or fitted is None:
        return Answer(
            "q1", _TITLE, _HYPOTHESIS, "not identifiable", reason, secondary=secondary, robustness=estimate_table([]),
            cannot=_CANNOT, notes=tuple(notes), data=data,
        )  # fmt: skip
    estimate = slopes.primary_estimate(cells, fitted)
    left_out = estimate_table(slopes.without_families(cells))
    checks = [
        *slopes.robustness(cells, study),
        *slopes.least_significant(left_out),
        *slopes.other_models(study_data, others),
    ]
    evidence = _evidence(cells, fitted)
    verdict, why = decide(evidence)
    return Answer(
        question="q1",
        title=_TITLE,
        hypothesis=_HYPOTHESIS,
        verdict=verdict,
        reason=f"{_reason(estimate, fitted)} {why}".strip(),
        primary=estimate,
        evidence=evidence,
        secondary=secondary,
        robustness=estimate_table(checks),
        cannot=_CANNOT,
        notes=tuple(notes),
        data=data | {"leave_one_out": left_out, "specifications": slopes.specifications(cells, study)},
    )


def _evidence(cells: pd.DataFrame, fitted: Fit) -> Evidence:
    """The test of the slope, and the errors of predicting the gains of genera with and without distance."""
    error, covariates, means = slopes.left_out_errors(cells, fitted)
    return Evidence(
        p=fitted.p,
        as_hypothesised=fitted.slope < 0,
        seeds=seeds_behind(cells),
        left_out="genera",
        error=error,
        rivals={"the covariates without distance": covariates, "the means of arms and targets": means},
    )


def _why_not_identifiable(cells: pd.DataFrame, fitted: Fit | None) -> str:
    """What the study lacks to identify the slope, as sentences; empty where nothing is missing."""
    if cells.empty:
        return "There are no gains in languages other than English of which everything needed is known."
    size = f"{counted(cells['language'].nunique(), 'language')} of {counted(cells['genus'].nunique(), 'genus')}"
    if cells["language"].nunique() < MIN_LANGUAGES or cells["genus"].nunique() < MIN_GENERA:
        return (
            f"There are gains in {size}; a test needs at least {MIN_LANGUAGES} languages of {MIN_GENERA} genera. "
            "Estimates are descriptive."
        )
    if fitted is None:
        return f"In {size}, gains or distances do not vary beyond what arms, targets and covariates explain."
    return ""


def _missing(study_data: StudyData, model: str) -> pd.DataFrame:
    """The cells beyond English that the study should have a gain for and does not."""
    study, table = study_data.study, deltas(study_data)
    table = table[table["model"] == model]
    existing = set(table[["arm", "target", "language"]].itertuples(index=False, name=None))
    expected = [
        (arm, target, code)
        for arm in task_arms_or_all(study)
        for target in study.targets
        for code in study.languages(target)
    ]
    missing = [(model, *place) for place in expected if place not in existing and place[2] != ENGLISH]
    return pd.DataFrame(missing, columns=["model", "arm", "target", "language"])


def _reason(estimate: Estimate, fitted: Fit) -> str:
    text = (
        f"One SD more distance goes with {signed(estimate.value)} points of gain (95 % interval "
        f"{signed(estimate.low)} to {signed(estimate.high)}; p = {fitted.p:.3f}; partial R² {fitted.partial_r2:.2f}; "
        f"{estimate.n})"
    )
    if fitted.p < LEVEL:
        return f"{text}." if fitted.slope < 0 else f"{text}: the opposite of the hypothesis."
    if max(abs(estimate.low), abs(estimate.high)) < EQUIVALENCE:
        return f"{text}: a slope of {EQUIVALENCE} points or more in either direction can be ruled out."
    return f"{text}: not significant, but a slope of {EQUIVALENCE} points cannot be ruled out either."


def _remarks(study_data: StudyData, cells: pd.DataFrame, fitted: Fit) -> Iterator[str]:
    yield (
        "Targets may have slopes of their own. Tests and intervals are by t; its degrees of freedom are two less than "
        "there are genera or targets, whichever are fewer."
    )
    yield f"One SD of distance is {_sd_of_distance(cells):.3f}."
    if fitted.method != MIXED:
        yield f"The primary slope is from {fitted.method}: the mixed model did not converge."
    unadjusted = [text for name, text in ADJUSTED_FOR.items() if name not in cells or name in fitted.dropped]
    if unadjusted:
        yield f"Not adjusted for, because it is not known or does not vary: {', '.join(unadjusted)}."
    if cells["baseline_seeds"].min() < 2:
        yield "The baseline has one seed in some cells: all arms share its noise there."
    if others := [name for name in study_data.study.models if name != cells["model"].iloc[0]]:
        yield f"Of model {cells['model'].iloc[0]}; others ({', '.join(others)}) are under robustness."
    if warning := study_data.study.warning:
        yield warning


def _sd_of_distance(cells: pd.DataFrame) -> float:
    return float(cells.drop_duplicates("language")["distance"].std())


def _frames(cells: pd.DataFrame, fitted: Fit) -> dict[str, pd.DataFrame]:
    """The frames of the figure of partial residuals.

    ``scatter`` has a row per target and language, means over arms, with partial residuals (slope x distance + residual,
    0 at the mean distance); ``line`` has the slope at the two ends of the distances.
    """
    rest = cells["delta"] - sum(beta * cells[name] for name, beta in fitted.coefficients.items())
    residual = rest - rest.groupby(cells["cell"]).transform("mean")
    points = cells.assign(partial_residual=residual + fitted.slope * cells["z_distance"])
    keys = ["target", "language", "family", "genus", "script", "distance", "z_distance"]
    scatter = points.groupby(keys, as_index=False).agg(
        delta=("delta", "mean"), partial_residual=("partial_residual", "mean"), arms=("arm", "nunique")
    )
    ends = cells.sort_values("distance")[["distance", "z_distance"]].iloc[[0, -1]].reset_index(drop=True)
    return {"scatter": scatter, "line": ends.assign(partial_residual=fitted.slope * ends["z_distance"])}
