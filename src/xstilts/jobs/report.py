"""From the scores of all jobs to what people read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from xstilts.analysis.material import language_frame
from xstilts.analysis.store import read_answers
from xstilts.report.dev_scores import collect_dev_scores, read_dev_scores, write_dev_scores
from xstilts.report.figures import all_figures, write_figures
from xstilts.report.page import content_of, write_page
from xstilts.report.page.content import records_of
from xstilts.report.page.drawn import drawn
from xstilts.report.plots.training import read_curves
from xstilts.report.scores import checked_scores, write_scores
from xstilts.report.scores import collect as collect_scores
from xstilts.report.tables import main_table_text, write_tables
from xstilts.runs import Runs


def collect(runs: Runs) -> None:
    """One file with the scores of every job, and one with those on what the jobs made their choices on."""
    write_dev_scores(runs.paths.dev_scores, collect_dev_scores(runs.dev_score_files(), runs.study))
    write_scores(runs.paths.scores, collect_scores(runs.score_files(), runs.study))


def tables(runs: Runs) -> None:
    write_tables(
        checked_scores(runs.paths.scores, runs.study),
        read_dev_scores(runs.paths.dev_scores),
        runs.study,
        runs.paths.tables,
        records_of(runs.paths.root),
        runs.manifests(),
    )


def figures(runs: Runs) -> None:
    write_figures(folder=runs.paths.figures, **_drawn_from(runs, checked_scores(runs.paths.scores, runs.study)))


def page(runs: Runs) -> None:
    """The report of whatever is there: of a study that is still running, that of its finished jobs."""
    answers = read_answers(runs.paths.answers)
    content = content_of(runs, answers)
    plots, absent = all_figures(**_drawn_from(runs, content.scores))
    drawn_plots = {plot.name: drawn(plot, runs.study) for plot in plots}
    write_page(replace(content, figures=drawn_plots, undrawn=dict(absent)), runs.paths.report)


def _drawn_from(runs: Runs, scores: pd.DataFrame) -> dict[str, Any]:
    effects = runs.paths.answers / "effects.csv"
    return {
        "study": runs.study,
        "scores": scores,
        "languages": language_frame(runs.study),
        "answers": read_answers(runs.paths.answers),
        "effects": pd.read_csv(effects) if effects.is_file() else pd.DataFrame(),
        "records": read_curves([path for path in runs.records() if path.is_file()]),
    }


def main_table(runs: Runs) -> str:
    """The main table as text, for a terminal."""
    return main_table_text(checked_scores(runs.paths.scores, runs.study), runs.study)
