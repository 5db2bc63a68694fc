"""The gains: the main table, and the sentence that says what it shows."""

from __future__ import annotations

import pandas as pd

from xstilts.config.study import BASELINE, Study
from xstilts.report.page.view import Cell, Table
from xstilts.scores.gains import arms_of, is_control, targets_of, task_cells
from xstilts.scores.labels import (
    FEWER,
    MISSING,
    arm_label,
    cell_texts,
    metrics_of,
    seeds_note,
    signed,
)
from xstilts.tasks.benchmarks import AVERAGE, title_of
from xstilts.wording import counted


def main_tables(scores: pd.DataFrame, study: Study) -> list[Table]:
    """A table of gains for every model and split, arms × targets; the best arm of each target stands out."""
    cells = task_cells(scores, study)
    cells = cells.assign(text=cell_texts(cells, study))
    return [
        _main_table(cells[(cells["model"] == model) & (cells["split"] == split)], study, model, split)
        for model in study.models
        for split in study.splits
    ]


def headline(scores: pd.DataFrame, study: Study) -> str:
    """What the main table of the first model and split shows, in a sentence or two."""
    cells = task_cells(scores, study)
    first = (cells["model"] == next(iter(study.models))) & (cells["split"] == study.splits[0])
    gains = cells[first & _compared(cells, study)].dropna(subset=["gain"])
    if gains.empty:
        return "No arm can be compared with the baseline yet."
    means = gains[gains["target"] == AVERAGE].sort_values("gain", ascending=False)
    if means.empty:
        of_targets = gains[gains["gain"] > 0]
        return f"{len(of_targets)} of {len(gains)} pairs of arm and target gain over no intermediate training."
    best, worst = means.iloc[0], means.iloc[-1]
    gaining = int((means["gain"] > 0).sum())
    average = f"Averaged over {counted(len(study.targets), 'target task')}"
    text = f"{average}, {gaining or 'none'} of {counted(len(means), 'arm')} gained over no intermediate training: "
    if len(means) == 1:
        return f"{text}{arm_label(best['arm'], study)} came to {signed(best['gain'])} points."
    return (
        f"{text}from {arm_label(worst['arm'], study)} with {signed(worst['gain'])} points "
        f"to {arm_label(best['arm'], study)} with {signed(best['gain'])}."
    )


def _compared(cells: pd.DataFrame, study: Study) -> pd.Series:
    """Arms that compete: neither the baseline nor a control."""
    return pd.Series([arm != BASELINE and not is_control(arm, study) for arm in cells["arm"]], index=cells.index)


def _main_table(cells: pd.DataFrame, study: Study, model: str, split: str) -> Table:
    targets = [*targets_of(study), AVERAGE]
    best = _best(cells, study)
    rows, rules, kind_above = [], set(), None
    for arm in arms_of(study):
        kind = (arm == BASELINE, is_control(arm, study))
        if kind_above not in (None, kind):
            rules.add(len(rows))
        kind_above = kind
        of_arm = cells[cells["arm"] == arm].set_index("target")["text"]
        rows.append(
            [Cell(arm_label(arm, study)), *(Cell(of_arm[target], strong=(arm, target) in best) for target in targets)]
        )
    rules.add(len(rows))
    scored = cells.groupby("target")["n"].max()
    rows.append([Cell("examples scored per seed"), *(Cell(f"{scored[target]:,}") for target in targets)])
    return Table(
        caption=f"Gains by arm and target task: {model}, {split} split. {seeds_note(study)}",
        header=["arm", *map(title_of, targets)],
        rows=rows,
        rules=frozenset(rules),
        notes=_notes(cells, study),
    )


def _best(cells: pd.DataFrame, study: Study) -> set[tuple[str, str]]:
    """Arm and target of the best score of each target; the baseline's where no arm gains."""
    found = set()
    for target, same in cells[_compared(cells, study)].dropna(subset=["gain"]).groupby("target"):
        most = same["gain"].max()
        arms = same.loc[same["gain"] == most, "arm"] if most > 0 else [BASELINE]
        found |= {(str(arm), str(target)) for arm in arms}
    return found


def _notes(cells: pd.DataFrame, study: Study) -> list[str]:
    text = "".join(cells["text"])
    notes = [
        f"Row “{arm_label(BASELINE, study)}”: points (0–100); all other rows: points gained or lost against it. "
        "Bold: the best arm of a column, controls aside. A task’s score is the unweighted mean over its languages, "
        "English included; examples are counted over all of them.",
        "Metrics: "
        + "; ".join(f"{study.title_of(target)}: {metrics_of(study.task(target))}" for target in targets_of(study))
        + ".",
    ]
    if len(study.seeds) == 1:
        notes.append("With one seed nothing is known of the spread between seeds: small differences may be noise.")
    if MISSING in text:
        notes.append(f"{MISSING}: not scored, or a mean that lacks something; see “What is missing”.")
    if FEWER in text:
        notes.append(f"{FEWER}: fewer seeds than the study’s {len(study.seeds)}.")
    return notes
