"""What a figure is, and how one becomes files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

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

    ``name`` begins with its place in a report: "gains", "languages", "q1" … "q5", "training" or "missing".
    ``sentence`` says what it shows, in one sentence computed from ``data``; ``alt`` stands for it where it cannot be
    seen. ``chart`` carries its title, its notes and the study's warning; ``data`` is what is drawn, and says of which
    study.
    """

    name: str
    title: str
    sentence: str
    alt: str
    chart: ChartType
    data: pd.DataFrame

    @property
    def files(self) -> list[str]:
        return [f"{self.name}.{suffix}" for suffix in SUFFIXES]


@dataclass(frozen=True)
class Absent:
    """A figure that the study cannot have, and why."""

    name: str
    reason: str


def write(figure: Figure, folder: Path) -> list[Path]:
    """Write the data, the Vega-Lite spec (data inside, no address to fetch from) and the images; returns the files."""
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
    """The chart in Vega-Lite's JSON, however many rows its data has."""
    with alt.data_transformers.enable("default", max_rows=None):
        return json.dumps(chart.to_dict(), ensure_ascii=False, sort_keys=True) + "\n"
