"""Which arm and seed a submission takes each target from: the best on dev data. Test scores are never looked at.

- A target whose dev split the study scores in all its languages: their mean score, as for the task's test score.
- Any other target that is trained: the English dev score of its training set (XQuAD and MLQA: SQuAD 1.1).
- BUCC2018: the mean over languages of the dev F1 that its thresholds were chosen for.
- Tatoeba has no dev data: it follows BUCC2018; without that, it takes the baseline.

TyDiQA's dev set is the one that XTREME scores. Only its English part is used, as for the choice of its checkpoints:
there is no other.
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
from xstilts.scores.gains import arms_of, is_control, targets_of
from xstilts.tasks.languages import ENGLISH

Run = tuple[str, int]  # arm and seed


@dataclass(frozen=True)
class Choice:
    """One target's arm and seed, and its dev ``score`` in points: None where there was nothing to choose by.

    ``candidates``: by arm and seed, the dev scores of all that it was chosen from. ``left_out`` names the arms and
    seeds that lack some of the scores it was chosen on.
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
    """Dev scores of all runs in some ``languages``, and in words what they are."""

    rows: pd.DataFrame
    metrics: tuple[str, ...]
    languages: tuple[str, ...]
    words: str

    def scores(self) -> dict[Run, float]:
        """By arm and seed, the mean over languages of the mean of the metrics; only where none of them is missing."""
        rows = self.rows[self.rows["metric"].isin(self.metrics) & self.rows["language"].isin(self.languages)]
        groups = rows.sort_values(["language", "metric"]).groupby(["arm", "seed"])["score"]
        found = groups.agg(["mean", "size"]).reset_index()
        complete = found[found["size"] == len(self.metrics) * len(self.languages)]
        return {(arm, int(seed)): score for arm, seed, score in complete[["arm", "seed", "mean"]].to_numpy().tolist()}


def candidates(study: Study) -> list[str]:
    """The arms that the best submission is chosen from, the baseline first; controls are no candidates."""
    return [arm for arm in arms_of(study) if not is_control(arm, study)]


def choose(
    scores: pd.DataFrame, dev_scores: pd.DataFrame, study: Study, model: str, arms: Sequence[str]
) -> dict[str, Choice]:
    """By target of the study, the best of ``arms`` and its best seed; of equal ones, the first in the study's order.

    ``scores`` has the columns of ``report.scores.SCORES``, ``dev_scores`` those of ``report.dev_scores.DEV_SCORES``.

    Raises:
        UserError: there are several arms or seeds, but none of them has the dev scores that a target is chosen on.
    """
    scores, dev_scores = (frame[frame["model"] == model] for frame in (scores, dev_scores))
    runs = [(arm, seed) for arm in arms for seed in study.seeds]
    chosen: dict[str, Choice] = {}
    for target in targets_of(study):
        criterion = _criterion(target, scores, dev_scores, study)
        chosen[target] = _best(target, runs, criterion) if criterion else _without_dev(study, target, runs, chosen)
    return chosen


def as_json(choices: dict[str, Choice], study: Study, model: str) -> dict[str, Any]:
    """What a submission consists of, to lie beside it."""
    targets = {target: asdict(choice) for target, choice in choices.items()}
    return {"study": study.study, "warning": study.warning, "model": model, "targets": targets}


def _criterion(target: str, scores: pd.DataFrame, dev_scores: pd.DataFrame, study: Study) -> _Criterion | None:
    task, languages = study.task(target), study.languages(target, "dev")
    on_dev = scores[(scores["target"] == target) & (scores["split"] == "dev")]
    if _has_own_dev(target, study) and set(languages) <= set(on_dev["language"]):
        words = f"{task.title}'s dev split, mean over {len(languages)} languages"
        return _Criterion(on_dev, task.primary_metrics, languages, words)
    if task.trained_on:
        trained = study.task(task.trained_on)
        rows = dev_scores[(dev_scores["stage"] == TARGET) & (dev_scores["task"] == trained.name)]
        return _Criterion(rows, trained.primary_metrics, (ENGLISH,), f"English dev data of {trained.title}")
    if task.tuned_on_dev:
        rows = dev_scores[(dev_scores["stage"] == RETRIEVAL) & (dev_scores["task"] == target)]
        words = f"{task.title}'s dev pairs, mean over {len(languages)} languages"
        return _Criterion(rows, task.primary_metrics, languages, words)
    return None


def _has_own_dev(target: str, study: Study) -> bool:
    """Whether the study scores a dev split that is not the test split by another name."""
    if "dev" not in study.splits_of(target):
        return False
    table, task = study.language_table(), study.task(target)
    return all(
        task.paths(Path(), "dev", table[code]) != task.paths(Path(), "test", table[code])
        for code in study.languages(target, "dev")
    )


def _best(target: str, runs: list[Run], criterion: _Criterion) -> Choice:
    found = criterion.scores()
    ranked = {run: found[run] for run in runs if run in found}
    if not ranked and len(runs) > 1:
        arms = ", ".join(dict.fromkeys(arm for arm, _ in runs))
        raise UserError(f"{target}: there is nothing to choose by; none of {arms} has scores on {criterion.words}.")
    arm, seed = max(ranked, key=ranked.__getitem__, default=runs[0])
    listed: dict[str, dict[int, float]] = {}
    for run, score in ranked.items():
        listed.setdefault(run[0], {})[run[1]] = score
    left_out = [f"{arm}, seed {seed}" for arm, seed in runs if (arm, seed) not in ranked]
    return Choice(target, arm, seed, ranked.get((arm, seed)), criterion.words, listed, left_out)


def _without_dev(study: Study, target: str, runs: list[Run], chosen: dict[str, Choice]) -> Choice:
    """A retrieval task without dev data: as the other one's, or the baseline, which is the first of all candidates."""
    leader = next((choice for choice in chosen.values() if study.task(choice.target).tuned_on_dev), None)
    if leader is None:
        arm, seed = next((run for run in runs if run[0] == BASELINE), runs[0])
        return Choice(target, arm, seed, None, f"nothing: {study.title_of(target)} has no dev data")
    words = f"the choice for {study.title_of(leader.target)}: {study.title_of(target)} has no dev data"
    return Choice(target, leader.arm, leader.seed, None, words)
