"""The section on training: the dev score of every stage, beside chance, with a verdict on each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from xstilts.config.study import Study
from xstilts.graph.jobs import Job
from xstilts.report.dev_table import dev_cells
from xstilts.report.page.view import HtmlCell, HtmlTable
from xstilts.scores.dev_scores import INTERMEDIATE, TARGET, tasks_of
from xstilts.scores.gains import arms_of
from xstilts.scores.labels import CHANCE, MISSING, arm_label
from xstilts.training.collapse import DevOutcome, collapse_reason, read_dev_outcomes
from xstilts.wording import counted, listed

LEARNT, PARTLY, NOT_LEARNT = "✓", "±", "✕"
_TONES = {LEARNT: "", PARTLY: "lacking", NOT_LEARNT: "lacking"}
_STAGES = {
    INTERMEDIATE: "Intermediate training, on its own task",
    TARGET: "Fine-tuning, by training set",
}
_NOTES = [
    "Dev scores in points, means over seeds; weights are selected on them, so they are no results. An arm that has not "
    "learnt its own task says nothing about transfer from it.",
    f"{LEARNT} above chance, {PARTLY} in some seeds, {NOT_LEARNT} at chance: the score of the best constant answer to "
    "the dev data.",
]


@dataclass(frozen=True)
class TrainingView:
    """The section: the answer in a sentence, whether it is yes, a table per model and stage, and notes."""

    summary: str
    all_learnt: bool
    tables: Sequence[HtmlTable]
    notes: Sequence[str]


def training_view(dev_scores: pd.DataFrame, study: Study, records: Sequence[Mapping[str, Any]]) -> TrainingView | None:
    """Return the section; None if there are no scores on dev data.

    Args:
        dev_scores: All dev scores of the study, those of runs that have not learnt included.
        study: The study.
        records: The jobs' records with their ``place``, which say what each run has learnt.
    """
    if dev_scores.empty:
        return None
    cells = dev_cells(dev_scores, study)
    cells = cells[cells["stage"].isin(list(_STAGES))].reset_index(drop=True)  # retrieval trains nothing
    outcomes = _outcomes(records)
    places = list(zip(cells["model"], cells["arm"], cells["stage"], cells["task"], strict=True))
    cells["verdict"] = [
        _verdict({str(key): value for key, value in cell.items()}, outcomes.get(place, ()))
        for cell, place in zip(cells.to_dict("records"), places, strict=True)
    ]
    known = [max((one.chance for one in outcomes.get(place, ())), default=math.nan) for place in places]
    cells["chance"] = pd.Series(known, index=cells.index).fillna(cells["chance"])
    tables = [
        _table(part, study, str(model), str(stage))
        for (model, stage), part in cells.groupby(["model", "stage"], sort=False)
        if part["score"].notna().any()
    ]
    trained = cells[cells["verdict"] != ""]
    return TrainingView(_summary(trained, study), bool((trained["verdict"] == LEARNT).all()), tables, _NOTES)


def _outcomes(records: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str, str], list[DevOutcome]]:
    """Return by model, arm, stage and task how each seed compares with chance."""
    found: dict[tuple[str, str, str, str], list[DevOutcome]] = {}
    for record in records:
        if (job := Job.of_record(str(record.get("place", "")))) is None:
            continue
        for task, outcome in read_dev_outcomes(record).items():
            key = (job.model, job.arm, INTERMEDIATE if job.makes_encoder else TARGET, task)
            found.setdefault(key, []).append(outcome)
    return found


def _verdict(cell: Mapping[str, Any], outcomes: Sequence[DevOutcome]) -> str:
    """Judge a cell by its runs' records; without them, by chance and two binomial standard errors, or by a point."""
    if math.isnan(cell["score"]):
        return ""
    seeds = [not collapse_reason(outcome) for outcome in outcomes]
    if not seeds:
        margin = 2 * math.sqrt(cell["chance"] * (100 - cell["chance"]) / max(cell["n"], 1)) if cell["chance"] else 1.0
        seeds = [cell["score"] > cell["chance"] + margin]
    return LEARNT if all(seeds) else PARTLY if any(seeds) else NOT_LEARNT


def _table(cells: pd.DataFrame, study: Study, model: str, stage: str) -> HtmlTable:
    shown = {
        (arm, task): HtmlCell(MISSING if math.isnan(score) else f"{score:.1f} {verdict}", tone=_TONES.get(verdict, ""))
        for arm, task, score, verdict in cells[["arm", "task", "score", "verdict"]].itertuples(index=False)
    }
    tasks = [task for task in tasks_of(study, stage) if task in set(cells["task"])]
    arms = [arm for arm in arms_of(study) if arm in set(cells["arm"])]
    guessing = cells.groupby("task")["chance"].max()
    if stage == INTERMEDIATE:  # a row per arm and task: a table of arms × tasks would be empty but for its diagonal
        pairs = [(arm, task) for arm in arms for task in tasks if (arm, task) in shown]
        header = ["arm", "task", "score", CHANCE]
        rows = [
            [HtmlCell(arm_label(arm, study)), HtmlCell(study.title_of(task)), shown[arm, task],
             HtmlCell(f"{guessing[task]:.1f}")]
            for arm, task in pairs
        ]  # fmt: skip
        rules: frozenset[int] = frozenset()
    else:
        header = ["arm", *map(study.title_of, tasks)]
        rows = [
            [HtmlCell(arm_label(arm, study)), *(shown.get((arm, task), HtmlCell("")) for task in tasks)] for arm in arms
        ]
        rows.append([HtmlCell(CHANCE), *(HtmlCell(f"{guessing[task]:.1f}") for task in tasks)])
        rules = frozenset({len(rows) - 1})
    name = f"{model}: {_STAGES[stage][0].lower()}{_STAGES[stage][1:]}" if len(study.models) > 1 else _STAGES[stage]
    return HtmlTable(name, header, rows, rules)


def _summary(trained: pd.DataFrame, study: Study) -> str:
    """Answer the section's question in a sentence that names what has not been learnt."""
    if trained.empty:
        return "This study trains nothing on the tasks that it scores."
    failed = trained[trained["verdict"] != LEARNT]
    if failed.empty:
        return f"Yes: {len(trained)} of {counted(len(trained), 'training')} (arm and task) end above chance."
    when = " in some seeds or all" * (len(study.seeds) > 1)
    groups = {
        (str(stage), str(task)): list(part)
        for (stage, task), part in failed.groupby(["stage", "task"], sort=False)["arm"]
    }
    all_arms = trained.groupby(["stage", "task"])["arm"].nunique()
    parts = [
        f"{study.title_of(task)} {_arms(arms, int(all_arms[stage, task]), study)}"
        for (stage, task), arms in groups.items()
    ]
    return (
        f"Not everywhere: {len(trained) - len(failed)} of {counted(len(trained), 'training')} (arm and task) end above "
        f"chance. At chance{when}: {'; '.join(parts)}."
    )


def _arms(arms: list[str], of_all: int, study: Study) -> str:
    if len(arms) == of_all and of_all > 1:
        return f"after every one of {of_all} arms"
    if len(arms) > 3:
        return f"after {len(arms)} of {of_all} arms"
    return f"after {listed([arm_label(arm, study) for arm in arms])}"
