"""Gains as the questions use them: a row per cell, averaged over seeds, in points and on a scale of log-odds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xstilts.analysis.by_seed import scored_split, task_arms
from xstilts.analysis.material import Material
from xstilts.catalogue.languages import ENGLISH
from xstilts.catalogue.tasks import TASKS
from xstilts.report.gains import as_asked, by_language, is_control
from xstilts.study import BASELINE, Study

_CELL = ["model", "target", "language"]
#: Columns of :func:`deltas`.
DELTAS = [
    "model", "arm", "target", "language", "delta", "english", "seeds", "baseline_seeds", "score_before", "score_after",
    "n",
]  # fmt: skip
#: Distances to English that may be known of languages; the first is the syntactic one.
DISTANCES = ("distance", "distance_observed", "genetic", "geographic", "inventory", "phonological", "featural")
#: Covariates that regressions on distance hold equal, in words.
HELD = {"log_cc100": "pretraining data (CC-100)", "same_script": "script"}


def deltas(material: Material) -> pd.DataFrame:
    """A row per model, arm, target and language that arm and baseline are scored in; controls are left out.

    ``delta = score_after - score_before`` in points: the arm's mean over its ``seeds`` minus the baseline's over its
    ``baseline_seeds``. ``english`` is the delta of the same arm and target in English, NaN where there is none; ``n``
    is the number of examples scored per seed. Nothing missing is filled in.
    """
    study = material.study
    scores = by_language(as_asked(material.scores, study))
    scores = scores[(scores["split"] == scored_split(study)) & scores["score"].notna()]
    arms = [arm for arm in study.arms if arm != BASELINE and not is_control(arm, study)]
    after = _over_seeds(scores[scores["arm"].isin(arms)], ["arm", *_CELL])
    after = after.rename(columns={"score": "score_after"})
    before = _over_seeds(scores[scores["arm"] == BASELINE], _CELL).drop(columns="n")
    before = before.rename(columns={"score": "score_before", "seeds": "baseline_seeds"})
    table = after.merge(before, on=_CELL)
    table["delta"] = table["score_after"] - table["score_before"]
    english = table.loc[table["language"] == ENGLISH, ["model", "arm", "target", "delta"]]
    table = table.merge(english.rename(columns={"delta": "english"}), how="left", on=["model", "arm", "target"])
    return table[DELTAS].sort_values(DELTAS[:4], ignore_index=True)


def task_arms_of(study: Study) -> list[str]:
    """The arms with one task each; where there are none, all that are neither the baseline nor controls."""
    return [*task_arms(study)] or [arm for arm in study.arms if arm != BASELINE and not is_control(arm, study)]


def beyond_english(material: Material, model: str) -> tuple[pd.DataFrame, list[str]]:
    """The rows of :func:`deltas` beyond English that everything the model needs is known of, and what was left out.

    Of arms, those with one task each; all, where there are none of these. Adds ``logit`` (the gain in log-odds),
    ``z_…`` for each distance that is known (in SDs over the languages, each counted once), the covariates, and the
    model's ``cell`` and ``place``.
    """
    table, languages = deltas(material), material.languages
    arms = task_arms_of(material.study)
    table = table[(table["model"] == model) & (table["language"] != ENGLISH) & table["arm"].isin(arms)]
    known = languages.dropna(subset=["distance", "family", "genus"])
    script = languages["script"].get(ENGLISH, "Latn")
    known = known.assign(same_script=(known["script"] == script).astype("float64"))
    notes = [
        f"{lost} is left out: its distance is not known." for lost in sorted({*table["language"]} - {*known.index})
    ]
    if "cc100_gib" in known and known["cc100_gib"].notna().any():
        missing = known.index[known["cc100_gib"].isna()].intersection([*table["language"].unique()])
        notes += [f"{code} is left out: the size of its pretraining data is not known." for code in missing]
        known = known.dropna(subset=["cc100_gib"])
        known = known.assign(log_cc100=np.log10(known["cc100_gib"].astype("float64") + 0.05))  # 0 has no logarithm
    known = known[known.index.isin(table["language"])]
    standard = {name: _standardised(known[name]) for name in (*DISTANCES, "log_cc100") if name in known}
    known = known.assign(**{f"z_{name}": values for name, values in standard.items() if name in DISTANCES})
    known = known.assign(**{name: values for name, values in standard.items() if name in HELD})
    table = table.join(known, on="language", how="inner").reset_index(drop=True)
    after, before = (log_odds(table[f"score_{when}"], table["target"], table["n"]) for when in ("after", "before"))
    table = table.assign(logit=after - before, cell=table["arm"] + ":" + table["target"])
    return table.assign(place=table["target"] + ":" + table["language"]), notes


def _standardised(values: pd.Series) -> pd.Series:
    values = values.astype("float64")
    spread = values.std()
    return (values - values.mean()) / (spread if spread > 0 else 1)


def _over_seeds(scores: pd.DataFrame, place: list[str]) -> pd.DataFrame:
    groups = scores.groupby(place)
    return groups.agg(score=("score", "mean"), seeds=("seed", "nunique"), n=("n", "max")).reset_index()


def chance(target: str) -> float:
    """Points that guessing gives: one in as many as there are labels where accuracy is the metric, else 0."""
    task = TASKS[target]
    return 100 / len(task.labels) if task.labels and "accuracy" in task.headline else 0.0


def log_odds(scores: pd.Series, targets: pd.Series, n: pd.Series) -> pd.Series:
    """Logits of scores in points as a share of what lies above :func:`chance`.

    A share is kept half an example away from 0 and 1, which have no logit; so is what falls below chance.
    """
    floor = targets.map({target: chance(target) for target in targets.unique()}).astype("float64")
    edge = 0.5 / n
    share = ((scores - floor) / (100 - floor)).clip(edge, 1 - edge)
    return pd.Series(np.log(share / (1 - share)), index=scores.index)
