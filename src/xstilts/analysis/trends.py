"""Trends of gains over sizes or diversities of training data, within tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xstilts.analysis.answers import Estimate
from xstilts.analysis.student import student
from xstilts.analysis.verdicts import left_out_error
from xstilts.wording import counted


@dataclass(frozen=True)
class Curves:
    """One task's gains by level.

    Attributes:
        task: The intermediate task.
        x: (levels,) log2 of sizes, or diversities.
        gains: (levels, seeds, families) in points.
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

    A subset of the data may have an effect of its own, which all seeds share: the unit is the subset, its response the
    mean over seeds. Test and interval are by least squares with an effect per task, t with as many degrees of freedom
    as there are subsets beyond tasks and slope.
    """
    x, y, _ = _subsets(curves, response)
    size = float(x @ x)
    slope, df = float(x @ y) / size, len(y) - len(curves) - 1
    residuals = y - slope * x
    low, high, p = student(slope, float(np.sqrt(residuals @ residuals / df / size)), df)
    seeds, families = min(curve.gains.shape[1] for curve in curves), max(curve.gains.shape[2] for curve in curves)
    levels = min(len(curve.x) for curve in curves)
    n = f"{counted(len(curves), 'task')}, {levels} levels, {counted(seeds, 'seed')}, {counted(families, 'family')}"
    return Estimate(name, slope, low, high, unit, p, n)


def left_out_errors(curves: list[Curves], response: Response) -> tuple[float, float]:
    """Return the squared errors of predicting the response of left-out subsets: by the trend, by their task's mean."""
    x, y, tasks = _subsets(curves, response)
    subsets, effects = np.arange(len(y)), np.equal.outer(tasks, np.unique(tasks)).astype(float)
    with_size, without = np.column_stack([effects, x]), effects
    return left_out_error(with_size, y, subsets), left_out_error(without, y, subsets)


def _subsets(curves: list[Curves], response: Response) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By subset: x and the response, both minus the mean of the task, and the number of the task."""
    responses = [response(curve.gains) for curve in curves]
    y = np.concatenate([values - values.mean() for values in responses])
    x = np.concatenate([curve.centred_x for curve in curves])
    return x, y, np.repeat(np.arange(len(curves)), [len(values) for values in responses])
