"""Question 3: does an intermediate task help more if its text is more similar to the target's?

The unit is the cell of the matrix intermediate task x target: the mean gain over all languages but English, against the
similarity of the English texts of both, so that languages are not confounded with it. Rows and columns have effects of
their own; the residual gain is regressed on similarity and on whether the two tasks have the same format.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from xstilts.analysis.answers import Answer, Estimate, Evidence
from xstilts.analysis.deltas import deltas, seeds_behind
from xstilts.analysis.estimates import estimate_table
from xstilts.analysis.permutation import double_centred, dyadic_regression
from xstilts.analysis.selection import domain_arms, domain_text, similarity_of, task_arms, without_type
from xstilts.analysis.study_data import StudyData
from xstilts.analysis.verdicts import LEVEL, decide, left_out_error
from xstilts.config.study import Study
from xstilts.scores.gains import targets_of
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted, signed

MIN_SIDE = 6
_MIN_DOMAINS = 3  # arms, for an estimate on them alone
PRIMARY, SECOND = "jsd", "cosine_centred"

_TITLE = "Domain similarity and the gain"
_HYPOTHESIS = (
    "An intermediate task gains more on targets whose English text is more similar to its own, beyond the mean gains "
    "of the task and of the target and beyond their having the same format."
)
_CANNOT = (
    "Domain and format are correlated: an effect that remains after adjusting for equal formats may still be one of "
    "format.",
    "These tasks were not sampled from a population of tasks; the result is about them alone.",
    "The similarity of words may come from topic, register, sentence length or annotation; these are not separated.",
)
_UNIT = "points per SD of similarity"


def answer(study_data: StudyData) -> Answer:
    """Regress with row and column effects and a permutation of rows and columns; of the study's first model."""
    study = study_data.study
    models = list(study.models)
    grids = {model: _grid(study_data, model) for model in models}
    data = {"matrix": pd.concat([_scatter(grid, model) for model, grid in grids.items()], ignore_index=True)}
    primary_grid, notes = _complete(grids[models[0]], ["delta", PRIMARY])
    primary = _estimate("similarity of words (JSD)", primary_grid, PRIMARY) if _is_large(primary_grid) else None
    if primary is None:
        return _not_identifiable(_why_not_identifiable(study_data, primary_grid), notes, data)
    evidence = _evidence(primary, primary_grid, study_data)
    verdict, why = decide(evidence)
    return Answer(
        question="q3",
        title=_TITLE,
        hypothesis=_HYPOTHESIS,
        verdict=verdict,
        reason=f"{_reason(primary)} {why}".strip(),
        primary=primary,
        evidence=evidence,
        secondary=estimate_table(_secondary(grids[models[0]]), adjusted=True),
        robustness=estimate_table([*_checks(primary_grid, study), *_domains(study_data), *_other_models(grids)]),
        cannot=_CANNOT,
        notes=tuple(notes),
        data=data,
    )


def _not_identifiable(reason: str, notes: Sequence[str], data: dict[str, pd.DataFrame]) -> Answer:
    return Answer(
        "q3", _TITLE, _HYPOTHESIS, "not identifiable", reason, secondary=estimate_table([], adjusted=True),
        robustness=estimate_table([]), cannot=_CANNOT, notes=tuple(notes), data=data,
    )  # fmt: skip


def _why_not_identifiable(study_data: StudyData, grid: pd.DataFrame) -> str:
    if similarity_of(study_data, next(iter(study_data.study.models)), PRIMARY).empty:
        return "The similarity of the data sets was not measured."
    if _is_large(grid):
        constant = double_centred(_matrix(grid, "delta")).std() < 1e-12
        subject = "Gains do" if constant else "Similarity does"
        return f"{subject} not vary beyond what rows, columns and equal formats explain."
    sides = f"{counted(grid['arm'].nunique(), 'intermediate task')} and {counted(grid['target'].nunique(), 'target')}"
    return f"The matrix without missing cells has {sides}; a test needs at least {MIN_SIDE} of either."


