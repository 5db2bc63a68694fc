"""The section on gains: the main table, and the sentence that sums it up."""

from __future__ import annotations

from itertools import product

import pandas as pd

from xstilts.config.study import BASELINE, Study
from xstilts.report.gain_tables import main_page
from xstilts.report.page.view import HtmlCell, HtmlTable, table_from_block
from xstilts.report.typeset import TableBlock
from xstilts.scores.gains import (
    targets_of,
    targets_with_average,
    task_cells,
)
from xstilts.scores.labels import (
    CHANCE,
    CHANCE_MEANING,
    FEWER,
    MISSING,
    UNLEARNT,
    UNLEARNT_MEANING,
    arm_label,
    average_note,
    cell_texts,
    metrics_note,
    seeds_note,
)


def main_tables(scores: pd.DataFrame, study: Study) -> list[HtmlTable]:
    """Build the main table of each model and split: arms × targets, the best arm of each target in bold."""
    cells = task_cells(scores, study)
    blocks = main_page(cells, scores, study).blocks
    return [
        _main_table(block, cells[(cells["model"] == model) & (cells["split"] == split)], study, model, split)
        for block, (model, split) in zip(blocks, product(study.models, study.splits), strict=True)
    ]


def _main_table(block: TableBlock, cells: pd.DataFrame, study: Study, model: str, split: str) -> HtmlTable:
    """Convert a block of the main table, and add a row with the number of examples."""
    table = table_from_block(block)
    scored = cells.groupby("target")["n"].max()
    counts = [HtmlCell(f"{scored[target]:,}") for target in targets_with_average(study)]
    return HtmlTable(
        caption=f"Gains by arm and target task: {model}, {split} split. {seeds_note(study)}",
        header=table.header,
        rows=[*table.rows, [HtmlCell("examples scored per seed"), *counts]],
        rules=table.rules | {len(table.rows)},
        notes=_notes(cells, study),
    )


def _notes(cells: pd.DataFrame, study: Study) -> list[str]:
    texts = "".join(cell_texts(cells, study))
    notes = [
        f"“{arm_label(BASELINE, study)}” in points (0–100), all other rows gains over it; in bold the best arm, "
        f"controls aside. Means over languages, English included. “{CHANCE}”: {CHANCE_MEANING}.",
        metrics_note(study, targets_of(study)),
        *average_note(study),
    ]
    if UNLEARNT in texts:
        notes.append(f"{UNLEARNT}: {UNLEARNT_MEANING}.")
    if MISSING in texts:
        notes.append(f"{MISSING}: a score that it needs is missing.")
    if FEWER in texts:
        notes.append(f"{FEWER}: fewer seeds than the study’s {len(study.seeds)}.")
    return notes
