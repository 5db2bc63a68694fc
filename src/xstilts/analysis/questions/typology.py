"""Question 1: do gains shrink with a language's typological distance to English?

Unit is the cell arm x target x language, averaged over seeds; languages, and genera of languages, are what is
replicated. The gain is regressed on the language's syntactic distance by the mixed model of
:mod:`xstilts.analysis.mixed`, with fixed effects of arm and target together, pretraining data and script as covariates.
English's gain is one number per arm and target: the slope of what a language gains beyond English is the same slope.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from xstilts.analysis import slopes
from xstilts.analysis.answers import Answer, Estimate
from xstilts.analysis.covariates import HELD
from xstilts.analysis.deltas import beyond_english
from xstilts.analysis.estimates import rows
from xstilts.analysis.mixed import DRAWS, MIXED, Fit
from xstilts.analysis.multiplicity import LEVEL
from xstilts.analysis.selection import task_arms_or_all
from xstilts.analysis.slopes import MIN_GENERA
from xstilts.analysis.study_data import StudyData
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted, signed

MIN_LANGUAGES = 25
EQUIVALENCE = 0.5  # points per SD: a slope that is not worth speaking of

_TITLE = "Typological distance and the gain"
_HYPOTHESIS = "Gains shrink with distance: the less a language's syntax is like that of English, the smaller its gain."
_CANNOT = (
    "Distance is not assigned: what goes with it among these languages (contact, culture of the test texts, quality of "
    "translations) is not told apart from it. Only pretraining data and script are held equal.",
    "Missing features of a language are filled in from relatives and neighbours, so that distance is in part kinship.",
    "These languages are those that benchmarks exist for, not a sample of the world's.",
)


def answer(study_data: StudyData) -> Answer:
    """The slope of the gain per SD of syntactic distance, of the study's first model; tested with G − 2 df."""
    model, *others = study_data.study.models
    cells, notes = beyond_english(study_data, model)
    found = slopes.fitted(cells)
    reason = _lacking(cells, found)
    secondary = rows(slopes.secondary(cells, study_data.study, tested=not reason), adjusted=True)
    data = {"forest": secondary, "missing": _missing(study_data, cells, model)}
    notes += [f"{len(data['missing'])} cells have no gain and are in no estimate."] * bool(len(data["missing"]))
    if found is not None:
        data |= _frames(cells, found)
        notes += _remarks(study_data, cells, found, tested=not reason)
    if reason or found is None:
        return Answer(
            "q1", _TITLE, _HYPOTHESIS, "not identifiable", reason, secondary=secondary, robustness=rows([]),
            cannot=_CANNOT, notes=tuple(notes), data=data,
        )  # fmt: skip
    headline = slopes.primary_of(cells, found)
    left_out = rows(slopes.without_families(cells))
    checks = [*slopes.robustness(cells), *slopes.weakest(left_out), *slopes.other_models(study_data, others)]
    return Answer(
        question="q1",
        title=_TITLE,
        hypothesis=_HYPOTHESIS,
        verdict="supported" if found.p < LEVEL and found.slope < 0 else "not supported",
        reason=_reason(headline, found),
        primary=headline,
        secondary=secondary,
        robustness=rows(checks),
        cannot=_CANNOT,
        notes=tuple(notes),
        data=data | {"leave_one_out": left_out, "specifications": slopes.specifications(cells)},
    )


def slope(study_data: StudyData) -> Fit | None:
    """The primary test alone, of the study's first model; None where the study does not identify it."""
    cells, _ = beyond_english(study_data, next(iter(study_data.study.models)))
    found = slopes.fitted(cells)
    return None if _lacking(cells, found) else found


def primary(study_data: StudyData) -> Estimate | None:
    """:func:`slope` with the interval that answers have, which takes ten times as long."""
    cells, _ = beyond_english(study_data, next(iter(study_data.study.models)))
    found = slopes.fitted(cells)
    return None if found is None or _lacking(cells, found) else slopes.primary_of(cells, found)


# What keeps the cells from being enough


