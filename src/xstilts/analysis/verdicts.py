"""The verdict on a primary hypothesis: one rule for all questions, and the cross-validated errors that it compares."""

from __future__ import annotations

import numpy as np

from xstilts.analysis.answers import Evidence, Verdict
from xstilts.wording import counted

LEVEL = 0.05
MIN_SEEDS = 3


def decide(evidence: Evidence) -> tuple[Verdict, str]:
    """Decide whether a hypothesis is supported.

    It is where the primary test is significant at :data:`LEVEL` in the direction of the hypothesis, and cross-validated
    predictions by the hypothesis have a smaller error than those of the simpler model and of the null model. Fewer than
    :data:`MIN_SEEDS` seeds are not enough for a verdict of either kind.

    Returns:
        The verdict, and a sentence with what a p and an interval do not tell about it; empty where there is no more to
        tell.
    """
    if evidence.seeds < MIN_SEEDS:
        return "not enough seeds", f"{counted(evidence.seeds, 'seed')}: a verdict needs at least {MIN_SEEDS}."
    if not (evidence.p < LEVEL and evidence.as_hypothesised):
        return "not supported", ""
    best = min(evidence.rivals, key=lambda name: evidence.rivals[name])
    if evidence.error < evidence.rivals[best]:
        return "supported", ""
    errors = f"{evidence.error:.3g}, against {evidence.rivals[best]:.3g} of {best}"
    return (
        "not supported",
        f"It does not predict better than what it is compared with: mean squared error {errors}, in cross-validation "
        f"that leaves out {evidence.left_out}.",
    )


def left_out_error(x: np.ndarray, y: np.ndarray, groups: np.ndarray) -> float:
    """Return the mean squared error of least squares that predicts each group from the others.

    Args:
        x: (rows, columns) predictors, with a column of ones where an intercept is wanted; without columns, every
            prediction is 0.
        y: (rows,) response.
        groups: (rows,) names.
    """
    errors = y.astype(float)
    for name in np.unique(groups):
        test = groups == name
        errors[test] -= x[test] @ np.linalg.lstsq(x[~test], y[~test], rcond=None)[0]
    return float(np.mean(errors**2))
