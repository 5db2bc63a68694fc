"""The tables of a study, each as CSV, Markdown, LaTeX and HTML.

``main`` has gains by intermediate arm × target, ``groups`` by arm × XTREME's groups of tasks, one table per target by
arm × language, ``languages`` by arm, target and language, all at once; ``dev`` is in :mod:`xstilts.report.dev_table`,
``published`` in :mod:`xstilts.report.comparison`, ``ledger`` in :mod:`xstilts.report.ledger_table`, ``data`` in
:mod:`xstilts.report.data_table`.

The CSV files are tidy and complete: one row per cell, numbers in full. ``score`` is the arm's own score and ``gain``
its difference to the baseline, both in points; ``seeds`` and ``gain_seeds`` are the numbers of seeds that they are
means over; ``n`` is the number of examples scored with each seed. The other forms are for reading: the baseline's row
in points, all others as gains over it, with one decimal; the best arm of a column in bold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from xstilts.atomic import write_text
from xstilts.config.study import BASELINE, Study
from xstilts.report.comparison import compared, comparison_page
from xstilts.report.data_table import data_page, data_rows
from xstilts.report.dev_table import dev_cells, dev_page
from xstilts.report.ledger_table import ledger_page, ledger_rows
from xstilts.report.typeset import Block, Page, Row, html, latex, markdown, plain
from xstilts.scores import gains
from xstilts.scores.flags import flagged_jobs, usable, usable_dev
from xstilts.scores.gains import ALL, ZERO_SHOT, arms_of, is_control, targets_of
from xstilts.scores.labels import (
    FEWER,
    MISSING,
    arm_label,
    fewer_note,
    labelled,
    metrics_of,
    retrieval_notes,
    scored_notes,
    seeds_note,
    shown_texts,
    stamped,
)
from xstilts.tasks.benchmarks import AVERAGE
from xstilts.tasks.languages import ENGLISH

FINE_TUNED = "fine_tuned"  # as a target: the unweighted mean over those that are fine-tuned and have the language

_BEST = "Bold: the best arm of a column, controls aside; the baseline where no arm gains."
_NONE: Mapping[str, Mapping[str, Any]] = MappingProxyType({})


def write_tables(
    scores: pd.DataFrame,
    dev_scores: pd.DataFrame,
    study: Study,
    folder: Path,
    records: Sequence[Mapping[str, Any]] = (),
    manifests: Mapping[str, Mapping[str, Any]] = _NONE,
) -> list[Path]:
    """Write ``main``, ``groups``, one table per target, ``languages``, ``dev``, ``published``, ``ledger`` and ``data``
    to ``folder``, each as .csv, .md, .tex and .html; returns the files.

    ``records`` are those of the jobs, each with its ``place``, the path in the study's folder; ``manifests`` say by
    task what is in its canonical files. What is not there is shown as missing; so are flagged scores, which the ledger
    lists.
    """
    flagged, dev_scores = scores[scores["flag"].notna()], usable_dev(dev_scores, flagged_jobs(scores, study))
    scores = usable(scores)
    cells = gains.task_cells(scores, study)
    files = _write(folder, "main", labelled(cells.drop(columns="language"), study), _main_page(cells, scores, study))
    cells = gains.group_cells(scores, study)
    table = labelled(cells.drop(columns="language").rename(columns={"target": "group"}), study)
    files += _write(folder, "groups", table, _groups_page(cells, scores, study))
    by_target = {target: gains.language_cells(scores, study, target) for target in targets_of(study)}
    for target, cells in by_target.items():
        files += _write(folder, target, labelled(cells, study), _target_page(cells, scores, study, target))
    cells = _with_means(pd.concat(by_target.values(), ignore_index=True), study)
    files += _write(folder, "languages", labelled(cells, study), _languages_page(cells, scores, study))
    of_dev = dev_cells(dev_scores, study)
    files += _write(folder, "dev", labelled(of_dev, study), dev_page(of_dev, study))
    rows = compared(scores, study)
    files += _write(folder, "published", stamped(rows, study), comparison_page(rows, study))
    jobs = ledger_rows(scores, dev_scores, records, study, flagged)
    files += _write(folder, "ledger", stamped(jobs, study), ledger_page(jobs, study))
    data = data_rows(manifests, study)
    return files + _write(folder, "data", stamped(data, study), data_page(data, study))


def main_table_text(scores: pd.DataFrame, study: Study) -> str:
    """The main table as plain text, for a terminal."""
    return plain(_main_page(gains.task_cells(scores, study), scores, study))


def _main_page(cells: pd.DataFrame, scores: pd.DataFrame, study: Study) -> Page:
    targets = targets_of(study)
    columns = {target: study.title_of(target) for target in [*targets, AVERAGE]}
    metrics = "; ".join(f"{study.title_of(target)}: {metrics_of(study.task(target))}" for target in targets)
    notes = [
        "A task's score is the unweighted mean over its languages, English included.",
        f"Metrics: {metrics}.",
        *scored_notes(scores, study, targets),
        *retrieval_notes(study),
    ]
    blocks = _blocks(cells, study, "target", columns, "main")
    return _page(f"Gains on target tasks, study {study.study}", study, blocks, notes)


def _groups_page(cells: pd.DataFrame, scores: pd.DataFrame, study: Study) -> Page:
    groups = gains.groups_of(study)
    members = "; ".join(
        f"{study.title_of(group)}: {', '.join(map(study.title_of, tasks))}" for group, tasks in groups.items()
    )
    notes = [
        f"Unweighted means over the study's tasks. {members}.",
        *scored_notes(scores, study, targets_of(study)),
    ]
    columns = {name: study.title_of(name) for name in (*groups, AVERAGE)}
    blocks = _blocks(cells, study, "target", columns, "groups")
    return _page(f"Gains on groups of target tasks, study {study.study}", study, blocks, notes)


def _target_page(cells: pd.DataFrame, scores: pd.DataFrame, study: Study, target: str) -> Page:
    languages = study.languages(target)
    if ENGLISH in languages and len(languages) > 1:
        means = f"{ZERO_SHOT}: unweighted mean over the languages other than English; {ALL}: over all languages."
        columns = [ENGLISH, ZERO_SHOT, ALL, *(language for language in languages if language != ENGLISH)]
    else:
        means = f"{ALL}: unweighted mean over the languages."
        columns = [ALL, *languages]
    notes = [f"Metric: {metrics_of(study.task(target))}.", means, *scored_notes(scores, study, [target])]
    blocks = _blocks(cells, study, "language", {name: name for name in columns}, target)
    return _page(f"Gains on {study.title_of(target)} by language, study {study.study}", study, blocks, notes)


def _languages_page(cells: pd.DataFrame, scores: pd.DataFrame, study: Study) -> Page:
    """For each model and split, arms × languages, then targets × languages of one arm after the other."""
    codes = sorted(set(cells["language"]), key=lambda code: (code != ENGLISH, code))
    blocks = [
        block
        for model in study.models
        for split in study.splits
        for block in _languages_blocks(cells[(cells["model"] == model) & (cells["split"] == split)], study, codes)
    ]
    notes = [
        "In the first table of a model, gains are the unweighted mean over the fine-tuned targets that have the "
        "language; its last row says how many these are. Columns are means over different targets: compare arms within "
        "a language, not languages within an arm.",
        "The other tables are of one arm each, the baseline's in points, all others' in gains over it; bold is the arm "
        "that is best in that target and language. Blank: the target does not have the language.",
        *scored_notes(scores, study, targets_of(study)),
    ]
    table = study.language_table()
    names = ", ".join(f"{code} {table[code].name}" for code in codes)
    page = _page(f"Gains by language, study {study.study}", study, blocks, notes)
    return replace(page, below=[f"Languages: {names}."])


def _languages_blocks(cells: pd.DataFrame, study: Study, codes: list[str]) -> list[Block]:
    where = cells[["model", "split"]].iloc[0].tolist()
    name, label = ", ".join(where), "-".join([study.study, "languages", *where])
    texts = shown_texts(cells, study, ["target", "arm", "language"])
    blocks = []
    means = cells[(cells["target"] == FINE_TUNED) & (cells["arm"] == BASELINE)].set_index("language")["targets"]
    if len(means):
        own = {place[1:]: text for place, text in texts.items() if place[0] == FINE_TUNED}
        counts = ["targets in the mean", *(str(means.get(code, "")) for code in codes)]
        rows = [*_rows(own, study, codes), None, counts]
        blocks.append(Block(f"{name}: arms, mean over fine-tuned targets", f"{label}-arms", ["arm", *codes], rows))
    for arm in arms_of(study):
        rows = [
            [study.title_of(target), *(texts.get((target, arm, code), "") for code in codes)]
            for target in targets_of(study)
        ]
        unit = "points" if arm == BASELINE else "gains"
        title = f"{name}: {arm_label(arm, study)}, {unit}"
        blocks.append(Block(title, f"{label}-{arm}", ["target", *codes], rows))
    return blocks


def _with_means(cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Cells of single targets and languages, and after them those of :data:`FINE_TUNED`; ``targets`` is the number of
    targets that a cell is the mean of. NaN where an arm lacks a target that others are scored on in the language."""
    cells = cells[~cells["language"].isin([ALL, ZERO_SHOT])]
    of_tuned = cells[[study.task(target).trained_on is not None for target in cells["target"]]]
    scored = of_tuned.groupby(["split", "target", "language"])["seeds"].transform("max") > 0
    place = ["model", "split", "arm", "language"]
    groups = of_tuned[scored].groupby(place)
    means = gains.unweighted(groups).assign(targets=groups.size())
    means = of_tuned[place].drop_duplicates().join(means, on=place).assign(target=FINE_TUNED)
    both = pd.concat([cells.assign(targets=1), means], ignore_index=True)
    counts = ["seeds", "gain_seeds", "n", "targets"]
    return both.assign(**{name: both[name].fillna(0).astype("int64") for name in counts})


