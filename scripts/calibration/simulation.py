"""Simulated studies: scores in XTREME's layout with known effects.

Nothing here is a result. The sizes of effects and noise are assumptions (:class:`Spreads`); languages, their genera,
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
    """SDs, in points, of normal effects. They are assumed, not measured: replace them by those of a study that has run.

    Attributes:
        language: Effect of the language on gains.
        genus: Effect of the genus on gains.
        arm_target: Effect of arm x target on gains.
        target_language: Effect of target x language on gains.
        target_slope: Slope of the gain per SD of distance, over targets.
        noise: Of every score, also the baseline's, so that all arms' gains share the baseline's noise.
        level: Of the target, in the score before gains are added.
        level_language: Of target x language, in the score before gains are added.
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
    """Return the study whose scores to simulate: by default nine single-task arms and XTREME's nine targets.

    Args:
        seeds: Number of seeds.
        models: The section ``models`` of a study file.
        arms: The section ``arms`` of a study file, without the baseline.
        targets: By target, its languages.

    Raises:
        UserError: The study file is not valid.
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
    """Simulate every score of a study.

    A score is the level of its target and language, plus noise, plus the gain unless the arm is the baseline. The gain
    has effects of language, genus, arm x target and target x language, drawn for each model by itself.

    Args:
        rng: Source of the draws.
        study: The study.
        spreads: SDs of the effects.
        slope: Points of gain per SD of syntactic distance (of the study's languages but English).
        planted: Points in ``delta`` to add to the gain in the rows that match its other columns: any of model, arm,
            target, language and seed.

    Returns:
        Rows of schema ``SCORES``; the primary metrics of a target are equal.

    Raises:
        ValueError: A score is outside 0 to 100, because effects are too large.
    """
    sizes = spreads or Spreads()
    table = _grid(study)
    languages = language_frame(study)
    genus = table["language"].map(languages["genus"])
    z = _standardised(languages["distance"]).reindex(table["language"]).to_numpy()

    def effect(sd: float, *factors: str | pd.Series) -> np.ndarray:
        """A draw for each combination of the factors' levels, by row."""
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
    """Make the analysis' input of :func:`simulate`'s scores; ``similarity`` as in :class:`StudyData`."""
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
    metrics = pd.DataFrame(
        [(target, metric) for target in study.targets for metric in study.task(target).primary_metrics]
    )
    metrics.columns = pd.Index(["target", "metric"])
    rows = table.merge(metrics, on="target").assign(
        study=study.study, split="test", n=_EXAMPLES, run="simulated", flag=None
    )
    return rows[SCORES.names].sort_values(KEY, ignore_index=True)
