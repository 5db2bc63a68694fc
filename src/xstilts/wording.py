"""Numbers, counts and lists in texts, worded the same way everywhere."""

from __future__ import annotations

from collections.abc import Sequence

_PLURALS = {"genus": "genera", "family": "families"}


class Strong(str):
    """A text in bold, where the output format has bold."""

    __slots__ = ()


def counted(count: int, one: str, many: str = "") -> str:
    """Format a count with its noun: '1 seed', '1,395 cells', '2 genera'."""
    return f"{count:,} {one if count == 1 else many or _PLURALS.get(one, f'{one}s')}"


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
