"""Gains as the questions use them: a row per cell, averaged over seeds, in points and on a scale of log-odds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xstilts.analysis.covariates import with_covariates
from xstilts.analysis.gains import primary_scores
from xstilts.analysis.selection import intermediate_arms, scored_split, task_arms_or_all
from xstilts.analysis.study_data import StudyData
from xstilts.config.study import BASELINE, Study
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.task import Task

_CELL = ["model", "target", "language"]
#: Columns of :func:`deltas`.
DELTAS = [
    "model", "arm", "target", "language", "delta", "english", "seeds", "baseline_seeds", "score_before", "score_after",
    "n",
]  # fmt: skip
#: Distances to English that may be known of languages; the first is the syntactic one.
DISTANCES = ("distance", "distance_observed", "genetic", "geographic", "inventory", "phonological", "featural")


def deltas(study_data: StudyData) -> pd.DataFrame:
    """A row per model, arm, target and language that arm and baseline are scored in; controls are left out.

    ``delta = score_after - score_before`` in points: the arm's mean over its ``seeds`` minus the baseline's over its
    ``baseline_seeds``. That is the mean of :func:`xstilts.analysis.gains.gains` where both have the same seeds; where
    they do not, no seed is thrown away. ``english`` is the delta of the same arm and target in English, NaN where there
    is none; ``n`` is the number of examples scored per seed. Nothing missing is filled in.
    """
    study = study_data.study
    scores = primary_scores(study_data.scores, study)
    scores = scores[scores["split"] == scored_split(study)]
    after = _over_seeds(scores[scores["arm"].isin(intermediate_arms(study))], ["arm", *_CELL])
    after = after.rename(columns={"score": "score_after"})
    before = _over_seeds(scores[scores["arm"] == BASELINE], _CELL).drop(columns="n")
    before = before.rename(columns={"score": "score_before", "seeds": "baseline_seeds"})
    table = after.merge(before, on=_CELL)
    table["delta"] = table["score_after"] - table["score_before"]
    english = table.loc[table["language"] == ENGLISH, ["model", "arm", "target", "delta"]]
    table = table.merge(english.rename(columns={"delta": "english"}), how="left", on=["model", "arm", "target"])
    return table[DELTAS].sort_values(DELTAS[:4], ignore_index=True)


def beyond_english(study_data: StudyData, model: str) -> tuple[pd.DataFrame, list[str]]:
    """The rows of :func:`deltas` beyond English that everything the model needs is known of, and what was left out.

    Of arms, those with one task each; all, where there are none of these. Adds ``logit`` (the gain in log-odds),
    ``z_…`` for each distance that is known and ``log_cc100`` (in SDs over the languages, each counted once),
    ``same_script``, and the model's ``cell`` and ``place``.
    """
    table = deltas(study_data)
    arms = task_arms_or_all(study_data.study)
    table = table[(table["model"] == model) & (table["language"] != ENGLISH) & table["arm"].isin(arms)]
    known = with_covariates(study_data.languages).dropna(subset=["distance", "family", "genus"])
    unknown = sorted({*table["language"]} - {*known.index})
    notes = [f"{lost} is left out: its distance is not known." for lost in unknown]
    known = known[known.index.isin(table["language"])]
    if "log_cc100" in known:
        missing = known.index[known["log_cc100"].isna()]
        notes += [f"{code} is left out: the size of its pretraining data is not known." for code in missing]
        known = known.drop(index=missing)
        known = known.assign(log_cc100=_standardised(known["log_cc100"]))
    known = known.assign(**{f"z_{name}": _standardised(known[name]) for name in DISTANCES if name in known})
    table = table.join(known, on="language", how="inner").reset_index(drop=True)
    after, before = (
        log_odds(table[f"score_{when}"], table["target"], table["n"], study_data.study) for when in ("after", "before")
    )
    table = table.assign(logit=after - before, cell=table["arm"] + ":" + table["target"])
    return table.assign(place=table["target"] + ":" + table["language"]), notes


def _standardised(values: pd.Series) -> pd.Series:
    values = values.astype("float64")
    spread = values.std()
    return (values - values.mean()) / (spread if spread > 0 else 1)


def _over_seeds(scores: pd.DataFrame, place: list[str]) -> pd.DataFrame:
    groups = scores.groupby(place)
    return groups.agg(score=("score", "mean"), seeds=("seed", "nunique"), n=("n", "max")).reset_index()


def chance(task: Task) -> float:
    """Points that guessing gives: one in as many as there are labels where accuracy is the metric, else 0."""
    return 100 / len(task.labels) if task.labels and "accuracy" in task.primary_metrics else 0.0


def log_odds(scores: pd.Series, targets: pd.Series, n: pd.Series, study: Study) -> pd.Series:
    """Logits of scores in points as a share of what lies above :func:`chance`.

    A share is kept half an example away from 0 and 1, which have no logit; so is what falls below chance.
    """
    floor = targets.map({target: chance(study.task(target)) for target in targets.unique()}).astype("float64")
    edge = 0.5 / n
    share = ((scores - floor) / (100 - floor)).clip(edge, 1 - edge)
    return pd.Series(np.log(share / (1 - share)), index=scores.index)
