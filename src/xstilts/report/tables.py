"""The tables of a study, each as CSV, Markdown and LaTeX.

``main`` has gains by intermediate arm × target, ``groups`` by arm × XTREME's groups of tasks, and one table per target
by arm × language; ``dev`` is in :mod:`xstilts.report.dev_table`, ``published`` in :mod:`xstilts.report.comparison`.

The CSV files are tidy and complete: one row per cell, numbers in full. ``score`` is the arm's own score and ``gain``
its difference to the baseline, both in points; ``seeds`` and ``gain_seeds`` are the numbers of seeds that they are
means over; ``n`` is the number of examples scored with each seed. Markdown and LaTeX are for reading: the baseline's
row in points, all others as gains over it, with one decimal.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from xstilts.atomic import write_text
from xstilts.catalogue.groups import AVERAGE, title_of
from xstilts.catalogue.languages import ENGLISH
from xstilts.catalogue.tasks import TASKS
from xstilts.report import gains
from xstilts.report.comparison import compared, comparison_page
from xstilts.report.dev_table import dev_cells, dev_page
from xstilts.report.gains import ALL, ZERO_SHOT, arms_of, is_control, targets_of
from xstilts.report.labels import (
    FEWER,
    MISSING,
    arm_label,
    cell_texts,
    fewer_note,
    labelled,
    metrics_of,
    seeds_note,
    stamped,
)
from xstilts.report.typeset import Block, Page, Row, latex, markdown, plain
from xstilts.study import BASELINE, Study


def write_tables(scores: pd.DataFrame, dev_scores: pd.DataFrame, study: Study, folder: Path) -> list[Path]:
    """Write ``main``, ``groups``, one table per target, ``dev`` and ``published`` to ``folder``, each as .csv, .md and
    .tex; returns the files."""
    cells = gains.task_cells(scores, study)
    files = _write(folder, "main", labelled(cells.drop(columns="language"), study), _main_page(cells, scores, study))
    cells = gains.group_cells(scores, study)
    table = labelled(cells.drop(columns="language").rename(columns={"target": "group"}), study)
    files += _write(folder, "groups", table, _groups_page(cells, scores, study))
    for target in targets_of(study):
        cells = gains.language_cells(scores, study, target)
        files += _write(folder, target, labelled(cells, study), _target_page(cells, scores, study, target))
    of_dev = dev_cells(dev_scores, study)
    files += _write(folder, "dev", labelled(of_dev, study), dev_page(of_dev, study))
    rows = compared(scores, study)
    return files + _write(folder, "published", stamped(rows, study), comparison_page(rows, study))


def main_table_text(scores: pd.DataFrame, study: Study) -> str:
    """The main table as plain text, for a terminal."""
    return plain(_main_page(gains.task_cells(scores, study), scores, study))


def _main_page(cells: pd.DataFrame, scores: pd.DataFrame, study: Study) -> Page:
    targets = targets_of(study)
    columns = {target: title_of(target) for target in [*targets, AVERAGE]}
    metrics = "; ".join(f"{TASKS[target].title}: {metrics_of(target)}" for target in targets)
    notes = [
        "A task's score is the unweighted mean over its languages, English included.",
        f"Metrics: {metrics}.",
        *_languages_notes(scores, study, targets),
        *_retrieval_notes(study),
    ]
    return _page(f"Gains on target tasks, study {study.study}", cells, study, "target", columns, "main", notes)


def _groups_page(cells: pd.DataFrame, scores: pd.DataFrame, study: Study) -> Page:
    groups = gains.groups_of(study)
    members = "; ".join(f"{title_of(group)}: {', '.join(map(title_of, tasks))}" for group, tasks in groups.items())
    notes = [
        f"Unweighted means over the study's tasks. {members}.",
        *_languages_notes(scores, study, targets_of(study)),
    ]
    columns = {name: title_of(name) for name in (*groups, AVERAGE)}
    title = f"Gains on groups of target tasks, study {study.study}"
    return _page(title, cells, study, "target", columns, "groups", notes)


def _target_page(cells: pd.DataFrame, scores: pd.DataFrame, study: Study, target: str) -> Page:
    languages = study.languages(target)
    if ENGLISH in languages and len(languages) > 1:
        means = f"{ZERO_SHOT}: unweighted mean over the languages other than English; {ALL}: over all languages."
        columns = [ENGLISH, ZERO_SHOT, ALL, *(language for language in languages if language != ENGLISH)]
    else:
        means = f"{ALL}: unweighted mean over the languages."
        columns = [ALL, *languages]
    notes = [f"Metric: {metrics_of(target)}.", means, *_languages_notes(scores, study, [target])]
    title = f"Gains on {TASKS[target].title} by language, study {study.study}"
    return _page(title, cells, study, "language", {name: name for name in columns}, target, notes)


def _languages_notes(scores: pd.DataFrame, study: Study, targets: Sequence[str]) -> list[str]:
    """Sentences about targets scored on another split than asked for, in fewer languages than the study has, or not."""
    scored, notes = gains.scored_languages(gains.as_asked(scores, study)), []
    for target in targets:
        title, languages, splits = TASKS[target].title, study.languages(target), study.splits_of(target)
        for split in study.splits:
            stands_in = not set(splits) <= set(study.splits)
            if split not in splits:
                instead = "; its test split stands in" if stands_in else ""
                notes.append(f"{title}: the release has no {split} split{instead}.")
            found = scored.get((target, split), set())
            absent = [code for code in languages if code not in found]
            if found and absent:
                where = f"{len(absent)} of {len(languages)} languages ({', '.join(absent)})"
                notes.append(f"{title}, {split}: no scores in {where}.")
            elif absent and (split == "test" or stands_in):
                why = "its predictions are in submission/ (the release's test labels are stripped)"
                notes.append(f"{title}, {split}: not scored: {why}.")
            elif absent and split in splits:
                notes.append(f"{title}, {split}: not scored.")
    return notes


def _retrieval_notes(study: Study) -> list[str]:
    """How sentences are embedded, target by target where they differ."""
    tasks_of: dict[str, list[str]] = {}
    for target in targets_of(study):
        if TASKS[target].format == "retrieval":
            settings = study.embedding_of(target)
            what = "mean over positions" if settings.pooling == "mean" else "first token"
            tasks_of.setdefault(f"the hidden states of layer {settings.layer}, {what}", []).append(title_of(target))
    how = "; ".join(f"{', '.join(tasks)} from {states}" for states, tasks in tasks_of.items())
    return [f"Retrieval is without fine-tuning: {how}."] if how else []


def _page(
    title: str, cells: pd.DataFrame, study: Study, column: str, columns: dict[str, str], name: str, notes: list[str]
) -> Page:
    """The page of some cells; ``columns`` gives the header of each value of ``column`` that is shown."""
    shown = cells[cells[column].isin(list(columns))]
    blocks = [
        Block(
            name=f"{model}, {split}",
            label=f"{study.study}-{name}-{model}-{split}",
            header=["arm", *columns.values()],
            rows=_rows(shown[(shown["model"] == model) & (shown["split"] == split)], study, column, list(columns)),
        )
        for model in study.models
        for split in study.splits
    ]
    text = {cell for block in blocks for row in block.rows if row is not None for cell in row[1:]}
    unit = f"Row '{arm_label(BASELINE, study)}': points (0–100). Other rows: gains over it in points."
    notes = [f"{unit} {seeds_note(study)}", *notes]
    if MISSING in text:
        notes.append(f"{MISSING}: not scored, or for a mean: something that it needs is not scored.")
    if any(cell.endswith(FEWER) for cell in text):
        notes.append(fewer_note(study))
    return Page(title, study.warning, notes, blocks)


def _rows(cells: pd.DataFrame, study: Study, column: str, columns: list[str]) -> list[Row]:
    """A row per arm; rules set off the baseline, which holds points, and the controls."""
    text = cells.assign(text=cell_texts(cells, study))
    wide = text.pivot(index="arm", columns=column, values="text")
    rows: list[Row] = []
    kind_above = None
    for arm in arms_of(study):
        kind = (arm == BASELINE, is_control(arm, study))
        if rows and kind != kind_above:
            rows.append(None)
        kind_above = kind
        rows.append([arm_label(arm, study), *(str(wide.at[arm, name]) for name in columns)])
    return rows


def _write(folder: Path, name: str, table: pd.DataFrame, page: Page) -> list[Path]:
    texts = {
        "csv": table.to_csv(index=False, lineterminator="\n"),
        "md": markdown(page),
        "tex": latex(page),
    }
    files = [folder / f"{name}.{suffix}" for suffix in texts]
    for file, text in zip(files, texts.values(), strict=True):
        write_text(file, text)
    return files
