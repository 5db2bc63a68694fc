"""Question 4: does more, or more diverse, intermediate data make gains hold across language families?

Nine different tasks cannot answer this: size, diversity and format all differ between them. A test needs arms that
train on subsets of one task's data, which declare ``train_examples`` and, for subsets of one size, ``diversity``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from scipy import stats

from xstilts.analysis.answers import Answer, Estimate, Evidence
from xstilts.analysis.covariates import with_covariates, with_known
from xstilts.analysis.estimates import estimate_table
from xstilts.analysis.gains import gains_of
from xstilts.analysis.permutation import spearman_interval, spearman_test
from xstilts.analysis.selection import task_arms
from xstilts.analysis.study_data import StudyData
from xstilts.analysis.trends import Curves, left_out_errors, mean_gain, sd_across_families, trend, worst_family_gain
from xstilts.analysis.verdicts import LEVEL, decide
from xstilts.config.study import Study
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted, signed

MIN_SIZES, MIN_TASKS, MIN_LEVELS = 4, 2, 3

_TITLE = "Size and diversity of the intermediate data, across families"
_HYPOTHESIS = "The more examples an intermediate task is trained on, the larger the gain in the worst language family."
_NEEDED = (
    f"A test needs arms that train on subsets of one task's data: at least {MIN_SIZES} sizes (train_examples) of each "
    f"of {MIN_TASKS} tasks, in at least two language families."
)
_CANNOT = (
    "Between tasks, size, diversity and format all differ: differences between tasks are not effects of size.",
    "More examples with the same number of passes are more training steps too, unless the steps are fixed.",
    "The worst family's gain is a minimum: noise alone lowers it, equally at all sizes.",
)
_LEVELS = {"low": 0.0, "mid": 3.0, "high": 6.0}  # log2 of the clusters that examples come from: 1, 8, 64


def answer(study_data: StudyData, sizes: Mapping[str, int] | None = None) -> Answer:
    """Estimate trends over sizes within tasks, tested by t over subsets.

    Args:
        study_data: The study's results.
        sizes: By intermediate task, the training examples of its arm, for the descriptive correlation between tasks.
    """
    cells, notes = _cells(study_data)
    declared = list(_curves(cells, "size"))
    curves = [curve for curve in declared if _is_long_enough(curve, MIN_SIZES)]
    data = {"curves": _curve_frame(cells)}
    secondary = [*_diversity(cells), *_between_tasks(study_data, cells, sizes or {})]
    if reason := _why_not_identifiable(declared, len(curves)):
        return Answer(
            "q4", _TITLE, _HYPOTHESIS, "not identifiable", f"{reason} {_NEEDED}",
            secondary=estimate_table(secondary, adjusted=True), robustness=estimate_table([]), cannot=_CANNOT,
            notes=tuple(notes), data=data,
        )  # fmt: skip
    primary = trend("gain in the worst family", curves, worst_family_gain)
    evidence = _evidence(primary, curves)
    verdict, why = decide(evidence)
    responses = {"mean gain over families": mean_gain}
    if evidence.seeds > 1:
        responses["SD of gains across families"] = sd_across_families
    others = [trend(name, curves, response) for name, response in responses.items()]
    by_distance, distance_notes = _by_distance(study_data, cells)
    return Answer(
        question="q4",
        title=_TITLE,
        hypothesis=_HYPOTHESIS,
        verdict=verdict,
        reason=f"{_reason(primary)} {why}".strip(),
        primary=primary,
        evidence=evidence,
        secondary=estimate_table([*others, *by_distance, *secondary], adjusted=True),
        robustness=estimate_table(trend(f"{curve.task} alone", [curve], worst_family_gain) for curve in curves),
        cannot=_CANNOT,
        notes=(*notes, *distance_notes),
        data=data,
    )


def _evidence(primary: Estimate, curves: list[Curves]) -> Evidence:
    """The test of the trend, and the errors of predicting the gain from a subset with and without its size."""
    error, without = left_out_errors(curves, worst_family_gain)
    return Evidence(
        p=float("nan") if primary.p is None else primary.p,
        as_hypothesised=primary.value > 0,
        seeds=min(curve.gains.shape[1] for curve in curves),
        left_out="subsets",
        error=error,
        rivals={"the means of tasks": without},
    )


def _reason(primary: Estimate) -> str:
    text = (
        f"Twice the examples go with {signed(primary.value)} points of gain in the worst family (95 % interval "
        f"{signed(primary.low)} to {signed(primary.high)}; p = {primary.p:.3f}, by t over subsets)"
    )
    if primary.p is None or not primary.p < LEVEL:
        return f"{text}: not significant."
    return f"{text}." if primary.value > 0 else f"{text}: the opposite of the hypothesis."


def _declared(study: Study) -> pd.DataFrame:
    """A row per arm that declares its number of examples: arm, task, log2 of size, diversity (NaN if not declared)."""
    rows = []
    for arm, section in study.arms.items():
        examples = getattr(section, "train_examples", None)
        if examples and section.tasks:
            level = getattr(section, "diversity", None)
            value = np.nan if level is None else _LEVELS.get(level, np.nan) if isinstance(level, str) else float(level)
            rows.append((arm, "+".join(section.tasks), np.log2(examples), value))
    return pd.DataFrame(rows, columns=["arm", "task", "size", "diversity"])


def _cells(study_data: StudyData) -> tuple[pd.DataFrame, list[str]]:
    """arm, seed, family, gain of the first model, with :func:`_declared`; and notes on what is left out.

    The gain is the mean over targets of the mean over the family's languages. A language of a target is used only if
    all arms and seeds concerned have it, so that all arms are compared on the same languages. A language of unknown
    family is left out: as a family of its own it would make the minimum over families one over more of them.
    """
    study = study_data.study
    gains = gains_of(study_data)
    arms = {*task_arms(study), *_declared(study)["arm"]}
    gains = gains[
        (gains["model"] == next(iter(study.models))) & (gains["language"] != ENGLISH) & gains["arm"].isin(arms)
    ]
    known, notes = with_known(with_covariates(study_data.languages), gains["language"], ["family"])
    gains = gains[gains["language"].isin(known.index)]
    counts = gains.groupby(["target", "language"]).size().rename("runs").reset_index()
    partial = counts["runs"] < len(gains[["arm", "seed"]].drop_duplicates())
    for target, language in counts.loc[partial, ["target", "language"]].itertuples(index=False):
        notes.append(f"{target} in '{language}' is left out: not every arm and seed has it.")
    gains = gains.merge(counts.loc[~partial, ["target", "language"]])
    gains["family"] = gains["language"].map(known["family"])
    per_target = gains.groupby(["arm", "seed", "target", "family"], as_index=False)["gain"].mean()
    cells = per_target.groupby(["arm", "seed", "family"], as_index=False)["gain"].mean()
    return cells.merge(_declared(study), how="left", on="arm"), notes


def _curves(cells: pd.DataFrame, by: str) -> Iterator[Curves]:
    """By task: over sizes of undivided data, or over diversities at the size that has most of them."""
    declared = cells.dropna(subset=["size"])
    for task, of_task in declared.groupby("task"):
        if by == "size":
            chosen = of_task[of_task["diversity"].isna()]
        else:
            levels = of_task.dropna(subset=["diversity"])
            counts = levels.groupby("size")["diversity"].nunique()
            chosen = levels[levels["size"] == counts.idxmax()] if len(counts) else levels
        chosen = chosen[chosen["arm"].isin(chosen.groupby(by)["arm"].first())]
        if chosen.empty:
            continue
        table = chosen.pivot(index=[by], columns=["seed", "family"], values="gain").dropna(axis=1)
        seeds, families = (table.columns.get_level_values(name).unique() for name in ("seed", "family"))
        if len(table.columns) == len(seeds) * len(families) > 0:
            values = table.sort_index(axis=1).to_numpy().reshape(len(table), len(seeds), len(families))
            yield Curves(str(task), table.index.to_numpy(dtype=float), values)


def _is_long_enough(curve: Curves, least: int) -> bool:
    levels, _, families = curve.gains.shape
    return levels >= least and families >= 2


def _why_not_identifiable(curves: list[Curves], enough: int) -> str:
    """What the study lacks to identify the trend; empty where nothing is missing.

    Args:
        curves: All curves over sizes.
        enough: The number of those that are long enough.
    """
    if enough >= MIN_TASKS:
        return ""
    if not curves:
        return "No arm of this study declares how many examples it trains on."
    levels, seeds, families = max(curves, key=lambda curve: curve.gains.size).gains.shape
    longest = f"{counted(levels, 'size')}, {counted(seeds, 'seed')} and {counted(families, 'family')}"
    return f"{counted(enough, 'task')} of this study has enough sizes; the longest series has {longest}."


def _diversity(cells: pd.DataFrame) -> list[Estimate]:
    curves = [curve for curve in _curves(cells, "diversity") if _is_long_enough(curve, MIN_LEVELS)]
    if len(curves) < MIN_TASKS:
        return []
    name, unit = "gain in the worst family, by diversity", "points per doubling of clusters"
    return [trend(name, curves, worst_family_gain, unit)]


def _by_distance(study_data: StudyData, cells: pd.DataFrame) -> tuple[list[Estimate], list[str]]:
    """How the slope on size depends on a family's mean distance to English; and notes on families left out."""
    languages = study_data.languages
    if "distance" not in languages:
        return [], []
    distance = languages.groupby("family")["distance"].mean().reindex(sorted(cells["family"].unique()))
    notes = [
        f"{family} is left out of the slope by distance: the distance to English of its languages is not known."
        for family in distance.index[distance.isna()]
    ]
    distance = distance.dropna()
    curves = [
        curve
        for curve in _curves(cells[cells["family"].isin(distance.index)], "size")
        if _is_long_enough(curve, MIN_SIZES)
    ]
    incomplete = any(curve.gains.shape[2] != len(distance) for curve in curves)
    if len(curves) < MIN_TASKS or incomplete or distance.std() == 0:
        return [], notes
    z = stats.zscore(distance.to_numpy())
    name, unit = "slope on size by distance of the family", "points per doubling and SD of distance"
    return [trend(name, curves, lambda gains: (gains @ z / len(z)).mean(-1), unit)], notes


