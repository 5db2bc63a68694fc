"""Question 1: do gains shrink with a language's typological distance to English?

Unit is the cell arm x target x language, averaged over seeds; languages, and genera of languages, are what is
replicated. The gain is regressed on the language's syntactic distance by the mixed model of
:mod:`xstilts.analysis.mixed`, with fixed effects of arm and target together, pretraining data and script as covariates.
English's gain is one number per arm and target: the slope of what a language gains beyond English is the same slope.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats

from xstilts.analysis.answers import Answer, Estimate
from xstilts.analysis.by_seed import counted, rows
from xstilts.analysis.deltas import DISTANCES, HELD, beyond_english, task_arms_of
from xstilts.analysis.material import Material
from xstilts.analysis.mixed import DRAWS, MIXED, Fit, bootstrap, fit
from xstilts.analysis.multiplicity import LEVEL, benjamini_hochberg
from xstilts.analysis.permutation import exact_spearman
from xstilts.catalogue.groups import GROUPS, title_of
from xstilts.catalogue.languages import ENGLISH
from xstilts.catalogue.tasks import RETRIEVAL_TASKS
from xstilts.report.labels import arm_label

MIN_LANGUAGES, MIN_GENERA = 25, 10
EQUIVALENCE = 0.5  # points per SD: a slope that is not worth speaking of

_TITLE = "Typological distance and the gain"
_HYPOTHESIS = "Gains shrink with distance: the less a language's syntax is like that of English, the smaller its gain."
_CANNOT = (
    "Distance is not assigned: what goes with it among these languages (contact, culture of the test texts, quality of "
    "translations) is not told apart from it. Only pretraining data and script are held equal.",
    "Missing features of a language are filled in from relatives and neighbours, so that distance is in part kinship.",
    "These languages are those that benchmarks exist for, not a sample of the world's.",
)
_NAME = "gain by syntactic distance"
_NAMES = {"distance": "syntactic distance", "distance_observed": "syntactic distance, observed features only"}
_UNIT, _LOGITS = "points per SD of distance", "logits per SD of distance"


def answer(material: Material) -> Answer:
    """The slope of the gain per SD of syntactic distance, of the study's first model; tested with G − 2 df."""
    model, *others = material.study.models
    cells, notes = beyond_english(material, model)
    found = _fit(cells)
    reason = _lacking(cells, found)
    secondary = rows(_secondary(material, cells, tested=not reason))
    secondary["p_adjusted"] = benjamini_hochberg(secondary["p"])
    data = {"forest": secondary, "missing": _missing(material, cells, model)}
    notes += [f"{len(data['missing'])} cells have no gain and are in no estimate."] * bool(len(data["missing"]))
    if found is not None:
        data |= _frames(cells, found)
        notes += _remarks(material, cells, found, tested=not reason)
    if reason or found is None:
        return Answer(
            "q1", _TITLE, _HYPOTHESIS, "not identifiable", reason, secondary=secondary, robustness=rows([]),
            cannot=_CANNOT, notes=tuple(notes), data=data,
        )  # fmt: skip
    headline = _primary(cells, found)
    left_out = rows(_without_families(cells))
    checks = [*_robustness(cells), *_weakest(left_out), *_other_models(material, others)]
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
        data=data | {"leave_one_out": left_out, "specifications": _specifications(cells)},
    )


def slope(material: Material) -> Fit | None:
    """The primary test alone, of the study's first model; None where the study does not identify it."""
    cells, _ = beyond_english(material, next(iter(material.study.models)))
    found = _fit(cells)
    return None if _lacking(cells, found) else found


def primary(material: Material) -> Estimate | None:
    """:func:`slope` with the interval that answers have, which takes ten times as long."""
    cells, _ = beyond_english(material, next(iter(material.study.models)))
    found = _fit(cells)
    return None if found is None or _lacking(cells, found) else _primary(cells, found)


def _primary(cells: pd.DataFrame, found: Fit) -> Estimate:
    low, high = bootstrap(cells, "delta", "z_distance", found)
    return Estimate(_NAME, found.slope, low, high, _UNIT, found.p, _words(cells, found))


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


def _missing(material: Material, cells: pd.DataFrame, model: str) -> pd.DataFrame:
    """The cells beyond English that the study asks for and no gain is known of."""
    study = material.study
    asked = [
        (arm, target, code)
        for arm in task_arms_of(study)
        for target in study.targets
        for code in study.languages(target)
    ]
    have = set(cells[["arm", "target", "language"]].itertuples(index=False, name=None))
    lost = [(model, *place) for place in asked if place not in have and place[2] != ENGLISH]
    return pd.DataFrame(lost, columns=["model", "arm", "target", "language"])


# Estimates


def _fit(cells: pd.DataFrame, response: str = "delta", distance: str = "distance") -> Fit | None:
    if cells.empty or f"z_{distance}" not in cells:
        return None
    return fit(cells, response, f"z_{distance}", [name for name in HELD if name in cells])


def _words(cells: pd.DataFrame, found: Fit) -> str:
    seeds = int(cells["seeds"].min())
    return f"{counted(found.languages, 'language')} of {counted(found.genera, 'genus')}, {counted(seeds, 'seed')}"


def _estimate(
    name: str, cells: pd.DataFrame, response: str = "delta", distance: str = "distance", tested: bool = True
) -> Iterator[Estimate]:
    """One with the interval of t with G − 2 df, or none; no p where there are too few genera for a test."""
    found = _fit(cells, response, distance)
    if found is not None:
        p = found.p if tested and found.genera >= MIN_GENERA else None
        unit = _LOGITS if response == "logit" else _UNIT
        yield Estimate(name, found.slope, found.low, found.high, unit, p, _words(cells, found))


