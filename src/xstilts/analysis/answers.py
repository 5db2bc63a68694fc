"""What an answer to a research question consists of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

Verdict = Literal["supported", "not supported", "not identifiable"]


@dataclass(frozen=True)
class Estimate:
    """An effect with its 95 % interval. ``p`` is two-sided and not corrected; None where there is no test."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    p: float | None = None
    n: str = ""  # what it rests on, in words: "25 languages of 12 genera, 3 seeds"


@dataclass(frozen=True)
class Answer:
    """One question's answer; everything a reader needs to judge it.

    ``primary`` is the one declared hypothesis, None where this study cannot identify it. ``secondary`` and
    ``robustness`` have a row per estimate with the columns of :class:`Estimate` and, in secondary, ``p_adjusted``
    (Benjamini–Hochberg within the question). ``cannot`` lists what must not be concluded. ``data`` are the frames that
    figures are drawn from, by name.
    """

    question: str  # "q1" … "q5"
    title: str
    hypothesis: str
    verdict: Verdict
    reason: str
    primary: Estimate | None = None
    p_adjusted: float | None = None  # of primary: Holm over the questions that have one
    secondary: pd.DataFrame = field(default_factory=pd.DataFrame)
    robustness: pd.DataFrame = field(default_factory=pd.DataFrame)
    cannot: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    data: dict[str, pd.DataFrame] = field(default_factory=dict)
