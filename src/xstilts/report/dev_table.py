"""The table of dev scores: what each arm's training came to on its own tasks, and on every training set."""

from __future__ import annotations

import pandas as pd

from xstilts.config.study import Study
from xstilts.report.typeset import Block, Page, Row
from xstilts.scores.dev_scores import INTERMEDIATE, RETRIEVAL, STAGES, TARGET, tasks_of
from xstilts.scores.gains import ALL, arms_of, by_language, over_languages, scored_languages
from xstilts.scores.labels import FEWER, MISSING, arm_label, fewer_note, metrics_of, seeds_note

_BLOCKS = {
    INTERMEDIATE: "intermediate tasks after intermediate training",
    TARGET: "training sets after fine-tuning",
    RETRIEVAL: "retrieval tasks, dev data",
}
_PLACE = ["model", "stage", "arm", "task"]


def dev_cells(dev_scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """One row per model, stage, arm and task that there should be a score of: ``score``, the mean over seeds of the
    task's primary score, NaN where there is none; the number of ``seeds``; the number ``n`` of examples per seed."""
    found = pd.concat([_over_seeds(dev_scores, study, stage) for stage in STAGES]).set_index(_PLACE)
    places = [
        (model, stage, arm, task)
        for model in study.models
        for stage in STAGES
        for arm in arms_of(study)
        for task in tasks_of(study, stage)
        if stage != INTERMEDIATE or task in study.arms[arm].tasks
    ]
    index = pd.MultiIndex.from_tuples(places, names=_PLACE) if places else found.index[:0]
    cells = found.reindex(index).reset_index()
    return cells.fillna({"seeds": 0, "n": 0}).astype({"seeds": "int64", "n": "int64"})


def dev_page(cells: pd.DataFrame, study: Study) -> Page:
    """The page of dev cells: a block per model and stage, arms × tasks."""
    blocks = [
        Block(
            name=f"{model}, {what}",
            label=f"{study.study}-dev-{model}-{stage}",
            header=["arm", *(study.title_of(task) for task in tasks_of(study, stage))],
            rows=_rows(cells[(cells["model"] == model) & (cells["stage"] == stage)], study, stage),
        )
        for model in study.models
        for stage, what in _BLOCKS.items()
        if ((cells["model"] == model) & (cells["stage"] == stage)).any()
    ]
    text = {cell for block in blocks for row in block.rows if row is not None for cell in row[1:]}
    tasks = list(dict.fromkeys(cells["task"]))
    notes = [
        f"Scores in points (0–100). {seeds_note(study)}",
        "Dev data is what weights and thresholds are chosen on: these scores show whether each stage of training has "
        "worked, and are no results of the study.",
        f"Metrics: {'; '.join(f'{study.title_of(task)}: {metrics_of(study.task(task))}' for task in tasks)}.",
        *_counts(cells, study),
    ]
    if MISSING in text:
        notes.append(f"{MISSING}: not scored.")
    if any(cell.endswith(FEWER) for cell in text):
        notes.append(fewer_note(study))
    return Page(f"Scores on dev data, study {study.study}", study.warning, notes, blocks)


def _over_seeds(dev_scores: pd.DataFrame, study: Study, stage: str) -> pd.DataFrame:
    of_stage = dev_scores[dev_scores["stage"] == stage].rename(columns={"task": "target"}).assign(split="dev")
    per_seed = over_languages(by_language(of_stage, study), scored_languages(of_stage), ALL)
    groups = per_seed.sort_values("seed").groupby(["model", "arm", "target"])
    found = pd.DataFrame({"score": groups["score"].mean(), "seeds": groups.size(), "n": groups["n"].max()})
    return found.reset_index().rename(columns={"target": "task"}).assign(stage=stage)


def _rows(cells: pd.DataFrame, study: Study, stage: str) -> list[Row]:
    """A row per arm that has a cell at the stage; blank where the arm is not trained on the task."""
    text = {
        (arm, task): MISSING if pd.isna(score) else f"{score:.1f}" + FEWER * (seeds < len(study.seeds))
        for arm, task, score, seeds in cells[["arm", "task", "score", "seeds"]].itertuples(index=False)
    }
    arms = [arm for arm in arms_of(study) if arm in set(cells["arm"])]
    return [[arm_label(arm, study), *(text.get((arm, task), "") for task in tasks_of(study, stage))] for arm in arms]


def _counts(cells: pd.DataFrame, study: Study) -> list[str]:
    """How many examples are behind the scores of each task."""
    counts = cells[cells["n"] > 0].groupby("task", sort=False)["n"].max()
    listed = ", ".join(f"{study.title_of(str(task))} {count}" for task, count in counts.items())
    return [f"Examples scored: {listed}."] if listed else []