def _secondary(material: Material, cells: pd.DataFrame, tested: bool) -> Iterator[Estimate]:
    """By group of targets (retrieval apart), arm and kind of distance; last, what distance does to the score itself.

    Where there is no primary test, what it would have estimated comes first.
    """
    if not tested:
        yield from _estimate(_NAME, cells, tested=False)
    for group, targets in GROUPS.items():
        yield from _estimate(title_of(group), cells[cells["target"].isin(targets)], tested=tested)
    for arm in dict.fromkeys(cells["arm"]):
        yield from _estimate(arm_label(arm, material.study), cells[cells["arm"] == arm], tested=tested)
    for kind in DISTANCES[2:]:
        yield from _estimate(_named(kind), cells, distance=kind, tested=tested)
    before = cells.drop_duplicates("place").assign(cell=lambda table: table["target"])
    yield from _estimate("zero-shot score per SD of distance", before, response="score_before", tested=False)


def _named(kind: str) -> str:
    return _NAMES.get(kind, f"{kind} distance")


def _subsets(cells: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """By name, the cells as they are and without those that might carry the result; only where these are some."""
    found = {"all cells": cells, "without retrieval": cells[~cells["target"].isin(RETRIEVAL_TASKS)]}
    if "thin" in cells:
        thin = cells["thin"].astype(bool)
        found[f"without {' '.join(sorted(cells.loc[thin, 'language'].unique()))}"] = cells[~thin]
    return {name: subset for name, subset in found.items() if name == "all cells" or 0 < len(subset) < len(cells)}


def _robustness(cells: pd.DataFrame) -> Iterator[Estimate]:
    yield from _estimate(_named("distance_observed"), cells, distance="distance_observed")
    for name, subset in list(_subsets(cells).items())[1:]:
        yield from _estimate(name, subset)
    yield from _estimate("gains in log-odds above chance", cells, response="logit")
    means = cells.groupby("place", as_index=False).agg(
        {name: "mean" if name in ("delta", "seeds") else "first" for name in cells if name != "place"}
    )
    yield from _estimate("mean over arms", means.assign(cell=means["target"]))
    yield from _of_genera(cells)


def _of_genera(cells: pd.DataFrame) -> Iterator[Estimate]:
    """Spearman's correlation of genus means, of gains relative to their arm and target; interval as for ranks by
    Bonett and Wright 2000."""
    relative = cells.assign(delta=cells["delta"] - cells.groupby("cell")["delta"].transform("mean"))
    languages = relative.groupby(["genus", "language"])[["delta", "distance"]].mean()
    means = languages.groupby("genus").mean()
    rho, p = exact_spearman(means["distance"].to_numpy(), means["delta"].to_numpy(), np.random.default_rng(1))
    if len(means) > 3 and not np.isnan(rho):
        margin = stats.norm.ppf(0.975) * np.sqrt((1 + rho**2 / 2) / (len(means) - 3))
        centre = np.arctanh(np.clip(rho, -0.999999, 0.999999))
        low, high = np.tanh([centre - margin, centre + margin])
        name = "rank correlation of genus means"
        yield Estimate(name, rho, float(low), float(high), "Spearman's rho", p, counted(len(means), "genus"))


def _without_families(cells: pd.DataFrame) -> Iterator[Estimate]:
    for family in sorted(cells["family"].unique()):
        yield from _estimate(f"without {family}", cells[cells["family"] != family])


def _weakest(left_out: pd.DataFrame) -> Iterator[Estimate]:
    """Of the fits without one family, that which says least against no effect."""
    for row in left_out.dropna(subset=["p"]).sort_values("p").tail(1).to_dict("records"):
        known = {str(name): value for name, value in row.items()}
        yield Estimate(**known | {"name": f"{known['name']}: the weakest of {len(left_out)} without one family"})


def _other_models(material: Material, models: list[str]) -> Iterator[Estimate]:
    for model in models:
        yield from _estimate(model, beyond_english(material, model)[0])


def _specifications(cells: pd.DataFrame) -> pd.DataFrame:
    """A row per way to ask: distance x scale of the gain x subset, with the columns of Estimate."""
    found = []
    for kind in DISTANCES:
        for response, scale in (("delta", "points"), ("logit", "log-odds")):
            for subset, chosen in _subsets(cells).items():
                table = rows(_estimate(_named(kind), chosen, response, kind))
                found.append(table.assign(distance=_named(kind), scale=scale, subset=subset))
    return pd.concat(found, ignore_index=True)


# What is said and drawn


def _reason(estimate: Estimate, found: Fit) -> str:
    text = (
        f"One SD more distance goes with {_signed(estimate.value)} points of gain (95 % interval "
        f"{_signed(estimate.low)} to {_signed(estimate.high)}; p = {found.p:.3f}; partial R² {found.partial_r2:.2f}; "
        f"{estimate.n})"
    )
    if found.p < LEVEL:
        return f"{text}." if found.slope < 0 else f"{text}: the opposite of what was expected."
    if max(abs(estimate.low), abs(estimate.high)) < EQUIVALENCE:
        return f"{text}: a slope of {EQUIVALENCE} points or more in either direction can be ruled out."
    return f"{text}: no slope can be told from none, nor can one of {EQUIVALENCE} points be ruled out."


def _signed(value: float) -> str:
    """With its sign and two decimals."""
    return f"{value:+.2f}".replace("-", "−")


def _remarks(material: Material, cells: pd.DataFrame, found: Fit, tested: bool) -> Iterator[str]:
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
    if others := [name for name in material.study.models if name != cells["model"].iloc[0]]:
        yield f"Of model {cells['model'].iloc[0]}; others ({', '.join(others)}) are under robustness."
    if warning := material.study.warning:
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
