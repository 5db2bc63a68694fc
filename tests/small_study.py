"""A study small enough to work out by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from xstilts.scores.dev_scores import DEV_SCORES

#: Arm, target, language, metric, seed, score.
ScoreRow = tuple[str, str, str, str, int, float]
MakeScores = Callable[[Iterable[ScoreRow]], pd.DataFrame]

#: No dev scores at all.
NO_DEV: pd.DataFrame = DEV_SCORES.empty_table().to_pandas()


def study_config(**changes: Any) -> dict[str, Any]:
    """Two targets, two seeds; a task arm, a mixture, a control that is listed too early."""
    return {
        "study": "small_one",
        "source": {"kind": "files", "root": "data"},
        "models": {"xlmr": {"path": "models/xlmr"}},
        "seeds": [1, 2],
        "arms": {
            "none": {},
            "random": {"weights": "random"},
            "mnli": {"tasks": ["mnli"]},
            "two_tasks": {"tasks": ["mnli", "qqp"]},
        },
        "targets": {"xquad": {"languages": ["en", "de"]}, "tatoeba": {"languages": ["de"]}},
        **changes,
    }


def xquad(arm: str, seed: int, en: tuple[float, float], de: tuple[float, float]) -> list[ScoreRow]:
    """Rows of XQuAD from (exact match, F1) of both languages."""
    return [
        (arm, "xquad", language, metric, seed, score)
        for language, scores in (("en", en), ("de", de))
        for metric, score in zip(("exact_match", "f1"), scores, strict=True)
    ]
