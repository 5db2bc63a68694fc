"""Question 4: does more, or more diverse, intermediate data make gains hold across language families?

Nine different tasks cannot answer this: size, diversity and format all differ between them. A test needs arms that
train on subsets of one task's data: ``train_examples`` says how many examples, ``choose`` which ones. How diverse these
are is measured by the jobs that train on them (Vendi score, :mod:`xstilts.data.text_space`).
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
from xstilts.config.factors import Arm
from xstilts.config.study import Study
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted, signed

MIN_SIZES, MIN_TASKS, MIN_FREE = 4, 2, 3  # MIN_FREE: subsets beyond those that effects and slope take

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


def answer(
    study_data: StudyData, sizes: Mapping[str, int] | None = None, diversity: Mapping[str, float] | None = None
) -> Answer:
    """Estimate trends over sizes within tasks, tested by t over subsets.

    Args:
        study_data: The study's results.
        sizes: By intermediate task, all its training examples: the size of an arm that trains on all of them.
        diversity: By arm that trains on a subset, the Vendi score of its examples.
    """
    cells, notes = _cells(study_data, sizes or {}, diversity or {})
    declared = list(_curves_by_size(cells))
    curves = [curve for curve in declared if _is_long_enough(curve, MIN_SIZES)]
    data = {"curves": _curve_frame(cells)}
    secondary = [*_diversity(cells), *_between_tasks(study_data, cells, sizes or {})]
    if reason := _why_not_identifiable(declared, len({curve.task.partition(",")[0] for curve in curves})):
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


def _declared(study: Study, sizes: Mapping[str, int], diversity: Mapping[str, float]) -> pd.DataFrame:
    """A row per arm that trains on a subset, or on all of a task that others train on subsets of.

    Returns:
        arm; task; how the examples are chosen; log2 of the size and of the Vendi score (NaN where not measured).
    """
    arms = {arm: section for arm, section in study.arms.items() if section.tasks and not _has_domain(section)}
    divided = {tuple(section.tasks) for section in arms.values() if section.train_examples}
    rows = []
    for arm, section in arms.items():
        whole = sizes.get(section.tasks[0]) if len(section.tasks) == 1 else None
        size = section.train_examples or whole
        if tuple(section.tasks) in divided and size:
            score = diversity.get(arm, np.nan)
            rows.append((arm, "+".join(section.tasks), section.choose.how, np.log2(size), np.log2(score)))
    return pd.DataFrame(rows, columns=["arm", "task", "how", "size", "diversity"])


def _has_domain(arm: Arm) -> bool:
    """Whether an arm's examples differ from those of others in more than size and diversity: in domain or language."""
    return arm.choose.how == "domain" or arm.languages != [ENGLISH]


def _cells(
    study_data: StudyData, sizes: Mapping[str, int], diversity: Mapping[str, float]
) -> tuple[pd.DataFrame, list[str]]:
    """arm, seed, family, gain of the first model, with :func:`_declared`; and notes on what is left out.

    The gain is the mean over targets of the mean over the family's languages. A language of a target is used only if
    all arms and seeds concerned have it, so that all arms are compared on the same languages. A language of unknown
    family is left out: as a family of its own it would make the minimum over families one over more of them.
    """
    study = study_data.study
    gains, declared = gains_of(study_data), _declared(study, sizes, diversity)
    arms = {*task_arms(study), *declared["arm"]}
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
    return cells.merge(declared, how="left", on="arm"), notes


def _curves_by_size(cells: pd.DataFrame) -> Iterator[Curves]:
    """Curves over sizes, one per task and way of choosing; a whole task is the end of its random subsets' curve."""
    for (task, how), chosen in cells.dropna(subset=["size"]).groupby(["task", "how"]):
        yield from _curve(str(task) if how == "random" else f"{task}, {how}", chosen, "size")


def _curves_by_diversity(cells: pd.DataFrame) -> Iterator[Curves]:
    """Curves over measured diversities, one per task and size."""
    for (task, _), of_size in cells.dropna(subset=["size", "diversity"]).groupby(["task", "size"]):
        yield from _curve(f"{task}, {2 ** of_size['size'].iloc[0]:.0f}", of_size, "diversity")


def _curve(name: str, chosen: pd.DataFrame, by: str) -> Iterator[Curves]:
    """The curve over the levels of a column, with the families that every level and seed has; none if there is none."""
    chosen = chosen[chosen["arm"].isin(chosen.groupby(by)["arm"].first())]
    if chosen.empty:
        return
    table = chosen.pivot(index=[by], columns=["seed", "family"], values="gain").dropna(axis=1)
    seeds, families = (table.columns.get_level_values(level).unique() for level in ("seed", "family"))
    if len(table.columns) == len(seeds) * len(families) > 0:
        values = table.sort_index(axis=1).to_numpy().reshape(len(table), len(seeds), len(families))
        yield Curves(name, table.index.to_numpy(dtype=float), values)


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
    """The trend over measured diversities at equal size, if enough subsets differ in their diversity alone."""
    curves = [curve for curve in _curves_by_diversity(cells) if _is_long_enough(curve, 2)]
    tasks = {curve.task.partition(",")[0] for curve in curves}
    if len(tasks) < MIN_TASKS or sum(len(curve.x) - 1 for curve in curves) - 1 < MIN_FREE:
        return []
    name, unit = "gain in the worst family, by diversity", "points per doubling of the Vendi score"
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
        for curve in _curves_by_size(cells[cells["family"].isin(distance.index)])
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
    own = {arm: study_data.study.arms[arm].train_examples for arm in arms}
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
    """A line per task and family, and one for the worst family; ``size`` in examples, NaN where not known."""
    worst = cells.groupby(["arm", "seed"], as_index=False).agg(
        gain=("gain", "min"), task=("task", "first"), how=("how", "first"), size=("size", "first"),
        diversity=("diversity", "first"),
    )  # fmt: skip
    table = pd.concat([cells, worst.assign(family="worst")], ignore_index=True)
    table["size"] = 2 ** table["size"]
    keys = ["arm", "task", "how", "size", "diversity", "family"]
    return table.groupby(keys, dropna=False, as_index=False).agg(gain=("gain", "mean"), seeds=("seed", "nunique"))
