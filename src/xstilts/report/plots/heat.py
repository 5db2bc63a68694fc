"""Heat maps of gains: colours centred on zero, and a number in every cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import altair as alt
import pandas as pd

_LEAST_RANGE = 2.0  # points: in a smaller range, colours would show only noise
_DARK_BLUE, _DARK_ORANGE = 0.65, 0.8  # shares of the range beyond which a cell is too dark for black text

LEGEND = "Blue: gain, orange: loss."


def range_of(gains: pd.Series) -> float:
    """Return the end of the colour scale on both sides of zero, in points."""
    return max([_LEAST_RANGE, *gains.dropna().abs()])


def gains_colour(limit: float, title: str | None = "points") -> alt.Color:
    """Return the colour scale of the column ``gain``, from −limit to limit."""
    return alt.Color("gain:Q", title=title).scale(
        scheme="blueorange", reverse=True, domain=[-limit, limit], domainMid=0, clamp=True
    )


def heat_map(
    data: pd.DataFrame,
    columns: Sequence[str],
    rows: Sequence[str],
    limit: float,
    cell: tuple[float, float],
    x_axis: alt.Axis,
    y_axis: alt.Axis | None,
    font: float = 11,
    colour: alt.Color | None = None,
    absent: Iterable[str] = (),
) -> alt.LayerChart:
    """Plot a heat map of gains. A cell without a gain is white with a dashed border.

    Args:
        data: The columns row, column, gain and text.
        columns: The values of ``column``, in order.
        rows: The values of ``row``, in order.
        limit: The end of the colour scale, in points.
        cell: Width and height of a cell in pixels.
        x_axis: The x axis.
        y_axis: The y axis; None for none.
        font: The font size of the numbers.
        colour: The colour scale; that of :func:`gains_colour` by default.
        absent: Texts of cells that are left out altogether.
    """
    base = alt.Chart(data).encode(
        x=alt.X("column:N", title=None, axis=x_axis).scale(domain=list(columns)),
        y=alt.Y("row:N", title=None, axis=y_axis).scale(domain=list(rows)),
        tooltip=[alt.Tooltip("row:N"), alt.Tooltip("column:N"), alt.Tooltip("text:N")],
    )
    is_empty = " && ".join(["!isValid(datum.gain)", *(f"datum.text != '{text}'" for text in absent)])
    fill = (
        base.transform_filter("isValid(datum.gain)")
        .mark_rect(stroke="white")
        .encode(color=colour or gains_colour(limit))
    )
    empty = base.transform_filter(is_empty).mark_rect(fill="white", stroke="#ccc", strokeDash=[2, 2])
    dark = f"datum.gain > {_DARK_BLUE * limit} || datum.gain < {-_DARK_ORANGE * limit}"
    text = base.mark_text(fontSize=font).encode(
        text=alt.Text("text:N"), color=alt.condition(dark, alt.value("white"), alt.value("black"))
    )
    layers = cast(alt.LayerChart, alt.layer(fill, empty, text))
    return layers.properties(width=cell[0] * len(columns), height=cell[1] * len(rows))