def _between_tasks(study_data: StudyData, cells: pd.DataFrame, sizes: Mapping[str, int]) -> list[Estimate]:
    """Descriptive: Spearman's correlation, over single-task arms, of size and gain in the worst family."""
    arms = task_arms(study_data.study)
    own = {arm: getattr(study_data.study.arms[arm], "train_examples", None) for arm in arms}
    known = {arm: size for arm, task in arms.items() if (size := own[arm] or sizes.get(task))}
    table = cells[cells["arm"].isin(known)].groupby(["arm", "seed"])["gain"].min().groupby("arm").mean()
    if len(table) < 4:
        return []
    rho, p = spearman_test(np.log2(table.index.map(known).to_numpy(float)), table.to_numpy(), np.random.default_rng(1))
    if np.isnan(rho):
        return []
    low, high = spearman_interval(rho, len(table))
    n = f"{len(table)} single-task arms, descriptive"
    return [Estimate("size and gain in the worst family, between tasks", rho, low, high, "Spearman's rho", p, n)]


def _curve_frame(cells: pd.DataFrame) -> pd.DataFrame:
    """A line per task and family, and one for the worst family; ``size`` in examples, NaN where not declared."""
    worst = cells.groupby(["arm", "seed"], as_index=False).agg(
        gain=("gain", "min"), task=("task", "first"), size=("size", "first"), diversity=("diversity", "first")
    )
    table = pd.concat([cells, worst.assign(family="worst")], ignore_index=True)
    table["size"] = 2 ** table["size"]
    keys = ["arm", "task", "size", "diversity", "family"]
    return table.groupby(keys, dropna=False, as_index=False).agg(gain=("gain", "mean"), seeds=("seed", "nunique"))
