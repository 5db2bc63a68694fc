"""Gains over the baseline with the same seed, and which of them are missing.

A *cell* is a model, split, arm, target and language. Splits are those of the study: a test split that is scored in
place of a missing dev split is called dev. Missing scores are listed, never imputed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from xstilts.analysis.selection import intermediate_arms, is_zero_shot_or_english, scored_split
from xstilts.analysis.study_data import StudyData
from xstilts.config.study import BASELINE, Study
from xstilts.scores.gains import arms_of, primary_scores, targets_of

PLACE = ["model", "split", "arm", "target"]
CELL = [*PLACE, "language"]

#: Columns of :func:`gains`.
GAINS = [*CELL, "seed", "baseline", "score", "gain", "n"]


def gains(scored: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Compute the gain of every cell and seed that both the arm and the baseline have a score for.

    Args:
        scored: What :func:`xstilts.scores.gains.primary_scores` returns.
        study: The study.

    Returns:
        Rows with the columns :data:`GAINS`, in the study's order, controls last. ``score`` and ``baseline`` are means
        of the target's primary metrics, ``gain`` is their difference, all in points; ``n`` is the number of examples
        scored. The baseline has no rows.
    """
    keys = [name for name in (*CELL, "seed") if name != "arm"]
    baseline = scored[scored["arm"] == BASELINE].rename(columns={"score": "baseline"})
    paired = scored.merge(baseline[[*keys, "baseline"]], on=keys)
    paired["gain"] = paired["score"] - paired["baseline"]
    return grid(study).merge(paired, on=[*CELL, "seed"])[GAINS]


def gains_of(study_data: StudyData) -> pd.DataFrame:
    """Compute the gains that questions are answered on: of :func:`scored_split` alone, without controls.

    Languages that fine-tuning has examples of are left out, English apart.
    """
    study = study_data.study
    table = gains(study_data.primary, study)
    chosen = (table["split"] == scored_split(study)) & table["arm"].isin(intermediate_arms(study))
    chosen &= is_zero_shot_or_english(table, study)
    return table[chosen].drop(columns="split").reset_index(drop=True)


def missing_cells(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """List every cell and seed of the study that has no gain, with the ``reason``."""
    expected = grid(study)
    scored = pd.MultiIndex.from_frame(primary_scores(scores, study)[[*CELL, "seed"]])
    has_arm = pd.MultiIndex.from_frame(expected).isin(scored)
    has_baseline = pd.MultiIndex.from_frame(expected.assign(arm=BASELINE)).isin(scored)
    reasons = np.select(
        [has_arm & has_baseline, has_arm, has_baseline],
        ["", "no score of the baseline", "no score of the arm"],
        "no score of the arm nor of the baseline",
    )
    return expected.assign(reason=reasons)[reasons != ""].reset_index(drop=True)


def grid(study: Study) -> pd.DataFrame:
    """List every cell and seed of the study that should have a gain."""
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
