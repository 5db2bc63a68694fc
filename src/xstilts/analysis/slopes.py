"""Slopes of the gain on a language's distance to English: the primary one, those of parts, and the checks of it.

All are of rows of :func:`xstilts.analysis.deltas.beyond_english`, fitted by :mod:`xstilts.analysis.mixed`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from xstilts.analysis.answers import Estimate
from xstilts.analysis.covariates import HELD
from xstilts.analysis.deltas import DISTANCES, beyond_english
from xstilts.analysis.estimates import rows
from xstilts.analysis.mixed import Fit, bootstrap, fit
from xstilts.analysis.permutation import exact_spearman, spearman_interval
from xstilts.analysis.study_data import StudyData
from xstilts.config.study import Study
from xstilts.scores.labels import arm_label
from xstilts.tasks.benchmarks import GROUPS
from xstilts.tasks.registry import RETRIEVAL_TASKS
from xstilts.wording import counted

MIN_GENERA = 10  # for a test

NAME = "gain by syntactic distance"
_NAMES = {"distance": "syntactic distance", "distance_observed": "syntactic distance, observed features only"}
_UNIT, _LOGITS = "points per SD of distance", "logits per SD of distance"


def fitted(cells: pd.DataFrame, response: str = "delta", distance: str = "distance") -> Fit | None:
    """The mixed model of a response on a kind of distance; None where it is not known or nothing can be estimated."""
    if cells.empty or f"z_{distance}" not in cells:
        return None
    return fit(cells, response, f"z_{distance}", [name for name in HELD if name in cells])


def primary_of(cells: pd.DataFrame, found: Fit) -> Estimate:
    """The slope that the question is about, with the bootstrap's interval."""
    low, high = bootstrap(cells, "delta", "z_distance", found)
    return Estimate(NAME, found.slope, low, high, _UNIT, found.p, _words(cells, found))


def _words(cells: pd.DataFrame, found: Fit) -> str:
    seeds = int(cells["seeds"].min())
    return f"{counted(found.languages, 'language')} of {counted(found.genera, 'genus')}, {counted(seeds, 'seed')}"


def _estimate(
    name: str, cells: pd.DataFrame, response: str = "delta", distance: str = "distance", tested: bool = True
) -> Iterator[Estimate]:
    """One with the interval of t with G − 2 df, or none; no p where there are too few genera for a test."""
    found = fitted(cells, response, distance)
    if found is not None:
        p = found.p if tested and found.genera >= MIN_GENERA else None
        unit = _LOGITS if response == "logit" else _UNIT
        yield Estimate(name, found.slope, found.low, found.high, unit, p, _words(cells, found))


def secondary(cells: pd.DataFrame, study: Study, tested: bool) -> Iterator[Estimate]:
    """By group of targets (retrieval apart), arm and kind of distance; last, what distance does to the score itself.

    Where there is no primary test, what it would have estimated comes first.
    """
    if not tested:
        yield from _estimate(NAME, cells, tested=False)
    for group, targets in GROUPS.items():
        yield from _estimate(study.title_of(group), cells[cells["target"].isin(targets)], tested=tested)
    for arm in dict.fromkeys(cells["arm"]):
        yield from _estimate(arm_label(arm, study), cells[cells["arm"] == arm], tested=tested)
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


def robustness(cells: pd.DataFrame) -> Iterator[Estimate]:
    """The same slope by observed features, of subsets of the cells, in log-odds, of means over arms, and of ranks."""
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
    """Spearman's correlation of genus means, of gains relative to their arm and target."""
    relative = cells.assign(delta=cells["delta"] - cells.groupby("cell")["delta"].transform("mean"))
    languages = relative.groupby(["genus", "language"])[["delta", "distance"]].mean()
    means = languages.groupby("genus").mean()
    rho, p = exact_spearman(means["distance"].to_numpy(), means["delta"].to_numpy(), np.random.default_rng(1))
    if len(means) > 3 and not np.isnan(rho):
        name, interval = "rank correlation of genus means", spearman_interval(rho, len(means))
        yield Estimate(name, rho, *interval, "Spearman's rho", p, counted(len(means), "genus"))


def without_families(cells: pd.DataFrame) -> Iterator[Estimate]:
    """The slope without the languages of one family, for each family in turn."""
    for family in sorted(cells["family"].unique()):
        yield from _estimate(f"without {family}", cells[cells["family"] != family])


def weakest(left_out: pd.DataFrame) -> Iterator[Estimate]:
    """Of the fits without one family, that which says least against no effect."""
    for row in left_out.dropna(subset=["p"]).sort_values("p").tail(1).to_dict("records"):
        known = {str(name): value for name, value in row.items()}
        yield Estimate(**known | {"name": f"{known['name']}: the weakest of {len(left_out)} without one family"})


def other_models(study_data: StudyData, models: list[str]) -> Iterator[Estimate]:
    """The slopes of models by themselves."""
    for model in models:
        yield from _estimate(model, beyond_english(study_data, model)[0])


def specifications(cells: pd.DataFrame) -> pd.DataFrame:
    """A row per way to ask: distance x scale of the gain x subset, with the columns of Estimate."""
    found = []
    for kind in DISTANCES:
        for response, scale in (("delta", "points"), ("logit", "log-odds")):
            for subset, chosen in _subsets(cells).items():
                table = rows(_estimate(_named(kind), chosen, response, kind))
                found.append(table.assign(distance=_named(kind), scale=scale, subset=subset))
    return pd.concat(found, ignore_index=True)
