"""The table of dev scores: each arm on its intermediate tasks and on every training set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import pandas as pd

from xstilts.config.study import Study
from xstilts.graph.runs import Job
from xstilts.report.typeset import TableBlock, TablePage, TableRow
from xstilts.scores.chance import chance
from xstilts.scores.dev_scores import INTERMEDIATE, RETRIEVAL, STAGES, TARGET, tasks_of
from xstilts.scores.flags import usable_dev
from xstilts.scores.gains import ALL, arms_of, by_language, over_languages, scored_languages
from xstilts.scores.labels import (
    CHANCE,
    CHANCE_MEANING,
    FEWER,
    MISSING,
    UNLEARNT,
    arm_label,
    chance_texts,
    fewer_note,
    metrics_note,
    seeds_note,
    unlearnt_note,
)

_BLOCKS = {
    INTERMEDIATE: "intermediate tasks after intermediate training",
    TARGET: "training sets after fine-tuning",
    RETRIEVAL: "retrieval tasks, dev data",
}
_PLACE = ["model", "stage", "arm", "task"]


def dev_cells(dev_scores: pd.DataFrame, study: Study, flagged: Collection[Job] = ()) -> pd.DataFrame:
    """Average dev scores over seeds.

    Args:
        dev_scores: All dev scores of the study.
        study: The study.
        flagged: Jobs that have not learnt their training set; their dev scores on it are counted and left out.

    Returns:
        One row per model, stage, arm and task that the study has dev data for, with the columns ``score`` (the mean
        over seeds of the task's primary metrics in points, NaN where missing), ``seeds``, ``n`` (examples per seed),
        ``chance`` (the score of guessing) and ``flagged`` (seeds left out).
    """
    left = usable_dev(dev_scores, flagged)
    means = pd.concat([_over_seeds(left, study, stage) for stage in STAGES]).set_index(_PLACE)
    places = [
        (model, stage, arm, task)
        for model in study.models
        for stage in STAGES
        for arm in arms_of(study)
        for task in tasks_of(study, stage)
        if stage != INTERMEDIATE or task in study.arms[arm].all_tasks
    ]
    index = pd.MultiIndex.from_tuples(places, names=_PLACE) if places else means.index[:0]
    cells = means.reindex(index).reset_index()
    counts = Counter((job.model, TARGET, job.arm, job.what) for job in flagged)
    cells["flagged"] = [counts[place] for place in cells[_PLACE].itertuples(index=False, name=None)]
    cells["chance"] = [chance(study.task(task)) for task in cells["task"]]
    return cells.fillna({"seeds": 0, "n": 0}).astype({"seeds": "int64", "n": "int64", "flagged": "int64"})


def dev_page(cells: pd.DataFrame, study: Study) -> TablePage:
    """Lay out the cells of :func:`dev_cells`: a block per model and stage, arms × tasks."""
    blocks = [
        TableBlock(
            name=f"{model}, {name}",
            label=f"{study.study}-dev-{model}-{stage}",
            header=["arm", *(study.title_of(task) for task in tasks_of(study, stage))],
            rows=_rows(cells[(cells["model"] == model) & (cells["stage"] == stage)], study, stage),
        )
        for model in study.models
        for stage, name in _BLOCKS.items()
        if ((cells["model"] == model) & (cells["stage"] == stage)).any()
    ]
    text = {cell for block in blocks for row in block.rows if row is not None for cell in row[1:]}
    tasks = list(dict.fromkeys(cells["task"]))
    notes = [
        f"Scores in points (0–100). {seeds_note(study)}",
        "Weights and thresholds are selected on dev data: these scores show whether each stage of training worked, and "
        "are not results of the study.",
        *([metrics_note(study, tasks)] if tasks else []),
        *_counts_note(cells, study),
    ]
    notes.append(f"'{CHANCE}': {CHANCE_MEANING}.")
    if UNLEARNT in text:
        notes.append(unlearnt_note())
    if MISSING in text:
        notes.append(f"{MISSING}: not scored.")
    if any(cell.endswith(FEWER) for cell in text):
        notes.append(fewer_note(study))
    return TablePage(f"Scores on dev data, study {study.study}", study.warning, notes, blocks)


def _over_seeds(dev_scores: pd.DataFrame, study: Study, stage: str) -> pd.DataFrame:
    of_stage = dev_scores[dev_scores["stage"] == stage].rename(columns={"task": "target"}).assign(split="dev")
    per_seed = over_languages(by_language(of_stage, study), scored_languages(of_stage), ALL)
    groups = per_seed.sort_values("seed").groupby(["model", "arm", "target"])
    means = pd.DataFrame({"score": groups["score"].mean(), "seeds": groups.size(), "n": groups["n"].max()})
    return means.reset_index().rename(columns={"target": "task"}).assign(stage=stage)


def _rows(cells: pd.DataFrame, study: Study, stage: str) -> list[TableRow]:
    """Return a row per arm with a cell at the stage; blank where the arm is not trained on the task."""
    texts = {
        (arm, task): (UNLEARNT if flagged else MISSING)
        if pd.isna(score)
        else f"{score:.1f}" + FEWER * (seeds < len(study.seeds))
        for arm, task, score, seeds, flagged in cells[["arm", "task", "score", "seeds", "flagged"]].itertuples(
            index=False
        )
    }
    arms, tasks = [arm for arm in arms_of(study) if arm in set(cells["arm"])], tasks_of(study, stage)
    rows: list[TableRow] = [[arm_label(arm, study), *(texts.get((arm, task), "") for task in tasks)] for arm in arms]
    chances = chance_texts(cells, "task")
    return [*rows, None, [CHANCE, *(chances.get(task, "") for task in tasks)]]


def _counts_note(cells: pd.DataFrame, study: Study) -> list[str]:
    """Return a sentence with the number of examples scored per task; none if nothing is scored."""
    counts = cells[cells["n"] > 0].groupby("task", sort=False)["n"].max()
    texts = ", ".join(f"{study.title_of(str(task))} {count}" for task, count in counts.items())
    return [f"Examples scored: {texts}."] if texts else []
