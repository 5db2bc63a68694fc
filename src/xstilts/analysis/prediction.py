"""Out-of-sample predictions of gains by models with more and more predictors: their errors, and the gain of each step.

M0 has the target and the intermediate task, M1 adds the language's covariates, M2 adds similarity. A cell's prediction
is made without data of its language, family or intermediate task, which are left out of training and of the choice of
the penalty.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from xstilts.analysis.answers import Estimate
from xstilts.analysis.resampling import bootstrap_p_value, percentile_interval
from xstilts.analysis.ridge import out_of_sample, r2
from xstilts.analysis.score_test import sign_flip_p_value
from xstilts.wording import counted

MODELS = ("M0", "M1", "M2")
OF_LANGUAGE = ("distance", "same_script", "log_cc100", "in_pretraining")
MEASURES = ("cosine", "cosine_centred")
#: The schemes: by column, what is left out and then predicted.
LEFT_OUT = {"language": "languages", "family": "families", "arm": "intermediate tasks"}

_DRAWS = 2_000


def _predictors(cells: pd.DataFrame) -> dict[str, np.ndarray]:
    """By model, (rows, columns); M2 only if a similarity is known."""
    tasks = pd.get_dummies(cells[["target", "arm"]]).to_numpy(dtype=float)
    names = [name for name in OF_LANGUAGE if name in cells]
    predictors = {"M0": tasks, "M1": np.hstack([tasks, cells[names].to_numpy(dtype=float)])}
    if measures := [measure for measure in MEASURES if measure in cells]:
        predictors["M2"] = np.hstack([predictors["M1"], cells[measures].to_numpy(dtype=float)])
    return predictors


def predictions_of(cells: pd.DataFrame, schemes: Sequence[str] = tuple(LEFT_OUT)) -> pd.DataFrame:
    """Predict every cell in every scheme.

    Args:
        cells: Rows with arm, target, language, family, genus, delta (points), error, and those of the predictors that
            are known.
        schemes: Of :data:`LEFT_OUT`. A scheme with fewer than three levels is skipped.

    Returns:
        Rows per scheme (``left_out``) and cell with ``observed``, ``error``, the training data's ``mean`` and the
        prediction of each model.
    """
    tables = []
    for scheme in schemes:
        groups = cells[scheme].to_numpy(dtype=str)
        if len(np.unique(groups)) < 3:
            continue
        table = cells[["arm", "target", "language", "family", "genus"]].assign(
            left_out=scheme, observed=cells["delta"], error=cells["error"]
        )
        for model, x in _predictors(cells).items():
            table[model], table["mean"] = out_of_sample(x, cells["delta"].to_numpy(), groups)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def association_p_value(cells: pd.DataFrame) -> float:
    """Test whether gains are associated with similarity within pairs of intermediate task and target.

    Adjusted for the language's covariates; genera are what is independent (:mod:`xstilts.analysis.score_test`).
    R² in left-out languages has no such test: a predictor without information lowers it, so that it is never found, and
    one that mimics the effects of pairs, of which there are few, raises it.

    Args:
        cells: As for :func:`predictions_of`; with at least one measure of similarity.
    """
    measures = [name for name in MEASURES if name in cells]
    covariates = [name for name in OF_LANGUAGE if name in cells]
    columns = cells[["delta", *measures, *covariates]].astype("float64")
    within = (columns - columns.groupby([cells["arm"], cells["target"]]).transform("mean")).to_numpy()
    y, tested, adjusted = within[:, 0], within[:, 1 : 1 + len(measures)], within[:, 1 + len(measures) :]
    return sign_flip_p_value(y, tested, adjusted, cells["genus"].to_numpy(), np.random.default_rng(1))


def r2_of(of_scheme: pd.DataFrame, model: str) -> float:
    """Return the out-of-sample R² of one model in one scheme's predictions."""
    return r2(*(of_scheme[name].to_numpy() for name in ("observed", model, "mean")))


