"""Heat maps of gains: colours centred on zero, and in every cell its number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import altair as alt
import pandas as pd

_LEAST_RANGE = 2.0  # points: below that, colours would only show noise
_DARK_BLUE, _DARK_ORANGE = 0.65, 0.8  # shares of the range from which a cell is too dark for black text

LEGEND = "Blue: gain, orange: loss."


def range_of(gains: pd.Series) -> float:
    """What the colours reach to on either side of zero, in points."""
    return max([_LEAST_RANGE, *gains.dropna().abs()])


def gains_colour(most: float, title: str | None = "points") -> alt.Color:
    """The colour of column ``gain``, from −most to most."""
    return alt.Color("gain:Q", title=title).scale(
        scheme="blueorange", reverse=True, domain=[-most, most], domainMid=0, clamp=True
    )


def heat_map(
    data: pd.DataFrame,
    columns: Sequence[str],
    rows: Sequence[str],
    most: float,
    cell: tuple[float, float],
    x_axis: alt.Axis,
    y_axis: alt.Axis | None,
    font: float = 11,
    colour: alt.Color | None = None,
    absent: Iterable[str] = (),
) -> alt.LayerChart:
    """Cells of a frame with row, column, gain and text; ``cell``: (width, height) in pixels.

    A cell without a gain is empty with a dashed border; one whose text is in ``absent`` is not there at all.
    """
    base = alt.Chart(data).encode(
        x=alt.X("column:N", title=None, axis=x_axis).scale(domain=list(columns)),
        y=alt.Y("row:N", title=None, axis=y_axis).scale(domain=list(rows)),
        tooltip=["row:N", "column:N", "text:N"],
    )
    nothing = " && ".join(["!isValid(datum.gain)", *(f"datum.text != '{text}'" for text in absent)])
    fill = (
        base.transform_filter("isValid(datum.gain)")
        .mark_rect(stroke="white")
        .encode(color=colour or gains_colour(most))
    )
    empty = base.transform_filter(nothing).mark_rect(fill="white", stroke="#ccc", strokeDash=[2, 2])
    dark = f"datum.gain > {_DARK_BLUE * most} || datum.gain < {-_DARK_ORANGE * most}"
    text = base.mark_text(fontSize=font).encode(
        text="text:N", color=alt.condition(dark, alt.value("white"), alt.value("black"))
    )
    layers = cast(alt.LayerChart, alt.layer(fill, empty, text))
    return layers.properties(width=cell[0] * len(columns), height=cell[1] * len(rows))
