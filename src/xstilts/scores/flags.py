"""Flags on the scores of runs that have not learnt their training set, which no mean, test or figure includes.

Such a run has *collapsed* if another seed of the same model, arm and training set has learnt it; otherwise it is *not
learnt*. Either way its score is that of guessing, and its difference to another arm's score is no loss by transfer.
Flagged scores stay in the files; :func:`usable` and :func:`usable_dev` drop them before scores are averaged, tested,
plotted or selected on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from xstilts.config.study import Study
from xstilts.graph.runs import Job, evaluation_of
from xstilts.scores.dev_scores import TARGET
from xstilts.training.collapse import DevOutcome, collapse_reason, read_dev_outcomes

_COLLAPSED = "collapsed"


def collapse_flags(records: Mapping[Job, Mapping[str, Any]]) -> dict[Job, str]:
    """Find the jobs that have not learnt their training set.

    Args:
        records: The records of all jobs of a study.

    Returns:
        By flagged job, the reason in words: "collapsed: …" if another seed has learnt the training set, else "not
        learnt: …".
    """
    outcomes: dict[Job, DevOutcome] = {}
    for job, record in records.items():
        _, _, training_set, _ = job
        if training_set in (of_record := read_dev_outcomes(record)):
            outcomes[job] = of_record[training_set]
    flags = {}
    for job, outcome in outcomes.items():
        seeds = [other for key, other in outcomes.items() if key[:3] == job[:3]]
        learnt = [other.score for other in seeds if not collapse_reason(other)]
        if not (reason := collapse_reason(outcome)):
            continue
        if learnt:
            low, high = min(learnt), max(learnt)
            score_range = f"{low:.1f}" if low == high else f"{low:.1f} to {high:.1f}"
            flags[job] = f"{_COLLAPSED}: {reason}, where other seeds reach {score_range}"
        else:
            every = f", like all {len(seeds)} seeds" if len(seeds) > 1 else ""
            flags[job] = f"not learnt: {reason}{every} (chance is {outcome.chance:.1f})"
    return flags


def with_flags(scores: pd.DataFrame, flags: Mapping[Job, str], study: Study) -> pd.DataFrame:
    """Set the column ``flag`` of scores to the flags of the jobs that made them, None for jobs without one."""
    return scores.assign(
        flag=pd.Series([flags.get(job) for job in _jobs(scores, study)], index=scores.index, dtype=object)
    )


def flagged_jobs(scores: pd.DataFrame, study: Study) -> dict[Job, str]:
    """Return the flag of each job that has one, read from the column ``flag``."""
    rows = scores[scores["flag"].notna()]
    return dict(zip(_jobs(rows, study), rows["flag"], strict=True))


def without_collapsed(
    scores: pd.DataFrame, dev_scores: pd.DataFrame, study: Study
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Drop scores and dev scores of collapsed runs alone, for submissions.

    A submission has predictions for every target, whether or not a run has learnt it. What has not learnt is not chosen
    unless all candidates are like that.
    """
    collapsed = scores["flag"].str.startswith(_COLLAPSED, na=False).astype(bool)
    jobs = flagged_jobs(scores[collapsed], study)
    return scores[~collapsed].reset_index(drop=True), usable_dev(dev_scores, jobs)


def usable(scores: pd.DataFrame) -> pd.DataFrame:
    """Drop flagged scores."""
    return scores[scores["flag"].isna()].reset_index(drop=True)


def usable_dev(dev_scores: pd.DataFrame, flagged: Collection[Job]) -> pd.DataFrame:
    """Drop the dev scores of the training sets that flagged jobs were fine-tuned on."""
    jobs = dev_scores[["model", "arm", "task", "seed"]].itertuples(index=False, name=None)
    is_flagged = pd.Series([job in flagged for job in jobs], index=dev_scores.index, dtype=bool)
    return dev_scores[~(is_flagged & (dev_scores["stage"] == TARGET))].reset_index(drop=True)


def _jobs(scores: pd.DataFrame, study: Study) -> list[Job]:
    """Return the job that made each row."""
    places = scores[["model", "arm", "target", "seed"]].itertuples(index=False, name=None)
    return [Job(model, arm, evaluation_of(study, target), int(seed)) for model, arm, target, seed in places]
