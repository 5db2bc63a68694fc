"""A study with targets and languages of its own, of which something is unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from xstilts.config.study import BASELINE, Study, load

#: Unknown: the distance of Hausa, the family and genus of Igbo, the pretraining data and script of Shona.
LANGUAGES: dict[str, dict[str, Any]] = {
    "ha": {"name": "Hausa", "family": "Afro-Asiatic", "genus": "West Chadic", "script": "Latn", "cc100_gib": 0.3},
    "ig": {"name": "Igbo", "script": "Latn", "distance": 0.5, "cc100_gib": 0},
    "sn": {"name": "Shona", "family": "Atlantic-Congo", "genus": "Bantu", "distance": 0.5},
}
UNKNOWN = tuple(LANGUAGES)
NOTES = (
    "ha is left out: its distance to English is not known.",
    "ig is left out: its family and its genus are not known.",
    "sn is left out: its script and the size of its pretraining data are not known.",
)


def own_target(task_type: str, languages: Sequence[str]) -> dict[str, Any]:
    """Declare a target that is none of XTREME's."""
    values: dict[str, dict[str, Any]] = {
        "classification": {
            "files": {"test": "own/test.{language}.tsv"},
            "columns": {"premise": "a", "hypothesis": "b", "label": "label"},
            "labels": ["entailment", "neutral", "contradiction"],
            "trained_on": "xnli",
        },
        "span_qa": {"files": {"test": "own/test.{language}.json"}, "trained_on": "squad_v1"},
    }
    return {"type": task_type, "languages": list(languages), "title": "Own Target", **values[task_type]}


def study_with_own(
    arms: Mapping[str, Sequence[str]],
    targets: Mapping[str, Sequence[str]],
    own: Mapping[str, Mapping[str, Any]],
    seeds: Sequence[int] = (1, 2, 3),
    models: Mapping[str, Mapping[str, Any]] | None = None,
) -> Study:
    """Return a study with the languages above, and with targets of XTREME's and of its own."""
    return load(
        {
            "study": "own",
            "source": {"kind": "files", "root": "data"},
            "languages": LANGUAGES,
            "tasks": dict(own),
            "models": dict(models or {"xlmr": {"path": "models/xlmr"}}),
            "seeds": list(seeds),
            "arms": {BASELINE: {}, **{arm: {"tasks": list(tasks)} for arm, tasks in arms.items()}},
            "targets": {
                **{target: {"languages": list(languages)} for target, languages in targets.items()},
                **{name: {} for name in own},
            },
        }
    )


def known_rows(scores: pd.DataFrame) -> pd.DataFrame:
    """Leave out the scores in the languages above."""
    return scores[~scores["language"].isin(UNKNOWN)]
