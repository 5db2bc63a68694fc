"""Slopes of the gain on a language's distance to English: the primary one, secondary ones, and robustness checks.

All are fitted by :mod:`xstilts.analysis.mixed` to rows of :func:`xstilts.analysis.deltas.beyond_english`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from xstilts.analysis.answers import Estimate
from xstilts.analysis.covariates import ADJUSTED_FOR
from xstilts.analysis.deltas import DISTANCES, beyond_english, seeds_behind
from xstilts.analysis.estimates import estimate_table
from xstilts.analysis.mixed import Fit, fit
from xstilts.analysis.permutation import spearman_interval, spearman_test
from xstilts.analysis.selection import without_type
from xstilts.analysis.study_data import StudyData
from xstilts.analysis.verdicts import left_out_error
from xstilts.config.study import Study
from xstilts.scores.labels import arm_label
from xstilts.wording import counted

MIN_GENERA = 10  # for a test

NAME = "gain by syntactic distance"
_NAMES = {"distance": "syntactic distance", "distance_observed": "syntactic distance, observed features only"}
_UNIT, _LOGITS = "points per SD of distance", "logits per SD of distance"


def fit_slope(cells: pd.DataFrame, response: str = "delta", distance: str = "distance") -> Fit | None:
    """Fit a response on a kind of distance; None if the distance is not known or nothing can be estimated.

    Distance is the same for all arms, so that arms are averaged: a row is a target and language.
    """
    if cells.empty or f"z_{distance}" not in cells:
        return None
    known = cells.dropna(subset=[response])
    relative = known[response] - known.groupby("cell")[response].transform("mean")
    columns = ["target", "language", "genus", f"z_{distance}", *(name for name in ADJUSTED_FOR if name in cells)]
    places = known.assign(**{response: relative}).groupby("place")
    return fit_places(places[columns].first().assign(**{response: places[response].mean()}), response, distance)


def fit_places(places: pd.DataFrame, response: str = "delta", distance: str = "distance") -> Fit | None:
    """Fit means over arms, a row per target and language: by ``place``, what :func:`fit_slope` makes of cells."""
    table = places.reset_index().assign(cell=lambda rows: rows["target"])
    return fit(table, response, f"z_{distance}", [name for name in ADJUSTED_FOR if name in table])


def primary_estimate(cells: pd.DataFrame, fitted: Fit) -> Estimate:
    """Make the estimate of question 1's primary slope."""
    return Estimate(NAME, fitted.slope, fitted.low, fitted.high, _UNIT, fitted.p, _size(cells, fitted))


def left_out_errors(cells: pd.DataFrame, fitted: Fit) -> list[float]:
    """Return the squared errors of predicting left-out genera: by all of the fit, without distance, by cells' means.

    Predictions are by least squares, of gains and predictors relative to the mean of their arm and target.
    """
    names = ["delta", *fitted.coefficients]
    relative = cells[names] - cells.groupby("cell")[names].transform("mean")
    genus, y = cells["genus"].to_numpy(), relative["delta"].to_numpy()
    covariates = [name for name in fitted.coefficients if name != "z_distance"]
    return [
        left_out_error(relative[predictors].to_numpy(), y, genus)
        for predictors in (["z_distance", *covariates], covariates, [])
    ]


def _size(cells: pd.DataFrame, fitted: Fit) -> str:
    seeds = seeds_behind(cells)
    return f"{counted(fitted.languages, 'language')} of {counted(fitted.genera, 'genus')}, {counted(seeds, 'seed')}"


def _estimate(
    name: str, cells: pd.DataFrame, response: str = "delta", distance: str = "distance", tested: bool = True
) -> Iterator[Estimate]:
    """The slope with its interval, if it can be fitted; no p with too few genera for a test."""
    fitted = fit_slope(cells, response, distance)
    if fitted is not None:
        p = fitted.p if tested and fitted.genera >= MIN_GENERA else None
        unit = _LOGITS if response == "logit" else _UNIT
        yield Estimate(name, fitted.slope, fitted.low, fitted.high, unit, p, _size(cells, fitted))


