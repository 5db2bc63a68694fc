"""All figures of a study: plot them, or list why they are absent, and write them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from xstilts.analysis.answers import Answer
from xstilts.atomic import write_json
from xstilts.config.study import Study
from xstilts.report.plots.code_gap import code_gap_figure
from xstilts.report.plots.distance import distance_gains_figure, distance_scores_figure, partial_residuals_figure
from xstilts.report.plots.effects import effects_figure
from xstilts.report.plots.figure import AbsentFigure, Figure, write
from xstilts.report.plots.gains import gains_figure
from xstilts.report.plots.language_gains import language_gains_figure
from xstilts.report.plots.languages import scored_by_language
from xstilts.report.plots.missing import missing_figure
from xstilts.report.plots.prediction import prediction_figure
from xstilts.report.plots.robustness import (
    leave_one_out_figure,
    robustness_figure,
    slopes_by_part_figure,
    specifications_figure,
)
from xstilts.report.plots.similarity import similarity_figure
from xstilts.report.plots.sizes import sizes_figure
from xstilts.report.plots.slopes import slopes_figure
from xstilts.report.plots.style import views
from xstilts.report.plots.training import training_figure
from xstilts.scores.flags import usable

INDEX = "index.json"
_NONE: pd.DataFrame = pd.DataFrame()


def all_figures(
    study: Study,
    scores: pd.DataFrame,
    languages: pd.DataFrame = _NONE,
    answers: Sequence[Answer] = (),
    effects: pd.DataFrame = _NONE,
    records: pd.DataFrame = _NONE,
) -> tuple[list[Figure], list[tuple[str, str]]]:
    """Plot all figures of a study. All arguments but the study and the scores may be empty.

    Args:
        study: The study.
        scores: All scores of the study; flagged ones are plotted nowhere.
        languages: What :func:`xstilts.analysis.study_data.language_frame` returns.
        answers: The answers to the research questions.
        effects: What :func:`xstilts.analysis.effects.effects` returns.
        records: The training curves that :func:`xstilts.report.plots.training.read_curves` returns.

    Returns:
        The figures, and (name, reason) of those that the study lacks data for.
    """
    of_question = {answer.question: answer for answer in answers}
    plotted = list(_plot_all(study, scores, languages, of_question, effects, records))
    figures = [figure for figure in plotted if isinstance(figure, Figure)]
    return figures, [(absent.name, absent.reason) for absent in plotted if isinstance(absent, AbsentFigure)]


def _plot_all(
    study: Study,
    scores: pd.DataFrame,
    languages: pd.DataFrame,
    answers: dict[str, Answer],
    effects: pd.DataFrame,
    records: pd.DataFrame,
) -> Iterator[Figure | AbsentFigure]:
    """Yield the figures in the report's order: gains, languages, the five questions, training, missing scores."""
    yield gains_figure(scores, study)
    scores = usable(scores)
    all_views, cells = list(views(study)), scored_by_language(scores, study)
    for view in all_views:
        yield effects_figure(effects, study, view)
        yield language_gains_figure(cells, languages, study, view)
        yield slopes_figure(cells, study, view)
        yield distance_scores_figure(cells, languages, study, view)
        yield distance_gains_figure(cells, languages, study, view)
    yield partial_residuals_figure(answers.get("q1"), languages, study)
    yield slopes_by_part_figure(answers.get("q1"), study)
    yield leave_one_out_figure(answers.get("q1"), study)
    yield specifications_figure(answers.get("q1"), study)
    yield code_gap_figure(answers.get("q2"), study)
    for model in study.models:
        yield similarity_figure(answers.get("q3"), study, model)
    yield sizes_figure(answers.get("q4"), study)
    yield prediction_figure(answers.get("q5"), study)
    for answer in answers.values():
        yield robustness_figure(answer, study)
    for model in study.models:
        yield training_figure(records, study, model)
    for view in all_views:
        yield missing_figure(scores, languages, study, view)


def write_figures(
    scores: pd.DataFrame,
    study: Study,
    folder: Path,
    languages: pd.DataFrame = _NONE,
    answers: Sequence[Answer] = (),
    effects: pd.DataFrame = _NONE,
    records: pd.DataFrame = _NONE,
) -> list[Path]:
    """Write the figures of :func:`all_figures` to a folder; :data:`INDEX` lists them and, with reasons, absent ones.

    Returns:
        The files; :data:`INDEX` is the last.
    """
    figures, absent = all_figures(study, scores, languages, answers, effects, records)
    files = [file for figure in figures for file in write(figure, folder)]
    index = folder / INDEX
    write_json(
        index,
        {
            "figures": [figure.entry for figure in figures],
            "absent": [{"name": name, "reason": reason} for name, reason in absent],
        },
    )
    return [*files, index]
