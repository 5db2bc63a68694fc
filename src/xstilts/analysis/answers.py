"""The answer to a research question, and the estimates that it contains."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

Verdict = Literal["supported", "not supported", "not identifiable"]


@dataclass(frozen=True)
class Estimate:
    """An effect with its 95 % interval.

    Attributes:
        name: What is estimated.
        value: The point estimate, in ``unit``.
        low: Lower end of the interval.
        high: Upper end of the interval.
        unit: Such as "points per SD of distance".
        p: Two-sided and not adjusted; None where there is no test.
        n: The size of the data in words: "25 languages of 12 genera, 3 seeds".
    """

    name: str
    value: float
    low: float
    high: float
    unit: str
    p: float | None = None
    n: str = ""


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    Attributes:
        question: "q1" to "q5".
        title: A heading.
        hypothesis: The primary hypothesis as a sentence.
        verdict: Whether the primary hypothesis is supported, or why there is no test of it.
        reason: The result in one sentence; what is missing where the hypothesis is not identifiable.
        primary: The estimate of the primary hypothesis; None where the study cannot identify it.
        p_adjusted: Of ``primary``: Holm, over the questions that have a test.
        secondary: A row per secondary estimate with the columns of :class:`Estimate` and ``p_adjusted``
            (Benjamini–Hochberg within the question).
        robustness: A row per robustness check with the columns of :class:`Estimate`.
        cannot: What must not be concluded.
        notes: What was left out, and other remarks.
        data: By name, the frames that figures are drawn from.
    """

    question: str
    title: str
    hypothesis: str
    verdict: Verdict
    reason: str
    primary: Estimate | None = None
    p_adjusted: float | None = None
    secondary: pd.DataFrame = field(default_factory=pd.DataFrame)
    robustness: pd.DataFrame = field(default_factory=pd.DataFrame)
    cannot: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    data: dict[str, pd.DataFrame] = field(default_factory=dict)
