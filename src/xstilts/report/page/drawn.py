"""The report's plots as the page has them: title and notes as text of the page instead of small print in the image."""

from __future__ import annotations

import json

import vl_convert

from xstilts.config.study import Study
from xstilts.report.page.content import Figure
from xstilts.report.plots.figure import Figure as Plot
from xstilts.report.plots.figure import specification


def drawn(plot: Plot, study: Study, folder: str = "figures") -> Figure:
    """A plot for the page; ``folder`` of the study is where its files were written.

    The lines that stand above every plot are the study's warning, the sentence and the notes; the page shows the
    warning once, and the sentence with the title.
    """
    spec = json.loads(specification(plot.chart))
    header = spec.pop("title", {})
    lines = " ".join(header.get("subtitle", [])) if isinstance(header, dict) else ""
    notes = lines.removeprefix(study.warning).strip().removeprefix(plot.sentence).strip()
    svg = vl_convert.vegalite_to_svg(spec)
    return Figure(plot.name, plot.title, plot.sentence, plot.alt, svg, spec, f"{folder}/{plot.name}.csv", notes)
