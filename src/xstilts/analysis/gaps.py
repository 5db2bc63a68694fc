"""Gaps between English and other languages, before and after intermediate training, in pairs of models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from xstilts.analysis.answers import Estimate
from xstilts.analysis.deltas import chance
from xstilts.analysis.resampling import p_of_sign, percentiles, shares
from xstilts.config.study import Study
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted

_DRAWS = 2_000
_PAIRED = ["arm", "target", "language", "seed"]
_SCORES = ("baseline", "score")  # before and after intermediate training

Cubes = dict[str, np.ndarray]  # by target: (languages, seeds) values


@dataclass(frozen=True)
class Pair:
    """Two models by name; ``code`` was further trained on code from ``text``."""

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code} − {self.text}"


def floor_of(gains: pd.DataFrame, pair: Pair, study: Study) -> pd.DataFrame:
    """By target and language, whether the text-only baseline exceeds chance by two standard errors.

    ``gains`` are those of :func:`xstilts.analysis.gains.gains_of`. The error is the larger of the one between seeds and
    the binomial one of that many examples.
    """
    baseline = gains[gains["model"] == pair.text].drop_duplicates(["target", "language", "seed"])
    groups = baseline.groupby(["target", "language"])["baseline"]
    table = pd.DataFrame({"score": groups.mean(), "spread": groups.std(), "seeds": groups.size()})
    table["n"] = baseline.groupby(["target", "language"])["n"].max()
    table = table.reset_index().assign(pair=str(pair))
    table["chance"] = [chance(study.task(target)) for target in table["target"]]
    binomial = np.sqrt(table["score"] * (100 - table["score"]) / table["n"])
    table["error"] = np.fmax(table.pop("spread") / np.sqrt(table["seeds"]), binomial)
    table["above"] = table["score"] > table["chance"] + 2 * table["error"]
    return table


def _changes(gains: pd.DataFrame, model: str, study: Study) -> pd.DataFrame:
    """Per arm, target, language and seed, how the gap to English changes; also as a share of English above chance."""
    of_model = gains[gains["model"] == model]
    english = of_model[of_model["language"] == ENGLISH].drop(columns=["language", "model", "n"])
    both = of_model[of_model["language"] != ENGLISH].merge(english, on=["arm", "target", "seed"], suffixes=("", "_en"))
    both["change"] = both["gain_en"] - both["gain"]
    guessing = both["target"].map(lambda target: chance(study.task(target))).astype("float64")
    before, after = ((both[f"{name}_en"] - both[name]) / (both[f"{name}_en"] - guessing) for name in _SCORES)
    both["share"] = (after - before).where(both[[f"{name}_en" for name in _SCORES]].min(axis=1) > guessing)
    return both[[*_PAIRED, "change", "share"]]


def differences(gains: pd.DataFrame, pair: Pair, study: Study) -> pd.DataFrame:
    """A row per arm, target, language and seed that both models have: how the gap changes in either model, in points.

    ``difference`` is the code model's change minus the text-only model's; ``share`` is that of the gap as a percentage
    of English above chance, NaN where English is not above it.
    """
    code, text = _changes(gains, pair.code, study), _changes(gains, pair.text, study)
    both = code.merge(text, on=_PAIRED, suffixes=("_code", "_text"))
    both["difference"] = both["change_code"] - both["change_text"]
    both["share"] = 100 * (both["share_code"] - both["share_text"])
    return both


def cubes_of(differences: pd.DataFrame, study: Study, value: str = "difference") -> tuple[Cubes, list[str]]:
    """Means over arms as (languages, seeds) by target; what lacks an arm or a seed that others have is left out."""
    cubes, notes = {}, []
    for target, of_target in differences.dropna(subset=[value]).groupby("target"):
        table = of_target.pivot_table(index=["language", "arm"], columns="seed", values=value)
        arms = table.index.get_level_values("arm").nunique()
        complete = table.dropna()
        complete = complete[complete.groupby("language").transform("size") == arms]
        if left_out := sorted({*table.index.get_level_values(0)} - {*complete.index.get_level_values(0)}):
            notes.append(
                f"{study.title_of(str(target))}: {', '.join(left_out)} left out, for want of an arm or a seed."
            )
        if len(complete):
            cubes[str(target)] = complete.groupby("language").mean().to_numpy()
    return cubes, notes


def mean_of(cubes: Cubes) -> float:
    """Mean over targets of the mean over languages and seeds."""
    return float(np.mean([cube.mean() for cube in cubes.values()]))


def bootstrapped(name: str, cubes: Cubes, unit: str = "points of gap") -> Estimate:
    """Mean over targets of the mean over languages and seeds, with a hierarchical bootstrap.

    Targets are drawn with replacement, then languages and seeds within each.
    """
    rng, targets = np.random.default_rng(1), list(cubes.values())
    means = np.stack([_resampled(cube, (_DRAWS, len(targets)), rng) for cube in targets], axis=-1)
    drawn = rng.integers(len(targets), size=(_DRAWS, len(targets), 1))
    draws = np.take_along_axis(means, drawn, axis=-1).mean((1, 2))
    low, high = percentiles(draws)
    languages = sum(len(cube) for cube in targets)
    seeds = min(cube.shape[1] for cube in targets)
    words = f"{counted(len(targets), 'target')}, {counted(languages, 'language')} in all, {counted(seeds, 'seed')}"
    return Estimate(name, mean_of(cubes), low, high, unit, p_of_sign(draws), words)


def _resampled(cube: np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Means of as many cubes with languages and seeds drawn with replacement."""
    languages, seeds = (shares(rng, size, shape) for size in cube.shape)
    return np.asarray(np.einsum("dtl,ls,dts->dt", languages, cube, seeds))
