"""Estimators of the mixed model: restricted maximum likelihood, and least squares with clustered errors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg, optimize

_STARTS = (0.7, 0.1, 3.0)  # relative SDs to start the search from, one after the other until it converges


class Solution(NamedTuple):
    """A fit.

    Attributes:
        coefficients: Of all predictors.
        error: Standard error of the first.
        relative_sds: SDs of the random effects relative to the noise's.
    """

    coefficients: np.ndarray
    error: float
    relative_sds: dict[str, float]


def reml(x: np.ndarray, y: np.ndarray, random: dict[str, np.ndarray], free: int) -> Solution | None:
    """Fit by restricted maximum likelihood.

    Args:
        x: (rows, columns) predictors without cell effects.
        y: (rows,) response without cell effects.
        random: By name, the (rows, levels) indicators of a random effect, without cell effects.
        free: Residual degrees of freedom.

    Returns:
        The solution; None if the search converges from none of its starts.
    """
    sizes = [z.shape[1] for z in random.values()]
    z = np.hstack([*random.values(), np.empty((len(y), 0))])
    xy = np.column_stack([x, y])
    zz, zxy, xyxy = z.T @ z, z.T @ xy, xy.T @ xy

    def weighted_products(sds: np.ndarray) -> tuple[np.ndarray, float]:
        """Cross-products of x and y weighted by the inverse covariance, and the latter's log-determinant."""
        scale = np.repeat(sds, sizes)
        lower = linalg.cholesky(np.eye(len(scale)) + scale[:, None] * zz * scale, lower=True, check_finite=False)
        half = linalg.solve_triangular(lower, scale[:, None] * zxy, lower=True, check_finite=False)
        return xyxy - half.T @ half, 2 * float(np.log(np.diag(lower)).sum())

    def criterion(sds: np.ndarray) -> float:
        """-2 log restricted likelihood but for a constant, with the noise's variance profiled out."""
        products, determinant = weighted_products(sds)
        xx, _, rss = _least_squares(products)
        return determinant + float(np.linalg.slogdet(xx)[1]) + free * float(np.log(rss / free))

    best = np.empty(0)
    if sizes:
        searches = (
            optimize.minimize(criterion, np.full(len(sizes), start), method="L-BFGS-B", bounds=[(0, 100)] * len(sizes))
            for start in _STARTS
        )
        converged = next((search.x for search in searches if search.success and np.isfinite(search.fun)), None)
        if converged is None:
            return None
        best = converged
    xx, beta, rss = _least_squares(weighted_products(best)[0])
    error = float(np.sqrt(rss / free * np.linalg.inv(xx)[0, 0]))
    return Solution(beta, error, dict(zip(random, map(float, best), strict=True)))


def clustered(x: np.ndarray, y: np.ndarray, genus: np.ndarray, free: int) -> Solution:
    """Fit by least squares, with the sandwich error over genera and the factor G/(G-1) (n-1)/(n-k) (CR1).

    Args:
        x: (rows, columns) predictors without cell effects.
        y: (rows,) response without cell effects.
        genus: (rows,) names.
        free: Residual degrees of freedom, n-k.
    """
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ x.T @ y
    scores = x * (y - x @ beta)[:, None]
    sums = np.array([scores[genus == name].sum(0) for name in np.unique(genus)])
    factor = len(sums) / (len(sums) - 1) * (len(y) - 1) / free
    return Solution(beta, float(np.sqrt(factor * (bread @ sums.T @ sums @ bread)[0, 0])), {})


def _least_squares(products: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """x'x, coefficients and residual sum of squares from the cross-products of [x y]."""
    xx, xy, yy = products[:-1, :-1], products[:-1, -1], products[-1, -1]
    beta = np.linalg.solve(xx, xy)
    return xx, beta, max(float(yy - xy @ beta), 1e-300)
