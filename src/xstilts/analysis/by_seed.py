"""What the questions read off a study beyond seed-averaged gains: gains by seed, arms by task, estimates as rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields

import pandas as pd

from xstilts.analysis.answers import Estimate
from xstilts.analysis.material import Material
from xstilts.analysis.multiplicity import benjamini_hochberg
from xstilts.report.gains import as_asked, by_language, is_control
from xstilts.study import BASELINE, Study

#: Columns of :func:`gains_by_seed`.
BY_SEED = ["model", "arm", "target", "language", "seed", "before", "after", "gain", "n"]


def scored_split(study: Study) -> str:
    """The split that questions are answered on: test, where the study scores it."""
    return "test" if "test" in study.splits else study.splits[0]


def gains_by_seed(material: Material) -> pd.DataFrame:
    """A row per cell and seed that both the arm and the baseline have; controls are left out.

    ``before`` is the baseline's score, ``after`` the arm's, ``gain`` their difference, all in points; ``n`` is the
    number of examples scored.
    """
    study = material.study
    scores = by_language(as_asked(material.scores, study))
    scores = scores[scores["split"] == scored_split(study)]
    known = [arm for arm in study.arms if arm != BASELINE and not is_control(arm, study)]
    place = ["model", "target", "language", "seed"]
    before = scores[scores["arm"] == BASELINE].rename(columns={"score": "before"})[[*place, "before"]]
    paired = scores[scores["arm"].isin(known)].rename(columns={"score": "after"}).merge(before, on=place)
    paired["gain"] = paired["after"] - paired["before"]
    return paired[BY_SEED].dropna().sort_values(BY_SEED[:5], ignore_index=True)


def task_arms(study: Study) -> dict[str, str]:
    """By name, the arms that train on exactly one intermediate task, and that task.

    Of several arms with the same task there is one: that of the task's name, or else the first.
    """
    single = [arm for arm, found in study.arms.items() if len(found.tasks) == 1 and not is_control(arm, study)]
    by_task: dict[str, str] = {}
    for arm in sorted(single, key=lambda arm: arm != study.arms[arm].tasks[0]):
        by_task.setdefault(study.arms[arm].tasks[0], arm)
    return {arm: study.arms[arm].tasks[0] for arm in study.arms if arm in by_task.values()}


def similarity_of(material: Material, model: str, measure: str) -> pd.DataFrame:
    """intermediate, target, language and value of one measure; of one model where the frame tells models apart."""
    frame = material.similarity
    if frame.empty:
        return pd.DataFrame(columns=["intermediate", "target", "language", "value"])
    chosen = frame["measure"] == measure
    if "model" in frame:
        chosen &= frame["model"] == model
    return frame.loc[chosen, ["intermediate", "target", "language", "value"]].dropna()


def rows(estimates: Iterable[Estimate], adjusted: bool = False) -> pd.DataFrame:
    """A row per estimate; ``adjusted`` adds ``p_adjusted`` over those that have a p."""
    table = pd.DataFrame([asdict(estimate) for estimate in estimates], columns=[f.name for f in fields(Estimate)])
    table["p"] = table["p"].astype("float64")
    return table.assign(p_adjusted=benjamini_hochberg(table["p"])) if adjusted else table


def counted(count: int, what: str) -> str:
    """'1 seed', '3 seeds', '2 genera'."""
    plural = {"genus": "genera", "family": "families"}.get(what, f"{what}s")
    return f"{count} {what if count == 1 else plural}"
