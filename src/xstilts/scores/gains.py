"""Task scores, gains over the baseline, and averages. Missing scores are never imputed.

A task's score in a language is the mean of its primary metrics; the task's score is the unweighted mean of that over
the languages, English included, as in XTREME's ``evaluate.py`` (Hu et al. 2020, arXiv 2003.11080). Gains are computed
seed by seed and then averaged over the seeds that both arms have. The average and the groups of the study's benchmark,
XTREME or XTREME-R, are over its tasks alone; other targets of a study are in neither.

Frames here have one row per *cell*, with the columns :data:`CELL`: ``score`` and ``gain`` in points (NaN where there is
none; the baseline has no gain), the number of seeds behind each (``seeds``, ``gain_seeds``), the number ``n`` of
examples scored per seed, the score of guessing (``chance``), and the number of seeds that are left out because their
run has not learnt its training set (``flagged``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.typing import DataFrameGroupBy

from xstilts.config.study import BASELINE, Study
from xstilts.scores.chance import chance
from xstilts.scores.flags import usable
from xstilts.tasks.benchmarks import AVERAGE

ALL = "mean"  # as a language: the unweighted mean over all languages, English included
ZERO_SHOT = "zero-shot"  # as a language: the unweighted mean over all languages that fine-tuning has no examples of

_PLACE = ["model", "split", "arm", "target", "language"]
CELL = [*_PLACE, "score", "seeds", "gain", "gain_seeds", "n", "chance", "flagged"]


def targets_of(study: Study) -> list[str]:
    """Return the study's targets: its benchmark's in that one's order, then all others in the study's order."""
    return [*benchmark_targets(study), *own_targets(study)]


def benchmark_targets(study: Study) -> list[str]:
    """Return those of the benchmark's target tasks that the study has, in the benchmark's order."""
    return [target for target in study.suite.targets if target in study.targets]


def own_targets(study: Study) -> list[str]:
    """Return the study's targets that are not among the benchmark's, in the study's order."""
    return [target for target in study.targets if target not in study.suite.targets]


def targets_with_average(study: Study) -> list[str]:
    """Return :func:`targets_of`, followed by ``AVERAGE`` if the study has any of its benchmark's targets."""
    return [*targets_of(study), *([AVERAGE] if benchmark_targets(study) else [])]


def arms_of(study: Study) -> list[str]:
    """Return the baseline, then the other arms in the study's order, controls last."""
    others = [arm for arm in study.arms if arm != BASELINE]
    return [BASELINE, *sorted(others, key=lambda arm: is_control(arm, study))]


def is_control(arm: str, study: Study) -> bool:
    """Return whether the arm starts from random weights, so that its scores owe nothing to pretraining."""
    return study.arms[arm].weights == "random"


