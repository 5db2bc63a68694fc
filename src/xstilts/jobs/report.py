"""From the scores of all jobs to what people read."""

from __future__ import annotations

from xstilts.report.dev_scores import collect_dev_scores, read_dev_scores, write_dev_scores
from xstilts.report.figures import write_figures
from xstilts.report.scores import collect as collect_scores
from xstilts.report.scores import read_scores, write_scores
from xstilts.report.tables import main_table_text, write_tables
from xstilts.runs import Runs


def collect(runs: Runs) -> None:
    """One file with the scores of every job, and one with those on what the jobs made their choices on."""
    write_dev_scores(runs.paths.dev_scores, collect_dev_scores(runs.dev_score_files(), runs.study))
    write_scores(runs.paths.scores, collect_scores(runs.score_files(), runs.study))


def tables(runs: Runs) -> None:
    dev_scores = read_dev_scores(runs.paths.dev_scores)
    write_tables(read_scores(runs.paths.scores), dev_scores, runs.study, runs.paths.tables)


def figures(runs: Runs) -> None:
    write_figures(read_scores(runs.paths.scores), runs.study, runs.paths.figures)


def main_table(runs: Runs) -> str:
    """The main table as text, for a terminal."""
    return main_table_text(read_scores(runs.paths.scores), runs.study)
