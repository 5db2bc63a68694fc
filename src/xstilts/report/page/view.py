"""Tables as the template renders them, and the formatting of numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Literal

import pandas as pd

from xstilts.report.typeset import TableBlock
from xstilts.scores.labels import MISSING
from xstilts.wording import Strong, with_minus

_SHADES = 3  # of a gain or a loss


@dataclass(frozen=True)
class HtmlCell:
    """A cell of a table.

    Attributes:
        text: What it shows.
        strong: Whether it is in bold.
        tone: A class of the style sheet: gain-1 … gain-3, loss-1 … loss-3 or lacking; empty for none.
        href: The anchor on the page that it links to; empty for none.
    """

    text: str
    strong: bool = False
    tone: str = ""
    href: str = ""


@dataclass(frozen=True)
class HtmlTable:
    """A table; the first cell of a row is its label.

    Attributes:
        caption: What the table shows.
        header: The column names.
        rows: The cells.
        rules: The indices of rows with a line above.
        notes: Sentences shown below the table.
        kind: How the cells are laid out: numbers, texts that wrap, or lines of text that do not wrap.
    """

    caption: str
    header: list[str]
    rows: list[list[HtmlCell]]
    rules: frozenset[int] = frozenset()
    notes: list[str] = field(default_factory=list)
    kind: Literal["numbers", "texts", "lines"] = "numbers"


def text_table(
    caption: str, header: Sequence[str], rows: Iterable[Iterable[object]], notes: Sequence[str] = ()
) -> HtmlTable:
    """Build a table of texts that wrap. A column with the same text in every row becomes a note."""
    kept, header, said = _without_constants([list(map(str, row)) for row in rows], list(header))
    cells = [[HtmlCell(text) for text in row] for row in kept]
    return HtmlTable(caption, header, cells, notes=[*said, *notes], kind="texts")


def table_from_block(block: TableBlock) -> HtmlTable:
    """Convert a block of one of the study's tables, with its rules."""
    rows, rules = _without_rules(block)
    cells = [[HtmlCell(text, strong=isinstance(text, Strong)) for text in row] for row in rows]
    return HtmlTable(block.name, block.header, cells, rules)


def lines_from_block(block: TableBlock) -> HtmlTable:
    """Convert a block that is mostly text. A column with the same text in every row becomes a note."""
    rows, rules = _without_rules(block)
    kept, header, said = _without_constants(rows, block.header)
    return HtmlTable(block.name, header, [[HtmlCell(text) for text in row] for row in kept], rules, said, kind="lines")


def _without_constants(rows: list[list[str]], header: list[str]) -> tuple[list[list[str]], list[str], list[str]]:
    """Return rows and header without columns that say the same in two or more rows, and a note with what they say.

    The first column, the label of a row, stays.
    """
    columns = range(1, len(header)) if len(rows) > 1 else ()
    constant = [column for column in columns if len({row[column] for row in rows}) == 1]
    kept = [column for column in range(len(header)) if column not in constant]
    values = "; ".join(f"{header[column]} {rows[0][column]}" for column in constant)
    said = [f"In every row: {values}."] if constant else []
    return [[row[column] for column in kept] for row in rows], [header[column] for column in kept], said


def _without_rules(block: TableBlock) -> tuple[list[list[str]], frozenset[int]]:
    """Return the rows without rules, and the indices of those with a rule above."""
    rows: list[list[str]] = []
    rules = set()
    for row in block.rows:
        if row is None:
            rules.add(len(rows))
        else:
            rows.append(row)
    return rows, frozenset(rules)


def estimates_table(frame: pd.DataFrame, caption: str) -> HtmlTable | None:
    """Build a table of estimates.

    Args:
        frame: Rows with the columns of :class:`xstilts.analysis.answers.Estimate`, and any other columns.
        caption: What the table shows.

    Returns:
        The table; None if the frame is empty.
    """
    if frame.empty:
        return None
    known = {"name", "value", "low", "high", "unit", "p", "p_adjusted", "n"}
    others = [str(column) for column in frame.columns if column not in known]
    tested = [(name, label) for name, label in (("p", "p"), ("p_adjusted", "adjusted p")) if name in frame]
    sizes = [("n", "based on")] if "n" in frame else []
    rows = []
    for row in frame.to_dict("records"):
        texts = [
            str(row.get("name", "")),
            with_unit(row.get("value"), str(row.get("unit") or "")),
            interval(row.get("low"), row.get("high")),
            *(p_text(row[name]) for name, _ in tested),
            *(value_text(row[name]) for name, _ in sizes),
            *(value_text(row[name]) for name in others),
        ]
        rows.append([HtmlCell(text) for text in texts])
    names = [label for _, label in (*tested, *sizes)] + [other.replace("_", " ") for other in others]
    return HtmlTable(caption, ["", "estimate", "95 % interval", *names], rows, kind="texts")


def number_text(value: Any) -> str:
    """Format a number with about three digits; a dash for what is not a finite number."""
    if not _is_number(value):
        return MISSING
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.095 or size == 0 else 3
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else with_minus(text)


def with_unit(value: Any, unit: str) -> str:
    """Format a number with its unit; a dash for what is not a finite number."""
    return f"{number_text(value)} {unit}".strip() if _is_number(value) else MISSING


def interval(low: Any, high: Any) -> str:
    """Format an interval; a dash if one end is not a finite number."""
    return f"{number_text(low)} to {number_text(high)}" if _is_number(low) and _is_number(high) else MISSING


def p_text(p: Any) -> str:
    """Format a p-value; a dash if there is none."""
    if not _is_number(p):
        return MISSING
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def value_text(value: Any) -> str:
    """Format any value of a frame; empty for a missing one."""
    if isinstance(value, float):
        return number_text(value)
    return "" if value is None or value is pd.NA else str(value)


def shade(gain: float, largest: float) -> str:
    """Return the style class that shades a gain; none for one that is missing or rounds to zero.

    Args:
        gain: The gain in points.
        largest: The absolute gain with the darkest shade.
    """
    if not _is_number(gain) or round(gain, 1) == 0 or largest <= 0:
        return ""
    step = min(_SHADES, 1 + int(_SHADES * abs(gain) / largest))
    return f"{'gain' if gain > 0 else 'loss'}-{step}"


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