def _blocks(cells: pd.DataFrame, study: Study, column: str, columns: dict[str, str], name: str) -> list[Block]:
    """Arms × columns for each model and split; ``columns`` gives the header of each value of ``column`` shown."""
    texts = shown_texts(cells, study, ["model", "split", "arm", column])
    return [
        Block(
            name=f"{model}, {split}",
            label=f"{study.study}-{name}-{model}-{split}",
            header=["arm", *columns.values()],
            rows=_rows({key[2:]: text for key, text in texts.items() if key[:2] == (model, split)}, study, columns),
        )
        for model in study.models
        for split in study.splits
    ]


def _page(title: str, study: Study, blocks: list[Block], notes: list[str]) -> Page:
    """A page of gains."""
    text = {cell for block in blocks for row in block.rows if row is not None for cell in row[1:]}
    unit = f"Row '{arm_label(BASELINE, study)}': points (0–100). Other rows: gains over it in points."
    notes = [f"{unit} {seeds_note(study)}", *notes]
    if MISSING in text:
        notes.append(f"{MISSING}: not scored, or for a mean: something that it needs is not scored.")
    if any(cell.endswith(FEWER) for cell in text):
        notes.append(fewer_note(study))
    return Page(title, study.warning, notes, blocks, strong=_BEST)


def _rows(texts: Mapping[tuple[str, ...], str], study: Study, columns: Iterable[str]) -> list[Row]:
    """A row per arm; rules set off the baseline, which holds points, and the controls."""
    rows: list[Row] = []
    kind_above = None
    for arm in arms_of(study):
        kind = (arm == BASELINE, is_control(arm, study))
        if rows and kind != kind_above:
            rows.append(None)
        kind_above = kind
        rows.append([arm_label(arm, study), *(texts.get((arm, name), "") for name in columns)])
    return rows


def _write(folder: Path, name: str, table: pd.DataFrame, page: Page) -> list[Path]:
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
