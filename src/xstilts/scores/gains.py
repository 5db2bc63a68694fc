"""What scores add up to: task scores, gains over the baseline, averages. Nothing missing is ever filled in.

A task's score in a language is the mean of its primary metrics; the task's score is the unweighted mean of that over
the languages, English included, as in XTREME's ``evaluate.py`` (Hu et al. 2020, arXiv 2003.11080). Gains are taken
seed by seed, and only then averaged over the seeds that both arms have.

Tables here have one row per *cell*, with the columns of :data:`CELL`: ``score`` and ``gain`` in points (NaN where there
is none; the baseline has no gain), each with the number of seeds behind it (``seeds``, ``gain_seeds``), and the number
``n`` of examples scored per seed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api.typing import DataFrameGroupBy

from xstilts.config.study import BASELINE, Study
from xstilts.tasks.benchmarks import AVERAGE, GROUPS
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TARGET_TASKS

ALL = "mean"  # as a language: the unweighted mean over all languages, English included
ZERO_SHOT = "zero-shot"  # as a language: the unweighted mean over all languages but English

_PLACE = ["model", "split", "arm", "target", "language"]
CELL = [*_PLACE, "score", "seeds", "gain", "gain_seeds", "n"]


def targets_of(study: Study) -> list[str]:
    """The study's targets in the catalogue's order."""
    return [target for target in TARGET_TASKS if target in study.targets]


def arms_of(study: Study) -> list[str]:
    """The baseline, then the study's arms in their order, controls last."""
    others = [arm for arm in study.arms if arm != BASELINE]
    return [BASELINE, *sorted(others, key=lambda arm: is_control(arm, study))]


def is_control(arm: str, study: Study) -> bool:
    """Whether the arm discards pretraining: what it scores is not owed to the encoder."""
    return study.arms[arm].weights == "random"


