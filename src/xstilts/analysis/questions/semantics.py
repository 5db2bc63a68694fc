"""Question 5: does likeness of meaning predict where intermediate training helps and where it hurts?

A question of prediction: ridge regressions that have never seen the language, family or intermediate task they predict
for. M0 knows target and intermediate task, M1 also the language's distance, pretraining data and script, M2 also how
close the encoder puts the intermediate task's inputs and the target's in that language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from xstilts.analysis.answers import Answer, Estimate
from xstilts.analysis.covariates import with_covariates
from xstilts.analysis.deltas import deltas
from xstilts.analysis.estimates import rows
from xstilts.analysis.gains import gains_of
from xstilts.analysis.multiplicity import LEVEL
from xstilts.analysis.prediction import (
    MEASURES,
    MODELS,
    OF_LANGUAGE,
    auroc_draws,
    calibration,
    increments,
    predictions_of,
    r2_of,
    step,
)  # fmt: skip
from xstilts.analysis.resampling import percentiles
from xstilts.analysis.selection import similarity_of, task_arms
from xstilts.analysis.study_data import StudyData
from xstilts.tasks.benchmarks import GROUPS
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted, signed

MINIMUM = {"language": 6, "genus": 5, "arm": 3, "target": 2}
MIN_DEGRADED, MIN_SEEDS = 0.15, 2

_TITLE = "Semantic similarity as a predictor of gains and losses"
_HYPOTHESIS = (
    "The similarity of the intermediate task's and the target's embeddings predicts gains in languages not seen, "
    "beyond task, distance, pretraining data and script."
)
_CANNOT = (
    "Prediction is not cause: similarity may stand for whatever else goes with it.",
    "Raw embedding means mostly encode the language, so that raw similarity is close to being another distance.",
    "Out-of-sample R² below 0 means that the mean gain predicts better; it is an answer, not an error.",
)
_COVERED = 0.75  # of the cells must have a measure for it to be a predictor


def answer(study_data: StudyData) -> Answer:
    """M2 minus M1 in out-of-sample R², leaving out languages, is primary; of the study's first model."""
    first, *others = study_data.study.models
    cells, notes = _cells(study_data, first)
    data = {"cells": cells}
    if reason := _lacking(cells):
        return _unidentifiable(reason, notes, data)
    predictions = predictions_of(cells)
    data |= {"variance": _variance(cells), "predictions": predictions}
    data |= {"increments": increments(predictions), "calibration": calibration(predictions)}
    losses, note = _losses(cells, predictions)
    notes += note
    secondary = [step(predictions, scheme, "M1") for scheme in predictions["left_out"].unique()] + losses
    if "M2" not in predictions:
        reason = "The similarity of embeddings was not measured for enough cells: there is no M2 to compare with M1."
        return _unidentifiable(reason, notes, data, secondary)
    primary, *steps = [step(predictions, scheme, "M2") for scheme in predictions["left_out"].unique()]
    found = primary.p is not None and primary.p < LEVEL and primary.value > 0
    return Answer(
        question="q5",
        title=_TITLE,
        hypothesis=_HYPOTHESIS,
        verdict="supported" if found else "not supported",
        reason=_reason(primary, predictions, found),
        primary=primary,
        secondary=rows([*steps, *secondary], adjusted=True),
        robustness=rows([*_variants(cells), *_other_models(study_data, others)]),
        cannot=_CANNOT,
        notes=tuple(notes),
        data=data,
    )


def _unidentifiable(
    reason: str, notes: Sequence[str], data: dict[str, pd.DataFrame], secondary: Sequence[Estimate] = ()
) -> Answer:
    return Answer(
        "q5", _TITLE, _HYPOTHESIS, "not identifiable", reason, secondary=rows(secondary, adjusted=True),
        robustness=rows([]), cannot=_CANNOT, notes=tuple(notes), data=data,
    )  # fmt: skip


def _reason(primary: Estimate, predictions: pd.DataFrame, found: bool) -> str:
    of_languages = predictions[predictions["left_out"] == "language"]
    reached = r2_of(of_languages, "M2")
    text = (
        f"In languages not seen, similarity changes R² by {signed(primary.value, 3)} (95 % interval "
        f"{signed(primary.low, 3)} to {signed(primary.high, 3)}), to {reached:.3f}"
    )
    return f"{text}." if found else f"{text}: it predicts no better than what was known without it."


# The cells and what is known of them


