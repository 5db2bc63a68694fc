"""Question 3: does an intermediate task help more, the more its text is like the target's?

Unit is the cell of the matrix intermediate task x target: the mean gain over the languages but English, against the
similarity of the English texts of both sides, so that no language is mixed in. Rows and columns have effects of their
own; what is left is regressed on similarity and on whether the two tasks have one format.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from xstilts.analysis.answers import Answer, Estimate
from xstilts.analysis.deltas import deltas
from xstilts.analysis.estimates import rows
from xstilts.analysis.multiplicity import LEVEL
from xstilts.analysis.permutation import double_centred, dyadic
from xstilts.analysis.selection import similarity_of, task_arms
from xstilts.analysis.study_data import StudyData
from xstilts.tasks.benchmarks import GROUPS
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TARGET_TASKS
from xstilts.wording import counted, signed

MIN_SIDE = 6
PRIMARY, SECOND = "jsd", "cosine_centred"

_TITLE = "Likeness of domain and the gain"
_HYPOTHESIS = (
    "An intermediate task gains more on targets whose English text is more like its own, beyond what the task and the "
    "target gain on the whole and beyond their having one format."
)
_CANNOT = (
    "Domain and format go together: what remains after the covariate for equal formats may still be format.",
    "Nine tasks were not drawn from a population of tasks; the result is about these.",
    "Similarity of words says nothing on where it comes from: topic, register, sentence length or annotation.",
)
_UNIT = "points per SD of similarity"


def answer(study_data: StudyData) -> Answer:
    """Two-way regression with a permutation of rows and columns; of the study's first model."""
    models = list(study_data.study.models)
    grids = {model: _grid(study_data, model) for model in models}
    data = {"matrix": pd.concat([_drawn(grid, model) for model, grid in grids.items()], ignore_index=True)}
    primary_grid, notes = _complete(grids[models[0]], ["delta", PRIMARY])
    found = _estimate("similarity of words (JSD)", primary_grid, PRIMARY) if _large(primary_grid) else None
    if found is None:
        return _unidentifiable(_why_not(study_data, primary_grid), notes, data)
    supported = found.p is not None and found.p < LEVEL and found.value > 0
    return Answer(
        question="q3",
        title=_TITLE,
        hypothesis=_HYPOTHESIS,
        verdict="supported" if supported else "not supported",
        reason=_reason(found, supported),
        primary=found,
        secondary=rows(_secondary(grids[models[0]]), adjusted=True),
        robustness=rows([*_subsets(primary_grid), *_other_models(grids)]),
        cannot=_CANNOT,
        notes=tuple(notes),
        data=data,
    )


def _unidentifiable(reason: str, notes: Sequence[str], data: dict[str, pd.DataFrame]) -> Answer:
    return Answer(
        "q3", _TITLE, _HYPOTHESIS, "not identifiable", reason,
        secondary=rows([], adjusted=True), robustness=rows([]), cannot=_CANNOT, notes=tuple(notes), data=data,
    )  # fmt: skip


def _why_not(study_data: StudyData, grid: pd.DataFrame) -> str:
    if similarity_of(study_data, next(iter(study_data.study.models)), PRIMARY).empty:
        return "The similarity of the data sets was not measured."
    if _large(grid):
        flat = double_centred(_matrix(grid, "delta")).std() < 1e-12
        return (
            f"{'Gains do' if flat else 'Similarity does'} not vary beyond what rows, columns and equal formats explain."
        )
    sides = f"{counted(grid['arm'].nunique(), 'intermediate task')} and {counted(grid['target'].nunique(), 'target')}"
    return f"Without holes there are {sides}; it takes at least {MIN_SIDE} of either."


def _reason(found: Estimate, supported: bool) -> str:
    text = (
        f"One SD more similarity goes with {signed(found.value)} points of gain (95 % interval {signed(found.low)} to "
        f"{signed(found.high)}; p = {found.p:.3f} by permutation of rows and columns)"
    )
    if supported:
        return f"{text}."
    opposite = found.p is not None and found.p < LEVEL
    return f"{text}: the opposite of what was expected." if opposite else f"{text}: no link can be told from none."