def as_asked(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The scores by the splits that the study asks for: where a release has no dev split, its test split stands in."""
    asked = scores["split"].isin(study.splits)
    return scores.assign(split=scores["split"].where(asked, study.splits[0]))


def scored_languages(scores: pd.DataFrame) -> dict[tuple[str, str], set[str]]:
    """By target and split, the languages in which anything is scored; some dev splits have fewer than test."""
    groups = scores.groupby(["target", "split"])["language"]
    return {(str(target), str(split)): set(languages) for (target, split), languages in groups}


def task_cells(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Cells of every model, split, arm and target of the study, with language :data:`ALL`; ``AVERAGE`` after them.

    An arm has a task score where it is scored in every language of the target that any arm is scored in, and an average
    where it has a score (or gain) for every target of the study.
    """
    cells = _target_cells(scores, study)
    both = pd.concat([cells, _mean(cells, AVERAGE)]).set_index(_PLACE)
    return _on_grid(both, study, [*targets_of(study), AVERAGE], [ALL])


def groups_of(study: Study) -> dict[str, list[str]]:
    """By XTREME's group, the study's targets in it; only groups that the study has targets of."""
    found = {group: [target for target in targets_of(study) if target in tasks] for group, tasks in GROUPS.items()}
    return {group: targets for group, targets in found.items() if targets}


def group_cells(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Cells of every model, split, arm and group of tasks, which stand as targets; ``AVERAGE`` after them.

    A group's score is the unweighted mean over the study's targets in it, where the arm has a score for each.
    """
    cells = _target_cells(scores, study)
    groups = {**groups_of(study), AVERAGE: targets_of(study)}
    means = [_mean(cells[cells["target"].isin(targets)], name) for name, targets in groups.items()]
    return _on_grid(pd.concat(means).set_index(_PLACE), study, list(groups), [ALL])


def language_cells(scores: pd.DataFrame, study: Study, target: str) -> pd.DataFrame:
    """Cells of every model, split, arm and language of one target, with the means :data:`ZERO_SHOT` and :data:`ALL`."""
    of_target = as_asked(scores[scores["target"] == target], study)
    per_language, expected = by_language(of_target, study), scored_languages(of_target)
    means = [over_languages(per_language, expected, mean) for mean in (ZERO_SHOT, ALL)]
    per_seed = pd.concat([per_language, *means], ignore_index=True)
    return _on_grid(_over_seeds(per_seed), study, [target], [*study.languages(target), ZERO_SHOT, ALL])


def _target_cells(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    scores = as_asked(scores, study)
    per_seed = over_languages(by_language(scores, study), scored_languages(scores), ALL)
    return _on_grid(_over_seeds(per_seed), study, targets_of(study), [ALL])


def _mean(cells: pd.DataFrame, name: str) -> pd.DataFrame:
    """Cells of the unweighted mean over targets; NaN where one of them is."""
    mean = unweighted(cells.groupby(["model", "split", "arm"], sort=False))
    return mean.reset_index().assign(target=name, language=ALL)


def unweighted(groups: DataFrameGroupBy) -> pd.DataFrame:
    """One cell per group of cells: unweighted means, NaN where one of them is, and the least number of seeds."""
    return pd.DataFrame(
        {
            "score": groups["score"].mean(skipna=False),
            "seeds": groups["seeds"].min(),
            "gain": groups["gain"].mean(skipna=False),
            "gain_seeds": groups["gain_seeds"].min(),
            "n": groups["n"].sum(),
        }
    )


def by_language(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Per seed and language, the mean of the primary metrics; no row where one of them is missing."""
    pairs = zip(scores["target"], scores["metric"], strict=True)
    primary = np.array([metric in study.task(target).primary_metrics for target, metric in pairs], dtype=bool)
    rows = scores[primary].sort_values([*_PLACE, "seed", "metric"])
    groups = rows.groupby([*_PLACE, "seed"])
    found = pd.DataFrame({"score": groups["score"].mean(), "n": groups["n"].max(), "metrics": groups.size()})
    found = found.reset_index()
    complete = found["metrics"] == [len(study.task(target).primary_metrics) for target in found["target"]]
    return found[complete].drop(columns="metrics")


def over_languages(per_language: pd.DataFrame, expected: dict[tuple[str, str], set[str]], name: str) -> pd.DataFrame:
    """Per seed, the unweighted mean over languages; no row where a language is missing that other arms have."""
    left_out = {ENGLISH} if name == ZERO_SHOT else set()
    groups = per_language[~per_language["language"].isin(left_out)].groupby(["model", "split", "arm", "target", "seed"])
    found = pd.DataFrame({"score": groups["score"].mean(), "n": groups["n"].sum(), "languages": groups.size()})
    found = found.reset_index()
    wanted = [len(expected[place] - left_out) for place in zip(found["target"], found["split"], strict=True)]
    return found[found["languages"] == wanted].drop(columns="languages").assign(language=name)


def _over_seeds(per_seed: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds of the scores, and of the differences to the baseline's score with the same seed."""
    same = ["model", "split", "target", "language", "seed"]
    baseline = per_seed[per_seed["arm"] == BASELINE].rename(columns={"score": "baseline"})
    paired = per_seed.merge(baseline[[*same, "baseline"]], how="left", on=same)
    paired["gain"] = (paired["score"] - paired["baseline"]).where(paired["arm"] != BASELINE)
    groups = paired.sort_values([*_PLACE, "seed"]).groupby(_PLACE)
    return pd.DataFrame(
        {
            "score": groups["score"].mean(),
            "seeds": groups.size(),
            "gain": groups["gain"].mean(),
            "gain_seeds": groups["gain"].count(),
            "n": groups["n"].max(),
        }
    )


def _on_grid(cells: pd.DataFrame, study: Study, targets: list[str], languages: list[str]) -> pd.DataFrame:
    """Exactly the cells that the study asks for, in its order; NaN and no seeds where there are no scores."""
    places: list[list[str]] = [list(study.models), [*study.splits], arms_of(study), targets, languages]
    index: pd.MultiIndex = pd.MultiIndex.from_product(places, names=_PLACE)
    grid = cells.reindex(index).reset_index()
    counts = ["seeds", "gain_seeds", "n"]
    grid[counts] = grid[counts].fillna(0).astype("int64")
    return grid[CELL]
