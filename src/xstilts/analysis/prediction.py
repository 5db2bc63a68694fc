"""Out-of-sample predictions of gains by models that know ever more: their errors, and what each adds to the one before.

M0 knows target and intermediate task, M1 also the language, M2 also similarity. What a model predicts, it has not seen:
the cell's language, family or intermediate task is left out of its training data and of the choice of its penalty.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from xstilts.analysis.answers import Estimate
from xstilts.analysis.resampling import p_of_sign, percentiles
from xstilts.analysis.ridge import out_of_sample, r2
from xstilts.wording import counted

MODELS = ("M0", "M1", "M2")
OF_LANGUAGE = ("distance", "same_script", "log_cc100", "in_pretraining")
MEASURES = ("cosine", "cosine_centred")
#: What is left out to be predicted, by the column that holds it.
LEFT_OUT = {"language": "languages", "family": "families", "arm": "intermediate tasks"}

_DRAWS = 2_000


def _predictors(cells: pd.DataFrame) -> dict[str, np.ndarray]:
    """By model, (rows, columns); M2 only where a similarity is known."""
    tasks = pd.get_dummies(cells[["target", "arm"]]).to_numpy(dtype=float)
    names = [name for name in OF_LANGUAGE if name in cells]
    found = {"M0": tasks, "M1": np.hstack([tasks, cells[names].to_numpy(dtype=float)])}
    if measures := [measure for measure in MEASURES if measure in cells]:
        found["M2"] = np.hstack([found["M1"], cells[measures].to_numpy(dtype=float)])
    return found


def predictions_of(cells: pd.DataFrame, schemes: Sequence[str] = tuple(LEFT_OUT)) -> pd.DataFrame:
    """Per scheme of leaving out and cell: what was observed, the training data's mean, every model's prediction.

    ``cells`` has arm, target, language, family, genus, delta (points), error, and those of the predictors that are
    known. A scheme is left out where there are fewer than three things to leave out.
    """
    found = []
    for scheme in schemes:
        groups = cells[scheme].to_numpy(dtype=str)
        if len(np.unique(groups)) < 3:
            continue
        table = cells[["arm", "target", "language", "family", "genus"]].assign(
            left_out=scheme, observed=cells["delta"], error=cells["error"]
        )
        for model, x in _predictors(cells).items():
            table[model], table["mean"] = out_of_sample(x, cells["delta"].to_numpy(), groups)
        found.append(table)
    return pd.concat(found, ignore_index=True)


def r2_of(of_scheme: pd.DataFrame, model: str) -> float:
    """Out-of-sample R² of one model in one scheme's predictions."""
    return r2(*(of_scheme[name].to_numpy() for name in ("observed", model, "mean")))


def step(predictions: pd.DataFrame, scheme: str, model: str) -> Estimate:
    """What a model adds in R² to the one before it; interval and p by drawing genera with replacement."""
    table = predictions[predictions["left_out"] == scheme]
    before = MODELS[MODELS.index(model) - 1]
    squares = {name: (table["observed"] - table[name]) ** 2 for name in (before, model, "mean")}
    sums = pd.DataFrame(squares).groupby(table["genus"]).sum().to_numpy()  # (genera, 3)
    drawn = sums[np.random.default_rng(1).integers(len(sums), size=(_DRAWS, len(sums)))].sum(1)
    increments = (drawn[:, 0] - drawn[:, 1]) / drawn[:, 2]
    low, high = percentiles(increments)
    words = ", ".join(
        (counted(len(table), "cell"), counted(table["language"].nunique(), "language"), counted(len(sums), "genus"))
    )
    name = f"{model} − {before}, leaving out {LEFT_OUT[scheme]}"
    value = r2_of(table, model) - r2_of(table, before)
    return Estimate(name, value, low, high, "out-of-sample R²", p_of_sign(increments), words)


def increments(predictions: pd.DataFrame) -> pd.DataFrame:
    """Per scheme and model: R², mean absolute error (points), Spearman; R² beyond the model before, with interval."""
    found = []
    for scheme, table in predictions.groupby("left_out", sort=False):
        for model in (name for name in MODELS if name in predictions):
            added = step(predictions, str(scheme), model) if model != MODELS[0] else None
            found.append(
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
    return pd.DataFrame(found)


def _spearman(observed: pd.Series, predicted: pd.Series) -> float:
    if observed.nunique() < 2 or predicted.nunique() < 2:
        return float("nan")
    return float(stats.spearmanr(observed, predicted).statistic)


def auroc_draws(positive: np.ndarray, score: np.ndarray, genus: pd.Series) -> np.ndarray:
    """AUROC of bootstrap samples of genera.

    An AUROC is the share of pairs of a positive and a negative row in which the positive one has the higher score, ties
    counted half. Pairs are counted once for each two genera and then weighted by how often a sample has both, which is
    a hundred times as fast as :func:`sklearn.metrics.roc_auc_score` on every sample.

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
    genera = len(wins)
    drawn = np.random.default_rng(1).integers(genera, size=(_DRAWS, genera))
    times = (drawn[..., None] == np.arange(genera)).sum(1)
    pairs = (times @ member[positive].sum(0)) * (times @ member[~positive].sum(0))
    return np.divide(((times @ wins) * times).sum(1), pairs, out=np.full(_DRAWS, np.nan), where=pairs > 0)


def calibration(predictions: pd.DataFrame, bins: int = 10) -> pd.DataFrame:
    """Leaving out languages: the mean gain observed in each tenth of the predictions of the largest model."""
    table = predictions[predictions["left_out"] == "language"]
    model = [name for name in MODELS if name in table][-1]
    part = (table[model].rank(method="first") - 1) * bins // len(table)
    found = table.groupby(part).agg(predicted=(model, "mean"), observed=("observed", "mean"), cells=(model, "size"))
    return found.reset_index(drop=True).assign(model=model)
