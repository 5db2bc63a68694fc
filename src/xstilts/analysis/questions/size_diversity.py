"""Question 4: do more, or more diverse, intermediate data make gains hold across language families?

Tasks as they are cannot tell: size, diversity and format differ together between nine of them. It takes arms that train
on subsets of one task's data, which declare ``train_examples`` and, for subsets of one size, ``diversity``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from scipy import stats

from xstilts.analysis.answers import Answer, Estimate
from xstilts.analysis.estimates import rows
from xstilts.analysis.gains import gains_of
from xstilts.analysis.multiplicity import LEVEL
from xstilts.analysis.permutation import exact_spearman, spearman_interval
from xstilts.analysis.selection import task_arms
from xstilts.analysis.study_data import StudyData
from xstilts.analysis.trends import Curves, macro, spread, trend, worst
from xstilts.config.study import Study
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted, signed

MIN_SIZES, MIN_SEEDS, MIN_TASKS, MIN_LEVELS = 4, 3, 2, 3

_TITLE = "Size and diversity of the intermediate data, across families"
_HYPOTHESIS = "The more examples an intermediate task is trained on, the more is gained in the worst language family."
_NEEDED = (
    f"It takes arms that train on subsets of one task's data: at least {MIN_SIZES} sizes (train_examples) of each of "
    f"{MIN_TASKS} tasks in {MIN_SEEDS} seeds, in at least two language families."
)
_CANNOT = (
    "Between tasks as they are, size, diversity and format differ together: no difference between them is one of size.",
    "More examples with the same number of passes are more training steps too, unless the steps are fixed.",
    "The worst family's gain is a minimum: noise alone lowers it, at all sizes alike.",
    "A subset has an effect of its own: p holds where each seed draws subsets anew, as train_examples does.",
)
_WORDS = {"low": 0.0, "mid": 3.0, "high": 6.0}  # log2 of the clusters that examples come from: 1, 8, 64


def answer(study_data: StudyData, sizes: Mapping[str, int] | None = None) -> Answer:
    """Trends over sizes within a task, tested by permuting sizes within task and seed.

    ``sizes``: by intermediate task, the training examples of its arm, for the descriptive correlation between tasks.
    """
    cells, notes = _cells(study_data)
    declared = list(_curves(cells, "size"))
    curves = [curve for curve in declared if _long_enough(curve, MIN_SIZES)]
    data = {"curves": _long(cells)}
    secondary = [*_diversity(cells), *_between_tasks(study_data, cells, sizes or {})]
    if reason := _lacking(declared, len(curves)):
        return Answer(
            "q4", _TITLE, _HYPOTHESIS, "not identifiable", f"{reason} {_NEEDED}",
            secondary=rows(secondary, adjusted=True), robustness=rows([]), cannot=_CANNOT, notes=tuple(notes),
            data=data,
        )  # fmt: skip
    primary = trend("gain in the worst family", curves, worst)
    found = primary.p is not None and primary.p < LEVEL
    supported = found and primary.value > 0
    others = [trend("mean gain over families", curves, macro), trend("SD of gains across families", curves, spread)]
    return Answer(
        question="q4",
        title=_TITLE,
        hypothesis=_HYPOTHESIS,
        verdict="supported" if supported else "not supported",
        reason=_reason(primary, found),
        primary=primary,
        secondary=rows([*others, *_by_distance(study_data, curves, cells), *secondary], adjusted=True),
        robustness=rows(trend(f"{curve.task} alone", [curve], worst) for curve in curves),
        cannot=_CANNOT,
        notes=tuple(notes),
        data=data,
    )


def _reason(primary: Estimate, found: bool) -> str:
    text = (
        f"Twice the examples go with {signed(primary.value)} points of gain in the worst family (95 % interval "
        f"{signed(primary.low)} to {signed(primary.high)}; p = {primary.p:.3f} by permutation within task and seed)"
    )
    if not found:
        return f"{text}: no trend can be told from none."
    return f"{text}." if primary.value > 0 else f"{text}: the opposite of what was expected."


def _declared(study: Study) -> pd.DataFrame:
    """A row per arm that says how many examples it trains on: arm, task, log2 of size, diversity (NaN: as it is)."""
    found = []
    for arm, section in study.arms.items():
        examples = getattr(section, "train_examples", None)
        if examples and section.tasks:
            level = getattr(section, "diversity", None)
            known = np.nan if level is None else _WORDS.get(level, np.nan) if isinstance(level, str) else float(level)
            found.append((arm, "+".join(section.tasks), np.log2(examples), known))
    return pd.DataFrame(found, columns=["arm", "task", "size", "diversity"])


def _cells(study_data: StudyData) -> tuple[pd.DataFrame, list[str]]:
    """arm, seed, family, gain: the mean over targets of the mean gain over the family's languages; first model.

    Only languages of targets that all arms and seeds concerned have count, so that no arm is compared on others.
    """
    model = next(iter(study_data.study.models))
    gains = gains_of(study_data)
    arms = {*task_arms(study_data.study), *_declared(study_data.study)["arm"]}
    gains = gains[(gains["model"] == model) & (gains["language"] != ENGLISH) & gains["arm"].isin(arms)]
    counts = gains.groupby(["target", "language"]).size().rename("runs").reset_index()
    partial = counts["runs"] < len(gains[["arm", "seed"]].drop_duplicates())
    notes = [f"{target} in '{language}' is left out: not every arm and seed has it."
             for target, language in counts.loc[partial, ["target", "language"]].itertuples(index=False)]  # fmt: skip
    kept = gains.merge(counts.loc[~partial, ["target", "language"]])
    families = study_data.languages["family"] if "family" in study_data.languages else pd.Series(dtype=object)
    kept["family"] = kept["language"].map(families)
    per_target = kept.groupby(["arm", "seed", "target", "family"], as_index=False)["gain"].mean()
    cells = per_target.groupby(["arm", "seed", "family"], as_index=False)["gain"].mean()
    return cells.merge(_declared(study_data.study), how="left", on="arm"), notes


def _curves(cells: pd.DataFrame, by: str) -> Iterator[Curves]:
    """By task: sizes of data as they are, or diversities at the size that has most of them."""
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


def _long_enough(curve: Curves, least: int) -> bool:
    levels, seeds, families = curve.gains.shape
    return levels >= least and seeds >= MIN_SEEDS and families >= 2


def _lacking(curves: list[Curves], enough: int) -> str:
    """What keeps the trend from being identified, of all curves and the number of those that are long enough."""
    if enough >= MIN_TASKS:
        return ""
    if not curves:
        return "No arm of this study declares how many examples it trains on."
    levels, seeds, families = max(curves, key=lambda curve: curve.gains.size).gains.shape
    most = f"{counted(levels, 'size')}, {counted(seeds, 'seed')} and {counted(families, 'family')}"
    return f"{counted(enough, 'task')} of this study has enough sizes and seeds; the longest series has {most}."


def _diversity(cells: pd.DataFrame) -> list[Estimate]:
    curves = [curve for curve in _curves(cells, "diversity") if _long_enough(curve, MIN_LEVELS)]
    if len(curves) < MIN_TASKS:
        return []
    return [trend("gain in the worst family, by diversity", curves, worst, "points per doubling of clusters")]


def _by_distance(study_data: StudyData, curves: list[Curves], cells: pd.DataFrame) -> list[Estimate]:
    """How the slope on size changes with a family's mean distance to English."""
    if "distance" not in study_data.languages:
        return []
    distance = (
        study_data.languages.groupby("family")["distance"].mean().reindex(sorted(cells["family"].dropna().unique()))
    )
    if distance.isna().any() or distance.std() == 0 or any(c.gains.shape[2] != len(distance) for c in curves):
        return []
    z = stats.zscore(distance.to_numpy())
    unit = "points per doubling and SD of distance"
    return [trend("slope on size by distance of the family", curves, lambda gains: (gains @ z / len(z)).mean(-1), unit)]