def _lacking(cells: pd.DataFrame, found: Fit | None) -> str:
    """What keeps the slope from being identified; empty where nothing does."""
    if cells.empty:
        return "No arm but the baseline is scored in a language other than English that the baseline is scored in."
    have = f"{counted(cells['language'].nunique(), 'language')} of {counted(cells['genus'].nunique(), 'genus')}"
    if cells["language"].nunique() < MIN_LANGUAGES or cells["genus"].nunique() < MIN_GENERA:
        return (
            f"There are gains in {have}; a test takes at least {MIN_LANGUAGES} languages of {MIN_GENERA} genera. "
            "What can be estimated is descriptive."
        )
    if found is None:
        return f"In {have}, gains or distances do not vary beyond what arms, targets and covariates explain."
    return ""


def _missing(study_data: StudyData, cells: pd.DataFrame, model: str) -> pd.DataFrame:
    """The cells beyond English that the study asks for and no gain is known of."""
    study = study_data.study
    asked = [
        (arm, target, code)
        for arm in task_arms_or_all(study)
        for target in study.targets
        for code in study.languages(target)
    ]
    have = set(cells[["arm", "target", "language"]].itertuples(index=False, name=None))
    lost = [(model, *place) for place in asked if place not in have and place[2] != ENGLISH]
    return pd.DataFrame(lost, columns=["model", "arm", "target", "language"])


# What is said and drawn


def _reason(estimate: Estimate, found: Fit) -> str:
    text = (
        f"One SD more distance goes with {signed(estimate.value)} points of gain (95 % interval "
        f"{signed(estimate.low)} to {signed(estimate.high)}; p = {found.p:.3f}; partial R² {found.partial_r2:.2f}; "
        f"{estimate.n})"
    )
    if found.p < LEVEL:
        return f"{text}." if found.slope < 0 else f"{text}: the opposite of what was expected."
    if max(abs(estimate.low), abs(estimate.high)) < EQUIVALENCE:
        return f"{text}: a slope of {EQUIVALENCE} points or more in either direction can be ruled out."
    return f"{text}: no slope can be told from none, nor can one of {EQUIVALENCE} points be ruled out."


def _remarks(study_data: StudyData, cells: pd.DataFrame, found: Fit, tested: bool) -> Iterator[str]:
    if tested:
        yield f"Interval of the primary slope: {DRAWS:,} bootstrap draws of genera, expanded percentiles."
    yield "Other intervals: t with as many degrees of freedom as genera less two."
    yield f"One SD of distance is {_sd(cells):.3f}."
    if found.method != MIXED:
        yield f"The primary slope is from {found.method}: the mixed model did not converge."
    absent = [text for name, text in HELD.items() if name not in cells or name in found.dropped]
    yield from [f"Not held equal, for want of data or of differences: {', '.join(absent)}."] * bool(absent)
    if cells["baseline_seeds"].min() < 2:
        yield "The baseline has one seed in some cells: its noise is common to all arms there."
    if others := [name for name in study_data.study.models if name != cells["model"].iloc[0]]:
        yield f"Of model {cells['model'].iloc[0]}; others ({', '.join(others)}) are under robustness."
    if warning := study_data.study.warning:
        yield warning


def _sd(cells: pd.DataFrame) -> float:
    return float(cells.drop_duplicates("language")["distance"].std())


def _frames(cells: pd.DataFrame, found: Fit) -> dict[str, pd.DataFrame]:
    """``scatter``: a row per target and language, means over arms, with partial residuals (slope x distance + residual,
    0 at the mean distance); ``line``: the slope at the two ends of the distances."""
    rest = cells["delta"] - sum(beta * cells[name] for name, beta in found.coefficients.items())
    residual = rest - rest.groupby(cells["cell"]).transform("mean")
    drawn = cells.assign(partial_residual=residual + found.slope * cells["z_distance"])
    key = ["target", "language", "family", "genus", "script", "distance", "z_distance"]
    scatter = drawn.groupby(key, as_index=False).agg(
        delta=("delta", "mean"), partial_residual=("partial_residual", "mean"), arms=("arm", "nunique")
    )
    ends = cells.sort_values("distance")[["distance", "z_distance"]].iloc[[0, -1]].reset_index(drop=True)
    return {"scatter": scatter, "line": ends.assign(partial_residual=found.slope * ends["z_distance"])}
