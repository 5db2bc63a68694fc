"""Student's interval and test of an estimate with a standard error."""

from __future__ import annotations

from typing import NamedTuple

from scipy import stats

_ROUNDING = 1e-9


class Student(NamedTuple):
    """The interval and the test of one estimate.

    Attributes:
        low: Lower end of the 95 % interval.
        high: Upper end of the interval.
        p: Two-sided, of the hypothesis that the value is 0.
    """

    low: float
    high: float
    p: float


def student(value: float, error: float, df: float) -> Student:
    """Compute the interval and p by t; without any error, p is 1 for a value of 0 and 0 for any other."""
    margin = float(stats.t.ppf(0.975, df)) * error
    p = 2 * float(stats.t.sf(abs(value) / error, df)) if error > _ROUNDING else float(abs(value) <= _ROUNDING)
    return Student(value - margin, value + margin, p)