def _between_tasks(study_data: StudyData, cells: pd.DataFrame, sizes: Mapping[str, int]) -> list[Estimate]:
    """Descriptive: Spearman's correlation, over single-task arms, of size and gain in the worst family."""
    arms = task_arms(study_data.study)
    own = {arm: getattr(study_data.study.arms[arm], "train_examples", None) for arm in arms}
    known = {arm: size for arm, task in arms.items() if (size := own[arm] or sizes.get(task))}
    table = cells[cells["arm"].isin(known)].groupby(["arm", "seed"])["gain"].min().groupby("arm").mean()
    if len(table) < 4:
        return []
    rho, p = exact_spearman(np.log2(table.index.map(known).to_numpy(float)), table.to_numpy(), np.random.default_rng(1))
    if np.isnan(rho):
        return []
    low, high = spearman_interval(rho, len(table))
    words = f"{len(table)} single-task arms, descriptive"
    return [Estimate("size and gain in the worst family, between tasks", rho, low, high, "Spearman's rho", p, words)]


def _long(cells: pd.DataFrame) -> pd.DataFrame:
    """A line per task and family, and one for the worst family; ``size`` in examples, NaN where not declared."""
    worst = cells.groupby(["arm", "seed"], as_index=False).agg(
        gain=("gain", "min"), task=("task", "first"), size=("size", "first"), diversity=("diversity", "first")
    )
    both = pd.concat([cells, worst.assign(family="worst")], ignore_index=True)
    both["size"] = 2 ** both["size"]
    key = ["arm", "task", "size", "diversity", "family"]
    return both.groupby(key, dropna=False, as_index=False).agg(gain=("gain", "mean"), seeds=("seed", "nunique"))
