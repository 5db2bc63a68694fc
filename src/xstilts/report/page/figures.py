"""Figures as the page shows them: the title and the notes are text of the page instead of small print in the image."""

from __future__ import annotations

import json

import vl_convert

from xstilts.config.study import Study
from xstilts.report.page.content import PageFigure
from xstilts.report.plots.figure import Figure, specification


def page_figure(figure: Figure, study: Study, folder: str = "figures") -> PageFigure:
    """Convert a figure for the page.

    The header of a figure's image consists of the study's warning, the sentence and the notes. The page shows the
    warning once and the sentence with the title, so the header is removed from the image and only the notes are kept.

    Args:
        figure: The figure.
        study: The study that it is of.
        folder: Where its files were written, relative to the study's folder.
    """
    spec = json.loads(specification(figure.chart))
    header = spec.pop("title", {})
    lines = " ".join(header.get("subtitle", [])) if isinstance(header, dict) else ""
    notes = lines.removeprefix(study.warning).strip().removeprefix(figure.sentence).strip()
    svg = vl_convert.vegalite_to_svg(spec)
    csv = f"{folder}/{figure.name}.csv"
    return PageFigure(figure.name, figure.title, figure.sentence, figure.alt, svg, spec, csv, notes)