def with_study_splits(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Name splits as in the study: a test split scored in place of a missing dev split is called dev."""
    in_study = scores["split"].isin(study.splits)
    return scores.assign(split=scores["split"].where(in_study, study.splits[0]))


def scored_languages(scores: pd.DataFrame) -> dict[tuple[str, str], set[str]]:
    """Return the languages with any score, by target and split. Some dev splits have fewer than the test split."""
    groups = scores.groupby(["target", "split"])["language"]
    return {(str(target), str(split)): set(languages) for (target, split), languages in groups}


def task_cells(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Compute task scores and gains, and the benchmark's average of them.

    Args:
        scores: Rows of schema :data:`xstilts.scores.score_files.SCORES`; flagged ones are counted and left out.
        study: The study that the scores are of.

    Returns:
        Cells of every model, split, arm and target, with language :data:`ALL`, then those of ``AVERAGE`` if the study
        has any of its benchmark's targets. An arm has a task score where it is scored in every language of the target
        that any arm is scored in, and an average where it has a score (or gain) for every such target in the study.
    """
    cells = _target_cells(scores, study)
    means = [_mean_over_targets(cells, AVERAGE, benchmark_targets(study))] if benchmark_targets(study) else []
    both = pd.concat([cells, *means]).set_index(_PLACE)
    return _on_grid(both, scores, study, targets_with_average(study))


def groups_of(study: Study) -> dict[str, list[str]]:
    """Return the study's targets by the benchmark's group; a group that the study has no target of is left out."""
    groups = {
        group: [target for target in targets_of(study) if target in tasks]
        for group, tasks in study.suite.groups.items()
    }
    return {group: targets for group, targets in groups.items() if targets}


def group_cells(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Compute scores and gains on the benchmark's groups of tasks.

    Returns:
        Cells of every model, split, arm and group, named in the column ``target``, then those of ``AVERAGE``; none if
        the study has no target of its benchmark's. A group's score is the unweighted mean over the study's targets in
        it, where the arm has a score for each.
    """
    cells = _target_cells(scores, study)
    if not benchmark_targets(study):
        return cells[:0]
    groups = {**groups_of(study), AVERAGE: benchmark_targets(study)}
    means = [_mean_over_targets(cells, name, targets) for name, targets in groups.items()]
    return _on_grid(pd.concat(means).set_index(_PLACE), scores, study, list(groups))


def language_cells(scores: pd.DataFrame, study: Study) -> dict[str, pd.DataFrame]:
    """Compute the scores and gains by language.

    Returns:
        By target, cells of every model, split, arm and language, then those of the means :data:`ZERO_SHOT` and
        :data:`ALL`.
    """
    of_usable = with_study_splits(usable(scores), study)
    per_language, expected = by_language(of_usable, study), scored_languages(of_usable)
    means = [over_languages(per_language, expected, ALL), over_languages(per_language, expected, ZERO_SHOT, study)]
    per_seed = pd.concat([per_language, *means], ignore_index=True)
    languages = {target: [*study.languages(target), ZERO_SHOT, ALL] for target in targets_of(study)}
    cells = _on_grid(_over_seeds(per_seed), scores, study, list(languages), languages)
    return {target: cells[cells["target"] == target].reset_index(drop=True) for target in languages}


def _target_cells(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    of_usable = with_study_splits(usable(scores), study)
    per_seed = over_languages(by_language(of_usable, study), scored_languages(of_usable), ALL)
    return _on_grid(_over_seeds(per_seed), scores, study, targets_of(study))


def _mean_over_targets(cells: pd.DataFrame, name: str, targets: list[str]) -> pd.DataFrame:
    """Average cells over some of their targets, unweighted; NaN where one of them is NaN."""
    mean = mean_cells(cells[cells["target"].isin(targets)].groupby(["model", "split", "arm"], sort=False))
    return mean.reset_index().assign(target=name, language=ALL)


def mean_cells(groups: DataFrameGroupBy[Any, Any]) -> pd.DataFrame:
    """Average each group of cells: unweighted means, NaN where one cell is NaN, and the smallest number of seeds."""
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
    """Average the primary metrics per seed and language; no row where one of them is missing."""
    metrics = {target: study.task(target).primary_metrics for target in scores["target"].unique()}
    pairs = [(target, metric) for target, of_target in metrics.items() for metric in of_target]
    primary = pd.MultiIndex.from_frame(scores[["target", "metric"]]).isin(pairs)
    rows = scores[primary].sort_values("metric", kind="stable")  # sums are in this order, whatever that of the rows
    groups = rows.groupby([*_PLACE, "seed"])
    means = pd.DataFrame({"score": groups["score"].mean(), "n": groups["n"].max(), "metrics": groups.size()})
    means = means.reset_index()
    complete = means["metrics"] == means["target"].map({target: len(names) for target, names in metrics.items()})
    return means[complete].drop(columns="metrics")


def primary_scores(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Average the primary metrics per cell and seed, in points; no row where one of them is missing or NaN."""
    return by_language(with_study_splits(scores.dropna(subset=["score"]), study), study)


def over_languages(
    per_language: pd.DataFrame, expected: dict[tuple[str, str], set[str]], name: str, study: Study | None = None
) -> pd.DataFrame:
    """Average per seed over languages, unweighted; no row where a language is missing that other arms have.

    Args:
        per_language: What :func:`by_language` returns.
        expected: What :func:`scored_languages` returns for the same scores.
        name: The mean's name in the column ``language``.
        study: Leave out the languages that its fine-tuning has examples of, English among them; None: leave out none.
    """
    targets = per_language["target"].unique()
    left_out = {target: study.taught(target) if study else frozenset() for target in targets}
    unwanted = [(target, language) for target, languages in left_out.items() for language in languages]
    counted = ~pd.MultiIndex.from_frame(per_language[["target", "language"]]).isin(unwanted)
    groups = per_language[counted].groupby(["model", "split", "arm", "target", "seed"])
    means = pd.DataFrame({"score": groups["score"].mean(), "n": groups["n"].sum(), "languages": groups.size()})
    means = means.reset_index()
    counts = [len(expected[place] - left_out[place[0]]) for place in zip(means["target"], means["split"], strict=True)]
    return means[means["languages"] == counts].drop(columns="languages").assign(language=name)


def _over_seeds(per_seed: pd.DataFrame) -> pd.DataFrame:
    """Average the scores over seeds, and the differences to the baseline's score with the same seed."""
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


def _on_grid(
    cells: pd.DataFrame,
    scores: pd.DataFrame,
    study: Study,
    targets: Sequence[str],
    languages: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Put cells on the study's full grid, in its order; NaN and no seeds where there are no scores.

    Args:
        cells: The cells that there are.
        scores: What they have been computed from.
        study: The study.
        targets: The targets of the grid.
        languages: By target, its languages in the grid; None: :data:`ALL` alone.
    """
    of_targets = [(target, language) for target in targets for language in (languages or {}).get(target, [ALL])]
    places = product(study.models, study.splits, arms_of(study), of_targets)
    index = pd.MultiIndex.from_tuples([(*place, *of_target) for *place, of_target in places], names=_PLACE)
    grid = cells.reindex(index).reset_index()
    counts = ["seeds", "gain_seeds", "n"]
    grid[counts] = grid[counts].fillna(0).astype("int64")
    flagged = with_study_splits(scores[scores["flag"].notna()], study)
    of_language = flagged.groupby(_PLACE)["seed"].nunique().to_dict()
    of_any = flagged.groupby(_PLACE[:-1])["seed"].nunique().to_dict()
    grid["flagged"] = [
        of_any.get(place[:-1], 0) if place[-1] in (ALL, ZERO_SHOT) else of_language.get(place, 0)
        for place in grid[_PLACE].itertuples(index=False, name=None)
    ]
    grid["chance"] = grid["target"].map({target: mean_chance(target, study) for target in targets})
    return grid[CELL]


def mean_chance(name: str, study: Study) -> float:
    """Return the score of guessing on a target; of a group of targets or the average, the mean over its targets."""
    targets = {**groups_of(study), AVERAGE: benchmark_targets(study)}.get(name, [name])
    return float(np.mean([chance(study.task(target)) for target in targets]))
