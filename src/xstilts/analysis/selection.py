"""Which part of a study the questions are answered on: its split, its arms, and the similarities of one kind."""

from __future__ import annotations

import pandas as pd

from xstilts.analysis.study_data import StudyData
from xstilts.config.study import BASELINE, Study
from xstilts.scores.gains import is_control


def scored_split(study: Study) -> str:
    """The split that questions are answered on: test, where the study scores it."""
    return "test" if "test" in study.splits else study.splits[0]


def intermediate_arms(study: Study) -> list[str]:
    """The arms whose gains questions are about, in the study's order: neither the baseline nor controls."""
    return [arm for arm in study.arms if arm != BASELINE and not is_control(arm, study)]


def task_arms(study: Study) -> dict[str, str]:
    """By name, the arms that train on exactly one intermediate task, and that task.

    Of several arms with the same task there is one: that of the task's name, or else the first.
    """
    single = {arm: study.arms[arm].tasks[0] for arm in intermediate_arms(study) if len(study.arms[arm].tasks) == 1}
    chosen: dict[str, str] = {}
    for arm, task in sorted(single.items(), key=lambda item: item[0] != item[1]):
        chosen.setdefault(task, arm)
    return {arm: task for arm, task in single.items() if arm == chosen[task]}


def task_arms_or_all(study: Study) -> list[str]:
    """The arms with one task each; where there are none, all that are neither the baseline nor controls."""
    return [*task_arms(study)] or intermediate_arms(study)


def similarity_of(study_data: StudyData, model: str, measure: str) -> pd.DataFrame:
    """intermediate, target, language and value of one measure; of one model where the frame tells models apart."""
    frame = study_data.similarity
    if frame.empty:
        return pd.DataFrame(columns=["intermediate", "target", "language", "value"])
    chosen = frame["measure"] == measure
    if "model" in frame:
        chosen &= frame["model"] == model
    return frame.loc[chosen, ["intermediate", "target", "language", "value"]].dropna()
