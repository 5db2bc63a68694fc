"""The part of a study that questions are answered on: its split, its arms, and similarities by one measure."""

from __future__ import annotations

import pandas as pd

from xstilts.analysis.study_data import StudyData
from xstilts.config.study import BASELINE, Study
from xstilts.scores.gains import is_control
from xstilts.tasks.languages import ENGLISH


def scored_split(study: Study) -> str:
    """Return the split that questions are answered on: test, if the study scores it."""
    return "test" if "test" in study.splits else study.splits[0]


def intermediate_arms(study: Study) -> list[str]:
    """Return the arms other than the baseline and controls, in the study's order."""
    return [arm for arm in study.arms if arm != BASELINE and not is_control(arm, study)]


def task_arms(study: Study) -> dict[str, str]:
    """Return the arms that train on exactly one intermediate task, and that task, by arm.

    Of several arms with the same task only one is returned: the one named after the task, or else the first.
    """
    trained = {arm: study.arms[arm].all_tasks for arm in intermediate_arms(study)}
    single = {arm: tasks[0] for arm, tasks in trained.items() if len(tasks) == 1}
    chosen: dict[str, str] = {}
    for arm, task in sorted(single.items(), key=lambda item: item[0] != item[1]):
        chosen.setdefault(task, arm)
    return {arm: task for arm, task in single.items() if arm == chosen[task]}


def domain_arms(study: Study) -> dict[str, str]:
    """Return the arms that train on English examples of one task and one domain, and that task, by arm."""
    return {arm: study.arms[arm].all_tasks[0] for arm in intermediate_arms(study) if study.arms[arm].domain}


def domain_text(study: Study, arm: str) -> str:
    """Return what similarities call the text of an arm of :func:`domain_arms` as an intermediate task."""
    return f"{domain_arms(study)[arm]}/{arm}"


def task_arms_or_all(study: Study) -> list[str]:
    """Return :func:`task_arms`; where there are none, :func:`intermediate_arms`."""
    return [*task_arms(study)] or intermediate_arms(study)


def is_zero_shot_or_english(cells: pd.DataFrame, study: Study) -> pd.Series:
    """Mark the rows whose ``language`` is English, or one that the fine-tuning of ``target`` has no examples of."""
    taught = {(target, code) for target in study.targets for code in study.taught(target) - {ENGLISH}}
    places = zip(cells["target"], cells["language"], strict=True)
    return pd.Series([place not in taught for place in places], index=cells.index, dtype=bool)


def without_type(cells: pd.DataFrame, study: Study, task_type: str) -> pd.DataFrame:
    """Leave out the rows whose ``target`` is of a task type."""
    types = {target: study.task(target).type for target in cells["target"].unique()}
    return cells[cells["target"].map(types) != task_type]


def similarity_of(study_data: StudyData, model: str, measure: str) -> pd.DataFrame:
    """Select similarities by one measure, of one model if the frame has a column ``model``.

    Returns:
        Rows with intermediate, target, language and value.
    """
    frame = study_data.similarity
    if frame.empty:
        return pd.DataFrame(columns=["intermediate", "target", "language", "value"])
    chosen = frame["measure"] == measure
    if "model" in frame:
        chosen &= frame["model"] == model
    return frame.loc[chosen, ["intermediate", "target", "language", "value"]].dropna()
