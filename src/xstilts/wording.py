"""Small pieces of sentences, set the same way everywhere."""

from __future__ import annotations

_PLURALS = {"genus": "genera", "family": "families"}


def counted(count: int, one: str, many: str = "") -> str:
    """'1 seed', '1,395 cells', '2 genera'."""
    return f"{count:,} {one if count == 1 else many or _PLURALS.get(one, f'{one}s')}"


def with_minus(text: str) -> str:
    """A number's text with a minus in place of its hyphen."""
    return text.replace("-", "−")


def signed(value: float, decimals: int = 2) -> str:
    """A number with its sign."""
    return with_minus(f"{value:+.{decimals}f}")