def _evidence(primary: Estimate, grid: pd.DataFrame, study_data: StudyData) -> Evidence:
    """The test of the slope, and the errors of predicting the gains of intermediate tasks with and without similarity.

    Gains and predictors are without row and column effects.
    """
    gains, similarity, same = (
        double_centred(_matrix(grid, column)).ravel() for column in ("delta", PRIMARY, "same_format")
    )
    rows = np.repeat(sorted(grid["arm"].unique()), grid["target"].nunique())
    cells = deltas(study_data)
    cells = cells[(cells["model"] == next(iter(study_data.study.models))) & (cells["language"] != ENGLISH)]
    return Evidence(
        p=float("nan") if primary.p is None else primary.p,
        as_hypothesised=primary.value > 0,
        seeds=seeds_behind(cells.merge(grid[["arm", "target"]])),
        left_out="intermediate tasks",
        error=left_out_error(np.column_stack([same, similarity]), gains, rows),
        rivals={
            "equal formats alone": left_out_error(same[:, None], gains, rows),
            "the means of tasks and targets": left_out_error(np.empty((len(gains), 0)), gains, rows),
        },
    )


def _reason(primary: Estimate) -> str:
    text = (
        f"One SD more similarity goes with {signed(primary.value)} points of gain (95 % interval "
        f"{signed(primary.low)} to {signed(primary.high)}; p = {primary.p:.3f} by permutation of rows and columns)"
    )
    if primary.p is None or not primary.p < LEVEL:
        return f"{text}: not significant."
    return f"{text}." if primary.value > 0 else f"{text}: the opposite of the hypothesis."


def _grid(study_data: StudyData, model: str, *, with_domains: bool = False) -> pd.DataFrame:
    """A row per single-task arm and target: mean gain beyond English, gain in English, similarities, equal format.

    A gain over fewer languages than other arms have is NaN. With domains, arms of one domain of a task have rows, too.
    """
    study = study_data.study
    domains = domain_arms(study) if with_domains else {}
    arms, cells = {**task_arms(study), **domains}, deltas(study_data)
    cells = cells[(cells["model"] == model) & cells["arm"].isin(arms)]
    others = cells[cells["language"] != ENGLISH].groupby(["arm", "target"])["delta"].agg(["mean", "size"])
    complete = others["size"] == others.groupby("target")["size"].transform("max")
    english = cells[cells["language"] == ENGLISH].set_index(["arm", "target"])["delta"]
    index = pd.MultiIndex.from_product([list(arms), targets_of(study)], names=["arm", "target"])
    grid = pd.DataFrame({"delta": others["mean"].where(complete), "english_delta": english}, index=index).reset_index()
    texts = {arm: domain_text(study, arm) if arm in domains else task for arm, task in arms.items()}
    grid["intermediate"] = pd.Series([texts[arm] for arm in grid["arm"]], dtype="str")
    pairs = zip(grid["arm"], grid["target"], strict=True)
    grid["same_format"] = [float(study.task(arms[arm]).type == study.task(target).type) for arm, target in pairs]
    for measure in (PRIMARY, SECOND):
        values = similarity_of(study_data, model, measure).rename(columns={"value": measure})
        values = values[values["language"] == ENGLISH].drop(columns="language")
        grid = grid.merge(values, how="left", on=["intermediate", "target"])
    return grid


