"""Estimates as people read them: never more than two significant digits."""

from __future__ import annotations

import math


def two_digits(value: float) -> float:
    """Rounded to two significant digits."""
    return float(f"{value:.2g}")


def two_digits_up(value: float) -> int:
    """The next whole number of two significant digits that is no smaller: 1,234 gives 1,300."""
    unit = 10 ** max(0, math.floor(math.log10(value)) - 1) if value >= 1 else 1
    return math.ceil(value / unit) * unit


def number(value: float) -> str:
    """'1,300', '12', '1.2', '0.013'."""
    rounded = two_digits(value)
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def duration(seconds: float) -> str:
    """'45 s', '12 min', '3.5 h', '1,300 h'."""
    if seconds < 90:
        return f"{number(seconds)} s"
    if seconds < 90 * 60:
        return f"{number(seconds / 60)} min"
    return f"{number(seconds / 3600)} h"


def amount(size: float) -> str:
    """'480 MB', '9.1 GB', '1.2 TB'; in powers of 1,000."""
    for factor, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if size >= factor * 0.995:
            return f"{number(size / factor)} {unit}"
    return f"{number(size / 1e3)} kB"
