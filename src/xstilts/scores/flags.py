"""Runs that have collapsed: what they score says nothing of their arm, so their scores are flagged and left out.

A job is flagged where it has not learnt its training set and another seed of the same model, arm and training set has:
where no seed has, that is a result. Flagged scores stay in the files; :func:`usable` and :func:`usable_dev` drop them
before anything is averaged, tested, drawn or chosen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from xstilts.config.study import Study
from xstilts.graph.runs import Job, evaluation_of
from xstilts.scores.dev_scores import TARGET
from xstilts.training.collapse import DevOutcome, collapse_reason, read_dev_outcomes


def flags(records: Mapping[Job, Mapping[str, Any]]) -> dict[Job, str]:
    """What to say of each job that has collapsed where other seeds have learnt, by the records of all jobs."""
    found: dict[Job, DevOutcome] = {}
    for job, record in records.items():
        _, _, training_set, _ = job
        if training_set in (judged := read_dev_outcomes(record)):
            found[job] = judged[training_set]
    flagged = {}
    for job, dev_outcome in found.items():
        others = [other.score for key, other in found.items() if key[:3] == job[:3] and not collapse_reason(other)]
        if (reason := collapse_reason(dev_outcome)) and others:
            low, high = min(others), max(others)
            reach = f"{low:.1f}" if low == high else f"{low:.1f} to {high:.1f}"
            flagged[job] = f"collapsed: {reason}, where other seeds reach {reach}"
    return flagged


def with_flags(scores: pd.DataFrame, flagged: Mapping[Job, str], study: Study) -> pd.DataFrame:
    """Scores with the column ``flag`` as the jobs that made them have it, None where they have none."""
    return scores.assign(
        flag=pd.Series([flagged.get(job) for job in _jobs(scores, study)], index=scores.index, dtype=object)
    )


def flagged_jobs(scores: pd.DataFrame, study: Study) -> dict[Job, str]:
    """The flag of each job that has one."""
    rows = scores[scores["flag"].notna()]
    return dict(zip(_jobs(rows, study), rows["flag"], strict=True))


def usable(scores: pd.DataFrame) -> pd.DataFrame:
    """The scores without those that are flagged."""
    return scores[scores["flag"].isna()].reset_index(drop=True)


def usable_dev(dev_scores: pd.DataFrame, flagged: Collection[Job]) -> pd.DataFrame:
    """Dev scores without those of training sets that flagged jobs were trained on."""
    places = dev_scores[["model", "arm", "task", "seed"]].itertuples(index=False, name=None)
    left_out = pd.Series([place in flagged for place in places], index=dev_scores.index, dtype=bool)
    return dev_scores[~(left_out & (dev_scores["stage"] == TARGET))].reset_index(drop=True)


def _jobs(scores: pd.DataFrame, study: Study) -> list[Job]:
    places = scores[["model", "arm", "target", "seed"]].itertuples(index=False, name=None)
    return [(model, arm, evaluation_of(study, target), int(seed)) for model, arm, target, seed in places]
