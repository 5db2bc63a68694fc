"""Ridge regression with a penalty chosen by cross-validation, and predictions for groups that it was not fitted to."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import LeaveOneGroupOut, PredefinedSplit

#: Penalties to choose from; of standardised predictors, and divided by the number of rows.
PENALTIES: np.ndarray = np.logspace(-4, 3, 15)

_INNER_FOLDS = 10


def ridge(x: np.ndarray, y: np.ndarray, penalties: np.ndarray = PENALTIES) -> tuple[np.ndarray, np.ndarray]:
    """Fit one ridge regression per penalty to standardised predictors.

    Each minimises ``mean((y - b0 - z b)²) + penalty |b|²`` where ``z`` are the columns at mean 0 and SD 1. That is
    scikit-learn's ``Ridge(alpha=rows * penalty)`` after a ``StandardScaler``, which takes about ten times as long for a
    path of 15 penalties; question 5 fits thousands of them.

    Args:
        x: (rows, columns) predictors; a constant column gets coefficient 0.
        y: (rows,) response.
        penalties: (penalties,).

    Returns:
        Coefficients of the predictors as they are (penalties, columns), and intercepts (penalties,), which are not
        penalised.
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
    """Predict each group by a model fitted to the others.

    The penalty is chosen separately for each left-out group, by cross-validation over the remaining groups, so that
    nothing about a group enters its predictions.

    Args:
        x: (rows, columns) predictors.
        y: (rows,) response.
        groups: (rows,) names, at least three different ones.

    Returns:
        The predictions, and the mean of y in each row's training data: both (rows,).
    """
    predicted, mean = np.empty(len(y)), np.empty(len(y))
    for train, test in LeaveOneGroupOut().split(x, y, groups):
        penalty = _chosen_penalty(x[train], y[train], groups[train])
        coefficients, intercepts = ridge(x[train], y[train], np.array([penalty]))
        predicted[test], mean[test] = x[test] @ coefficients[0] + intercepts[0], y[train].mean()
    return predicted, mean


def _chosen_penalty(x: np.ndarray, y: np.ndarray, groups: np.ndarray) -> float:
    """The penalty with the smallest squared error, summed over folds of whole groups; of equals the largest."""
    _, numbers = np.unique(groups, return_inverse=True)
    errors = np.zeros(len(PENALTIES))
    for train, test in PredefinedSplit(numbers % _INNER_FOLDS).split():
        coefficients, intercepts = ridge(x[train], y[train])
        errors += ((y[test, None] - x[test] @ coefficients.T - intercepts) ** 2).sum(0)
    return float(PENALTIES[len(errors) - 1 - int(np.argmin(errors[::-1]))])


def r2(y: np.ndarray, predicted: np.ndarray, mean: np.ndarray) -> float:
    """Share of the squared error of ``mean`` that the predictions save.

    Unlike scikit-learn's ``r2_score``, this compares with the mean of the training data: what one would predict without
    predictors.

    Args:
        y: (rows,) response.
        predicted: (rows,) predictions.
        mean: (rows,) mean of y in each row's training data.

    Returns:
        At most 1; negative where the predictions do worse than the mean, NaN where the mean is never wrong.
    """
    total = float(((y - mean) ** 2).sum())
    return 1 - float(((y - predicted) ** 2).sum()) / total if total > 0 else float("nan")
