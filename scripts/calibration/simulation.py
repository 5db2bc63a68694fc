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
EXAMPLES = 1_000


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


@dataclass(frozen=True)
class Draw:
    """A simulated study, as arrays.

    Attributes:
        layout: Where its scores belong.
        score: (rows,) by row of the layout.
        similarity: As in :class:`StudyData`; None where it was not simulated.
    """

    layout: Layout
    score: np.ndarray
    similarity: pd.DataFrame | None = None

    def scores(self) -> np.ndarray:
        """Return the scores by (model, place, arm, seed); the first arm is the baseline."""
        return self.score.reshape(self.layout.shape)

    def gains(self) -> np.ndarray:
        """Return the gains by (model, place, arm other than the baseline, seed)."""
        scores = self.scores()
        return scores[:, :, 1:] - scores[:, :, :1]

    def study_data(self) -> StudyData:
        """Make the analysis' input of it."""
        scores = _as_scores(self.layout.table.assign(score=self.score), self.layout.study)
        return StudyData.of(self.layout.study, scores, self.similarity)


class Layout:
    """The rows of a study's scores: models x places (target and language) x arms x seeds, the last varying fastest.

    What all simulations of a study have in common is worked out once.

    Attributes:
        study: The study.
        table: A row per score with model, target, language, arm, seed and genus.
        places: A row per target and language, in the order of the table.
        distance: (rows,) syntactic distance to English in SDs of the other languages'.
        shape: Numbers of models, places, arms and seeds.
    """

    def __init__(self, study: Study) -> None:
        self.study, languages = study, language_frame(study)
        self.table = _grid(study)
        self.table["genus"] = self.table["language"].map(languages["genus"])
        self.places = self.table[["target", "language"]].drop_duplicates(ignore_index=True)
        self.shape = (len(study.models), len(self.places), len(study.arms), len(study.seeds))
        self.distance = _standardised(languages["distance"]).reindex(self.table["language"]).to_numpy()
        self._is_baseline = (self.table["arm"] == BASELINE).to_numpy()
        self._codes: dict[tuple[str, ...], np.ndarray] = {}

    def effect(self, rng: np.random.Generator, sd: float, *factors: str) -> np.ndarray:
        """Draw a normal effect for each combination of the factors' levels, by row."""
        if factors not in self._codes:
            self._codes[factors] = self.table.groupby([*factors], sort=False).ngroup().to_numpy()
        codes = self._codes[factors]
        return rng.normal(0, sd, codes.max() + 1)[codes]

    def rows_of(self, planted: pd.DataFrame) -> np.ndarray:
        """Return (rows,) points of a frame's column ``delta``, by its other columns; 0 where it has none."""
        on = [name for name in planted if name != "delta"]
        added = self.table[on].merge(planted, how="left", on=on, validate="many_to_one")
        return added["delta"].fillna(0.0).to_numpy(dtype=float)

    def draw(
        self,
        rng: np.random.Generator,
        spreads: Spreads | None = None,
        slope: float = 0.0,
        planted: np.ndarray | float = 0.0,
        similarity: pd.DataFrame | None = None,
    ) -> Draw:
        """Simulate every score.

        A score is the level of its target and language, plus noise, plus the gain unless the arm is the baseline. The
        gain has effects of language, genus, arm x target and target x language, drawn for each model by itself.

        Args:
            rng: Source of the draws.
            spreads: SDs of the effects.
            slope: Points of gain per SD of syntactic distance (of the study's languages but English).
            planted: (rows,) points to add to the gain.
            similarity: Goes into the draw as it is.

        Raises:
            ValueError: A score is outside 0 to 100, because effects are too large.
        """
        sizes = spreads or Spreads()

        def effect(sd: float, *factors: str) -> np.ndarray:
            return self.effect(rng, sd, "model", *factors)

        score = 55 + effect(sizes.level, "target") + effect(sizes.level_language, "target", "language")
        gain = (
            effect(sizes.language, "language")
            + effect(sizes.genus, "genus")
            + effect(sizes.arm_target, "arm", "target")
            + effect(sizes.target_language, "target", "language")
            + (slope + effect(sizes.target_slope, "target")) * self.distance
            + planted
        )
        score = score + np.where(self._is_baseline, 0, gain) + rng.normal(0, sizes.noise, len(score))
        if score.min() < 0 or score.max() > 100:
            raise ValueError(f"scores from {score.min():.1f} to {score.max():.1f}: effects are too large for points")
        return Draw(self, score, similarity)


def simulated(
    rng: np.random.Generator,
    study: Study,
    spreads: Spreads | None = None,
    slope: float = 0.0,
    planted: pd.DataFrame | None = None,
) -> StudyData:
    """Simulate a study once, as the analysis' input; ``planted`` as in :meth:`Layout.rows_of`."""
    layout = Layout(study)
    return layout.draw(rng, spreads, slope, 0.0 if planted is None else layout.rows_of(planted)).study_data()


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


def _as_scores(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    metrics = pd.DataFrame(
        [(target, metric) for target in study.targets for metric in study.task(target).primary_metrics]
    )
    metrics.columns = pd.Index(["target", "metric"])
    rows = table.merge(metrics, on="target").assign(
        study=study.study, split="test", n=EXAMPLES, run="simulated", flag=None
    )
    return rows[SCORES.names].sort_values(KEY, ignore_index=True)
