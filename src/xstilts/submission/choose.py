"""The choice of the arm and seed that a submission takes each target from: the best on dev data, never on test data.

- A target whose dev split the study scores in all its languages: their mean score, as for the task's test score.
- Any other target that is trained: the English dev score of its training set (XQuAD and MLQA: SQuAD 1.1).
- BUCC2018: the mean over languages of the dev F1 that its thresholds were chosen for.
- Tatoeba has no dev data: it follows BUCC2018; without that, it takes the baseline.

TyDiQA's dev set is the one that XTREME scores. Only its English part is used, as for the choice of its checkpoints,
because there is no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from xstilts.config.study import BASELINE, Study
from xstilts.errors import UserError
from xstilts.graph.runs import RETRIEVAL
from xstilts.scores.dev_scores import TARGET
from xstilts.scores.gains import arms_of, benchmark_targets, is_control
from xstilts.tasks.languages import ENGLISH

ArmSeed = tuple[str, int]


@dataclass(frozen=True)
class ChosenRun:
    """The arm and seed chosen for one target.

    Attributes:
        target: The target.
        arm: The arm.
        seed: The seed.
        score: Its dev score in points; None if there was no score to choose on.
        chosen_on: The dev data, in words.
        candidates: By arm and seed, the dev scores that it was chosen from.
        left_out: The arms and seeds that lack some of these scores.
    """

    target: str
    arm: str
    seed: int
    score: float | None
    chosen_on: str
    candidates: dict[str, dict[int, float]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Criterion:
    """Dev scores of all arms and seeds in some ``languages``; ``words`` describe them."""

    rows: pd.DataFrame
    metrics: tuple[str, ...]
    languages: tuple[str, ...]
    words: str

    def scores(self) -> dict[ArmSeed, float]:
        """By arm and seed, the mean over languages of the mean of the metrics; only where none of them is missing."""
        rows = self.rows[self.rows["metric"].isin(self.metrics) & self.rows["language"].isin(self.languages)]
        groups = rows.sort_values(["language", "metric"]).groupby(["arm", "seed"])["score"]
        means = groups.agg(["mean", "size"]).reset_index()
        complete = means[means["size"] == len(self.metrics) * len(self.languages)]
        return {(arm, int(seed)): score for arm, seed, score in complete[["arm", "seed", "mean"]].to_numpy().tolist()}


def candidates(study: Study) -> list[str]:
    """Return the arms that the best submission is chosen from, the baseline first; controls are not candidates."""
    return [arm for arm in arms_of(study) if not is_control(arm, study)]


def choose(
    scores: pd.DataFrame, dev_scores: pd.DataFrame, study: Study, model: str, arms: Sequence[str]
) -> dict[str, ChosenRun]:
    """Choose the best of some arms, and its best seed, for each target of the benchmark in the study that is submitted.

    Of equal ones, the first in the study's order is chosen.

    Args:
        scores: Rows of schema :data:`xstilts.scores.score_files.SCORES`.
        dev_scores: Rows of schema :data:`xstilts.scores.dev_scores.DEV_SCORES`.
        study: The study.
        model: The model whose scores to use.
        arms: The arms to choose from.

    Returns:
        The chosen arm and seed by target.

    Raises:
        UserError: There are several arms or seeds, but none of them has the dev scores that a target is chosen on.
    """
    scores, dev_scores = (frame[frame["model"] == model] for frame in (scores, dev_scores))
    runs = [(arm, seed) for arm in arms for seed in study.seeds]
    chosen: dict[str, ChosenRun] = {}
    for target in benchmark_targets(study):
        if target not in study.suite.submitted:
            continue
        criterion = _criterion(target, scores, dev_scores, study)
        chosen[target] = _best(target, runs, criterion) if criterion else _without_dev(study, target, runs, chosen)
    return chosen


def as_json(chosen: dict[str, ChosenRun], study: Study, model: str) -> dict[str, Any]:
    """Describe a submission, for the JSON file beside it."""
    targets = {target: asdict(run) for target, run in chosen.items()}
    return {"study": study.study, "warning": study.warning, "model": model, "targets": targets}


def _criterion(target: str, scores: pd.DataFrame, dev_scores: pd.DataFrame, study: Study) -> _Criterion | None:
    task, languages = study.task(target), study.languages(target, "dev")
    on_dev = scores[(scores["target"] == target) & (scores["split"] == "dev")]
    if _has_own_dev(target, study) and set(languages) <= set(on_dev["language"]):
        words = f"{task.title}'s dev split, mean over {len(languages)} languages"
        return _Criterion(on_dev, task.primary_metrics, languages, words)
    if task.trained_on:
        training_set = study.task(task.trained_on)
        rows = dev_scores[(dev_scores["stage"] == TARGET) & (dev_scores["task"] == training_set.name)]
        words = f"English dev data of {training_set.title}"
        return _Criterion(rows, training_set.primary_metrics, (ENGLISH,), words)
    if task.tuned_on_dev:
        rows = dev_scores[(dev_scores["stage"] == RETRIEVAL) & (dev_scores["task"] == target)]
        words = f"{task.title}'s dev pairs, mean over {len(languages)} languages"
        return _Criterion(rows, task.primary_metrics, languages, words)
    return None


def _has_own_dev(target: str, study: Study) -> bool:
    """Whether the study scores a dev split with other files than the test split's."""
    if "dev" not in study.splits_of(target):
        return False
    table, task = study.language_table(), study.task(target)
    return all(
        task.paths(Path(), "dev", table[code]) != task.paths(Path(), "test", table[code])
        for code in study.languages(target, "dev")
    )


def _best(target: str, runs: list[ArmSeed], criterion: _Criterion) -> ChosenRun:
    scores = criterion.scores()
    ranked = {run: scores[run] for run in runs if run in scores}
    if not ranked and len(runs) > 1:
        arms = ", ".join(dict.fromkeys(arm for arm, _ in runs))
        raise UserError(f"{target}: no arm can be chosen, since none of {arms} has scores on {criterion.words}.")
    arm, seed = max(ranked, key=ranked.__getitem__, default=runs[0])
    by_arm: dict[str, dict[int, float]] = {}
    for run, score in ranked.items():
        by_arm.setdefault(run[0], {})[run[1]] = score
    left_out = [f"{arm}, seed {seed}" for arm, seed in runs if (arm, seed) not in ranked]
    return ChosenRun(target, arm, seed, ranked.get((arm, seed)), criterion.words, by_arm, left_out)


def _without_dev(study: Study, target: str, runs: list[ArmSeed], chosen: dict[str, ChosenRun]) -> ChosenRun:
    """For a retrieval task without dev data, the run chosen for the other one; or the baseline, or the first arm."""
    leader = next((run for run in chosen.values() if study.task(run.target).tuned_on_dev), None)
    if leader is None:
        arm, seed = next((run for run in runs if run[0] == BASELINE), runs[0])
        return ChosenRun(target, arm, seed, None, f"nothing: {study.title_of(target)} has no dev data")
    words = f"the choice for {study.title_of(leader.target)}: {study.title_of(target)} has no dev data"
    return ChosenRun(target, leader.arm, leader.seed, None, words)
