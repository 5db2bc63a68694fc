"""Bootstrap intervals and p values from draws of an estimate.

:func:`scipy.stats.bootstrap` resamples along one axis. The estimates here resample languages and seeds, or targets and
then languages and seeds within each, so they make their own draws.
"""

from __future__ import annotations

import numpy as np


def percentile_interval(draws: np.ndarray) -> tuple[float, float]:
    """Return the range of the middle 95 % of the draws; NaNs are ignored."""
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return float(low), float(high)


def bootstrap_p_value(draws: np.ndarray) -> float:
    """Return the two-sided p of an effect of 0.

    It is twice the smaller share of draws on one side of 0; the estimate itself counts as a draw on both sides.
    """
    tail = (1 + min((draws <= 0).sum(), (draws >= 0).sum())) / (1 + len(draws))
    return min(1.0, 2 * float(tail))


def resampling_weights(rng: np.random.Generator, size: int, shape: int | tuple[int, ...]) -> np.ndarray:
    """Draw the weights of samples with replacement.

    Args:
        rng: Source of the draws.
        size: How many items there are, which is also the size of a sample.
        shape: How many samples to draw.

    Returns:
        (*shape, size): how often a sample has each item, divided by ``size``.
    """
    weights: np.ndarray = rng.multinomial(size, np.full(size, 1 / size), size=shape) / size
    return weights
