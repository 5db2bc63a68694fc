"""Figures as the page shows them: the title and the notes are text of the page instead of small print in the image."""

from __future__ import annotations

import json

import vl_convert

from xstilts.config.study import Study
from xstilts.report.page.content import PageFigure
from xstilts.report.plots.figure import Figure, specification
from xstilts.scores.labels import seeds_note


def page_figure(figure: Figure, study: Study) -> PageFigure:
    """Convert a figure for the page.

    The header of a figure's image consists of the study's warning, the sentence and the notes. The page shows the
    warning and the seeds once and the sentence with the title, so the header is removed from the image and only the
    notes are kept.

    Args:
        figure: The figure.
        study: The study that it is of.
    """
    spec = json.loads(specification(figure.chart))
    header = spec.pop("title", {})
    lines = " ".join(header.get("subtitle", [])) if isinstance(header, dict) else ""
    notes = lines.removeprefix(study.warning).strip().removeprefix(figure.sentence).strip()
    notes = notes.removesuffix(seeds_note(study)).strip()
    svg = vl_convert.vegalite_to_svg(spec)
    numbers = figure.data.to_csv(index=False, lineterminator="\n")
    return PageFigure(figure.name, figure.title, figure.sentence, figure.alt, svg, spec, numbers, notes)
