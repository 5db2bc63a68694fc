"""Fixtures: small studies and their scores."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import pytest
from small_study import MakeScores, ScoreRow, study_config, xquad

from xstilts.config.study import Study, load
from xstilts.scores.score_files import SCORES


@pytest.fixture(scope="session")
def study() -> Study:
    return load(study_config())


@pytest.fixture(scope="session")
def make_scores() -> MakeScores:
    """Rows (arm, target, language, metric, seed, score) -> scores of model 'xlmr' on the test split of 'small_one'."""

    def make(rows: Iterable[ScoreRow]) -> pd.DataFrame:
        frame = pd.DataFrame(rows, columns=["arm", "target", "language", "metric", "seed", "score"])
        frame = frame.assign(study="small_one", model="xlmr", split="test", n=100, flag=None)
        frame["run"] = [f"{arm}-{target}-{seed}" for arm, target, seed in frame[["arm", "target", "seed"]].to_numpy()]
        return frame[SCORES.names]

    return make


@pytest.fixture(scope="session")
def scores(make_scores: MakeScores) -> pd.DataFrame:
    """Worked by hand in test_gains.py; 'random' has no Tatoeba, 'two_tasks' lacks XQuAD's German with seed 2."""
    two_tasks = xquad("two_tasks", 1, (75, 85), (55, 65)) + xquad("two_tasks", 2, (70, 80), (50, 60))[:2]
    return make_scores(
        [
            *xquad("none", 1, (70, 80), (50, 60)),  # en 75, de 55: 65
            *xquad("none", 2, (72, 82), (40, 50)),  # en 77, de 45: 61
            *xquad("mnli", 1, (71, 83), (53, 61)),  # en 77, de 57: 67
            *xquad("mnli", 2, (70, 80), (41, 50.5)),  # en 75, de 45.75: 60.375
            *two_tasks,  # seed 1: en 80, de 60: 70
            *xquad("random", 1, (10, 20), (0, 10)),
            *xquad("random", 2, (10, 20), (0, 10)),
            ("none", "tatoeba", "de", "accuracy", 1, 30.0),
            ("none", "tatoeba", "de", "accuracy", 2, 32.0),
            ("mnli", "tatoeba", "de", "accuracy", 1, 55.0),
            ("mnli", "tatoeba", "de", "accuracy", 2, 54.0),
            ("two_tasks", "tatoeba", "de", "accuracy", 1, 20.0),
            ("two_tasks", "tatoeba", "de", "accuracy", 2, 20.0),
        ]
    )


@pytest.fixture(scope="session")
def synthetic_study() -> Study:
    source = {"kind": "synthetic"}
    return load(study_config(source=source, targets={"xnli": {"languages": ["en"]}, "tatoeba": {}}, seeds=[1]))


@pytest.fixture(scope="session")
def synthetic_scores(synthetic_study: Study, make_scores: MakeScores) -> pd.DataFrame:
    return make_scores(
        (arm, target, language, "accuracy", 1, 50.0 + len(arm))
        for arm in synthetic_study.arms
        for target in synthetic_study.targets
        for language in synthetic_study.languages(target)
    )
