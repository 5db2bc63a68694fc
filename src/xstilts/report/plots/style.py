"""What all figures have in common: fonts, colours, and the header with the warning, the sentence and the notes.

Colours are Okabe and Ito's (jfly.uni-koeln.de/color), which are distinguishable with any colour vision, and Vega's
'blueorange' for diverging scales. Colour is never the only cue: marks also differ in shape, and cells have numbers.
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
SMALL = 9  # pixels: the smallest font size

#: A legend that takes no width: a figure of the report is at most :data:`WIDEST` wide.
BELOW_PANELS = alt.Legend(title=None, orient="bottom")
WIDEST = 960.0  # pixels: of figures of up to XTREME's size, what a window of 1,000 pixels shows

_FONT = "Helvetica, Arial, Liberation Sans, sans-serif"
_CHARACTER = 5.4  # pixels: average width of a character of the notes
_LEAST_WIDTH = 480  # pixels: the notes above a narrow figure may be wider than the figure


@dataclass(frozen=True)
class View:
    """One model on one split, which most figures show.

    Attributes:
        model: The model.
        split: The split.
        several: Whether the study has several views, so that names of figures must contain model and split.
    """

    model: str
    split: str
    several: bool

    @property
    def suffix(self) -> str:
        """The ending of names of figures."""
        return f"-{self.model}-{self.split}" if self.several else ""

    @property
    def place(self) -> str:
        """Model and split for titles."""
        return f"{self.model}, {self.split} split"

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame's rows of this model and split; a column that the frame lacks is not checked."""
        for column, value in (("model", self.model), ("split", self.split)):
            if column in frame:
                frame = frame[frame[column] == value]
        return frame


def views(study: Study) -> Iterator[View]:
    """Yield every model on every split of a study."""
    several = len(study.models) * len(study.splits) > 1
    for model in study.models:
        for split in study.splits:
            yield View(model, split, several)


def annotated_figure(
    study: Study,
    name: str,
    title: str,
    sentence: str,
    description: str,
    chart: ChartType,
    data: pd.DataFrame,
    notes: Iterable[str],
    width: float,
) -> Figure:
    """Build a figure: the chart with a header above it, and the stamped data.

    Args:
        study: The study.
        name: See :class:`~xstilts.report.plots.figure.Figure`, as for the next two.
        title: The title.
        sentence: What the figure shows.
        description: What the image looks like, for the text alternative.
        chart: The chart.
        data: The plotted numbers.
        notes: How to read the figure, in sentences; empty ones are dropped.
        width: The chart's width in pixels.
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
    alternative = " ".join(text for text in (description, sentence, study.warning) if text)
    return Figure(name, title, sentence, alternative, with_theme(chart.properties(title=header)), stamped(data, study))


def with_theme(chart: ChartType) -> ChartType:
    """Set fonts and axes, in one call, as Altair copies the whole chart for each."""
    return chart.configure(
        font=_FONT,
        padding=12,
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(gridColor="#eeeeee", domainColor="#999999", tickColor="#999999", titleFontWeight="normal"),
        axisQuantitative=alt.AxisConfig(tickCount=5),
        legend=alt.LegendConfig(symbolLimit=0, labelLimit=0),
    )


def panel_title(text: str | list[str]) -> alt.TitleParams:
    """Return the title of one panel of several."""
    return alt.TitleParams(text, anchor="start", frame="group", fontSize=11, offset=8)


def grid(panels: list[Any], columns: int, between: float = 66) -> alt.ConcatChart:
    """Arrange panels row by row with aligned plotting areas.

    Args:
        panels: The panels.
        columns: The number of columns.
        between: Pixels between columns, for titles and axes.
    """
    return alt.concat(*panels, columns=columns, bounds="flush", spacing={"row": 74.0, "column": between})


def haloed(text: alt.Chart, **mark: Any) -> list[alt.Chart]:
    """Draw small text on a white outline, which keeps it readable on lines and marks."""
    return [
        text.mark_text(fontSize=SMALL, stroke="white", strokeWidth=3, strokeJoin="round", **mark),
        text.mark_text(fontSize=SMALL, color="#222", **mark),
    ]


def padded_domain(values: pd.Series, share: float = 0.08, least: float = 1.0, zero: bool = False) -> list[float]:
    """Return a scale's domain around all values.

    Args:
        values: The values; NaN is ignored.
        share: The margin on both sides, as a share of the range of values.
        least: The smallest width of the domain, for values that hardly differ.
        zero: Whether the domain includes 0.
    """
    known = values.dropna()
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    margin = max((high - low) * share, (least - (high - low)) / 2, 1e-6)
    return [low - margin, high + margin]
