"""Tables as the template sets them, and how numbers read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Literal

import pandas as pd

from xstilts.report.typeset import Block
from xstilts.scores.labels import MISSING

_STEPS = 3  # shades of a gain or a loss


@dataclass(frozen=True)
class Cell:
    """``tone`` is a class of the style sheet: gain-1 … gain-3, loss-1 … loss-3; ``href`` is an anchor on the page."""

    text: str
    strong: bool = False
    tone: str = ""
    href: str = ""


@dataclass(frozen=True)
class Table:
    """Header and rows; the first cell of a row names it. ``rules`` are the rows that a line stands above."""

    caption: str
    header: list[str]
    rows: list[list[Cell]]
    rules: frozenset[int] = frozenset()
    notes: list[str] = field(default_factory=list)
    kind: Literal["numbers", "texts", "lines"] = "numbers"  # texts are broken into lines, lines are not


def table_of_texts(
    caption: str, header: Sequence[str], rows: Iterable[Iterable[object]], notes: Sequence[str] = ()
) -> Table:
    cells = [[Cell(str(value)) for value in row] for row in rows]
    return Table(caption, list(header), cells, notes=list(notes), kind="texts")


def table_of_block(block: Block) -> Table:
    """A block of one of the study's tables, its rules kept."""
    rows, rules = _without_rules(block)
    return Table(block.name, block.header, [[Cell(text) for text in row] for row in rows], rules)


def lines_of_block(block: Block) -> Table:
    """A block of texts for the most part. A column that says the same in every row becomes a note."""
    rows, rules = _without_rules(block)
    places = range(1, len(block.header)) if len(rows) > 1 else ()
    same = {place for place in places if len({row[place] for row in rows}) == 1}
    notes = ["In every row: " + "; ".join(f"{block.header[place]} {rows[0][place]}" for place in sorted(same)) + "."]
    kept = [place for place in range(len(block.header)) if place not in same]
    cells = [[Cell(row[place]) for place in kept] for row in rows]
    header = [block.header[place] for place in kept]
    return Table(block.name, header, cells, rules, notes if same else [], kind="lines")


def _without_rules(block: Block) -> tuple[list[list[str]], frozenset[int]]:
    """The rows that are texts, and the numbers of those that a rule stands above."""
    rows: list[list[str]] = []
    rules = set()
    for row in block.rows:
        if row is None:
            rules.add(len(rows))
        else:
            rows.append(row)
    return rows, frozenset(rules)


def table_of_estimates(frame: pd.DataFrame, caption: str) -> Table | None:
    """Rows with the columns of :class:`xstilts.analysis.answers.Estimate`, and whatever others there are; None where
    there are no rows."""
    if frame.empty:
        return None
    known = {"name", "value", "low", "high", "unit", "p", "p_adjusted", "n"}
    others = [str(column) for column in frame.columns if column not in known]
    tested = [(name, label) for name, label in (("p", "p"), ("p_adjusted", "adjusted p")) if name in frame]
    counted = [("n", "rests on")] if "n" in frame else []
    rows = []
    for row in frame.to_dict("records"):
        texts = [
            str(row.get("name", "")),
            with_unit(row.get("value"), str(row.get("unit") or "")),
            interval(row.get("low"), row.get("high")),
            *(p_text(row[name]) for name, _ in tested),
            *(plain(row[name]) for name, _ in counted),
            *(plain(row[name]) for name in others),
        ]
        rows.append([Cell(text) for text in texts])
    names = [label for _, label in (*tested, *counted)] + [other.replace("_", " ") for other in others]
    return Table(caption, ["", "estimate", "95 % interval", *names], rows, kind="texts")


def number(value: Any) -> str:
    """Three digits or so; a dash for what is none."""
    if not _is_number(value):
        return MISSING
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.095 or size == 0 else 3
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", "−")


def with_unit(value: Any, unit: str) -> str:
    return f"{number(value)} {unit}".strip() if _is_number(value) else MISSING


def interval(low: Any, high: Any) -> str:
    return f"{number(low)} to {number(high)}" if _is_number(low) and _is_number(high) else MISSING


def p_text(p: Any) -> str:
    if not _is_number(p):
        return MISSING
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def plain(value: Any) -> str:
    """Any value of a frame: numbers short, nothing for what is missing."""
    if isinstance(value, float):
        return number(value)
    return "" if value is None or value is pd.NA else str(value)


def tone(gain: float, most: float) -> str:
    """The shade of a gain; none for what rounds to zero or is missing. ``most`` has the darkest."""
    if not _is_number(gain) or round(gain, 1) == 0 or most <= 0:
        return ""
    step = min(_STEPS, 1 + int(_STEPS * abs(gain) / most))
    return f"{'gain' if gain > 0 else 'loss'}-{step}"


def duration(seconds: float) -> str:
    """In the unit that a person would take."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def listed(names: Sequence[str]) -> str:
    """ "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
