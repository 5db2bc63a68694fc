"""Forest plots: estimates with their intervals, one per row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import altair as alt
import pandas as pd

from xstilts.report.plots.style import BLUE, GREY, RED, panel_title

ABOVE, UNCLEAR, BELOW = _SIGNS = ["above 0", "includes 0", "below 0"]
ROW = 17.0  # pixels

SIGNS_NOTE = "Bars: 95 % intervals. Triangles point to the side of 0 on which the whole bar lies; circles: neither."


def signs(rows: pd.DataFrame) -> pd.Series:
    """Return on which side of zero each interval (low, high) lies: :data:`ABOVE`, :data:`BELOW` or :data:`UNCLEAR`."""
    sign = pd.Series(UNCLEAR, index=rows.index)
    return sign.mask(rows["low"] > 0, ABOVE).mask(rows["high"] < 0, BELOW)


def forest(
    rows: pd.DataFrame,
    names: Sequence[str],
    width: float,
    x_title: str,
    domain: Sequence[float],
    title: str | None = None,
    labels: bool = True,
    extra: Sequence[alt.Chart] = (),
) -> alt.LayerChart:
    """Plot estimates with intervals.

    Args:
        rows: The columns row, value, low and high.
        names: The values of ``row``, in order.
        width: The width in pixels.
        x_title: The title of the x axis.
        domain: The domain of the x axis.
        title: The panel's title.
        labels: Whether the rows have labels.
        extra: Further layers, on the same scales.
    """
    data = rows.assign(sign=signs(rows))
    x = alt.X("value:Q", title=x_title).scale(domain=list(domain), nice=False)
    axis = alt.Axis(labelLimit=0, domain=False, ticks=False, grid=True, labels=labels)
    y = alt.Y("row:N", title=None, axis=axis).scale(domain=list(names))
    base = alt.Chart(data).encode(y=y)
    colour = alt.Color("sign:N", legend=None).scale(domain=_SIGNS, range=[BLUE, GREY, RED])
    low, high = alt.X("low:Q", title=x_title).scale(domain=list(domain), nice=False), alt.X2("high:Q")
    bars = base.mark_rule(strokeWidth=1.6, clip=True).encode(x=low, x2=high, color=colour)
    points = base.mark_point(size=48, opacity=1, strokeWidth=1.6).encode(
        x=x,
        color=colour,
        fill=alt.Fill("sign:N", legend=None).scale(domain=_SIGNS, range=[BLUE, "#ffffff", RED]),
        shape=alt.Shape("sign:N", legend=None).scale(
            domain=_SIGNS, range=["triangle-right", "circle", "triangle-left"]
        ),
        tooltip=[alt.Tooltip("row:N"), alt.Tooltip("value:Q"), alt.Tooltip("low:Q"), alt.Tooltip("high:Q")],
    )
    zero = alt.Chart(pd.DataFrame({"value": [0.0]})).mark_rule(color="#555", strokeDash=[3, 3]).encode(x=x)
    layers = cast(alt.LayerChart, alt.layer(zero, bars, *extra, points))
    return layers.properties(
        width=width, height=ROW * len(names), **({"title": panel_title(title)} if title is not None else {})
    )
