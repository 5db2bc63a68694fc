"""What all figures have in common: type, colours, and the lines above them that say what must not be overlooked.

Colours are Okabe and Ito's (jfly.uni-koeln.de/color), which people with any colour vision tell apart, and Vega's
'blueorange' for what may be above or below zero. No colour stands alone: marks differ in shape, cells carry numbers.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd
from altair.typing import ChartType

from xstilts.config.study import Study
from xstilts.report.plots.figure import Figure
from xstilts.scores.labels import seeds_note, stamped

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY, PALE = "#767676", "#dddddd"
SMALL = 9  # pixels: the least size of any text

_FONT = "Helvetica, Arial, Liberation Sans, sans-serif"
_CHARACTER = 5.4  # pixels of an average character of the notes
_LEAST_WIDTH = 480  # pixels: notes above a narrow figure may reach further than the figure


@dataclass(frozen=True)
class View:
    """One model on one split, which most figures show; ``several``: names must tell it from the study's others."""

    model: str
    split: str
    several: bool

    @property
    def suffix(self) -> str:
        return f"-{self.model}-{self.split}" if self.several else ""

    @property
    def place(self) -> str:
        return f"{self.model}, {self.split} split"

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of a frame that are of this model and split, as far as it tells them apart."""
        for column, value in (("model", self.model), ("split", self.split)):
            if column in frame:
                frame = frame[frame[column] == value]
        return frame


def views(study: Study) -> Iterator[View]:
    several = len(study.models) * len(study.splits) > 1
    for model in study.models:
        for split in study.splits:
            yield View(model, split, several)


def finished(
    study: Study,
    name: str,
    title: str,
    sentence: str,
    seen: str,
    chart: ChartType,
    data: pd.DataFrame,
    notes: Iterable[str],
    width: float,
) -> Figure:
    """A chart with title and notes above it, and its data stamped.

    ``seen``: what there is to see, for those who do not; ``notes``: how to read it, in sentences; ``width`` of the
    chart in pixels.
    """
    notes = " ".join([*(note for note in notes if note), seeds_note(study)])
    characters = int(max(width, _LEAST_WIDTH) / _CHARACTER)
    lines = [line for text in (study.warning, sentence, notes) for line in textwrap.wrap(text, characters)]
    header = alt.TitleParams(
        textwrap.wrap(f"{title}, study {study.study}", int(characters * 0.75)),
        subtitle=lines,
        anchor="start",
        offset=14,
        subtitleLineHeight=14,
    )
    alternative = " ".join(text for text in (seen, sentence, study.warning) if text)
    return Figure(name, title, sentence, alternative, configured(chart.properties(title=header)), stamped(data, study))


def configured(chart: ChartType) -> ChartType:
    """In one call: Altair copies the whole chart for each."""
    return chart.configure(
        font=_FONT,
        padding=12,
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(gridColor="#eeeeee", domainColor="#999999", tickColor="#999999", titleFontWeight="normal"),
        axisQuantitative=alt.AxisConfig(tickCount=5),
        legend=alt.LegendConfig(symbolLimit=0, labelLimit=0),
    )


def heading(text: str | list[str]) -> alt.TitleParams:
    """Above one panel of several."""
    return alt.TitleParams(text, anchor="start", frame="group", fontSize=11, offset=8)


def grid(panels: list[Any], columns: int, between: float = 66) -> alt.ConcatChart:
    """Panels row by row, with room for titles and axes ``between`` columns; all plotting areas are aligned."""
    return alt.concat(*panels, columns=columns, bounds="flush", spacing={"row": 74.0, "column": between})


def haloed(text: alt.Chart, **mark: Any) -> list[alt.Chart]:
    """Small text with a white border below it, which keeps it readable on lines and marks."""
    return [
        text.mark_text(fontSize=SMALL, stroke="white", strokeWidth=3, strokeJoin="round", **mark),
        text.mark_text(fontSize=SMALL, color="#222", **mark),
    ]


def padded(values: pd.Series, share: float = 0.08, least: float = 1.0, zero: bool = False) -> list[float]:
    """A scale's domain around all values; ``zero``: around 0, too. The same domain for values that hardly differ."""
    known = values.dropna()
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    margin = max((high - low) * share, (least - (high - low)) / 2, 1e-6)
    return [low - margin, high + margin]


def listed(names: Iterable[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    *most, last = list(names) or ["none"]
    return f"{', '.join(most)} and {last}" if most else last
