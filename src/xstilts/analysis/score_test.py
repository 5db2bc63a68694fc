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
    summed scores, weighted by the inverse of their sum of squares. Flipped are residuals that are corrected for being
    smaller than errors (Bell and McCaffrey 2002, Survey Methodology 28), without which p is too small.

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
    observed = residuals[:, 1:].T @ residuals[:, 0]
    scores = np.zeros((numbers.max() + 1, tested.shape[1]))
    np.add.at(scores, numbers, residuals[:, 1:] * _unshrunk(residuals[:, 0], adjusted, numbers)[:, None])
    size = float((both**2).sum())
    if np.abs(scores).max() <= _ROUNDING * max(size, _ROUNDING):
        return 1.0
    weight = np.linalg.pinv(scores.T @ scores)
    flips = rng.choice([-1.0, 1.0], size=(_DRAWS, len(scores)))
    sums = np.vstack([observed, flips @ scores])
    statistics = np.einsum("di,ij,dj->d", sums, weight, sums)
    return float((statistics >= statistics[0] - _ROUNDING).mean())


def _unshrunk(residuals: np.ndarray, adjusted: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Residuals as large as errors are: the fit is closest to clusters that determine it (CR2)."""
    basis, sizes, _ = np.linalg.svd(adjusted, full_matrices=False)
    basis = basis[:, sizes > _ROUNDING * max(float(sizes.max(initial=0.0)), 1.0)]
    whole = residuals.copy()
    for number in range(numbers.max() + 1):
        rows = numbers == number
        directions, shares, _ = np.linalg.svd(basis[rows], full_matrices=False)
        stretch = 1 / np.sqrt(np.clip(1 - shares**2, 0.1, None)) - 1
        whole[rows] += directions @ (stretch * (directions.T @ residuals[rows]))
    return whole
