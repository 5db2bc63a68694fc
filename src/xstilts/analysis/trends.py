"""Trends of gains over levels of size or diversity, within tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from xstilts.analysis.answers import Estimate
from xstilts.analysis.permutation import p_value
from xstilts.wording import counted

_DRAWS = 9_999


@dataclass(frozen=True)
class Curves:
    """One task's gains: ``x`` (levels,) log2 of sizes or a diversity, ``gains`` (levels, seeds, families) in points."""

    task: str
    x: np.ndarray
    gains: np.ndarray

    @property
    def centred(self) -> np.ndarray:
        return self.x - self.x.mean()


#: What a task's (…, levels, seeds, families) gains say per level: (…, levels).
Response = Callable[[np.ndarray], np.ndarray]


def macro(gains: np.ndarray) -> np.ndarray:
    """The mean over families and seeds."""
    return gains.mean((-2, -1))


def worst(gains: np.ndarray) -> np.ndarray:
    """Per seed the gain in the worst family, then the mean over seeds."""
    return gains.min(-1).mean(-1)


def spread(gains: np.ndarray) -> np.ndarray:
    """SD across families of the means over seeds, without the variance that seeds add to it; not below 0."""
    seeds, families = gains.shape[-2:]
    own = gains - gains.mean(-1, keepdims=True)  # what a seed adds to all families is no spread; costs 1 of their df
    noise = own.var(-2, ddof=1).mean(-1) * families / (families - 1) / seeds
    return np.sqrt(np.clip(gains.mean(-2).var(-1, ddof=1) - noise, 0, None))


def _slope(curves: list[Curves], response: Response) -> float | np.ndarray:
    """Common slope of the tasks' responses on their centred x: least squares with an effect per task.

    One slope for each draw where the gains are (draws, levels, seeds, families).
    """
    size = sum(float(curve.centred @ curve.centred) for curve in curves)
    return sum(response(curve.gains) @ curve.centred for curve in curves) / size


def trend(name: str, curves: list[Curves], response: Response, unit: str = "points per doubling") -> Estimate:
    """The slope; its interval by the jackknife over seeds (t, seeds − 1), p by permutation within task and seed."""
    slope, seeds = float(_slope(curves, response)), min(curve.gains.shape[1] for curve in curves)
    left_out = [float(_slope([_without_seed(curve, seed) for curve in curves], response)) for seed in range(seeds)]
    margin = float(stats.t.ppf(0.975, seeds - 1) * np.sqrt((seeds - 1) * np.var(left_out)))
    rng = np.random.default_rng(1)
    under_null = np.asarray(_slope([_shuffled(curve, rng) for curve in curves], response))
    levels, families = min(len(curve.x) for curve in curves), max(curve.gains.shape[2] for curve in curves)
    words = f"{counted(len(curves), 'task')}, {levels} levels, {counted(seeds, 'seed')}, {counted(families, 'family')}"
    return Estimate(name, slope, slope - margin, slope + margin, unit, p_value(slope, under_null), words)


def _without_seed(curve: Curves, seed: int) -> Curves:
    return Curves(curve.task, curve.x, np.delete(curve.gains, seed, axis=1))


def _shuffled(curve: Curves, rng: np.random.Generator) -> Curves:
    """Many draws of the levels of each seed in an order of its own; families and their noise stay together."""
    levels, seeds, _ = curve.gains.shape
    orders = rng.permuted(np.broadcast_to(np.arange(levels)[:, None], (_DRAWS, levels, seeds)), axis=1)
    return Curves(curve.task, curve.x, curve.gains[orders, np.arange(seeds)])