def _complete(grid: pd.DataFrame, columns: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """The grid without missing cells, and notes on what is left out.

    Until no cell is missing, the arm or target with the largest share of missing cells is left out.
    """
    notes = []
    while not grid.empty and (missing := grid[columns].isna().any(axis=1)).any():
        shares = {
            (side, name): share
            for side in ("arm", "target")
            for name, share in missing.groupby(grid[side]).mean().items()
        }
        side, name = max(shares, key=lambda key: shares[key])
        notes.append(f"{name} is left out: {shares[side, name]:.0%} of its cells lack a gain or a similarity.")
        grid = grid[grid[side] != name]
    return grid, notes


def _is_large(grid: pd.DataFrame) -> bool:
    return min(grid["arm"].nunique(), grid["target"].nunique()) >= MIN_SIDE


def _matrix(grid: pd.DataFrame, column: str) -> np.ndarray:
    return grid.pivot(index="arm", columns="target", values=column).sort_index().sort_index(axis=1).to_numpy()


def _estimate(name: str, grid: pd.DataFrame, measure: str, response: str = "delta") -> Estimate | None:
    """The slope on a measure; None where the measure or the response does not vary."""
    gains, similarity, same_format = (_matrix(grid, column) for column in (response, measure, "same_format"))
    if similarity.std() < 1e-12 or double_centred(gains).std() < 1e-12:
        return None
    fit = dyadic_regression(gains, similarity / similarity.std(), same_format, np.random.default_rng(1))
    if fit is None:
        return None
    n = f"{gains.shape[0]} intermediate tasks x {gains.shape[1]} targets, partial r {signed(fit.partial_r)}"
    return Estimate(name, fit.beta, fit.low, fit.high, _UNIT, fit.p, n)


def _secondary(grid: pd.DataFrame) -> list[Estimate]:
    """The other measure, and the gain in English as the response."""
    wanted = (
        ("cosine of centred embeddings", SECOND, "delta"),
        ("similarity of words, gain in English", PRIMARY, "english_delta"),
    )
    estimates = []
    for name, measure, response in wanted:
        complete, _ = _complete(grid, [measure, response])
        estimates.append(_estimate(name, complete, measure, response) if _is_large(complete) else None)
    return [estimate for estimate in estimates if estimate is not None]


def _checks(grid: pd.DataFrame, study: Study) -> list[Estimate]:
    """Without question answering, without retrieval, with each target's gains scaled to SD 1, without the covariate."""
    estimates = []
    for name, task_type in (("without question answering", "span_qa"), ("without retrieval", "retrieval")):
        rest = without_type(grid, study, task_type)
        if len(rest) < len(grid) and min(rest["target"].nunique(), rest["arm"].nunique()) >= 3:
            estimates.append(_estimate(name, rest, PRIMARY))
    sds = grid.groupby("target")["delta"].transform("std")
    if (sds > 0).all():
        scaled = _estimate("gains in SDs of their target", grid.assign(delta=grid["delta"] / sds), PRIMARY)
        estimates.append(scaled and Estimate(**{**vars(scaled), "unit": "SD of gain per SD of similarity"}))
    unadjusted = _estimate("without the covariate for equal formats", grid.assign(same_format=0.0), PRIMARY)
    return [estimate for estimate in (*estimates, unadjusted) if estimate is not None]


def _domains(study_data: StudyData) -> list[Estimate]:
    """With the arms that are of one domain of a task; and with these alone, which differ in nothing but the domain."""
    study = study_data.study
    if not (domains := domain_arms(study)):
        return []
    grid, _ = _complete(_grid(study_data, next(iter(study.models)), with_domains=True), ["delta", PRIMARY])
    estimates = [_estimate("with arms of one domain of a task", grid, PRIMARY)]
    alone = grid[grid["arm"].isin(domains)]
    if len(set(domains.values())) == 1 and min(alone["arm"].nunique(), alone["target"].nunique()) >= _MIN_DOMAINS:
        estimates.append(_estimate("arms of one domain of a task alone", alone, PRIMARY))
    return [estimate for estimate in estimates if estimate is not None]


def _other_models(grids: dict[str, pd.DataFrame]) -> list[Estimate]:
    estimates = []
    for model, grid in list(grids.items())[1:]:
        complete, _ = _complete(grid, ["delta", PRIMARY])
        estimates.append(_estimate(model, complete, PRIMARY) if _is_large(complete) else None)
    return [estimate for estimate in estimates if estimate is not None]


def _scatter(grid: pd.DataFrame, model: str) -> pd.DataFrame:
    """The grid with double-centred columns for the scatter plot; NaN for cells outside the complete matrix."""
    table = grid.assign(model=model, delta_centred=np.nan, jsd_centred=np.nan)
    complete, _ = _complete(grid, ["delta", PRIMARY])
    for column in ("delta", PRIMARY) if len(complete) else ():
        places = complete.sort_values(["arm", "target"]).index
        table.loc[places, f"{column}_centred"] = double_centred(_matrix(complete, column)).ravel()
    return table