def secondary(cells: pd.DataFrame, study: Study, tested: bool) -> Iterator[Estimate]:
    """Estimate slopes by groups of targets, by arm and by kind of distance; last, that of the score itself.

    Args:
        cells: The rows to fit.
        study: The study.
        tested: Whether slopes have a p. If not, there is no primary test, and the primary slope comes first.
    """
    if not tested:
        yield from _estimate(NAME, cells, tested=False)
    for group, targets in study.suite.groups.items():
        yield from _estimate(study.title_of(group), cells[cells["target"].isin(targets)], tested=tested)
    for arm in dict.fromkeys(cells["arm"]):
        yield from _estimate(arm_label(arm, study), cells[cells["arm"] == arm], tested=tested)
    for kind in DISTANCES[2:]:
        yield from _estimate(_distance_name(kind), cells, distance=kind, tested=tested)
    before = cells.drop_duplicates("place").assign(cell=lambda table: table["target"])
    yield from _estimate("zero-shot score per SD of distance", before, response="score_before", tested=False)


def _distance_name(kind: str) -> str:
    return _NAMES.get(kind, f"{kind} distance")


def _subsets(cells: pd.DataFrame, study: Study) -> dict[str, pd.DataFrame]:
    """By name, all cells, and those without retrieval and without thinly described languages if there are any."""
    subsets = {"all cells": cells, "without retrieval": without_type(cells, study, "retrieval")}
    if "thin" in cells:
        thin = cells["thin"].astype(bool)
        subsets[f"without {' '.join(sorted(cells.loc[thin, 'language'].unique()))}"] = cells[~thin]
    return {name: subset for name, subset in subsets.items() if name == "all cells" or 0 < len(subset) < len(cells)}


def robustness(cells: pd.DataFrame, study: Study) -> Iterator[Estimate]:
    """Estimate the slope with observed features, of subsets of the cells, in log-odds, of ranks."""
    yield from _estimate(_distance_name("distance_observed"), cells, distance="distance_observed")
    for name, subset in list(_subsets(cells, study).items())[1:]:
        yield from _estimate(name, subset)
    yield from _estimate("gains in log-odds above chance", cells, response="logit")
    yield from _rank_correlation_of_genera(cells)


def _rank_correlation_of_genera(cells: pd.DataFrame) -> Iterator[Estimate]:
    """Spearman's correlation of genus means, of gains relative to their arm and target."""
    relative = cells.assign(delta=cells["delta"] - cells.groupby("cell")["delta"].transform("mean"))
    languages = relative.groupby(["genus", "language"])[["delta", "distance"]].mean()
    means = languages.groupby("genus").mean()
    rho, p = spearman_test(means["distance"].to_numpy(), means["delta"].to_numpy(), np.random.default_rng(1))
    if len(means) > 3 and not np.isnan(rho):
        name, interval = "rank correlation of genus means", spearman_interval(rho, len(means))
        yield Estimate(name, rho, *interval, "Spearman's rho", p, counted(len(means), "genus"))


def without_families(cells: pd.DataFrame) -> Iterator[Estimate]:
    """Estimate the slope without the languages of one family, for each family in turn."""
    for family in sorted(cells["family"].unique()):
        yield from _estimate(f"without {family}", cells[cells["family"] != family])


def least_significant(left_out: pd.DataFrame) -> Iterator[Estimate]:
    """Select, of the slopes without one family, the one with the largest p."""
    for row in left_out.dropna(subset=["p"]).sort_values("p").tail(1).to_dict("records"):
        values = {str(name): value for name, value in row.items()}
        yield Estimate(**values | {"name": f"{values['name']}: the largest p of {len(left_out)} without one family"})


def other_models(study_data: StudyData, models: list[str]) -> Iterator[Estimate]:
    """Estimate the slope of each model by itself."""
    for model in models:
        yield from _estimate(model, beyond_english(study_data, model)[0])


def specifications(cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Estimate the slope in every combination of distance, scale of the gain and subset.

    Returns:
        A row each, with the columns of :class:`Estimate` and distance, scale and subset.
    """
    tables = []
    for kind in DISTANCES:
        for response, scale in (("delta", "points"), ("logit", "log-odds")):
            for subset, chosen in _subsets(cells, study).items():
                table = estimate_table(_estimate(_distance_name(kind), chosen, response, kind))
                tables.append(table.assign(distance=_distance_name(kind), scale=scale, subset=subset))
    return pd.concat(tables, ignore_index=True)
