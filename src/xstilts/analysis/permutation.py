"""Permutation tests of correlations of ranks, and of regressions over the cells of a matrix."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np
from scipy import stats

_EXACT_UP_TO = 9  # values; 362,880 orders
_DRAWS = 9_999
_ROUNDING = 1e-12  # statistics that differ by less are equal


def permutation_p_value(statistic: float, under_null: np.ndarray) -> float:
    """Return the two-sided p of a Monte Carlo permutation test; the observed order counts as a draw."""
    return float((1 + np.sum(np.abs(under_null) >= abs(statistic) - _ROUNDING)) / (1 + len(under_null)))


def spearman_test(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Test Spearman's correlation by permutation: over all orders of up to nine values, else over 9,999 random ones.

    Returns:
        The correlation and its two-sided p; both NaN where x or y is constant or there are fewer than three values.
    """
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan"), float("nan")
    a, b = (stats.rankdata(values) - (len(values) + 1) / 2 for values in (x, y))  # centred ranks: exact as floats
    test = stats.permutation_test(
        (b,),
        lambda order, axis: np.abs(order @ a),
        permutation_type="pairings",
        vectorized=True,
        n_resamples=factorial(_EXACT_UP_TO) if len(x) <= _EXACT_UP_TO else _DRAWS,
        alternative="greater",
        rng=rng,
    )
    return float(a @ b / np.sqrt((a @ a) * (b @ b))), float(test.pvalue)


def spearman_interval(rho: float, count: int) -> tuple[float, float]:
    """Compute a 95 % interval of Spearman's correlation of ``count`` > 3 pairs.

    It is by Fisher's z with the variance for ranks (Bonett and Wright 2000, Psychometrika 65).
    """
    margin = stats.norm.ppf(0.975) * np.sqrt((1 + rho**2 / 2) / (count - 3))
    centre = np.arctanh(np.clip(rho, -0.999999, 0.999999))
    return float(np.tanh(centre - margin)), float(np.tanh(centre + margin))


def double_centred(matrix: np.ndarray) -> np.ndarray:
    """Subtract row and column means from a matrix."""
    return matrix - matrix.mean(0, keepdims=True) - matrix.mean(1, keepdims=True) + matrix.mean()


@dataclass(frozen=True)
class DyadicFit:
    """The fit of ``response ~ row + column + beta predictor + gamma covariate`` over the cells of a matrix.

    Attributes:
        beta: The slope on the predictor.
        low: Lower end of its 95 % interval.
        high: Upper end of the interval.
        partial_r: Correlation of response and predictor given rows, columns and covariate.
        p: Two-sided, by permutation.
    """

    beta: float
    low: float
    high: float
    partial_r: float
    p: float


def dyadic_regression(
    response: np.ndarray,
    predictor: np.ndarray,
    covariate: np.ndarray,
    rng: np.random.Generator,
    draws: int = _DRAWS,
) -> DyadicFit | None:
    """Regress over the cells of matrices, with an effect per row and per column.

    The test is by quadratic assignment: rows and columns of the predictor's residual matrix are permuted independently
    (Krackhardt 1988; double semi-partialling of Dekker et al. 2007), and the partial correlation, a function of t, is
    compared. The interval is by the jackknife over rows and over columns, with t of the smaller side's degrees of
    freedom, because cells of one row or one column are not independent.

    Args:
        response: (rows, columns).
        predictor: (rows, columns).
        covariate: (rows, columns); may be all zeros.
        rng: Source of the permutations.
        draws: Number of permutations.

    Returns:
        The fit; None where the predictor does not vary given rows, columns and covariate.
    """
    observed = _beta_and_correlation(response, predictor, covariate)
    if observed is None:
        return None
    beta, r = observed
    rows, columns = response.shape
    y, x, z = (double_centred(matrix) for matrix in (response, predictor, covariate))
    y, x = _residuals(y, z), _residuals(x, z)
    shuffled = np.stack([x[rng.permutation(rows)][:, rng.permutation(columns)] for _ in range(draws)])
    under_null = _correlations(y.ravel(), _residuals(shuffled.reshape(draws, rows, columns), z).reshape(draws, -1))
    margin = float(stats.t.ppf(0.975, min(rows, columns) - 1)) * _jackknife_error(response, predictor, covariate)
    return DyadicFit(beta, beta - margin, beta + margin, r, permutation_p_value(r, under_null))


def _beta_and_correlation(
    response: np.ndarray, predictor: np.ndarray, covariate: np.ndarray
) -> tuple[float, float] | None:
    """(beta, partial correlation) by regressing residuals on residuals (Frisch and Waugh)."""
    y, x, z = (double_centred(matrix) for matrix in (response, predictor, covariate))
    y, x = _residuals(y, z), _residuals(x, z)
    if (x**2).sum() <= 1e-9 * max(float(((predictor - predictor.mean()) ** 2).sum()), 1e-9):
        return None
    return float((x * y).sum() / (x**2).sum()), float(_correlations(y.ravel(), x.reshape(1, -1))[0])


def _residuals(matrices: np.ndarray, covariate: np.ndarray) -> np.ndarray:
    """(…, rows, columns) residuals of a regression on a double-centred covariate, which may be all zeros."""
    size = (covariate**2).sum()
    if size < 1e-9:
        return matrices
    return matrices - (matrices * covariate).sum((-2, -1), keepdims=True) / size * covariate


def _correlations(y: np.ndarray, xs: np.ndarray) -> np.ndarray:
    """(draws,) correlations of (cells,) with each of (draws, cells), all of mean 0; 0 where one has no variance."""
    sizes = np.sqrt((xs**2).sum(1) * (y**2).sum())
    return np.divide(xs @ y, sizes, out=np.zeros(len(xs)), where=sizes > _ROUNDING)


def _jackknife_error(response: np.ndarray, predictor: np.ndarray, covariate: np.ndarray) -> float:
    """Standard error of beta: the variances from leaving out each row and from leaving out each column, added.

    Infinite if all of the predictor's variance is in one row or column.
    """
    variance = 0.0
    for axis, count in enumerate(response.shape):
        fits = [
            _beta_and_correlation(*(np.delete(matrix, i, axis) for matrix in (response, predictor, covariate)))
            for i in range(count)
        ]
        betas = np.array([fit[0] for fit in fits if fit is not None])
        if len(betas) < count:
            return float("inf")
        variance += (count - 1) * float(betas.var())
    return float(np.sqrt(variance))
