"""Studies that never ran: scores in XTREME's layout with effects that are known, to test tests with.

Nothing here is a result. Sizes of effects and noise are assumptions, :class:`Spreads`; languages, their genera,
distances and pretraining data are the real ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from xstilts.analysis.study_data import StudyData, language_frame
from xstilts.config.study import BASELINE, Study, load
from xstilts.scores.score_files import KEY, SCORES
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import INTERMEDIATE_TASKS, TARGET_TASKS, TASKS

_PLACE = ["model", "arm", "target", "language"]
_EXAMPLES = 1_000


@dataclass(frozen=True)
class Spreads:
    """SDs, in points, of normal effects. Assumed, not measured: replace them by those of a study that has run.

    The first five are of gains; ``noise`` is of every score, baselines' too, so that one baseline's noise is in all
    arms' gains; the last two are of the level that gains are added to. ``target_slope`` is the SD over targets of the
    slope of the gain per SD of distance.
    """

    language: float = 0.6
    genus: float = 0.5
    arm_target: float = 1.5
    target_language: float = 0.7
    target_slope: float = 0.0
    noise: float = 0.8
    level: float = 5.0
    level_language: float = 5.0


def xtreme_study(
    seeds: int = 1,
    models: Mapping[str, Mapping[str, object]] | None = None,
    arms: Mapping[str, Mapping[str, object]] | None = None,
    targets: Mapping[str, Sequence[str]] | None = None,
) -> Study:
    """The study whose scores to simulate: nine single-task arms, XTREME's nine targets in all of their languages.

    ``models`` and ``arms`` are other sections of a study file (the baseline is added); ``targets`` are others, with
    their languages.

    Raises:
        UserError: the study file that this makes is not valid.
    """
    languages = targets or {target: TASKS[target].languages for target in TARGET_TASKS}
    sections = arms or {task: {"tasks": [task]} for task in INTERMEDIATE_TASKS}
    return load(
        {
            "study": "simulated",
            "source": {"kind": "files", "root": "data"},
            "models": dict(models or {"xlmr": {"path": "models/xlmr"}}),
            "seeds": list(range(1, seeds + 1)),
            "arms": {BASELINE: {}, **sections},
            "targets": {target: {"languages": list(codes)} for target, codes in languages.items()},
        }
    )


def simulate(
    rng: np.random.Generator,
    study: Study,
    spreads: Spreads | None = None,
    slope: float = 0.0,
    planted: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Every score that a study asks for, of schema ``SCORES``; both primary metrics, where there are two, are equal.

    A score is its target's and language's level, for arms plus the gain, plus noise. The gain has effects of language,
    genus, arm x target and target x language, drawn for each model by itself, and ``slope`` points per SD of syntactic
    distance (of the study's languages but English). ``planted`` has points in ``delta`` to add to the gain, in each row
    that agrees with it in the columns it has beside: any of model, arm, target, language and seed.

    Raises:
        ValueError: a score leaves the range from 0 to 100, because effects are too large for it.
    """
    sizes = spreads or Spreads()
    table = _grid(study)
    languages = language_frame(study)
    genus = table["language"].map(languages["genus"])
    z = _standardised(languages["distance"]).reindex(table["language"]).to_numpy()

    def effect(sd: float, *factors: str | pd.Series) -> np.ndarray:
        """A draw for every combination of the factors' levels, by row."""
        return _drawn(rng, sd, table, ["model", *factors])

    score = 55 + effect(sizes.level, "target") + effect(sizes.level_language, "target", "language")
    gain = (
        effect(sizes.language, "language")
        + effect(sizes.genus, genus)
        + effect(sizes.arm_target, "arm", "target")
        + effect(sizes.target_language, "target", "language")
        + (slope + effect(sizes.target_slope, "target")) * z
        + (0 if planted is None else _planted(table, planted))
    )
    score = score + np.where(table["arm"] == BASELINE, 0, gain) + rng.normal(0, sizes.noise, len(table))
    if score.min() < 0 or score.max() > 100:
        raise ValueError(f"scores from {score.min():.1f} to {score.max():.1f}: effects are too large for points")
    return _as_scores(table.assign(score=score), study)


def simulated(
    rng: np.random.Generator,
    study: Study,
    spreads: Spreads | None = None,
    slope: float = 0.0,
    planted: pd.DataFrame | None = None,
    similarity: pd.DataFrame | None = None,
) -> StudyData:
    """What the analysis reads of :func:`simulate`'s scores; ``similarity`` as in :class:`StudyData`."""
    return StudyData.of(study, simulate(rng, study, spreads, slope, planted), similarity)


def _grid(study: Study) -> pd.DataFrame:
    """A row per model, arm, target, language and seed of the study."""
    rows = [
        (model, arm, target, language, seed)
        for model in study.models
        for target in study.targets
        for language in study.languages(target)
        for arm in study.arms
        for seed in study.seeds
    ]
    return pd.DataFrame(rows, columns=[*_PLACE, "seed"])


def _standardised(distance: pd.Series) -> pd.Series:
    others = distance.drop(ENGLISH)
    return (distance - others.mean()) / (others.std() or 1)


def _drawn(rng: np.random.Generator, sd: float, table: pd.DataFrame, factors: Sequence[str | pd.Series]) -> np.ndarray:
    columns = [table[factor] if isinstance(factor, str) else factor for factor in factors]
    codes = table.groupby(columns, sort=False).ngroup().to_numpy()
    return rng.normal(0, sd, codes.max() + 1)[codes]


def _planted(table: pd.DataFrame, planted: pd.DataFrame) -> np.ndarray:
    """(rows,) points; 0 where nothing is planted."""
    on = [name for name in planted if name != "delta"]
    added = table[on].merge(planted, how="left", on=on, validate="many_to_one") if on else planted
    return added["delta"].fillna(0.0).to_numpy(dtype=float)


def _as_scores(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    metrics = pd.DataFrame([(target, metric) for target in study.targets for metric in TASKS[target].primary_metrics])
    metrics.columns = pd.Index(["target", "metric"])
    rows = table.merge(metrics, on="target").assign(
        study=study.study, split="test", n=_EXAMPLES, run="simulated", flag=None
    )
    return rows[SCORES.names].sort_values(KEY, ignore_index=True)