def _cells(study_data: StudyData, model: str) -> tuple[pd.DataFrame, list[str]]:
    """A row per single-task arm, target and language but English that everything is known of.

    ``delta`` is the mean gain over seeds, ``error`` its standard error, from the variance between seeds pooled over the
    cells of a target (NaN with one seed).
    """
    arms, cells = task_arms(study_data.study), deltas(study_data)
    cells = cells[(cells["model"] == model) & cells["arm"].isin(arms) & (cells["language"] != ENGLISH)]
    cells = cells[["arm", "target", "language", "delta", "seeds"]].merge(_errors(study_data, model), how="left")
    cells["intermediate"] = cells["arm"].map(arms)
    cells = cells.merge(_known_of(study_data), how="left", left_on="language", right_index=True)
    notes = []
    for measure in MEASURES:
        values = similarity_of(study_data, model, measure).rename(columns={"value": measure})
        joined = cells.merge(values, how="left", on=["intermediate", "target", "language"])
        covered = joined[measure].notna().mean() if len(joined) else 0.0
        if covered >= _COVERED:
            cells = joined
        elif len(joined):
            notes.append(f"{measure} is no predictor: {covered:.0%} of the cells have it.")
    complete = cells.dropna(subset=[name for name in cells if name not in ("seeds", "error")])
    if lost := len(cells) - len(complete):
        notes.append(f"{counted(lost, 'cell')} of {len(cells)} left out, for want of a predictor.")
    return complete.reset_index(drop=True), notes


def _errors(study_data: StudyData, model: str) -> pd.DataFrame:
    """arm, target, language and error, where there are seeds enough."""
    gains = gains_of(study_data)
    groups = gains[gains["model"] == model].groupby(["arm", "target", "language"])["gain"]
    table = pd.DataFrame({"variance": groups.var(), "runs": groups.size()}).reset_index()
    pooled = table.groupby("target")["variance"].transform("mean")
    table["error"] = ((pooled / table["runs"]) ** 0.5).where(table["runs"] >= MIN_SEEDS)
    return table[["arm", "target", "language", "error"]]


def _known_of(study_data: StudyData) -> pd.DataFrame:
    """By language: family, genus and the predictors of M1 that the study has, as numbers."""
    known = with_covariates(study_data.languages)
    predictors = [name for name in OF_LANGUAGE if name in known]
    return known[["family", "genus", *predictors]].astype(dict.fromkeys(predictors, "float64"))


def _lacking(cells: pd.DataFrame) -> str:
    few = [
        f"{counted(cells[column].nunique(), what)} (it takes {MINIMUM[column]})"
        for column, what in (
            ("language", "language"),
            ("genus", "genus"),
            ("arm", "intermediate task"),
            ("target", "target"),
        )
        if cells[column].nunique() < MINIMUM[column]
    ]
    if few:
        return f"There is too little to predict from: {', '.join(few)}."
    return "The gains do not vary." if cells["delta"].std() < 1e-9 else ""


def _variance(cells: pd.DataFrame) -> pd.DataFrame:
    """Share of each variable's variance that lies between languages, targets and intermediate tasks, each by itself."""
    found = []
    for name in ("delta", *(measure for measure in MEASURES if measure in cells)):
        total = float(cells[name].var(ddof=0))
        for factor in ("language", "target", "arm"):
            between = float(cells.groupby(factor)[name].transform("mean").var(ddof=0))
            found.append((name, factor, between / total if total > 0 else np.nan))
    return pd.DataFrame(found, columns=["variable", "between", "share"])


def _losses(cells: pd.DataFrame, predictions: pd.DataFrame) -> tuple[list[Estimate], list[str]]:
    """How well losses of more than two standard errors are told from the rest; and why not, where that is not asked."""
    degraded = cells["delta"] < -2 * cells["error"]
    if cells["error"].isna().any():
        return [], [f"Losses are not told from noise: it takes {MIN_SEEDS} seeds in every cell."]
    share = float(degraded.mean())
    if not MIN_DEGRADED <= share < 1:
        return [], [
            f"{share:.0%} of the cells are losses of more than two standard errors; no AUROC below {MIN_DEGRADED:.0%}."
        ]
    table = predictions[predictions["left_out"] == "language"]
    lost = (table["observed"] < -2 * table["error"]).to_numpy()
    words = f"{int(lost.sum())} losses in {counted(len(lost), 'cell')}, {counted(table['genus'].nunique(), 'genus')}"
    estimates = []
    for model in [name for name in MODELS if name in table][1:]:
        score = -table[model].to_numpy()
        low, high = percentiles(auroc_draws(lost, score, table["genus"]))
        name = f"losses told from the rest by {model}, leaving out languages"
        estimates.append(Estimate(name, float(roc_auc_score(lost, score)), low, high, "AUROC", None, words))
    return estimates, []


# Robustness


def _variants(cells: pd.DataFrame) -> list[Estimate]:
    """One measure at a time, and without retrieval, whose gains are of another size."""
    measures = [measure for measure in MEASURES if measure in cells]
    variants = {f"{kept} alone": cells.drop(columns=set(measures) - {kept}) for kept in measures if len(measures) > 1}
    rest = cells[~cells["target"].isin(GROUPS["retrieval"])].reset_index(drop=True)
    if len(rest) < len(cells) and not _lacking(rest):
        variants["without retrieval"] = rest
    return [
        replace(step(predictions_of(table, ["language"]), "language", "M2"), name=name)
        for name, table in variants.items()
    ]


def _other_models(study_data: StudyData, models: Sequence[str]) -> list[Estimate]:
    found = []
    for model in models:
        cells, _ = _cells(study_data, model)
        if not _lacking(cells) and any(measure in cells for measure in MEASURES):
            found.append(replace(step(predictions_of(cells, ["language"]), "language", "M2"), name=model))
    return found
