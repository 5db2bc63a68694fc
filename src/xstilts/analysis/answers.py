"""The answer to a research question, and the estimates that it contains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

Verdict = Literal["supported", "not supported", "not enough seeds", "not identifiable"]

EXERCISE = "exercise on synthetic languages"


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
class Evidence:
    """All that a verdict is decided on.

    Attributes:
        p: Of the primary test; NaN where nothing could be tested.
        as_hypothesised: Whether the estimate has the sign of the hypothesis.
        seeds: The number of seeds behind the estimate.
        left_out: What cross-validation predicts from the rest, in the plural: "languages".
        error: Mean squared error, cross-validated, of predictions by the hypothesis.
        rivals: By name, the same of predictions without it: by the simpler model, and by the null model.
    """

    p: float
    as_hypothesised: bool
    seeds: int
    left_out: str
    error: float
    rivals: Mapping[str, float]


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    Attributes:
        question: "q1" to "q5".
        title: A heading.
        hypothesis: The primary hypothesis as a sentence.
        verdict: Whether the primary hypothesis is supported, or why that cannot be said.
        reason: The result in one sentence; what is missing where the hypothesis is not identifiable.
        primary: The estimate of the primary hypothesis; None where the study cannot identify it.
        p_adjusted: Of ``primary``: Holm, over the questions that have a test.
        evidence: What the verdict follows from (:func:`xstilts.analysis.verdicts.decide`); None without ``primary``.
        exercise: Whether the languages are synthetic: the verdict then says nothing about languages.
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
    evidence: Evidence | None = None
    exercise: bool = False
    secondary: pd.DataFrame = field(default_factory=pd.DataFrame)
    robustness: pd.DataFrame = field(default_factory=pd.DataFrame)
    cannot: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    data: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def verdict_text(self) -> str:
        """The verdict for readers, marked where it is an exercise."""
        return f"{self.verdict} ({EXERCISE})" if self.exercise else self.verdict