def r2_increment(predictions: pd.DataFrame, scheme: str, model: str) -> Estimate:
    """Estimate how much a model improves R² over the model before it, with a bootstrap over genera."""
    table = predictions[predictions["left_out"] == scheme]
    before = MODELS[MODELS.index(model) - 1]
    squares = {name: (table["observed"] - table[name]) ** 2 for name in (before, model, "mean")}
    sums = pd.DataFrame(squares).groupby(table["genus"]).sum().to_numpy()  # (genera, 3)
    drawn = sums[_drawn_genera(len(sums))].sum(1)
    draws = (drawn[:, 0] - drawn[:, 1]) / drawn[:, 2]
    low, high = percentile_interval(draws)
    n = ", ".join(
        (counted(len(table), "cell"), counted(table["language"].nunique(), "language"), counted(len(sums), "genus"))
    )
    name = f"{model} − {before}, leaving out {LEFT_OUT[scheme]}"
    value = r2_of(table, model) - r2_of(table, before)
    return Estimate(name, value, low, high, "out-of-sample R²", bootstrap_p_value(draws), n)


def _drawn_genera(genera: int) -> np.ndarray:
    """(draws, genera) places of genera drawn with replacement."""
    return np.random.default_rng(1).integers(genera, size=(_DRAWS, genera))


def increment_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the models' errors.

    Returns:
        Rows per scheme and model with ``r2``, ``mae`` (mean absolute error in points), ``spearman``, and ``increment``
        (R² minus that of the model before) with its interval.
    """
    rows = []
    for scheme, table in predictions.groupby("left_out", sort=False):
        for model in (name for name in MODELS if name in predictions):
            added = r2_increment(predictions, str(scheme), model) if model != MODELS[0] else None
            rows.append(
                {
                    "left_out": scheme,
                    "model": model,
                    "r2": r2_of(table, model),
                    "mae": float((table["observed"] - table[model]).abs().mean()),
                    "spearman": _spearman(table["observed"], table[model]),
                    "increment": added.value if added else np.nan,
                    "low": added.low if added else np.nan,
                    "high": added.high if added else np.nan,
                }
            )
    return pd.DataFrame(rows)


def _spearman(observed: pd.Series, predicted: pd.Series) -> float:
    if observed.nunique() < 2 or predicted.nunique() < 2:
        return float("nan")
    return float(stats.spearmanr(observed, predicted).statistic)


def auroc_draws(positive: np.ndarray, score: np.ndarray, genus: pd.Series) -> np.ndarray:
    """Compute the AUROC of bootstrap samples of genera.

    An AUROC is the share of pairs of a positive and a negative row in which the positive one has the higher score, ties
    counted half. Pairs are counted once for each two genera and then weighted by how often a sample has both, since
    :func:`sklearn.metrics.roc_auc_score` on every sample would take minutes.

    Args:
        positive: (rows,) which rows are positive.
        score: (rows,) what they are ranked by.
        genus: (rows,) what is drawn with replacement.

    Returns:
        (draws,), NaN where a sample has positive or negative rows only.
    """
    member = pd.get_dummies(genus).to_numpy(dtype=float)  # (rows, genera)
    higher = (1 + np.sign(score[positive, None] - score[~positive])) / 2
    wins = member[positive].T @ higher @ member[~positive]  # (genera, genera)
    counts = (_drawn_genera(len(wins))[..., None] == np.arange(len(wins))).sum(1)  # (draws, genera)
    pairs = (counts @ member[positive].sum(0)) * (counts @ member[~positive].sum(0))
    return np.divide(((counts @ wins) * counts).sum(1), pairs, out=np.full(_DRAWS, np.nan), where=pairs > 0)


def calibration_bins(predictions: pd.DataFrame, bins: int = 10) -> pd.DataFrame:
    """Average observed and predicted gains in equal bins of the largest model's predictions, leaving out languages."""
    table = predictions[predictions["left_out"] == "language"]
    model = [name for name in MODELS if name in table][-1]
    ranks = (table[model].rank(method="first") - 1) * bins // len(table)
    means = table.groupby(ranks).agg(predicted=(model, "mean"), observed=("observed", "mean"), cells=(model, "size"))
    return means.reset_index(drop=True).assign(model=model)
