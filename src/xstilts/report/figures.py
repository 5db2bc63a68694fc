"""The heat map of gains: intermediate arm × target.

Retrieval targets have a colour scale of their own, since they gain and lose far more than fine-tuned ones. Colours say
little in print and nothing to some eyes, so every cell carries its number with its sign.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Literal, cast

import altair as alt
import pandas as pd

from xstilts.atomic import replacing, write_text
from xstilts.catalogue.groups import AVERAGE
from xstilts.catalogue.tasks import TASKS
from xstilts.report.gains import is_control, task_cells
from xstilts.report.labels import FEWER, MISSING, arm_label, cell_texts, labelled, seeds_note
from xstilts.study import BASELINE, Study

_CELL = {"width": 70, "height": 25}  # pixels
_FONT = "Helvetica, Arial, Liberation Sans, sans-serif"
_SUBTITLE = 120  # characters of a line of the subtitle
_LEAST_RANGE = 2.0  # points: below that, colours would only show noise
_DARK_BLUE, _DARK_ORANGE = 0.65, 0.8  # shares of the range from which a cell is too dark for black text
_FORMATS: tuple[Literal["svg", "png", "pdf"], ...] = ("svg", "png", "pdf")


def write_figures(scores: pd.DataFrame, study: Study, folder: Path) -> list[Path]:
    """Write ``gains.csv``, the heat map's data, and the heat map as .svg, .png and .pdf; returns the files."""
    cells = task_cells(scores, study)
    cells = cells[cells["target"] != AVERAGE]
    data = folder / "gains.csv"
    write_text(data, labelled(cells.drop(columns="language"), study).to_csv(index=False, lineterminator="\n"))
    chart = gains_chart(cells, study)
    images = [folder / f"gains.{suffix}" for suffix in _FORMATS]
    for image, suffix in zip(images, _FORMATS, strict=True):
        with replacing(image) as temporary:
            chart.save(str(temporary), format=suffix, scale_factor=2 if suffix == "png" else 1)
    return [data, *images]


def gains_chart(cells: pd.DataFrame, study: Study) -> alt.VConcatChart:
    """Heat maps of every model and split, below one another; ``cells`` as :func:`task_cells` gives them."""
    retrieval = [TASKS[target].format == "retrieval" for target in cells["target"]]
    cells = cells.assign(retrieval=retrieval)
    rows = [
        _row(cells[(cells["model"] == model) & (cells["split"] == split)], study, f"{model}, {split} split")
        for model in study.models
        for split in study.splits
    ]
    subtitle = [
        *textwrap.wrap(study.warning, _SUBTITLE),
        f"Points gained or lost over no intermediate training (its points in brackets). {seeds_note(study)}",
        _legend(cells, study),
    ]
    title = alt.TitleParams(
        f"Gains by intermediate arm and target task, study {study.study}",
        subtitle=subtitle,
        anchor="start",
        offset=16,
    )
    chart = alt.vconcat(*rows, title=title, spacing=24).resolve_scale(color="independent")
    return chart.configure(font=_FONT, padding=12).configure_view(stroke=None)


def _legend(cells: pd.DataFrame, study: Study) -> str:
    """What the colours mean, and of the rest what there is to see."""
    text = "".join(cell_texts(cells, study))
    sentences = {
        "Blue: gain, orange: loss.": True,
        "Controls do not count for the range of the colours.": any(is_control(arm, study) for arm in study.arms),
        f"{MISSING}: not scored.": MISSING in text,
        f"{FEWER}: not all seeds.": FEWER in text,
    }
    return " ".join(sentence for sentence, holds in sentences.items() if holds)


def _row(cells: pd.DataFrame, study: Study, name: str) -> alt.HConcatChart:
    parts = [cells[~cells["retrieval"]], cells[cells["retrieval"]]]
    maps = [_heat_map(part, study, first=place == 0) for place, part in enumerate(p for p in parts if not p.empty)]
    title = alt.TitleParams(name, anchor="start", fontSize=12)
    return alt.hconcat(*maps, title=title, spacing=24).resolve_scale(color="independent")


def _heat_map(cells: pd.DataFrame, study: Study, first: bool) -> alt.LayerChart:
    baseline, gains = (cells[(cells["arm"] == BASELINE) == which] for which in (True, False))
    arms = [arm_label(arm, study) for arm in gains["arm"].drop_duplicates()]
    points = zip(baseline["target"], cell_texts(baseline, study), strict=True)
    titles = {target: f"{TASKS[target].title}\n({text})" for target, text in points}
    of_arms = gains["gain"][[not is_control(arm, study) for arm in gains["arm"]]]
    most = max([_LEAST_RANGE, *of_arms.dropna().abs()])
    data = pd.DataFrame(
        {
            "arm": [arm_label(arm, study) for arm in gains["arm"]],
            "target": [titles[target] for target in gains["target"]],
            "gain": gains["gain"],
            "text": cell_texts(gains, study),
        }
    )
    base = alt.Chart(data).encode(
        x=alt.X("target:N", sort=list(titles.values()), title=None).axis(
            orient="top",
            labelAngle=0,
            labelBaseline="alphabetic",
            labelExpr="split(datum.value, '\\n')",
            labelLimit=0,
            labelPadding=19,  # the second line hangs below the first, towards the cells
            domain=False,
            ticks=False,
        ),
        y=alt.Y("arm:N", sort=arms, title=None).axis(
            labelLimit=0, domain=False, ticks=False, labelPadding=6, labels=first
        ),
    )
    colour = alt.Color("gain:Q", title="points").scale(
        scheme="blueorange", reverse=True, domain=[-most, most], domainMid=0, clamp=True
    )
    fill = base.transform_filter("isValid(datum.gain)").mark_rect(stroke="white").encode(color=colour)
    empty = base.transform_filter("!isValid(datum.gain)").mark_rect(fill="white", stroke="#ccc", strokeDash=[2, 2])
    dark = f"datum.gain > {_DARK_BLUE * most} || datum.gain < {-_DARK_ORANGE * most}"
    text = base.mark_text(fontSize=11).encode(
        text="text:N",
        color=alt.condition(dark, alt.value("white"), alt.value("black")),
    )
    layers = cast(alt.LayerChart, alt.layer(fill, empty, text))
    return layers.properties(width=_CELL["width"] * len(titles), height=_CELL["height"] * len(arms))
