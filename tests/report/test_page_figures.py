"""Figures on the page: the header of their files is text of the page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from xstilts.atomic import write_json
from xstilts.config.study import Study
from xstilts.report.figures import INDEX
from xstilts.report.page.figures import page_figure, read_figures
from xstilts.report.plots.figure import specification, write
from xstilts.report.plots.gains import gains_figure


def test_title_sentence_and_notes_leave_the_image(synthetic_scores: pd.DataFrame, synthetic_study: Study) -> None:
    plot = gains_figure(synthetic_scores, synthetic_study)
    figure = page_figure(plot.entry, specification(plot.chart), "arm,gain", synthetic_study)
    assert (figure.name, figure.sentence, figure.numbers) == ("gains", plot.sentence, "arm,gain")
    assert plot.title not in figure.svg and "MNLI" in figure.svg
    assert synthetic_study.warning not in figure.notes and plot.sentence not in figure.notes
    assert figure.notes.startswith("Points gained or lost") and "One seed" not in figure.notes


def test_the_page_shows_the_figures_that_were_drawn(
    synthetic_scores: pd.DataFrame, synthetic_study: Study, tmp_path: Path
) -> None:
    plot = gains_figure(synthetic_scores, synthetic_study)
    write(plot, tmp_path)
    write_json(tmp_path / INDEX, {"figures": [plot.entry], "absent": [{"name": "q4_sizes", "reason": "one size"}]})
    figures, absent = read_figures(tmp_path, synthetic_study)
    assert figures["gains"].numbers == plot.data.to_csv(index=False, lineterminator="\n")
    assert "MNLI" in figures["gains"].svg and absent == {"q4_sizes": "one size"}
