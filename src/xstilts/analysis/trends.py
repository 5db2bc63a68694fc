"""Trends of gains over sizes or diversities of training data, within tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from xstilts.analysis.answers import Estimate
from xstilts.analysis.permutation import permutation_p_value
from xstilts.wording import counted

_DRAWS = 9_999


@dataclass(frozen=True)
class Curves:
    """One task's gains by level.

    Attributes:
        task: The intermediate task.
        x: (levels,) log2 of sizes, or diversities.
        gains: (levels, seeds, families) in points; in permutations (draws, levels, seeds, families).
    """

    task: str
    x: np.ndarray
    gains: np.ndarray

    @property
    def centred_x(self) -> np.ndarray:
        """(levels,) x minus its mean."""
        return self.x - self.x.mean()


#: Summarises gains (…, levels, seeds, families) per level: (…, levels).
Response = Callable[[np.ndarray], np.ndarray]


def mean_gain(gains: np.ndarray) -> np.ndarray:
    """Average over families and seeds."""
    return gains.mean((-2, -1))


def worst_family_gain(gains: np.ndarray) -> np.ndarray:
    """Take the gain in the worst family of each seed, and average over seeds."""
    return gains.min(-1).mean(-1)


def sd_across_families(gains: np.ndarray) -> np.ndarray:
    """Estimate the SD across families of mean gains, without the variance due to seeds; at least 0.

    A seed's deviation that all families share is not a difference between families; removing it costs one of the
    families' degrees of freedom.
    """
    seeds, families = gains.shape[-2:]
    within_seed = gains - gains.mean(-1, keepdims=True)
    noise = within_seed.var(-2, ddof=1).mean(-1) * families / (families - 1) / seeds
    return np.sqrt(np.clip(gains.mean(-2).var(-1, ddof=1) - noise, 0, None))


def trend(name: str, curves: list[Curves], response: Response, unit: str = "points per doubling") -> Estimate:
    """Estimate the common slope of several tasks' responses on x.

    The interval is by the jackknife over seeds (t with seeds - 1 degrees of freedom). The test permutes levels within
    task and seed, the same way for all families; :func:`scipy.stats.permutation_test` has no such design.
    """
    slope, seeds = float(_slope(curves, response)), min(curve.gains.shape[1] for curve in curves)
    left_out = [float(_slope([_without_seed(curve, seed) for curve in curves], response)) for seed in range(seeds)]
    margin = float(stats.t.ppf(0.975, seeds - 1) * np.sqrt((seeds - 1) * np.var(left_out)))
    rng = np.random.default_rng(1)
    under_null = np.asarray(_slope([_permuted(curve, rng) for curve in curves], response))
    levels, families = min(len(curve.x) for curve in curves), max(curve.gains.shape[2] for curve in curves)
    n = f"{counted(len(curves), 'task')}, {levels} levels, {counted(seeds, 'seed')}, {counted(families, 'family')}"
    return Estimate(name, slope, slope - margin, slope + margin, unit, permutation_p_value(slope, under_null), n)


def _slope(curves: list[Curves], response: Response) -> float | np.ndarray:
    """Common slope of the tasks' responses on their centred x: least squares with an effect per task.

    One slope for each draw where the gains are (draws, levels, seeds, families).
    """
    size = sum(float(curve.centred_x @ curve.centred_x) for curve in curves)
    return sum(response(curve.gains) @ curve.centred_x for curve in curves) / size


def _without_seed(curve: Curves, seed: int) -> Curves:
    return Curves(curve.task, curve.x, np.delete(curve.gains, seed, axis=1))


def _permuted(curve: Curves, rng: np.random.Generator) -> Curves:
    """Draws of the curve with the levels of each seed in a random order, the same for all families."""
    levels, seeds, _ = curve.gains.shape
    orders = rng.permuted(np.broadcast_to(np.arange(levels)[:, None], (_DRAWS, levels, seeds)), axis=1)
    return Curves(curve.task, curve.x, curve.gains[orders, np.arange(seeds)])
