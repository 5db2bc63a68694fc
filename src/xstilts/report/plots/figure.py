"""A figure, and how it is written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import vl_convert
from altair.typing import ChartType

from xstilts.atomic import replacing, write_text

SUFFIXES = ("csv", "vl.json", "svg", "png", "pdf")
_PNG_SCALE = 2


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        name: The name of its files; begins with its place in a report: "gains", "languages", "q1" … "q5", "training"
            or "missing".
        title: Its title.
        sentence: What it shows, in one sentence computed from ``data``.
        alt: The text alternative of the image.
        chart: The chart, with the title, the notes and the study's warning above it.
        data: The plotted numbers, stamped with the study.
    """

    name: str
    title: str
    sentence: str
    alt: str
    chart: ChartType
    data: pd.DataFrame

    @property
    def files(self) -> list[str]:
        """The names of its files."""
        return [f"{self.name}.{suffix}" for suffix in SUFFIXES]

    @property
    def entry(self) -> dict[str, Any]:
        """What the index of a folder of figures has about it."""
        return {name: getattr(self, name) for name in ("name", "title", "sentence", "alt", "files")}


@dataclass(frozen=True)
class AbsentFigure:
    """A figure that the study lacks data for, and the reason."""

    name: str
    reason: str


def write(figure: Figure, folder: Path) -> list[Path]:
    """Write a figure's data, its Vega-Lite spec with the data inside, and its images.

    Returns:
        The files, in the order of :data:`SUFFIXES`.
    """
    data, spec, svg, png, pdf = files = [folder / name for name in figure.files]
    write_text(data, figure.data.to_csv(index=False, lineterminator="\n"))
    text = specification(figure.chart)
    write_text(spec, text)
    image = vl_convert.vegalite_to_svg(text)
    write_text(svg, image)
    with replacing(png) as temporary:
        temporary.write_bytes(vl_convert.svg_to_png(image, scale=_PNG_SCALE))
    with replacing(pdf) as temporary:
        temporary.write_bytes(vl_convert.svg_to_pdf(image))
    return files


def specification(chart: ChartType) -> str:
    """Return a chart as Vega-Lite JSON, without a limit on the rows of its data.

    It is not held against Vega-Lite's schema, which takes longer than making it; the tests do that for every figure.
    """
    with alt.data_transformers.enable("default", max_rows=None):
        return json.dumps(chart.to_dict(validate=False), ensure_ascii=False, sort_keys=True) + "\n"
