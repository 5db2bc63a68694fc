"""What arms gain over the baseline with the same seed, and which gains are missing.

A *cell* is a model, split, arm, target and language. Splits are those that the study asks for: a test split that stands
in for a dev split which a release lacks goes by the dev split's name. What is missing is listed, never filled in.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from xstilts.analysis.selection import intermediate_arms, scored_split
from xstilts.analysis.study_data import StudyData
from xstilts.config.study import BASELINE, Study
from xstilts.scores.gains import arms_of, by_language, targets_of, with_study_splits

PLACE = ["model", "split", "arm", "target"]
CELL = [*PLACE, "language"]

#: Columns of :func:`gains`.
GAINS = [*CELL, "seed", "baseline", "score", "gain", "n"]


def primary_scores(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Means of the primary metrics per cell and seed, in points; a metric that is no number is a missing one."""
    return by_language(with_study_splits(scores.dropna(subset=["score"]), study), study)


def gains(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """A row per cell and seed that both the arm and the baseline have a score for; none for the baseline itself.

    ``score`` and ``baseline`` are means of the target's primary metrics, ``gain`` is their difference, all in points;
    ``n`` is the number of examples scored. Rows are in the study's order; controls come last.
    """
    found = primary_scores(scores, study)
    same = [name for name in (*CELL, "seed") if name != "arm"]
    baseline = found[found["arm"] == BASELINE].rename(columns={"score": "baseline"})
    paired = found.merge(baseline[[*same, "baseline"]], on=same)
    paired["gain"] = paired["score"] - paired["baseline"]
    return grid(study).merge(paired, on=[*CELL, "seed"])[GAINS]


def gains_of(study_data: StudyData) -> pd.DataFrame:
    """The gains that questions are about: of :func:`scored_split` alone, and without those of controls."""
    found, study = gains(study_data.scores, study_data.study), study_data.study
    asked = (found["split"] == scored_split(study)) & found["arm"].isin(intermediate_arms(study))
    return found[asked].drop(columns="split").reset_index(drop=True)


def missing_cells(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """A row per cell and seed of the study without a gain, with the ``reason``."""
    asked, found = grid(study), pd.MultiIndex.from_frame(primary_scores(scores, study)[[*CELL, "seed"]])
    has_arm = pd.MultiIndex.from_frame(asked).isin(found)
    has_baseline = pd.MultiIndex.from_frame(asked.assign(arm=BASELINE)).isin(found)
    reasons = np.select(
        [has_arm & has_baseline, has_arm, has_baseline],
        ["", "no score of the baseline", "no score of the arm"],
        "no score of the arm nor of the baseline",
    )
    return asked.assign(reason=reasons)[reasons != ""].reset_index(drop=True)


def grid(study: Study) -> pd.DataFrame:
    """Every cell and seed of the study that a gain is asked for."""
    rows = [
        (model, split if split in study.splits else study.splits[0], arm, target, language, seed)
        for model in study.models
        for arm in arms_of(study)
        if arm != BASELINE
        for target in targets_of(study)
        for split in study.splits_of(target)
        for language in study.languages(target, split)
        for seed in study.seeds
    ]
    return pd.DataFrame(rows, columns=[*CELL, "seed"]).astype({**dict.fromkeys(CELL, "str"), "seed": "int64"})
