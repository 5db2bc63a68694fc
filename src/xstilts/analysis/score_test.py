"""A test of predictors in a regression whose errors are dependent within clusters, by flips of the clusters' signs."""

from __future__ import annotations

import numpy as np

_DRAWS = 9_999
_ROUNDING = 1e-9


def sign_flip_p_value(
    y: np.ndarray, tested: np.ndarray, adjusted: np.ndarray, clusters: np.ndarray, rng: np.random.Generator
) -> float:
    """Test whether a response is associated with some predictors, given others.

    The score of a cluster is the product of its residuals of the response and of the tested predictors, both on the
    other predictors. Without an association, a cluster's score is as likely with the opposite sign (Hemerik, Goeman and
    Finos 2020, arXiv 1909.09110), whatever the dependence within the cluster. Compared are quadratic forms of the
    summed scores, weighted by the inverse of their sum of squares.

    Args:
        y: (rows,) response.
        tested: (rows, columns) predictors to test, together.
        adjusted: (rows, columns) predictors to adjust for, with columns of ones where intercepts are wanted.
        clusters: (rows,) names; clusters are independent of each other.
        rng: Source of the flips.

    Returns:
        The p, of any association; 1 where nothing varies beyond what is adjusted for.
    """
    both = np.column_stack([y, tested])
    residuals = both - adjusted @ np.linalg.lstsq(adjusted, both, rcond=None)[0]
    _, numbers = np.unique(clusters, return_inverse=True)
    scores = np.zeros((numbers.max() + 1, tested.shape[1]))
    np.add.at(scores, numbers, residuals[:, 1:] * residuals[:, :1])
    size = float((both**2).sum())
    if np.abs(scores).max() <= _ROUNDING * max(size, _ROUNDING):
        return 1.0
    weight = np.linalg.pinv(scores.T @ scores)
    flips = rng.choice([-1.0, 1.0], size=(_DRAWS, len(scores)))
    sums = np.vstack([scores.sum(0), flips @ scores])
    statistics = np.einsum("di,ij,dj->d", sums, weight, sums)
    return float((statistics >= statistics[0] - _ROUNDING).mean())
