"""Tables of gains: intermediate arm × target, and arm × language for each target; as CSV, Markdown and LaTeX.

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
from xstilts.catalogue.languages import ENGLISH
from xstilts.catalogue.tasks import TASKS
from xstilts.report.gains import (
    ALL,
    AVERAGE,
    ZERO_SHOT,
    arms_of,
    as_asked,
    is_control,
    language_cells,
    scored_languages,
    targets_of,
    task_cells,
)
from xstilts.report.typeset import Block, Page, Row, latex, markdown, plain
from xstilts.study import BASELINE, Study

MISSING = "–"
FEWER = "†"  # stands at what has not all of the study's seeds


def write_tables(scores: pd.DataFrame, study: Study, folder: Path) -> list[Path]:
    """Write ``main`` and one table per target to ``folder``, each as .csv, .md and .tex; returns the files."""
    cells = task_cells(scores, study)
    files = _write(folder, "main", cells.drop(columns="language"), _main_page(cells, scores, study), study)
    for target in targets_of(study):
        cells = language_cells(scores, study, target)
        files += _write(folder, target, cells, _target_page(cells, scores, study, target), study)
    return files


def main_table_text(scores: pd.DataFrame, study: Study) -> str:
    """The main table as plain text, for a terminal."""
    return plain(_main_page(task_cells(scores, study), scores, study))


def labelled(cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Cells with what must not be lost when a CSV file leaves its folder: the study, and whether it is synthetic."""
    control = [is_control(arm, study) for arm in cells["arm"]]
    table = cells.assign(study=study.study, synthetic=study.source.kind == "synthetic", control=control)
    first = ["study", "synthetic", "model", "split", "arm", "control"]
    return table[[*first, *(name for name in cells.columns if name not in first)]]


def arm_label(arm: str, study: Study) -> str:
    """An arm's name for readers: that of its task where the arm is named after its only task."""
    if is_control(arm, study):
        return f"{arm} (untrained control)"
    if arm == BASELINE:
        return f"{arm} (baseline)"
    return TASKS[arm].title if study.arms[arm].tasks == [arm] else arm


def seeds_note(study: Study) -> str:
    numbers = ", ".join(map(str, study.seeds))
    return f"One seed ({numbers})." if len(study.seeds) == 1 else f"Means over {len(study.seeds)} seeds ({numbers})."


def cell_texts(cells: pd.DataFrame, study: Study) -> list[str]:
    """What a reader sees of each cell: the baseline's score or another arm's gain, with one decimal."""
    texts = []
    for arm, score, seeds, gain, gain_seeds in cells[["arm", "score", "seeds", "gain", "gain_seeds"]].itertuples(
        index=False
    ):
        value, count = (score, seeds) if arm == BASELINE else (gain, gain_seeds)
        text = f"{value:.1f}" if arm == BASELINE else _signed(value)
        texts.append(MISSING if pd.isna(value) else text + FEWER * (count < len(study.seeds)))
    return texts


def _signed(gain: float) -> str:
    """A gain with one decimal and its sign; none for what rounds to zero."""
    text = f"{gain:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def _main_page(cells: pd.DataFrame, scores: pd.DataFrame, study: Study) -> Page:
    targets = targets_of(study)
    columns = {target: TASKS[target].title for target in targets} | {AVERAGE: "Average"}
    metrics = "; ".join(f"{TASKS[target].title}: {_metrics(target)}" for target in targets)
    notes = [
        "A task's score is the unweighted mean over its languages, English included.",
        f"Metrics: {metrics}.",
        *_languages_notes(scores, study, targets),
    ]
    if any(TASKS[target].format == "retrieval" for target in targets):
        notes.append(f"Retrieval is without fine-tuning, from the hidden states of layer {study.retrieval.layer}.")
    return _page(f"Gains on target tasks, study {study.study}", cells, study, "target", columns, "main", notes)


def _target_page(cells: pd.DataFrame, scores: pd.DataFrame, study: Study, target: str) -> Page:
    languages = study.languages(target)
    if ENGLISH in languages and len(languages) > 1:
        means = f"{ZERO_SHOT}: unweighted mean over the languages other than English; {ALL}: over all languages."
        columns = [ENGLISH, ZERO_SHOT, ALL, *(language for language in languages if language != ENGLISH)]
    else:
        means = f"{ALL}: unweighted mean over the languages."
        columns = [ALL, *languages]
    notes = [f"Metric: {_metrics(target)}.", means, *_languages_notes(scores, study, [target])]
    title = f"Gains on {TASKS[target].title} by language, study {study.study}"
    return _page(title, cells, study, "language", {name: name for name in columns}, target, notes)


def _metrics(target: str) -> str:
    names = [metric.replace("_", " ").replace("f1", "F1") for metric in TASKS[target].headline]
    return names[0] if len(names) == 1 else f"mean of {' and '.join(names)}"


def _languages_notes(scores: pd.DataFrame, study: Study, targets: Sequence[str]) -> list[str]:
    """Sentences about targets scored on another split than asked for, or in fewer languages than the study has."""
    scored, notes = scored_languages(as_asked(scores, study)), []
    for target in targets:
        if not set(study.splits_of(target)) <= set(study.splits):
            notes.append(
                f"{TASKS[target].title}: the release has no {study.splits[0]} split; its test split stands in."
            )
        for split in study.splits:
            absent = [code for code in study.languages(target) if code not in scored.get((target, split), set())]
            if absent:
                where = f"{len(absent)} of {len(study.languages(target))} languages ({', '.join(absent)})"
                notes.append(f"{TASKS[target].title}, {split}: no scores in {where}.")
    return notes


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
        notes.append(f"{FEWER}: fewer seeds than the study's {len(study.seeds)}; the CSV file says how many.")
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


def _write(folder: Path, name: str, cells: pd.DataFrame, page: Page, study: Study) -> list[Path]:
    texts = {
        "csv": labelled(cells, study).to_csv(index=False, lineterminator="\n"),
        "md": markdown(page),
        "tex": latex(page),
    }
    files = [folder / f"{name}.{suffix}" for suffix in texts]
    for file, text in zip(files, texts.values(), strict=True):
        write_text(file, text)
    return files
