"""The section on gains: the main table, and the sentence that sums it up."""

from __future__ import annotations

from itertools import product

import pandas as pd

from xstilts.config.study import BASELINE, Study
from xstilts.report.gain_tables import main_page
from xstilts.report.page.view import HtmlCell, HtmlTable, table_from_block
from xstilts.report.typeset import TableBlock
from xstilts.scores.gains import (
    benchmark_targets,
    is_control,
    own_targets,
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
from xstilts.tasks.benchmarks import AVERAGE
from xstilts.wording import counted, signed


def main_tables(scores: pd.DataFrame, study: Study) -> list[HtmlTable]:
    """Build the main table of each model and split: arms × targets, the best arm of each target in bold."""
    cells = task_cells(scores, study)
    blocks = main_page(cells, scores, study).blocks
    return [
        _main_table(block, cells[(cells["model"] == model) & (cells["split"] == split)], study, model, split)
        for block, (model, split) in zip(blocks, product(study.models, study.splits), strict=True)
    ]


def gains_summary(scores: pd.DataFrame, study: Study) -> str:
    """Sum up the main table of the first model and split in a sentence."""
    cells = task_cells(scores, study)
    first = (cells["model"] == next(iter(study.models))) & (cells["split"] == study.splits[0])
    competes = cells["arm"].map(lambda arm: arm != BASELINE and not is_control(arm, study))
    gains = cells[first & competes].dropna(subset=["gain"])
    if gains.empty:
        return "No arm can be compared with the baseline yet."
    means = gains[gains["target"] == AVERAGE].sort_values("gain", ascending=False)
    if means.empty:
        positive = int((gains["gain"] > 0).sum())
        return f"{positive} of {len(gains)} pairs of arm and target gain over no intermediate training."
    best, worst = means.iloc[0], means.iloc[-1]
    gaining = int((means["gain"] > 0).sum())
    average = f"Averaged over {counted(len(benchmark_targets(study)), 'target task')}"
    average += f" of {study.suite.title}" * bool(own_targets(study))
    text = f"{average}, {gaining or 'none'} of {counted(len(means), 'arm')} gained over no intermediate training: "
    if len(means) == 1:
        return f"{text}{arm_label(best['arm'], study)} by {signed(best['gain'], 1)} points."
    return (
        f"{text}from {arm_label(worst['arm'], study)} with {signed(worst['gain'], 1)} points "
        f"to {arm_label(best['arm'], study)} with {signed(best['gain'], 1)}."
    )


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
        f"Row “{arm_label(BASELINE, study)}”: points (0–100); all other rows: points gained or lost against it. "
        "Bold: the best arm of a column, controls aside. A task’s score is the unweighted mean over its languages, "
        "English included; examples are counted over all of them.",
        metrics_note(study, targets_of(study)),
        *average_note(study),
    ]
    if len(study.seeds) == 1:
        notes.append("One seed says nothing about the spread between seeds: small differences may be noise.")
    notes.append(f"“{CHANCE}”: {CHANCE_MEANING}.")
    if UNLEARNT in texts:
        notes.append(f"{UNLEARNT}: {UNLEARNT_MEANING}, and listed under “Missing results”.")
    if MISSING in texts:
        notes.append(
            f"{MISSING}: not scored; of a gain or a mean: a score that it needs is missing. See “Missing results”."
        )
    if FEWER in texts:
        notes.append(f"{FEWER}: fewer seeds than the study’s {len(study.seeds)}.")
    return notes
