"""Gaps between English and other languages, before and after intermediate training, in pairs of models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from xstilts.analysis.answers import Estimate
from xstilts.analysis.resampling import bootstrap_p_value, percentile_interval, resampling_weights
from xstilts.analysis.student import student
from xstilts.config.study import Study
from xstilts.scores.chance import chance
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted

_DRAWS = 2_000
_PAIRED = ["arm", "target", "language", "seed"]
_SCORES = ("baseline", "score")  # before and after intermediate training

Cubes = dict[str, np.ndarray]  # by target: (languages, seeds) values


@dataclass(frozen=True)
class ModelPair:
    """Two models by name; ``code`` was further trained on code from ``text``."""

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code} − {self.text}"


def floor_of(gains: pd.DataFrame, pair: ModelPair, study: Study) -> pd.DataFrame:
    """Find where the text-only baseline exceeds chance by two standard errors.

    The standard error is the larger of the one between seeds and the binomial one of that many examples.

    Args:
        gains: As :func:`xstilts.analysis.gains.gains_of` returns them.
        pair: The models.
        study: Declares the targets.

    Returns:
        Rows per target and language with score, seeds, n, pair, chance, error and ``above``.
    """
    baseline = gains[gains["model"] == pair.text].drop_duplicates(["target", "language", "seed"])
    groups = baseline.groupby(["target", "language"])["baseline"]
    table = pd.DataFrame({"score": groups.mean(), "sd": groups.std(), "seeds": groups.size()})
    table["n"] = baseline.groupby(["target", "language"])["n"].max()
    table = table.reset_index().assign(pair=str(pair))
    table["chance"] = [chance(study.task(target)) for target in table["target"]]
    binomial = np.sqrt(table["score"] * (100 - table["score"]) / table["n"])
    table["error"] = np.fmax(table.pop("sd") / np.sqrt(table["seeds"]), binomial)
    table["above"] = table["score"] > table["chance"] + 2 * table["error"]
    return table


def _changes(gains: pd.DataFrame, model: str, study: Study) -> pd.DataFrame:
    """Per arm, target, language and seed, the change of the gap to English; also as a share of English above chance."""
    of_model = gains[gains["model"] == model]
    english = of_model[of_model["language"] == ENGLISH].drop(columns=["language", "model", "n"])
    table = of_model[of_model["language"] != ENGLISH].merge(english, on=["arm", "target", "seed"], suffixes=("", "_en"))
    table["change"] = table["gain_en"] - table["gain"]
    floor = table["target"].map(lambda target: chance(study.task(target))).astype("float64")
    before, after = ((table[f"{name}_en"] - table[name]) / (table[f"{name}_en"] - floor) for name in _SCORES)
    table["share"] = (after - before).where(table[[f"{name}_en" for name in _SCORES]].min(axis=1) > floor)
    return table[[*_PAIRED, "change", "share"]]


def differences(gains: pd.DataFrame, pair: ModelPair, study: Study) -> pd.DataFrame:
    """Compare the change of the gap between the two models.

    Args:
        gains: As :func:`xstilts.analysis.gains.gains_of` returns them.
        pair: The models.
        study: Declares the targets.

    Returns:
        Rows per arm, target, language and seed that both models have, with ``change_code`` and ``change_text`` in
        points. ``difference`` is the former minus the latter; ``share`` is the same of the gap as a percentage of
        English above chance, NaN where English is not above chance.
    """
    code, text = _changes(gains, pair.code, study), _changes(gains, pair.text, study)
    table = code.merge(text, on=_PAIRED, suffixes=("_code", "_text"))
    table["difference"] = table["change_code"] - table["change_text"]
    table["share"] = 100 * (table["share_code"] - table["share_text"])
    return table


def cubes_of(differences: pd.DataFrame, study: Study, value: str = "difference") -> tuple[Cubes, list[str]]:
    """Arrange means over arms by target, language and seed.

    Args:
        differences: As :func:`differences` returns them.
        study: Declares the targets.
        value: The column to arrange.

    Returns:
        (languages, seeds) by target, and notes on the languages that are left out because they lack an arm or a seed
        that others have.
    """
    cubes, notes = {}, []
    for target, of_target in differences.dropna(subset=[value]).groupby("target"):
        table = of_target.pivot_table(index=["language", "arm"], columns="seed", values=value)
        arms = table.index.get_level_values("arm").nunique()
        complete = table.dropna()
        complete = complete[complete.groupby("language").transform("size") == arms]
        if left_out := sorted({*table.index.get_level_values(0)} - {*complete.index.get_level_values(0)}):
            notes.append(f"{study.title_of(str(target))}: {', '.join(left_out)} left out; an arm or a seed is missing.")
        if len(complete):
            cubes[str(target)] = complete.groupby("language").mean().to_numpy()
    return cubes, notes


def mean_of(cubes: Cubes) -> float:
    """Average over targets the mean over languages and seeds."""
    return float(np.mean([cube.mean() for cube in cubes.values()]))


def over_targets(name: str, cubes: Cubes, unit: str = "points of gap") -> Estimate:
    """Estimate :func:`mean_of` of at least two targets, with Student's interval and test over targets.

    Targets are what varies: what a model gains on one of them is shared by its languages and seeds.
    """
    means = np.array([cube.mean() for cube in cubes.values()])
    error = float(means.std(ddof=1) / np.sqrt(len(means)))
    low, high, p = student(mean_of(cubes), error, len(means) - 1)
    return Estimate(name, mean_of(cubes), low, high, unit, p, _size(cubes))


def _size(cubes: Cubes) -> str:
    languages, seeds = sum(len(cube) for cube in cubes.values()), min(cube.shape[1] for cube in cubes.values())
    return f"{counted(len(cubes), 'target')}, {counted(languages, 'language')} in all, {counted(seeds, 'seed')}"


def bootstrapped(name: str, cubes: Cubes, unit: str = "points of gap") -> Estimate:
    """Estimate :func:`mean_of` with a hierarchical bootstrap, which is too narrow where there are few targets.

    Targets are drawn with replacement, then languages and seeds within each.
    """
    rng, targets = np.random.default_rng(1), list(cubes.values())
    means = np.stack([_resampled_means(cube, (_DRAWS, len(targets)), rng) for cube in targets], axis=-1)
    drawn = rng.integers(len(targets), size=(_DRAWS, len(targets), 1))
    draws = np.take_along_axis(means, drawn, axis=-1).mean((1, 2))
    low, high = percentile_interval(draws)
    return Estimate(name, mean_of(cubes), low, high, unit, bootstrap_p_value(draws), _size(cubes))


def _resampled_means(cube: np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """(*shape) means of a (languages, seeds) cube with languages and seeds drawn with replacement."""
    languages, seeds = (resampling_weights(rng, size, shape) for size in cube.shape)
    return np.asarray(np.einsum("dtl,ls,dts->dt", languages, cube, seeds))
