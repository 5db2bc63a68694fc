"""A small finished study whose scores and predictions agree, for tests of what is read off them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from xstilts.config.study import Study, load, store
from xstilts.graph.paths import Paths
from xstilts.graph.runs import Runs
from xstilts.scores.curves import CURVES, write_curves
from xstilts.scores.dev_scores import DEV_SCORES, write_dev_scores
from xstilts.scores.score_files import PREDICTIONS, SCORES, write_predictions, write_scores

#: Arm, target, language, metric, seed, score.
Row = tuple[str, str, str, str, int, float]


def study_of(**changes: Any) -> Study:
    """Three targets, two seeds, two arms with a task, and a control that is listed too early."""
    config = {
        "study": "my_study",
        "source": {"kind": "files", "root": "data"},
        "models": {"xlmr": {"path": "models/xlmr"}},
        "seeds": [1, 2],
        "arms": {"none": {}, "random": {"weights": "random"}, "mnli": {"tasks": ["mnli"]}, "qqp": {"tasks": ["qqp"]}},
        "targets": {
            "xnli": {"languages": ["en", "de", "sw"]},
            "udpos": {"languages": ["en", "de"]},
            "tatoeba": {"languages": ["de"]},
        },
    }
    return load({**config, **changes})


def scores_of(rows: Iterable[Row]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["arm", "target", "language", "metric", "seed", "score"])
    frame = frame.assign(study="my_study", model="xlmr", split="test", n=100, run="0123456789ab", flag=None)
    return frame[SCORES.names].astype({"seed": "int64", "score": "float64"})


def predictions_of(
    target: str,
    language: str,
    points: Sequence[float | None],
    examples: Sequence[str] | None = None,
    predictions: Sequence[str] | None = None,
    gold: Sequence[str | None] | None = None,
) -> pa.Table:
    """One cell's predictions; by default each is 'yes' or 'no', and 'yes' is right."""
    count = len(points)
    return pa.table(
        {
            "target": [target] * count,
            "language": [language] * count,
            "split": ["test"] * count,
            "example": list(examples or map(str, range(count))),
            "prediction": list(predictions or ["yes" if point else "no" for point in points]),
            "gold": list(gold or ["yes"] * count),
            "score": list(points),
        },
        schema=PREDICTIONS,
    )


def write_study(root: Path, study: Study, right: Mapping[str, int]) -> None:
    """Every file of a finished study. Of 40 examples each arm gets the first ``right`` right, one fewer off English."""
    paths, rows = Paths(root), []
    store(study, paths.study)
    for model, arm, evaluation, seed in Runs(study).jobs():
        cells = []
        for target in Runs(study).targets_of(evaluation):
            for language in study.languages(target):
                count = right[arm] - (language != "en")
                cells.append(predictions_of(target, language, [100.0] * count + [0.0] * (40 - count)))
                metric = "f1" if target == "udpos" else "accuracy"
                rows.append((arm, target, language, metric, seed, 2.5 * count))
        write_predictions(paths.part("predictions", model, arm, evaluation, seed), pa.concat_tables(cells))
    write_scores(paths.scores, pa.Table.from_pandas(scores_of(rows), schema=SCORES, preserve_index=False))
    write_dev_scores(paths.dev_scores, DEV_SCORES.empty_table())
    write_curves(paths.curves, CURVES.empty_table())
