"""Corrections for several tests: Holm over the primary hypotheses, Benjamini and Hochberg within a question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from xstilts.analysis.answers import Answer
from xstilts.analysis.verdicts import decide


def benjamini_hochberg(p: pd.Series) -> pd.Series:
    """Adjust p values for the false discovery rate (Benjamini and Hochberg 1995).

    Returns:
        The adjusted p values under the same index; NaN stays NaN and does not count as a test.
    """
    adjusted = p.astype("float64")
    tested = adjusted.notna()
    if tested.any():
        adjusted[tested] = multipletests(adjusted[tested], method="fdr_bh")[1]
    return adjusted


def with_holm(answers: Iterable[Answer]) -> list[Answer]:
    """Adjust the p of the primary hypotheses (Holm 1979).

    Returns:
        The answers, those whose primary hypothesis has a test with ``p_adjusted``. The verdict is decided again
        with it; where it changes, the reason says so.
    """
    adjusted = list(answers)
    p = np.array([answer.primary.p if answer.primary else None for answer in adjusted], dtype=float)
    tested = np.flatnonzero(~np.isnan(p))
    if len(tested):
        for place, p_adjusted in zip(tested, multipletests(p[tested], method="holm")[1], strict=True):
            adjusted[place] = _adjusted(adjusted[place], float(p_adjusted), len(tested))
    return adjusted


def _adjusted(answer: Answer, p: float, count: int) -> Answer:
    verdict = decide(replace(answer.evidence, p=p))[0] if answer.evidence else answer.verdict
    if verdict == answer.verdict:
        return replace(answer, p_adjusted=p)
    reason = f"{answer.reason} After Holm's correction for {count} primary hypotheses, p = {p:.3f}: not significant."
    return replace(answer, p_adjusted=p, verdict=verdict, reason=reason)
