"""Question 5: does semantic similarity predict where intermediate training helps and where it hurts?

A question of prediction: ridge regressions predict the gains of a language, family or intermediate task that they were
not fitted to. M0 has the target and the intermediate task, M1 adds the language's distance, pretraining data and
script, M2 adds the similarity of the intermediate task's inputs and the target's in that language, as the encoder
embeds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from xstilts.analysis.answers import Answer, Estimate, Evidence
from xstilts.analysis.covariates import with_covariates, with_known
from xstilts.analysis.deltas import deltas, seeds_behind
from xstilts.analysis.estimates import estimate_table
from xstilts.analysis.gains import gains_of
from xstilts.analysis.prediction import (
    MEASURES,
    MODELS,
    OF_LANGUAGE,
    association_p_value,
    auroc_draws,
    calibration_bins,
    increment_table,
    predictions_of,
    r2_increment,
    r2_of,
)
from xstilts.analysis.resampling import percentile_interval
from xstilts.analysis.selection import similarity_of, task_arms, without_type
from xstilts.analysis.study_data import StudyData
from xstilts.analysis.verdicts import decide
from xstilts.config.study import Study
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted, signed

MINIMUM = {"language": 6, "genus": 5, "arm": 3, "target": 2}
MIN_LOSSES, MIN_SEEDS = 0.15, 2  # share of the cells; seeds in each

_TITLE = "Semantic similarity as a predictor of gains and losses"
_HYPOTHESIS = (
    "The similarity of the intermediate task's and the target's embeddings predicts gains in unseen languages, beyond "
    "task, distance, pretraining data and script."
)
_CANNOT = (
    "Prediction is not causation: similarity may be a proxy for anything that it is correlated with.",
    "Raw embedding means mostly encode the language, so that raw similarity is close to another measure of distance.",
    "Out-of-sample R² below 0 means that the mean gain predicts better; it is a result, not an error.",
)
_COVERED = 0.75  # of the cells must have a measure for it to be a predictor


def answer(study_data: StudyData) -> Answer:
    """Estimate how much out-of-sample R² M2 adds to M1, leaving out languages; of the study's first model.

    The primary test is that of :func:`~xstilts.analysis.prediction.association_p_value`.
    """
    study = study_data.study
    first, *others = study.models
    cells, notes = _cells(study_data, first)
    data = {"cells": cells}
    if reason := _why_too_small(cells):
        return _not_identifiable(reason, notes, data)
    predictions = predictions_of(cells)
    data |= {"variance": _variance(cells), "predictions": predictions}
    data |= {"increments": increment_table(predictions), "calibration": calibration_bins(predictions)}
    losses, loss_notes = _losses(cells, predictions)
    notes += loss_notes
    schemes = predictions["left_out"].unique()
    secondary = [r2_increment(predictions, scheme, "M1") for scheme in schemes] + losses
    if "M2" not in predictions:
        reason = "The similarity of embeddings was not measured for enough cells: there is no M2 to compare with M1."
        return _not_identifiable(reason, notes, data, secondary)
    primary, *increments = [r2_increment(predictions, scheme, "M2") for scheme in schemes]
    primary = replace(primary, p=association_p_value(cells))
    evidence = _evidence(primary, cells, predictions)
    verdict, why = decide(evidence)
    return Answer(
        question="q5",
        title=_TITLE,
        hypothesis=_HYPOTHESIS,
        verdict=verdict,
        reason=f"{_reason(primary, predictions)} {why}".strip(),
        primary=primary,
        evidence=evidence,
        secondary=estimate_table([*increments, *secondary], adjusted=True),
        robustness=estimate_table([*_variants(cells, study), *_other_models(study_data, others)]),
        cannot=_CANNOT,
        notes=tuple(notes),
        data=data,
    )


def _not_identifiable(
    reason: str, notes: Sequence[str], data: dict[str, pd.DataFrame], secondary: Sequence[Estimate] = ()
) -> Answer:
    return Answer(
        "q5", _TITLE, _HYPOTHESIS, "not identifiable", reason, secondary=estimate_table(secondary, adjusted=True),
        robustness=estimate_table([]), cannot=_CANNOT, notes=tuple(notes), data=data,
    )  # fmt: skip


def _evidence(primary: Estimate, cells: pd.DataFrame, predictions: pd.DataFrame) -> Evidence:
    """The test of similarity, and the errors of predicting the gains in languages with and without it."""
    of_languages = predictions[predictions["left_out"] == "language"]
    errors = {name: float(((of_languages["observed"] - of_languages[name]) ** 2).mean()) for name in (*MODELS, "mean")}
    return Evidence(
        p=float("nan") if primary.p is None else primary.p,
        as_hypothesised=primary.value > 0,
        seeds=seeds_behind(cells),
        left_out="languages",
        error=errors["M2"],
        rivals={"M1": errors["M1"], "M0": errors["M0"], "the mean gain": errors["mean"]},
    )


def _reason(primary: Estimate, predictions: pd.DataFrame) -> str:
    of_languages = predictions[predictions["left_out"] == "language"]
    text = (
        f"In unseen languages, similarity changes R² by {signed(primary.value, 3)} (95 % interval "
        f"{signed(primary.low, 3)} to {signed(primary.high, 3)}), to {r2_of(of_languages, 'M2'):.3f}; "
        f"within pairs of tasks, p = {primary.p:.3f} of an association with gains, by flips of the signs of genera"
    )
    return f"{text}." if primary.value > 0 else f"{text}. It does not improve predictions."


# The cells and their predictors


def _cells(study_data: StudyData, model: str) -> tuple[pd.DataFrame, list[str]]:
    """A row per single-task arm, target and language but English with all predictors, and notes on what is left out.

    ``delta`` is the mean gain over seeds, ``error`` its standard error, from the variance between seeds pooled over the
    cells of a target (NaN with one seed). A language needs its genus and family: the bootstrap draws genera, and
    languages of unknown family may be related to those that a model is fitted to.
    """
    arms, cells = task_arms(study_data.study), deltas(study_data)
    cells = cells[(cells["model"] == model) & cells["arm"].isin(arms) & (cells["language"] != ENGLISH)]
    cells = cells[["arm", "target", "language", "delta", "seeds", "baseline_seeds"]].merge(
        _errors(study_data, model), how="left"
    )
    cells["intermediate"] = cells["arm"].map(arms)
    languages = with_covariates(study_data.languages)
    predictors = [name for name in OF_LANGUAGE if name in languages]
    known, notes = with_known(languages, cells["language"], ["family", "genus", *predictors])
    known = known[["family", "genus", *predictors]].astype(dict.fromkeys(predictors, "float64"))
    cells = cells.merge(known, left_on="language", right_index=True)
    for measure in MEASURES:
        values = similarity_of(study_data, model, measure).rename(columns={"value": measure})
        joined = cells.merge(values, how="left", on=["intermediate", "target", "language"])
        covered = joined[measure].notna().mean() if len(joined) else 0.0
        if covered >= _COVERED:
            cells = joined
        elif len(joined):
            notes.append(f"{measure} is not a predictor: {covered:.0%} of the cells have it.")
    complete = cells.dropna(subset=[name for name in cells if name not in ("seeds", "baseline_seeds", "error")])
    if missing := len(cells) - len(complete):
        notes.append(f"{counted(missing, 'cell')} of {len(cells)} left out: a predictor is missing.")
    return complete.reset_index(drop=True), notes


def _errors(study_data: StudyData, model: str) -> pd.DataFrame:
    """arm, target, language and error, NaN where there are too few seeds."""
    gains = gains_of(study_data)
    groups = gains[gains["model"] == model].groupby(["arm", "target", "language"])["gain"]
    table = pd.DataFrame({"variance": groups.var(), "runs": groups.size()}).reset_index()
    pooled = table.groupby("target")["variance"].transform("mean")
    table["error"] = ((pooled / table["runs"]) ** 0.5).where(table["runs"] >= MIN_SEEDS)
    return table[["arm", "target", "language", "error"]]


def _why_too_small(cells: pd.DataFrame) -> str:
    """What there is too little of, as a sentence; empty where there is enough."""
    nouns = {"language": "language", "genus": "genus", "arm": "intermediate task", "target": "target"}
    counts = {column: cells[column].nunique() for column in MINIMUM}
    too_few = [
        f"{counted(counts[column], nouns[column])} (at least {least} needed)"
        for column, least in MINIMUM.items()
        if counts[column] < least
    ]
    if too_few:
        return f"There is too little data to fit predictions: {', '.join(too_few)}."
    return "The gains do not vary." if cells["delta"].std() < 1e-9 else ""


def _variance(cells: pd.DataFrame) -> pd.DataFrame:
    """Share of each variable's variance between languages, targets and intermediate tasks, each by itself."""
    rows = []
    for name in ("delta", *(measure for measure in MEASURES if measure in cells)):
        total = float(cells[name].var(ddof=0))
        for factor in ("language", "target", "arm"):
            between = float(cells.groupby(factor)[name].transform("mean").var(ddof=0))
            rows.append((name, factor, between / total if total > 0 else np.nan))
    return pd.DataFrame(rows, columns=["variable", "between", "share"])


