"""Several tests at once: Holm over the primary hypotheses, Benjamini and Hochberg within a question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from xstilts.analysis.answers import Answer

LEVEL = 0.05


def holm(p: np.ndarray) -> np.ndarray:
    """Adjusted p values (Holm 1979): the smallest times their number, the next times one less, …; never falling."""
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(raised, 1)
    return adjusted


def benjamini_hochberg(p: pd.Series) -> pd.Series:
    """Adjusted p values (Benjamini and Hochberg 1995) of those there are; NaN stays NaN and does not count."""
    adjusted = p.astype("float64")
    tested = adjusted.notna()
    if tested.any():
        adjusted[tested] = stats.false_discovery_control(adjusted[tested])
    return adjusted


def with_holm(answers: Iterable[Answer]) -> list[Answer]:
    """The answers with ``p_adjusted``: Holm over the questions whose primary hypothesis has a test.

    What is no longer below :data:`LEVEL` is no longer supported, and its reason says so.
    """
    found = list(answers)
    tested = {
        place: answer.primary.p for place, answer in enumerate(found) if answer.primary and _is_p(answer.primary.p)
    }
    if not tested:
        return found
    adjusted = holm(np.array([*tested.values()], dtype=float))
    for place, p in zip(tested, adjusted, strict=True):
        found[place] = _adjusted(found[place], float(p), len(tested))
    return found


def _is_p(p: float | None) -> bool:
    return p is not None and not np.isnan(p)


def _adjusted(answer: Answer, p: float, count: int) -> Answer:
    if answer.verdict != "supported" or p < LEVEL:
        return replace(answer, p_adjusted=p)
    reason = f"{answer.reason} After correction for {count} primary hypotheses (Holm), p = {p:.3f}: not enough to tell."
    return replace(answer, p_adjusted=p, verdict="not supported", reason=reason)