def _grid(study_data: StudyData, model: str) -> pd.DataFrame:
    """A row per single-task arm and target: mean gain beyond English, gain in English, similarities, equal format.

    A gain over fewer languages than other arms have is none (NaN).
    """
    arms, cells = task_arms(study_data.study), deltas(study_data)
    cells = cells[(cells["model"] == model) & cells["arm"].isin(arms)]
    others = cells[cells["language"] != ENGLISH].groupby(["arm", "target"])["delta"].agg(["mean", "size"])
    complete = others["size"] == others.groupby("target")["size"].transform("max")
    english = cells[cells["language"] == ENGLISH].set_index(["arm", "target"])["delta"]
    targets = [target for target in TARGET_TASKS if target in study_data.study.targets]
    index = pd.MultiIndex.from_product([list(arms), targets], names=["arm", "target"])
    grid = pd.DataFrame({"delta": others["mean"].where(complete), "english_delta": english}, index=index).reset_index()
    grid["intermediate"] = pd.Series([arms[arm] for arm in grid["arm"]], dtype="str")
    formats = zip(grid["intermediate"], grid["target"], strict=True)
    grid["same_format"] = [
        float(study_data.study.task(task).type == study_data.study.task(target).type) for task, target in formats
    ]
    for measure in (PRIMARY, SECOND):
        known = similarity_of(study_data, model, measure).rename(columns={"value": measure})
        known = known[known["language"] == ENGLISH].drop(columns="language")
        grid = grid.merge(known, how="left", on=["intermediate", "target"])
    return grid


def _complete(grid: pd.DataFrame, columns: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """The grid without holes: the arm or target with the largest share of holes is left out until there are none."""
    notes = []
    while not grid.empty and (holes := grid[columns].isna().any(axis=1)).any():
        shares = {
            (side, name): share
            for side in ("arm", "target")
            for name, share in holes.groupby(grid[side]).mean().items()
        }
        side, name = max(shares, key=lambda key: shares[key])
        notes.append(f"{name} is left out: of its cells, {shares[side, name]:.0%} lack a gain or a similarity.")
        grid = grid[grid[side] != name]
    return grid, notes


def _large(grid: pd.DataFrame) -> bool:
    return min(grid["arm"].nunique(), grid["target"].nunique()) >= MIN_SIDE


def _matrix(grid: pd.DataFrame, column: str) -> np.ndarray:
    return grid.pivot(index="arm", columns="target", values=column).sort_index().sort_index(axis=1).to_numpy()


def _estimate(name: str, grid: pd.DataFrame, measure: str, response: str = "delta") -> Estimate | None:
    """None where the measure has no variance of its own."""
    gains, similarity, same_format = (_matrix(grid, column) for column in (response, measure, "same_format"))
    if similarity.std() < 1e-12 or double_centred(gains).std() < 1e-12:
        return None
    fit = dyadic(gains, similarity / similarity.std(), same_format, np.random.default_rng(1))
    if fit is None:
        return None
    shape = f"{gains.shape[0]} intermediate tasks x {gains.shape[1]} targets"
    return Estimate(name, fit.beta, fit.low, fit.high, _UNIT, fit.p, f"{shape}, partial r {signed(fit.partial_r)}")


def _secondary(grid: pd.DataFrame) -> list[Estimate]:
    """The other measure, and the gain in English as the response."""
    wanted = (
        ("cosine of centred embeddings", SECOND, "delta"),
        ("similarity of words, gain in English", PRIMARY, "english_delta"),
    )
    found = []
    for name, measure, response in wanted:
        complete, _ = _complete(grid, [measure, response])
        found.append(_estimate(name, complete, measure, response) if _large(complete) else None)
    return [estimate for estimate in found if estimate is not None]


def _subsets(grid: pd.DataFrame) -> list[Estimate]:
    """Without question answering, without retrieval, and with every target on a scale of its own."""
    found = []
    for name, group in (("without question answering", "question_answering"), ("without retrieval", "retrieval")):
        rest = grid[~grid["target"].isin(GROUPS[group])]
        if len(rest) < len(grid) and min(rest["target"].nunique(), rest["arm"].nunique()) >= 3:
            found.append(_estimate(name, rest, PRIMARY))
    spread = grid.groupby("target")["delta"].transform("std")
    if (spread > 0).all():
        scaled = _estimate("gains in SDs of their target", grid.assign(delta=grid["delta"] / spread), PRIMARY)
        found.append(scaled and Estimate(**{**vars(scaled), "unit": "SD of gain per SD of similarity"}))
    plain = _estimate("without the covariate for equal formats", grid.assign(same_format=0.0), PRIMARY)
    return [estimate for estimate in (*found, plain) if estimate is not None]


def _other_models(grids: dict[str, pd.DataFrame]) -> list[Estimate]:
    found = []
    for model, grid in list(grids.items())[1:]:
        complete, _ = _complete(grid, ["delta", PRIMARY])
        found.append(_estimate(model, complete, PRIMARY) if _large(complete) else None)
    return [estimate for estimate in found if estimate is not None]


def _drawn(grid: pd.DataFrame, model: str) -> pd.DataFrame:
    """The grid with double-centred columns for the scatter; NaN where a cell is no part of the complete matrix."""
    table = grid.assign(model=model, delta_centred=np.nan, jsd_centred=np.nan)
    complete, _ = _complete(grid, ["delta", PRIMARY])
    for column in ("delta", PRIMARY) if len(complete) else ():
        places = complete.sort_values(["arm", "target"]).index
        table.loc[places, f"{column}_centred"] = double_centred(_matrix(complete, column)).ravel()
    return table
