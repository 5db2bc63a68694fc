"""Texts and tables in Markdown, whatever stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\`*_\[\]<>&#~])")  # a bar is special in tables alone, where :func:`table` escapes it


def plain(text: str) -> str:
    """Escape a text so that it is shown as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown in which a bar needs no escaping."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def fenced(text: str, language: str) -> str:
    """A block of code, between fences that are longer than any in it."""
    fence = "`" * max([3, *(len(found) + 1 for found in re.findall("`+", text))])
    return f"{fence}{language}\n{text.strip()}\n{fence}"


def address(text: str) -> str:
    """A link to an address of the web; any other text as it is."""
    return f"<{text}>" if re.fullmatch(r"https?://[^\s<>]+", text) else plain(text)
