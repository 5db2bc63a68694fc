"""The tables of a study, each as CSV, Markdown, LaTeX and HTML.

``main`` has gains by arm × target, ``groups`` by arm × the benchmark's groups of tasks, one table per target by arm ×
language, ``languages`` by arm, target and language. The others are in modules of their own: ``dev`` in
:mod:`xstilts.report.dev_table`, ``published`` in :mod:`xstilts.report.comparison`, ``ledger`` in
:mod:`xstilts.report.ledger_table`, ``data`` in :mod:`xstilts.report.data_table`.

The CSV files are tidy and complete: one row per cell, unrounded. ``score`` is the arm's own score and ``gain`` its
difference to the baseline, both in points; ``seeds`` and ``gain_seeds`` are the numbers of seeds behind them; ``n`` is
the number of examples scored per seed, ``chance`` the score of guessing, and ``flagged`` the number of seeds that are
left out because their run has not learnt its training set. The other formats are for reading: the baseline's row in
points, the other rows as gains over it, with one decimal; the best arm of a column in bold; chance in a row of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from xstilts.atomic import write_text
from xstilts.config.study import Study
from xstilts.report.comparison import comparison_page, comparison_rows
from xstilts.report.data_table import data_page, data_rows
from xstilts.report.dev_table import dev_cells, dev_page
from xstilts.report.gain_tables import groups_page, languages_page, main_page, target_page, with_language_means
from xstilts.report.ledger_table import ledger_page, ledger_rows
from xstilts.report.typeset import TablePage, html, latex, markdown, plain_text
from xstilts.scores.flags import flagged_jobs, usable, usable_dev
from xstilts.scores.gains import group_cells, language_cells, task_cells
from xstilts.scores.labels import labelled, stamped

_NONE: Mapping[str, Mapping[str, Any]] = MappingProxyType({})


def write_tables(
    scores: pd.DataFrame,
    dev_scores: pd.DataFrame,
    study: Study,
    folder: Path,
    records: Sequence[Mapping[str, Any]] = (),
    manifests: Mapping[str, Mapping[str, Any]] = _NONE,
) -> list[Path]:
    """Write all tables of a study. Missing values are shown as missing; the ledger lists flagged scores.

    Args:
        scores: All scores of the study, flagged ones included.
        dev_scores: All dev scores.
        study: The study.
        folder: Where to write.
        records: The jobs' records, each with its ``place``: its path in the study's folder.
        manifests: By task, the manifest of its canonical files.

    Returns:
        The files: ``main``, ``groups``, one table per target, ``languages``, ``dev``, ``published``, ``ledger`` and
        ``data``, each as .csv, .md, .tex and .html.
    """
    flagged = scores[scores["flag"].notna()]
    cells = task_cells(scores, study)
    files = _write(folder, "main", labelled(cells.drop(columns="language"), study), main_page(cells, scores, study))
    cells = group_cells(scores, study)
    table = labelled(cells.drop(columns="language").rename(columns={"target": "group"}), study)
    files += _write(folder, "groups", table, groups_page(cells, scores, study))
    by_target = language_cells(scores, study)
    for target, cells in by_target.items():
        files += _write(folder, target, labelled(cells, study), target_page(cells, scores, study, target))
    cells = with_language_means(pd.concat(by_target.values(), ignore_index=True), study)
    files += _write(folder, "languages", labelled(cells, study), languages_page(cells, scores, study))
    of_dev = dev_cells(dev_scores, study, flagged_jobs(scores, study))
    files += _write(folder, "dev", labelled(of_dev, study), dev_page(of_dev, study))
    scores, dev_scores = usable(scores), usable_dev(dev_scores, flagged_jobs(scores, study))
    rows = comparison_rows(scores, study)
    files += _write(folder, "published", stamped(rows, study), comparison_page(rows, study))
    runs = ledger_rows(scores, dev_scores, records, study, flagged)
    files += _write(folder, "ledger", stamped(runs, study), ledger_page(runs, study))
    data = data_rows(manifests, study)
    return files + _write(folder, "data", stamped(data, study), data_page(data, study))


def main_table_text(scores: pd.DataFrame, study: Study) -> str:
    """Render the main table as plain text, for a terminal."""
    return plain_text(main_page(task_cells(scores, study), scores, study))


def _write(folder: Path, name: str, table: pd.DataFrame, page: TablePage) -> list[Path]:
    texts = {
        "csv": table.to_csv(index=False, lineterminator="\n"),
        "md": markdown(page),
        "tex": latex(page),
        "html": html(page),
    }
    files = [folder / f"{name}.{suffix}" for suffix in texts]
    for file, text in zip(files, texts.values(), strict=True):
        write_text(file, text)
    return files