def _losses(cells: pd.DataFrame, predictions: pd.DataFrame) -> tuple[list[Estimate], list[str]]:
    """AUROC of detecting losses of more than two standard errors; or a note on why it is not estimated."""
    if cells["error"].isna().any():
        return [], [f"Detection of losses is not estimated: it needs {MIN_SEEDS} seeds in every cell."]
    share = float((cells["delta"] < -2 * cells["error"]).mean())
    if not MIN_LOSSES <= share < 1:
        return [], [
            f"{share:.0%} of the cells are losses of more than two standard errors; no AUROC below {MIN_LOSSES:.0%}."
        ]
    table = predictions[predictions["left_out"] == "language"]
    is_loss = (table["observed"] < -2 * table["error"]).to_numpy()
    genera = counted(table["genus"].nunique(), "genus")
    n = f"{counted(int(is_loss.sum()), 'loss', 'losses')} in {counted(len(is_loss), 'cell')}, {genera}"
    estimates = []
    for model in [name for name in MODELS if name in table][1:]:
        score = -table[model].to_numpy()
        low, high = percentile_interval(auroc_draws(is_loss, score, table["genus"]))
        name = f"detection of losses by {model}, leaving out languages"
        estimates.append(Estimate(name, float(roc_auc_score(is_loss, score)), low, high, "AUROC", None, n))
    return estimates, []


# Robustness


def _variants(cells: pd.DataFrame, study: Study) -> list[Estimate]:
    """One measure at a time, and without retrieval, whose gains are on another scale."""
    measures = [measure for measure in MEASURES if measure in cells]
    variants = {f"{kept} alone": cells.drop(columns=set(measures) - {kept}) for kept in measures if len(measures) > 1}
    rest = without_type(cells, study, "retrieval").reset_index(drop=True)
    if len(rest) < len(cells) and not _why_too_small(rest):
        variants["without retrieval"] = rest
    return [_primary_of(table, name) for name, table in variants.items()]


def _other_models(study_data: StudyData, models: Sequence[str]) -> list[Estimate]:
    estimates = []
    for model in models:
        cells, _ = _cells(study_data, model)
        if not _why_too_small(cells) and any(measure in cells for measure in MEASURES):
            estimates.append(_primary_of(cells, model))
    return estimates


def _primary_of(cells: pd.DataFrame, name: str) -> Estimate:
    increment = r2_increment(predictions_of(cells, ["language"]), "language", "M2")
    return replace(increment, name=name, p=association_p_value(cells))
