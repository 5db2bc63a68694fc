"""Figures on the page: the header of their files is text of the page."""

from __future__ import annotations

import pandas as pd

from xstilts.config.study import Study
from xstilts.report.page.figures import page_figure
from xstilts.report.plots.gains import gains_figure


def test_title_sentence_and_notes_leave_the_image(synthetic_scores: pd.DataFrame, synthetic_study: Study) -> None:
    plot = gains_figure(synthetic_scores, synthetic_study)
    figure = page_figure(plot, synthetic_study)
    assert (figure.name, figure.sentence) == ("gains", plot.sentence)
    assert figure.numbers == plot.data.to_csv(index=False, lineterminator="\n")
    assert plot.title not in figure.svg and "MNLI" in figure.svg
    assert synthetic_study.warning not in figure.notes and plot.sentence not in figure.notes
    assert figure.notes.startswith("Points gained or lost") and "One seed" not in figure.notes
