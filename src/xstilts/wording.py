"""Numbers, counts and lists in texts, worded the same way everywhere."""

from __future__ import annotations

import math
from collections.abc import Sequence

_PLURALS = {"genus": "genera", "family": "families"}
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


class Strong(str):
    """A text in bold, where the output format has bold."""

    __slots__ = ()


def counted(count: int, one: str, many: str = "") -> str:
    """Format a count with its noun: '1 seed', '1,395 cells', '2 genera'."""
    return f"{count:,} {one if count == 1 else many or _PLURALS.get(one, f'{one}s')}"


def in_words(count: int) -> str:
    """Spell out a small count as in running text: 'nine', '13'."""
    return _WORDS[count] if 0 <= count < len(_WORDS) else f"{count:,}"


def listed(names: Sequence[str]) -> str:
    """Join names as in a sentence: 'a', 'a and b', 'a, b and c'; empty for no names."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""


def with_minus(text: str) -> str:
    """Replace the hyphens in a number's text by minus signs."""
    return text.replace("-", "−")


def signed(value: float, decimals: int = 2) -> str:
    """Format a number with its sign; what rounds to zero has none."""
    text = f"{value:+.{decimals}f}"
    return with_minus(text) if text.strip("+-0.") else text[1:]


def two_digits(value: float) -> float:
    """Round to two significant digits."""
    return float(f"{value:.2g}")


def two_digits_up(value: float) -> int:
    """Round up to a whole number of at most two significant digits: 1,234 gives 1,300."""
    unit = 10 ** max(0, math.floor(math.log10(value)) - 1) if value >= 1 else 1
    return math.ceil(value / unit) * unit


def short_number(value: float) -> str:
    """Write a number with two significant digits: '1,300', '12', '1.2', '0.013'."""
    rounded = two_digits(value)
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def duration(seconds: float) -> str:
    """Write seconds in the unit that fits: '45 s', '12 min', '3.5 h', '1,300 h'."""
    if seconds < 90:
        return f"{short_number(seconds)} s"
    if seconds < 90 * 60:
        return f"{short_number(seconds / 60)} min"
    return f"{short_number(seconds / 3600)} h"


def file_size(count: float) -> str:
    """Write bytes in powers of 1,000: '480 MB', '9.1 GB', '1.2 TB'."""
    for factor, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if count >= factor * 0.995:
            return f"{short_number(count / factor)} {unit}"
    return f"{short_number(count / 1e3)} kB"
