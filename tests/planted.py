"""Studies with planted gains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from xstilts.config.study import BASELINE, Study, load
from xstilts.scores.score_files import SCORES

#: model, arm, target, language, seed -> points to add to the baseline's score.
Gain = Callable[[str, str, str, str, int], float]

LANGUAGES = ("ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")


def declared(section: Any, **attributes: object) -> None:
    """Set attributes of a validated config section, also those that are not in its schema."""
    for name, value in attributes.items():
        object.__setattr__(section, name, value)


def study_of(
    arms: Mapping[str, Sequence[str]],
    targets: Mapping[str, Sequence[str]],
    seeds: Sequence[int] = (1, 2, 3),
    models: Sequence[str] = ("xlmr",),
) -> Study:
    """Return a study of arms with their tasks and targets with their languages; the baseline is added."""
    return load(
        {
            "study": "planted",
            "source": {"kind": "files", "root": "data"},
            "models": {model: {"path": f"models/{model}"} for model in models},
            "seeds": list(seeds),
            "arms": {BASELINE: {}, **{arm: {"tasks": list(tasks)} for arm, tasks in arms.items()}},
            "targets": {target: {"languages": list(languages)} for target, languages in targets.items()},
        }
    )


def scores_of(study: Study, gain: Gain, noise: float = 0.5, before: float = 60.0, draw: int = 0) -> pd.DataFrame:
    """Make every score of a study; ``noise`` is the SD between seeds of each score."""
    rng, rows = np.random.default_rng(draw), []
    for model in study.models:
        for target in study.targets:
            for language in study.languages(target):
                for arm in study.arms:
                    for seed in study.seeds:
                        added = 0.0 if arm == BASELINE else gain(model, arm, target, language, seed)
                        score = float(np.clip(before + added + rng.normal(0, noise), 0, 100))
                        rows += [
                            ("planted", model, arm, target, language, "test", metric, score, 2000, seed, "run", None)
                            for metric in study.task(target).primary_metrics
                        ]
    return pd.DataFrame(rows, columns=SCORES.names)


def nothing(model: str, arm: str, target: str, language: str, seed: int) -> float:
    """A gain of 0 everywhere."""
    return 0.0


def at(scores: pd.DataFrame, **where: object) -> pd.Series:
    """Find the rows with these values."""
    return pd.concat([scores[column] == value for column, value in where.items()], axis=1).all(axis=1)
