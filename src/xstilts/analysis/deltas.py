"""Gains of cells averaged over seeds, in points and in log-odds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xstilts.analysis.covariates import ADJUSTED_FOR, with_covariates, with_known
from xstilts.analysis.selection import (
    intermediate_arms,
    is_zero_shot_or_english,
    scored_split,
    task_arms_or_all,
)
from xstilts.analysis.study_data import StudyData
from xstilts.config.study import BASELINE, Study
from xstilts.scores.chance import chance
from xstilts.tasks.languages import ENGLISH

_CELL = ["model", "target", "language"]
#: Columns of :func:`deltas`.
DELTAS = [
    "model", "arm", "target", "language", "delta", "english", "seeds", "baseline_seeds", "score_before", "score_after",
    "n",
]  # fmt: skip
#: Distances to English that may be known of languages; the first two are syntactic.
DISTANCES = ("distance", "distance_observed", "genetic", "geographic", "inventory", "phonological", "featural")


def deltas(study_data: StudyData) -> pd.DataFrame:
    """Average the gains of each model, arm, target and language over seeds.

    Controls are left out, and so are languages that fine-tuning has examples of, English apart.

    Returns:
        A row per cell in which both arm and baseline are scored, with the columns :data:`DELTAS`. ``delta`` is
        ``score_after - score_before`` in points: the arm's mean over its ``seeds`` minus the baseline's over its
        ``baseline_seeds``. That is the mean of :func:`xstilts.analysis.gains.gains` where both have the same seeds;
        where they do not, all seeds are used. ``english`` is the delta of the same arm and target in English, NaN where
        there is none; ``n`` is the number of examples scored per seed. Missing values are not imputed.
    """
    study = study_data.study
    scores = study_data.primary
    scores = scores[(scores["split"] == scored_split(study)) & is_zero_shot_or_english(scores, study)]
    after = _mean_over_seeds(scores[scores["arm"].isin(intermediate_arms(study))], ["arm", *_CELL])
    after = after.rename(columns={"score": "score_after"})
    before = _mean_over_seeds(scores[scores["arm"] == BASELINE], _CELL).drop(columns="n")
    before = before.rename(columns={"score": "score_before", "seeds": "baseline_seeds"})
    table = after.merge(before, on=_CELL)
    table["delta"] = table["score_after"] - table["score_before"]
    english = table.loc[table["language"] == ENGLISH, ["model", "arm", "target", "delta"]]
    table = table.merge(english.rename(columns={"delta": "english"}), how="left", on=["model", "arm", "target"])
    return table[DELTAS].sort_values(DELTAS[:4], ignore_index=True)


def beyond_english(study_data: StudyData, model: str) -> tuple[pd.DataFrame, list[str]]:
    """Collect what question 1's regression needs of one model's cells in languages other than English.

    The arms are those with one task each; all, where there are none of these. The regression needs a language's
    distance, and its genus, because genera are what the test counts as independent; a language of unknown genus would
    count as one more. Languages of which something needed is not known are left out.

    Returns:
        Rows of :func:`deltas` joined with their languages, and with ``logit`` (the gain in log-odds), ``z_…`` for each
        distance and ``log_cc100`` (in SDs over languages), ``same_script``, and the regression's ``cell`` (arm:target)
        and ``place`` (target:language); and a sentence for each language that is left out.
    """
    study = study_data.study
    table = deltas(study_data)
    in_arms = table["arm"].isin(task_arms_or_all(study))
    table = table[(table["model"] == model) & (table["language"] != ENGLISH) & in_arms]
    languages = with_covariates(study_data.languages)
    needed = ["distance", "family", "genus", *(name for name in ADJUSTED_FOR if name in languages)]
    known, notes = with_known(languages, table["language"], needed)
    if "log_cc100" in known:
        known = known.assign(log_cc100=_standardised(known["log_cc100"]))
    known = known.assign(**{f"z_{name}": _standardised(known[name]) for name in DISTANCES if name in known})
    table = table.join(known, on="language", how="inner").reset_index(drop=True)
    after, before = (
        log_odds(table[name], table["target"], table["n"], study) for name in ("score_after", "score_before")
    )
    table = table.assign(logit=after - before, cell=table["arm"] + ":" + table["target"])
    return table.assign(place=table["target"] + ":" + table["language"]), notes


def seeds_behind(cells: pd.DataFrame) -> int:
    """Return the number of seeds that at least nine of ten cells have, both of the arm and of the baseline.

    A cell that lacks a seed is one of many; a study whose cells generally lack it has fewer seeds.
    """
    counts = cells[["seeds", "baseline_seeds"]].min(axis=1)
    return int(counts.quantile(0.1, interpolation="lower")) if len(counts) else 0


def _standardised(values: pd.Series) -> pd.Series:
    values = values.astype("float64")
    sd = values.std()
    return (values - values.mean()) / (sd if sd > 0 else 1)


def _mean_over_seeds(scores: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    groups = scores.groupby(keys)
    return groups.agg(score=("score", "mean"), seeds=("seed", "nunique"), n=("n", "max")).reset_index()


def log_odds(scores: pd.Series, targets: pd.Series, n: pd.Series, study: Study) -> pd.Series:
    """Return logits of scores, as a share of the range above :func:`~xstilts.scores.chance.chance`.

    Shares are clipped to half an example from 0 and from 1, where the logit is infinite; so are scores below chance.

    Args:
        scores: In points.
        targets: The target of each score.
        n: The number of examples behind each score.
        study: Declares the targets.
    """
    floor = targets.map({target: chance(study.task(target)) for target in targets.unique()}).astype("float64")
    edge = 0.5 / n
    share = ((scores - floor) / (100 - floor)).clip(edge, 1 - edge)
    return pd.Series(np.log(share / (1 - share)), index=scores.index)
