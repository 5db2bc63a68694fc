"""Estimates with their intervals below one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import altair as alt
import pandas as pd

from xstilts.report.plots.style import BLUE, GREY, RED, heading

_SIGNS = ["above 0", "not told from 0", "below 0"]
ROW = 17.0  # pixels

SIGNS_NOTE = (
    "Bars: 95 % intervals. Triangles point to the side of 0 that all of the interval lies on; circles: on neither."
)


def signs(rows: pd.DataFrame) -> pd.Series:
    """On which side of zero each interval lies, if on one."""
    sign = pd.Series(_SIGNS[1], index=rows.index)
    return sign.mask(rows["low"] > 0, _SIGNS[0]).mask(rows["high"] < 0, _SIGNS[2])


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
    """Rows (row, value, low, high) in the order of ``names``; ``extra`` layers share the scales (x in ``value``)."""
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
        tooltip=["row:N", "value:Q", "low:Q", "high:Q"],
    )
    zero = alt.Chart(pd.DataFrame({"value": [0.0]})).mark_rule(color="#555", strokeDash=[3, 3]).encode(x=x)
    layers = cast(alt.LayerChart, alt.layer(zero, bars, *extra, points))
    return layers.properties(
        width=width, height=ROW * len(names), **({"title": heading(title)} if title is not None else {})
    )
