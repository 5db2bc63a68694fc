"""What bootstrap draws of an estimate say: its interval, and on which side of 0 it is."""

from __future__ import annotations

import numpy as np


def percentiles(draws: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of the draws; of those that are numbers, where some are not."""
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return float(low), float(high)


def p_of_sign(draws: np.ndarray) -> float:
    """Two-sided p: twice the smaller share of draws on one side of 0, the estimate itself counted as on either."""
    tail = (1 + min((draws <= 0).sum(), (draws >= 0).sum())) / (1 + len(draws))
    return min(1.0, 2 * float(tail))


def shares(rng: np.random.Generator, size: int, shape: int | tuple[int, ...]) -> np.ndarray:
    """(*shape, size) weights of samples with replacement: how often each of ``size`` things is drawn, over ``size``."""
    drawn: np.ndarray = rng.multinomial(size, np.full(size, 1 / size), size=shape) / size
    return drawn
