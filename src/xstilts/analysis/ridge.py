"""Predictions of what a model has not seen: ridge regression, cross-validated by groups."""

from __future__ import annotations

import numpy as np
from scipy import stats

#: Penalties to choose from; of standardised predictors, and divided by the number of rows.
PENALTIES: np.ndarray = np.logspace(-4, 3, 15)

_INNER_FOLDS = 10


def ridge(x: np.ndarray, y: np.ndarray, penalties: np.ndarray = PENALTIES) -> tuple[np.ndarray, np.ndarray]:
    """(penalties, columns) coefficients and (penalties,) intercepts of predictors as they are.

    Minimises ``mean((y - b0 - z b)²) + penalty |b|²`` where ``z`` are the columns at mean 0 and SD 1; a constant column
    gets coefficient 0. The intercept is not penalised.
    """
    mean, scale = x.mean(0), x.std(0)
    constant = scale <= 1e-12 * np.maximum(1, np.abs(mean))
    scale = np.where(constant, 1.0, scale)
    z = np.where(constant, 0.0, (x - mean) / scale)
    values, vectors = np.linalg.eigh(z.T @ z / len(z))
    rotated = vectors.T @ (z.T @ (y - y.mean()) / len(z))
    coefficients = (rotated / (values.clip(0) + penalties[:, None])) @ vectors.T / scale
    return coefficients, y.mean() - coefficients @ mean


def out_of_sample(x: np.ndarray, y: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave-one-group-out predictions, and the mean of y that each row's training data has: both (rows,).

    The penalty is chosen anew for each left-out group, by cross-validation over the remaining groups, so that no
    prediction has seen anything of its group. There must be at least three groups.
    """
    predicted, mean = np.empty(len(y)), np.empty(len(y))
    for group in np.unique(groups):
        test = groups == group
        penalty = _chosen(x[~test], y[~test], groups[~test])
        coefficients, intercepts = ridge(x[~test], y[~test], np.array([penalty]))
        predicted[test], mean[test] = x[test] @ coefficients[0] + intercepts[0], y[~test].mean()
    return predicted, mean


def _chosen(x: np.ndarray, y: np.ndarray, groups: np.ndarray) -> float:
    """The penalty with the smallest squared error over folds of whole groups; of equals the largest."""
    _, numbers = np.unique(groups, return_inverse=True)
    folds = numbers % _INNER_FOLDS
    errors = np.zeros(len(PENALTIES))
    for fold in np.unique(folds):
        test = folds == fold
        coefficients, intercepts = ridge(x[~test], y[~test])
        errors += ((y[test, None] - x[test] @ coefficients.T - intercepts) ** 2).sum(0)
    return float(PENALTIES[len(errors) - 1 - int(np.argmin(errors[::-1]))])


def r2(y: np.ndarray, predicted: np.ndarray, mean: np.ndarray) -> float:
    """Share of the squared error of ``mean`` that the predictions save; negative where they do worse.

    ``mean`` is what one would predict without predictors: the mean of the training data. NaN where that is never wrong.
    """
    total = float(((y - mean) ** 2).sum())
    return 1 - float(((y - predicted) ** 2).sum()) / total if total > 0 else float("nan")


def auroc(positive: np.ndarray, score: np.ndarray) -> float:
    """Probability that a positive row has a higher score than another, ties half; NaN where all are of one kind."""
    count, others = int(positive.sum()), int((~positive).sum())
    if not count or not others:
        return float("nan")
    ranks = stats.rankdata(score)
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * others))
